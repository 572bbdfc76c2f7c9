//! Sealing over a store in memory: keys are claimed, rotated and destroyed; rows open for whom and where they were sealed.

use streakline_core::{
    id::{ChallengeId, Entity, PartitionId, Position},
    input::{ChallengeInput, Input, Origin, Source, UserInput},
    journal::Journal,
};

use super::{
    super::{
        Attachment, IdempotencyKey, IdempotencyRecord, JournalRow, Keys as _, SnapshotWrite,
        StuckId, memory::MemoryStore,
    },
    *,
};

const P: PartitionId = PartitionId(0x101);

pub(super) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn masters(numbers: &[u8]) -> MasterKeys {
    let secrets: Vec<_> = numbers.iter().map(|number| [*number; 32]).collect();
    MasterKeys::new(&secrets).unwrap()
}

async fn seals(store: &MemoryStore, numbers: &[u8]) -> Result<Seals, Error> {
    Seals::open(Arc::new(store.clone()), masters(numbers)).await
}

pub(super) async fn both(store: &MemoryStore) -> Seals {
    seals(store, &[1, 2]).await.unwrap()
}

/// A flush with inputs about ann, bob and nobody, in turns.
fn flush() -> (Journal<Draft>, Vec<Input>) {
    let mut journal = Journal::new(P, 1, 0);
    let of = |name| Input::User(user(name), UserInput::Tick);
    let challenge = |input| Input::Challenge(ChallengeId([1; 16]), input);
    let inputs = vec![
        of("bob"),
        of("ann"),
        challenge(ChallengeInput::Tick),
        challenge(ChallengeInput::Leave(user("ann"), None)),
        of("bob"),
    ];
    for input in &inputs {
        journal.append(5, Origin::server(Source::Peer), input, Vec::new());
    }
    (journal, inputs)
}

async fn row(seals: &Seals) -> (JournalRow, Vec<Input>) {
    let (mut journal, inputs) = flush();
    let row = seals.flush(P, journal.flush().unwrap()).await.unwrap();
    (row, inputs)
}

async fn read_inputs(seals: &Seals, row: &JournalRow) -> Vec<Input> {
    let inputs = seals.inputs(row).await.unwrap();
    inputs.into_iter().map(|(_, input)| input).collect()
}

/// Destroys a user's key.
pub(super) async fn destroy(seals: &Seals, name: &str) {
    if let Some(left) = seals.left_of(&user(name), 77).await.unwrap() {
        seals.store().erase_key(&user(name), left).await.unwrap();
    }
}

pub(super) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn inputs_come_back_in_order_and_no_name_is_readable() {
    let store = MemoryStore::new();
    let (row, inputs) = row(&both(&store).await).await;
    assert!(!holds(&row.bytes, "ann") && !holds(&row.bytes, "bob"));
    let later = both(&store).await;
    assert_eq!(read_inputs(&later, &row).await, inputs);
}

#[tokio::test]
async fn inputs_do_not_open_in_another_flush() {
    let store = MemoryStore::new();
    let seals = both(&store).await;
    let (row, _) = row(&seals).await;
    let moved = JournalRow {
        first: Position { epoch: 2, index: 1 },
        ..row
    };
    assert!(matches!(seals.inputs(&moved).await, Err(Error::Damaged(_))));
}

#[tokio::test]
async fn an_input_about_a_user_that_is_not_sealed_is_damage() {
    let store = MemoryStore::new();
    let seals = both(&store).await;
    let (mut journal, _) = flush();
    let mut flush = journal.flush().unwrap();
    let of_ann = flush.groups.remove(&Some(user("ann"))).unwrap();
    flush.groups.insert(None, of_ann);
    let row = seals.flush(P, flush).await.unwrap();
    let error = seals.inputs(&row).await.unwrap_err().to_string();
    assert!(error.contains("about a user is not sealed"), "{error}");
}

#[tokio::test]
async fn one_user_has_one_key_however_many_ask_for_it() {
    let store = MemoryStore::new();
    let (one, other) = (both(&store).await, both(&store).await);
    let ann = user("ann");
    let (first, second) = (one.of(&ann).await.unwrap(), other.of(&ann).await.unwrap());
    assert_eq!(first.cipher.id(), second.cipher.id());
    assert_eq!(store.keys(None, 9).await.unwrap().len(), 1);
    let key = store.key_of(&ann).await.unwrap().unwrap();
    assert!(!holds(&key.bytes, "streakline"));
}

#[tokio::test]
async fn rows_of_an_erased_user_open_as_erased_and_those_of_others_as_before() {
    let store = MemoryStore::new();
    let seals = both(&store).await;
    let (row, inputs) = row(&seals).await;
    let place = (Kind::Fact, Place::Number(1));
    let key = seals.of(&user("ann")).await.unwrap();
    let fact = seals.seal_with(&key, place, b"met").unwrap();
    destroy(&seals, "ann").await;
    for seals in [seals, both(&store).await] {
        let left = read_inputs(&seals, &row).await;
        assert_eq!(
            left,
            [inputs[0].clone(), inputs[2].clone(), inputs[4].clone()]
        );
        let fact = seals.open_row(&user("ann"), place, &fact).await.unwrap();
        assert_eq!(fact, Content::Erased);
    }
    let keys = store.keys(None, 9).await.unwrap();
    assert!(keys.iter().all(|key| !holds(&key.bytes, "ann")));
}

#[tokio::test]
async fn a_user_who_comes_again_has_another_key() {
    let store = MemoryStore::new();
    let seals = both(&store).await;
    let ann = user("ann");
    let before = seals.of(&ann).await.unwrap().cipher.id();
    destroy(&seals, "ann").await;
    destroy(&seals, "ann").await;
    let after = seals.of(&ann).await.unwrap().cipher.id();
    assert_ne!(before, after);
    assert!(seals.key(before).await.unwrap().is_none());
}

#[tokio::test]
async fn an_erasure_that_was_cut_off_is_finished_by_the_next_claim() {
    let store = MemoryStore::new();
    let seals = both(&store).await;
    let ann = user("ann");
    seals.of(&ann).await.unwrap();
    let key = store.key_of(&ann).await.unwrap().unwrap();
    let left = left_of(key.id, 1);
    // The key is overwritten, its user still names it.
    assert!(store.replace_key(key.clone(), left.bytes).await.unwrap());
    let again = both(&store).await.of(&ann).await.unwrap();
    assert_ne!(again.cipher.id(), key.id);
}

#[tokio::test]
async fn a_store_that_needs_another_master_key_is_refused_in_words() {
    let store = MemoryStore::new();
    let ann = user("ann");
    seals(&store, &[1]).await.unwrap().of(&ann).await.unwrap();
    let Err(error) = seals(&store, &[2]).await else {
        panic!("the keys cannot be unwrapped");
    };
    assert!(matches!(error, Error::Refused(_)), "{error}");
    let words = error.to_string();
    assert!(
        words.contains("master key") && words.contains("put its file back"),
        "{words}"
    );
    assert!(seals(&store, &[1]).await.is_ok(), "nothing was changed");
}

#[tokio::test]
async fn a_new_master_key_wraps_everything_anew_and_the_old_one_may_go() {
    let store = MemoryStore::new();
    let users = ["ann", "bob", "eve"].map(user);
    let mut names = Vec::new();
    let old = seals(&store, &[1]).await.unwrap();
    for user in &users {
        names.push(old.of(user).await.unwrap().cipher.id());
    }
    destroy(&old, "eve").await;
    let rotated = both(&store).await;
    assert!(seals(&store, &[2]).await.is_err(), "not yet");
    assert!(
        seals(&store, &[1]).await.is_err(),
        "the new one is needed already"
    );
    assert_eq!(rotated.rewrap().await.unwrap(), Some(2));
    assert_eq!(rotated.rewrap().await.unwrap(), None);
    let new = seals(&store, &[2]).await.unwrap();
    for (user, name) in users.iter().zip(&names).take(2) {
        assert_eq!(new.of(user).await.unwrap().cipher.id(), *name);
    }
    assert!(new.key(names[2]).await.unwrap().is_none());
}

#[tokio::test]
async fn everything_that_a_snapshot_writes_is_sealed_for_its_place() {
    let store = MemoryStore::new();
    let seals = both(&store).await;
    let ann = user("ann");
    let write = SnapshotWrite {
        entity: Entity::User(ann.clone()),
        partition: P,
        covered: Position { epoch: 1, index: 9 },
        state: b"a state".to_vec(),
        chunks: Vec::new(),
        dropped_chunks: Vec::new(),
        facts: vec![(1, b"a fact".to_vec())],
        transfers: vec![(1, b"a transfer".to_vec())],
        changes: vec![(1, b"a change".to_vec())],
        standings: vec![
            (ChallengeId([1; 16]), Some(b"a standing".to_vec())),
            (ChallengeId([2; 16]), None),
        ],
        due_before_ms: None,
        due_ms: None,
        partition_row: b"a row".to_vec(),
    };
    let sealed = seals.snapshot(write.clone()).await.unwrap();
    let place = Place::Covered(write.covered);
    let challenge = Place::Challenge(ChallengeId([1; 16]));
    let standing = sealed.standings[0].1.clone().unwrap();
    let number = Place::Number(1);
    for (kind, place, row, payload) in [
        (Kind::Snapshot, place, &sealed.state, "a state"),
        (Kind::Fact, number, &sealed.facts[0].1, "a fact"),
        (Kind::Transfer, number, &sealed.transfers[0].1, "a transfer"),
        (Kind::Change, number, &sealed.changes[0].1, "a change"),
        (Kind::Standing, challenge, &standing, "a standing"),
    ] {
        assert!(!holds(row, payload));
        let opened = seals.open_row(&ann, (kind, place), row).await.unwrap();
        assert_eq!(opened, Content::Payload(payload.into()));
        let bob = user("bob");
        assert!(seals.open_row(&bob, (kind, place), row).await.is_err());
    }
    assert_eq!(sealed.partition_row, write.partition_row);
    assert_eq!(sealed.standings[1].1, None);
}

#[tokio::test]
async fn what_is_attached_is_sealed_for_whom_it_is_about() {
    let store = MemoryStore::new();
    let seals = both(&store).await;
    let record = IdempotencyRecord {
        request_digest: [1; 32],
        status: 201,
        location: None,
        etag: None,
        body: "a body".into(),
        expires_ms: 70,
    };
    let name = IdempotencyKey {
        principal: "admin-key".into(),
        key: "k".into(),
    };
    let stuck = StuckId {
        partition: P,
        position: Position { epoch: 1, index: 1 },
    };
    let attachments = [
        Attachment::Idempotency(name.clone(), record.unsealed()),
        Attachment::Stuck(stuck, b"an input".to_vec()),
        Attachment::Unstuck(stuck),
    ];
    for subject in [Some(user("ann")), None] {
        let (mut journal, _) = flush();
        let mut flush = journal.flush().unwrap();
        flush.attachments = attachments
            .iter()
            .cloned()
            .map(|attachment| Draft {
                subject: subject.clone(),
                attachment,
            })
            .collect();
        let row = seals.flush(P, flush).await.unwrap();
        let [
            Attachment::Idempotency(_, answer),
            Attachment::Stuck(_, input),
            Attachment::Unstuck(_),
        ] = row.attachments.as_slice()
        else {
            panic!("{:?}", row.attachments);
        };
        assert_eq!(answer.expires_ms, 70);
        assert_eq!(holds(&answer.bytes, "a body"), subject.is_none());
        assert_eq!(holds(input, "an input"), subject.is_none());
        let place = (Kind::Idempotency, Place::Answer(&name));
        let opened = seals.open_any(place, &answer.bytes).await.unwrap();
        let read = IdempotencyRecord::read(&opened.payload().unwrap()).unwrap();
        assert_eq!(read, record);
        let place = (Kind::Stuck, Place::Stuck(stuck));
        let opened = seals.open_any(place, input).await.unwrap();
        assert_eq!(opened, Content::Payload(b"an input".to_vec()));
    }
}
