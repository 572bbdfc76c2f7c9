//! What a day's total adds to the finer samples of the day: only what these lack, on the minutes that none of them covers
//! (domain.md 1.1). It is the lowest bidder: it never takes a minute from a sample.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use crate::civil::MINUTE_MS;

/// The total of a day that counts: of several devices the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DayTotal {
    /// Store units.
    #[n(0)]
    pub amount: u64,
    /// The instant up to which it has counted, POSIX ms.
    #[n(1)]
    pub until_ms: i64,
}

/// A day's minutes in order, with the remainder of its total spread evenly over the minutes without a sample, at most `cap`
/// each. The minutes go from `start_ms` to the end of the day or to where the total has counted, whichever comes first
/// (ADR 0017).
#[must_use]
pub fn with_remainder(
    series: Vec<(i32, u32)>,
    total: DayTotal,
    (start_ms, end_ms): (i64, i64),
    cap: Option<u32>,
) -> Vec<(i32, u32)> {
    let sum = series.iter().fold(0_u64, |sum, (_, value)| {
        sum.saturating_add(u64::from(*value))
    });
    let remainder = total.amount.saturating_sub(sum);
    let minute = |at_ms: i64| i32::try_from(at_ms.div_euclid(MINUTE_MS)).unwrap_or(i32::MAX);
    let until_ms = end_ms.min(total.until_ms).saturating_add(MINUTE_MS - 1);
    let open = minute(start_ms)..minute(until_ms);
    let covered = |minute: i32| {
        series
            .binary_search_by_key(&minute, |(held, _)| *held)
            .is_ok()
    };
    let free: Vec<i32> = open.filter(|minute| !covered(*minute)).collect();
    let count = u64::try_from(free.len()).unwrap_or(u64::MAX);
    if remainder == 0 || count == 0 {
        return series;
    }
    let until = |index: u64| {
        let product = u128::from(remainder).saturating_mul(u128::from(index));
        u64::try_from(product.checked_div(u128::from(count)).unwrap_or(0)).unwrap_or(u64::MAX)
    };
    let cap = cap.unwrap_or(u32::MAX);
    let mut all = series;
    for (minute, index) in free.into_iter().zip(0_u64..) {
        let share = until(index.saturating_add(1)).saturating_sub(until(index));
        all.push((minute, u32::try_from(share).unwrap_or(u32::MAX).min(cap)));
    }
    all.sort_unstable_by_key(|(minute, _)| *minute);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn spread(series: Vec<(i32, u32)>, amount: u64, until_ms: i64) -> Vec<(i32, u32)> {
        let total = DayTotal { amount, until_ms };
        with_remainder(series, total, (0, 5 * MINUTE_MS), None)
    }

    #[test]
    fn a_total_adds_what_the_samples_lack_to_the_minutes_without_one() {
        let all = spread(vec![(1, 50), (3, 20)], 100, i64::MAX);
        assert_eq!(all, [(0, 10), (1, 50), (2, 10), (3, 20), (4, 10)]);
        assert_eq!(
            spread(vec![], 7, i64::MAX)
                .iter()
                .map(|(_, value)| value)
                .sum::<u32>(),
            7
        );
    }

    #[test]
    fn a_total_below_the_samples_adds_nothing_and_takes_nothing() {
        assert_eq!(spread(vec![(1, 50)], 49, i64::MAX), [(1, 50)]);
        assert_eq!(spread(vec![(1, 50)], 0, i64::MAX), [(1, 50)]);
    }

    #[test]
    fn a_total_reaches_no_further_than_it_has_counted() {
        let noon = 2 * MINUTE_MS + 1;
        assert_eq!(spread(vec![], 9, noon), [(0, 3), (1, 3), (2, 3)]);
        assert_eq!(spread(vec![], 9, 0), []);
    }

    #[test]
    fn a_minute_of_the_remainder_is_capped_like_any_other() {
        let total = DayTotal {
            amount: 1_000,
            until_ms: i64::MAX,
        };
        assert_eq!(
            with_remainder(vec![], total, (0, 2 * MINUTE_MS), Some(240)),
            [(0, 240), (1, 240)]
        );
    }
}
