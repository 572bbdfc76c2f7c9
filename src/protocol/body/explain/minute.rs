//! The minutes of a day with the device that is believed for each, and its hours.

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    id::DeviceId,
    merge::{Readings, Summary},
    metric::Metric,
    user::explain::{Hour, HourOf, Minute, MinuteOf},
};
use utoipa::ToSchema;

use super::super::quantity::{amount, mean};

/// One minute that anything is said of.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MinuteOfDay {
    /// Its start, POSIX ms.
    pub start_ms: i64,
    /// The same on the user's wall.
    #[schema(example = "2016-04-13T18:18")]
    pub start_local: String,
    /// Amounts, or readings.
    #[serde(flatten)]
    pub of: OfMinute,
    /// Devices that say something of it and are not believed.
    pub outranked: Vec<String>,
}

/// What is said of a minute, in the metric's unit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum OfMinute {
    /// Amounts.
    Amount {
        /// Of all methods, unclamped.
        #[schema(value_type = f64)]
        display: Number,
        /// The device that is believed for `display`; null: a total of the day gives it.
        #[schema(required = true)]
        device: Option<String>,
        /// What goals read.
        #[schema(value_type = f64)]
        eligible: Number,
        /// The device that is believed for `eligible`; null: none, or a total of the day gives it.
        #[schema(required = true)]
        eligible_device: Option<String>,
        /// How much of the minute the device covers, ms.
        covered_ms: u16,
    },
    /// Readings of a gauge.
    Readings {
        /// The device that is believed.
        device: String,
        /// What they come to.
        #[serde(flatten)]
        summary: OfGauge,
    },
}

/// Readings of a gauge over any time, in its unit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OfGauge {
    /// How many.
    pub n: u64,
    /// The lowest.
    #[schema(value_type = f64)]
    pub min: Number,
    /// The highest.
    #[schema(value_type = f64)]
    pub max: Number,
    /// Their mean.
    #[schema(value_type = f64)]
    pub mean: Number,
    /// The last.
    #[schema(value_type = f64)]
    pub last: Number,
    /// Instant of the last, POSIX ms.
    pub last_ms: i64,
}

/// One hour on the user's wall.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HourOfDay {
    /// Its first instant, POSIX ms; when clocks fall back two hours show the same time.
    pub start_ms: i64,
    /// The same on the user's wall.
    #[schema(example = "2016-04-13T18:00")]
    pub start_local: String,
    /// Amounts, or readings.
    #[serde(flatten)]
    pub of: OfHour,
}

/// What an hour comes to, in the metric's unit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum OfHour {
    /// Amounts.
    Amount {
        /// Of all methods, unclamped.
        #[schema(value_type = f64)]
        display: Number,
        /// What goals read.
        #[schema(value_type = f64)]
        eligible: Number,
    },
    /// Readings of a gauge.
    Gauge(OfGauge),
}

fn gauge(metric: Metric, summary: &Summary) -> OfGauge {
    let shown = |value| amount(metric, value);
    OfGauge {
        n: summary.count,
        min: shown(summary.min),
        max: shown(summary.max),
        mean: mean(metric, (summary.sum, summary.count)),
        last: shown(summary.last),
        last_ms: summary.last_ms,
    }
}

fn readings(metric: Metric, readings: &Readings) -> OfGauge {
    let shown = |value| amount(metric, i64::from(value));
    OfGauge {
        n: u64::from(readings.count),
        min: shown(readings.min),
        max: shown(readings.max),
        mean: mean(metric, (readings.sum, u64::from(readings.count))),
        last: shown(readings.last),
        last_ms: i64::from(readings.minute) * 60_000 + i64::from(readings.last_ms),
    }
}

impl MinuteOfDay {
    /// A minute of one metric.
    #[must_use]
    pub fn new(metric: Metric, minute: &Minute) -> Self {
        type Given = Option<(Option<DeviceId>, u32)>;
        let value = |given: Given| amount(metric, given.map_or(0, |(_, value)| i64::from(value)));
        let device = |given: Given| {
            given
                .and_then(|(device, _)| device)
                .map(|id| id.to_string())
        };
        let of = match &minute.of {
            MinuteOf::Amount {
                display,
                eligible,
                covered_ms,
            } => OfMinute::Amount {
                display: value(*display),
                device: device(*display),
                eligible: value(*eligible),
                eligible_device: device(*eligible),
                covered_ms: *covered_ms,
            },
            MinuteOf::Readings {
                device,
                readings: of,
            } => OfMinute::Readings {
                device: device.to_string(),
                summary: readings(metric, of),
            },
        };
        Self {
            start_ms: minute.start_ms,
            start_local: minute.local.iso_minute(),
            of,
            outranked: minute.outranked.iter().map(ToString::to_string).collect(),
        }
    }
}

impl HourOfDay {
    /// An hour of one metric.
    #[must_use]
    pub fn new(metric: Metric, hour: &Hour) -> Self {
        let of = match &hour.of {
            HourOf::Amount { display, eligible } => OfHour::Amount {
                display: amount(metric, *display),
                eligible: amount(metric, *eligible),
            },
            HourOf::Gauge(summary) => OfHour::Gauge(gauge(metric, summary)),
        };
        Self {
            start_ms: hour.start_ms,
            start_local: hour.local.iso_minute(),
            of,
        }
    }
}
