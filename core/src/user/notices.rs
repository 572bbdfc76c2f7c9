//! What challenges tell a user, at least once each.

use super::{User, enrolment::EnrolmentState, void};
use crate::{
    id::ChallengeId,
    input::{Conclusion, UserInput},
};

impl User {
    /// Whether a challenge's notice tells nothing new: deliveries come at least once. Who is not there was erased, since a
    /// challenge takes in only who is: it is told nothing, and so nothing is stored about it again.
    #[must_use]
    pub fn knows(&self, notice: &UserInput) -> bool {
        if self.created.is_none() {
            return true;
        }
        let held = |id: &ChallengeId| self.enrolments.get(id);
        match notice {
            UserInput::Await {
                challenge, join, ..
            } => held(challenge).is_some_and(|held| held.join >= *join),
            UserInput::Enrol {
                challenge, join, ..
            } => held(challenge).is_some_and(|held| held.has_joined(*join)),
            UserInput::Extend {
                challenge,
                join,
                ends,
            } => !held(challenge).is_some_and(|held| held.ends_before(*join, *ends)),
            UserInput::Reach {
                challenge,
                join,
                tiers,
            } => held(challenge).is_none_or(|held| held.join != *join || held.knows_tiers(*tiers)),
            UserInput::Withdraw { challenge, join } => held(challenge)
                .is_none_or(|held| held.join != *join || held.state == EnrolmentState::Left),
            UserInput::Conclude {
                challenge,
                join,
                conclusion: Conclusion::Voided { prizes, .. },
            } => void::is_known(self, (*challenge, *join), prizes),
            UserInput::Conclude {
                challenge, join, ..
            } => held(challenge).is_none_or(|held| held.join != *join || !held.is_open()),
            _ => false,
        }
    }
}
