//! An amount spread over an interval, as step A of the merge sees it: a delta sample, or what lies between two readings of a
//! counter (domain.md 1.1, 1.4).

use core::cmp::Reverse;

use super::Trust;
use crate::{
    id::RecordId,
    record::{Content, Record},
};

/// A portion of one device and metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Portion {
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    pub(super) value: u64,
    pub(super) trust: Trust,
    pub(super) worn: bool,
    pub(super) id: RecordId,
}

impl Portion {
    /// A delta sample; `None` for any other class.
    pub(super) fn of(record: &Record) -> Option<Self> {
        match record.content {
            Content::Delta(value) => Some(Self::between(record, record.start_ms, value)),
            _ => None,
        }
    }

    /// An amount that the record tells of, from an instant to the record's end.
    pub(super) fn between(record: &Record, start_ms: i64, value: i64) -> Self {
        Self {
            start_ms,
            end_ms: record.end_ms,
            value: u64::try_from(value).unwrap_or(0),
            trust: Trust::from(record.method),
            worn: record.worn == Some(true),
            id: record.id,
        }
    }

    /// Its length in ms, where it has one.
    pub(super) fn span(&self) -> Option<u64> {
        u64::try_from(self.end_ms.checked_sub(self.start_ms)?)
            .ok()
            .filter(|span| *span > 0)
    }

    /// Whether an amount claims its time: a zero does only where the device says that it is worn.
    pub(super) fn claims(&self, amount: u64) -> bool {
        amount > 0 || self.worn
    }

    /// Its place in the sweep, the largest first. Trust stands before the id, so that samples which
    /// say the same by different methods do not change places when they are sent again under fresh
    /// ids.
    pub(super) fn right(&self) -> (bool, Reverse<u64>, i64, u64, Trust, RecordId) {
        let sensed = self.trust != Trust::Manual;
        let span = Reverse(self.span().unwrap_or(0));
        (sensed, span, self.start_ms, self.value, self.trust, self.id)
    }

    /// Whether `finer` is a part of what this portion counts: inside it, shorter, and recorded as
    /// well or better.
    pub(super) fn counts(&self, finer: &Self) -> bool {
        self.start_ms <= finer.start_ms
            && finer.end_ms <= self.end_ms
            && finer.span() < self.span()
            && finer.trust >= self.trust
    }
}
