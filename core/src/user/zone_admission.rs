//! What becomes of a proposed zone or start of the day (domain.md 2.2). Pure, and before the journal, like `admit`.

use alloc::string::String;

use super::{Rules, User};
use crate::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    input::NewZone,
    limits,
};

/// A zone that a client says its person is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneProposal {
    /// IANA name.
    pub zone: String,
    /// Since when, POSIX ms; `None`: now.
    pub effective_ms: Option<i64>,
    /// A person has looked at it: there may be more than a few of them, and none is flagged.
    pub reviewed: bool,
}

/// Why a zone is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneRefusal {
    /// The database has no zone of that name.
    #[error("no IANA zone is called {0}")]
    Unknown(String),
    /// It would take effect too long ago, or too far ahead.
    #[error("{0}")]
    OutOfTime(&'static str),
    /// It would take effect in a day that is settled.
    #[error(
        "days up to {0} are settled: a zone can take effect a minute after the end of that day at the earliest"
    )]
    Settled(String),
    /// Too many changes.
    #[error("{0}")]
    Limit(&'static str),
}

impl ZoneRefusal {
    /// Short, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_zone",
            Self::OutOfTime(_) => "range",
            Self::Settled(_) => "settled",
            Self::Limit(_) => "limit",
        }
    }
}

/// Judges a proposal; `None`: that zone is in force then already.
///
/// # Errors
/// [`ZoneRefusal`], the first that holds.
pub fn zone(
    user: &User,
    rules: &Rules,
    proposal: ZoneProposal,
    now_ms: i64,
) -> Result<Option<NewZone>, ZoneRefusal> {
    if rules.zones.zone(&proposal.zone).is_none() {
        return Err(ZoneRefusal::Unknown(proposal.zone));
    }
    let wanted_ms = proposal.effective_ms.unwrap_or(now_ms);
    in_time(wanted_ms, now_ms)?;
    let Some((created_ms, _)) = user.created else {
        return Ok(Some(NewZone {
            zone: proposal.zone,
            effective_ms: i64::MIN,
            flagged: false,
        }));
    };
    let effective_ms = wanted_ms.max(created_ms);
    let effective_ms = effective_ms.saturating_sub(effective_ms.rem_euclid(MINUTE_MS));
    let before = user.calendar().zone_at(effective_ms).name();
    if before == proposal.zone && !user.zones.is_empty() {
        return Ok(None);
    }
    unsettled(user, wanted_ms.max(created_ms))?;
    within_limits(user, proposal.reviewed, now_ms)?;
    let flagged = !proposal.reviewed
        && !user.zones.is_empty()
        && is_too_fast(user, rules, (&proposal.zone, effective_ms));
    Ok(Some(NewZone {
        zone: proposal.zone,
        effective_ms,
        flagged,
    }))
}

fn in_time(wanted_ms: i64, now_ms: i64) -> Result<(), ZoneRefusal> {
    if now_ms.saturating_sub(wanted_ms) > limits::ZONE_PAST_MS_MAX {
        let words = "a zone takes effect at most 72 hours ago";
        return Err(ZoneRefusal::OutOfTime(words));
    }
    if wanted_ms.saturating_sub(now_ms) > limits::ZONE_FUTURE_MS_MAX {
        let words = "a zone takes effect at most 5 minutes ahead of the server's clock";
        return Err(ZoneRefusal::OutOfTime(words));
    }
    Ok(())
}

/// More than a minute after the end of the last hard-closed day, so that this end stays where it is. A user who has none yet may
/// move even the day of the creation.
fn unsettled(user: &User, wanted_ms: i64) -> Result<(), ZoneRefusal> {
    if user
        .created
        .is_none_or(|(_, first)| user.hard_closed < first)
    {
        return Ok(());
    }
    let settled_ms = user.calendar().end_ms(user.hard_closed);
    if wanted_ms.saturating_sub(settled_ms) > MINUTE_MS {
        return Ok(());
    }
    Err(ZoneRefusal::Settled(user.hard_closed.iso()))
}

fn within_limits(user: &User, reviewed: bool, now_ms: i64) -> Result<(), ZoneRefusal> {
    if user.zones.len() >= limits::ZONE_CHANGES_MAX {
        return Err(ZoneRefusal::Limit("a user has at most 2,000 zone changes"));
    }
    let since_ms = now_ms.saturating_sub(limits::ZONE_CHANGES_WITHIN_MS);
    // The zone that a user was made with is no change.
    let changes = user
        .zones
        .iter()
        .filter(|held| held.effective_ms > i64::MIN);
    let lately = changes.filter(|held| held.received_ms > since_ms).count();
    if lately >= limits::ZONE_CHANGES_UNREVIEWED_MAX && !reviewed {
        let words = "at most 3 changes of zone within 7 days are taken without a review";
        return Err(ZoneRefusal::Limit(words));
    }
    Ok(())
}

/// Whether someone would have to fly faster than any airliner, from when the zone before was taken on.
fn is_too_fast(user: &User, rules: &Rules, (zone, effective_ms): (&str, i64)) -> bool {
    let created_ms = user.created.map_or(i64::MIN, |(created_ms, _)| created_ms);
    let mut earlier = user.zones.iter().rev();
    let Some(before) = earlier.find(|held| held.effective_ms < effective_ms) else {
        return false;
    };
    let place = |name: &str| rules.zones.place(name);
    let (Some(from), Some(to)) = (place(&before.zone), place(zone)) else {
        return false;
    };
    let hours_ms = effective_ms.saturating_sub(before.effective_ms.max(created_ms));
    let metres_per_hour = limits::TRAVEL_KM_H_MAX.saturating_mul(1_000);
    let reach_m = i128::from(hours_ms.max(0))
        .saturating_mul(i128::from(metres_per_hour))
        .div_euclid(i128::from(HOUR_MS));
    i128::from(from.distance_m(to)) > reach_m
}

/// Why a start of the day is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DayStartRefusal(&'static str);

/// Judges a start of the day; `None`: it is the newest one already.
///
/// # Errors
/// [`DayStartRefusal`].
pub fn day_start(user: &User, after_min: u16, now_ms: i64) -> Result<Option<u16>, DayStartRefusal> {
    if i64::from(after_min) > limits::DAY_START_MIN_MAX {
        return Err(DayStartRefusal(
            "a day begins 0 to 360 minutes after midnight",
        ));
    }
    if user.day_start().0 == after_min {
        return Ok(None);
    }
    if user.day_starts.len() >= limits::DAY_STARTS_MAX {
        return Err(DayStartRefusal(
            "a user has at most 400 changes of the day's start",
        ));
    }
    let tomorrow = user.day_of(now_ms).next();
    let young = |from: Day| tomorrow.since(from) < limits::DAY_START_EVERY_DAYS;
    if user.day_starts.last().is_some_and(|held| young(held.from)) {
        return Err(DayStartRefusal(
            "the start of the day changes at most once in 30 days",
        ));
    }
    Ok(Some(after_min))
}
