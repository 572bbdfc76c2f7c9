//! Devices of a user as they introduce themselves.
//!
//! What they send is `ingest`'s.

use alloc::vec::Vec;

use super::{Device, User, fold::Fold};
use crate::input::DeviceIntroduction;

/// Binds a device at its first hello; later ones only tell vendor and model anew.
pub(super) fn introduce(user: &mut User, fold: &Fold<'_>, introduction: &DeviceIntroduction) {
    let binding = u32::try_from(user.devices.len()).unwrap_or(u32::MAX);
    let device = user
        .devices
        .entry(introduction.device)
        .or_insert_with(|| Device {
            binding,
            class: introduction.class,
            vendor: None,
            model: None,
            bound_ms: fold.at_ms,
            highest_id: None,
            covered_to_ms: i64::MIN,
            last_sample_ms: None,
            outboxes: Vec::new(),
        });
    device.vendor = introduction.vendor.clone().or(device.vendor.take());
    device.model = introduction.model.clone().or(device.model.take());
}
