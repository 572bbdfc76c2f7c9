//! The key of a device as REST shows it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use streakline_core::{id::DeviceId, view::KeyView};
use utoipa::ToSchema;

/// The key that a device signs its samples with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceKey {
    /// Of which device.
    #[schema(format = Uuid)]
    pub device: String,
    /// What the key is called: the first 8 bytes of its SHA-256.
    #[schema(example = "56475aa75463474c")]
    pub key_id: String,
    /// `ed25519` or `es256`.
    #[schema(value_type = String, example = "ed25519")]
    pub algorithm: &'static str,
    /// The public key in base64url.
    #[schema(example = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg")]
    pub public_key: String,
    /// When it was registered, POSIX ms.
    pub since_ms: i64,
}

impl DeviceKey {
    /// Of a device.
    #[must_use]
    pub fn of(device: DeviceId, view: &KeyView) -> Self {
        Self {
            device: device.to_string(),
            key_id: view.id.to_string(),
            algorithm: view.key.algorithm.name(),
            public_key: URL_SAFE_NO_PAD.encode(&view.key.bytes),
            since_ms: view.since_ms,
        }
    }
}

/// The key of a device in the list of devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyOfDevice {
    /// What it is called.
    #[schema(example = "56475aa75463474c")]
    pub key_id: String,
    /// `ed25519` or `es256`.
    #[schema(value_type = String, example = "ed25519")]
    pub algorithm: &'static str,
    /// When it was registered, POSIX ms.
    pub since_ms: i64,
}

impl From<&KeyView> for KeyOfDevice {
    fn from(view: &KeyView) -> Self {
        Self {
            key_id: view.id.to_string(),
            algorithm: view.key.algorithm.name(),
            since_ms: view.since_ms,
        }
    }
}
