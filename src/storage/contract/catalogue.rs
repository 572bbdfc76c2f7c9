//! Devices, challenges, answers to keys, the epoch and the clock.

use futures_util::future::join_all;

use super::*;
use streakline_core::manual::ManualPolicy;

pub(super) async fn a_device_belongs_to_who_claims_it_first<F: Fixture>(fixture: F) {
    let (device, other) = (DeviceId([1; 16]), DeviceId([2; 16]));
    let store = fixture.store();
    assert_eq!(
        store.claim_device(device, &user("ann")).await.unwrap(),
        user("ann")
    );
    assert_eq!(
        store.claim_device(device, &user("bob")).await.unwrap(),
        user("ann")
    );
    assert_eq!(
        store.claim_device(other, &user("bob")).await.unwrap(),
        user("bob")
    );
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(
        store.claim_device(device, &user("bob")).await.unwrap(),
        user("ann")
    );
    assert_eq!(
        store.claim_device(device, &user("ann")).await.unwrap(),
        user("ann")
    );
}

pub(super) async fn concurrent_claims_have_one_winner<F: Fixture>(fixture: F) {
    let device = DeviceId([1; 16]);
    let users: Vec<_> = (0..50)
        .map(|number| user(&format!("user-{number}")))
        .collect();
    let store = fixture.store();
    let claims = join_all(users.iter().map(|user| store.claim_device(device, user))).await;
    let owners: Vec<_> = claims.into_iter().map(Result::unwrap).collect();
    assert!(owners.iter().all(|owner| owner == &owners[0]), "{owners:?}");
    let fixture = fixture.crash().await;
    let owner = fixture
        .store()
        .claim_device(device, &user("late"))
        .await
        .unwrap();
    assert_eq!(owner, owners[0]);
}

pub(super) async fn challenges_are_listed_in_pages<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let listed = [5, 1, 255, 3].map(|number| Attachment::ChallengeListed(challenge(number)));
    let mut with_list = row(1, 4);
    with_list.attachments = listed.into();
    store.append(with_list).await.unwrap();
    let all = [1, 3, 5, 255].map(challenge);
    assert_eq!(store.challenges(None, 9).await.unwrap(), all);
    assert_eq!(store.challenges(None, 2).await.unwrap(), all[..2]);
    assert_eq!(store.challenges(Some(all[1]), 9).await.unwrap(), all[2..]);
    assert_eq!(
        store.challenges(Some(challenge(4)), 1).await.unwrap(),
        all[2..3]
    );
    assert_eq!(store.challenges(Some(all[3]), 9).await.unwrap(), []);
}

async fn give(store: &dyn Store, index: u64, name: &str, answer: StoredAnswer) {
    let mut row = row(index, index);
    row.attachments = vec![Attachment::Idempotency(key("user:ann", name), answer)];
    store.append(row).await.unwrap();
}

pub(super) async fn answers_are_kept_until_they_expire<F: Fixture>(fixture: F) {
    for (index, expires_ms) in [(1, 500), (2, -3), (3, 499), (4, 501), (5, 100)] {
        let answer = record("body", expires_ms);
        give(fixture.store(), index, &format!("k{index}"), answer).await;
    }
    let fixture = fixture.crash().await;
    let store = fixture.store();
    let mut left = Vec::new();
    for (now_ms, limit, expected) in [(-3, 9, 0), (500, 2, 2), (500, 9, 1), (500, 9, 0)] {
        let forgotten = store.forget_expired(now_ms, limit).await.unwrap();
        assert_eq!(forgotten, expected, "at {now_ms}");
        left.clear();
        for index in 1..=5 {
            let stored = store
                .idempotency(&key("user:ann", &format!("k{index}")))
                .await
                .unwrap();
            left.extend(stored.map(|stored| stored.expires_ms));
        }
    }
    assert_eq!(
        left,
        [500, 501],
        "an answer that expires now is still there"
    );
}

pub(super) async fn an_answer_given_anew_lives_as_long_as_the_new_one<F: Fixture>(fixture: F) {
    let store = fixture.store();
    give(store, 1, "k", record("old", 100)).await;
    give(store, 2, "k", record("new", 900)).await;
    assert_eq!(store.forget_expired(500, 9).await.unwrap(), 0);
    let stored = store.idempotency(&key("user:ann", "k")).await.unwrap();
    assert_eq!(stored, Some(record("new", 900)));
    assert_eq!(store.forget_expired(901, 9).await.unwrap(), 1);
    assert_eq!(
        store.idempotency(&key("user:ann", "k")).await.unwrap(),
        None
    );
}

pub(super) async fn the_epoch_rises_at_every_start<F: Fixture>(fixture: F) {
    let mut fixture = fixture;
    for epoch in 1..=4 {
        assert_eq!(fixture.store().raise_epoch(8).await.unwrap(), epoch);
        fixture = fixture.crash().await;
    }
}

pub(super) async fn a_store_of_other_bits_is_refused<F: Fixture>(fixture: F) {
    let store = fixture.store();
    store.raise_epoch(8).await.unwrap();
    let error = store.raise_epoch(4).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)));
    assert!(
        error
            .to_string()
            .contains("made with 8 partition bits and this server has 4"),
        "{error}"
    );
    assert_eq!(
        store.raise_epoch(8).await.unwrap(),
        2,
        "a refusal raises nothing"
    );
}

pub(super) async fn the_clock_is_stored_with_the_answer_that_moved_it<F: Fixture>(fixture: F) {
    assert_eq!(fixture.store().clock().await.unwrap(), None);
    for instant_ms in [1_460_462_400_000, -1, i64::MAX, i64::MIN] {
        fixture.store().set_clock(instant_ms, None).await.unwrap();
        assert_eq!(fixture.store().clock().await.unwrap(), Some(instant_ms));
    }
    let answer = (key("admin-key", "k"), record("moved", 100));
    fixture.store().set_clock(5, Some(answer)).await.unwrap();
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(store.clock().await.unwrap(), Some(5));
    let stored = store.idempotency(&key("admin-key", "k")).await.unwrap();
    assert_eq!(stored, Some(record("moved", 100)));
    assert_eq!(store.forget_expired(101, 9).await.unwrap(), 1);
}

pub(super) async fn a_store_of_another_policy_is_refused_and_says_what_to_do<F: Fixture>(
    fixture: F,
) {
    let store = fixture.store();
    store
        .fix_manual_policy(ManualPolicy::GoalsOnly)
        .await
        .unwrap();
    let fixture = fixture.crash().await;
    let store = fixture.store();
    store.raise_epoch(8).await.unwrap();
    let asked = store.fix_manual_policy(ManualPolicy::Include).await;
    let error = asked.unwrap_err();
    assert!(matches!(error, Error::Refused(_)));
    let told = error.to_string();
    assert!(
        told.contains("made with rules.manual_policy = \"goals_only\""),
        "{told}"
    );
    assert!(told.contains("set it to \"goals_only\""), "{told}");
    store
        .fix_manual_policy(ManualPolicy::GoalsOnly)
        .await
        .unwrap();
}

pub(super) async fn a_store_that_was_begun_without_a_policy_has_the_default<F: Fixture>(
    fixture: F,
) {
    let store = fixture.store();
    store.raise_epoch(8).await.unwrap();
    let asked = store.fix_manual_policy(ManualPolicy::Include).await;
    assert!(matches!(asked, Err(Error::Refused(_))));
    store
        .fix_manual_policy(ManualPolicy::Exclude)
        .await
        .unwrap();
}
