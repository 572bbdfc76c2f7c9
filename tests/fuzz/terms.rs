//! Valid terms of a challenge: whose clock its dates are of, who joins late, and how many it needs.

use streakline::zones::BundledZones;
use streakline_core::{
    civil::Day,
    definition::{Clock, Definition, Keeping, Kind, LateJoin, standing::endless},
    zone::Zones,
};

use crate::{random::Random, values::maybe};

/// Each member's own, UTC, or a zone that turns its clocks now and then.
pub(crate) fn clock(random: &mut Random, starts: Day) -> Clock {
    match random.index(3) {
        0 => Clock::UserLocal,
        1 => Clock::Utc,
        _ => {
            let zones = BundledZones::new();
            let name = ["Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca"];
            let zone = zones.zone(name[random.index(3)]);
            Clock::of_zone(&zone.unwrap(), starts)
        }
    }
}

/// Whether one may join late, and how many days the window has then at most.
pub(crate) fn late(random: &mut Random) -> (LateJoin, i64) {
    match random.index(3) {
        0 => (LateJoin::Yes, 400),
        1 => (LateJoin::No, 400),
        _ => (LateJoin::Prorated, 60),
    }
}

/// A number of members that is not more than the places.
pub(crate) fn least(random: &mut Random, capacity: Option<u32>) -> u32 {
    let places = i64::from(capacity.unwrap_or(1_000_000));
    u32::try_from(random.within(1, places)).unwrap()
}

/// Sometimes one of the last days alone, or without an end, where its type may be.
pub(crate) fn with_standing(random: &mut Random, mut of: Definition) -> Definition {
    let may_stand = of.kind == Kind::Most && of.clock == Clock::UserLocal && of.recurs.is_none();
    if !may_stand {
        return of;
    }
    if random.permille(500) {
        of.rolling_days = Some(u32::try_from(random.within(2, 31)).unwrap());
    }
    let may_last = of.rewards.is_empty() && of.late != LateJoin::Prorated && of.cycle.is_none();
    if may_last && random.permille(500) {
        (of.ends, of.is_endless) = (endless(of.starts), true);
        of.min_participants = None;
    }
    of
}

/// Sometimes its board is kept in parts, where that can be.
pub(crate) fn with_keeping(random: &mut Random, of: Definition) -> Definition {
    let parted = Definition {
        keeping: Keeping::Parts,
        capacity: maybe(random, |random| {
            u32::try_from(random.within(1_000_000, 2_000_000)).unwrap()
        }),
        ..of.clone()
    };
    let fits = parted.faults().is_empty() && random.permille(500);
    if fits { parted } else { of }
}
