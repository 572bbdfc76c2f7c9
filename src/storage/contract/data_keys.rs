//! Data keys: claimed once, found by user and by name, replaced, erased, listed.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{
    super::{KeyRow, envelope::KeyId},
    *,
};

fn named(number: u8, bytes: &str) -> KeyRow {
    KeyRow {
        id: KeyId([number; 16]),
        bytes: bytes.into(),
    }
}

pub(super) async fn a_user_has_the_key_that_was_claimed_first<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let (ann, bob) = (user("ann"), user("bob"));
    assert_eq!(store.key_of(&ann).await.unwrap(), None);
    for (name, number, holds) in [(&ann, 1, 1), (&ann, 2, 1), (&bob, 3, 3)] {
        let claimed = store.claim_key(name, named(number, "wrapped")).await;
        assert_eq!(claimed.unwrap(), named(holds, "wrapped"));
    }
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(store.key_of(&ann).await.unwrap(), Some(named(1, "wrapped")));
    let by_name = store.key(KeyId([3; 16])).await.unwrap();
    assert_eq!(by_name, Some(b"wrapped".to_vec()));
    assert_eq!(store.key(KeyId([9; 16])).await.unwrap(), None);
    let again = store.claim_key(&ann, named(4, "late")).await.unwrap();
    assert_eq!(again, named(1, "wrapped"));
}

pub(super) async fn concurrent_claims_of_one_user_have_one_winner<F: Fixture>(fixture: F) {
    let ann = user("ann");
    let store = fixture.store();
    let claims = (0..50).map(|number| store.claim_key(&ann, named(number, "wrapped")));
    let claimed = join_all(claims).await;
    let claimed: Vec<KeyRow> = claimed.into_iter().map(Result::unwrap).collect();
    assert!(claimed.iter().all(|key| *key == claimed[0]), "{claimed:?}");
    let fixture = fixture.crash().await;
    let held = fixture.store().key_of(&ann).await.unwrap();
    assert_eq!(held.as_ref(), claimed.first());
}

pub(super) async fn a_key_is_replaced_only_where_it_is_unchanged<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let ann = user("ann");
    store.claim_key(&ann, named(1, "old")).await.unwrap();
    let replaced = store.replace_key(named(1, "old"), b"new".to_vec()).await;
    assert!(replaced.unwrap());
    let stale = store.replace_key(named(1, "old"), b"other".to_vec()).await;
    assert!(!stale.unwrap());
    let absent = store.replace_key(named(2, "old"), b"other".to_vec()).await;
    assert!(!absent.unwrap());
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(store.key_of(&ann).await.unwrap(), Some(named(1, "new")));
    assert_eq!(store.key(KeyId([2; 16])).await.unwrap(), None);
}

pub(super) async fn an_erased_key_leaves_what_it_was_told_to_and_no_user<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let (ann, bob) = (user("ann"), user("bob"));
    store.claim_key(&ann, named(1, "wrapped")).await.unwrap();
    store.claim_key(&bob, named(2, "wrapped")).await.unwrap();
    for _ in 0..2 {
        store.erase_key(&ann, named(1, "gone")).await.unwrap();
    }
    let fixture = fixture.crash().await;
    let store = fixture.store();
    assert_eq!(store.key_of(&ann).await.unwrap(), None);
    let left = store.key(KeyId([1; 16])).await.unwrap();
    assert_eq!(left, Some(b"gone".to_vec()));
    assert_eq!(store.key_of(&bob).await.unwrap(), Some(named(2, "wrapped")));
    let anew = store.claim_key(&ann, named(3, "anew")).await.unwrap();
    assert_eq!(anew, named(3, "anew"));
    let replaced = store
        .replace_key(named(1, "wrapped"), b"back".to_vec())
        .await;
    assert!(!replaced.unwrap(), "nothing brings a key back");
}

pub(super) async fn erasing_an_old_key_leaves_the_new_one<F: Fixture>(fixture: F) {
    let store = fixture.store();
    let ann = user("ann");
    store.claim_key(&ann, named(1, "wrapped")).await.unwrap();
    store.erase_key(&ann, named(1, "gone")).await.unwrap();
    store.claim_key(&ann, named(2, "anew")).await.unwrap();
    store.erase_key(&ann, named(1, "gone")).await.unwrap();
    assert_eq!(store.key_of(&ann).await.unwrap(), Some(named(2, "anew")));
}

pub(super) async fn keys_are_listed_in_pages_each_once<F: Fixture>(fixture: F) {
    let store = fixture.store();
    assert_eq!(store.keys(None, 9).await.unwrap(), []);
    for number in [5, 1, 255, 3, 128] {
        let name = user(&format!("user-{number}"));
        store
            .claim_key(&name, named(number, "wrapped"))
            .await
            .unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.keys(after, 2).await.unwrap();
        assert!(page.len() <= 2, "{page:?}");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.into_iter().map(|key| key.id.0[0]));
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(
        BTreeSet::from_iter(seen),
        BTreeSet::from([1, 3, 5, 128, 255])
    );
}

pub(super) async fn which_master_keys_are_needed_is_durable<F: Fixture>(fixture: F) {
    let store = fixture.store();
    assert_eq!(store.master_keys().await.unwrap(), None);
    store.set_master_keys(b"first".to_vec()).await.unwrap();
    store.set_master_keys(b"second".to_vec()).await.unwrap();
    let fixture = fixture.crash().await;
    let stored = fixture.store().master_keys().await.unwrap();
    assert_eq!(stored, Some(b"second".to_vec()));
}
