//! A user at rest whose socket stays open: what was folded is written, and the socket goes on.

use crate::harness::block_on;
use crate::harness::figures::{Figures, until};
use crate::harness::load::{devices, minutes, put_users};
use crate::restart::scene::Scene;

const SETTINGS: &str = "[actors]\nidle_s = 1\n";
const USERS: usize = 3;
const STEPS: i64 = 10;

#[test]
fn a_user_at_rest_is_written_while_its_socket_stays_open() {
    let scene = Scene::with(SETTINGS);
    block_on(async {
        put_users(&scene.server, 0..USERS).await;
        let mut wires = devices(&scene.server, 0..USERS).await;
        for wire in &mut wires {
            wire.ack(&minutes(1, scene.since_ms, 2, STEPS)).await;
        }
        // With a socket open nobody leaves, so that what is written from here on is written at rest.
        let written = "streakline_snapshots_total";
        let before = Figures::of(&scene.server).await.sum(written, "user");
        let all = before + USERS as u64;
        until(&scene.server, written, |count| count >= all).await;
        until(&scene.server, "streakline_actors", |users| {
            users == USERS as u64
        })
        .await;
        for wire in &mut wires {
            wire.ack(&minutes(3, scene.since_ms, 1, STEPS)).await;
        }
        for number in 0..USERS {
            assert_eq!(scene.steps(number).await, 3 * STEPS);
        }
    });
}
