//! A store that is slow, or away altogether: nothing is acknowledged that is not durable, readiness says so, memory stays bounded,
//! and it all passes by itself.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    Scene,
    device::{STEPS, Told, since_ms, stream},
};
use crate::harness::{
    block_on,
    cql::{control, count, variable},
    figures::resident_bytes,
    load::name,
};
use crate::rest::http::Http;

const DEVICES: usize = 8;
/// How long the store is away; STREAKLINE_TEST_AWAY_S makes it longer, such as five minutes.
const AWAY_S: u64 = 20;
/// A commit under way may be answered after the last node was stopped.
const UNDER_WAY: Duration = Duration::from_secs(3);
/// What a server may grow by while its store is away.
const GROWTH_BYTES: u64 = 256 * 1024 * 1024;

fn away_for() -> Duration {
    let set = variable("STREAKLINE_TEST_AWAY_S");
    Duration::from_secs(set.map_or(AWAY_S, |text| text.parse().unwrap()))
}

/// Steps that a user has, whatever day they are on.
pub(super) async fn steps(admin: &Http, number: usize) -> i64 {
    let path = format!(
        "/v1/users/{}/days?from={}&to={}",
        name(number),
        day(-2),
        day(1)
    );
    let days = admin.all(&path, 100).await;
    days.iter()
        .map(|day| day["display"].as_i64().unwrap())
        .sum()
}

fn day(from_now: i64) -> String {
    let day = streakline::clock::unix_s() / 86_400 + from_now;
    streakline_core::civil::Day(i32::try_from(day).unwrap()).iso()
}

async fn assert_all_there(scene: &Scene, told: &[Told]) {
    let admin = Http::admin(&scene.server);
    for (number, told) in told.iter().enumerate() {
        let acknowledged = told.acknowledged().cast_signed() * STEPS;
        let there = steps(&admin, number).await;
        // One record may be durable without its acknowledgement having arrived.
        assert!(
            (acknowledged..=acknowledged + STEPS).contains(&there),
            "{number}: {acknowledged} acknowledged, {there} there"
        );
    }
}

async fn until_ready(scene: &Scene) {
    let http = Http::bare(&scene.server);
    for _ in 0..600 {
        if http.get("/readyz").await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the server does not become ready");
}

#[test]
fn a_store_that_is_away_stops_acknowledgements_and_nothing_else_and_comes_back_by_itself() {
    let scene = Scene::with(&[]);
    let told: Vec<Told> = (0..DEVICES).map(|_| Told::default()).collect();
    let since_ms = since_ms();
    block_on(async {
        let streams = told
            .iter()
            .enumerate()
            .map(|(number, told)| stream(&scene.server, (number, since_ms), told));
        let story = async {
            join_all(told.iter().map(|told| told.beyond(5))).await;
            let before_bytes = resident_bytes(&scene.server);
            (1..=count()).for_each(|node| control("pause", node));
            tokio::time::sleep(UNDER_WAY).await;
            let stopped: Vec<u64> = told.iter().map(Told::acknowledged).collect();
            tokio::time::sleep(away_for()).await;
            let away: Vec<u64> = told.iter().map(Told::acknowledged).collect();
            let http = Http::bare(&scene.server);
            let readiness = http.get("/readyz").await;
            let alive = http.get("/healthz").await.status;
            let after_bytes = resident_bytes(&scene.server);
            // Whatever was seen, the nodes go on: others need them.
            (1..=count()).for_each(|node| control("resume", node));
            assert_eq!(away, stopped, "acknowledged while the store was away");
            let problem = readiness.problem(503, "store_unavailable");
            assert!(
                problem["detail"].as_str().unwrap().starts_with("store: "),
                "{problem}"
            );
            assert_eq!(alive, 200);
            assert!(
                after_bytes < before_bytes + GROWTH_BYTES,
                "{before_bytes} to {after_bytes}"
            );
            join_all(
                told.iter()
                    .zip(&away)
                    .map(|(told, away)| told.beyond(away + 5)),
            )
            .await;
            until_ready(&scene).await;
            told.iter().for_each(Told::stop);
        };
        futures_util::join!(join_all(streams), story);
        assert_all_there(&scene, &told).await;
    });
}

#[test]
fn a_slow_store_makes_acknowledgements_slow_and_loses_none() {
    let scene = Scene::with(&["--fault", "slow-appends=400"]);
    let told: Vec<Told> = (0..DEVICES).map(|_| Told::default()).collect();
    let since_ms = since_ms();
    block_on(async {
        let streams = told
            .iter()
            .enumerate()
            .map(|(number, told)| stream(&scene.server, (number, since_ms), told));
        let story = async {
            join_all(told.iter().map(|told| told.beyond(10))).await;
            told.iter().for_each(Told::stop);
        };
        futures_util::join!(join_all(streams), story);
        for told in &told {
            let sockets = told.sockets.load(std::sync::atomic::Ordering::Acquire);
            assert_eq!(sockets, 1, "a slow store is no reason to end a socket");
        }
        assert_eq!(Http::bare(&scene.server).get("/readyz").await.status, 200);
        assert_all_there(&scene, &told).await;
    });
}
