//! A second server is started on the same keyspace: it takes over, the first one ends by itself, and nothing is lost.

use futures_util::future::join_all;

use super::{
    Scene,
    away::steps,
    device::{STEPS, Told, since_ms, stream},
    on,
};
use crate::harness::block_on;
use crate::rest::http::Http;

const DEVICES: usize = 6;

#[test]
fn a_second_server_takes_over_and_nothing_that_the_first_acknowledged_is_lost() {
    let mut scene = Scene::with(&[]);
    let since_ms = since_ms();
    let told: Vec<Told> = (0..DEVICES).map(|_| Told::default()).collect();
    let (keyspace, server) = (&scene.keyspace, &scene.server);
    let second = block_on(async {
        let streams = told
            .iter()
            .enumerate()
            .map(|(number, told)| stream(server, (number, since_ms), told));
        let story = async {
            join_all(told.iter().map(|told| told.beyond(10))).await;
            let args = super::args(keyspace);
            let starting = tokio::task::spawn_blocking(move || {
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                crate::harness::Server::start("system", &args)
            });
            let second = starting.await.unwrap();
            told.iter().for_each(Told::stop);
            second
        };
        futures_util::join!(join_all(streams), story).1
    });
    let first = scene.server.wait_exit();
    assert!(!first.success(), "the first server is to say why it ends");
    assert!(
        scene
            .server
            .log()
            .contains("another server has taken this keyspace over"),
        "{}",
        scene.server.log()
    );
    block_on(async {
        let admin = Http::admin(&second);
        for (number, told) in told.iter().enumerate() {
            let acknowledged = told.acknowledged().cast_signed() * STEPS;
            let there = steps(&admin, number).await;
            assert!(
                (acknowledged..=acknowledged + STEPS).contains(&there),
                "{number}: {acknowledged}, {there}"
            );
            // Its queue goes on at the second server.
            let more = Told::default();
            let streaming = stream(&second, (number, since_ms), &more);
            let stopping = async {
                more.beyond(told.acknowledged() + 2).await;
                more.stop();
            };
            futures_util::join!(streaming, stopping);
        }
    });
    drop(second);
    drop(on(&scene.keyspace, &[]));
}
