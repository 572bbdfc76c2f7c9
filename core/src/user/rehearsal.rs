//! What a user would have scored in a challenge that it did not take part in: on a copy of the state, by the rules that score
//! everybody (domain.md 5.1, 5.2). Nothing of the user changes.

use alloc::collections::BTreeSet;

use super::{
    Rules, User,
    fold::{self, Loaded},
    plan,
};
use crate::{
    attribute::Attributes,
    civil::Day,
    definition::Definition,
    event::Contribution,
    id::{ChallengeId, PartitionId},
    input::UserInput,
};

/// No challenge has this id.
const REHEARSED: ChallengeId = ChallengeId([0; 16]);

/// Why nothing can be said of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Samples of the window were let go (ADR 0034).
    #[error("samples of the window are no longer kept")]
    NotKept,
    /// The user is on hold (ADR 0015): what came since is not counted.
    #[error("the user is on hold")]
    OnHold,
}

/// A user as the challenge would have known it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// The score that it would have sent.
    pub contribution: Contribution,
    /// Start of the window for this user, POSIX ms.
    pub starts_ms: i64,
    /// What the deployment says of it now.
    pub attributes: Attributes,
}

/// The user joins before the window begins anywhere.
fn enrolment(definition: &Definition) -> UserInput {
    UserInput::Enrol {
        challenge: REHEARSED,
        join: 1,
        joined_ms: definition.started_ms(),
        definition: definition.clone(),
    }
}

/// Days whose stored records a rehearsal needs.
#[must_use]
pub fn days(user: &User, definition: &Definition) -> BTreeSet<Day> {
    plan::plan(user, &enrolment(definition), user.now_ms)
}

/// What the user would have come to in the window, had it joined before. `loaded`: the records of [`days`].
///
/// # Errors
/// [`Unknown`]: samples that would count are not at hand.
pub fn rehearse(
    user: &User,
    (rules, loaded): (&Rules, &Loaded),
    definition: &Definition,
) -> Result<Rehearsed, Unknown> {
    if user.is_held() {
        return Err(Unknown::OnHold);
    }
    let window = definition.starts..=definition.ends.max(definition.starts);
    let mut days = user.days.range(window).map(|(day, _)| *day);
    if days.any(|day| !user.keeps_records(day)) {
        return Err(Unknown::NotKept);
    }
    let input = enrolment(definition);
    let after = fold::foreseen_with(user, (rules, loaded), &input, (PartitionId(0), user.now_ms));
    let contribution = after.contribution(REHEARSED).ok_or(Unknown::OnHold)?;
    Ok(Rehearsed {
        contribution,
        starts_ms: user.calendar().start_ms(definition.starts),
        attributes: user.attributes.clone(),
    })
}
