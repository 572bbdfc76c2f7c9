//! A board under deliveries that come in any order and more than once (T5.1): the last version of each member counts.

use proptest::prelude::*;
use streakline_core::{
    challenge::{Challenge, resident::Resident},
    civil::Day,
    definition::Definition,
    event::Contribution,
    id::{ChallengeId, Entity, MemberNumber, Position, UserId},
    input::{ChallengeInput, Header, Origin, RULES_VERSION, Source},
};

const ID: ChallengeId = ChallengeId([9; 16]);
const MEMBERS: u64 = 6;

fn user(number: u64) -> UserId {
    UserId::parse(&format!("user-{number}")).unwrap()
}

fn definition() -> Definition {
    let starts = Day::parse("2016-04-13").unwrap();
    Definition {
        per_day_cap: None,
        ..Definition::new("April steps", (starts, starts))
    }
}

fn challenge() -> Resident {
    let starts_ms = definition().starts.utc_ms();
    let join = |number: u64| ChallengeInput::Join {
        user: user(number),
        alias: format!("{number}"),
        starts_ms,
        member: MemberNumber(u32::try_from(number).unwrap() + 1),
        waits: false,
        team: None,
        carried: None,
    };
    let begin = [
        ChallengeInput::Create(definition()),
        ChallengeInput::Publish,
    ];
    let inputs = begin.into_iter().chain((0..MEMBERS).map(join));
    let tail = (1..).zip(inputs).map(|(index, input)| {
        let header = Header {
            stamp_ms: 0,
            partition: Entity::Challenge(ID).partition(8),
            position: Position { epoch: 1, index },
            origin: Origin::server(Source::Peer),
            rules: RULES_VERSION,
        };
        (header, input)
    });
    let mut resident = Resident::recovered(Challenge::new(ID), tail.collect(), &[]);
    resident.filled();
    resident
}

fn contribution(number: u64, version: u64, score: i64) -> Contribution {
    let minute = i64::try_from(version).unwrap() * 60_000;
    Contribution {
        challenge: ID,
        user: user(number),
        join: 1,
        version: Position {
            epoch: 1,
            index: version,
        },
        score,
        achieved_at_ms: definition().starts.utc_ms() + minute,
        alias: format!("{number}"),
        days: Vec::new(),
        segments: Vec::new(),
        is_ineligible: false,
    }
}

fn digest(deliveries: &[Contribution]) -> [u8; 32] {
    let mut resident = challenge();
    for delivery in deliveries {
        resident.take(delivery);
    }
    resident.board().digest()
}

proptest! {
    #[test]
    fn any_order_of_members_deliveries_gives_the_same_settlement_digest(
        scores in proptest::collection::vec((0..MEMBERS, 0_i64..50_000), 1..40),
        order in any::<u64>(),
    ) {
        let sent: Vec<_> = (1_u64..)
            .zip(&scores)
            .map(|(version, (number, score))| contribution(*number, version, *score))
            .collect();
        let mut arrived: Vec<_> = sent.iter().chain(sent.iter().step_by(3)).cloned().collect();
        arrived.sort_by_key(|c| (c.version.index.wrapping_mul(order | 1), c.version.index));
        prop_assert_eq!(digest(&sent), digest(&arrived));
        let last = sent.last().unwrap();
        let other = Contribution { score: last.score + 1, ..last.clone() };
        let mut changed = sent.clone();
        *changed.last_mut().unwrap() = other;
        prop_assert_ne!(digest(&sent), digest(&changed), "the digest tells scores apart");
    }
}
