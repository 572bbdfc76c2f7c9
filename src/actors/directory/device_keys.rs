//! The doors to the keys that devices sign with.

use std::sync::{Arc, OnceLock};

use streakline_core::{
    attest::{KeyChange, PublicKey},
    id::{DeviceId, UserId},
    input::UserInput,
    user::{
        User,
        device_keys::{self, KeyRefusal},
    },
    view::KeyView,
};

use super::{Directory, Outcome, check, unknown_user};
use crate::{
    actors::message::{Caller, Precondition, Written},
    protocol::error_code::{Code, Refusal},
};

fn refused(refusal: KeyRefusal) -> Refusal {
    Refusal::new(Code::NotFound, refusal.to_string())
}

fn view(user: &User, device: DeviceId) -> Outcome<KeyView> {
    device_keys::view(user, device).map_err(refused)
}

impl Directory {
    /// The key of a device.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn device_key(&self, user: &UserId, device: DeviceId) -> Outcome<KeyView> {
        self.read(user, move |user, _| view(user, device)).await
    }

    /// Registers a key for a device, or another instead of its own.
    ///
    /// # Errors
    /// `NotFound`, or the precondition's.
    pub async fn put_device_key(
        &self,
        user: &UserId,
        (device, key): (DeviceId, PublicKey),
        pre: Precondition,
        caller: Caller,
    ) -> Outcome<Written<KeyView>> {
        let existed = Arc::new(OnceLock::new());
        let found = Arc::clone(&existed);
        let admit = move |user: &User, _: i64| {
            if user.created.is_none() {
                return Err(unknown_user());
            }
            let change = device_keys::put(user, device, key).map_err(refused)?;
            let held = device_keys::view(user, device).ok();
            let _ = found.set(held.is_some());
            check(pre, held.map(|held| held.version))?;
            Ok(change.map(UserInput::DeviceKey))
        };
        let view = move |user: &User, _: i64| {
            let created = existed.get() == Some(&false);
            view(user, device).map(|value| Written { value, created })
        };
        self.write(user, caller, admit, view).await
    }

    /// Takes the key of a device away: nothing that it sends from then on needs a signature.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_device_key(
        &self,
        user: &UserId,
        device: DeviceId,
        caller: Caller,
    ) -> Outcome<()> {
        let admit = move |user: &User, _: i64| {
            if user.created.is_none() {
                return Err(unknown_user());
            }
            view(user, device)?;
            let change = KeyChange { device, key: None };
            Ok(Some(UserInput::DeviceKey(change)))
        };
        self.write(user, caller, admit, |_, _| Ok(())).await
    }
}
