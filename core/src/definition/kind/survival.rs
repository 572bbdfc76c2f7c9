//! Rounds of a last-standing challenge: one a day; whoever stays under the bar is out (domain.md 5.2).

use alloc::collections::BTreeMap;

use crate::civil::Day;

/// How many rounds somebody survives whose days have these amounts, from the first on, each with the minute in which it was
/// reached; and the minute of the last of them, where there is one.
///
/// The rounds that two survive are prefixes of the same days, so those who are still in are nested sets (T5.8), whatever comes
/// late.
///
/// ```
/// use streakline_core::{civil::Day, definition::kind::survival::rounds};
///
/// let days = [(Day(1), (70, 0)), (Day(2), (50, 5)), (Day(4), (90, 9))].into();
/// assert_eq!(rounds(50, (Day(1), Day(4)), &days), (2, Some(5)));
/// assert_eq!(rounds(51, (Day(1), Day(4)), &days), (1, Some(0)));
/// ```
#[must_use]
pub fn rounds(
    bar: i64,
    (first, last): (Day, Day),
    days: &BTreeMap<Day, (i64, i64)>,
) -> (i64, Option<i64>) {
    let (mut survived, mut achieved_ms, mut day) = (0_i64, None, first);
    while day <= last {
        match days.get(&day) {
            Some((amount, at_ms)) if *amount >= bar => achieved_ms = Some(*at_ms),
            _ => break,
        }
        survived = survived.saturating_add(1);
        day = day.next();
    }
    (survived, achieved_ms)
}
