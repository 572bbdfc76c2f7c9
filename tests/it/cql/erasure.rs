//! T11.1 on the files of the CQL store: once its machines have joined their files, none holds the user, whose key is gone at once.

use std::path::{Path, PathBuf};

use scylla::client::session::Session;
use streakline_core::id::DeviceId;

use super::{args, hold_nodes};
use crate::harness::cql::{Keyspace, control, count, variable};
use crate::harness::{Server, block_on};
use crate::rest::erasure::{ALIAS, GONE, files_with, scene, seen};
use crate::rest::http::Http;
use crate::rest::people::{CLOCK, device_of};

/// Where a node keeps its files.
fn files_of(node: usize) -> PathBuf {
    let program = variable("STREAKLINE_TEST_CQL_CTL").expect("run this as `script/cql run -- …`");
    let cluster = Path::new(&program).parent().unwrap();
    cluster.join(format!("node{node}"))
}

/// Files of all nodes that hold some bytes.
fn found(wanted: &[u8]) -> Vec<String> {
    let nodes = (1..=count()).flat_map(|node| {
        let files = files_of(node);
        let parts = ["data", "commitlog", "hints"].map(|part| files.join(part));
        parts.into_iter().filter(|part| part.exists())
    });
    nodes.flat_map(|part| files_with(&part, wanted)).collect()
}

/// Whether the store keeps it of its own conditions, for ten days and whatever is joined.
fn is_of_conditions(file: &str) -> bool {
    file.contains("/system/paxos-") || file.contains("/system/_paxos_repair_state/")
}

/// Nothing that was deleted is kept for machines that were away.
async fn forget_at_once(session: &Session, keyspace: &Keyspace) {
    for table in keyspace.tables(session).await {
        let statement = format!(
            "ALTER TABLE {table} WITH gc_grace_seconds = 0 AND compression = {{'enabled': false}}"
        );
        session.query_unpaged(statement, ()).await.unwrap();
    }
}

/// The logs are read and begun anew, and each table has one file.
fn join_all_files() {
    let join = |node| {
        control("kill", node);
        control("restart", node);
        control("compact", node);
    };
    std::thread::scope(|scope| {
        for node in 1..=count() {
            scope.spawn(move || join(node));
        }
    });
}

/// The user's data key as it is stored: what the master key has made of it.
async fn wrapped_key(session: &Session) -> Vec<u8> {
    let owner = session
        .query_unpaged("SELECT id FROM key_owners WHERE user = ?", (GONE,))
        .await
        .unwrap();
    let (id,): (Vec<u8>,) = owner.into_rows_result().unwrap().single_row().unwrap();
    let key = session
        .query_unpaged("SELECT bytes FROM data_keys WHERE id = ?", (id,))
        .await
        .unwrap();
    let (bytes,): (Vec<u8>,) = key.into_rows_result().unwrap().single_row().unwrap();
    bytes[bytes.len() - 40..].to_vec()
}

#[test]
fn after_an_erasure_and_a_joining_of_files_no_machine_holds_the_user() {
    let _nodes = hold_nodes();
    let keyspace = Keyspace::take();
    let args = args(&keyspace);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let server = Server::start(&format!("virtual:{CLOCK}"), &args);
    let device = DeviceId::parse(&device_of(GONE)).unwrap();
    let (over, key) = block_on(async {
        let session = keyspace.session().await;
        forget_at_once(&session, &keyspace).await;
        let (over, _) = scene(&server, &Http::admin(&server)).await;
        (over, wrapped_key(&session).await)
    });
    for trace in [GONE.as_bytes(), &device.0, &key] {
        assert!(!found(trace).is_empty(), "the scan finds it before");
    }
    let before = block_on(async {
        let admin = Http::admin(&server);
        let mut before = seen(&admin, &server, &over).await;
        before.1["items"][2]["alias"] = "Former participant".into();
        let told = admin.delete(&format!("/v1/users/{GONE}")).await.expect(202);
        assert!(told.json()["gone_by_ms"].is_i64(), "{}", told.text);
        before
    });
    // A deletion goes in the second after it.
    std::thread::sleep(std::time::Duration::from_secs(2));
    join_all_files();
    // Of names the conditions that were made about them are kept, of the key nothing.
    assert_eq!(found(&key), [""; 0]);
    for trace in [GONE.as_bytes(), ALIAS.as_bytes(), &device.0] {
        let files = found(trace).into_iter();
        let files: Vec<String> = files.filter(|file| !is_of_conditions(file)).collect();
        assert_eq!(files, [""; 0], "{}", String::from_utf8_lossy(trace));
    }
    let after = block_on(seen(&Http::admin(&server), &server, &over));
    assert_eq!(after, before);
}
