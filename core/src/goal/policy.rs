//! Rules that suggest the next target of an adaptive goal, behind one trait (domain.md 3.2). Pure, in integers.
//!
//! What a suggestion is held to afterwards is `issue`'s; which days are known is found in `user::goals`. The policies `calfit`
//! and `bandit` are learned models and belong to those (domain.md 10).

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

/// Valid days that a suggestion looks at, at most (domain.md 3.2).
pub const WINDOW_DAYS: usize = 9;
/// How far back they may lie, in days.
pub const LOOK_BACK_DAYS: i32 = 21;
/// Fewer valid days than this are too few to go by.
const ENOUGH_DAYS: usize = 5;
/// The percentile of the schedule.
const PERCENTILE: usize = 60;

/// A valid day as a policy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WindowDay {
    /// How many days before the day of the target, 1 to 21.
    #[n(0)]
    pub back: u8,
    /// Eligible amount as it was known then, store units.
    #[n(1)]
    pub amount: i64,
    /// The target of that day, where one was issued.
    #[n(2)]
    pub target: Option<i64>,
}

/// Everything that a policy goes by.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Inputs {
    /// The last valid closed days, the newest first, 9 at most.
    #[n(0)]
    pub window: Vec<WindowDay>,
    /// The last issued target, with the user's own change of it.
    #[n(1)]
    pub previous: Option<i64>,
    /// The goal's onboarding target.
    #[n(2)]
    pub onboarding: i64,
}

/// A rule that suggests targets.
pub trait GoalPolicy {
    /// What the inputs suggest, before rounding and bounds.
    fn base(&self, inputs: &Inputs) -> i64;
}

/// The 60th percentile of the window by nearest rank.
///
/// ```
/// use streakline_core::goal::{GoalPolicy, Inputs, Percentile, WindowDay};
/// let days = [4_200, 7_350, 5_100, 8_800, 6_100, 3_900, 7_000, 9_400, 5_600];
/// let window = (1..).zip(days).map(|(back, amount)| WindowDay { back, amount, target: None });
/// let inputs = Inputs { window: window.collect(), previous: Some(6_000), onboarding: 6_000 };
/// assert_eq!(Percentile.base(&inputs), 7_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentile;

impl Percentile {
    /// Which of so many amounts by rising size it takes, from 1; `None`: they are too few.
    #[must_use]
    pub fn rank(amounts: usize) -> Option<usize> {
        let rank = amounts.saturating_mul(PERCENTILE).div_ceil(100);
        (amounts >= ENOUGH_DAYS).then_some(rank)
    }
}

impl GoalPolicy for Percentile {
    fn base(&self, inputs: &Inputs) -> i64 {
        let mut amounts: Vec<i64> = inputs.window.iter().map(|day| day.amount).collect();
        let Some(rank) = Self::rank(amounts.len()) else {
            return inputs.onboarding;
        };
        amounts.sort_unstable();
        let found = amounts.get(rank.saturating_sub(1));
        found.copied().unwrap_or(inputs.onboarding)
    }
}

/// A tenth of what the last valid day was above or below its target is added, a fifth when the day before it lay on the same
/// side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GarminLike;

impl GoalPolicy for GarminLike {
    fn base(&self, inputs: &Inputs) -> i64 {
        let Some(previous) = inputs.previous else {
            return inputs.onboarding;
        };
        let gap = |day: &WindowDay| day.amount.saturating_sub(day.target.unwrap_or(previous));
        let mut gaps = inputs.window.iter().map(gap);
        let Some(last) = gaps.next() else {
            return previous;
        };
        let again = gaps.next().is_some_and(|gap| gap.signum() == last.signum());
        let parts = if again { 5 } else { 10 };
        previous.saturating_add(last.div_euclid(parts))
    }
}

/// The policies by number, because goals are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Policy {
    /// [`Percentile`].
    #[n(1)]
    Percentile,
    /// [`GarminLike`].
    #[n(2)]
    GarminLike,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 2] = [Self::Percentile, Self::GarminLike];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Percentile => "percentile",
            Self::GarminLike => "garmin_like",
        }
    }

    /// The rule itself.
    #[must_use]
    pub fn rule(self) -> &'static dyn GoalPolicy {
        match self {
            Self::Percentile => &Percentile,
            Self::GarminLike => &GarminLike,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(gaps: &[(i64, Option<i64>)], previous: Option<i64>) -> Inputs {
        let day = |(back, (amount, target)): (u8, &(i64, Option<i64>))| WindowDay {
            back,
            amount: *amount,
            target: *target,
        };
        Inputs {
            window: (1..).zip(gaps).map(day).collect(),
            previous,
            onboarding: 6_000,
        }
    }

    #[test]
    fn four_valid_days_are_too_few_for_a_percentile_and_five_are_enough() {
        let days = [(1_000, None), (2_000, None), (3_000, None), (4_000, None)];
        assert_eq!(Percentile.base(&inputs(&days, None)), 6_000);
        let five = [days.as_slice(), &[(5_000, None)]].concat();
        assert_eq!(Percentile.base(&inputs(&five, None)), 3_000);
    }

    #[test]
    fn garmin_like_moves_by_a_tenth_and_by_a_fifth_when_two_days_agree() {
        let base = |gaps: &[_], previous| GarminLike.base(&inputs(gaps, previous));
        assert_eq!(base(&[], None), 6_000);
        assert_eq!(base(&[], Some(7_000)), 7_000);
        assert_eq!(base(&[(8_000, Some(7_000))], Some(7_000)), 7_100);
        let agree = [(8_000, Some(7_000)), (7_001, Some(7_000))];
        assert_eq!(base(&agree, Some(7_000)), 7_200);
        let apart = [(6_000, Some(7_000)), (9_000, None)];
        assert_eq!(base(&apart, Some(7_000)), 6_900);
    }
}
