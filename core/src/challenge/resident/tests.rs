//! A challenge that is read back while its joins and its settlement are only in the journal.

use super::*;
use crate::{
    challenge::{Stage, admit::Refusal},
    civil::Day,
    definition::{
        Definition,
        rewards::{Basis, Reward},
    },
    id::ChallengeId,
    input::{Conclusion, Origin, RULES_VERSION, Source},
    view::ChallengePhase,
};

const ID: ChallengeId = ChallengeId([7; 16]);

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn at(index: u64) -> Position {
    Position { epoch: 1, index }
}

fn header(index: u64, stamp_ms: i64) -> Header {
    let partition = Entity::Challenge(ID).partition(4);
    Header {
        stamp_ms,
        partition,
        position: at(index),
        origin: Origin::server(Source::Timer),
        rules: RULES_VERSION,
    }
}

fn definition() -> Definition {
    let day = Day::parse("2016-04-13").unwrap();
    Definition {
        per_day_cap: None,
        ..Definition::new("April steps", (day, day))
    }
}

fn join(name: &str) -> ChallengeInput {
    let starts_ms = definition().starts.utc_ms();
    Challenge::new(ID).joining(user(name), name.into(), (starts_ms, 0))
}

fn score(name: &str, score: i64) -> Contribution {
    Contribution {
        challenge: ID,
        user: user(name),
        join: 1,
        version: at(20),
        score,
        achieved_at_ms: definition().starts.utc_ms(),
        alias: name.into(),
        days: Vec::new(),
        segments: Vec::new(),
        is_ineligible: false,
    }
}

/// Everything since it was made is in the tail; `ann`'s score is a row, `bob`'s is with his partition.
fn recovered(last: Option<ChallengeInput>) -> Resident {
    let created = ChallengeInput::Create(definition());
    let inputs = [created, ChallengeInput::Publish, join("ann"), join("bob")];
    let tail = (1..)
        .zip(inputs)
        .map(|(index, input)| (header(index, 0), input));
    let settled = last.map(|input| (header(9, definition().settles_at_ms()), input));
    let tail = tail.chain(settled).collect();
    Resident::recovered(Challenge::new(ID), tail, &[score("ann", 50)])
}

/// Ranks that members are told, with everything confirmed that they are told on the way.
fn ranks_told(resident: &mut Resident) -> Vec<(UserId, u32, i64)> {
    let mut ranks = Vec::new();
    loop {
        let due = resident.outbox.due(10);
        if due.is_empty() {
            return ranks;
        }
        for (user, _, notice) in due {
            resident.confirmed(&user, &notice);
            if let UserInput::Conclude {
                conclusion: Conclusion::Settled { rank, score, .. },
                ..
            } = notice
            {
                ranks.push((user, rank, score));
            }
        }
    }
}

fn scores(resident: &Resident) -> Vec<i64> {
    resident
        .board()
        .order()
        .iter()
        .map(|row| row.score)
        .collect()
}

#[test]
fn joins_of_the_tail_get_the_scores_that_were_written_before() {
    let mut resident = recovered(None);
    assert!(resident.is_partial());
    assert_eq!(resident.take(&score("bob", 40)), Answer::Shown);
    resident.filled();
    assert!(!resident.is_partial());
    assert_eq!(scores(&resident), [50, 40]);
}

#[test]
fn a_settlement_of_the_tail_tells_ranks_only_when_the_board_is_whole() {
    let (digest, participants) = ([0; 32], 2);
    let settle = ChallengeInput::Settle {
        cutoff_ms: definition().settles_at_ms(),
        digest,
        participants,
    };
    let mut resident = recovered(Some(settle));
    assert_eq!(ranks_told(&mut resident), []);
    resident.take(&score("bob", 60));
    resident.filled();
    assert_eq!(
        ranks_told(&mut resident),
        [(user("ann"), 2, 50), (user("bob"), 1, 60)]
    );
    assert_eq!(resident.take(&score("bob", 99)), Answer::Closed);
    assert_eq!(scores(&resident), [60, 50]);
}

#[test]
fn a_challenge_without_a_tail_and_without_members_is_whole() {
    let resident = Resident::recovered(Challenge::new(ID), Vec::new(), &[]);
    assert!(!resident.is_partial());
}

#[test]
fn a_challenge_passes_over_what_was_skipped_and_stops_after_three() {
    let joined = |name: &str| join(name);
    let poison = (header(4, 40), joined("bob"));
    let skip = crate::poison::Skipping::challenge(&poison.0, &poison.1).skip;
    let tail = Vec::from([
        (header(1, 10), ChallengeInput::Create(definition())),
        (header(2, 20), ChallengeInput::Publish),
        (header(3, 30), joined("ann")),
        poison,
        (header(5, 50), joined("cat")),
        (header(6, 60), ChallengeInput::Skip(skip.clone())),
    ]);
    let mut resident = Resident::recovered(Challenge::new(ID), tail, &[]);
    let members = resident.challenge().members.by_user();
    let members: Vec<_> = members.map(|(user, _)| user.clone()).collect();
    assert_eq!(members, [user("ann"), user("cat")]);
    assert!(resident.challenge().next_deadline().is_some());
    for index in 7..9 {
        resident.enqueue(header(index, 70), ChallengeInput::Skip(skip.clone()));
        resident.step(at(index));
    }
    assert!(resident.challenge().stopped);
    assert_eq!(
        resident.challenge().visible_deadline(),
        None,
        "nothing falls due"
    );
    let retry = crate::poison::Retry {
        stamp_ms: 40,
        kept: false,
        release: true,
        input: crate::poison::encoded(&joined("bob")),
    };
    resident.enqueue(header(9, 90), ChallengeInput::Retry(retry));
    resident.step(at(9));
    assert!(!resident.challenge().stopped);
    assert!(resident.challenge().is_member(&user("bob")));
}

const CAMPAIGN: CampaignId = CampaignId([9; 16]);

/// A definition that pays 100 to the first and 5 to everybody who scores.
fn paying() -> Definition {
    let reward = |basis, tokens_micro| Reward {
        basis,
        tokens_micro,
    };
    let first = Basis::Rank { first: 1, last: 1 };
    Definition {
        capacity: Some(4),
        rewards: Vec::from([reward(first, 100), reward(Basis::Threshold(1), 5)]),
        campaign: Some(CAMPAIGN),
        ..definition()
    }
}

fn amounts(resident: &mut Resident) -> Vec<(UserId, Vec<i64>)> {
    let mut told = Vec::new();
    for (user, _, notice) in resident.outbox.due(10) {
        if let UserInput::Conclude {
            conclusion: Conclusion::Settled { prizes, .. },
            ..
        } = &notice
        {
            let amounts = prizes.iter().map(|prize| prize.amount_micro);
            told.push((user.clone(), amounts.collect()));
        }
    }
    told
}

/// Reads the state back as a restart does: from its snapshot, with what came after it.
fn restarted(resident: &mut Resident) -> Resident {
    let parts = resident.snapshot().unwrap();
    let names = parts
        .unsealed
        .iter()
        .map(|(number, name)| (*number, name.clone()));
    let names: Vec<_> = names.collect();
    let fresh = names
        .iter()
        .map(|(number, _)| (*number, alloc::sync::Arc::from([1_u8].as_slice())));
    let stored = crate::challenge::stored::read(&parts.bytes(&fresh.collect())).unwrap();
    Resident::recovered(stored.named(names), Vec::new(), &[])
}

#[test]
fn t5_2_a_restart_after_the_settlement_tells_the_same_prizes_until_they_are_confirmed() {
    let inputs = [
        ChallengeInput::Create(paying()),
        ChallengeInput::Publish,
        join("ann"),
        join("bob"),
        join("cat"),
    ];
    let tail = (1..)
        .zip(inputs)
        .map(|(index, input)| (header(index, 0), input));
    let mut resident = Resident::recovered(Challenge::new(ID), tail.collect(), &[]);
    resident.filled();
    resident.take(&score("ann", 50));
    resident.take(&score("bob", 60));
    for (user, _, notice) in resident.outbox.due(10) {
        resident.confirmed(&user, &notice);
    }
    assert_eq!(resident.account(), None, "it is not over");
    let settle = ChallengeInput::Settle {
        cutoff_ms: definition().settles_at_ms(),
        digest: resident.board().digest(),
        participants: 3,
    };
    resident.enqueue(header(9, definition().settles_at_ms()), settle.clone());
    resident.step(at(9));
    let wanted = [
        (user("ann"), Vec::from([5])),
        (user("bob"), Vec::from([100, 5])),
        (user("cat"), Vec::new()),
    ];
    assert_eq!(amounts(&mut resident), wanted);
    let now_ms = definition().settles_at_ms();
    assert_eq!(resident.challenge().visible_deadline(), Some(now_ms));
    let mut again = restarted(&mut resident);
    assert_eq!(amounts(&mut again), wanted);
    // Folded once more, as an operator may offer it: nobody is told anything else.
    again.enqueue(header(10, now_ms), settle);
    again.step(at(10));
    assert_eq!(amounts(&mut again), wanted);
    let close = CampaignInput::Close {
        challenge: ID,
        spent_micro: 110,
    };
    assert_eq!(again.account(), Some((CAMPAIGN, close.clone())));
    assert!(!again.may_passivate());
    again.accounted(&close);
    assert_eq!(again.account(), None);
    again.outbox.round();
    again.outbox.round();
    for (user, _, notice) in again.outbox.due(10) {
        again.confirmed(&user, &notice);
    }
    assert_eq!(restarted(&mut again).challenge().visible_deadline(), None);
}

/// Ann and bob have won, and everybody knows.
fn settled() -> Resident {
    let inputs = [
        ChallengeInput::Create(paying()),
        ChallengeInput::Publish,
        join("ann"),
        join("bob"),
    ];
    let tail = (1..)
        .zip(inputs)
        .map(|(index, input)| (header(index, 0), input));
    let mut resident = Resident::recovered(Challenge::new(ID), tail.collect(), &[]);
    resident.filled();
    resident.take(&score("ann", 50));
    resident.take(&score("bob", 60));
    tell_all(&mut resident);
    let settle = ChallengeInput::Settle {
        cutoff_ms: definition().settles_at_ms(),
        digest: resident.board().digest(),
        participants: 2,
    };
    resident.enqueue(header(9, definition().settles_at_ms()), settle);
    resident.step(at(9));
    resident
}

fn tell_all(resident: &mut Resident) {
    for (user, _, notice) in resident.outbox.due(10) {
        resident.confirmed(&user, &notice);
    }
}

fn void(resident: &mut Resident, index: u64) {
    let input = ChallengeInput::Void("a wrong zone".into());
    resident.enqueue(header(index, definition().settles_at_ms()), input);
    resident.step(at(index));
}

fn close(spent_micro: i64) -> CampaignInput {
    CampaignInput::Close {
        challenge: ID,
        spent_micro,
    }
}

#[test]
fn a_settlement_that_is_annulled_tells_what_was_won_until_that_is_confirmed_and_frees_it_then() {
    let mut resident = settled();
    tell_all(&mut resident);
    let told = resident.account().map(|(_, close)| close).unwrap();
    assert_eq!(told, close(110));
    let board = resident.board().digest();
    void(&mut resident, 10);
    // What the settlement had told on its way is no news of the annulment.
    resident.accounted(&told);
    assert_eq!(resident.account(), None, "it is not back yet");
    let phase = resident.challenge().phase(definition().settles_at_ms());
    assert_eq!(phase, Some(ChallengePhase::Voided));
    assert_eq!(resident.board().digest(), board, "the board stays");
    let mut again = restarted(&mut resident);
    let mut back = Vec::new();
    for (user, _, notice) in again.outbox.due(10) {
        let UserInput::Conclude {
            conclusion: Conclusion::Voided {
                campaign, prizes, ..
            },
            ..
        } = &notice
        else {
            panic!("{notice:?}");
        };
        assert_eq!(*campaign, Some(CAMPAIGN));
        let amounts: Vec<_> = prizes.iter().map(|prize| prize.amount_micro).collect();
        back.push((user.clone(), amounts));
        again.confirmed(&user, &notice);
    }
    assert_eq!(
        back,
        [
            (user("ann"), Vec::from([5])),
            (user("bob"), Vec::from([100, 5]))
        ]
    );
    assert_eq!(again.account(), Some((CAMPAIGN, close(0))));
    again.accounted(&close(0));
    assert_eq!(again.account(), None);
    void(&mut again, 11);
    assert!(again.outbox.is_empty(), "once is enough");
    assert_eq!(restarted(&mut again).challenge().visible_deadline(), None);
}

#[test]
fn only_what_is_settled_can_be_annulled_and_then_nothing_changes_any_more() {
    let mut resident = settled();
    let now_ms = definition().settles_at_ms();
    let challenge = resident.challenge();
    assert_eq!(challenge.may_void(now_ms), Ok(true));
    void(&mut resident, 10);
    let challenge = resident.challenge();
    let phase = Refusal::Phase(ChallengePhase::Voided);
    assert_eq!(challenge.may_void(now_ms), Ok(false));
    assert_eq!(challenge.may_cancel(now_ms), Err(phase));
    assert_eq!(
        challenge.may_leave(&user("ann"), now_ms),
        Err(Refusal::Closed)
    );
    assert_eq!(
        challenge.may_join(&user("dan"), 0, now_ms),
        Err(Refusal::Closed)
    );
    let mut open = Challenge::new(ID);
    assert_eq!(open.may_void(now_ms), Err(Refusal::NotFound));
    open.definition = Some(paying());
    open.stage = Stage::Published;
    let early = Err(Refusal::Phase(ChallengePhase::Open));
    assert_eq!(open.may_void(0), early);
}

#[test]
fn a_challenge_that_pays_nobody_gives_everything_back() {
    for end in [
        ChallengeInput::Cancel("rain".into()),
        ChallengeInput::Discard,
    ] {
        let inputs = [ChallengeInput::Create(paying()), end];
        let tail = (1..)
            .zip(inputs)
            .map(|(index, input)| (header(index, 0), input));
        let resident = Resident::recovered(Challenge::new(ID), tail.collect(), &[]);
        let close = CampaignInput::Close {
            challenge: ID,
            spent_micro: 0,
        };
        assert_eq!(resident.account(), Some((CAMPAIGN, close)));
    }
}
