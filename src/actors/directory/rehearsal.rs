//! The door to a challenge's dry run: its definition is played with what is stored of users, who are asked one by one
//! (`core::challenge::rehearsal`). Nothing changes.

use futures_util::{StreamExt as _, stream};
use streakline_core::{
    challenge::rehearsal::{Exclusion, Played, Rehearsal},
    civil::Day,
    definition::Definition,
    id::{ChallengeId, UserId},
    limits,
    user::rehearsal::{self, Rehearsed},
    zone::Zones,
};

use super::{Directory, Outcome, fault, unknown_challenge};
use crate::protocol::error_code::{Code, Refusal};

/// Users who are asked at the same time.
const ASKED_AT_ONCE: usize = 32;

/// With whose history.
#[derive(Clone, Debug)]
pub enum Candidates {
    /// That of these users, in the order in which they would have joined.
    Users(Vec<UserId>),
    /// That of everybody who is in another challenge.
    ParticipantsOf(ChallengeId),
}

/// What is to be played.
#[derive(Clone, Debug)]
pub struct Asked {
    /// With whose history.
    pub candidates: Candidates,
    /// First date of the window instead of the definition's; `None`: its own where that is over, else the newest one that is over
    /// and begins on the same day of the week.
    pub starts: Option<Day>,
    /// Most rows that are told.
    pub rows: usize,
}

/// Who is asked, and what came of it.
type Told = (UserId, Outcome<Result<Rehearsed, Exclusion>>);

impl Directory {
    /// Plays a challenge with stored history.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a window that is not over or too many candidates, those of a busy server.
    pub async fn rehearse(&self, id: ChallengeId, asked: Asked) -> Outcome<Played> {
        let starts = asked.starts;
        let zones = self.shared.rules.zones.clone();
        let definition = self.look(id, move |resident, now_ms| {
            let definition = resident.challenge().definition.as_ref();
            let definition = definition.ok_or_else(unknown_challenge)?;
            over(definition, starts, (now_ms, &*zones))
        });
        let definition = definition.await?;
        let candidates = self.candidates(asked.candidates).await?;
        let mut rehearsal = Rehearsal::new(id, definition.clone());
        let ask = |user| self.history(user, &definition);
        let mut told = std::pin::pin!(stream::iter(candidates).map(ask).buffered(ASKED_AT_ONCE));
        while let Some((user, told)) = told.next().await {
            rehearsal.take(user, told?);
        }
        Ok(rehearsal.end(asked.rows))
    }

    async fn candidates(&self, asked: Candidates) -> Outcome<Vec<UserId>> {
        let id = match asked {
            Candidates::Users(users) => return Ok(users),
            Candidates::ParticipantsOf(id) => id,
        };
        let members = self.look(id, |resident, _| {
            let members = resident.challenge().members.by_user();
            let joined = members.filter(|(_, member)| member.joined);
            let most = limits::REHEARSED_USERS_MAX.saturating_add(1);
            Ok(joined.map(|(user, _)| user.clone()).take(most).collect())
        });
        let members: Vec<UserId> = members.await.map_err(|refusal| match refusal.code {
            Code::NotFound => fault("/participants_of", "not_found", refusal.detail),
            _ => refusal,
        })?;
        if members.len() > limits::REHEARSED_USERS_MAX {
            let most = limits::REHEARSED_USERS_MAX;
            let words = format!("it has more than {most} participants; name some of them");
            return Err(fault("/participants_of", "limit", words));
        }
        Ok(members)
    }

    async fn history(&self, user: UserId, definition: &Definition) -> Told {
        let (needed, played) = (definition.clone(), definition.clone());
        let rules = self.shared.rules.clone();
        let need = move |user: &_| rehearsal::days(user, &needed);
        let told = self.inquire(&user, need, move |user, loaded, _| {
            Ok(rehearsal::rehearse(user, (&rules, loaded), &played))
        });
        let told = match told.await {
            Ok(rehearsed) => Ok(rehearsed.map_err(Exclusion::Unknown)),
            Err(refusal) if refusal.code == Code::NotFound => Ok(Err(Exclusion::NotFound)),
            Err(refusal) => Err(refusal),
        };
        (user, told)
    }
}

/// The definition with a window that is over.
fn over(
    definition: &Definition,
    starts: Option<Day>,
    (now_ms, zones): (i64, &dyn Zones),
) -> Outcome<Definition> {
    if definition.is_endless {
        let words = "a challenge without an end is never over";
        return Err(Refusal::new(Code::Phase, words));
    }
    let Some(starts) = starts else {
        return Ok(definition.last_over(now_ms, zones));
    };
    let moved = definition.moved(starts.since(definition.starts), zones);
    if moved.ends_at_ms() > now_ms {
        let last = moved.ends.iso();
        let words = format!("the window would end on {last}, which is not over everywhere");
        return Err(fault("/starts", "range", words));
    }
    Ok(moved)
}
