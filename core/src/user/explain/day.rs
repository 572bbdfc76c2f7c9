//! Why a civil day is what it is: the zones that made it, when it closes, what its totals are made of (domain.md 2).

use alloc::vec::Vec;

use super::{AmountWhy, Evidence, Share};
use crate::{
    civil::Day,
    event::EventId,
    limits,
    metric::Metric,
    user::{User, ZoneChange},
    view::DayView,
};

/// Whether a day is one like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// At least 20 hours long.
    Usual,
    /// The calendar jumped over this date: no minute belongs to it.
    Jumped,
    /// Shorter than 20 hours. `void`: a goal that misses it is not harmed, unless it was spared in the 13 days before.
    Short {
        /// The change that shortened it was known in time and followed by none for 20 hours.
        void: bool,
    },
}

/// When a day closes, POSIX ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closes {
    /// Tokens are posted, streaks extended.
    pub soft_ms: i64,
    /// Frozen for rewards.
    pub hard_ms: i64,
    /// Read only.
    pub archive_ms: i64,
}

/// Why a day is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayWhy {
    /// The day as it is told elsewhere.
    pub view: DayView,
    /// Zones that were in force in it, in order. The first may have begun before it.
    pub zones: Vec<ZoneChange>,
    /// Minutes after midnight at which it began and ended.
    pub day_start_min: (u16, u16),
    /// Whether it is one like any other.
    pub shape: Shape,
    /// When it closes.
    pub closes: Closes,
    /// Which minutes pay for it, once that is fixed: first and first after it, POSIX ms.
    pub paying: Option<(i64, i64)>,
    /// The input that changed its amounts last.
    pub changed_by: Option<EventId>,
    /// Minutes that a sample says were worn.
    pub worn_minutes: u32,
    /// Winning records that begin in it and are kept aside for their clock.
    pub quarantined: u32,
    /// By metric whose amounts add up.
    pub amounts: Vec<AmountWhy>,
    /// By gauge: what each device gave.
    pub gauges: Vec<(Metric, Vec<Share>)>,
}

impl Evidence<'_> {
    /// Why a day is what it is.
    #[must_use]
    pub fn day(&self, day: Day, now_ms: i64) -> DayWhy {
        let user = self.user;
        let state = user.days.get(&day);
        let gauges = state.into_iter().flat_map(|state| state.gauges.keys());
        let gauges = gauges.map(|metric| (*metric, self.readings(day, *metric)));
        DayWhy {
            view: user.day_view(day, now_ms),
            zones: user.zones_in(day),
            day_start_min: (user.day_start_on(day.prev()), user.day_start_on(day)),
            shape: user.shape_of(day),
            closes: user.closes(day),
            paying: user.paying.range(day),
            changed_by: state.and_then(|state| state.links.changed()),
            worn_minutes: state.map_or(0, |state| state.worn_minutes),
            quarantined: state.map_or(0, |state| state.quarantined),
            amounts: self.amounts(day),
            gauges: gauges.collect(),
        }
    }
}

impl User {
    /// Zones that are in force in a day, in order; empty: UTC, until one is set.
    fn zones_in(&self, day: Day) -> Vec<ZoneChange> {
        let (start_ms, end_ms) = (self.calendar().start_ms(day), self.calendar().end_ms(day));
        let begun = self
            .zones
            .partition_point(|held| held.effective_ms <= start_ms);
        let from = begun.saturating_sub(1);
        let held = self.zones.iter().skip(from);
        held.take_while(|held| held.effective_ms < end_ms)
            .cloned()
            .collect()
    }

    /// How many minutes after midnight a day ends.
    fn day_start_on(&self, day: Day) -> u16 {
        let mut held = self.day_starts.iter().rev();
        held.find(|held| held.from <= day)
            .map_or(0, |held| held.after_min)
    }

    /// Whether a day is one like any other.
    pub(super) fn shape_of(&self, day: Day) -> Shape {
        let calendar = self.calendar();
        let length_ms = calendar.end_ms(day).saturating_sub(calendar.start_ms(day));
        if calendar.is_void(day) {
            Shape::Jumped
        } else if length_ms < limits::SHORT_DAY_MS {
            let void = calendar.may_be_void(day);
            Shape::Short { void }
        } else {
            Shape::Usual
        }
    }

    fn closes(&self, day: Day) -> Closes {
        let end_ms = self.calendar().end_ms(day);
        Closes {
            soft_ms: end_ms.saturating_add(limits::SOFT_CLOSE_AFTER_MS),
            hard_ms: end_ms.saturating_add(limits::HARD_CLOSE_AFTER_MS),
            archive_ms: end_ms.saturating_add(limits::ARCHIVE_AFTER_MS),
        }
    }
}
