//! Devices of a user: how they introduce themselves, and what is remembered of the samples that they have sent.
//!
//! Into which days these go is `ingest`'s.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use super::{Device, Reading, User, fold::Fold, seen};
use crate::{
    input::DeviceIntroduction,
    manual::{Known, ManualPolicy, Total},
    record::{Content, Epoch, Record},
    small_map::SmallMap,
};

/// In which totals a sample counts besides what is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    /// In every one that all challenges and goals read.
    pub eligible: bool,
    /// In what is read by who believes signed samples alone.
    pub attested: bool,
}

impl Counts {
    pub(super) fn of(policy: ManualPolicy, record: &Record, known: Known) -> Self {
        Self {
            eligible: policy.takes(Total::Eligible, record, known),
            attested: policy.takes(Total::Attested, record, known),
        }
    }
}

impl Device {
    /// Remembers an accepted sample: the highest id, how far the metric is covered, the latest reading of a counter.
    pub(super) fn note(&mut self, record: &Record, counts: Counts) {
        self.highest_id = self.highest_id.max(Some(record.id));
        if record.is_deleted() {
            return;
        }
        let covered_ms = self.covered_to_ms(record.metric);
        if let Content::Cumulative {
            value,
            epoch: epoch @ Epoch::Run(_),
        } = &record.content
        {
            let counts = Some(counts).filter(|of| of.eligible && record.end_ms > covered_ms);
            self.note_reading(record, (*value, epoch), counts);
        }
        if let Content::Delta(_) = record.content {
            self.deltas.insert(record.metric);
        }
        // The next reading of a gauge comes later, at another instant.
        let instant = matches!(record.content, Content::Gauge(_));
        let to_ms = record.end_ms.saturating_add(i64::from(instant));
        self.covered.insert(record.metric, covered_ms.max(to_ms));
        self.last_sample_ms = self.last_sample_ms.max(Some(record.end_ms));
        let span = (record.start_ms, record.end_ms);
        seen::note(&mut self.seen, record.metric, span);
    }

    /// Only from the latest of all readings can the next one be counted, and only where every run of the merge reads it; what
    /// comes for an instant that is covered may change it, and then nobody knows without the stored ones.
    fn note_reading(
        &mut self,
        record: &Record,
        (value, epoch): (i64, &Epoch),
        counts: Option<Counts>,
    ) {
        if let Some(counts) = counts {
            let reading = Reading {
                value,
                at_ms: record.end_ms,
                epoch: epoch.clone(),
                attested: counts.attested,
            };
            self.counters.insert(record.metric, reading);
        } else {
            self.forget_reading(record);
        }
    }

    /// A reading was corrected or deleted, or came for the instant of the latest one.
    pub(super) fn forget_reading(&mut self, record: &Record) {
        let latest = self.counters.get(&record.metric);
        if latest.is_some_and(|held| held.at_ms <= record.end_ms) {
            self.counters.remove(&record.metric);
        }
    }
}

impl Device {
    /// A device that has sent nothing yet, bound after all others.
    pub(super) fn new(user: &User, introduction: &DeviceIntroduction, bound_ms: i64) -> Self {
        Self {
            binding: u32::try_from(user.devices.len()).unwrap_or(u32::MAX),
            class: introduction.class,
            vendor: None,
            model: None,
            bound_ms,
            highest_id: None,
            covered: SmallMap::default(),
            last_sample_ms: None,
            outboxes: Vec::new(),
            counters: SmallMap::default(),
            deltas: BTreeSet::new(),
            seen: SmallMap::default(),
            battery: None,
            version: 0,
            registration: None,
        }
    }
}

/// Binds a device at its first hello; later ones only tell vendor and model anew.
pub(super) fn introduce(user: &mut User, fold: &Fold<'_>, introduction: &DeviceIntroduction) {
    let new = Device::new(user, introduction, fold.at_ms);
    let device = user
        .devices
        .entry(introduction.device)
        .or_insert(Box::new(new));
    device.vendor = introduction.vendor.clone().or(device.vendor.take());
    device.model = introduction.model.clone().or(device.model.take());
}
