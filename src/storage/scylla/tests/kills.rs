//! A kill between any two statements, and an answer that gets lost after any of them.
//!
//! After each kill another server takes over: what was acknowledged is there, what was under way is there as a whole or not at all,
//! and the first server, should it live on, acknowledges nothing more.

use std::{collections::BTreeMap, sync::Arc};

use super::{super::super::memory::MemoryStore, *};

/// Names of one run; runs share a keyspace and nothing else.
#[derive(Clone)]
struct Names {
    epoch: u64,
    user: UserId,
    challenge: ChallengeId,
    device: DeviceId,
    key: IdempotencyKey,
    stuck: StuckId,
}

impl Names {
    fn new(epoch: u64) -> Self {
        let name = format!("user-{epoch}");
        let mut id = [0; 16];
        id[8..].copy_from_slice(&epoch.to_be_bytes());
        Self {
            epoch,
            user: user(&name),
            challenge: ChallengeId(id),
            device: DeviceId(id),
            key: IdempotencyKey {
                principal: format!("user:{name}"),
                key: "k".into(),
            },
            stuck: StuckId {
                partition: P,
                position: Position { epoch, index: 2 },
            },
        }
    }

    fn answer(&self) -> StoredAnswer {
        StoredAnswer {
            expires_ms: 1_000,
            bytes: self.user.as_str().into(),
        }
    }

    fn snapshot(&self, index: u64, state: &str) -> SnapshotWrite {
        let covered = Position {
            epoch: self.epoch,
            index,
        };
        snapshot_at(&self.user, covered, state, &format!("sums of {state}"))
    }

    fn first(&self) -> SnapshotWrite {
        SnapshotWrite {
            chunks: vec![(chunk(1, 1), b"c1".to_vec()), (chunk(2, 2), b"c2".to_vec())],
            facts: vec![(1, b"f1".to_vec())],
            standings: vec![(self.challenge, Some(b"10".to_vec()))],
            due_ms: Some(100),
            ..self.snapshot(2, "one")
        }
    }

    fn second(&self) -> SnapshotWrite {
        SnapshotWrite {
            chunks: vec![(chunk(1, 3), b"c3".to_vec())],
            dropped_chunks: vec![chunk(1, 1)],
            facts: vec![(2, b"f2".to_vec())],
            transfers: vec![(2, b"t2".to_vec())],
            standings: vec![(self.challenge, Some(b"30".to_vec()))],
            due_before_ms: Some(100),
            due_ms: Some(200_000_000),
            ..self.snapshot(3, "two")
        }
    }

    fn steps(&self) -> Vec<Step> {
        let mut listed = row(self.epoch, 1, 2);
        listed.attachments = vec![
            Attachment::ChallengeListed(self.challenge),
            Attachment::Idempotency(self.key.clone(), self.answer()),
        ];
        let mut stuck = row(self.epoch, 3, 3);
        stuck.attachments = vec![Attachment::Stuck(self.stuck, b"stuck".to_vec())];
        let mut released = row(self.epoch, 4, 4);
        released.attachments = vec![Attachment::Unstuck(self.stuck)];
        vec![
            Step::Append(listed),
            Step::Claim,
            Step::Commit(self.first()),
            Step::Append(stuck),
            Step::Commit(self.second()),
            Step::Truncate(3),
            Step::Append(released),
        ]
    }
}

enum Step {
    Append(JournalRow),
    Claim,
    Commit(SnapshotWrite),
    Truncate(u64),
}

async fn take(store: &dyn Store, names: &Names, step: &Step) -> Result<(), Error> {
    match step {
        Step::Append(row) => store.append(row.clone()).await,
        Step::Claim => store
            .claim_device(names.device, &names.user)
            .await
            .map(drop),
        Step::Commit(write) => store.commit(write.clone()).await,
        Step::Truncate(index) => {
            let uncovered = Position {
                epoch: names.epoch,
                index: *index,
            };
            store.truncate(BTreeMap::from([(P, uncovered)])).await
        }
    }
}

/// What is there under a run's names. Rows that are written before the state that names them are seen through that state; the
/// claim of a device is not looked at, as looking means claiming.
async fn view(store: &dyn Store, names: &Names) -> Vec<String> {
    let entity = Entity::User(names.user.clone());
    let state = store
        .snapshot(&entity)
        .await
        .unwrap()
        .map(|found| found.state);
    let (facts, chunks) = match state.as_deref() {
        Some(b"one") => (1, vec![chunk(1, 1), chunk(2, 2)]),
        Some(b"two") => (2, vec![chunk(1, 3), chunk(2, 2)]),
        _ => (0, Vec::new()),
    };
    // Covered rows may be dropped, and may come back.
    let after = Position {
        epoch: names.epoch,
        index: if facts == 2 { 2 } else { 0 },
    };
    let sums = store.partition_row(P).await.unwrap().filter(|_| facts > 0);
    let due = store.due(P, i64::MAX, usize::MAX).await.unwrap();
    let due: Vec<_> = due.into_iter().filter(|(_, of)| *of == entity).collect();
    let listed = store.challenges(None, usize::MAX).await.unwrap();
    vec![
        format!(
            "{:?}",
            store.tail(P, Some(after), usize::MAX).await.unwrap()
        ),
        format!("{state:?} {sums:?} {due:?}"),
        format!("{:?}", store.chunks(&names.user, chunks).await.unwrap()),
        format!("{:?}", store.facts(&names.user, 0, facts).await.unwrap()),
        format!(
            "{:?}",
            store
                .transfers(&names.user, 0, facts.saturating_sub(1))
                .await
                .unwrap()
        ),
        format!(
            "{:?}",
            store.standings(names.challenge, None, 9).await.unwrap()
        ),
        format!("{}", listed.contains(&names.challenge)),
        format!("{:?}", store.idempotency(&names.key).await.unwrap()),
        format!("{:?}", store.stuck_row(names.stuck).await.unwrap()),
    ]
}

/// What must be there after the first so many steps.
async fn expected(names: &Names, done: usize) -> Vec<String> {
    let model = MemoryStore::new();
    for step in names.steps().iter().take(done) {
        take(&model, names, step).await.unwrap();
    }
    view(&model, names).await
}

/// Runs the script until the fuse blows; answers how many steps were acknowledged.
async fn run(store: &dyn Store, names: &Names) -> usize {
    for (done, step) in names.steps().iter().enumerate() {
        if take(store, names, step).await.is_err() {
            return done;
        }
    }
    names.steps().len()
}

async fn raised(keyspace: &Keyspace) -> (Arc<super::super::ScyllaStore>, Names) {
    let store = keyspace.open_another().await;
    let epoch = store.raise_epoch(BITS).await.unwrap();
    (store, Names::new(epoch))
}

#[tokio::test]
async fn a_kill_between_any_two_statements_loses_nothing_and_leaves_nothing_half_done() {
    let keyspace = Keyspace::new().await;
    let mut statements = 0;
    loop {
        let (first, names) = raised(&keyspace).await;
        first.fuse().kill_after(statements);
        let done = run(&*first, &names).await;
        let (second, successor) = raised(&keyspace).await;
        let found = view(&*second, &names).await;
        let (before, after) = (
            expected(&names, done).await,
            expected(&names, done + 1).await,
        );
        assert!(
            found == before || found == after,
            "killed after {statements} statements, {done} steps done: {found:#?}, not {before:#?}"
        );
        first.fuse().kill_after(i64::MAX);
        let late = first.append(row(names.epoch, 5, 5)).await;
        assert!(
            matches!(late, Err(Error::Refused(_) | Error::Unavailable(_))),
            "{late:?}"
        );
        assert_eq!(
            view(&*second, &names).await,
            found,
            "after {statements} statements"
        );
        // The next run has no more to drop than this one.
        let nothing = Step::Truncate(1);
        take(&*second, &successor, &nothing).await.unwrap();
        if done == names.steps().len() {
            break;
        }
        statements += 1;
    }
    assert!(
        statements > 30,
        "only {statements} statements were looked at"
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_work_was_done_changes_nothing() {
    let keyspace = Keyspace::new().await;
    for first_lost in [0, 1] {
        let (store, names) = raised(&keyspace).await;
        store.fuse().lose_every_second(first_lost);
        assert_eq!(run(&*store, &names).await, names.steps().len());
        store.fuse().lose_every_second(-1);
        assert_eq!(view(&*store, &names).await, expected(&names, 7).await);
        let owner = store
            .claim_device(names.device, &user("late"))
            .await
            .unwrap();
        assert_eq!(owner, names.user);
    }
}
