//! A large recovery: who asks is served while tails are still folded, and no start holds more of them in memory than it may.

use futures_util::future::join_all;
use serde_json::json;

use super::scene::Scene;
use crate::harness::block_on;
use crate::harness::figures::{Figures, until};
use crate::harness::load::{devices, minutes, name, put_users};
use crate::rest::http::Http;
use crate::rest::people::{challenge, enrol_new, published};

const USERS: usize = 100_000;
/// Users with a snapshot and inputs after it.
const PARTLY: usize = 50;
/// Minutes that their snapshots cover.
const MANY: u64 = 400;
const STEPS: i64 = 10;
/// Every so manieth user is looked at in the end.
const LOOKED_AT: usize = 997;
const UNFOLDED: &str = "streakline_tails_unfolded";

/// The first users get a snapshot each, and one more minute after it. They come before the others, who shall have none.
async fn cover_partly(scene: &Scene) {
    let mut wires = devices(&scene.server, 0..PARTLY).await;
    let streaming = wires.iter_mut().map(|wire| async {
        wire.ack(&minutes(1, scene.since_ms, MANY, STEPS)).await;
    });
    join_all(streaming).await;
    let admin = Http::admin(&scene.server);
    admin.post("/v1/checkpoint", &json!({})).await.expect(200);
    let streaming = wires.iter_mut().map(|wire| async {
        wire.ack(&minutes(MANY + 1, scene.since_ms, 1, STEPS)).await;
    });
    join_all(streaming).await;
}

async fn assert_all_there(scene: &Scene, users: usize) {
    let steps = (MANY.cast_signed() + 1) * STEPS;
    for number in 0..PARTLY {
        assert_eq!(scene.steps(number).await, steps, "{}", name(number));
    }
    for number in (0..users).step_by(LOOKED_AT) {
        let path = format!("/v1/users/{}", name(number));
        let user = scene.server.rest().get(&path).await.unwrap();
        assert_eq!(user["zone"], "UTC");
    }
}

#[test]
fn a_start_with_a_hundred_thousand_tails_serves_before_all_are_folded() {
    let mut scene = Scene::with("[actors]\nidle_s = 3600\n");
    block_on(async {
        cover_partly(&scene).await;
        put_users(&scene.server, PARTLY..USERS).await;
    });
    scene.server.kill_and_restart();
    block_on(async {
        assert_eq!(scene.steps(0).await, (MANY.cast_signed() + 1) * STEPS);
        // The tails go on to be folded after the answer.
        let left = Figures::of(&scene.server).await.sum(UNFOLDED, "");
        let later = until(&scene.server, UNFOLDED, |unfolded| unfolded < left).await;
        assert!(later > 0, "all was folded before a read was answered");
        until(&scene.server, UNFOLDED, |unfolded| unfolded == 0).await;
        assert_all_there(&scene, USERS).await;
    });
}

#[test]
fn tails_that_are_too_much_for_memory_are_read_again_in_their_turn() {
    const FEW: usize = 5_000;
    let settings = "[actors]\nidle_s = 3600\n[journal]\nrecovered_max_bytes = 1\n";
    let mut scene = Scene::with(settings);
    block_on(async {
        cover_partly(&scene).await;
        put_users(&scene.server, PARTLY..FEW).await;
    });
    for _ in 0..2 {
        scene.server.kill_and_restart();
        block_on(async {
            assert_all_there(&scene, FEW).await;
            until(&scene.server, UNFOLDED, |unfolded| unfolded == 0).await;
            assert_all_there(&scene, FEW).await;
        });
    }
}

/// The background takes one partition after the other and waits for its slow reads: who asks at once comes first.
const SLOWLY: [&str; 2] = ["--fault", "slow-reads=50"];

#[test]
fn a_challenge_whose_tail_was_too_much_folds_it_once() {
    const FEW: usize = 200;
    let mut scene = Scene::with("[journal]\nrecovered_max_bytes = 1\n");
    let paths = block_on(async {
        put_users(&scene.server, 0..FEW).await;
        let admin = Http::admin(&scene.server);
        let mut paths = Vec::new();
        for users in [["ann", "bob"], ["carl", "dora"], ["eve", "fred"]] {
            let path = published(&admin, &challenge("2090-01-01", "2090-01-05")).await;
            enrol_new(&admin, &path, &users).await;
            paths.push(path);
        }
        paths
    });
    let shown = |scene: &Scene| {
        let admin = Http::admin(&scene.server);
        block_on(join_all(paths.iter().map(async |path| {
            let challenge = admin.get(path).await.expect(200);
            let enrolments = admin.get(&format!("{path}/enrolments")).await;
            let etag = challenge.header("etag").to_owned();
            (etag, challenge.json(), enrolments.expect(200).json())
        })))
    };
    let before = shown(&scene);
    assert_eq!(before[0].1["phase"], "open");
    assert_eq!(before[0].2["items"].as_array().unwrap().len(), 2);
    for _ in 0..2 {
        scene.server.kill();
        scene.server.restart_with(&SLOWLY);
        assert_eq!(shown(&scene), before);
    }
}
