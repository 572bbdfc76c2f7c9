//! One user's world: what came in, what was decided at a moment and is therefore kept, and the boundaries of time between
//! (domain.md 2.3). Everything else is made anew from what came in.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use streakline_core::{
    civil::{DAY_MS, Day, HOUR_MS},
    id::DeviceId,
    sample::DeviceClass,
};

use super::{
    days::{Partition, Timeline},
    derived::{self, DayData},
    goals::Goal,
    milestones::{Grant, Verdict},
    pauses::Pause,
    records::Copy,
    statuses::Status,
    streaks::Instruments,
};
use crate::places::Places;

const SOFT_AFTER_MS: i64 = 3 * HOUR_MS;
const HARD_AFTER_MS: i64 = 72 * HOUR_MS;
const ARCHIVE_AFTER_MS: i64 = 30 * DAY_MS;

/// What happens at its time, with or without an input; in this order at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Boundary {
    Increment,
    Soft,
    Hard,
    Begin,
    Archive,
    Final,
}

/// What the records say of each day.
type Derived = BTreeMap<Day, Rc<DayData>>;

/// Days as swept once: of which timeline, from when to when.
type Swept = (Timeline, i64, i64, Rc<Partition>);

pub struct World {
    pub places: Places,
    pub now_ms: i64,
    pub created_ms: i64,
    // What came in.
    pub timeline: Timeline,
    pub bound: Vec<(DeviceId, DeviceClass)>,
    pub copies: Vec<Copy>,
    pub goals: BTreeMap<String, Goal>,
    /// When each goal was changed by hand.
    pub changes: BTreeMap<String, Vec<i64>>,
    pub sunday_weeks: bool,
    pub rests: BTreeSet<Day>,
    pub pauses: Vec<Pause>,
    pub verdicts: Vec<Verdict>,
    /// What became of each record of the last batch.
    pub said: Vec<&'static str>,
    // What was decided.
    pub begun: BTreeSet<Day>,
    pub soft: BTreeMap<Day, i64>,
    pub hard: BTreeMap<Day, i64>,
    /// Eligible steps by minute of days as their hard close left them: later ones pay nothing.
    pub frozen: BTreeMap<Day, BTreeMap<i64, i64>>,
    pub archived: BTreeMap<Day, Rc<DayData>>,
    pub kept: BTreeMap<(String, Day), Status>,
    pub issued: BTreeMap<(String, Day), i64>,
    /// Targets that are not issued anew.
    pub locked: BTreeSet<(String, Day)>,
    pub instruments: BTreeMap<String, Instruments>,
    pub grants: BTreeMap<String, Vec<Grant>>,
    /// The stretch of time that pays for a day, and what was paid.
    pub ranges: BTreeMap<Day, (i64, i64)>,
    pub posted: BTreeMap<Day, i64>,
    /// What freezes and repairs have cost.
    pub charged_micro: i64,
    /// While it is asked what were, if no verdict that may still fall stood.
    pub acquitting: Cell<bool>,
    increments: BTreeMap<Day, i64>,
    partition: RefCell<Option<Swept>>,
    derived: RefCell<Option<Rc<Derived>>>,
}

impl World {
    pub fn new(created_ms: i64) -> Self {
        Self {
            places: Places::new(),
            now_ms: created_ms,
            created_ms,
            timeline: Timeline::default(),
            bound: Vec::new(),
            copies: Vec::new(),
            goals: BTreeMap::new(),
            changes: BTreeMap::new(),
            sunday_weeks: false,
            rests: BTreeSet::new(),
            pauses: Vec::new(),
            verdicts: Vec::new(),
            grants: BTreeMap::new(),
            said: Vec::new(),
            begun: BTreeSet::new(),
            soft: BTreeMap::new(),
            hard: BTreeMap::new(),
            frozen: BTreeMap::new(),
            archived: BTreeMap::new(),
            kept: BTreeMap::new(),
            issued: BTreeMap::new(),
            locked: BTreeSet::new(),
            charged_micro: 0,
            acquitting: Cell::new(false),
            instruments: BTreeMap::new(),
            ranges: BTreeMap::new(),
            posted: BTreeMap::new(),
            increments: BTreeMap::new(),
            partition: RefCell::default(),
            derived: RefCell::default(),
        }
    }

    /// Something came in that days depend on.
    pub fn forget_derived(&mut self) {
        self.derived.take();
    }

    /// The user's days, from the oldest record to next week.
    pub fn days(&self) -> Rc<Partition> {
        let oldest = self
            .copies
            .iter()
            .filter_map(|copy| copy.sample.span)
            .map(|(from, _)| from);
        let from_ms = oldest
            .min()
            .unwrap_or(self.created_ms)
            .min(self.created_ms - 33 * DAY_MS)
            - 2 * DAY_MS;
        let mut held = self.partition.borrow_mut();
        if let Some((timeline, from, to, partition)) = held.as_ref()
            && *timeline == self.timeline
            && *from <= from_ms
            && *to >= self.now_ms + 4 * DAY_MS
        {
            return partition.clone();
        }
        let (from, to) = (from_ms - 20 * DAY_MS, self.now_ms + 24 * DAY_MS);
        let partition = Rc::new(self.timeline.days(&self.places, from, to));
        *held = Some((self.timeline.clone(), from, to, partition.clone()));
        partition
    }

    fn derived(&self) -> Rc<Derived> {
        let days = self.days();
        let mut held = self.derived.borrow_mut();
        held.get_or_insert_with(|| Rc::new(derived::days(&self.copies, &self.bound, &days)))
            .clone()
    }

    /// A day as its records have it; what is archived stays.
    pub fn day(&self, day: Day) -> Rc<DayData> {
        let archived = self.archived.get(&day).cloned();
        archived.unwrap_or_else(|| self.derived().get(&day).cloned().unwrap_or_default())
    }

    /// Eligible amounts of a day's minutes.
    pub fn eligible_series(&self, day: Day, metric: &str) -> BTreeMap<i64, i64> {
        let data = self.day(day);
        let minutes = data
            .minutes
            .get(metric)
            .into_iter()
            .flat_map(|[_, eligible]| eligible);
        minutes
            .map(|(minute, merged)| (*minute, merged.value))
            .collect()
    }

    pub fn minutes_worn(&self, day: Day) -> usize {
        self.day(day).worn.len()
    }

    pub fn today(&self) -> Day {
        self.days().day_of(self.now_ms)
    }

    /// The first day that counts; days before it are history.
    pub fn first_day(&self) -> Day {
        let closed = self.soft.first_key_value().map(|(day, _)| *day);
        closed.unwrap_or_else(|| self.days().day_of(self.created_ms))
    }

    pub fn is_soft(&self, day: Day) -> bool {
        day < self.first_day() || self.soft.contains_key(&day)
    }

    pub fn is_hard(&self, day: Day) -> bool {
        day < self.first_day() || self.hard.contains_key(&day)
    }

    fn next_boundary(&self) -> Option<(i64, Boundary, Day)> {
        let days = self.days();
        let mut next: Vec<(i64, Boundary, Day)> = Vec::new();
        // A record of an older day than these is too old.
        let history = (self.first_day().0 - 32..self.first_day().0).map(Day);
        for day in history.filter(|day| !self.archived.contains_key(day)) {
            next.push((days.end_ms(day) + ARCHIVE_AFTER_MS, Boundary::Archive, day));
        }
        for day in (self.first_day().0..=self.today().0 + 1).map(Day) {
            let end_ms = days.end_ms(day);
            match (self.soft.get(&day), self.hard.get(&day)) {
                (None, _) => next.push((end_ms + SOFT_AFTER_MS, Boundary::Soft, day)),
                (Some(soft_ms), None) => {
                    next.push((end_ms + HARD_AFTER_MS, Boundary::Hard, day));
                    let hour = self.increments.get(&day).copied().unwrap_or(0) + 1;
                    next.push((soft_ms + hour * HOUR_MS, Boundary::Increment, day));
                }
                _ if !self.archived.contains_key(&day) => {
                    next.push((end_ms + ARCHIVE_AFTER_MS, Boundary::Archive, day));
                }
                _ => {}
            }
            let begins = days.span(day).filter(|_| !self.begun.contains(&day));
            next.extend(begins.map(|(start_ms, _)| (start_ms, Boundary::Begin, day)));
        }
        next.extend(
            self.finals()
                .map(|(due_ms, given)| (due_ms, Boundary::Final, given)),
        );
        let late = |(due, kind, day): (i64, Boundary, Day)| (due.max(self.now_ms), kind, day);
        next.into_iter().map(late).min()
    }

    /// Carries out every boundary up to an instant, each at its own time; one that was moved into the past, now.
    pub fn run_until(&mut self, to_ms: i64) {
        while let Some((due_ms, boundary, day)) =
            self.next_boundary().filter(|next| next.0 <= to_ms)
        {
            self.now_ms = due_ms;
            match boundary {
                Boundary::Begin => {
                    self.begun.insert(day);
                    self.issue(day);
                }
                Boundary::Increment => {
                    *self.increments.entry(day).or_default() += 1;
                    self.post(day);
                }
                Boundary::Soft => {
                    // One that was moved into the past is late, and the hours after it strike as if it were not.
                    let end_ms = self.days().end_ms(day);
                    self.soft.insert(day, end_ms + SOFT_AFTER_MS);
                    self.fix_range(day);
                    self.settle(true);
                    self.issue_again(day.next());
                    self.post(day);
                }
                Boundary::Hard => {
                    self.settle(true);
                    self.hard.insert(day, due_ms);
                    self.post(day);
                    self.frozen.insert(day, self.eligible_series(day, "steps"));
                    self.settle(false);
                }
                Boundary::Final => {
                    self.make_final();
                    self.settle(false);
                }
                Boundary::Archive => {
                    let data = self.day(day);
                    self.archived.insert(day, data);
                }
            }
        }
        self.now_ms = self.now_ms.max(to_ms);
    }
}
