//! A settlement that is annulled: the enrolment says so, and what was won goes back to the campaign that paid it
//! (domain.md 8.3; ADR 0056).

use super::{User, enrolment::EnrolmentState, fold::Fold, prizes};
use crate::{
    challenge::prizes::{Prize, sum_micro},
    event::{FactKind, Topic},
    id::{CampaignId, ChallengeId},
};

/// Whether the user knows already, or has nothing to do with it. Of an enrolment that is forgotten its prizes are left.
pub(super) fn is_known(user: &User, (id, join): (ChallengeId, u32), prizes: &[Prize]) -> bool {
    match user.enrolments.get(&id) {
        Some(held) => held.join != join || held.state == EnrolmentState::Voided,
        None => prizes.is_empty() || user.voided.contains(&id),
    }
}

/// Annuls how a challenge ended for the user. What was never paid is not taken back: this may overtake the settlement.
pub(super) fn void(
    user: &mut User,
    fold: &mut Fold<'_>,
    (id, join): (ChallengeId, u32),
    (reason, campaign, prizes): (&str, Option<CampaignId>, &[Prize]),
) {
    if is_known(user, (id, join), prizes) {
        return;
    }
    let held = user.enrolments.get_mut(&id);
    let was_paid = held.is_none_or(|held| {
        core::mem::replace(&mut held.state, EnrolmentState::Voided) == EnrolmentState::Settled
    });
    fold.tell(
        user,
        FactKind::ChallengeVoided {
            challenge: id,
            reason: reason.into(),
        },
    );
    let won_micro = sum_micro(prizes);
    if let Some(campaign) = campaign.filter(|_| was_paid && won_micro > 0) {
        user.voided.insert(id);
        prizes::take_back(user, fold, (id, campaign), won_micro);
    }
    fold.changed(Topic::Rank(id));
}
