//! Events of a challenge that is over: where a user ended, and what that has paid.

use streakline_core::{definition::Measure, event::WonPrize, id::ChallengeId, input::TeamPlace};

use super::{event::What, hex, quantity::measured};
use crate::registry;

/// Where a user ended: rank, score and how many took part; when it finished, and its team.
pub(super) fn settled(
    id: ChallengeId,
    (rank, (measure, score), participants): (u32, (Measure, i64), u32),
    (finished_at_ms, team): (Option<i64>, Option<&TeamPlace>),
) -> What {
    What::ChallengeSettled {
        challenge: id.to_string(),
        rank,
        score: measured(measure, score),
        metric: measure.metric().map(|of| registry::metrics().name(of)),
        participants,
        finished_at_ms,
        team: team.map(|team| team.team.clone()),
        team_rank: team.and_then(|team| team.rank),
    }
}

/// What a user has won.
pub(super) fn won(prize: &WonPrize) -> What {
    What::PrizeWon {
        challenge: prize.challenge.to_string(),
        reward: prize.reward,
        day: prize.day.iso(),
        amount_micro: prize.amount_micro,
        held_until_ms: prize.held_until_ms,
        available_micro: prize.available_micro,
        transfer: hex(&prize.transfer),
    }
}
