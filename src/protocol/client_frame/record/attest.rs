//! What signs a record: bytes, in base64url. Whether they do is found by whoever knows the device's key (`keys::devices`).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use streakline_core::{
    limits::ATTEST_BYTES_MAX,
    sample::{RecordCode, RecordRefusal},
};

use super::super::scalar::{self, Raw};

/// Characters of the longest signature.
const CHARS_MAX: usize = (ATTEST_BYTES_MAX * 4).div_ceil(3);

/// What signs one record.
pub type Signature = Box<[u8]>;

/// What signs the records of a batch, by their places, rising.
pub type Signatures = Vec<(u32, Signature)>;

pub(super) fn read(raw: Raw<'_>) -> Result<Option<Signature>, RecordRefusal> {
    let ill_formed = |words: &str| {
        let detail = format!("attest {words}");
        RecordRefusal::new(RecordCode::BadSignature, detail)
    };
    let text = scalar::text(raw, CHARS_MAX).map_err(ill_formed)?;
    let bytes = text.map(|text| URL_SAFE_NO_PAD.decode(text.as_bytes()));
    let bytes = bytes.transpose();
    let bytes = bytes.map_err(|_| ill_formed("must be base64url without padding"))?;
    Ok(bytes.map(Vec::into_boxed_slice))
}
