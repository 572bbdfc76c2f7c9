//! The stream as devices and viewers meet it: a real server, real sockets, the exact frames of protocol.md 2 to 6.

mod answers;
mod boards;
mod compact;
mod devices;
mod ending;
mod events;
mod lanes;
mod live;
mod metrics;
mod opening;
mod parted;
mod resuming;
mod samples;
pub(crate) mod scene;
mod slow;
