//! `/v1/users/{user}/devices/{device}/key`: the key that a device signs its samples with. Admins change it: whoever runs the app has
//! checked what the platform attests of the key.

use actix_web::web::Payload;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use streakline_core::attest::{Algorithm, PublicKey};
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    body, etag,
    fault::{Faults, Wrong},
    fields::{Fields, text},
    problem::Answer,
};
use crate::{
    keys::devices,
    protocol::{
        body::DeviceKey,
        error_code::{Code, Refusal},
    },
};

/// Members of the answer that a PUT may send back; they change nothing.
const READ_ONLY: &[&str] = &["device", "key_id", "since_ms"];

/// A public key.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct DeviceKeyBody {
    /// `ed25519`, or `es256`: ECDSA on P-256 with SHA-256.
    #[schema(example = "ed25519")]
    algorithm: String,
    /// The public key in base64url without padding: 32 bytes of Ed25519; 65 of P-256, 4 and both coordinates.
    #[schema(example = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg")]
    public_key: String,
}

/// Read the key of a device
#[utoipa::path(get, path = "/v1/users/{user}/devices/{device}/key", tag = "users",
    operation_id = "read_device_key",
    responses((status = 200, description = "The key", body = DeviceKey)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let device = ask.device()?;
    let view = ask.api.directory.device_key(&user, device).await?;
    let body = DeviceKey::of(device, &view);
    answer::one(&ask.request, Some(view.version), &body)
}

/// Register a key for a device, or another instead: its samples must be signed from then on
#[utoipa::path(put, path = "/v1/users/{user}/devices/{device}/key", tag = "users",
    operation_id = "write_device_key",
    request_body(content = inline(DeviceKeyBody)),
    responses(
        (status = 200, description = "The key as changed", body = DeviceKey),
        (status = 201, description = "The key as registered", body = DeviceKey),
    ))]
pub(super) async fn write(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let (user, device) = (ask.user()?, ask.device()?);
    let body = body::read(&ask.request, payload).await?;
    let key = parse(&body.json)?;
    let precondition = etag::precondition(ask.request.headers())?;
    let directory = &ask.api.directory;
    let written = directory
        .put_device_key(&user, (device, key), precondition, ask.caller())
        .await?;
    let body = DeviceKey::of(device, &written.value);
    answer::written(written.created, Some(written.value.version), &body)
}

/// Take the key of a device away: its samples need no signature any more, and are believed as any other's
#[utoipa::path(delete, path = "/v1/users/{user}/devices/{device}/key", tag = "users",
    operation_id = "delete_device_key",
    responses((status = 204, description = "Taken away")))]
pub(super) async fn remove(ask: Ask) -> Answer {
    ask.principal.must_be_admin()?;
    let (user, device) = (ask.user()?, ask.device()?);
    let directory = &ask.api.directory;
    directory
        .delete_device_key(&user, device, ask.caller())
        .await?;
    answer::gone()
}

fn algorithm(value: &Value) -> Result<Algorithm, Wrong> {
    let known = Algorithm::parse(&text(value)?);
    known.ok_or_else(|| Wrong::new("unsupported", "must be ed25519 or es256"))
}

fn bytes(value: &Value) -> Result<Vec<u8>, Wrong> {
    let decoded = URL_SAFE_NO_PAD.decode(text(value)?);
    decoded.map_err(|_| Wrong::shape("must be base64url without padding"))
}

pub(super) fn parse(body: &Value) -> Result<PublicKey, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let algorithm = top.required("algorithm", algorithm);
    let bytes = top.required("public_key", bytes);
    top.done(READ_ONLY);
    let key = algorithm
        .zip(bytes)
        .map(|(algorithm, bytes)| PublicKey { algorithm, bytes });
    if key.as_ref().is_some_and(|key| !devices::is_key(key)) {
        let words = "is no public key of that algorithm";
        faults.add("/public_key", Wrong::range(words));
    }
    faults.none()?;
    key.ok_or_else(|| Refusal::new(Code::Internal, "a required member was not read"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";

    fn faults(body: &Value) -> Vec<(String, &'static str)> {
        let faults = parse(body).unwrap_err().faults.into_iter();
        faults.map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn a_key_is_read_with_what_its_answer_shows() {
        let body = json!({"algorithm": "ed25519", "public_key": KEY, "since_ms": 5, "key_id": "x", "device": "y"});
        let key = parse(&body).unwrap();
        assert_eq!(key.id().to_string(), "56475aa75463474c");
    }

    #[test]
    fn what_is_no_key_is_refused_at_its_place() {
        let body = |algorithm: &str, key: &str| json!({"algorithm": algorithm, "public_key": key});
        let at = |pointer: &str, code| vec![(pointer.to_owned(), code)];
        assert_eq!(faults(&body("rs256", KEY)), at("/algorithm", "unsupported"));
        assert_eq!(faults(&body("es256", KEY)), at("/public_key", "range"));
        assert_eq!(faults(&body("ed25519", "A6EH")), at("/public_key", "range"));
        assert_eq!(
            faults(&body("ed25519", "A6EHv/==")),
            at("/public_key", "bad_frame")
        );
        assert_eq!(
            faults(&json!({})),
            [
                ("/algorithm".to_owned(), "bad_frame"),
                ("/public_key".to_owned(), "bad_frame")
            ]
        );
    }
}
