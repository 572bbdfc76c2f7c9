//! One of three nodes dies and comes back, and nobody notices.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    away::steps,
    device::{STEPS, Told, since_ms, stream},
    hold_nodes,
};
use crate::harness::{
    Server, block_on,
    cql::{Keyspace, control, count, nodes},
};
use crate::rest::http::Http;

const DEVICES: usize = 6;
/// Longer than the driver takes to see that a node is down.
const A_WHILE: Duration = Duration::from_secs(4);

#[test]
fn one_of_three_nodes_may_die_and_come_back() {
    assert_eq!(count(), 3, "run this with --nodes 3");
    let held = hold_nodes();
    // Three copies of each row: a keyspace that no other test has made with one.
    let storage = format!("scylla://{}/streakline_three_copies", nodes());
    let server = Server::start("system", &["--storage", &storage, "--cql-migrate"]);
    let told: Vec<Told> = (0..DEVICES).map(|_| Told::default()).collect();
    let since_ms = since_ms();
    block_on(async {
        let streams = told
            .iter()
            .enumerate()
            .map(|(number, told)| stream(&server, (number, since_ms), told));
        let story = async {
            join_all(told.iter().map(|told| told.beyond(5))).await;
            control("kill", 2);
            tokio::time::sleep(A_WHILE).await;
            let died: Vec<u64> = told.iter().map(Told::acknowledged).collect();
            join_all(
                told.iter()
                    .zip(&died)
                    .map(|(told, died)| told.beyond(died + 20)),
            )
            .await;
            let ready = Http::bare(&server).get("/readyz").await.status;
            control("restart", 2);
            assert_eq!(ready, 200, "a quorum is enough");
            let back: Vec<u64> = told.iter().map(Told::acknowledged).collect();
            join_all(
                told.iter()
                    .zip(&back)
                    .map(|(told, back)| told.beyond(back + 5)),
            )
            .await;
            told.iter().for_each(Told::stop);
        };
        futures_util::join!(join_all(streams), story);
        let admin = Http::admin(&server);
        for (number, told) in told.iter().enumerate() {
            let acknowledged = told.acknowledged().cast_signed() * STEPS;
            let there = steps(&admin, number).await;
            assert!(
                (acknowledged..=acknowledged + STEPS).contains(&there),
                "{number}: {acknowledged}, {there}"
            );
        }
    });
    drop((server, held));
}

#[test]
fn a_keyspace_with_fewer_copies_is_refused_unless_that_is_allowed() {
    let _held = hold_nodes();
    let keyspace = Keyspace::take();
    let args = keyspace.args();
    drop(super::on(&keyspace, &[]));
    let storage = args.get(1).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let failed = Server::on(directory, "system", &["--storage", storage])
        .err()
        .unwrap();
    assert_eq!(failed.code, Some(1));
    assert!(
        failed.log.contains("keeps 1 copies") && failed.log.contains("--allow-single-copy"),
        "{}",
        failed.log
    );
}

#[test]
fn a_keyspace_without_tables_is_refused_and_says_what_to_run() {
    let _held = hold_nodes();
    let storage = format!("scylla://{}/nobody_made_this", nodes());
    let directory = tempfile::tempdir().unwrap();
    let failed = Server::on(directory, "system", &["--storage", &storage])
        .err()
        .unwrap();
    assert!(failed.log.contains("streakline migrate"), "{}", failed.log);
}
