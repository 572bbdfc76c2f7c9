//! Two hundred thousand users pass through a server, some always live: what is in memory depends on who is live, not on who was.

use futures_util::future::join_all;

use crate::harness::figures::{Figures, resident_bytes, until};
use crate::harness::load::{devices, minutes, name, put_users};
use crate::harness::{Wire, block_on};
use crate::restart::scene::Scene;

const USERS: usize = 200_000;
const WAVE: usize = 10_000;
/// Users of each wave with a socket, until the wave after it has come.
const LIVE: usize = 250;
const STEPS: i64 = 10;
const MINUTES: u64 = 5;
const MIB: u64 = 1_024 * 1_024;
/// What users may take is 64 MiB, and a part more until a round has let the longest idle go.
const USERS_BYTES_MOST: u64 = 80 * MIB;
/// Memory of the whole process: the users' own and a quarter more for what the allocator holds back, 128 MiB of rows that the
/// store has in memory and in its log, 32 MiB of its cache, 64 MiB of snapshots and requests on their way, and 64 MiB for the
/// program itself. Two hundred thousand users that stayed would take about 900 MiB by themselves.
const RESIDENT_BYTES: u64 = USERS_BYTES_MOST * 5 / 4 + (128 + 32 + 64 + 64) * MIB;
const SETTINGS: &str = "[actors]\nidle_s = 2\nmemory_max_bytes = 67108864\n";
const LOOKED_AT: usize = 1_999;

/// The largest figures that were seen.
#[derive(Debug, Default)]
struct Most {
    users: u64,
    users_bytes: u64,
    resident_bytes: u64,
}

impl Most {
    async fn look(&mut self, scene: &Scene) {
        let figures = Figures::of(&scene.server).await;
        let users = figures.sum("streakline_actors", "kind=\"user\"");
        self.users = self.users.max(users);
        let users_bytes = figures.sum("streakline_users_bytes", "");
        self.users_bytes = self.users_bytes.max(users_bytes);
        self.resident_bytes = self.resident_bytes.max(resident_bytes(&scene.server));
    }
}

/// Some of the wave's users stream; their sockets stay open.
async fn live(scene: &Scene, first: usize) -> Vec<Wire> {
    let mut wires = devices(&scene.server, first..first + LIVE).await;
    let streaming = wires.iter_mut().map(|wire| async {
        wire.ack(&minutes(1, scene.since_ms, MINUTES, STEPS)).await;
    });
    join_all(streaming).await;
    wires
}

#[test]
fn two_hundred_thousand_users_pass_through_bounded_memory() {
    let scene = Scene::with(SETTINGS);
    let mut most = Most::default();
    block_on(async {
        let mut sockets: Vec<Wire> = Vec::new();
        for first in (0..USERS).step_by(WAVE) {
            put_users(&scene.server, first..first + WAVE).await;
            most.look(&scene).await;
            sockets = live(&scene, first).await;
            most.look(&scene).await;
        }
        assert_eq!(sockets.len(), LIVE);
        eprintln!("{most:?}");
        assert!(most.users_bytes <= USERS_BYTES_MOST, "{most:?}");
        assert!(most.users < USERS as u64 / 4, "{most:?}");
        assert!(most.resident_bytes <= RESIDENT_BYTES, "{most:?}");
        let figures = Figures::of(&scene.server).await;
        let activations = figures.sum("streakline_activations_total", "user");
        assert!(activations >= USERS as u64);
        // Who has a socket stays; everybody else is idle soon.
        let actors = "streakline_actors";
        until(&scene.server, actors, |users| users == LIVE as u64).await;
        drop(sockets);
        until(&scene.server, actors, |users| users == 0).await;
        for number in (0..USERS).step_by(LOOKED_AT) {
            let streamed = number % WAVE < LIVE;
            let steps = if streamed {
                MINUTES.cast_signed() * STEPS
            } else {
                0
            };
            assert_eq!(scene.steps(number).await, steps, "{}", name(number));
        }
    });
}
