//! Whose clock the dates of a challenge are of (domain.md 5.1): each member's own, or one clock for all.
//!
//! A named zone is kept as the offsets that it has over any window that may still be made of it, and so is journaled with the
//! definition: a later time zone database moves no boundary of a challenge (ADR 0060).

use alloc::{string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    civil::{Day, HOUR_MS},
    limits,
    zone::{Zone, Zones},
};

/// Hours by which the first place on Earth is ahead of UTC when a date begins.
const FIRST_PLACE_H: i64 = 14;
/// Hours by which the last place on Earth is behind UTC when a date ends.
const LAST_PLACE_H: i64 = 12;
/// Days before and after a window within which its first and last midnight lie at any offset.
const MARGIN_DAYS: i32 = 3;

/// Whose clock the dates of a window are of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum Clock {
    /// Each member's own days (domain.md 2.1).
    #[default]
    #[n(0)]
    UserLocal,
    /// UTC for all.
    #[n(1)]
    Utc,
    /// One zone for all.
    #[n(2)]
    Zone(#[n(0)] Dial),
}

/// What the clocks of one zone show around a window.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Dial {
    /// IANA name.
    #[n(0)]
    name: String,
    /// Seconds ahead of UTC before the first turn.
    #[n(1)]
    first_offset_s: i32,
    /// Instants at which the clocks are turned, POSIX ms, rising, with the seconds ahead of UTC from then on; at most
    /// [`limits::CLOCK_TURNS_MAX`].
    #[n(2)]
    turns: Vec<(i64, i32)>,
}

/// A date of a clock that is the same for all, with its instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateSpan {
    /// Which.
    pub date: Day,
    /// Its first instant, POSIX ms.
    pub start_ms: i64,
    /// The first instant after it, POSIX ms; the same for a date that the clocks jumped over.
    pub end_ms: i64,
}

impl Clock {
    /// The clock of a zone, for a window that starts on a date.
    ///
    /// ```
    /// use streakline_core::{civil::{Day, HOUR_MS}, definition::Clock, zone::Zone};
    /// let berlin = Zone::new("Europe/Berlin", 3_600, vec![(1_774_746_000_000, 7_200)]);
    /// let day = Day::parse("2026-03-29").unwrap();
    /// let span = Clock::of_zone(&berlin, day).date(day).unwrap();
    /// assert_eq!(span.end_ms - span.start_ms, 23 * HOUR_MS);
    /// ```
    #[must_use]
    pub fn of_zone(zone: &Zone, starts: Day) -> Self {
        let first_ms = starts.plus(-MARGIN_DAYS).utc_ms();
        let days = limits::WINDOW_DAYS_MAX.saturating_add(MARGIN_DAYS);
        Self::Zone(Dial {
            name: zone.name().into(),
            first_offset_s: zone.offset_s(first_ms),
            turns: zone.turns(first_ms, starts.plus(days).utc_ms()).to_vec(),
        })
    }

    /// The same for a window that starts on another date.
    #[must_use]
    pub fn around(&self, starts: Day, zones: &dyn Zones) -> Self {
        let zone = match self {
            Self::Zone(dial) => zones.zone(&dial.name),
            Self::UserLocal | Self::Utc => None,
        };
        zone.map_or_else(|| self.clone(), |zone| Self::of_zone(&zone, starts))
    }

    /// Its name on the wire: `user_local`, `utc`, or that of the zone.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::UserLocal => "user_local",
            Self::Utc => "utc",
            Self::Zone(dial) => &dial.name,
        }
    }

    /// Whether its dates begin at the same instant for everybody.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        *self != Self::UserLocal
    }

    /// Whether it has the turns that a zone can have over a window.
    pub(super) fn is_bounded(&self) -> bool {
        match self {
            Self::Zone(dial) => dial.turns.len() <= limits::CLOCK_TURNS_MAX,
            Self::UserLocal | Self::Utc => true,
        }
    }

    /// A date of a clock that is the same for all.
    #[must_use]
    pub fn date(&self, date: Day) -> Option<DateSpan> {
        Some(DateSpan {
            date,
            start_ms: self.begins_ms(date)?,
            end_ms: self.begins_ms(date.next())?,
        })
    }

    /// The date that an instant has on a clock that is the same for all: as with days of users, it never falls when the clocks
    /// are put back (domain.md 2.1).
    #[must_use]
    pub fn date_at(&self, at_ms: i64) -> Option<DateSpan> {
        let mut date = Day::of_utc_ms(at_ms).plus(MARGIN_DAYS);
        // No clock is more than two days off, so these are a few steps.
        while self.begins_ms(date)? > at_ms {
            date = date.prev();
        }
        self.date(date)
    }

    /// The first start of a date anywhere, POSIX ms: at UTC+14 where everybody has a clock of their own.
    #[must_use]
    pub fn first_start_ms(&self, date: Day) -> i64 {
        let ahead_ms = FIRST_PLACE_H.saturating_mul(HOUR_MS);
        let anywhere = || date.utc_ms().saturating_sub(ahead_ms);
        self.begins_ms(date).unwrap_or_else(anywhere)
    }

    /// The last end of a date anywhere, POSIX ms: at UTC-12 where everybody has a clock of their own.
    #[must_use]
    pub fn last_end_ms(&self, date: Day) -> i64 {
        let behind_ms = LAST_PLACE_H.saturating_mul(HOUR_MS);
        let anywhere = || date.next().utc_ms().saturating_add(behind_ms);
        self.begins_ms(date.next()).unwrap_or_else(anywhere)
    }

    /// The first instant at which it shows a date, POSIX ms.
    fn begins_ms(&self, date: Day) -> Option<i64> {
        match self {
            Self::UserLocal => None,
            Self::Utc => Some(date.utc_ms()),
            Self::Zone(dial) => Some(dial.first_showing(date.utc_ms())),
        }
    }
}

impl Dial {
    /// The first instant at which the clocks show a time or a later one, both in ms.
    fn first_showing(&self, wall_ms: i64) -> i64 {
        let shown = |offset_s: i32| {
            let offset_ms = i64::from(offset_s).saturating_mul(1_000);
            wall_ms.saturating_sub(offset_ms)
        };
        let (mut offset_s, mut from_ms) = (self.first_offset_s, i64::MIN);
        for (turn_ms, next_s) in &self.turns {
            let at_ms = shown(offset_s).max(from_ms);
            if at_ms < *turn_ms {
                return at_ms;
            }
            (offset_s, from_ms) = (*next_s, *turn_ms);
        }
        shown(offset_s).max(from_ms)
    }
}

#[cfg(test)]
mod tests;
