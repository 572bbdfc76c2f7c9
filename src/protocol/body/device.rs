//! A device as REST and its topic show it.

use serde::Serialize;
use streakline_core::{id::OutboxId, metric::Metric, user::seen, view::DeviceView};
use utoipa::ToSchema;

use super::device_key::KeyOfDevice;
use crate::registry;

/// A device of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Device {
    /// Its UUID.
    #[schema(format = Uuid)]
    pub device: String,
    /// Its class.
    #[schema(value_type = String, example = "watch")]
    pub class: &'static str,
    /// When it was bound to the user, POSIX ms.
    pub bound_ms: i64,
    /// End of its latest accepted sample, POSIX ms.
    #[schema(required = true)]
    pub last_sample_ms: Option<i64>,
    /// What it has sent of each metric.
    pub metrics: Vec<DeviceMetric>,
    /// What it said of its battery, if it did.
    #[schema(required = true)]
    pub battery: Option<Battery>,
    /// The key that its samples are signed with, where one is registered.
    #[schema(required = true)]
    pub key: Option<KeyOfDevice>,
    /// Clock of this answer, POSIX ms.
    pub as_of_ms: i64,
    /// Counts the changes of its topic `me/device/...`.
    pub version: u64,
    /// Where each of its outboxes goes on; the one used last comes last.
    pub resume_after: Vec<OutboxPosition>,
}

/// What a device has sent of one metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceMetric {
    /// Which.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// End of its latest sample, POSIX ms.
    pub last_sample_ms: i64,
    /// How long before `as_of_ms` that was.
    pub age_s: i64,
    /// The last stretch of 15 minutes or more without a sample, between two samples.
    #[schema(required = true)]
    pub gap: Option<Gap>,
}

/// A stretch without samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap {
    /// End of the sample before it, POSIX ms.
    pub from_ms: i64,
    /// Start of the sample after it, POSIX ms.
    pub to_ms: i64,
}

/// A battery, as its device told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Battery {
    /// 0 to 100.
    #[schema(example = 80)]
    pub percent: u8,
    /// Whether it was being charged, where the device said so.
    #[schema(required = true)]
    pub charging: Option<bool>,
    /// When it said so, by the server's clock, POSIX ms.
    pub at_ms: i64,
}

impl From<seen::Battery> for Battery {
    fn from(battery: seen::Battery) -> Self {
        Self {
            percent: battery.percent,
            charging: battery.charging,
            at_ms: battery.at_ms,
        }
    }
}

/// What a device has sent, metric by metric.
#[must_use]
pub fn metrics(view: &DeviceView) -> Vec<DeviceMetric> {
    let of = |(metric, seen): &(Metric, seen::Seen)| DeviceMetric {
        metric: registry::metrics().name(*metric),
        last_sample_ms: seen.last_ms,
        age_s: view.as_of_ms.saturating_sub(seen.last_ms).max(0) / 1_000,
        gap: seen.gap.map(|gap| Gap {
            from_ms: gap.from_ms,
            to_ms: gap.to_ms,
        }),
    };
    view.metrics.iter().map(of).collect()
}

/// Highest contiguous durable numbers of one outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutboxPosition {
    /// The outbox's UUID.
    #[schema(format = Uuid)]
    pub outbox_id: String,
    /// Of the lane `live`.
    pub live: u64,
    /// Of the lane `backfill`.
    pub backfill: u64,
}

impl From<&DeviceView> for Device {
    fn from(view: &DeviceView) -> Self {
        let position = |(outbox, [live, backfill]): &(OutboxId, [u64; 2])| OutboxPosition {
            outbox_id: outbox.to_string(),
            live: *live,
            backfill: *backfill,
        };
        Self {
            device: view.device.to_string(),
            class: view.class.name(),
            bound_ms: view.bound_ms,
            last_sample_ms: view.last_sample_ms,
            metrics: metrics(view),
            battery: view.battery.map(Battery::from),
            key: view.key.as_ref().map(KeyOfDevice::from),
            as_of_ms: view.as_of_ms,
            version: view.version,
            resume_after: view.resume_after.iter().map(position).collect(),
        }
    }
}
