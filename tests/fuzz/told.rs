//! Valid facts and changes, each named by a seed, so that their encodings can be read back and broken.

use streakline_core::{
    change::{Change, ChangeKind},
    definition::Measure,
    event::{EventId, Fact, FactKind, WonPrize},
    id::{ChallengeId, DeviceId},
    input::Adjustment,
    metric::Metric,
    period::WeekStart,
    sample::DeviceClass,
    streak::Definition,
};

use crate::{
    attributes, contests,
    random::Random,
    values::{self, bytes16},
};

fn event_id(random: &mut Random) -> EventId {
    let sub = [EventId::INPUT, 0, 7][random.index(3)];
    EventId {
        partition: values::partition(random),
        position: values::position(random),
        sub,
    }
}

fn won_prize(random: &mut Random) -> WonPrize {
    WonPrize {
        challenge: ChallengeId(bytes16(random)),
        reward: u32::try_from(random.within(1, 400)).unwrap(),
        day: values::day(random),
        amount_micro: random.within(1, 1_000_000_000),
        held_until_ms: values::maybe(random, |random| random.within(0, 1_000_000_000_000)),
        available_micro: random.within(0, 1_000_000_000),
        transfer: bytes16(random),
    }
}

pub(crate) fn fact(random: &mut Random) -> Fact {
    let challenge = ChallengeId(bytes16(random));
    let (day, goal) = (values::day(random), values::goal_id(random));
    let count = u32::try_from(random.within(1, 400)).unwrap();
    let kind = match random.index(12) {
        9 => FactKind::PrizeWon(won_prize(random)),
        0 => FactKind::ChallengeJoined(challenge),
        7 => FactKind::ChallengeStageReached {
            challenge,
            stage: count,
        },
        8 => FactKind::ChallengeTierReached {
            challenge,
            tier: count,
        },
        4 => FactKind::ChallengeWaitlisted(challenge),
        5 => FactKind::ChallengeNotAdmitted(challenge),
        6 => FactKind::ChallengeExtended {
            challenge,
            ends: day,
        },
        1 => FactKind::ChallengeSettled {
            challenge,
            rank: count,
            score: random.within(0, 1_000_000_000),
            participants: count,
            finished_at_ms: values::maybe(random, |random| random.within(0, 1_000_000_000)),
            team: values::maybe(random, contests::team_place),
            measure: [Measure::Count, Measure::Amount(Metric::DISTANCE)][random.index(2)],
        },
        2 => FactKind::ChallengeCancelled {
            challenge,
            reason: values::words(random, 200),
        },
        10 => FactKind::ChallengeVoided {
            challenge,
            reason: values::words(random, 200),
        },
        3 => FactKind::TokensPosted {
            day,
            rule: "steps@1".into(),
            amount_micro: random.within(1, 1_000_000_000),
            available_micro: random.within(1, 1_000_000_000),
            transfer: bytes16(random),
        },
        _ => FactKind::StreakExtended {
            goal,
            day,
            count,
            longest: count,
        },
    };
    Fact {
        seq: random.next() >> 30,
        at_ms: values::FROM_MS + random.within(0, 1_000_000_000),
        id: event_id(random),
        kind,
        by: values::header(random).origin,
        rules: 1,
        causes: (0..random.index(5)).map(|_| event_id(random)).collect(),
        device: [None, Some(DeviceId(bytes16(random)))][random.index(2)],
    }
}

pub(crate) fn change(random: &mut Random) -> Change {
    let goal = values::goal_id(random);
    let kind = match random.index(18) {
        16 => ChangeKind::DeviceKeySet {
            device: DeviceId(bytes16(random)),
            key: values::public_key(random).id(),
        },
        17 => ChangeKind::DeviceKeyRemoved(DeviceId(bytes16(random))),
        0 => ChangeKind::Created {
            zone: Some(values::name(random)),
        },
        1 => ChangeKind::ZoneChanged {
            zone: values::name(random),
            effective_ms: values::FROM_MS + random.within(0, 1_000_000_000),
            flagged: random.index(2) == 0,
        },
        14 => ChangeKind::Adjusted {
            day: values::day(random),
            adjustment: Adjustment {
                amount_micro: random.within(-2_000_000, 2_000_000),
                reason: values::words(random, 200),
            },
        },
        13 => ChangeKind::HiddenChanged(random.permille(500)),
        15 => ChangeKind::AttributesChanged(attributes::some(random)),
        2 => ChangeKind::AliasChanged(values::words(random, 40)),
        3 => ChangeKind::DayStartChanged {
            from: values::day(random),
            after_min: 240,
        },
        4 => ChangeKind::WeekStartChanged(WeekStart::Sunday),
        5 => ChangeKind::DeviceBound {
            device: DeviceId(bytes16(random)),
            class: DeviceClass::Watch,
        },
        6 => ChangeKind::GoalSet {
            goal,
            revisions: Vec::new(),
            own: Some((values::day(random), 7_500)),
            streak: Some(Definition::default()),
        },
        7 => ChangeKind::GoalDeleted {
            goal,
            until: Some(values::day(random)),
        },
        8 => ChangeKind::RestDayChosen(values::day(random)),
        9 => ChangeKind::ChallengeLeft(ChallengeId(bytes16(random))),
        10 => ChangeKind::DeviceOrderChanged(vec![DeviceId(bytes16(random))]),
        11 => ChangeKind::Skipped {
            position: values::position(random),
            hold: true,
        },
        _ => ChangeKind::Retried {
            input: Some("put_goal".into()),
            release: true,
        },
    };
    Change {
        number: random.next() >> 30,
        at_ms: values::FROM_MS + random.within(0, 1_000_000_000),
        id: event_id(random),
        by: values::header(random).origin,
        rules: 1,
        kind,
    }
}
