//! From a policy's suggestion to the target of a day: rounding, floor and cap, and how far one day's target may lie from the
//! last one's (domain.md 3.2). Every issued target keeps what it was made of.

use minicbor::{Decode, Encode};

use super::{policy::Inputs, terms::Adaptive};

/// How far a target may lie from the last one, in hundredths of that.
const STEP_PERCENT: i64 = 15;

/// What every suggestion is held to, store units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Bounds {
    /// Smallest target.
    #[n(0)]
    pub floor: i64,
    /// Largest target; a coach may set it.
    #[n(1)]
    pub cap: i64,
    /// Suggestions are rounded up to a multiple of it, above 0.
    #[n(2)]
    pub round_to: i64,
    /// A target may always move by this much.
    #[n(3)]
    pub step: i64,
}

impl Bounds {
    /// Those of steps (domain.md 3.2).
    pub const STEPS: Self = Self {
        floor: 2_000,
        cap: 15_000,
        round_to: 50,
        step: 250,
    };

    /// Holds a suggestion to the bounds. Floor and cap win over the limit of the change.
    #[must_use]
    pub fn held_to(&self, base: i64, previous: Option<i64>) -> HeldTo {
        let unit = self.round_to.max(1);
        let over = base.rem_euclid(unit);
        let up = if over == 0 {
            0
        } else {
            unit.saturating_sub(over)
        };
        let rounded = base.saturating_add(up);
        let bounded = self.within(rounded);
        let limits = previous.map(|previous| {
            let share = previous.saturating_mul(STEP_PERCENT).div_euclid(100);
            let step = share.max(self.step);
            (previous.saturating_sub(step), previous.saturating_add(step))
        });
        let limited = limits.map_or(bounded, |(low, high)| bounded.max(low).min(high));
        HeldTo {
            rounded,
            bounded,
            limits,
            target: self.within(limited),
        }
    }

    fn within(&self, target: i64) -> i64 {
        target.min(self.cap).max(self.floor)
    }
}

/// From a suggestion to a target, store units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldTo {
    /// Rounded up.
    pub rounded: i64,
    /// Within floor and cap.
    pub bounded: i64,
    /// How far it may lie from the last target, at least and at most; `None`: there was none.
    pub limits: Option<(i64, i64)>,
    /// What came of it.
    pub target: i64,
}

/// The target of one day of an adaptive goal, with everything that it was made of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct IssuedTarget {
    /// By which rule, and within which bounds.
    #[n(0)]
    pub by: Adaptive,
    /// What the rule went by.
    #[n(1)]
    pub inputs: Inputs,
    /// What it suggested.
    #[n(2)]
    pub base: i64,
    /// What came of it.
    #[n(3)]
    pub target: i64,
    /// The user's own target for this day.
    #[n(4)]
    pub own: Option<i64>,
    /// It cannot be issued anew.
    #[n(5)]
    pub locked: bool,
    /// When it was issued, logical time in POSIX ms.
    #[n(6)]
    pub issued_ms: i64,
}

impl IssuedTarget {
    /// Issues a target.
    #[must_use]
    pub fn new(by: Adaptive, inputs: Inputs, issued_ms: i64) -> Self {
        let base = by.policy.rule().base(&inputs);
        let target = by.bounds.held_to(base, inputs.previous).target;
        Self {
            by,
            inputs,
            base,
            target,
            own: None,
            locked: false,
            issued_ms,
        }
    }

    /// What holds: the user's own target, else the issued one.
    #[must_use]
    pub fn effective(&self) -> i64 {
        self.own.unwrap_or(self.target)
    }
}

#[cfg(test)]
mod tests;
