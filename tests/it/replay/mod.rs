//! The recorded people, in every zone and order, without and with crashes: always the same answers.

mod kills;
mod recording;
mod runs;
