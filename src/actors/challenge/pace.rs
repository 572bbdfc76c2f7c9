//! How often the views of one board are made: once a tick, less often while making them takes more than its share of the thread.

use std::time::Duration;

use streakline_core::limits;

/// When the next round of views is due. Times are of the machine's clock.
#[derive(Debug, Default)]
pub(super) struct Pace {
    begun_ms: u64,
    wait_ms: u64,
}

impl Pace {
    /// Whether a round is due; it begins then.
    pub(super) fn begins(&mut self, now_ms: u64) -> bool {
        let is_due = now_ms.saturating_sub(self.begun_ms) >= self.wait_ms;
        if is_due {
            self.begun_ms = now_ms;
        }
        is_due
    }

    /// A round took so long.
    pub(super) fn took(&mut self, took: Duration, tick_ms: u64) {
        self.wait_ms = Self::wait_ms(took, tick_ms);
    }

    /// What the round has left to be done took so long.
    pub(super) fn took_more(&mut self, took: Duration, tick_ms: u64) {
        self.wait_ms = self.wait_ms.max(Self::wait_ms(took, tick_ms));
    }

    /// How long a round that took so long waits for the next one.
    fn wait_ms(took: Duration, tick_ms: u64) -> u64 {
        let wait = took.saturating_mul(100) / limits::BOARD_ROUND_PERCENT;
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let longest_ms = tick_ms.saturating_mul(limits::BOARD_TICKS_MAX);
        wait_ms.clamp(tick_ms, longest_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a round waits for the next one, when it took so many ms.
    fn wait_ms(took_ms: u64) -> u64 {
        let mut pace = Pace::default();
        pace.took(Duration::from_millis(took_ms), 1_000);
        pace.wait_ms
    }

    #[test]
    fn a_round_that_takes_more_than_its_share_makes_the_tick_longer_up_to_a_bound() {
        let share_ms = 1_000 * u64::from(limits::BOARD_ROUND_PERCENT) / 100;
        assert_eq!(wait_ms(0), 1_000);
        assert_eq!(wait_ms(share_ms), 1_000);
        assert_eq!(wait_ms(2 * share_ms), 2_000);
        assert_eq!(wait_ms(1_000_000), 1_000 * limits::BOARD_TICKS_MAX);
    }

    #[test]
    fn what_is_done_later_makes_the_tick_longer_and_never_shorter() {
        let mut pace = Pace::default();
        pace.took(Duration::from_millis(200), 1_000);
        pace.took_more(Duration::from_millis(1), 1_000);
        assert_eq!(pace.wait_ms, 2_000);
        pace.took_more(Duration::from_millis(300), 1_000);
        assert_eq!(pace.wait_ms, 3_000);
        pace.took(Duration::ZERO, 1_000);
        assert_eq!(pace.wait_ms, 1_000, "the next round begins anew");
    }

    #[test]
    fn a_round_begins_once_in_its_tick() {
        let mut pace = Pace::default();
        assert!(pace.begins(5_000));
        pace.took(Duration::ZERO, 1_000);
        assert!(!pace.begins(5_999));
        assert!(pace.begins(6_000) && !pace.begins(6_100));
    }
}
