//! Frames of clients in the compact form: refused or taken as the JSON that says the same, whichever way they are read.

use streakline::protocol::{
    cbor,
    client_frame::{self, ClientFrame},
    error_code::Code,
};
use streakline_core::limits::BATCH_RECORDS_MAX;

use super::{
    Judged, Seen, Target, bounded, hold,
    stream::{as_long_as, frame_json, sound, valid},
    told,
};
use crate::mutate::Form;

pub(super) const CLIENT_FRAME: Target = Target {
    name: "compact_frame",
    form: Form::Cbor,
    share: 14,
    valid: |seed| cbor::encode(&valid(seed)),
    check: judge,
};

fn judge(bytes: &[u8]) -> Judged {
    let read = bounded((bytes, 192, 65_536), || {
        cbor::decode(bytes, BATCH_RECORDS_MAX)
    })?;
    let text = match (cbor::json(bytes), &read) {
        (Ok(text), _) => text,
        (Err(_), Err(refused)) if refused.refusal.code == Code::BadJson => {
            return told(&refused.refusal);
        }
        (Err(fault), read) => return Err(format!("{fault}, and it is read as {read:?}")),
    };
    let in_json = client_frame::decode(&text, BATCH_RECORDS_MAX);
    match (read, in_json) {
        (Ok(frame), Ok(in_json)) => {
            hold(as_long_as(in_json, &frame) == frame, || {
                format!("in JSON it is another: {text}")
            })?;
            sound(&frame)?;
            again(&frame)
        }
        (Err(refused), in_json) => {
            hold(in_json.as_ref() == Err(&refused), || {
                format!("{refused:?}, and in JSON {in_json:?}")
            })?;
            told(&refused.refusal)
        }
        (Ok(_), Err(refused)) => Err(format!("in JSON it is refused: {refused:?}")),
    }
}

/// What was taken is the same when it is written and read again.
fn again(frame: &ClientFrame) -> Judged {
    if let ClientFrame::Batch(batch) = frame
        && batch.records.iter().any(Result::is_err)
    {
        // Refused records have no form of their own.
        return Ok(Seen::Taken(None));
    }
    let bytes = cbor::encode(&frame_json(frame));
    let reread = cbor::decode(&bytes, BATCH_RECORDS_MAX).map(|read| as_long_as(read, frame));
    hold(reread.as_ref() == Ok(frame), || {
        format!("read again: {reread:?}")
    })?;
    Ok(Seen::Taken(Some(bytes)))
}
