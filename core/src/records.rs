//! Stored records: the copies of samples that a user has sent, and which of them win.
//!
//! A [`tail`](crate::tail) holds what came since the last snapshot, a [`chunk`](crate::chunk) is one user-day of a snapshot. Which
//! days are affected is `user`'s business.

use alloc::{collections::BTreeMap, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    attest::Attest,
    calendar::Calendar,
    civil::Day,
    id::RecordId,
    manual::{Known, ManualPolicy, Total},
    record::{Content, Epoch, Record},
};

/// One received copy of a sample.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StoredRecord {
    /// The device, by its place in the user's order of binding.
    #[n(0)]
    pub binding: u32,
    /// What was sent.
    #[n(1)]
    pub record: Record,
    /// Stamp of the input that brought it, POSIX ms.
    #[n(2)]
    pub received_ms: i64,
    /// It came through a session with a clock that was off (domain.md 2.4).
    #[n(3)]
    pub skewed: bool,
    /// What its signature says (ADR 0077).
    #[n(4)]
    #[cbor(default)]
    pub attest: Attest,
}

impl StoredRecord {
    /// What is known of it beside what it says.
    #[must_use]
    pub fn known(&self) -> Known {
        Known::of(self.skewed, self.attest)
    }

    /// The day that it is kept with: that of its start, and of a day's total the day that it names.
    #[must_use]
    pub fn day(&self, calendar: &Calendar) -> Day {
        match &self.record.content {
            Content::Cumulative {
                epoch: Epoch::Day(day),
                ..
            } => *day,
            _ => calendar.day_of(self.record.start_ms),
        }
    }
}

/// Key of a sample within its user.
pub type RecordKey = (u32, RecordId);

/// Copies by key.
pub type Records = BTreeMap<RecordKey, Vec<StoredRecord>>;

/// The copy of a key that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winner<'a> {
    /// Which.
    pub copy: &'a StoredRecord,
    /// Every copy of this content came through a session with a clock that was off, or without the signature that it needs.
    pub quarantined: bool,
    /// A copy of this content was signed.
    pub attested: bool,
}

impl<'a> Winner<'a> {
    fn alone(copy: &'a StoredRecord) -> Self {
        let Known {
            quarantined,
            attested,
        } = copy.known();
        Self {
            copy,
            quarantined,
            attested,
        }
    }

    /// What is known of it beside what it says.
    #[must_use]
    pub fn known(&self) -> Known {
        Known {
            quarantined: self.quarantined,
            attested: self.attested,
        }
    }

    /// Whether another copy of this content says more of it: it ends the quarantine, or proves what nothing has proved.
    #[must_use]
    pub fn gains_by(&self, copy: Known) -> bool {
        self.quarantined && !copy.quarantined || !self.attested && copy.attested
    }

    /// Whether it says anything: a deletion wins and then counts for nothing.
    #[must_use]
    pub fn counts(&self) -> bool {
        !self.copy.record.is_deleted()
    }

    /// Whether it counts in a total of its day (domain.md 1.4).
    #[must_use]
    pub fn is_in(&self, total: Total, policy: ManualPolicy) -> bool {
        policy.takes(total, &self.copy.record, self.known())
    }
}

/// The winner among the copies of one key: the largest (version, deleted, digest), domain.md 1.3.
pub fn winner<'a>(copies: impl IntoIterator<Item = &'a StoredRecord>) -> Option<Winner<'a>> {
    let mut best: Option<Winner<'a>> = None;
    for copy in copies {
        best = Some(match best {
            None => Winner::alone(copy),
            Some(held) if held.copy.record.says_the_same(&copy.record) => Winner {
                quarantined: held.quarantined && copy.known().quarantined,
                attested: held.attested || copy.known().attested,
                ..held
            },
            Some(held) if beats(&copy.record, &held.copy.record) => Winner::alone(copy),
            Some(held) => held,
        });
    }
    best
}

/// Whether `new` wins over `held`, both of one key and of different content.
#[must_use]
pub fn beats(new: &Record, held: &Record) -> bool {
    let first = |record: &Record| (record.version, record.is_deleted());
    match first(new).cmp(&first(held)) {
        core::cmp::Ordering::Equal => new.digest() > held.digest(),
        order => order.is_gt(),
    }
}

/// Puts copies under their keys.
pub fn file(records: &mut Records, copies: impl IntoIterator<Item = StoredRecord>) {
    for copy in copies {
        records
            .entry((copy.binding, copy.record.id))
            .or_default()
            .push(copy);
    }
}
