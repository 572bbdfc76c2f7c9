//! What became of each stored copy of a sample: which counts and for how much, which was corrected, deleted, kept aside or
//! outranked (domain.md 1.3, 1.4).

use alloc::{collections::BTreeMap, vec::Vec};

use super::{super::rebuild, Evidence};
use crate::{
    civil::Day,
    id::{DeviceId, RecordId},
    manual::{ManualPolicy, Total},
    merge,
    metric::Metric,
    record::{Content, Record},
    records::{self, StoredRecord, Winner},
};

/// Why a copy counts as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It gives what it says, or the part of it that no better sample has.
    Counts,
    /// Another device is believed for all of its minutes, or finer samples of its own device say all of it.
    Outranked,
    /// It says nothing: a zero of a device that does not say that it is worn.
    Idle,
    /// The clock of its session was off: shown, not eligible.
    Quarantined,
    /// The signature that its device's key asks for is missing or wrong: shown, not eligible.
    Unsigned,
    /// It came when its day was archived, by an import: shown, never eligible.
    Imported,
    /// Typed in where that is not eligible: shown, and read by goals under the policy `goals_only`.
    Manual,
    /// The same again, kept because it came through a session with a good clock.
    Repeated,
    /// A copy with a higher version, or the larger content of the same one, counts instead.
    Superseded,
    /// It was deleted later.
    Deleted,
    /// It is the deletion.
    Deletion,
}

/// One stored copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordWhy {
    /// From which device.
    pub device: DeviceId,
    /// What was sent.
    pub copy: StoredRecord,
    /// What became of it.
    pub fate: Fate,
    /// The version that counts instead, where one does.
    pub instead: Option<u32>,
    /// What it gives to the display total of the day, store units, before a total of the day is added.
    pub display: i64,
    /// What it gives to the eligible total, before the cap of a minute.
    pub eligible: i64,
}

/// What each record gives, by device and id.
type Given = BTreeMap<(u32, RecordId), i64>;

impl Evidence<'_> {
    /// Stored copies that reach into a day, by start, device, id and version; of one metric, or of all.
    #[must_use]
    pub fn records(&self, day: Day, metric: Option<Metric>) -> Vec<RecordWhy> {
        let all = |copy: &&StoredRecord| {
            self.reaches(day, copy) && metric.is_none_or(|metric| copy.record.metric == metric)
        };
        let copies: Vec<&StoredRecord> = self.known.values().flatten().filter(all).collect();
        let winners = rebuild::winners(&self.known);
        let policy = self.user.manual_policy;
        let (display, eligible) = (
            self.contributed(day, &winners, Total::Display),
            self.contributed(day, &winners, Total::Eligible),
        );
        let why = |copy: &StoredRecord| {
            let (device, _) = self.user.device_of(copy.binding)?;
            let key = (copy.binding, copy.record.id);
            let winner = self.known.get(&key).and_then(records::winner)?;
            let wins = core::ptr::eq(winner.copy, copy);
            let of = |given: &Given| given.get(&key).copied().filter(|_| wins).unwrap_or(0);
            let (display, eligible) = (of(&display), of(&eligible));
            Some(RecordWhy {
                device,
                copy: copy.clone(),
                fate: self.fate(copy, (&winner, wins), (display, policy)),
                instead: (!wins).then_some(winner.copy.record.version),
                display,
                eligible,
            })
        };
        let mut all: Vec<RecordWhy> = copies.into_iter().filter_map(why).collect();
        all.sort_by_key(RecordWhy::order);
        all
    }

    fn reaches(&self, day: Day, copy: &StoredRecord) -> bool {
        let calendar = self.user.calendar();
        let record = &copy.record;
        let inside =
            record.start_ms < calendar.end_ms(day) && record.end_ms > calendar.start_ms(day);
        copy.day(calendar) == day || inside
    }

    /// What each record gives to a day: the parts of the minutes for which its device is believed.
    fn contributed(&self, day: Day, winners: &[Winner<'_>], total: Total) -> Given {
        let (head, standings) = (self.head(day), self.user.standings(day));
        let policy = self.user.manual_policy;
        let mut given = Given::new();
        for metric in head.metrics() {
            let bidders = head.bidders(&standings, metric, total);
            let believed = merge::winners(&bidders);
            let believed: BTreeMap<i32, u32> = believed
                .map(|(cell, binding)| (cell.minute, binding))
                .collect();
            for bidder in &bidders {
                let own = winners.iter().filter(|winner| {
                    let of = (winner.copy.binding, winner.copy.record.metric);
                    of == (bidder.binding, metric) && winner.is_in(total, policy)
                });
                let own: Vec<&Record> = own.map(|winner| &winner.copy.record).collect();
                for (id, cells) in merge::device_parts(&own) {
                    let counts = |minute: &i32| believed.get(minute) == Some(&bidder.binding);
                    let cells = cells.iter().filter(|cell| counts(&cell.minute));
                    let sum =
                        cells.fold(0_i64, |sum, cell| sum.saturating_add(i64::from(cell.value)));
                    let held = given.entry((bidder.binding, id)).or_default();
                    *held = held.saturating_add(sum);
                }
            }
        }
        given
    }
}

impl RecordWhy {
    /// Its place in the list.
    #[must_use]
    pub fn order(&self) -> (i64, DeviceId, RecordId, u32, i64) {
        let record = &self.copy.record;
        let version = record.version;
        (
            record.start_ms,
            self.device,
            record.id,
            version,
            self.copy.received_ms,
        )
    }
}

impl Evidence<'_> {
    fn fate(
        &self,
        copy: &StoredRecord,
        (winner, wins): (&Winner<'_>, bool),
        (display, policy): (i64, ManualPolicy),
    ) -> Fate {
        let record = &copy.record;
        let is_amount = matches!(record.content, Content::Delta(_));
        if record.is_deleted() && wins {
            Fate::Deletion
        } else if !wins && winner.copy.record.says_the_same(record) {
            Fate::Repeated
        } else if !wins && winner.copy.record.is_deleted() {
            Fate::Deleted
        } else if !wins {
            Fate::Superseded
        } else if winner.quarantined && self.came_late(copy) {
            Fate::Imported
        } else if winner.quarantined && !copy.skewed {
            Fate::Unsigned
        } else if winner.quarantined {
            Fate::Quarantined
        } else if !winner.is_in(Total::Eligible, policy) {
            Fate::Manual
        } else if is_amount && record.value() == Some(0) && record.worn != Some(true) {
            Fate::Idle
        } else if is_amount && display == 0 && record.value() != Some(0) {
            Fate::Outranked
        } else {
            Fate::Counts
        }
    }

    /// Whether the day of a copy was archived when it came.
    fn came_late(&self, copy: &StoredRecord) -> bool {
        let day = copy.day(self.user.calendar());
        self.user.is_archived(day, copy.received_ms)
    }
}
