//! How many tokens a day's steps are worth (domain.md 8.2). Pure numbers; who is paid and when is `ledger`'s and `user`'s.

/// Rule with its version, as it stands on every transfer.
pub const STEPS_RULE: &str = "steps@1";

/// Tokens for the eligible steps of one day, 10^-6 token: 1.0 for each 1,000 of the first 5,000, 0.5 to 10,000, 0.25 to
/// 15,000, nothing above; rounded down to a tenth of a token (domain.md 8.2).
///
/// ```
/// use streakline_core::scoring::steps_micro;
/// assert_eq!(steps_micro(4_000), 4_000_000);
/// assert_eq!(steps_micro(8_000), 6_500_000);
/// assert_eq!(steps_micro(12_000), 8_000_000);
/// assert_eq!(steps_micro(20_000), 8_700_000);
/// ```
#[must_use]
pub fn steps_micro(eligible: i64) -> i64 {
    let bands = bands(eligible);
    let raw = bands
        .iter()
        .fold(0_i64, |sum, band| sum.saturating_add(band.micro));
    raw.div_euclid(100_000).saturating_mul(100_000)
}

/// Steps of one day that are worth the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// It takes the steps above so many.
    pub from: i64,
    /// What each is worth, 10^-6 token.
    pub rate_micro: i64,
    /// How many of the day's steps it takes.
    pub steps: i64,
    /// What they are worth together.
    pub micro: i64,
}

/// What the rule makes of a day's eligible steps, band by band.
#[must_use]
pub fn bands(eligible: i64) -> [Band; 3] {
    [(0, 1_000), (5_000, 500), (10_000, 250)].map(|(from, rate_micro)| {
        let steps = eligible.saturating_sub(from).clamp(0, 5_000);
        Band {
            from,
            rate_micro,
            steps,
            micro: steps.saturating_mul(rate_micro),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_never_fall_with_more_steps_and_stop_at_8_7() {
        let mut last = 0;
        for steps in 0..=20_000 {
            let micro = steps_micro(steps);
            assert!(micro >= last && micro % 100_000 == 0);
            last = micro;
        }
        assert_eq!(steps_micro(i64::MAX), 8_700_000);
        assert_eq!(steps_micro(-5), 0);
        assert_eq!(steps_micro(8_400), 6_700_000, "the golden day");
    }
}
