//! What a streak allows, and what its milestones pay (domain.md 4.2, 4.3). The default allows nothing.

use minicbor::{Decode, Encode};

use super::Amounts;

/// How a missed day may be repaired; earn-back is always among the ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Repair {
    /// By both next days alone.
    #[n(0)]
    EarnBack,
    /// By both next days, or for tokens.
    #[n(1)]
    EarnBackOrTokens,
}

/// The instruments of a streak, and the amounts of its milestones as configured when it was set (ADR 0022).
///
/// ```
/// use streakline_core::streak::Definition;
/// assert!(!Definition::default().has_passes());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Definition {
    /// Freezes that may be held, 0 to 2.
    #[n(0)]
    pub freezes: u8,
    /// Whether a missed Saturday or Sunday may pass.
    #[n(1)]
    pub weekend_pass: bool,
    /// Whether a missed day of at least 95 % of its target may pass (ADR 0023).
    #[n(2)]
    pub near_miss: bool,
    /// Whether a missed day may be repaired, and how.
    #[n(3)]
    pub repair: Option<Repair>,
    /// What milestones pay.
    #[n(4)]
    pub amounts: Amounts,
}

impl Definition {
    /// Whether any missed day may pass.
    #[must_use]
    pub fn has_passes(&self) -> bool {
        self.weekend_pass || self.near_miss
    }

    /// Whether it asks for what only daily goals can have: passes and repairs are of days.
    #[must_use]
    pub fn is_of_days(&self) -> bool {
        self.has_passes() || self.repair.is_some()
    }
}
