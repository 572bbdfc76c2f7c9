//! How long detail is kept is fixed in a store.

use streakline_core::retention::Retention;

use super::{super::Error, Fixture};

const SHORT: Retention = Retention {
    records_days: 70,
    minutes_days: 80,
};

pub(super) async fn a_store_of_another_retention_is_refused_and_says_what_to_set<F: Fixture>(
    fixture: F,
) {
    let store = fixture.store();
    store.fix_retention(SHORT).await.unwrap();
    let fixture = fixture.crash().await;
    let store = fixture.store();
    store.raise_epoch(8).await.unwrap();
    let asked = store.fix_retention(Retention::default()).await;
    let error = asked.unwrap_err();
    assert!(matches!(error, Error::Refused(_)));
    let told = error.to_string();
    assert!(
        told.contains("made with history.records_days = 70"),
        "{told}"
    );
    assert!(told.contains("history.minutes_days = 80"), "{told}");
    store.fix_retention(SHORT).await.unwrap();
}

pub(super) async fn a_store_that_was_begun_without_a_retention_has_the_default<F: Fixture>(
    fixture: F,
) {
    let store = fixture.store();
    store.raise_epoch(8).await.unwrap();
    let asked = store.fix_retention(SHORT).await;
    assert!(matches!(asked, Err(Error::Refused(_))));
    store.fix_retention(Retention::default()).await.unwrap();
}
