//! Why a civil day is what it is.

use serde::Serialize;
use serde_json::Number;
use streakline_core::user::explain::{AmountWhy, DayWhy, Shape, Share};
use utoipa::ToSchema;

use super::{
    super::{Day, quantity::amount, user::ZoneChange},
    Span, Trail, trail,
};
use crate::registry;

/// Why a civil day is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DayExplained {
    /// The day as `days/{date}` tells it.
    pub day: Day,
    /// Zones that were in force in it, in order; empty: UTC, until one is set.
    pub zones: Vec<ZoneChange>,
    /// Minutes after midnight at which it began.
    pub began_min: u16,
    /// Minutes after midnight at which it ends.
    pub ends_min: u16,
    /// `usual`, `jumped` (no minute belongs to it), `short` (under 20 hours, a goal that misses it misses it) or `short_void`
    /// (under 20 hours, and a goal that misses it is not harmed, at most once in 14 days).
    #[schema(value_type = String, example = "usual")]
    pub shape: &'static str,
    /// When it closes, or closed, POSIX ms.
    pub closes: Closes,
    /// The minutes that pay for it, once that is fixed.
    #[schema(required = true)]
    pub paying: Option<Span>,
    /// The input that changed its amounts last.
    #[schema(required = true)]
    pub changed_by: Option<String>,
    /// Minutes that a sample says were worn.
    pub worn_min: u32,
    /// Records that begin in it and are kept aside for the clock of their session.
    pub quarantined_records: u32,
    /// What its two totals differ by, and which device gave what; by metric whose amounts add up.
    pub amounts: Vec<AmountExplained>,
    /// What each device gave, by gauge.
    pub gauges: Vec<GaugeExplained>,
    /// What was told of it and who changed what.
    pub trail: Trail,
}

/// When a day closes, POSIX ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Closes {
    /// Tokens are posted, streaks extended.
    pub soft_ms: i64,
    /// Frozen for rewards.
    pub hard_ms: i64,
    /// Read only.
    pub archive_ms: i64,
}

/// What the two totals of one metric differ by, in the metric's unit: `display` less `quarantined`, `manual`, `capped` and
/// `late` is `eligible`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AmountExplained {
    /// Which.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// Total of all methods, unclamped.
    #[schema(value_type = f64, example = 10700)]
    pub display: Number,
    /// What challenges and tokens read, and goals and streaks with them unless `for_goals` is given.
    #[schema(value_type = f64, example = 8400)]
    pub eligible: Number,
    /// What goals and streaks read, where that is another amount (`rules.manual_policy = "goals_only"`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub for_goals: Option<Number>,
    /// Kept aside: the clock of the session was off, or an import brought it. Below 0: without it another device counts more there.
    #[schema(value_type = f64, example = 0)]
    pub quarantined: Number,
    /// Typed in.
    #[schema(value_type = f64, example = 2000)]
    pub manual: Number,
    /// Above the cap of a minute.
    #[schema(value_type = f64, example = 300)]
    pub capped: Number,
    /// Came after the day was archived, when only what is shown still changes.
    #[schema(value_type = f64, example = 0)]
    pub late: Number,
    /// In `display`, but of no device's minutes: what a total of the day adds to the finer samples.
    #[schema(value_type = f64, example = 0)]
    pub remainder: Number,
    /// By device, in order of binding.
    pub devices: Vec<ShareOfDevice>,
}

/// What each device gave of a gauge.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GaugeExplained {
    /// Which.
    #[schema(value_type = String, example = "heart_rate")]
    pub metric: &'static str,
    /// By device, in order of binding; amounts are numbers of readings.
    pub devices: Vec<ShareOfDevice>,
}

/// What one device gave of a day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ShareOfDevice {
    /// Which.
    #[schema(format = Uuid)]
    pub device: String,
    /// Its class.
    #[schema(value_type = String, example = "watch")]
    pub class: &'static str,
    /// Its place in the order of binding, from 0; of equals the older wins a minute.
    pub binding: u32,
    /// Minutes that it says anything of.
    pub said_min: u32,
    /// Minutes of `display` for which it is believed.
    pub display_min: u32,
    /// What it gave there.
    #[schema(value_type = f64, example = 6500)]
    pub display: Number,
    /// Minutes of `eligible` for which it is believed.
    pub eligible_min: u32,
    /// What it gave there.
    #[schema(value_type = f64, example = 6200)]
    pub eligible: Number,
}

fn share(share: &Share, shown: impl Fn(i64) -> Number) -> ShareOfDevice {
    ShareOfDevice {
        device: share.device.to_string(),
        class: share.class.name(),
        binding: share.binding,
        said_min: share.said,
        display_min: share.display.0,
        display: shown(share.display.1),
        eligible_min: share.eligible.0,
        eligible: shown(share.eligible.1),
    }
}

impl From<&AmountWhy> for AmountExplained {
    fn from(why: &AmountWhy) -> Self {
        let shown = |value| amount(why.metric, value);
        Self {
            metric: registry::metrics().name(why.metric),
            display: shown(why.display),
            eligible: shown(why.eligible),
            for_goals: why.for_goals.map(shown),
            quarantined: shown(why.quarantined),
            manual: shown(why.manual),
            capped: shown(why.capped),
            late: shown(why.late),
            remainder: shown(why.remainder.0),
            devices: why.shares.iter().map(|of| share(of, shown)).collect(),
        }
    }
}

impl DayExplained {
    /// The explanation, with a page of its trail.
    #[must_use]
    pub fn new(why: &DayWhy, trail: Trail) -> Self {
        let gauge = |(metric, shares): &(_, Vec<Share>)| GaugeExplained {
            metric: registry::metrics().name(*metric),
            devices: shares.iter().map(|of| share(of, Number::from)).collect(),
        };
        Self {
            day: Day::from(&why.view),
            zones: why.zones.iter().map(ZoneChange::from).collect(),
            began_min: why.day_start_min.0,
            ends_min: why.day_start_min.1,
            shape: match why.shape {
                Shape::Usual => "usual",
                Shape::Jumped => "jumped",
                Shape::Short { void: false } => "short",
                Shape::Short { void: true } => "short_void",
            },
            closes: Closes {
                soft_ms: why.closes.soft_ms,
                hard_ms: why.closes.hard_ms,
                archive_ms: why.closes.archive_ms,
            },
            paying: why.paying.map(Span::from),
            changed_by: why.changed_by.as_ref().map(trail::id),
            worn_min: why.worn_minutes,
            quarantined_records: why.quarantined,
            amounts: why.amounts.iter().map(AmountExplained::from).collect(),
            gauges: why.gauges.iter().map(gauge).collect(),
            trail,
        }
    }
}
