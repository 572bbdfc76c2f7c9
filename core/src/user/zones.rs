//! The zones that a user was in, and the hour at which the user's days begin (domain.md 2.1, 2.2).
//!
//! What may be proposed is `zone_admission`'s, how zones become days `calendar`'s; what a change of the past does to records is
//! done in `refile`.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use minicbor::{Decode, Encode};

use super::{User, closing, enrolment, fold::Fold, goals, profile, refile, streaks};
use crate::{
    calendar,
    civil::{Day, MINUTE_MS},
    id::GoalId,
    input::NewZone,
    limits,
    period::Period,
    view::DayStatus,
};

/// A change of zone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ZoneChange {
    /// In force from then on, POSIX ms; the first is from the beginning of time.
    #[n(0)]
    pub effective_ms: i64,
    /// IANA name.
    #[n(1)]
    pub zone: String,
    /// Stamp of the input that brought it, POSIX ms.
    #[n(2)]
    pub received_ms: i64,
    /// Nobody travels that fast: a person should look at it.
    #[n(3)]
    pub flagged: bool,
}

/// A change of the hour at which days begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DayStart {
    /// The first day that ends so long after midnight.
    #[n(0)]
    pub from: Day,
    /// Minutes after midnight, 0 to 360.
    #[n(1)]
    pub after_min: u16,
}

impl DayStart {
    /// In ms after midnight.
    #[must_use]
    pub fn after_ms(&self) -> i64 {
        i64::from(self.after_min).saturating_mul(MINUTE_MS)
    }
}

/// The zone of a user who is being made holds from the beginning of time.
pub(super) fn first(user: &mut User, fold: &Fold<'_>, zone: &str) {
    user.zones.push(ZoneChange {
        effective_ms: i64::MIN,
        zone: zone.into(),
        received_ms: fold.at_ms,
        flagged: false,
    });
    user.resolve(fold.rules);
}

/// A zone takes effect, in the past too: days, totals, statuses and scores are then what they would be had it been known.
pub(super) fn change(user: &mut User, fold: &mut Fold<'_>, new: &NewZone) {
    let known = fold.rules.zones.zone(&new.zone).is_some();
    if !known || user.zones.len() >= limits::ZONE_CHANGES_MAX {
        return;
    }
    let effective_ms = user.zone_takes_effect(new.effective_ms);
    let moving = refile::Moving::before(user, fold, effective_ms);
    let told = Told::of(user, effective_ms);
    insert(user, fold, (new, effective_ms));
    user.resolve(fold.rules);
    profile::created_again(user);
    moving.carry_out(user, fold);
    // Before a deadline is carried out, and before what only the calendar has changed.
    goals::judge(user, fold);
    enrolment::zone_changed(user, fold);
    told.set_right(user, fold);
    streaks::grant(user, fold);
    // A deadline that has moved into the past is carried out now.
    let now_ms = fold.at_ms;
    closing::run(user, fold, now_ms);
}

fn insert(user: &mut User, fold: &Fold<'_>, (new, effective_ms): (&NewZone, i64)) {
    if user.zones.is_empty() {
        user.zones.push(ZoneChange {
            effective_ms: i64::MIN,
            zone: "UTC".into(),
            received_ms: i64::MIN,
            flagged: false,
        });
    }
    let at = user
        .zones
        .partition_point(|held| held.effective_ms <= effective_ms);
    let change = ZoneChange {
        effective_ms,
        zone: new.zone.clone(),
        received_ms: fold.at_ms,
        flagged: new.flagged,
    };
    user.zones.insert(at, change);
}

/// From tomorrow on, days end so many minutes after midnight.
pub(super) fn start_days(user: &mut User, fold: &Fold<'_>, after_min: u16) {
    if user.day_starts.len() >= limits::DAY_STARTS_MAX {
        return;
    }
    let from = user.day_of(fold.at_ms).next();
    user.day_starts.retain(|held| held.from < from);
    user.day_starts.push(DayStart { from, after_min });
    user.resolve(fold.rules);
}

impl User {
    /// The instant at which a change takes effect that asks for `wanted_ms`: its minute, the user's first at the earliest, and
    /// never in a day whose end is settled (domain.md 2.2).
    #[must_use]
    pub(super) fn zone_takes_effect(&self, wanted_ms: i64) -> i64 {
        let minute = |at_ms: i64| at_ms.saturating_sub(at_ms.rem_euclid(MINUTE_MS));
        let Some((created_ms, first)) = self.created else {
            return i64::MIN;
        };
        let wanted_ms = minute(wanted_ms.max(created_ms));
        if self.hard_closed < first {
            return wanted_ms;
        }
        let settled_ms = self.calendar().end_ms(self.hard_closed);
        wanted_ms.max(minute(settled_ms.saturating_add(MINUTE_MS)))
    }

    /// How long after midnight days end from the newest change on, in minutes, and the first day that does.
    #[must_use]
    pub fn day_start(&self) -> (u16, Option<Day>) {
        let newest = self.day_starts.last();
        newest.map_or((0, None), |held| (held.after_min, Some(held.from)))
    }

    /// Whether a missed day of a goal is void because the calendar made it short (domain.md 2.2). `kept` says of a day whether
    /// it was void at its hard close, `missed` of the days before whether they are missed unless this makes them void.
    #[must_use]
    pub fn is_short_void(
        &self,
        day: Day,
        kept: &dyn Fn(Day) -> bool,
        missed: &dyn Fn(Day) -> bool,
    ) -> bool {
        let calendar = self.calendar();
        let may_be_void = |day| kept(day) || calendar.may_be_void(day);
        kept(day) || calendar::is_short_void(day, &may_be_void, missed)
    }
}

/// Statuses of the soft-closed days that a change may touch, as they were told.
struct Told(BTreeMap<(GoalId, Day), Option<DayStatus>>);

impl Told {
    fn of(user: &User, effective_ms: i64) -> Self {
        // A day that the change before it cut short is void only if this one does not follow too soon.
        let soon_ms = effective_ms.saturating_sub(limits::SHORT_DAY_MS);
        let first = user.day_of(soon_ms).prev();
        let keys = |id: &GoalId| {
            let days = (first.0..=user.soft_closed.0).map(Day);
            days.map(|day| (id.clone(), day)).collect::<Vec<_>>()
        };
        // Of weeks and months the calendar makes none void.
        let daily = user
            .goals
            .iter()
            .filter(|(_, goal)| goal.period == Period::Day);
        let keys = daily.flat_map(|(id, _)| keys(id));
        let status = |key: (GoalId, Day)| {
            let status = user.status(&key.0, key.1);
            (key, status)
        };
        Self(keys.map(status).collect())
    }

    /// What only the calendar has changed: a day has become void, or is none any more. A day that is met now, or no longer, was
    /// set right when its minutes moved.
    fn set_right(self, user: &mut User, fold: &mut Fold<'_>) {
        for ((id, day), before) in self.0 {
            let now = user.status(&id, day);
            let by_minutes = [before, now].contains(&Some(DayStatus::Met));
            if now != before && !by_minutes {
                streaks::status_changed(user, fold, &id, day);
            }
        }
    }
}
