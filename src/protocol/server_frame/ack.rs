//! The answer to a batch: what became of the records that were not plainly accepted (protocol.md 3).

use serde::Serialize;
use streakline_core::{
    event::{BatchOutcome, Judgement},
    sample::RecordCode,
    view::{DayTopic, StreakView},
};

use super::{
    Credits,
    state::{DayState, StreakState},
};
use crate::protocol::{
    error_code::Code,
    form::{Encoded, Form},
};

/// The newest value of a topic that a batch has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `me/day/...`.
    Day(DayTopic),
    /// `me/streak/...`.
    Streak(StreakView),
}

/// What a batch has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The newest days and the streaks; bounded by `limits::ACK_CHANGES_MAX`.
    pub told: Vec<Change>,
    /// Topics beyond that: their states follow.
    pub left: usize,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "ack")]
struct Ack<'a> {
    batch_id: u64,
    lane: &'a str,
    up_to_seq: u64,
    #[serde(flatten)]
    credits: Credits,
    results: Vec<RecordResult<'a>>,
    changes: Vec<ChangeState<'a>>,
    #[serde(skip_serializing_if = "is_none")]
    changes_left: usize,
}

/// The value that the topic's state of the same version has.
#[derive(Serialize)]
#[serde(untagged)]
enum ChangeState<'a> {
    Day(DayState<'a>),
    Streak(StreakState),
}

impl<'a> From<&'a Change> for ChangeState<'a> {
    fn from(change: &'a Change) -> Self {
        match change {
            Change::Day(view) => Self::Day(view.into()),
            Change::Streak(view) => Self::Streak(view.into()),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_none(count: &usize) -> bool {
    *count == 0
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

/// A batch is durable; `credits` is what may be unacknowledged of its lane now.
#[must_use]
pub fn ack(
    form: Form,
    (batch_id, lane): (u64, &str),
    outcome: &BatchOutcome,
    changes: &Changes,
    credits: Credits,
) -> Encoded {
    let results = outcome.results.iter();
    form.encode(&Ack {
        batch_id,
        lane,
        up_to_seq: outcome.up_to_seq,
        credits,
        results: results
            .map(|(seq, judgement)| result(*seq, judgement))
            .collect(),
        changes: changes.told.iter().map(ChangeState::from).collect(),
        changes_left: changes.left,
    })
}

fn result(seq: u64, judgement: &Judgement) -> RecordResult<'_> {
    let (status, code, detail) = match judgement {
        Judgement::Duplicate => ("duplicate", None, None),
        Judgement::StaleVersion => ("stale_version", None, None),
        Judgement::Clamped => ("clamped", None, None),
        Judgement::Quarantined => ("quarantined", Some(RecordCode::Clock.name()), None),
        Judgement::Unsigned => ("quarantined", Some(RecordCode::BadSignature.name()), None),
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
