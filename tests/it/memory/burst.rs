//! Everyone at once: thousands of devices send their first batch in the same instant, and none of their users is in memory. They
//! are read from the store a few at a time, the others are not read from their sockets, and everybody gets an ack.

use futures_util::future::join_all;
use serde_json::Value;
use streakline_core::limits::{ACTIVATIONS_MAX, ACTIVATIONS_WAITING_MAX};

use crate::harness::figures::{Figures, resident_bytes};
use crate::harness::load::{hello, minutes, put_users, sockets};
use crate::harness::{Wire, block_on};
use crate::restart::scene::Scene;

const SOCKETS: usize = 5_000;
const STEPS: i64 = 10;
const MIB: u64 = 1_024 * 1_024;
/// What the burst may add: users that are in memory afterwards (some 20 KiB each with a socket, a device and a day), and the
/// store's own rows in memory.
const GROWN_BYTES: u64 = SOCKETS as u64 * 20 * 1_024 + 64 * MIB;

/// Says hello and sends a batch at once, then waits for both answers.
async fn first_message(wire: &mut Wire, number: usize, since_ms: i64) -> Value {
    let said = [hello(number), minutes(1, since_ms, 3, STEPS)];
    for frame in &said {
        wire.send(frame).await;
    }
    wire.expect("ack").await
}

#[test]
fn a_burst_of_first_messages_is_admitted_a_few_at_a_time_and_all_are_acknowledged() {
    // Opening them all may take a while; only then everyone speaks.
    let mut scene = Scene::with("[stream]\nhello_timeout_s = 300\n");
    block_on(put_users(&scene.server, 0..SOCKETS));
    assert_eq!(scene.server.terminate(), Some(0));
    // On a quick disk users could be read as fast as this one process speaks.
    scene.server.restart_with(&["--fault", "slow-reads=50"]);
    block_on(async {
        let mut wires = sockets(&scene.server, 0..SOCKETS).await;
        let before = resident_bytes(&scene.server);
        let since_ms = scene.since_ms;
        let saying = wires.iter_mut().enumerate();
        let saying = saying.map(|(number, wire)| first_message(wire, number, since_ms));
        let acks = join_all(saying).await;
        assert!(acks.iter().all(|ack| ack["up_to_seq"] == 3));
        let figures = Figures::of(&scene.server).await;
        let at_once = figures.max("streakline_activations_under_way_max");
        assert!((1..=ACTIVATIONS_MAX as u64).contains(&at_once), "{at_once}");
        let waited = figures.max("streakline_activations_waiting_max");
        assert!(waited > 0, "nobody had to wait: it was no burst");
        assert!(waited <= ACTIVATIONS_WAITING_MAX as u64);
        let grown = resident_bytes(&scene.server).saturating_sub(before);
        eprintln!("{at_once} at once, {waited} waited, {grown} bytes more");
        assert!(grown <= GROWN_BYTES, "{grown} bytes");
        for number in (0..SOCKETS).step_by(499) {
            assert_eq!(scene.steps(number).await, 3 * STEPS);
        }
    });
}
