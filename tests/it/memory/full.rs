//! More users than memory has room for: the longest idle leave early, and where nobody can leave, who comes is told when to try
//! again. What bounds memory is told on `/metrics`.

use serde_json::json;

use crate::harness::figures::{Figures, until, users_in_memory};
use crate::harness::load::{devices, hello, minutes, name, put_users, sockets};
use crate::harness::{Wire, block_on};
use crate::restart::scene::Scene;

const MIB: u64 = 1_024 * 1_024;
/// Series that an operator watches to see that memory is bounded.
const BOUNDS: [&str; 13] = [
    "streakline_actors",
    "streakline_users_bytes",
    "streakline_heads_bytes",
    "streakline_activations_under_way",
    "streakline_activations_waiting",
    "streakline_snapshots_under_way",
    "streakline_ingest_inflight_bytes",
    "streakline_outboxes_waiting",
    "streakline_board_subscriptions",
    "streakline_journal_tail_bytes",
    "streakline_journal_tail_bytes_max",
    "streakline_journal_uncovered",
    "streakline_tails_unfolded",
];

#[test]
fn the_longest_idle_leave_early_when_memory_is_full() {
    const USERS: usize = 10_000;
    let settings = "workers = 1\n[actors]\nidle_s = 3600\nmemory_max_bytes = 8388608\n";
    let scene = Scene::first(settings);
    block_on(async {
        put_users(&scene.server, 0..USERS).await;
        let bytes = "streakline_users_bytes";
        until(&scene.server, bytes, |bytes| bytes <= 8 * MIB).await;
        let left = users_in_memory(&scene.server).await;
        assert!((1..USERS as u64 / 2).contains(&left), "{left} users");
        // Who came first is gone, who came last is there: only the first must be read again.
        let activations = || async {
            let figures = Figures::of(&scene.server).await;
            figures.sum("streakline_activations_total", "user")
        };
        let before = activations().await;
        for (number, read) in [(USERS - 1, 0), (0, 1)] {
            assert_eq!(scene.steps(number).await, 0);
            assert_eq!(activations().await, before + read, "{}", name(number));
        }
    });
}

#[test]
fn a_full_memory_is_freed_by_an_eighth_at_once() {
    const ROOM: usize = 10_000;
    const FEW: usize = 16;
    let settings = "workers = 1\n[actors]\nidle_s = 3600\nmemory_max_bytes = 8388608\n";
    let scene = Scene::first(settings);
    block_on(async {
        let figure = async |name: &str| Figures::of(&scene.server).await.sum(name, "");
        let mut number = 0;
        while figure("streakline_passivations_total").await == 0 {
            put_users(&scene.server, number..number + FEW).await;
            number += FEW;
            assert!(number < ROOM, "memory never fills");
        }
        // From here on nobody comes: it is not enough that the last one fits. Who came with the last few while others left is there
        // beside what an eighth leaves.
        let bytes = "streakline_users_bytes";
        let last = FEW as u64 * 16_384;
        until(&scene.server, bytes, |bytes| bytes <= 7 * MIB + last).await;
        let left = figure(bytes).await;
        assert!(left > 6 * MIB, "{left}");
    });
}

#[test]
fn who_finds_memory_full_of_live_users_is_told_when_to_come_back() {
    const ROOM: usize = 400;
    let settings = "workers = 1\n[actors]\nidle_s = 1\nmemory_max_bytes = 1048576\n";
    let scene = Scene::first(settings);
    block_on(async {
        // Each takes some KiB: memory is full before all of them are there, and nobody can leave.
        let mut live = Vec::new();
        let mut refused = None;
        for number in 0..ROOM {
            let mut wire = sockets(&scene.server, number..number + 1).await.remove(0);
            wire.send(&hello(number)).await;
            match wire.next().await {
                Ok(frame) if frame["type"] == "welcome" => live.push((number, wire)),
                Ok(other) => panic!("{other}"),
                Err(closed) => {
                    refused = Some((number, closed));
                    break;
                }
            }
        }
        let (number, closed) = refused.expect("nobody was refused");
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (1013, &json!("overloaded"))
        );
        assert!(closed.reason["retry_after_ms"].as_u64().unwrap() > 0);
        // Who is there streams on.
        for (_, wire) in &mut live {
            wire.ack(&minutes(1, scene.since_ms, 1, 10)).await;
        }
        let gone = live.len();
        drop(live);
        until(&scene.server, "streakline_users_bytes", |bytes| bytes == 0).await;
        devices(&scene.server, number..number + 1).await;
        for number in 0..gone {
            assert_eq!(scene.steps(number).await, 10);
        }
    });
}

#[test]
fn what_bounds_memory_is_told() {
    let scene = Scene::with("");
    block_on(async {
        let mut wire: Wire = devices(&scene.server, 0..1).await.remove(0);
        wire.ack(&minutes(1, scene.since_ms, 5, 10)).await;
        until(&scene.server, "streakline_heads_bytes", |bytes| bytes > 0).await;
        let figures = Figures::of(&scene.server).await;
        for name in BOUNDS {
            assert!(figures.has(name), "{name}");
        }
        assert!(figures.sum("streakline_journal_tail_bytes", "") > 0);
        assert_eq!(figures.sum("streakline_journal_uncovered", ""), 1);
        assert_eq!(figures.sum("streakline_ingest_inflight_bytes", ""), 0);
    });
}
