//! A challenge with members for tests, and a stand-in for the shell's sealing.

use alloc::{string::String, vec::Vec};

use super::{Challenge, Name, resident::Resident, stored};
use crate::{
    civil::Day,
    definition::Definition,
    event::Contribution,
    id::{ChallengeId, MemberNumber, PartitionId, Position, UserId},
    input::{ChallengeInput, Header, Origin, RULES_VERSION, Source},
    view::RowView,
};

pub(super) const ID: ChallengeId = ChallengeId([7; 16]);

pub(super) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub(super) fn header(index: u64) -> Header {
    Header {
        stamp_ms: 0,
        partition: PartitionId(256),
        position: Position { epoch: 1, index },
        origin: Origin {
            source: Source::Rest,
            principal: "user:asker".into(),
            request_id: alloc::format!("request-{index}"),
        },
        rules: RULES_VERSION,
    }
}

/// Gives it the next input, which is durable at once.
pub(super) fn give(resident: &mut Resident, input: ChallengeInput) {
    at(resident, 0, input);
}

/// The same at an instant, POSIX ms.
pub(super) fn at(resident: &mut Resident, stamp_ms: i64, input: ChallengeInput) {
    let index = resident.challenge().position.index + 1;
    let header = Header {
        stamp_ms,
        position: Position { epoch: 1, index },
        ..header(index)
    };
    let position = header.position;
    resident.enqueue(header, input);
    resident.step(position).unwrap();
}

pub(super) fn definition() -> Definition {
    Definition {
        per_day_cap: None,
        ..Definition::new("Steps", (Day(1), Day(2)))
    }
}

/// A published one with so many places and so long a waiting list, without members.
pub(super) fn of_places(capacity: u32, waitlist: u32) -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    let definition = Definition {
        capacity: Some(capacity),
        waitlist,
        ..definition()
    };
    give(&mut resident, ChallengeInput::Create(definition));
    give(&mut resident, ChallengeInput::Publish);
    resident
}

/// A published one without members.
pub(super) fn open() -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    give(&mut resident, ChallengeInput::Create(definition()));
    give(&mut resident, ChallengeInput::Publish);
    resident
}

pub(super) fn alias(name: &str) -> String {
    alloc::format!("alias-{name}")
}

pub(super) fn join(resident: &mut Resident, name: &str) {
    let joining = resident
        .challenge()
        .joining(user(name), alias(name), (0, 0));
    give(resident, joining);
}

pub(super) fn contribution(name: &str, version: u64, score: i64) -> Contribution {
    Contribution {
        challenge: ID,
        user: user(name),
        join: 1,
        version: Position {
            epoch: 1,
            index: version,
        },
        score,
        achieved_at_ms: 60_000,
        alias: alias(name),
        days: Vec::new(),
        segments: Vec::new(),
        is_ineligible: false,
    }
}

/// One with these members and scores, all reached in the same minute.
pub(super) fn running(scores: &[(&str, i64)]) -> Resident {
    let mut resident = open();
    for (name, score) in scores {
        join(&mut resident, name);
        resident.take(&contribution(name, 1, *score));
    }
    resident
}

/// The same, settled.
pub(super) fn settled(scores: &[(&str, i64)]) -> Resident {
    let mut resident = running(scores);
    let settle = ChallengeInput::Settle {
        cutoff_ms: 5,
        digest: resident.board().digest(),
        participants: resident.board().len(),
    };
    give(&mut resident, settle);
    resident
}

pub(super) fn forget(resident: &mut Resident, name: &str) {
    let input = resident.challenge().forgetting(&user(name)).unwrap();
    give(resident, input);
}

pub(super) fn number(resident: &Resident, name: &str) -> Option<u32> {
    let number = resident.challenge().members.number_of(&user(name));
    number.map(|number| number.0)
}

/// Every row of the board.
pub(super) fn rows(resident: &Resident) -> Vec<RowView> {
    let page = resident
        .challenge()
        .board_page(resident.board(), None, 100, 0);
    page.items
}

/// Whoever has the key reads it: nobody finds a word in it.
fn seal(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 0xA5).collect()
}

/// A snapshot's bytes, and the numbers whose names were sealed for it.
pub(super) fn stored(resident: &mut Resident) -> (Vec<u8>, Vec<u32>) {
    let parts = resident.snapshot().unwrap();
    let sealed = |(number, name): &(MemberNumber, Name)| {
        (*number, seal(&minicbor::to_vec(name).unwrap()).into())
    };
    let fresh = parts.unsealed.iter().map(sealed).collect();
    resident.sealed(&parts, &fresh);
    let numbers = fresh.keys().map(|number| number.0).collect();
    (parts.bytes(&fresh), numbers)
}

/// The state of a snapshot's bytes; `erased`: whose key is gone.
pub(super) fn restored(bytes: &[u8], erased: &[&str]) -> Challenge {
    let stored = stored::read(bytes).unwrap();
    let open = |(number, bytes): (&MemberNumber, &alloc::sync::Arc<[u8]>)| {
        let name: Name = minicbor::decode(&seal(bytes)).unwrap();
        (*number, name)
    };
    let names: Vec<_> = stored.names.iter().map(open).collect();
    let known = names
        .into_iter()
        .filter(|(_, name)| !erased.contains(&name.user.as_str()));
    stored.clone().named(known)
}

/// Settles it as its board stands.
pub(super) fn settle(resident: &mut Resident) {
    let settle = ChallengeInput::Settle {
        cutoff_ms: 5,
        digest: resident.board().digest(),
        participants: resident.board().len(),
    };
    give(resident, settle);
}
