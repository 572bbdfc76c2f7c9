//! The one door of a challenge: its life cycle changes here and nowhere else. A fold cannot fail.

use alloc::{boxed::Box, vec::Vec};

use super::{
    Challenge, Departed, Member, Name, Stage, Told, attendance, board::Board, carry::Carried,
    forget::forget, frozen::freeze, series, waiting,
};
use crate::{
    campaign::{self, CampaignInput},
    definition::{Definition, kind::teams::TeamNumber},
    id::{MemberNumber, UserId},
    input::{ChallengeInput, Conclusion, Header, Origin, Source, UserInput},
    template,
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
    let was_closed = challenge.is_closed();
    run_boundaries(challenge, header.stamp_ms);
    let mut notices = Vec::new();
    if !was_closed && challenge.is_closed() {
        notices = challenge.unadmitted(board);
    }
    notices.extend(apply(challenge, board, header, input));
    board.tell_as(challenge);
    challenge.now_ms = challenge.now_ms.max(header.stamp_ms);
    notices
}

/// A phase that passes is a change of the resource.
fn run_boundaries(challenge: &mut Challenge, up_to_ms: i64) {
    while let Some(deadline_ms) = challenge.next_deadline().filter(|at| *at <= up_to_ms) {
        challenge.now_ms = deadline_ms;
        challenge.version = challenge.version.saturating_add(1);
        challenge.note_cycles();
    }
}

fn apply(
    challenge: &mut Challenge,
    board: &mut Board,
    header: &Header,
    input: &ChallengeInput,
) -> Vec<Notice> {
    match input {
        ChallengeInput::Create(definition) => create(challenge, definition, header.stamp_ms),
        ChallengeInput::Replace(definition) => replace(challenge, definition, header.stamp_ms),
        ChallengeInput::Discard => set(challenge, Stage::Absent),
        ChallengeInput::Publish => {
            // Boundaries that passed while it was a draft are no news.
            challenge.now_ms = challenge.now_ms.max(header.stamp_ms);
            challenge.begin_series();
            set(challenge, Stage::Published)
        }
        ChallengeInput::Cancel(reason) => {
            challenge.cancelled_by = Some(header.origin.clone());
            end(challenge, board, Stage::Cancelled(reason.clone()))
        }
        ChallengeInput::Void(reason) => void(challenge, board, (reason, header)),
        ChallengeInput::Join { .. } => take_in(challenge, board, (header, input)),
        ChallengeInput::Admit(numbers, teams) => {
            waiting::admit(challenge, board, (numbers, teams, header.stamp_ms))
        }
        ChallengeInput::Count(joined) => attendance::counted(challenge, board, *joined),
        ChallengeInput::Fall { round, members } => challenge.fall(board, (*round, members)),
        ChallengeInput::Reach(tiers) => challenge.reach(*tiers, header.stamp_ms),
        ChallengeInput::Leave(user, departed) => leave(challenge, board, (user, *departed, header)),
        ChallengeInput::Settle {
            cutoff_ms,
            digest,
            participants,
        } => {
            challenge.reach_last(board, header.stamp_ms);
            let stage = Stage::Settled {
                cutoff_ms: *cutoff_ms,
                digest: *digest,
                participants: *participants,
            };
            end(challenge, board, stage)
        }
        ChallengeInput::Forget(member) => {
            forget(challenge, board, *member);
            Vec::new()
        }
        ChallengeInput::Campaign(input) => draw(challenge, (input, header.stamp_ms)),
        ChallengeInput::Template(input) => {
            template::fold(&mut challenge.template, input, header.stamp_ms);
            Vec::new()
        }
        ChallengeInput::Cycle(input) => series::fold(challenge, (input, header.stamp_ms)),
        ChallengeInput::Tick | ChallengeInput::Skip(_) | ChallengeInput::Retry(_) => Vec::new(),
    }
}

/// A user joins, or waits for a place.
fn take_in(
    challenge: &mut Challenge,
    board: &mut Board,
    (header, input): (&Header, &ChallengeInput),
) -> Vec<Notice> {
    let ChallengeInput::Join {
        user,
        alias,
        starts_ms,
        member,
        waits,
        team,
        carried,
    } = input
    else {
        return Vec::new();
    };
    let name = Name {
        user: user.clone(),
        alias: alias.clone(),
        asked_by: Some(Box::new(header.origin.clone())),
    };
    let joining = Joining {
        name,
        asked: *member,
        waits: *waits,
        team: *team,
        carried: *carried,
    };
    join(challenge, board, joining, (header.stamp_ms, *starts_ms))
}

/// The entity is a campaign; nobody is told.
fn draw(challenge: &mut Challenge, (input, at_ms): (&CampaignInput, i64)) -> Vec<Notice> {
    campaign::fold(&mut challenge.campaign, input, at_ms);
    Vec::new()
}

pub(super) fn create(
    challenge: &mut Challenge,
    definition: &Definition,
    at_ms: i64,
) -> Vec<Notice> {
    #[cfg(feature = "fault-injection")]
    crate::fault::taste_draft(&definition.title);
    challenge.definition = Some(definition.clone());
    challenge.created_ms = at_ms;
    set(challenge, Stage::Draft)
}

fn replace(challenge: &mut Challenge, definition: &Definition, at_ms: i64) -> Vec<Notice> {
    let notices = challenge.replace(definition, at_ms);
    challenge.version = challenge.version.saturating_add(1);
    notices
}

pub(super) fn set(challenge: &mut Challenge, stage: Stage) -> Vec<Notice> {
    challenge.stage = stage;
    challenge.version = challenge.version.saturating_add(1);
    Vec::new()
}

/// The challenge is over: its rows stay as they are, and everybody is told.
pub(super) fn end(challenge: &mut Challenge, board: &mut Board, stage: Stage) -> Vec<Notice> {
    set(challenge, stage);
    freeze(challenge, board);
    conclude(challenge, board)
}

/// A settlement is annulled: every member is told so, and what it has paid comes back.
fn void(
    challenge: &mut Challenge,
    board: &Board,
    (reason, header): (&str, &Header),
) -> Vec<Notice> {
    let Stage::Settled { digest, .. } = challenge.stage else {
        return Vec::new(); // An operator offers again what has been done since.
    };
    challenge.cancelled_by = Some(header.origin.clone());
    challenge.accounted = false;
    let reason = reason.into();
    set(challenge, Stage::Voided { reason, digest });
    conclude(challenge, board)
}

struct Joining {
    name: Name,
    asked: MemberNumber,
    waits: bool,
    team: Option<TeamNumber>,
    carried: Option<Carried>,
}

fn join(
    challenge: &mut Challenge,
    board: &mut Board,
    joining: Joining,
    (joined_ms, starts_ms): (i64, i64),
) -> Vec<Notice> {
    let user = joining.name.user.clone();
    let held = challenge.members.get(&user);
    if held.is_some_and(|held| held.joined || held.ticket.is_some()) {
        return Vec::new(); // An operator offers again what has been done since.
    }
    let join = held.map_or(0, |held| held.join).saturating_add(1);
    // Who is carried has been in since it joined the first of the cycles.
    let carried = joining.carried.unwrap_or(Carried { join: 0, joined_ms });
    let times = (carried.joined_ms, starts_ms);
    let mut member = Member::new(joining.name, join, times);
    member.carried = carried.join;
    member.team = joining.team;
    if joining.waits {
        member.joined = false;
        member.ticket = Some(challenge.members.next_ticket());
    }
    let number = challenge.members.put(joining.asked, member.clone());
    if member.joined {
        board.seat(number, &member);
        challenge.count_in(&member);
    }
    #[cfg(feature = "fault-injection")]
    if let Some(definition) = &challenge.definition {
        crate::fault::taste_joining(&definition.title, challenge.members.len());
    }
    let notice = challenge.owed(&user, board);
    notice.map(|notice| (user, notice)).into_iter().collect()
}

fn leave(
    challenge: &mut Challenge,
    board: &mut Board,
    (user, departed, header): (&UserId, Option<Departed>, &Header),
) -> Vec<Notice> {
    let number = challenge.members.number_of(user);
    let waited = number.is_some_and(|number| challenge.members.stop_waiting(number));
    let member = challenge.members.get_mut(user);
    let Some(member) = member.filter(|member| member.joined || waited) else {
        return Vec::new();
    };
    let row = member.row_id();
    let before = member.clone();
    member.joined = false;
    member.change_name(|name| name.asked_by = Some(Box::new(header.origin.clone())));
    let withdraw = UserInput::Withdraw {
        challenge: challenge.id,
        join: member.join,
    };
    if !waited {
        challenge.count_out(&before);
    }
    if let Some(row) = row {
        board.remove(&row);
    }
    if before.joined {
        challenge.depart(board, user, (departed, header.stamp_ms));
    }
    Vec::from([(user.clone(), withdraw)])
}

/// Who is in is told how it ended, or first that it was taken in; who waits, that it waited for nothing.
fn conclude(challenge: &Challenge, board: &Board) -> Vec<Notice> {
    let members = challenge.members.by_user();
    let members = members.filter(|(_, member)| member.joined || member.ticket.is_some());
    let notice = |(user, _): (&UserId, _)| Some((user.clone(), challenge.owed(user, board)?));
    members.filter_map(notice).collect()
}

impl Challenge {
    /// What members' partitions have not confirmed; told again after a restart, which is harmless.
    #[must_use]
    pub fn unconfirmed(&self, board: &Board) -> Vec<Notice> {
        let owed = |(user, _): (&UserId, _)| Some((user.clone(), self.owed(user, board)?));
        self.members.by_user().filter_map(owed).collect()
    }

    /// What one member's partition must be told next: that it waits; that it is in; then how it ended, or that it has left.
    #[must_use]
    pub fn owed(&self, user: &UserId, board: &Board) -> Option<UserInput> {
        let member = self.members.get(user)?;
        let (challenge, join) = (self.id, member.join);
        if member.ticket.is_some() {
            return self.owed_while_waiting(member.told, join, member.joined_ms);
        }
        if !member.joined {
            let owed = member.told != Told::Withdrawn;
            return owed.then_some(UserInput::Withdraw { challenge, join });
        }
        if matches!(member.told, Told::Nothing | Told::Waiting) {
            return Some(UserInput::Enrol {
                challenge,
                join,
                joined_ms: member.joined_ms,
                definition: self.definition.as_ref()?.as_told(),
            });
        }
        if let Some(reach) = self.owed_tiers(member) {
            return Some(reach);
        }
        let conclusion = match &self.stage {
            Stage::Cancelled(reason) => Conclusion::Cancelled(reason.clone()),
            Stage::Settled { .. } => board.conclusion(&member.row_id()?)?,
            Stage::Voided { reason, .. } => Conclusion::Voided {
                reason: reason.clone(),
                campaign: self.definition.as_ref()?.campaign,
                prizes: board.prizes_of(&member.row_id()?),
            },
            _ => return self.owed_extension(member),
        };
        (member.told != self.last_told()).then_some(UserInput::Conclude {
            challenge,
            join,
            conclusion,
        })
    }

    /// Whether every member's partition knows that it is in, and until when: only then do all scores count.
    #[must_use]
    pub fn all_told(&self) -> bool {
        let mut members = self.members.iter();
        let unaware = |told: Told| matches!(told, Told::Nothing | Told::Waiting);
        members.all(|(_, member)| {
            !member.joined || !unaware(member.told) && self.owed_extension(member).is_none()
        })
    }

    /// A member's partition has journaled what it was told.
    pub fn confirmed(&mut self, user: &UserId, input: &UserInput) {
        if let UserInput::Reach { join, tiers, .. } = input {
            return self.confirmed_tiers(user, *join, *tiers);
        }
        let end = match input {
            UserInput::Enrol { definition, .. } => Some(definition.ends),
            UserInput::Extend { ends, .. } => Some(*ends),
            _ => None,
        };
        let (join, told) = match input {
            UserInput::Await { join, .. } => (*join, Told::Waiting),
            UserInput::Enrol { join, .. } | UserInput::Extend { join, .. } => {
                (*join, Told::Enrolled)
            }
            UserInput::Withdraw { join, .. } => (*join, Told::Withdrawn),
            UserInput::Conclude {
                join,
                conclusion: Conclusion::Voided { .. },
                ..
            } => (*join, Told::Voided),
            UserInput::Conclude { join, .. } => (*join, Told::Concluded),
            _ => return,
        };
        let member = self.members.get_mut(user);
        if let Some(member) = member.filter(|member| member.join == join) {
            member.told = told;
            member.knows_end = end.or(member.knows_end);
            if told != Told::Enrolled || member.joined {
                member.change_name(|name| name.asked_by = None);
            }
        }
    }

    /// On whose behalf a member's partition is told something: the challenge speaks for who asked it.
    #[must_use]
    pub fn on_behalf(&self, user: &UserId, input: &UserInput) -> Origin {
        let name = self.members.get(user).and_then(Member::name);
        let asked = match input {
            UserInput::Await { .. } | UserInput::Enrol { .. } | UserInput::Withdraw { .. } => {
                name.and_then(|name| name.asked_by.as_deref())
            }
            UserInput::Conclude {
                conclusion: Conclusion::Cancelled(_) | Conclusion::Voided { .. },
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
