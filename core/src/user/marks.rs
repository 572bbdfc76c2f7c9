//! What is told of a challenge on the way: the stages of a journey that the user has reached, the tiers that all have reached
//! together. Each is told once, though a correction lets a score fall again.

use super::{Enrolment, User, fold::Fold};
use crate::{
    definition::{Kind, kind::journey},
    event::FactKind,
    id::ChallengeId,
};

/// Tells the stages that the score has reached by now.
pub(super) fn tell_stages(user: &mut User, fold: &mut Fold<'_>, id: ChallengeId) {
    let Some(held) = user.enrolments.get(&id) else {
        return;
    };
    let Kind::Journey { stages } = &held.definition.kind else {
        return;
    };
    let reached = journey::stages_reached(stages, held.definition.metric, held.score);
    tell_up_to(user, fold, (id, reached), |challenge, number| {
        FactKind::ChallengeStageReached {
            challenge,
            stage: number,
        }
    });
}

/// All have reached so many tiers together.
pub(super) fn tell_tiers(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: ChallengeId,
    (join, tiers): (u32, u32),
) {
    if user
        .enrolments
        .get(&id)
        .is_some_and(|held| held.join == join)
    {
        tell_up_to(user, fold, (id, tiers), |challenge, number| {
            FactKind::ChallengeTierReached {
                challenge,
                tier: number,
            }
        });
    }
}

/// Tells the marks that were not told before, by their numbers from 1.
fn tell_up_to(
    user: &mut User,
    fold: &mut Fold<'_>,
    (id, reached): (ChallengeId, u32),
    fact: impl Fn(ChallengeId, u32) -> FactKind,
) {
    let Some(held) = user.enrolments.get_mut(&id) else {
        return;
    };
    let told = held.marks;
    held.marks = told.max(reached);
    for number in told.saturating_add(1)..=reached {
        fold.tell(user, fact(id, number));
    }
}

impl Enrolment {
    /// Whether it was told of so many tiers.
    pub(super) fn knows_tiers(&self, tiers: u32) -> bool {
        self.marks >= tiers
    }
}
