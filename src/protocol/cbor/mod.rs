//! The compact form of the stream, `streakline.v1.cbor` (protocol.md 2): the frames of JSON field by field, with numbers for
//! names and bytes for UUIDs (ADR 0042). Same frames, same refusals, same order.
//!
//! A plain batch is read in one pass, and every frame of the server is written in one. Whatever else a client sends is turned
//! into the JSON that says the same and judged as that, so there is one reader of everything unusual. Called by `gateway`.

mod batch;
mod compound;
mod fields;
mod json;
mod record;
mod table;
mod walk;
mod write;

use super::{
    client_frame::{self, ClientFrame, Refused},
    error_code::{Code, Refusal},
};

pub use json::json;
pub use walk::Malformed;
pub use write::{encode, joined};

/// Reads one frame; a batch may have up to `max_records` records.
///
/// # Errors
/// `bad_json` for what is not well-formed, else what the same frame in JSON is refused with.
pub fn decode(frame: &[u8], max_records: usize) -> Result<ClientFrame, Refused> {
    if let Some(batch) = batch::read(frame, max_records) {
        return Ok(ClientFrame::Batch(batch));
    }
    let text = json(frame).map_err(|malformed| {
        let detail = format!("not a frame in CBOR: {malformed}");
        Refusal::new(Code::BadJson, detail)
    })?;
    let mut read = client_frame::decode(&text, max_records)?;
    if let ClientFrame::Batch(batch) = &mut read {
        batch.bytes = frame.len();
    }
    Ok(read)
}

#[cfg(test)]
mod tests;
