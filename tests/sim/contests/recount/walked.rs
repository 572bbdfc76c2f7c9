//! What each user had walked on each day, by the users' own journals: of a day that is hard closed, what it had then.

use std::collections::{BTreeMap, BTreeSet};

use streakline_core::{
    civil::Day,
    id::{Entity, Position, UserId},
    input::Input,
    records::Records,
    user::{
        User,
        resident::{Resident, Step},
    },
};

use crate::server::{Checked, Server, rules};

/// What each user had walked on each day, by instant.
pub(super) type Walked = BTreeMap<UserId, BTreeMap<i64, BTreeMap<Day, i64>>>;

/// What a user had walked on each day when each of some instants came, by the user's own journal.
pub(super) fn walked_by(
    server: &Server,
    (user, instants): (&UserId, &BTreeSet<i64>),
) -> Checked<BTreeMap<i64, BTreeMap<Day, i64>>> {
    let mut fresh = User::new(user.clone());
    fresh.resolve(&rules());
    let mut resident = Resident::new(fresh);
    let mut stamps = BTreeMap::new();
    let entity = Entity::User(user.clone());
    for (header, input) in server.durable.get(&entity).into_iter().flatten() {
        if let Input::User(_, input) = input {
            stamps.insert(header.position, header.stamp_ms);
            resident.enqueue(header.clone(), input.clone());
        }
    }
    let all = Position {
        epoch: u64::MAX,
        index: u64::MAX,
    };
    let mut walked = BTreeMap::new();
    let mut instants = instants.iter().copied().peekable();
    loop {
        let next = resident.first_pending();
        let stamp_ms = next.and_then(|position| stamps.get(&position).copied());
        let days = |user: &User| {
            let days = user.days.iter();
            days.map(|(day, held)| (*day, held.scored.unwrap_or_else(|| held.eligible_steps())))
                .collect()
        };
        while let Some(at_ms) = instants.next_if(|at| stamp_ms.is_none_or(|stamp| *at <= stamp)) {
            walked.insert(at_ms, days(resident.user()));
        }
        match resident.step(all, &rules()) {
            Step::Idle => return Ok(walked),
            // Nothing was ever written apart: everything is still at hand.
            Step::Load(days) => {
                resident.load(days.into_iter().map(|day| (day, Records::new())).collect());
            }
            Step::Folded(..) => {}
        }
    }
}
