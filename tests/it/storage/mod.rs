//! Trouble with the store: full disks, directories that cannot be used, flipped bits, torn ends. One clear message each,
//! readiness red, nothing acknowledged lost.

mod damaged;
mod directories;
mod flips;
mod full;
mod torn;
pub(crate) mod world;
