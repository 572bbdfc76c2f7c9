//! What contests must have come to, from the script and the journals of users alone: who was in, what everybody had walked by the
//! cut-off, who won what, and that it was paid, or paid back, once.

mod board;
mod paid;
mod seats;
mod teams;
mod walked;

use std::collections::{BTreeMap, BTreeSet};

use streakline_core::{
    challenge::{Challenge, series::CycleInput},
    event::FactKind,
    id::{ChallengeId, Entity},
    input::{ChallengeInput, Input},
};

use self::{
    board::Board,
    seats::Seats,
    teams::left_teams,
    walked::{Walked, walked_by},
};
use super::{Contests, Move, SERIES, VOIDED};
use crate::{
    check::{history, hold, state},
    script::{Action, Script},
    server::{Checked, Server},
};

/// What is told of these to users is checked here.
pub(crate) fn without(told: &[FactKind], script: &Script) -> Vec<FactKind> {
    let contests: BTreeSet<_> = script.contests.iter().flat_map(Contests::boards).collect();
    let is_one = |kind: &FactKind| match kind {
        FactKind::ChallengeSettled { challenge, .. } => contests.contains(challenge),
        _ => false,
    };
    told.iter().filter(|kind| !is_one(kind)).cloned().collect()
}

/// Checks a world at rest.
pub(crate) fn check(script: &Script, server: &Server) -> Checked<()> {
    let Some(contests) = &script.contests else {
        return Ok(());
    };
    made_once(contests, server)?;
    let seats = Seats::of(contests, script);
    let mut instants = BTreeSet::new();
    for of in contests.boards() {
        let definition = contests.definition(of).ok_or("it is none")?;
        instants.insert(definition.settles_at_ms());
    }
    instants.extend(left_teams(server).into_values());
    let mut walked = Walked::new();
    for person in &script.people {
        walked.insert(
            person.user.clone(),
            walked_by(server, (&person.user, &instants))?,
        );
    }
    let mut told = BTreeMap::new();
    for person in &script.people {
        told.insert(
            person.user.clone(),
            history(server, state(server, &person.user)?)?,
        );
    }
    let annulled = moves(script).any(|(_, of)| matches!(of, Move::Void));
    for id in contests.boards() {
        let board = Board {
            id,
            definition: contests.definition(id).ok_or("it is none")?,
            annulled: annulled && id == VOIDED,
            server,
            walked: &walked,
        };
        let paid = board.check(&seats.members(id, script))?;
        for (user, (facts, transfers)) in &told {
            let kinds = facts.iter().map(|fact| &fact.kind);
            board.told(user, kinds.collect())?;
            board.booked(user, (transfers, paid.get(user).map_or(&[], Vec::as_slice)))?;
        }
        let total = if board.annulled {
            0
        } else {
            paid.values().flatten().sum()
        };
        board.accounted(total)?;
    }
    Ok(())
}

pub(super) fn moves(script: &Script) -> impl Iterator<Item = (i64, &Move)> {
    script.instants.iter().flat_map(|instant| {
        instant.actions.iter().filter_map(|action| match action {
            Action::Move(of) => Some((instant.at_ms, of)),
            _ => None,
        })
    })
}

fn inputs(server: &Server, id: ChallengeId) -> impl Iterator<Item = (i64, &ChallengeInput)> {
    let all = server.durable.get(&Entity::Challenge(id)).into_iter();
    all.flatten().filter_map(|(header, input)| match input {
        Input::Challenge(_, input) => Some((header.stamp_ms, input)),
        _ => None,
    })
}

fn challenge(server: &Server, id: ChallengeId) -> Checked<&Challenge> {
    let held = server.challenges.get(&id);
    let held = held.and_then(|cell| cell.resident.as_ref());
    let held = held.ok_or_else(|| format!("{id} is not in memory"))?;
    Ok(held.challenge())
}

/// Every cycle of the series was made by one input, and is listed.
fn made_once(contests: &Contests, server: &Server) -> Checked<()> {
    for (number, id) in contests.cycles() {
        let issues = inputs(server, id)
            .filter(|(_, input)| matches!(input, ChallengeInput::Cycle(CycleInput::Issue { .. })));
        let count = issues.count();
        hold(count == 1, || {
            format!("cycle {number} was made {count} times")
        })?;
    }
    let (listed, more) = challenge(server, SERIES)?.cycles(0, 100);
    let listed: Vec<_> = listed.iter().map(|of| (of.number, of.challenge)).collect();
    let made: Vec<_> = contests.cycles().collect();
    hold(listed == made && !more, || {
        format!("the series lists {listed:?}, not {made:?}")
    })
}
