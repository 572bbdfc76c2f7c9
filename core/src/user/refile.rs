//! What a zone that takes effect in the past does to stored records: those of other days now are filed again, and every day from
//! there on is rebuilt (domain.md 2.2, ADR 0019).
//!
//! Which records that takes is found in `plan`; the chunks that they came from are dropped with the next snapshot.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{User, fold::Fold, ingest, plan, progress, rebuild};
use crate::{
    calendar::Calendar,
    civil::Day,
    metric::Metric,
    records::{self, Records, StoredRecord},
};

/// A change of zone on its way.
pub(super) struct Moving {
    /// The first day that may be another than before.
    first: Day,
    /// The days before the change.
    before: Calendar,
    /// Every record that may matter, where any reaches beyond the change.
    known: Option<Records>,
}

impl Moving {
    /// Looks before the change is made.
    pub(super) fn before(user: &User, fold: &Fold<'_>, effective_ms: i64) -> Self {
        let first = user.day_of(effective_ms.saturating_sub(1));
        let reaches = plan::reaches_beyond(user, first, effective_ms);
        Self {
            first,
            before: user.calendar().clone(),
            known: reaches.then(|| ingest::gather(user, fold.loaded)),
        }
    }

    /// The calendar is changed: days follow.
    pub(super) fn carry_out(mut self, user: &mut User, fold: &mut Fold<'_>) {
        match self.known.take() {
            Some(known) => self.move_records(user, fold, &known),
            None => self.stretch(user, fold),
        }
    }

    /// No record is later than the change: days only end at another time.
    fn stretch(&self, user: &mut User, fold: &mut Fold<'_>) {
        let last = plan::last_day(user, self.first);
        rebuild::warm(user, fold, self.first, last);
        let days: Vec<Day> = user.days.range(self.first..).map(|(day, _)| *day).collect();
        for day in days {
            refresh(user, fold, day, BTreeSet::new());
        }
    }

    fn move_records(&self, user: &mut User, fold: &mut Fold<'_>, known: &Records) {
        let targets = self.targets(user, known);
        unfile(user, &targets);
        for copy in known.values().flatten() {
            if targets.contains_key(&copy.day(&self.before)) {
                file(user, copy);
            }
        }
        point(user, known, &targets);
        self.follow_counters(user, known);
        let winners = rebuild::winners(known);
        for day in self.days(user, known) {
            let changed = rebuild::minutes(user, day, &winners);
            refresh(user, fold, day, changed);
        }
    }

    /// Days that lose records, with all days that theirs belong to now.
    fn targets(&self, user: &User, known: &Records) -> BTreeMap<Day, BTreeSet<Day>> {
        let mut targets: BTreeMap<Day, BTreeSet<Day>> = BTreeMap::new();
        for copy in known.values().flatten() {
            let (before, now) = (copy.day(&self.before), copy.day(user.calendar()));
            if before >= self.first {
                targets.entry(before).or_default().insert(now);
            }
        }
        targets.retain(|before, now| now.iter().any(|now| now != before));
        targets
    }

    /// Every day from the first on that has anything, or gets something.
    fn days(&self, user: &User, known: &Records) -> BTreeSet<Day> {
        let mut days: BTreeSet<Day> = user.days.range(self.first..).map(|(day, _)| *day).collect();
        for copy in known.values().flatten() {
            let last = user.day_of(copy.record.end_ms);
            days.extend((user.day_of(copy.record.start_ms).0..=last.0).map(Day));
        }
        days.retain(|day| *day >= self.first);
        days
    }

    /// On which days counters were read.
    fn follow_counters(&self, user: &mut User, known: &Records) {
        for run in user.counter_runs.values_mut() {
            run.days.retain(|day| *day <= self.first);
        }
        for copy in known.values().flatten() {
            ingest::note_counter(user, copy);
        }
    }
}

/// Takes days out of the chunks and the tail.
fn unfile(user: &mut User, targets: &BTreeMap<Day, BTreeSet<Day>>) {
    for day in targets.keys() {
        let chunks = user.manifest.remove(day).unwrap_or_default();
        let named = chunks.into_iter().map(|number| (*day, number));
        user.dropped.extend(named);
        user.tail.remove(*day);
        if let Some(state) = user.days.get_mut(day) {
            state.unfile();
        }
    }
}

fn file(user: &mut User, copy: &StoredRecord) {
    let day = copy.day(user.calendar());
    user.tail.push(day, copy);
    let state = user.days.entry(day).or_default();
    let reach_ms = ingest::reach_ms(&copy.record);
    state.note(copy.binding, copy.record.id, reach_ms);
}

/// Days remember where the winners are of copies that are kept in them.
fn point(user: &mut User, known: &Records, targets: &BTreeMap<Day, BTreeSet<Day>>) {
    for state in user.days.values_mut() {
        let moved = state.moved_to.iter().filter_map(|day| targets.get(day));
        let moved: BTreeSet<Day> = moved.flatten().copied().collect();
        state.moved_to.extend(moved);
    }
    for copies in known.values() {
        let winner = records::winner(copies).map(|winner| winner.copy.day(user.calendar()));
        let Some(winner) = winner else { continue };
        for copy in copies {
            let day = copy.day(user.calendar());
            if let Some(state) = user.days.get_mut(&day).filter(|_| day != winner) {
                state.moved_to.insert(winner);
            }
        }
    }
}

/// All that a day says is found anew, also where only its end has moved.
fn refresh(user: &mut User, fold: &mut Fold<'_>, day: Day, changed: BTreeSet<Metric>) {
    let Some(state) = user.days.get(&day) else {
        return;
    };
    // It never had a minute: only what was told of it is kept, or records that say nothing. Whether these are in memory must make no
    // difference.
    let is_blank = state.head.as_ref().is_none_or(|head| head.is_empty());
    if state.version == 0 && is_blank {
        return;
    }
    let mut metrics = rebuild::said(state);
    metrics.extend(changed);
    progress::refresh(user, fold, day, &metrics);
}
