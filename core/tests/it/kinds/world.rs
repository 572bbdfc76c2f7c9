//! A few users who walk minutes of their own, and the challenge that they are in, settled.

use std::collections::BTreeMap;

use proptest::prelude::*;
use streakline_core::{
    challenge::{Challenge, resident::Resident},
    civil::MINUTE_MS,
    definition::{Definition, Kind},
    event::Contribution,
    id::{ChallengeId, Entity, MemberNumber, Position, UserId},
    input::{ChallengeInput, Header, Origin, RULES_VERSION, Source},
    view::RowView,
};

use crate::{
    challenges::window,
    history::{History, steps},
    places::at,
};

pub const ID: ChallengeId = ChallengeId([7; 16]);

/// Steps by the minute since 2026-05-02T00:00Z; the window is from the 3rd to the 5th.
pub type Walk = BTreeMap<i64, i64>;

pub fn any_walk() -> impl Strategy<Value = Walk> {
    proptest::collection::btree_map(0..5 * 1_440_i64, 1..200_i64, 0..25)
}

pub fn any_walks() -> impl Strategy<Value = Vec<Walk>> {
    proptest::collection::vec(any_walk(), 1..4)
}

pub fn minute_ms(minute: i64) -> i64 {
    at("2026-05-02T00:00Z") + minute * MINUTE_MS
}

pub fn of_kind(kind: Kind) -> Definition {
    Definition {
        kind,
        ..window("2026-05-03", "2026-05-05")
    }
}

/// One who is in before the start and whose minutes all come late, in an order that `seed` says; a sync at a time.
pub fn walked(definition: &Definition, walk: &Walk, seed: u64) -> History {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.enrol(7, definition);
    history.wait_until(at("2026-05-05T23:59Z"));
    let mut order: Vec<_> = (1_u64..).zip(walk).collect();
    order.sort_by_key(|(id, _)| id.wrapping_mul(seed | 1));
    for (id, (minute, value)) in order {
        let start_ms = minute_ms(*minute);
        if start_ms < at("2026-05-05T23:59Z") {
            history.send(1, vec![steps(id, start_ms, 1, *value)]);
        }
        if id % 7 == seed % 7 {
            history.snapshot();
            history.crash();
        }
    }
    history
}

pub fn member(number: usize) -> UserId {
    UserId::parse(&format!("user-{number}")).unwrap()
}

/// What each of them tells the challenge, as members in that order.
pub fn told(people: &[History]) -> Vec<Contribution> {
    let tell = |(number, history): (usize, &History)| {
        let told = history.user.contribution(ID)?;
        Some(Contribution {
            user: member(number),
            ..told
        })
    };
    people.iter().enumerate().filter_map(tell).collect()
}

pub fn header(index: u64, stamp_ms: i64) -> Header {
    Header {
        stamp_ms,
        partition: Entity::Challenge(ID).partition(8),
        position: Position { epoch: 1, index },
        origin: Origin::server(Source::Peer),
        rules: RULES_VERSION,
    }
}

/// The challenge with so many members, published and running.
pub fn opened(definition: &Definition, members: usize) -> Resident {
    let starts_ms = definition.starts.utc_ms();
    let join = |number: usize| ChallengeInput::Join {
        user: member(number),
        alias: format!("{number}"),
        starts_ms,
        member: MemberNumber(u32::try_from(number).unwrap() + 1),
        waits: false,
        team: None,
        carried: None,
    };
    let begin = [
        ChallengeInput::Create(definition.clone()),
        ChallengeInput::Publish,
    ];
    let inputs = begin.into_iter().chain((0..members).map(join));
    let joined_ms = at("2026-05-01T00:00Z");
    let tail = (1..).zip(inputs);
    let tail = tail.map(|(index, input)| (header(index, joined_ms), input));
    let mut resident = Resident::recovered(Challenge::new(ID), tail.collect(), &[]);
    resident.filled();
    resident
}

/// The rows and the digest once it is settled on what was told, in the order that it came.
pub fn settled(definition: &Definition, told: &[Contribution]) -> (Vec<RowView>, [u8; 32]) {
    let members = told.iter().map(|told| told.user.clone());
    let mut resident = opened(
        definition,
        members.collect::<std::collections::BTreeSet<_>>().len(),
    );
    for contribution in told {
        resident.take(contribution);
    }
    let digest = resident.board().digest();
    let settle = ChallengeInput::Settle {
        cutoff_ms: definition.settles_at_ms(),
        digest,
        participants: resident.board().len(),
    };
    let header = header(1_000_000, definition.settles_at_ms());
    resident.enqueue(header.clone(), settle);
    resident.step(header.position).unwrap();
    assert_eq!(
        resident.board().digest(),
        digest,
        "what is frozen is what was summed up"
    );
    let board = resident
        .challenge()
        .board_page(resident.board(), None, 100, 0);
    (board.items, digest)
}

/// T5.1: members' minutes in another order, and what they tell in another one.
pub fn assert_any_order_settles_alike(definition: &Definition, walks: &[Walk], seed: u64) {
    let people = |seed: u64| -> Vec<History> {
        let walked = |walk| walked(definition, walk, seed);
        walks.iter().map(walked).collect()
    };
    let (one, other) = (told(&people(1)), told(&people(seed)));
    let mut other: Vec<_> = other
        .iter()
        .chain(other.iter().step_by(2))
        .cloned()
        .collect();
    other.sort_by_key(|told| {
        let first = told.user.as_str().bytes().last().unwrap_or(0);
        u64::from(first).wrapping_mul(seed | 1)
    });
    let (rows, digest) = settled(definition, &one);
    let (others, again) = settled(definition, &other);
    assert_eq!(rows, others);
    assert_eq!(digest, again);
}
