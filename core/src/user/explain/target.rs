//! How the target of an adaptive goal came about: the days that its policy looked at, those that it passed over and why, and
//! what rounding and bounds made of its suggestion (domain.md 3.2).

use alloc::vec::Vec;

use super::super::goals;
use crate::{
    civil::Day,
    goal::{HeldTo, IssuedTarget, LOOK_BACK_DAYS, Percentile, WINDOW_DAYS},
    id::GoalId,
    limits,
    user::User,
};

/// What a policy made of a day that it looked back at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// It is one of the last nine valid closed days.
    Counted,
    /// It is valid; nine later ones were enough.
    Earlier,
    /// It was not closed when the target was issued.
    Open,
    /// Nothing is known of it.
    Unknown,
    /// Nothing was asked on it: a rest day, a paused one, or one that the calendar jumped over.
    Idle,
    /// A sample of it is kept aside for its clock.
    Quarantined,
    /// Worn for less than 10 hours.
    NotWorn,
    /// Its wear is not known, and it has less than 1,000 steps.
    FewSteps,
    /// It counts as valid now; when the target was issued it did not.
    Later,
}

/// A day that a policy looked back at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Which.
    pub day: Day,
    /// What became of it.
    pub used: Use,
    /// Its eligible amount when the target was issued, where it counted; store units.
    pub then: Option<i64>,
    /// Its eligible amount now.
    pub now: i64,
    /// Minutes that a sample says were worn.
    pub worn_minutes: u32,
}

/// How the target of one day came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetWhy {
    /// The target with what the policy went by.
    pub issued: IssuedTarget,
    /// The day that it is for.
    pub day: Day,
    /// Of the percentile policy: the amounts by rising size, and which of them, from 1, is the suggestion; `None`: fewer than
    /// five are known.
    pub percentile: (Vec<i64>, Option<usize>),
    /// From the suggestion to the target.
    pub held: HeldTo,
    /// The days that it looked back at, the newest first.
    pub looked: Vec<Looked>,
}

impl User {
    /// How an issued target came about.
    pub(super) fn target_why(&self, id: &GoalId, day: Day) -> Option<TargetWhy> {
        let issued = self.days.get(&day)?.issued.get(id)?.clone();
        let mut amounts: Vec<i64> = issued
            .inputs
            .window
            .iter()
            .map(|seen| seen.amount)
            .collect();
        amounts.sort_unstable();
        let rank = Percentile::rank(amounts.len());
        let looked = (1..=LOOK_BACK_DAYS).map(|back| self.looked((id, &issued), (day, back)));
        Some(TargetWhy {
            day,
            held: issued
                .by
                .bounds
                .held_to(issued.base, issued.inputs.previous),
            looked: looked.collect(),
            percentile: (amounts, rank),
            issued,
        })
    }

    fn looked(&self, (id, issued): (&GoalId, &IssuedTarget), (day, back): (Day, i32)) -> Looked {
        let on = day.plus(back.saturating_neg());
        let window = &issued.inputs.window;
        let held = window.iter().find(|seen| i32::from(seen.back) == back);
        let oldest = window.last().map_or(0, |seen| i32::from(seen.back));
        let full = window.len() >= WINDOW_DAYS && back > oldest;
        let state = self.days.get(&on);
        let used = match held {
            Some(_) => Use::Counted,
            None if full => Use::Earlier,
            None => self.passed_over(id, (on, issued.issued_ms)),
        };
        Looked {
            day: on,
            used,
            then: held.map(|seen| seen.amount),
            now: state.map_or(0, |state| state.goal_amount(issued.by.metric)),
            worn_minutes: state.map_or(0, |state| state.worn_minutes),
        }
    }

    /// Why a day within the look-back did not count.
    fn passed_over(&self, id: &GoalId, (on, issued_ms): (Day, i64)) -> Use {
        let closed_ms = self
            .calendar()
            .end_ms(on)
            .saturating_add(limits::SOFT_CLOSE_AFTER_MS);
        let Some(state) = self.days.get(&on).filter(|state| state.version > 0) else {
            return Use::Unknown;
        };
        if closed_ms > issued_ms {
            Use::Open
        } else if goals::is_idle(self, id, on) {
            Use::Idle
        } else if state.quarantined > 0 {
            Use::Quarantined
        } else if goals::is_valid(state) {
            Use::Later
        } else if state.worn_minutes >= limits::WEAR_KNOWN_MINUTES {
            Use::NotWorn
        } else {
            Use::FewSteps
        }
    }
}
