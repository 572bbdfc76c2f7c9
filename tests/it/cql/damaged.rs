//! One flipped bit in a stored row: whose row it is is refused, everybody else is served, and the server says that something is
//! damaged.

use super::{
    Scene,
    device::{Told, since_ms, stream},
};
use crate::harness::{Server, block_on, load::name};
use crate::rest::http::Http;

async fn give_steps(server: &Server, number: usize) {
    let told = Told::default();
    let streaming = stream(server, (number, since_ms()), &told);
    let stopping = async {
        told.beyond(3).await;
        told.stop();
    };
    futures_util::join!(streaming, stopping);
}

#[test]
fn a_flipped_bit_in_a_row_is_found_and_stops_nobody_else() {
    let mut scene = Scene::with(&[]);
    block_on(async {
        give_steps(&scene.server, 0).await;
        give_steps(&scene.server, 1).await;
    });
    assert_eq!(scene.server.terminate(), Some(0));
    block_on(async {
        let session = scene.keyspace.session().await;
        let select =
            "SELECT epoch, idx, written_us, state FROM snapshots WHERE kind = 1 AND id = ?";
        let id = name(0).into_bytes();
        let rows = session.query_unpaged(select, (id.clone(),)).await.unwrap();
        let rows = rows.into_rows_result().unwrap();
        let (epoch, index, written_us, mut state) =
            rows.first_row::<(i64, i64, i64, Vec<u8>)>().unwrap();
        *state.last_mut().unwrap() ^= 1;
        let update = "UPDATE snapshots SET state = ? WHERE kind = 1 AND id = ? AND epoch = ? AND idx = ? AND written_us = ?";
        scene
            .keyspace
            .run(update, (state, id, epoch, index, written_us))
            .await;
    });
    scene.server.restart();
    block_on(async {
        let admin = Http::admin(&scene.server);
        let path = |number| format!("/v1/users/{}", name(number));
        admin.get(&path(0)).await.problem(503, "store_unavailable");
        admin.get(&path(1)).await.expect(200);
        let readiness = Http::bare(&scene.server).get("/readyz").await;
        let problem = readiness.problem(503, "store_unavailable");
        assert!(
            problem["detail"].as_str().unwrap().contains("damaged"),
            "{problem}"
        );
    });
}
