//! What users were told of a board that is over and what was paid for it, each once.

use std::collections::BTreeMap;

use streakline_core::{
    event::{FactKind, Transfer},
    id::{ChallengeId, UserId},
};

use super::{board::Board, challenge};
use crate::{
    check::{hold, state},
    contests::CAMPAIGN,
    server::Checked,
};

impl Board<'_> {
    /// Who is on the board was told once how it ended, and once that this was annulled; nobody else was.
    pub(super) fn told(&self, user: &UserId, kinds: Vec<&FactKind>) -> Checked<()> {
        let shown = self.shown()?;
        let scores: BTreeMap<_, _> = shown.iter().cloned().collect();
        let mut wanted = Vec::new();
        if let Some(own) = scores.get(user) {
            let above = shown.iter().filter(|(_, score)| score > own).count();
            wanted.push((
                u32::try_from(above).unwrap() + 1,
                *own,
                self.place(user, &scores)?,
            ));
        }
        let settled = kinds.iter().filter_map(|kind| match kind {
            FactKind::ChallengeSettled {
                challenge,
                rank,
                score,
                team,
                ..
            } if *challenge == self.id => Some((*rank, *score, team.clone())),
            _ => None,
        });
        let settled: Vec<_> = settled.collect();
        hold(settled == wanted, || {
            format!("{user} was told {settled:?} of {}, not {wanted:?}", self.id)
        })?;
        let voided = kinds.iter().filter(|kind| {
            matches!(kind, FactKind::ChallengeVoided { challenge, .. } if *challenge == self.id)
        });
        let (voided, due) = (voided.count(), usize::from(self.annulled) * wanted.len());
        hold(voided == due, || {
            format!(
                "{user} was told {voided} times that {} was annulled",
                self.id
            )
        })
    }

    /// What was won was paid once, and once it was annulled paid back once; then nothing is left of it.
    pub(super) fn booked(
        &self,
        user: &UserId,
        (transfers, won): (&[Transfer], &[i64]),
    ) -> Checked<()> {
        let booked = |code: &str| {
            let own = transfers.iter().filter(|of| of.challenge == Some(self.id));
            let amounts = own.filter(|of| of.code == code).map(|of| of.amount_micro);
            let mut amounts: Vec<i64> = amounts.collect();
            amounts.sort_unstable();
            amounts
        };
        let mut won = won.to_vec();
        won.sort_unstable();
        let paid = booked("prize");
        hold(paid == won, || {
            format!("{user} won {won:?} in {}, and was paid {paid:?}", self.id)
        })?;
        let total: i64 = won.iter().sum();
        let wanted = if self.annulled && total > 0 {
            vec![total]
        } else {
            Vec::new()
        };
        let (back, lent) = (booked("prize_void"), booked("loan"));
        hold(back == wanted && lent.is_empty(), || {
            format!("{user} paid back {back:?} of {total}, lent {lent:?}")
        })?;
        let held = state(self.server, user)?.held_prizes.contains_key(&self.id);
        hold(!(held && self.annulled), || {
            format!("{user} holds what was paid back")
        })
    }

    /// The campaign knows what was paid, and holds nothing more.
    pub(super) fn accounted(&self, total_micro: i64) -> Checked<()> {
        let campaign = challenge(self.server, ChallengeId(CAMPAIGN.0))?
            .campaign
            .as_deref();
        let campaign = campaign.ok_or("the campaign is none")?;
        let draw = campaign.draws.get(&self.id).copied().unwrap_or_default();
        let fits = draw.closed && draw.reserved_micro == 0 && draw.spent_micro == total_micro;
        hold(fits, || {
            format!("of {} {draw:?} is known, {total_micro} was paid", self.id)
        })
    }
}
