//! How the board of a challenge is kept while it runs (domain.md 6.3, ADR 0074): whole, or in parts of which each holds the rows of some
//! users, so that more may take part than one order bears.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use super::{Definition, DefinitionFault, Kind};
use crate::{leaderboard::RankStyle, limits};

/// How a board is kept while its challenge runs; one that is over is always whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Keeping {
    /// In one order: every rank is exact.
    #[default]
    #[n(0)]
    Whole,
    /// In parts: the first thousand ranks are exact, the others are estimated within a bound that is told.
    #[n(1)]
    Parts,
}

impl Keeping {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Parts => "parts",
        }
    }

    /// Most members of a challenge whose board is kept so.
    #[must_use]
    pub fn participants_max(self) -> u32 {
        match self {
            Self::Whole => limits::PARTICIPANTS_MAX,
            Self::Parts => limits::PARTED_PARTICIPANTS_MAX,
        }
    }
}

impl Definition {
    /// What cannot be told of a board in parts: all that needs the whole order, or the sum of all scores, before the end.
    pub(super) fn keeping_faults(&self) -> Vec<DefinitionFault> {
        if self.keeping == Keeping::Whole {
            return Vec::new();
        }
        let by_type = match &self.kind {
            Kind::Most | Kind::Target { .. } | Kind::Journey { .. } | Kind::LastStanding { .. } => {
                None
            }
            Kind::Race { .. } => Some((
                "/type",
                "who has finished a race stands by minutes, which a board in parts cannot tell apart",
            )),
            Kind::Collective { .. } => Some((
                "/type",
                "tiers need the sum of all scores, which a board in parts does not have",
            )),
            Kind::Duel { .. } => Some(("/type", "a duel has two rows")),
            Kind::TeamVsTeam(_) => Some((
                "/type",
                "teams need the scores of all their members, which a board in parts does not have",
            )),
            Kind::Elimination { .. } => Some((
                "/lowest_percent",
                "who is out needs the whole order of each round, which a board in parts does not have",
            )),
        };
        let by_type = by_type.map(|(pointer, words)| (true, pointer, words));
        let rules = [
            (
                !self.segments.is_empty(),
                "/segments",
                "a segment needs an order of its own, which a board in parts does not have",
            ),
            (
                self.rank_style != RankStyle::Competition,
                "/rank_style",
                "ranks of a board in parts are estimated by score, as competition counts them",
            ),
            (
                self.waitlist > 0,
                "/waitlist",
                "nobody waits for a place of a board in parts",
            ),
        ];
        let broken = by_type.into_iter().chain(rules);
        let broken = broken.filter(|(wrong, ..)| *wrong);
        let fault =
            |(_, pointer, words): (bool, _, _)| DefinitionFault::at(pointer, "unsupported", words);
        broken.map(fault).collect()
    }
}

#[cfg(test)]
mod tests;
