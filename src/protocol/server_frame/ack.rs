//! The answer to a batch: what became of the records that were not plainly accepted (protocol.md 3).

use serde::Serialize;
use streakline_core::{
    event::{BatchOutcome, Judgement},
    sample::RecordCode,
};

use crate::protocol::error_code::Code;

#[derive(Serialize)]
#[serde(tag = "type", rename = "ack")]
struct Ack<'a> {
    batch_id: u64,
    lane: &'a str,
    up_to_seq: u64,
    credits: u32,
    results: Vec<RecordResult<'a>>,
}

#[derive(Serialize)]
struct RecordResult<'a> {
    seq: u64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// A batch is durable; `credits` is how many may be unacknowledged now.
#[must_use]
pub fn ack(batch_id: u64, lane: &str, outcome: &BatchOutcome, credits: u32) -> String {
    let results = outcome.results.iter();
    super::encode(&Ack {
        batch_id,
        lane,
        up_to_seq: outcome.up_to_seq,
        credits,
        results: results
            .map(|(seq, judgement)| result(*seq, judgement))
            .collect(),
    })
}

fn result(seq: u64, judgement: &Judgement) -> RecordResult<'_> {
    let (status, code, detail) = match judgement {
        Judgement::Duplicate => ("duplicate", None, None),
        Judgement::StaleVersion => ("stale_version", None, None),
        Judgement::Clamped => ("clamped", None, None),
        Judgement::Quarantined => ("quarantined", Some(RecordCode::Clock.name()), None),
        Judgement::Kept => (
            "quarantined",
            Some(Code::Internal.name()),
            Some("kept until an operator releases the user"),
        ),
        Judgement::Rejected(refusal) => {
            let detail = refusal.detail.as_str();
            ("rejected", Some(refusal.code.name()), Some(detail))
        }
    };
    RecordResult {
        seq,
        status,
        code,
        detail,
    }
}
