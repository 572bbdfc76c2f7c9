//! A challenge and the campaign that pays for it: what it wins its members once it is settled, and what the campaign must be told
//! then (domain.md 5.1, design.md 4).

use super::{
    Board, Challenge, RowId, Stage, Told,
    prizes::{Prizes, prizes},
};
use crate::{campaign::CampaignInput, id::CampaignId, leaderboard::RowKey};

impl Challenge {
    /// What each winner gets, or got before it was annulled, by rows in board order; nothing before it is settled and every row is
    /// frozen.
    pub(super) fn prizes(&self, board: &Board, rows: &[RowKey<RowId>]) -> Prizes<RowId> {
        let is_final = self.frozen && !matches!(self.stage, Stage::Cancelled(_));
        let definition = self.definition.as_ref().filter(|_| is_final);
        definition.map_or_else(Prizes::new, |definition| match definition.teams() {
            Some(_) => board.prizes_of_teams(definition, rows),
            None => prizes(definition, (rows, self.tiers_told())),
        })
    }

    /// What its campaign must be told: that it is over, and has paid so much. A draft that is deleted has paid nothing, and one
    /// that was annulled has nothing paid any more.
    pub(super) fn account(&self, won_micro: i64) -> Option<(CampaignId, CampaignInput)> {
        let campaign = self.definition.as_ref()?.campaign?;
        let spent_micro = if self.is_voided() { 0 } else { won_micro };
        let close = CampaignInput::Close {
            challenge: self.id,
            spent_micro,
        };
        self.owes_account().then_some((campaign, close))
    }

    /// Whether it may cost anything, so that what pays for it must have reserved that.
    #[must_use]
    pub fn costs_something(&self) -> bool {
        let definition = self.definition.as_ref();
        definition.is_some_and(|definition| definition.worst_case_micro() > 0)
    }

    /// Whether its campaign has yet to be told that it is over; where it was annulled, once every prize is back.
    #[must_use]
    pub fn owes_account(&self) -> bool {
        let pays = self.definition.as_ref().and_then(|of| of.campaign);
        let is_gone = self.stage == Stage::Absent;
        let is_known = self.is_over() && !(self.is_voided() && self.owes_conclusions());
        pays.is_some() && !self.is_series() && !self.accounted && (is_known || is_gone)
    }

    /// Whether it is over and a member's partition has yet to confirm how it ended.
    pub(super) fn owes_conclusions(&self) -> bool {
        let mut members = self.members.by_user();
        let last = self.last_told();
        self.is_over() && members.any(|(_, member)| member.joined && member.told != last)
    }

    /// What a member's partition is told last.
    pub(super) fn last_told(&self) -> Told {
        if self.is_voided() {
            Told::Voided
        } else {
            Told::Concluded
        }
    }

    pub(super) fn is_voided(&self) -> bool {
        matches!(self.stage, Stage::Voided { .. })
    }
}
