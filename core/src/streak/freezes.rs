//! The freezes of a streak: what came in, what went out, what is held (domain.md 4.2, T4.2).

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use crate::{civil::Day, limits};

/// Inventory: held = earned + bought - used + returned - lost, 0 to 2.
///
/// ```
/// use streakline_core::{civil::Day, streak::Freezes};
/// let mut freezes = Freezes::default();
/// freezes.buy(Day(10), 2);
/// assert_eq!(freezes.take(Day(9)), None, "not for a day before it was acquired");
/// assert_eq!(freezes.take(Day(10)), Some(Day(10)));
/// assert_eq!(freezes.held(), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Freezes {
    /// The civil day on which each of those that are held was acquired, rising.
    #[n(0)]
    acquired: Vec<Day>,
    /// Earned by met periods.
    #[n(1)]
    pub earned: u32,
    /// Bought for tokens.
    #[n(2)]
    pub bought: u32,
    /// Used for missed periods.
    #[n(3)]
    pub used: u32,
    /// Came back because late data made the period met.
    #[n(4)]
    pub returned: u32,
    /// Came while as many were held as may be.
    #[n(5)]
    pub lost: u32,
    /// Met periods that were counted, each once.
    #[n(6)]
    pub met: u32,
}

impl Freezes {
    /// How many are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.acquired.len()
    }

    /// Counts one more met period; answers whether it earned a freeze, which is lost where `most` are held.
    pub fn count(&mut self, today: Day, most: u8) -> bool {
        self.met = self.met.saturating_add(1);
        let earns = self.met.checked_rem(limits::FREEZE_EARNED_BY) == Some(0);
        if earns {
            self.earned = self.earned.saturating_add(1);
            self.keep(today, most);
        }
        earns
    }

    /// Takes in one that was paid for.
    pub fn buy(&mut self, today: Day, most: u8) {
        self.bought = self.bought.saturating_add(1);
        self.keep(today, most);
    }

    /// Uses the oldest one for a period that ends with `last`, if it was acquired by then; answers the day of its acquisition.
    pub fn take(&mut self, last: Day) -> Option<Day> {
        let acquired = self.acquired.first().copied().filter(|day| *day <= last)?;
        self.acquired.remove(0);
        self.used = self.used.saturating_add(1);
        Some(acquired)
    }

    /// Takes one back; what would exceed `most` is lost.
    pub fn give_back(&mut self, acquired: Day, most: u8) {
        self.returned = self.returned.saturating_add(1);
        self.keep(acquired, most);
    }

    /// From now on at most `most` may be held; the newest of the others are lost.
    pub fn limit(&mut self, most: u8) {
        while self.acquired.len() > usize::from(most) {
            self.acquired.pop();
            self.lost = self.lost.saturating_add(1);
        }
    }

    fn keep(&mut self, acquired: Day, most: u8) {
        if self.acquired.len() < usize::from(most) {
            self.acquired.push(acquired);
            self.acquired.sort_unstable();
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_met_periods_earn_one_and_a_third_is_lost() {
        let mut freezes = Freezes::default();
        let earned: Vec<i32> = (1..=21).filter(|day| freezes.count(Day(*day), 2)).collect();
        assert_eq!(earned, [7, 14, 21]);
        assert_eq!((freezes.held(), freezes.earned, freezes.lost), (2, 3, 1));
    }

    #[test]
    fn the_oldest_is_used_first_and_comes_back_with_its_day() {
        let mut freezes = Freezes::default();
        freezes.buy(Day(3), 2);
        freezes.buy(Day(8), 2);
        assert_eq!(freezes.take(Day(9)), Some(Day(3)));
        assert_eq!(freezes.take(Day(7)), None);
        freezes.give_back(Day(3), 2);
        assert_eq!(freezes.take(Day(7)), Some(Day(3)));
        let held = freezes.earned + freezes.bought + freezes.returned - freezes.used - freezes.lost;
        assert_eq!(freezes.held(), usize::try_from(held).unwrap());
    }
}
