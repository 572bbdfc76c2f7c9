//! A kill after every call of a script: what was acknowledged is there, and nothing else.

use std::{collections::BTreeMap, fmt::Debug};

use super::{
    super::{KeyRow, envelope::KeyId},
    *,
};

enum Step {
    Append(JournalRow),
    Commit(SnapshotWrite),
    Claim(u8, &'static str),
    ClaimKey(u8, &'static str),
    EraseKey(u8, &'static str),
    RaiseEpoch,
    SetClock(i64, &'static str),
    Forget(i64),
    Truncate(u64),
}

fn attached(row: JournalRow, attachment: Attachment) -> JournalRow {
    JournalRow {
        attachments: vec![attachment],
        ..row
    }
}

fn key_row(number: u8, bytes: &str) -> KeyRow {
    KeyRow {
        id: KeyId([number; 16]),
        bytes: bytes.into(),
    }
}

fn stuck(index: u64) -> StuckId {
    StuckId {
        partition: P,
        position: at(1, index),
    }
}

fn script() -> Vec<Step> {
    let mut first = snapshot("ann", 3);
    first.chunks = vec![(chunk(1, 1), b"c1".to_vec()), (chunk(2, 2), b"c2".to_vec())];
    first.facts = vec![(1, b"f1".to_vec())];
    first.standings = vec![(challenge(1), Some(b"10 steps".to_vec()))];
    first.due_ms = Some(100);
    first.partition_row = b"sum 10".to_vec();
    let mut second = snapshot("ann", 5);
    second.chunks = vec![(chunk(1, 3), b"c1'".to_vec())];
    second.dropped_chunks = vec![chunk(1, 1)];
    second.transfers = vec![(2, b"t2".to_vec())];
    second.facts = vec![(2, b"f2".to_vec())];
    second.changes = vec![(1, b"w1".to_vec())];
    second.standings = vec![(challenge(1), Some(b"30 steps".to_vec()))];
    second.due_before_ms = Some(100);
    second.due_ms = Some(200);
    second.partition_row = b"sum 30".to_vec();
    let answer = Attachment::Idempotency(key("user:ann", "k1"), record("joined", 50));
    vec![
        Step::RaiseEpoch,
        Step::Claim(1, "ann"),
        Step::ClaimKey(1, "ann"),
        Step::ClaimKey(2, "ann"),
        Step::Append(attached(
            row(1, 2),
            Attachment::ChallengeListed(challenge(1)),
        )),
        Step::Append(attached(row(3, 3), answer)),
        Step::Commit(first.clone()),
        Step::Claim(1, "bob"),
        Step::Append(row_of(Q, at(1, 1), at(1, 7))),
        Step::SetClock(60, "k2"),
        Step::Append(attached(
            row(4, 5),
            Attachment::ChallengeListed(challenge(2)),
        )),
        Step::Commit(second),
        Step::Commit(first),
        Step::Forget(60),
        Step::Truncate(6),
        Step::Append(attached(
            row(6, 6),
            Attachment::ChallengeUnlisted(challenge(1)),
        )),
        Step::Append(attached(
            row(6, 6),
            Attachment::ChallengeUnlisted(challenge(1)),
        )),
        Step::Append(attached(
            row(7, 7),
            Attachment::Stuck(stuck(6), b"6".to_vec()),
        )),
        Step::Append(attached(
            row(8, 8),
            Attachment::Stuck(stuck(7), b"7".to_vec()),
        )),
        Step::Append(attached(row(9, 9), Attachment::Unstuck(stuck(6)))),
        Step::Claim(2, "bob"),
        Step::EraseKey(1, "ann"),
        Step::ClaimKey(3, "bob"),
        Step::RaiseEpoch,
        Step::Append(row_of(P, at(2, 1), at(2, 1))),
        Step::SetClock(70, "k3"),
    ]
}

/// Does a step; what it answered.
async fn take(store: &dyn Store, step: &Step) -> String {
    let moved = |key_text| Some((key("admin-key", key_text), record(key_text, 90)));
    match step {
        Step::Append(row) => shown(store.append(row.clone()).await),
        Step::Commit(write) => shown(store.commit(write.clone()).await),
        Step::Claim(device, name) => shown(
            store
                .claim_device(DeviceId([*device; 16]), &user(name))
                .await,
        ),
        Step::ClaimKey(number, name) => {
            shown(store.claim_key(&user(name), key_row(*number, name)).await)
        }
        Step::EraseKey(number, name) => {
            shown(store.erase_key(&user(name), key_row(*number, "gone")).await)
        }
        Step::RaiseEpoch => shown(store.raise_epoch(8).await),
        Step::SetClock(now_ms, answer) => shown(store.set_clock(*now_ms, moved(answer)).await),
        Step::Forget(now_ms) => shown(store.forget_expired(*now_ms, 9).await),
        Step::Truncate(index) => {
            let uncovered = BTreeMap::from([(P, at(1, *index)), (Q, at(1, 1))]);
            shown(store.truncate(uncovered).await)
        }
    }
}

fn shown<T: Debug>(answer: Result<T, Error>) -> String {
    format!("{:?}", answer.unwrap())
}

/// What the script has given up; it may come back after a crash, to be given up again.
#[derive(Default)]
struct GivenUp {
    up_to: Option<Position>,
    answers_before_ms: i64,
}

impl GivenUp {
    fn note(&mut self, step: &Step) {
        match step {
            Step::Truncate(index) => self.up_to = Some(at(1, index - 1)),
            Step::Forget(now_ms) => self.answers_before_ms = *now_ms,
            _ => {}
        }
    }
}

/// Everything that can be read of the script's rows and was not given up.
async fn contents(store: &dyn Store, given_up: &GivenUp) -> Vec<String> {
    let ann = user("ann");
    let mut seen = vec![
        shown(store.tail(P, given_up.up_to, usize::MAX).await),
        shown(store.tail(Q, None, usize::MAX).await),
        shown(store.snapshot(&Entity::User(ann.clone())).await),
        shown(store.partition_row(P).await),
        shown(store.challenges(None, 9).await),
        shown(store.facts(&ann, 0, 9).await),
        shown(store.transfers(&ann, 0, 9).await),
        shown(store.changes(&ann, 0, 9).await),
        shown(store.standings(challenge(1), None, 9).await),
        shown(store.due(P, i64::MAX, 9).await),
        shown(store.earliest_due(P).await),
        shown(store.clock().await),
        shown(store.stuck(None, 9).await),
        shown(store.key_of(&ann).await),
        shown(store.key_of(&user("bob")).await),
    ];
    // Their order is the store's own matter.
    let mut keys = store.keys(None, 9).await.unwrap();
    keys.sort_by_key(|key| key.id);
    seen.push(format!("{keys:?}"));
    for id in [chunk(1, 1), chunk(2, 2), chunk(1, 3)] {
        seen.push(format!("{:?}", store.chunks(&ann, vec![id]).await.ok()));
    }
    for (principal, name) in [("user:ann", "k1"), ("admin-key", "k2"), ("admin-key", "k3")] {
        let answer = store.idempotency(&key(principal, name)).await.unwrap();
        let answer = answer.filter(|answer| answer.expires_ms >= given_up.answers_before_ms);
        seen.push(format!("{answer:?}"));
    }
    seen
}

/// The model is the store in memory that never crashes; the other tests hold both against plain
/// numbers.
pub(super) async fn a_crash_after_any_call_loses_nothing_that_was_acknowledged<F: Fixture>(
    fixture: F,
) {
    let model = MemoryStore::new();
    let mut fixture = fixture;
    let mut given_up = GivenUp::default();
    for (number, step) in script().iter().enumerate() {
        given_up.note(step);
        assert_eq!(
            take(fixture.store(), step).await,
            take(&model, step).await,
            "step {number}"
        );
        fixture = fixture.crash().await;
        let found = contents(fixture.store(), &given_up).await;
        assert_eq!(
            found,
            contents(&model, &given_up).await,
            "after step {number}"
        );
    }
}
