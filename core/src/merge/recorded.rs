//! An episode as one device recorded it, with what a merge of several must know (domain.md 1.4).

use super::Trust;
use crate::{episode::Episode, id::DeviceId};

/// One recording of an episode.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// Start, POSIX ms.
    pub start_ms: i64,
    /// End, POSIX ms.
    pub end_ms: i64,
    /// What is inside.
    pub episode: &'a Episode,
    /// How far it is trusted.
    pub trust: Trust,
    /// Which device, by its place in the order of binding.
    pub binding: u32,
    /// Priority of its class.
    pub priority: u8,
    /// Which device.
    pub device: DeviceId,
}
