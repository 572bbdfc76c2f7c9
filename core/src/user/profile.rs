//! A user's profile: its making at the first input, the zone that its days follow, the alias that others see (domain.md 2.2).
//!
//! How zones become days is `calendar`'s.

use super::{User, ZoneChange, enrolment, fold::Fold};
use crate::{civil::MINUTE_MS, limits};

/// Makes the user at its first input; the day of creation counts whole (domain.md 2.2).
pub(super) fn create(user: &mut User, fold: &mut Fold<'_>, zone: Option<&str>) {
    if user.zones.is_empty()
        && let Some(zone) = zone.filter(|zone| fold.rules.zones.zone(zone).is_some())
    {
        set_zone(user, fold, zone);
    }
    if user.created.is_none() {
        let day = user.day_of(fold.at_ms);
        user.created = Some((fold.at_ms, day));
        user.soft_closed = day.prev();
        user.hard_closed = day.prev();
        user.version = user.version.saturating_add(1);
    }
}

/// A new zone is in force from the first minute after every stored sample, so that no record changes its day (ADR 0011).
fn set_zone(user: &mut User, fold: &mut Fold<'_>, zone: &str) {
    let newest = user
        .devices
        .values()
        .flat_map(|device| device.covered.values().copied())
        .max()
        .unwrap_or(i64::MIN);
    let from = newest
        .max(fold.at_ms)
        .saturating_add(MINUTE_MS)
        .saturating_sub(1);
    let minute = from.div_euclid(MINUTE_MS).saturating_mul(MINUTE_MS);
    let effective_ms = if user.created.is_none() {
        i64::MIN
    } else {
        minute
    };
    if user.created.is_some() && user.zones.is_empty() {
        user.zones.push(ZoneChange {
            effective_ms: i64::MIN,
            zone: "UTC".into(),
        });
    }
    user.zones.push(ZoneChange {
        effective_ms,
        zone: zone.into(),
    });
    user.resolve(fold.rules);
    enrolment::zone_changed(user, fold);
}

/// Parts of the profile that are given; the others stay.
pub(super) fn change(
    user: &mut User,
    fold: &mut Fold<'_>,
    zone: Option<&str>,
    alias: Option<&str>,
) {
    let existed = user.created.is_some();
    let known = zone.filter(|zone| fold.rules.zones.zone(zone).is_some());
    if let Some(zone) = known.filter(|zone| existed && user.zone() != *zone)
        && user.zones.len() < limits::ZONE_CHANGES_MAX
    {
        set_zone(user, fold, zone);
    }
    create(user, fold, known);
    if existed {
        user.version = user.version.saturating_add(1);
    }
    if let Some(alias) = alias {
        user.alias = Some(alias.into());
        enrolment::announce_all(user, fold);
    }
}
