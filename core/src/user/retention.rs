//! What is still kept of a user's days: what a fold may read, what a snapshot lets go, and when somebody must look (ADR 0034).
//!
//! Folds and answers go by logical time alone. That chunks go a little later, with the next snapshot, shows nowhere.

use alloc::vec::Vec;

use super::{User, snapshot::Parts};
use crate::{
    chunk::minutes,
    civil::{DAY_MS, Day},
    day::{DayState, Head},
    limits,
    retention::Detail,
};

impl User {
    /// What is kept of a day at an instant, POSIX ms. Of a day that nothing is known of, everything is.
    #[must_use]
    pub fn detail(&self, day: Day, at_ms: i64) -> Detail {
        let complete_ms = |state: &DayState| self.complete_ms(day, state);
        let state = self.days.get(&day).map(|state| complete_ms(state));
        state.map_or(Detail::Records, |complete_ms| {
            self.retention.detail(complete_ms, at_ms)
        })
    }

    /// From when on the time is counted: the day's end, or the last import that brought something of it.
    fn complete_ms(&self, day: Day, state: &DayState) -> i64 {
        let end_ms = self.calendar().end_ms(day);
        state.brought_ms.map_or(end_ms, |at_ms| at_ms.max(end_ms))
    }

    /// Whether records of a day can be found by what is folded now.
    pub(super) fn keeps_records(&self, day: Day) -> bool {
        self.detail(day, self.now_ms) == Detail::Records
    }

    /// When a look is next due at what is no longer kept, POSIX ms: so late that a look finds a week's days at once. The oldest
    /// day speaks for all.
    pub(super) fn next_expiry(&self) -> Option<i64> {
        let ends = |day: Option<&Day>| {
            let (day, state) = day.and_then(|day| self.days.get_key_value(day))?;
            Some(self.retention.ends(self.complete_ms(*day, state)))
        };
        let records = ends(self.manifest.keys().next()).map(|[at_ms, _]| at_ms);
        let minutes = ends(self.minutes.keys().next()).map(|[_, at_ms]| at_ms);
        let looks = [records, minutes].into_iter().flatten();
        let looks = looks.map(|at_ms| at_ms.saturating_add(limits::EXPIRY_WITHIN_MS));
        // A look that was due before has been taken: the next snapshot lets these days go.
        looks.filter(|at_ms| *at_ms > self.now_ms).min()
    }

    /// Days of the manifest, or with minutes, of which no more than this is kept.
    fn expired<'a>(&'a self, days: impl Iterator<Item = &'a Day>, most: Detail) -> Vec<Day> {
        let old = days.copied();
        old.filter(|day| self.detail(*day, self.now_ms) <= most)
            .collect()
    }
}

/// Takes what is no longer kept out of the manifests; with the snapshot it leaves the store.
pub(super) fn expire(user: &mut User, parts: &mut Parts) {
    let kept_ms = i64::from(user.retention.records_days).saturating_mul(DAY_MS);
    let last = user.day_of(user.now_ms.saturating_sub(kept_ms));
    let records = user.manifest.range(..=last).map(|(day, _)| day);
    for day in user.expired(records, Detail::Minutes) {
        let numbers = user.manifest.remove(&day).unwrap_or_default();
        let named = numbers.into_iter().map(|number| (day, number));
        parts.dropped.extend(named);
    }
    let minutes = user.minutes.range(..=last).map(|(day, _)| day);
    for day in user.expired(minutes, Detail::Totals) {
        let number = user.minutes.remove(&day);
        parts.dropped.extend(number.map(|number| (day, number)));
    }
}

/// Writes the minutes of a day that is let go, unless they are written as they are.
pub(super) fn write_minutes(user: &mut User, (day, head): (Day, &Head), parts: &mut Parts) {
    if head.is_empty() || !minutes::fit(head) || user.detail(day, user.now_ms) == Detail::Totals {
        return;
    }
    let number = user.next_chunk;
    user.next_chunk = number.saturating_add(1);
    let before = user.minutes.insert(day, number);
    parts.dropped.extend(before.map(|before| (day, before)));
    parts.minutes.push(((day, number), minutes::encode(head)));
}
