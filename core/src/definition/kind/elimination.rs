//! Rounds of a last-standing challenge in which the lowest few of each day are out (domain.md 5.2; ADR 0066).
//!
//! Who is out is decided at the challenge, once a round; here is the rule alone.

use alloc::vec::Vec;

use crate::{
    definition::{Definition, DefinitionFault, Kind, LateJoin, rewards::TieRule},
    leaderboard::RankStyle,
    limits,
};

/// Who of those who stand is out after a round, each with what it came to in that: the lowest so many per cent of them, rounded down
/// and at least one; and whoever has no more than the best of these. Nobody where only one stands.
///
/// ```
/// use streakline_core::definition::kind::elimination::out;
///
/// let standing = [("ann", 90), ("bob", 10), ("cat", 50), ("dan", 10)];
/// assert_eq!(out(25, &standing), ["bob", "dan"]);
/// assert_eq!(out(25, &standing[..1]), [""; 0]);
/// ```
#[must_use]
pub fn out<K: Copy>(lowest_percent: u32, standing: &[(K, i64)]) -> Vec<K> {
    if standing.len() < 2 {
        return Vec::new();
    }
    let part = u64::from(lowest_percent).saturating_mul(standing.len() as u64);
    let last = usize::try_from(part / 100).unwrap_or(usize::MAX).max(1);
    let last = last.min(standing.len()).saturating_sub(1);
    let mut amounts: Vec<i64> = standing.iter().map(|(_, amount)| *amount).collect();
    let (_, bar, _) = amounts.select_nth_unstable(last);
    let bar = *bar;
    let fallen = standing.iter().filter(|(_, amount)| *amount <= bar);
    fallen.map(|(who, _)| *who).collect()
}

/// All that is wrong with such rounds in a challenge that is else defined like this.
pub(super) fn faults(lowest_percent: u32, of: &Definition) -> Vec<DefinitionFault> {
    let days = of.ends.since(of.starts);
    let places = of
        .capacity
        .is_some_and(|n| n <= limits::ELIMINATION_PARTICIPANTS_MAX);
    let by_place = of.rewards.iter().any(|reward| reward.places(1).is_some());
    let rules = [
        (
            (1..=50).contains(&lowest_percent),
            ("/lowest_percent", "range"),
            "1 to 50",
        ),
        (
            days < limits::ELIMINATION_DAYS_MAX,
            ("/window/ends", "range"),
            "at most 60 rounds",
        ),
        (
            of.late == LateJoin::No,
            ("/join/late", "unsupported"),
            "who joins late has missed rounds",
        ),
        (
            !of.clock.is_shared(),
            ("/window/clock", "unsupported"),
            "a round is a day of each user",
        ),
        (
            of.finalisation_h == limits::FINALISATION_H_MAX,
            ("/finalisation_h", "range"),
            "72: the last round is decided when its day is hard-closed everywhere",
        ),
        (places, ("/capacity", "range"), "at most 10000"),
        (
            of.rank_style != RankStyle::Ordinal,
            ("/rank_style", "unsupported"),
            "who falls in the same round shares a rank",
        ),
        (
            !by_place || of.tie_rule != TieRule::Earliest,
            ("/tie_rule", "unsupported"),
            "who falls in the same round is first of nobody: share or all",
        ),
    ];
    let broken = rules.into_iter().filter(|(holds, ..)| !holds);
    let fault = |(_, (pointer, code), words)| DefinitionFault::at(pointer, code, words);
    broken.map(fault).collect()
}

impl Definition {
    /// How many per cent of those who stand are out after each round, of a challenge with such rounds.
    #[must_use]
    pub fn eliminates(&self) -> Option<u32> {
        match self.kind {
            Kind::Elimination { lowest_percent } => Some(lowest_percent),
            _ => None,
        }
    }

    /// When a round, from 0, is decided: its day is hard-closed everywhere, POSIX ms. That of the last round is the cut-off.
    #[must_use]
    pub fn round_closes_ms(&self, round: u32) -> i64 {
        let day = self.starts.plus(i32::try_from(round).unwrap_or(i32::MAX));
        let ends_ms = self.clock.last_end_ms(day);
        ends_ms.saturating_add(limits::HARD_CLOSE_AFTER_MS)
    }

    /// Rounds that its window has, one a day.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        let days = self.ends.since(self.starts).saturating_add(1);
        u32::try_from(days).unwrap_or(0)
    }
}
