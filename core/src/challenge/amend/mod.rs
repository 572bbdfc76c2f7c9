//! What of a challenge may change once it is published (domain.md 5.1): everything but the campaign and how its board is kept until joining opens; then the title,
//! more places, and once a later end; after the end the title alone. What is won, from when and by which rule, never.

use alloc::vec::Vec;

use super::{Challenge, Member, Told, admit::Refusal, fold::Notice};
use crate::{
    definition::{Definition, DefinitionFault},
    id::UserId,
    input::{ChallengeInput, UserInput},
    view::ChallengePhase,
};

/// Why a challenge is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// It is over, or not there.
    Refused(Refusal),
    /// These members of its body may not change any more, or not so.
    Fixed(Vec<DefinitionFault>),
}

impl From<Refusal> for Unchanged {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Challenge {
    /// The input that changes the challenge; the definition has no faults of its own.
    ///
    /// # Errors
    /// [`Unchanged`]: there is none, it is over, or what changes is fixed by now.
    pub fn amending(&self, mut new: Definition, now_ms: i64) -> Result<ChallengeInput, Unchanged> {
        let phase = self.phase(now_ms).ok_or(Refusal::NotFound)?;
        let held = self.definition.as_ref().ok_or(Refusal::NotFound)?;
        if new.clock.name() == held.clock.name() && new.starts == held.starts {
            // What its clocks show was settled when it was made (ADR 0060).
            new.clock = held.clock.clone();
        }
        (new.cycle, new.template) = (held.cycle, held.template);
        let faults = match phase {
            ChallengePhase::Draft => fixed_campaign(held, &new),
            ChallengePhase::Published => fixed_once_published(held, &new),
            ChallengePhase::Open if !self.is_series() => self.fixed_while_open(held, &new),
            ChallengePhase::Open | ChallengePhase::Finalising => fixed_but_title(held, &new),
            ChallengePhase::Settled | ChallengePhase::Cancelled | ChallengePhase::Voided => {
                return Err(Refusal::Phase(phase).into());
            }
        };
        if faults.is_empty() {
            Ok(ChallengeInput::Replace(new))
        } else {
            Err(Unchanged::Fixed(faults))
        }
    }

    fn fixed_while_open(&self, held: &Definition, new: &Definition) -> Vec<DefinitionFault> {
        let may_be_fewer = Definition {
            title: new.title.clone(),
            ends: new.ends,
            capacity: new.capacity,
            waitlist: new.waitlist,
            ..held.clone()
        };
        let mut faults = fixed_but_title(&may_be_fewer, new);
        let mut fault = |wrong: bool, pointer, code, detail: &str| {
            if wrong {
                faults.push(DefinitionFault::at(pointer, code, detail));
            }
        };
        let fewer = new.places() < held.places();
        let words = "places are never taken away once joining is open";
        fault(fewer, "/capacity", "fixed", words);
        let shorter = new.waitlist < held.waitlist;
        let words = "the waiting list never becomes shorter once joining is open";
        fault(shorter, "/waitlist", "fixed", words);
        let words = "the end only moves later once joining is open";
        fault(new.ends < held.ends, "/window/ends", "fixed", words);
        let again = self.is_extended && new.ends > held.ends;
        fault(
            again,
            "/window/ends",
            "extended_already",
            "the end moves once",
        );
        faults
    }

    /// Changes the definition; answers who is in and must be told of a later end.
    pub(super) fn replace(&mut self, new: &Definition, at_ms: i64) -> Vec<Notice> {
        let is_open = self.phase(at_ms) == Some(ChallengePhase::Open);
        let before = self.definition.replace(new.clone());
        self.is_extended |= is_open && before.is_some_and(|before| before.ends < new.ends);
        let notice = |(user, member): (&UserId, &Member)| {
            // Who is yet to be told that it is in is told of this end with it.
            let later = matches!(member.told, Told::Nothing | Told::Waiting);
            let extend = self.owed_extension(member).filter(|_| !later)?;
            Some((user.clone(), extend))
        };
        self.members.by_user().filter_map(notice).collect()
    }

    /// What a member's partition must be told where it knows of an earlier end.
    pub(super) fn owed_extension(&self, member: &Member) -> Option<UserInput> {
        let ends = self.definition.as_ref()?.ends;
        let unaware = self.is_extended && member.joined && member.knows_end != Some(ends);
        unaware.then_some(UserInput::Extend {
            challenge: self.id,
            join: member.join,
            ends,
        })
    }
}

/// What one campaign may hold for a challenge already, another one does not.
fn fixed_campaign(held: &Definition, new: &Definition) -> Vec<DefinitionFault> {
    let differs = held.campaign.is_some() && held.campaign != new.campaign;
    let words = "a challenge stays with its campaign";
    let fault = || DefinitionFault::at("/campaign", "fixed", words);
    differs.then(fault).into_iter().collect()
}

/// The parts of a board are there from the publishing on.
fn fixed_once_published(held: &Definition, new: &Definition) -> Vec<DefinitionFault> {
    let mut faults = fixed_campaign(held, new);
    if held.keeping != new.keeping {
        let words = "how the board is kept does not change once it is published";
        faults.push(DefinitionFault::at("/board", "fixed", words));
    }
    faults
}

/// Every member of the body that differs, but for the title.
fn fixed_but_title(held: &Definition, new: &Definition) -> Vec<DefinitionFault> {
    let differs = [
        (held.metric != new.metric, "/metric"),
        (held.clock != new.clock, "/window/clock"),
        (held.starts != new.starts, "/window/starts"),
        (
            (held.ends, held.is_endless) != (new.ends, new.is_endless),
            "/window/ends",
        ),
        (
            held.rolling_days != new.rolling_days,
            "/window/rolling_days",
        ),
        (held.join_opens_ms != new.join_opens_ms, "/join/opens_ms"),
        (held.late != new.late, "/join/late"),
        (
            held.min_participants != new.min_participants,
            "/min_participants",
        ),
        (held.capacity != new.capacity, "/capacity"),
        (held.waitlist != new.waitlist, "/waitlist"),
        (held.eligibility != new.eligibility, "/eligibility"),
        (held.segments != new.segments, "/segments"),
        (held.evidence != new.evidence, "/evidence"),
        (held.per_day_cap != new.per_day_cap, "/per_day_cap"),
        (held.finalisation_h != new.finalisation_h, "/finalisation_h"),
        (held.rank_style != new.rank_style, "/rank_style"),
        (held.rewards != new.rewards, "/rewards"),
        (held.tie_rule != new.tie_rule, "/tie_rule"),
        (held.campaign != new.campaign, "/campaign"),
        (held.recurs != new.recurs, "/recurs"),
        (held.keeping != new.keeping, "/board"),
    ];
    let differs = differs.into_iter().filter(|(differs, _)| *differs);
    let pointers = differs.map(|(_, pointer)| pointer);
    let pointers = pointers.chain(held.kind.differing(&new.kind));
    let fault = |pointer| DefinitionFault::at(pointer, "fixed", "it does not change any more");
    pointers.map(fault).collect()
}

#[cfg(test)]
mod tests;
