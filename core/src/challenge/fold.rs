//! The one door of a challenge: its life cycle changes here and nowhere else. A fold cannot fail.

use alloc::{boxed::Box, vec::Vec};

use super::{Challenge, Member, Stage, Told, board::Board, forget::forget};
use crate::{
    id::UserId,
    input::{ChallengeInput, Conclusion, Header, Origin, Source, UserInput},
};

/// What a fold leaves to be told to a member's own partition.
pub type Notice = (UserId, UserInput);

/// Folds one input; answers whom to tell what.
pub fn fold(
    challenge: &mut Challenge,
    board: &mut Board,
    header: &Header,
    input: &ChallengeInput,
) -> Vec<Notice> {
    let notices = match input {
        ChallengeInput::Skip(skip) => {
            // No boundary runs: that may be what panics.
            if skip.release {
                go_on(challenge);
            }
            challenge.stopped |= challenge.skips.note(header.stamp_ms);
            Vec::new()
        }
        ChallengeInput::Retry(retry) => {
            go_on(challenge);
            let input = retry.of_challenge();
            proceed(
                challenge,
                board,
                header,
                &input.unwrap_or(ChallengeInput::Tick),
            )
        }
        other => proceed(challenge, board, header, other),
    };
    challenge.position = header.position;
    notices
}

/// An operator has looked into it; skips are counted anew.
fn go_on(challenge: &mut Challenge) {
    challenge.skips.clear();
    challenge.stopped = false;
}

/// Time first, then the input.
fn proceed(
    challenge: &mut Challenge,
    board: &mut Board,
    header: &Header,
    input: &ChallengeInput,
) -> Vec<Notice> {
    run_boundaries(challenge, header.stamp_ms);
    let notices = apply(challenge, board, header, input);
    challenge.now_ms = challenge.now_ms.max(header.stamp_ms);
    notices
}

/// A phase that passes is a change of the resource.
fn run_boundaries(challenge: &mut Challenge, up_to_ms: i64) {
    while let Some(deadline_ms) = challenge.next_deadline().filter(|at| *at <= up_to_ms) {
        challenge.now_ms = deadline_ms;
        challenge.version = challenge.version.saturating_add(1);
    }
}

fn apply(
    challenge: &mut Challenge,
    board: &mut Board,
    header: &Header,
    input: &ChallengeInput,
) -> Vec<Notice> {
    match input {
        ChallengeInput::Create(definition) => {
            #[cfg(feature = "fault-injection")]
            crate::fault::taste_draft(&definition.title);
            challenge.definition = Some(definition.clone());
            challenge.created_ms = header.stamp_ms;
            set(challenge, Stage::Draft)
        }
        ChallengeInput::Replace(definition) => {
            challenge.definition = Some(definition.clone());
            set(challenge, Stage::Draft)
        }
        ChallengeInput::Discard => set(challenge, Stage::Absent),
        ChallengeInput::Publish => {
            // Boundaries that passed while it was a draft are no news.
            challenge.now_ms = challenge.now_ms.max(header.stamp_ms);
            set(challenge, Stage::Published)
        }
        ChallengeInput::Cancel(reason) => {
            set(challenge, Stage::Cancelled(reason.clone()));
            challenge.cancelled_by = Some(header.origin.clone());
            conclude(challenge, board)
        }
        ChallengeInput::Join {
            user,
            alias,
            starts_ms,
        } => join(challenge, board, (user, alias, *starts_ms), header),
        ChallengeInput::Leave(user) => leave(challenge, board, (user, header)),
        ChallengeInput::Settle {
            cutoff_ms,
            digest,
            participants,
        } => {
            let (cutoff_ms, digest, participants) = (*cutoff_ms, *digest, *participants);
            set(
                challenge,
                Stage::Settled {
                    cutoff_ms,
                    digest,
                    participants,
                },
            );
            conclude(challenge, board)
        }
        ChallengeInput::Forget { user, row } => {
            forget(challenge, board, (user, *row));
            Vec::new()
        }
        ChallengeInput::Tick | ChallengeInput::Skip(_) | ChallengeInput::Retry(_) => Vec::new(),
    }
}

fn set(challenge: &mut Challenge, stage: Stage) -> Vec<Notice> {
    challenge.stage = stage;
    challenge.version = challenge.version.saturating_add(1);
    Vec::new()
}

fn join(
    challenge: &mut Challenge,
    board: &mut Board,
    (user, alias, starts_ms): (&UserId, &str, i64),
    header: &Header,
) -> Vec<Notice> {
    let joined_ms = header.stamp_ms;
    let Some(definition) = challenge.definition.clone() else {
        return Vec::new();
    };
    let before = challenge.members.get(user).map_or(0, |member| member.join);
    let member = Member {
        join: before.saturating_add(1),
        joined: true,
        joined_ms,
        starts_ms,
        alias: alias.into(),
        told: Told::Nothing,
        asked_by: Some(Box::new(header.origin.clone())),
        row: None,
    };
    board.seat(user, &member);
    let join = member.join;
    challenge.members.insert(user.clone(), member);
    #[cfg(feature = "fault-injection")]
    crate::fault::taste_joining(&definition.title, challenge.members.len());
    challenge.joined = challenge.joined.saturating_add(1);
    let enrol = UserInput::Enrol {
        challenge: challenge.id,
        join,
        joined_ms,
        definition,
    };
    Vec::from([(user.clone(), enrol)])
}

fn leave(
    challenge: &mut Challenge,
    board: &mut Board,
    (user, header): (&UserId, &Header),
) -> Vec<Notice> {
    let Some(member) = challenge
        .members
        .get_mut(user)
        .filter(|member| member.joined)
    else {
        return Vec::new();
    };
    member.joined = false;
    member.asked_by = Some(Box::new(header.origin.clone()));
    challenge.joined = challenge.joined.saturating_sub(1);
    board.remove(user);
    let withdraw = UserInput::Withdraw {
        challenge: challenge.id,
        join: member.join,
    };
    Vec::from([(user.clone(), withdraw)])
}

/// Who is in is told how it ended, or first that it was taken in.
fn conclude(challenge: &Challenge, board: &Board) -> Vec<Notice> {
    let members = challenge.members.iter().filter(|(_, member)| member.joined);
    let notice = |(user, _): (&UserId, _)| Some((user.clone(), challenge.owed(user, board)?));
    members.filter_map(notice).collect()
}

impl Challenge {
    /// What members' partitions have not confirmed; told again after a restart, which is harmless.
    #[must_use]
    pub fn unconfirmed(&self, board: &Board) -> Vec<Notice> {
        let owed = |user: &UserId| Some((user.clone(), self.owed(user, board)?));
        self.members.keys().filter_map(owed).collect()
    }

    /// What one member's partition must be told next: that it is in, then how it ended, or that it has left.
    #[must_use]
    pub fn owed(&self, user: &UserId, board: &Board) -> Option<UserInput> {
        let member = self.members.get(user)?;
        let (challenge, join) = (self.id, member.join);
        if !member.joined {
            let owed = member.told != Told::Withdrawn;
            return owed.then_some(UserInput::Withdraw { challenge, join });
        }
        if member.told == Told::Nothing {
            return Some(UserInput::Enrol {
                challenge,
                join,
                joined_ms: member.joined_ms,
                definition: self.definition.clone()?,
            });
        }
        let conclusion = match &self.stage {
            Stage::Cancelled(reason) => Conclusion::Cancelled(reason.clone()),
            Stage::Settled { .. } => board.conclusion(user)?,
            _ => return None,
        };
        (member.told != Told::Concluded).then_some(UserInput::Conclude {
            challenge,
            join,
            conclusion,
        })
    }

    /// Whether every member's partition knows that it is in: only then do all scores count.
    #[must_use]
    pub fn all_told(&self) -> bool {
        let mut joined = self.members.values().filter(|member| member.joined);
        joined.all(|member| member.told != Told::Nothing)
    }

    /// A member's partition has journaled what it was told.
    pub fn confirmed(&mut self, user: &UserId, input: &UserInput) {
        let (join, told) = match input {
            UserInput::Enrol { join, .. } => (*join, Told::Enrolled),
            UserInput::Withdraw { join, .. } => (*join, Told::Withdrawn),
            UserInput::Conclude { join, .. } => (*join, Told::Concluded),
            _ => return,
        };
        if let Some(member) = self
            .members
            .get_mut(user)
            .filter(|member| member.join == join)
        {
            member.told = told;
            if told != Told::Enrolled || member.joined {
                member.asked_by = None;
            }
        }
    }

    /// On whose behalf a member's partition is told something: the challenge speaks for who asked it.
    #[must_use]
    pub fn on_behalf(&self, user: &UserId, input: &UserInput) -> Origin {
        let member = self.members.get(user);
        let asked = match input {
            UserInput::Enrol { .. } | UserInput::Withdraw { .. } => {
                member.and_then(|member| member.asked_by.as_deref())
            }
            UserInput::Conclude {
                conclusion: Conclusion::Cancelled(_),
                ..
            } => self.cancelled_by.as_ref(),
            _ => None,
        };
        let peer = |origin: &Origin| Origin {
            source: Source::Peer,
            ..origin.clone()
        };
        asked.map_or_else(|| Origin::server(Source::Peer), peer)
    }
}
