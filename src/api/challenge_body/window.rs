//! When a challenge counts, and when one may join it.

use std::sync::Arc;

use serde_json::Value;
use streakline_core::{
    civil::Day,
    definition::{Clock, LateJoin, standing::endless},
    zone::{Zone, Zones},
};
use utoipa::ToSchema;

use crate::api::{
    fault::Wrong,
    fields::{Fields, INTEGER_MAX, date, integer, text, word},
};

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct WindowBody {
    /// Whose clock the dates are of: `user_local` (each member's own days), `utc`, or the IANA name of one zone for all.
    #[schema(example = "user_local")]
    clock: String,
    /// First date.
    #[schema(format = Date, example = "2016-04-13")]
    starts: String,
    /// Last date, inside the window; null: it has no end.
    #[schema(required = true, format = Date, example = "2016-05-11")]
    ends: Option<String>,
    /// A score is made of so many of the last days alone; null: of all days of the window.
    #[schema(minimum = 2, maximum = 31, example = 7)]
    rolling_days: Option<u32>,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct JoinBody {
    /// When joining opens, POSIX ms; null: publishing opens it.
    opens_ms: Option<i64>,
    /// Whether one may join after the window's start: `yes`, `no`, or `prorated` (yes, and scored from the window's start).
    #[schema(default = "yes")]
    late: Option<String>,
}

/// What a window says, each part where it is there and well-formed.
pub(super) struct Window {
    clock: Option<Named>,
    dates: (Option<Day>, Option<Day>),
    /// It says that it has no end.
    pub(super) is_endless: bool,
    /// How many of the last days count.
    pub(super) rolling_days: Option<u32>,
}

/// A clock by its name.
enum Named {
    UserLocal,
    Utc,
    Zone(Arc<Zone>),
}

impl Window {
    pub(super) fn read(mut window: Fields<'_>, zones: &dyn Zones) -> Self {
        let clock = window.required("clock", |value| named(value, zones));
        let starts = window.required("starts", date);
        let ends = window.required("ends", end);
        let days = window.nullable("rolling_days", integer(0..=i64::from(u32::MAX)));
        window.done(&[]);
        Self {
            clock,
            dates: (starts, ends.flatten()),
            is_endless: ends == Some(None),
            rolling_days: days.flatten().and_then(|days| u32::try_from(days).ok()),
        }
    }

    /// First and last date. Where one is missing or ill-formed, the other one stands in for it, so that the rest can still be judged.
    pub(super) fn presumed_dates(&self) -> (Day, Day) {
        match self.dates {
            (Some(starts), _) if self.is_endless => (starts, endless(starts)),
            (Some(starts), Some(ends)) => (starts, ends),
            (Some(day), None) | (None, Some(day)) => (day, day),
            (None, None) => (Day(0), Day(0)),
        }
    }

    /// Whose clock the dates are of, around a first date.
    pub(super) fn clock(&self, starts: Day) -> Clock {
        match &self.clock {
            Some(Named::Zone(zone)) => Clock::of_zone(zone, starts),
            Some(Named::Utc) => Clock::Utc,
            Some(Named::UserLocal) | None => Clock::UserLocal,
        }
    }
}

/// A last date, or null.
fn end(value: &Value) -> Result<Option<Day>, Wrong> {
    if value.is_null() {
        return Ok(None);
    }
    date(value).map(Some)
}

fn named(value: &Value, zones: &dyn Zones) -> Result<Named, Wrong> {
    let words =
        "must be user_local, utc, or a name of the IANA time zone database, such as Europe/Berlin";
    let name = text(value)?;
    match name.as_str() {
        "user_local" => Ok(Named::UserLocal),
        "utc" => Ok(Named::Utc),
        name => {
            let zone = zones.zone(name).map(Named::Zone);
            zone.ok_or_else(|| Wrong::new("unknown_zone", words))
        }
    }
}

/// When joining opens, and whether it is open after the start.
pub(super) fn join(mut join: Fields<'_>) -> (Option<i64>, LateJoin) {
    let opens_ms = join
        .nullable("opens_ms", integer(0..=INTEGER_MAX))
        .flatten();
    let late = join.optional("late", word(&["yes", "no", "prorated"]));
    join.done(&[]);
    let late = match late {
        Some("no") => LateJoin::No,
        Some("prorated") => LateJoin::Prorated,
        _ => LateJoin::Yes,
    };
    (opens_ms, late)
}
