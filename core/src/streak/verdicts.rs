//! Confirmed fraud: which days it takes, and which milestones it holds back (domain.md 4.3).

use alloc::{collections::BTreeSet, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{civil::Day, limits};

/// How far a verdict has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Stage {
    /// Final at this time, POSIX ms, unless it is appealed or decided before.
    #[n(0)]
    Open(#[n(0)] i64),
    /// An appeal waits for its outcome.
    #[n(1)]
    Appealed,
    /// Final.
    #[n(2)]
    Final,
    /// Taken back.
    #[n(3)]
    Acquitted,
}

/// A verdict on some days of a user.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Verdict {
    /// The days that are missed by it.
    #[n(0)]
    pub days: BTreeSet<Day>,
    /// The civil day on which it was given.
    #[n(1)]
    pub given: Day,
    /// How far it has come.
    #[n(2)]
    pub stage: Stage,
}

/// Every verdict of a user; the number of one is its place, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Verdicts(#[n(0)] Vec<Verdict>);

impl Verdicts {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Verdict> {
        self.0.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// With their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Verdict)> {
        (1_u32..).zip(&self.0)
    }

    /// Whether a day is taken.
    #[must_use]
    pub fn take(&self, day: Day) -> bool {
        let in_force = self.0.iter().filter(|held| held.stage != Stage::Acquitted);
        in_force.into_iter().any(|held| held.days.contains(&day))
    }

    /// Whether milestones of an event day are held back, or never granted anew: while a verdict is not decided, those from its
    /// day on; once it is final, those up to its day.
    #[must_use]
    pub fn withhold(&self, event: Day) -> bool {
        self.0.iter().any(|held| match held.stage {
            Stage::Open(_) | Stage::Appealed => held.given <= event,
            Stage::Final => event <= held.given,
            Stage::Acquitted => false,
        })
    }

    /// As they would be, were all acquitted that are not decided; `None`: all are decided.
    #[must_use]
    pub fn acquitted(&self) -> Option<Self> {
        let undecided = |held: &Verdict| matches!(held.stage, Stage::Open(_) | Stage::Appealed);
        if !self.0.iter().any(undecided) {
            return None;
        }
        let mut verdicts = self.0.clone();
        for held in verdicts.iter_mut().filter(|held| undecided(held)) {
            held.stage = Stage::Acquitted;
        }
        Some(Self(verdicts))
    }

    /// Gives a verdict; answers its number.
    pub fn give(&mut self, days: BTreeSet<Day>, given: Day, at_ms: i64) -> u32 {
        let stage = Stage::Open(at_ms.saturating_add(limits::APPEAL_MS));
        self.0.push(Verdict { days, given, stage });
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Whether a verdict may come to a stage: an appeal needs one that is open, an outcome one that is not final yet, and an
    /// acquittal one that is not taken back yet.
    #[must_use]
    pub fn may_advance(&self, number: u32, stage: Stage) -> bool {
        let held = self.get(number).map(|held| held.stage);
        match stage {
            Stage::Open(_) => false,
            Stage::Appealed => matches!(held, Some(Stage::Open(_))),
            Stage::Final => matches!(held, Some(Stage::Open(_) | Stage::Appealed)),
            Stage::Acquitted => held.is_some_and(|held| held != Stage::Acquitted),
        }
    }

    /// Moves a verdict on, where it may; answers whether it did.
    pub fn advance(&mut self, number: u32, stage: Stage) -> bool {
        let may = self.may_advance(number, stage);
        let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        let held = index
            .and_then(|index| self.0.get_mut(index))
            .filter(|_| may);
        held.map(|held| held.stage = stage).is_some()
    }

    /// The earliest that becomes final by time: when, and its number.
    #[must_use]
    pub fn next(&self) -> Option<(i64, u32)> {
        let open = |(number, held): (u32, &Verdict)| match held.stage {
            Stage::Open(at_ms) => Some((at_ms, number)),
            _ => None,
        };
        self.iter().filter_map(open).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_holds_back_from_its_day_on_and_once_final_up_to_it() {
        let mut verdicts = Verdicts::default();
        let number = verdicts.give([Day(5)].into(), Day(10), 0);
        assert_eq!(verdicts.next(), Some((limits::APPEAL_MS, 1)));
        let held = |verdicts: &Verdicts| [9, 10, 11].map(|day| verdicts.withhold(Day(day)));
        assert_eq!(held(&verdicts), [false, true, true]);
        assert!(verdicts.advance(number, Stage::Appealed));
        assert_eq!(
            (held(&verdicts), verdicts.next()),
            ([false, true, true], None)
        );
        assert!(verdicts.advance(number, Stage::Final));
        assert_eq!(held(&verdicts), [true, true, false]);
        assert!(verdicts.take(Day(5)));
        assert!(
            !verdicts.advance(number, Stage::Final),
            "it is final already"
        );
        assert!(verdicts.advance(number, Stage::Acquitted));
        assert!(!verdicts.take(Day(5)) && !verdicts.withhold(Day(9)));
        assert!(!verdicts.advance(number, Stage::Acquitted));
        assert!(!verdicts.advance(2, Stage::Acquitted), "there is no second");
    }
}
