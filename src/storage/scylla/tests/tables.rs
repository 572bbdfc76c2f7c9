//! Starts that may change the tables, of which one was killed while it did.

use super::{
    super::{ScyllaStore, Settings},
    *,
};

const HELD: &str = "INSERT INTO locks (name, holder) VALUES ('migrate', 0x00) USING TTL 600";
const HOLDER: &str = "SELECT holder FROM locks WHERE name = 'migrate'";

#[tokio::test]
async fn a_start_on_tables_that_are_all_there_does_not_wait_for_the_lock_of_a_killed_one() {
    let keyspace = Keyspace::new().await;
    let before = keyspace.open_another().await;
    let session = before.0.cql.session();
    session.query_unpaged(HELD, ()).await.unwrap();
    let may_migrate = Settings {
        migrate: true,
        ..keyspace.settings().clone()
    };
    ScyllaStore::open(may_migrate).await.unwrap();
    // Who waits for the lock to end, takes it, and gives it back.
    let rows = session.query_unpaged(HOLDER, ()).await.unwrap();
    let rows = rows.into_rows_result().unwrap();
    assert_eq!(rows.single_row::<(Vec<u8>,)>().unwrap().0, [0]);
    let freed = "DELETE FROM locks WHERE name = 'migrate'";
    session.query_unpaged(freed, ()).await.unwrap();
}
