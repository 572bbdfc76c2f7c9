//! What many reach together: tiers of the sum of all scores, and who has a part in it (domain.md 5.2).

/// How many tiers a sum has reached; tiers rise.
#[must_use]
pub fn tiers_reached(tiers: &[i64], total: i128) -> u32 {
    let count = tiers.iter().take_while(|tier| i128::from(**tier) <= total);
    u32::try_from(count.count()).unwrap_or(u32::MAX)
}

/// Whether a score earns a part of what a tier brings: at least 1 % of the equal share of the sum, and more than nothing.
///
/// ```
/// use streakline_core::definition::kind::collective::is_entitled;
///
/// // An equal share of 1,000 among 4 is 250, and 1 % of it 2.5.
/// assert!(is_entitled(3, 4, 1_000));
/// assert!(!is_entitled(2, 4, 1_000));
/// assert!(!is_entitled(0, 4, 0));
/// ```
#[must_use]
pub fn is_entitled(score: i64, participants: u32, total: i128) -> bool {
    let hundredfold = i128::from(score).saturating_mul(100);
    score > 0 && hundredfold.saturating_mul(i128::from(participants)) >= total
}
