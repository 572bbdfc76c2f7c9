//! A user's profile: its making at the first input, the alias that others see, the start of its weeks (domain.md 2.2).
//!
//! Zones and the start of days are `zones`'.

use super::{User, device_order, enrolment, fold::Fold, paying, zones};
use crate::{
    civil::Day,
    input::{NewProfile, NewZone},
};

/// Makes the user at its first input; the day of creation counts whole (domain.md 2.2).
pub(super) fn create(user: &mut User, fold: &Fold<'_>, zone: Option<&NewZone>) {
    if user.created.is_some() {
        return;
    }
    let known = zone.filter(|new| fold.rules.zones.zone(&new.zone).is_some());
    if let Some(new) = known {
        zones::first(user, fold, &new.zone);
    }
    let day = user.day_of(fold.at_ms);
    begin(user, (fold.at_ms, day));
    user.version = user.version.saturating_add(1);
}

/// The days before are history.
fn begin(user: &mut User, (created_ms, day): (i64, Day)) {
    user.created = Some((created_ms, day));
    user.soft_closed = day.prev();
    user.hard_closed = day.prev();
    paying::begin(user, day);
}

/// A zone that takes effect in the minute of the creation may put that into another day: this is the day of creation then, unless
/// the other one is closed.
pub(super) fn created_again(user: &mut User) {
    let Some((created_ms, first)) = user.created else {
        return;
    };
    let day = user.day_of(created_ms);
    if day != first && user.soft_closed < first {
        begin(user, (created_ms, day));
    }
}

/// A hello: it makes the user, or brings another zone.
pub(super) fn open(user: &mut User, fold: &mut Fold<'_>, zone: Option<&NewZone>) {
    if user.created.is_none() {
        create(user, fold, zone);
    } else if let Some(new) = zone {
        user.version = user.version.saturating_add(1);
        zones::change(user, fold, new);
    }
}

/// Parts of the profile that are given; the others stay.
pub(super) fn change(user: &mut User, fold: &mut Fold<'_>, new: &NewProfile) {
    if user.created.is_none() {
        create(user, fold, new.zone.as_ref());
    } else {
        user.version = user.version.saturating_add(1);
        if let Some(zone) = &new.zone {
            zones::change(user, fold, zone);
        }
    }
    if let Some(after_min) = new.day_start_min {
        zones::start_days(user, fold, after_min);
    }
    if let Some(week_starts) = new.week_starts {
        user.week_starts = week_starts;
    }
    if let Some(order) = &new.device_order {
        device_order::change(user, fold, order);
    }
    let (shown, said) = (user.shown_alias(), user.attributes.clone());
    if let Some(attributes) = &new.attributes {
        user.attributes = attributes.clone();
    }
    user.hidden = new.hidden.unwrap_or(user.hidden);
    if let Some(alias) = &new.alias {
        user.alias = Some(alias.clone());
    }
    if new.alias.is_some() || user.shown_alias() != shown || user.attributes != said {
        enrolment::announce_all(user, fold);
    }
}
