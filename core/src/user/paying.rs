//! Which minutes pay for which day (domain.md 2.2, 8.2). At the soft close of a day its range of minutes is fixed: from the end
//! of the range before to the end of the day as it is known then. A zone that changes later moves days, never these ranges, so
//! no minute pays twice and none is lost.
//!
//! A day's state says how many of its steps lie in which range; without changes of zone that is all of them, in its own.

use alloc::{collections::BTreeMap, vec::Vec};
use minicbor::{Decode, Encode};

use super::User;
use crate::{
    civil::{Day, MINUTE_MS},
    day::DayState,
    small_map::SmallMap,
};

/// The ranges that are fixed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Paying {
    /// By the day that is paid: first minute and the first after it, POSIX ms. Those that no open day has a part in are
    /// forgotten.
    #[n(0)]
    ranges: BTreeMap<Day, (i64, i64)>,
    /// End of the newest range, POSIX ms: later minutes pay for days to come.
    #[n(1)]
    fixed_to_ms: i64,
}

impl Paying {
    /// The end of the range of a day, where one is held.
    pub(super) fn end_ms(&self, day: Day) -> Option<i64> {
        self.ranges.get(&day).map(|(_, to_ms)| *to_ms)
    }

    /// The range of a day, where one is held: first minute and the first after it, POSIX ms.
    #[must_use]
    pub fn range(&self, day: Day) -> Option<(i64, i64)> {
        self.ranges.get(&day).copied()
    }

    /// Days that have a range and are later than a day.
    pub(super) fn after(&self, day: Day) -> impl Iterator<Item = Day> {
        self.ranges.range(day.next()..).map(|(day, _)| *day)
    }
}

/// Ranges begin with the day on which the user was made.
pub(super) fn begin(user: &mut User, first: Day) {
    user.paying.fixed_to_ms = user.calendar().start_ms(first);
}

/// The range of a day is fixed: it takes what no range has of the minutes before the day's end.
pub(super) fn fix(user: &mut User, day: Day) {
    let (from_ms, to_ms) = (user.paying.fixed_to_ms, user.calendar().end_ms(day));
    let to_ms = to_ms.max(from_ms);
    for of in free_days(user, day) {
        let Some(state) = user.days.get_mut(&of) else {
            continue;
        };
        let free = free_steps(state);
        if free > 0 {
            state.shares.insert(day, free);
        }
    }
    user.paying.ranges.insert(day, (from_ms, to_ms));
    user.paying.fixed_to_ms = to_ms;
}

/// A day's steps by minute are known: how many of them lie in which range. What is frozen for rewards keeps its parts.
pub(super) fn share(user: &mut User, day: Day, steps: &[(i32, u32)]) {
    if day <= user.hard_closed {
        return;
    }
    let mut shares = SmallMap::default();
    for (owner, (from_ms, to_ms)) in &user.paying.ranges {
        let inside =
            |minute: i32| (*from_ms..*to_ms).contains(&i64::from(minute).saturating_mul(MINUTE_MS));
        let own = steps.iter().filter(|(minute, _)| inside(*minute));
        let sum = own.fold(0_i64, |sum, (_, value)| {
            sum.saturating_add(i64::from(*value))
        });
        if sum > 0 {
            shares.insert(*owner, sum);
        }
    }
    if let Some(state) = user.days.get_mut(&day) {
        state.shares = shares;
    }
}

/// A day is hard-closed: ranges and parts that no open day can change any more are forgotten.
pub(super) fn settle(user: &mut User, day: Day) {
    let settled_ms = user.calendar().end_ms(day);
    let over = |owner: &Day, to_ms: i64| *owner <= day && to_ms <= settled_ms;
    let ranges = &mut user.paying.ranges;
    ranges.retain(|owner, (_, to_ms)| !over(owner, *to_ms));
    if settled_ms > user.paying.fixed_to_ms {
        return;
    }
    let held = |owner: &Day| user.paying.ranges.contains_key(owner);
    for (_, state) in user.days.range_mut(..=day) {
        state.shares.retain(|owner, _| held(owner));
    }
}

/// Days up to `last` that have minutes which lie in no range.
fn free_days(user: &User, last: Day) -> Vec<Day> {
    let calendar = user.calendar();
    let first = calendar.day_of(user.paying.fixed_to_ms);
    let days = user.days.range(first.min(last)..=last);
    let free = |day: &Day| calendar.end_ms(*day) > user.paying.fixed_to_ms;
    days.map(|(day, _)| *day).filter(free).collect()
}

/// Steps of a day that lie in no range.
fn free_steps(state: &DayState) -> i64 {
    let shared = state
        .shares
        .values()
        .fold(0_i64, |sum, part| sum.saturating_add(*part));
    let all = state.scored.unwrap_or(state.eligible_steps());
    all.saturating_sub(shared).max(0)
}

impl User {
    /// Eligible steps that pay for a day: those of its range, or what its range would be if it were closed now.
    #[must_use]
    pub fn payable_steps(&self, day: Day) -> i64 {
        let parts: Vec<i64> = if day <= self.soft_closed {
            let Some((from_ms, to_ms)) = self.paying.ranges.get(&day) else {
                return 0;
            };
            let calendar = self.calendar();
            let first = calendar.day_of(*from_ms).min(day);
            let last = calendar.day_of(*to_ms).max(day);
            let part = |state: &DayState| state.shares.get(&day).copied().unwrap_or(0);
            let days = self.days.range(first..=last);
            days.map(|(_, state)| part(state)).collect()
        } else if day == self.soft_closed.next() {
            let free = free_days(self, day);
            let states = free.iter().filter_map(|of| self.days.get(of));
            states.map(|state| free_steps(state)).collect()
        } else {
            self.days
                .get(&day)
                .map(|state| free_steps(state))
                .into_iter()
                .collect()
        };
        parts.into_iter().fold(0, i64::saturating_add)
    }
}
