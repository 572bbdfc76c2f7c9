//! What is known of a device besides its samples' amounts: its last sample of each metric, the last gap before it, its battery.
//!
//! A gap is a stretch of at least [`limits::GAP_MS_MIN`] without a sample of a metric that the device sends, between two
//! samples: what is missing after the last one may still come, so that is told as its age. Late samples close a gap. Changed by
//! `ingest` and by the device's own report; shown by `view`.

use minicbor::{Decode, Encode};

use super::{User, fold::Fold};
use crate::{
    event::Topic,
    id::DeviceId,
    input::{BatteryReport, UserInput},
    limits,
    metric::Metric,
    small_map::SmallMap,
};

/// A stretch without samples, POSIX ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Gap {
    /// End of the sample before it.
    #[n(0)]
    pub from_ms: i64,
    /// Start of the sample after it.
    #[n(1)]
    pub to_ms: i64,
}

/// What a device has sent of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Seen {
    /// End of its latest sample, POSIX ms.
    #[n(0)]
    pub last_ms: i64,
    /// The last gap, as it is known.
    #[n(1)]
    pub gap: Option<Gap>,
}

/// What a device said of its battery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Battery {
    /// 0 to 100.
    #[n(0)]
    pub percent: u8,
    /// Whether it is being charged, where the device said so.
    #[n(1)]
    pub charging: Option<bool>,
    /// When it said so, by the server's clock, POSIX ms.
    #[n(2)]
    pub at_ms: i64,
}

/// By metric; at most [`limits::DEVICE_METRICS_MAX`].
pub type SeenMetrics = SmallMap<Metric, Seen>;

impl Seen {
    /// One more sample, in whatever order they come.
    fn note(&mut self, start_ms: i64, end_ms: i64) {
        if start_ms > self.last_ms {
            self.gap = Gap::of(self.last_ms, start_ms).or(self.gap);
        } else if let Some(gap) = self.gap {
            self.gap = gap.without(start_ms, end_ms);
        }
        self.last_ms = self.last_ms.max(end_ms);
    }
}

impl Gap {
    fn of(from_ms: i64, to_ms: i64) -> Option<Self> {
        let is_long = to_ms.saturating_sub(from_ms) >= limits::GAP_MS_MIN;
        is_long.then_some(Self { from_ms, to_ms })
    }

    /// What a late sample leaves of it: the later part, else the earlier one.
    fn without(self, start_ms: i64, end_ms: i64) -> Option<Self> {
        if end_ms <= self.from_ms || start_ms >= self.to_ms {
            return Some(self);
        }
        let later = Self::of(end_ms.max(self.from_ms), self.to_ms);
        later.or_else(|| Self::of(self.from_ms, start_ms.min(self.to_ms)))
    }
}

/// Notes an accepted sample of a device.
pub(super) fn note(metrics: &mut SeenMetrics, metric: Metric, (start_ms, end_ms): (i64, i64)) {
    if let Some(seen) = metrics.get_mut(&metric) {
        return seen.note(start_ms, end_ms);
    }
    if metrics.len() >= limits::DEVICE_METRICS_MAX {
        let oldest = metrics.iter().min_by_key(|(_, seen)| seen.last_ms);
        let oldest = oldest.map(|(metric, _)| *metric);
        oldest.map(|metric| metrics.remove(&metric));
    }
    let seen = Seen {
        last_ms: end_ms,
        gap: None,
    };
    metrics.insert(metric, seen);
}

/// A batch of a device is folded: its topic has a new value.
pub(super) fn changed(user: &mut User, fold: &mut Fold<'_>, id: DeviceId) {
    if let Some(device) = user.devices.get_mut(&id) {
        device.version = device.version.saturating_add(1);
        fold.changed(Topic::Device(id));
    }
}

/// A device has told of its battery.
pub(super) fn report(user: &mut User, fold: &mut Fold<'_>, report: &BatteryReport) {
    let at_ms = fold.at_ms;
    if let Some(device) = user.devices.get_mut(&report.device) {
        device.battery = Some(Battery {
            percent: report.percent,
            charging: report.charging,
            at_ms,
        });
    }
    changed(user, fold, report.device);
}

/// What of a report is worth the journal: another value than what is known, or the same after a while.
#[must_use]
pub fn admit(user: &User, report: BatteryReport, stamp_ms: i64) -> Option<UserInput> {
    let device = user.devices.get(&report.device)?;
    let known = device.battery.is_some_and(|battery| {
        let same = (battery.percent, battery.charging) == (report.percent, report.charging);
        same && stamp_ms.saturating_sub(battery.at_ms) < limits::BATTERY_AGE_MS
    });
    (!known && !user.is_held()).then_some(UserInput::Battery(report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::MINUTE_MS;

    /// What is seen after samples of these minutes, in that order.
    fn seen(samples: &[(i64, i64)]) -> Seen {
        let mut metrics = SeenMetrics::default();
        for (from, to) in samples {
            let span = (from * MINUTE_MS, to * MINUTE_MS);
            note(&mut metrics, Metric::STEPS, span);
        }
        *metrics.get(&Metric::STEPS).unwrap()
    }

    fn gap(samples: &[(i64, i64)]) -> Option<(i64, i64)> {
        let minutes = |gap: Gap| (gap.from_ms / MINUTE_MS, gap.to_ms / MINUTE_MS);
        seen(samples).gap.map(minutes)
    }

    #[test]
    fn a_quarter_of_an_hour_without_a_sample_is_a_gap_and_less_is_none() {
        assert_eq!(gap(&[(0, 1), (16, 17)]), Some((1, 16)));
        assert_eq!(gap(&[(0, 1), (15, 16)]), None);
        assert_eq!(gap(&[(0, 1)]), None);
        assert_eq!(
            gap(&[(0, 1), (20, 21), (100, 101), (102, 103)]),
            Some((21, 100))
        );
    }

    #[test]
    fn what_comes_late_closes_the_gap() {
        let live = [(0, 1), (100, 101)];
        assert_eq!(gap(&[live[0], live[1], (1, 50)]), Some((50, 100)));
        assert_eq!(gap(&[live[0], live[1], (50, 100)]), Some((1, 50)));
        assert_eq!(gap(&[live[0], live[1], (40, 60)]), Some((60, 100)));
        assert_eq!(gap(&[live[0], live[1], (1, 50), (50, 100)]), None);
        assert_eq!(gap(&[live[0], live[1], (-50, -40)]), Some((1, 100)));
        assert_eq!(seen(&[live[0], live[1], (1, 50)]).last_ms, 101 * MINUTE_MS);
    }
}
