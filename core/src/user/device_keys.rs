//! The keys that samples of a user's devices must be signed with (domain.md 1.2, 9.1 S12; ADR 0077).
//!
//! A key asks for signatures of what is admitted from then on: what was admitted before stays what it is.

use alloc::boxed::Box;

use super::{User, fold::Fold, seen};
use crate::{
    attest::{KeyChange, PublicKey, Registered},
    id::DeviceId,
    view::KeyView,
};

/// Why a key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// The device is not bound to the user.
    #[error("no such device is bound to the user")]
    NoDevice,
    /// The device has none.
    #[error("no key is registered for the device")]
    NoKey,
}

/// The key that is registered for a device.
///
/// # Errors
/// [`KeyRefusal`].
pub fn view(user: &User, device: DeviceId) -> Result<KeyView, KeyRefusal> {
    let held = user.devices.get(&device).ok_or(KeyRefusal::NoDevice)?;
    let registered = held.registration.as_deref().and_then(KeyView::of);
    registered.ok_or(KeyRefusal::NoKey)
}

/// Judges a key of a device; `None`: it is registered already.
///
/// # Errors
/// [`KeyRefusal::NoDevice`].
pub fn put(user: &User, device: DeviceId, key: PublicKey) -> Result<Option<KeyChange>, KeyRefusal> {
    let held = user.devices.get(&device).ok_or(KeyRefusal::NoDevice)?;
    let key = Some(key);
    Ok((held.key() != key.as_ref()).then_some(KeyChange { device, key }))
}

pub(super) fn change(user: &mut User, fold: &mut Fold<'_>, change: &KeyChange) {
    let since_ms = fold.at_ms;
    let Some(device) = user.devices.get_mut(&change.device) else {
        return;
    };
    let held = device.registration.get_or_insert_with(Box::default);
    held.version = held.version.saturating_add(1);
    held.registered = change.key.clone().map(|key| Registered { key, since_ms });
    seen::changed(user, fold, change.device);
}
