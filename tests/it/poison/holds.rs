//! Three skips in an hour put a user on hold: what comes is acknowledged and kept, survives everything, never holds the journal
//! up, and is folded when an operator releases the user.

use serde_json::{Value, json};
use streakline::cli::client::Write;
use streakline::storage::{Journal, StuckId, StuckRows, embedded::EmbeddedStore};
use streakline_core::fault::POISON_STEPS;
use streakline_core::id::{PartitionId, Position};

use super::scene::{Sender, command, lasting, named, shown, stuck, until_metric, until_stuck};
use crate::harness::{Server, block_on};

/// Ann is on hold; everything that counts of her was sent before.
async fn held(server: &Server) -> Sender {
    let mut ann = Sender::ann(server).await;
    ann.goes_on().await;
    for number in 1..=3 {
        assert_eq!(ann.sends_poison(POISON_STEPS).await.code, 1011);
        // The hold has a row of its own.
        until_stuck(server, if number == 3 { 4 } else { number }).await;
        ann.resumes(server).await;
    }
    ann
}

fn kept(ack: &Value) {
    let result = &ack["results"][0];
    assert_eq!(
        (&result["status"], &result["code"]),
        (&json!("quarantined"), &json!("internal")),
        "{ack}"
    );
}

#[test]
fn three_skips_put_a_user_on_hold_until_an_operator_releases_it() {
    let mut server = lasting();
    block_on(async {
        let mut ann = held(&server).await;
        let mut bob = Sender::bob(&server).await;
        let before = ann.steps;
        for _ in 0..40 {
            kept(&ann.walks().await);
            bob.goes_on().await;
        }
        assert_eq!(shown(&server, "ann").await, before, "as it was at the hold");
        until_metric(&server, "streakline_users_held", 1.0).await;
        let alias = json!({"alias": "Ann"});
        let rest = server.rest();
        let refused = rest.put("/v1/users/ann", Some(&alias), Write::Plain);
        // It exists, so that a change would need its version; the hold is told first.
        assert_eq!(refused.await.unwrap_err().code(), Some("internal"));

        server.kill_and_restart();
        ann.resumes(&server).await;
        for _ in 0..5 {
            kept(&ann.walks().await);
        }
        assert_eq!(shown(&server, "ann").await, before);
        let rows = stuck(&server).await;
        let hold = named(&rows, "hold");
        assert_eq!((hold.len(), named(&rows, "kept").len()), (1, 45));

        let told = command(&server, &["retry", &hold[0]]);
        assert!(told.contains("user ann is released"), "{told}");
        let left = until_stuck(&server, 3).await;
        assert_eq!(named(&left, "skipped").len(), 3);
        assert_eq!(shown(&server, "ann").await, ann.steps, "nothing was lost");
        ann.goes_on().await;
        until_metric(&server, "streakline_users_held", 0.0).await;
        server.kill_and_restart();
        ann.resumes(&server).await;
        ann.goes_on().await;
        assert_eq!(shown(&server, "ann").await, ann.steps);
    });
}

#[test]
fn a_release_that_is_cut_off_goes_on_after_the_start() {
    let mut server = lasting();
    block_on(async {
        let mut ann = held(&server).await;
        for _ in 0..100 {
            kept(&ann.walks().await);
        }
        let hold = named(&stuck(&server).await, "hold");
        let path = format!("/v1/stuck/{}/retry", hold[0]);
        let answer = server.rest().post(&path, &json!({}), "once").await;
        assert_eq!(answer.unwrap()["released"], json!(true));
        // Wherever it stands: what was offered is journaled, the rest is still put aside.
        server.kill_and_restart();
        until_stuck(&server, 3).await;
        assert_eq!(shown(&server, "ann").await, ann.steps);
        ann.resumes(&server).await;
        ann.goes_on().await;
    });
}

#[test]
fn the_journal_is_dropped_while_inputs_are_stuck() {
    let mut server = lasting();
    let rows = block_on(async {
        let mut ann = held(&server).await;
        let mut bob = Sender::bob(&server).await;
        for _ in 0..30 {
            kept(&ann.walks().await);
            bob.goes_on().await;
        }
        // The newest segment is never dropped: nothing of hers is in it.
        for _ in 0..30 {
            bob.goes_on().await;
        }
        stuck(&server).await
    });
    assert_eq!(server.terminate(), Some(0));
    let last = rows.iter().map(|row| place(row)).max().unwrap();
    let store = EmbeddedStore::open(&server.data()).unwrap();
    block_on(async {
        let tail = store.tail(last.partition, None, usize::MAX).await.unwrap();
        let first = tail.first().map(|row| row.first);
        assert!(first.is_none_or(|first| first > last.position), "{first:?}");
        for row in &rows {
            let id = place(row);
            assert!(store.stuck_row(id).await.unwrap().is_some(), "{row}");
        }
    });
    drop(store);
    server.restart();
    block_on(async {
        let hold = named(&rows, "hold");
        command(&server, &["retry", &hold[0]]);
        until_stuck(&server, 3).await;
        assert_eq!(shown(&server, "ann").await, 310);
    });
}

fn place(row: &Value) -> StuckId {
    let text = row["id"].as_str().unwrap();
    let numbers: Vec<u64> = text.split('-').map(|part| part.parse().unwrap()).collect();
    StuckId {
        partition: PartitionId(u32::try_from(numbers[0]).unwrap()),
        position: Position {
            epoch: numbers[1],
            index: numbers[2],
        },
    }
}
