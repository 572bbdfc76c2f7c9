//! Crashes in the middle of a recovery, again and again: what was acknowledged is there when one ends at last.

use std::time::Duration;

use futures_util::future::join_all;

use super::scene::Scene;
use crate::harness::block_on;
use crate::harness::figures::until;
use crate::harness::load::{devices, minutes, name};

const USERS: usize = 1_500;
const STEPS: i64 = 10;
/// A part of the users streams on between two crashes.
const LIVELY: usize = 30;
const UNFOLDED: &str = "streakline_tails_unfolded";
/// How long a start may live that is killed whether it is ready or not, ms.
const LIVES_MS: [u64; 4] = [20, 60, 150, 400];
/// Tails that are left when a start is killed, one start after the other.
const LEFT: [usize; 5] = [USERS, USERS * 3 / 4, USERS / 2, USERS / 4, 0];

#[test]
fn crashes_in_the_middle_of_recovery_lose_nothing_that_was_acknowledged() {
    // Who is folded is soon idle, gets a snapshot and leaves: crashes find tails that are partly covered.
    let mut scene = Scene::with("[actors]\nidle_s = 1\n");
    let mut acknowledged = vec![0_u64; USERS];
    block_on(async {
        let mut wires = devices(&scene.server, 0..USERS).await;
        for first in 1..=3 {
            let streaming = wires.iter_mut().map(|wire| async {
                wire.ack(&minutes(first, scene.since_ms, 1, STEPS)).await;
            });
            join_all(streaming).await;
        }
        acknowledged.fill(3);
    });
    for (round, left) in LEFT.into_iter().enumerate() {
        scene.server.kill();
        for alive_ms in LIVES_MS {
            let alive = Duration::from_millis(alive_ms);
            scene.server.restart_and_kill_after(alive);
        }
        scene.server.restart();
        block_on(async {
            let some = round * LIVELY..(round + 1) * LIVELY;
            let mut wires = devices(&scene.server, some.clone()).await;
            for (wire, number) in wires.iter_mut().zip(some) {
                let first = acknowledged[number] + 1;
                wire.ack(&minutes(first, scene.since_ms, 1, STEPS)).await;
                acknowledged[number] = first;
            }
            until(&scene.server, UNFOLDED, |tails| tails <= left as u64).await;
        });
    }
    scene.server.kill_and_restart();
    block_on(async {
        for (number, minutes) in acknowledged.iter().enumerate() {
            let steps = minutes.cast_signed() * STEPS;
            assert_eq!(scene.steps(number).await, steps, "{}", name(number));
        }
    });
}
