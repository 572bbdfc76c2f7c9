//! What a device tells of itself.

use minicbor::{Decode, Encode};

use crate::id::DeviceId;

/// What a device says of its battery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BatteryReport {
    /// Which device.
    #[n(0)]
    pub device: DeviceId,
    /// 0 to 100.
    #[n(1)]
    pub percent: u8,
    /// Whether it is being charged, where it says so.
    #[n(2)]
    pub charging: Option<bool>,
}
