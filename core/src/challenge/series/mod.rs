//! A series: a challenge that begins anew, each time as a challenge of its own, a cycle (domain.md 5.1, ADR 0070).
//!
//! That a cycle's time has come is a boundary of the series, so that one that was down makes up for it once. The cycle's id is a
//! function of the series and its number, and one that is there is never made again, so whatever is told twice makes one.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use minicbor::{Decode, Encode};

use super::{
    Challenge, Stage,
    fold::{self, Notice},
};
use crate::{
    definition::Definition,
    view::{ChallengePhase, CycleView},
};

/// The cycles of a series.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Series {
    /// Number of the first: those whose windows were over when the series was published are never made.
    #[n(0)]
    pub first: u32,
    /// Number of the newest whose time has come.
    #[n(1)]
    pub due: u32,
    /// Number of the newest that was made, or missed.
    #[n(2)]
    pub done: u32,
    /// Those that were not made, and why.
    #[n(3)]
    pub missed: BTreeMap<u32, String>,
    /// The series was cancelled, and the newest cycle knows that none follows.
    #[n(4)]
    pub ended: bool,
}

/// What carries a series or a cycle on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CycleInput {
    /// Makes the cycle and publishes it.
    #[n(1)]
    Issue {
        /// What it is.
        #[n(0)]
        definition: Box<Definition>,
        /// Members of a cycle before it are carried here.
        #[n(1)]
        inherits: bool,
    },
    /// To a series: so many cycles are made or missed.
    #[n(2)]
    Made(#[n(0)] u32),
    /// To a series: a cycle cannot be paid, and is not made.
    #[n(3)]
    Missed {
        /// Its number.
        #[n(0)]
        number: u32,
        /// Why, in words.
        #[n(1)]
        reason: String,
    },
    /// To a cycle: the cycle of this number is there and follows it.
    #[n(4)]
    Follow(#[n(0)] u32),
    /// To a cycle: none follows it, since the series was cancelled.
    #[n(5)]
    End,
    /// To a cycle: whoever is carried to it is in.
    #[n(6)]
    Gathered,
}

impl CycleInput {
    /// What kind of input, for operators.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Issue { .. } => "issue",
            Self::Made(_) => "made",
            Self::Missed { .. } => "missed",
            Self::Follow(_) => "follow",
            Self::End => "end",
            Self::Gathered => "gathered",
        }
    }
}

/// What a series has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a cycle.
    Make {
        /// Its number.
        number: u32,
        /// The newest one before it that was made.
        before: Option<u32>,
    },
    /// Tell these cycles, where they are there, that none follows.
    End {
        /// The newest one that is known to be made.
        newest: Option<u32>,
        /// One that may have been made since.
        next: u32,
    },
}

impl Series {
    /// The newest cycle that was made.
    fn newest(&self) -> Option<u32> {
        let mut numbers = (self.first..=self.done).rev();
        numbers.find(|number| !self.missed.contains_key(number))
    }
}

impl Challenge {
    /// Whether it is a series of challenges, and none itself.
    #[must_use]
    pub fn is_series(&self) -> bool {
        let definition = self.definition.as_ref();
        definition.is_some_and(|of| of.recurs.is_some())
    }

    /// Until its last cycle is settled a series is open.
    pub(super) fn phase_of_series(&self, now_ms: i64) -> ChallengePhase {
        match self.series_over_ms() {
            Some(over_ms) if now_ms >= over_ms => ChallengePhase::Settled,
            _ => ChallengePhase::Open,
        }
    }

    /// When the last cycle settles, POSIX ms.
    fn series_over_ms(&self) -> Option<i64> {
        let of = self.definition.as_ref()?;
        let ends_ms = of.cycle_ends_ms(of.last_cycle())?;
        // What lies between end and settlement is the same of every cycle.
        let rest_ms = of.settles_at_ms().saturating_sub(of.ends_at_ms());
        Some(ends_ms.saturating_add(rest_ms))
    }

    /// When the next cycle is made, or the series is over, POSIX ms.
    pub(super) fn next_of_series(&self) -> Option<i64> {
        let (of, series) = (self.definition.as_ref()?, self.series.as_ref()?);
        let next = series.due.saturating_add(1);
        let made_ms = of.cycle_made_ms(next).filter(|_| next <= of.last_cycle());
        let boundaries = made_ms.into_iter().chain(self.series_over_ms());
        boundaries.filter(|at| *at > self.now_ms).min()
    }

    /// The series is published: the first cycle whose window is not over is made at once.
    pub(super) fn begin_series(&mut self) {
        let now_ms = self.now_ms;
        let Some(of) = self.definition.as_ref().filter(|of| of.recurs.is_some()) else {
            return;
        };
        let is_over = |number| {
            let ends_ms = of.cycle_ends_ms(number);
            ends_ms.is_some_and(|at_ms| at_ms <= now_ms)
        };
        let last = of.last_cycle();
        let first = of.cycles_while(is_over).saturating_add(1);
        self.series = Some(Box::new(Series {
            first,
            due: first.min(last),
            done: first.saturating_sub(1),
            missed: BTreeMap::new(),
            ended: false,
        }));
        self.note_cycles();
    }

    /// Counts the cycles whose time has come.
    pub(super) fn note_cycles(&mut self) {
        let Some(of) = self.definition.as_ref() else {
            return;
        };
        let now_ms = self.now_ms;
        let Some(series) = self.series.as_mut() else {
            return;
        };
        let is_due = |number| {
            let made_ms = of.cycle_made_ms(number);
            made_ms.is_some_and(|at_ms| at_ms <= now_ms)
        };
        series.due = of.cycles_while(is_due).max(series.due);
    }

    /// What a series has to do next; nothing of a challenge that is none.
    #[must_use]
    pub fn series_step(&self) -> Option<Step> {
        let series = self.series.as_ref().filter(|_| !self.stopped)?;
        let next = series.done.saturating_add(1);
        let newest = series.newest();
        match self.stage {
            Stage::Published if next <= series.due => Some(Step::Make {
                number: next,
                before: newest,
            }),
            Stage::Cancelled(_) if !series.ended => Some(Step::End { newest, next }),
            _ => None,
        }
    }

    /// The newest cycle knows that none follows.
    pub fn series_ended(&mut self) {
        if let Some(series) = self.series.as_mut() {
            series.ended = true;
        }
    }

    /// Whether another challenge has yet to be told something of this series or cycle.
    #[must_use]
    pub fn owes_cycles(&self) -> bool {
        self.series_step().is_some() || self.owes_next()
    }

    /// When the board begins anew, POSIX ms: when it ends, and another cycle follows.
    #[must_use]
    pub fn next_reset_ms(&self) -> Option<i64> {
        let of = self.definition.as_ref()?;
        let goes_on = of.cycle.is_some_and(|cycle| !cycle.is_last) && !self.succession.is_last;
        goes_on.then(|| of.ends_at_ms())
    }

    /// Up to `limit` cycles after a number, those that were missed among them; and whether more follow.
    #[must_use]
    pub fn cycles(&self, after: u32, limit: usize) -> (Vec<CycleView>, bool) {
        let (Some(series), Some(of)) = (self.series.as_ref(), self.definition.as_ref()) else {
            return (Vec::new(), false);
        };
        let mut numbers = series.first.max(after.saturating_add(1))..=series.done;
        let view = |number: u32| {
            let window = of.cycle_window(number)?;
            Some(CycleView {
                number,
                challenge: self.id.of_cycle(number),
                window,
                missed: series.missed.get(&number).cloned(),
            })
        };
        let page = numbers.by_ref().take(limit).filter_map(view).collect();
        (page, numbers.next().is_some())
    }
}

impl Challenge {
    /// What of an input that carries it on is not done yet.
    #[must_use]
    pub fn cycle_news(&self, input: &CycleInput) -> Option<CycleInput> {
        let is_done = match input {
            CycleInput::Issue { .. } => self.definition.is_some() || !self.is_free(),
            CycleInput::Made(number) | CycleInput::Missed { number, .. } => {
                let series = self.series.as_ref();
                series.is_none_or(|series| series.done >= *number)
            }
            CycleInput::Follow(number) => {
                self.definition.is_none() || self.succession.next >= Some(*number)
            }
            CycleInput::End => self.definition.is_none() || self.succession.is_last,
            CycleInput::Gathered => !self.awaits_members(),
        };
        (!is_done).then(|| input.clone())
    }

    /// Whether nothing else lives in the entity.
    fn is_free(&self) -> bool {
        self.campaign.is_none() && self.template.is_none()
    }

    fn count_cycle(&mut self, number: u32, missed: Option<String>) {
        if let Some(series) = self.series.as_mut() {
            series.done = number;
            if let Some(reason) = missed {
                series.missed.insert(number, reason);
            }
        }
    }
}

/// Folds one; nobody is told. `at_ms`: its stamp, POSIX ms.
pub(super) fn fold(challenge: &mut Challenge, (input, at_ms): (&CycleInput, i64)) -> Vec<Notice> {
    let Some(input) = challenge.cycle_news(input) else {
        return Vec::new();
    };
    match input {
        CycleInput::Issue {
            definition,
            inherits,
        } => {
            challenge.succession.awaits = inherits;
            challenge.now_ms = challenge.now_ms.max(at_ms);
            fold::create(challenge, &definition, at_ms);
            return fold::set(challenge, Stage::Published);
        }
        CycleInput::Made(number) => challenge.count_cycle(number, None),
        CycleInput::Missed { number, reason } => challenge.count_cycle(number, Some(reason)),
        CycleInput::Follow(number) => challenge.succession.next = Some(number),
        CycleInput::End => challenge.succession.is_last = true,
        CycleInput::Gathered => challenge.succession.awaits = false,
    }
    let stage = challenge.stage.clone();
    fold::set(challenge, stage)
}

#[cfg(test)]
pub(super) mod tests;
