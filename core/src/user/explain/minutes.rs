//! The minutes of a day with the device that is believed for each, and what they come to by the hour.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{super::progress, Evidence};
use crate::{
    civil::{Day, Local, MINUTE_MS},
    day::Head,
    id::DeviceId,
    manual::Total,
    merge::{self, Bidder, Cell, Readings, Summary, Walk},
    metric::Metric,
};

/// One minute that anything is said of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minute {
    /// Its start, POSIX ms.
    pub start_ms: i64,
    /// The same on the user's wall.
    pub local: Local,
    /// What it says.
    pub of: MinuteOf,
    /// Devices that say something else of it and are not believed, in order of binding.
    pub outranked: Vec<DeviceId>,
}

/// What is said of a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MinuteOf {
    /// Amounts, store units, each with the device that gave it; `None`: a total of the day did.
    Amount {
        /// Of all methods, unclamped.
        display: Option<(Option<DeviceId>, u32)>,
        /// Of the eligible total.
        eligible: Option<(Option<DeviceId>, u32)>,
        /// How much of it the device covers, ms.
        covered_ms: u16,
    },
    /// Readings of a gauge.
    Readings {
        /// Of which device.
        device: DeviceId,
        /// What they come to.
        readings: Readings,
    },
}

/// One hour on the user's wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hour {
    /// Its first instant, POSIX ms; when clocks fall back, two hours show the same time.
    pub start_ms: i64,
    /// The same on the user's wall.
    pub local: Local,
    /// What it comes to.
    pub of: HourOf,
}

/// What an hour comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HourOf {
    /// Amounts, store units.
    Amount {
        /// Of all methods, unclamped.
        display: i64,
        /// Of the eligible total.
        eligible: i64,
    },
    /// Readings of a gauge.
    Gauge(Summary),
}

/// What a minute gives, with the device that is believed for it.
type Given = BTreeMap<i32, (Option<DeviceId>, u32)>;

impl Evidence<'_> {
    /// The minutes of a day that anything is said of, in order.
    #[must_use]
    pub fn minutes(&self, day: Day, metric: Metric) -> Vec<Minute> {
        let (head, standings) = (self.head(day), self.user.standings(day));
        let readers = head.readers(&standings, metric);
        if readers.is_empty() {
            return self.amount_minutes(day, (&head, metric));
        }
        let won = merge::winners(&readers);
        let said = said(&readers);
        let minute = |(readings, binding): (&Readings, u32)| {
            let (device, _) = self.user.device_of(binding)?;
            let of = MinuteOf::Readings {
                device,
                readings: *readings,
            };
            Some(self.minute(
                readings.minute,
                of,
                beside(&said, readings.minute, Some(device)),
            ))
        };
        won.filter_map(minute).collect()
    }

    fn amount_minutes(&self, day: Day, (head, metric): (&Head, Metric)) -> Vec<Minute> {
        let standings = self.user.standings(day);
        let bidders = head.bidders(&standings, metric, Total::Display);
        let covered: BTreeMap<i32, u16> = merge::winners(&bidders)
            .map(|(cell, _)| (cell.minute, cell.covered_ms))
            .collect();
        let said = said(&bidders);
        let display = self.given(day, (head, metric), Total::Display);
        let eligible = self.given(day, (head, metric), Total::Eligible);
        let all: BTreeSet<i32> = display.keys().chain(eligible.keys()).copied().collect();
        let minute = |minute: i32| {
            let shown = display.get(&minute).copied();
            let of = MinuteOf::Amount {
                display: shown,
                eligible: eligible.get(&minute).copied(),
                covered_ms: covered.get(&minute).copied().unwrap_or(0),
            };
            let device = shown.and_then(|(device, _)| device);
            self.minute(minute, of, beside(&said, minute, device))
        };
        all.into_iter().map(minute).collect()
    }

    /// Each minute of one total, with who gave it.
    fn given(&self, day: Day, (head, metric): (&Head, Metric), total: Total) -> Given {
        let standings = self.user.standings(day);
        let calendar = self.user.calendar();
        let span = (calendar.start_ms(day), calendar.end_ms(day));
        let bidders = head.bidders(&standings, metric, total);
        let winners = merge::winners(&bidders);
        let of = |(cell, binding): (Cell, u32)| {
            let device = self.user.device_of(binding).map(|(device, _)| device);
            (cell.minute, device)
        };
        let by: BTreeMap<i32, Option<DeviceId>> = winners.map(of).collect();
        let series = progress::series(head, &standings, metric, (span, total));
        series
            .into_iter()
            .map(|(minute, value)| (minute, (by.get(&minute).copied().flatten(), value)))
            .collect()
    }

    fn minute(&self, minute: i32, of: MinuteOf, outranked: Vec<DeviceId>) -> Minute {
        let start_ms = i64::from(minute).saturating_mul(MINUTE_MS);
        Minute {
            start_ms,
            local: self.user.calendar().local(start_ms),
            of,
            outranked,
        }
    }

    /// What the minutes come to by the hour of the user's wall, in order.
    #[must_use]
    pub fn hours(&self, day: Day, metric: Metric) -> Vec<Hour> {
        let mut hours: BTreeMap<i64, Vec<Minute>> = BTreeMap::new();
        for minute in self.minutes(day, metric) {
            let past_ms = minute.local.0.rem_euclid(60_i64.saturating_mul(MINUTE_MS));
            let start_ms = minute.start_ms.saturating_sub(past_ms);
            hours.entry(start_ms).or_default().push(minute);
        }
        let hour = |(start_ms, minutes): (i64, Vec<Minute>)| Hour {
            start_ms,
            local: self.user.calendar().local(start_ms),
            of: sum(&minutes),
        };
        hours.into_iter().map(hour).collect()
    }
}

fn sum(minutes: &[Minute]) -> HourOf {
    let readings = minutes.iter().filter_map(|minute| match &minute.of {
        MinuteOf::Readings { readings, .. } => Some(readings),
        MinuteOf::Amount { .. } => None,
    });
    if let Some(summary) = Summary::over(readings) {
        return HourOf::Gauge(summary);
    }
    let (mut shown, mut counted) = (0_i64, 0_i64);
    for minute in minutes {
        if let MinuteOf::Amount {
            display, eligible, ..
        } = minute.of
        {
            shown = shown.saturating_add(display.map_or(0, |(_, value)| i64::from(value)));
            counted = counted.saturating_add(eligible.map_or(0, |(_, value)| i64::from(value)));
        }
    }
    HourOf::Amount {
        display: shown,
        eligible: counted,
    }
}

/// Who says something of each minute, by binding.
type Spoken = BTreeMap<i32, BTreeSet<(u32, DeviceId)>>;

fn said<I: Walk>(bidders: &[Bidder<I>]) -> Spoken {
    let mut said = Spoken::new();
    for bidder in bidders {
        let by = (bidder.binding, bidder.device);
        let mut cells = bidder.cells.clone();
        while let Some(stretch) = cells.ahead() {
            said.entry(stretch.minute).or_default().insert(by);
            drop(cells.cut(1));
        }
    }
    said
}

/// Devices that say something of a minute besides the one that is believed.
fn beside(said: &Spoken, minute: i32, believed: Option<DeviceId>) -> Vec<DeviceId> {
    let by = said.get(&minute).into_iter().flatten();
    let others = by.filter(|(_, device)| Some(*device) != believed);
    others.map(|(_, device)| *device).collect()
}
