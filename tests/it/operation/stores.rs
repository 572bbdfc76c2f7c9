//! What an operator does to a store: a checkpoint before an upgrade, a copy into another place, an audit of what is there.

use std::path::Path;

use serde_json::json;
use streakline::config::{Config, Sources};
use streakline::server::offline::Place;
use streakline::storage::bulk::{BulkRow, BulkStore, BulkTable};
use streakline_core::id::Entity;

use crate::harness::{Server, block_on, streakline};
use crate::rest::http::Http;
use crate::rest::people::{CLOCK, challenge, enrol_new, published, utc, walk};

/// Ann and Bob have walked for two days, tokens are posted, and both are on a board.
pub(crate) fn lived() -> Server {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let path = published(&admin, &challenge("2016-04-12", "2016-04-14")).await;
        enrol_new(&admin, &path, &["ann", "bob"]).await;
        for (day, steps) in [("2016-04-12", 90), ("2016-04-13", 80)] {
            admin.advance(utc(day, 12, 0)).await;
            walk(&server, "ann", utc(day, 9, 0), &[steps; 120]).await;
            walk(&server, "bob", utc(day, 9, 0), &[steps / 2; 120]).await;
        }
        admin.advance(utc("2016-04-14", 12, 0)).await;
        walk(&server, "ann", utc("2016-04-14", 9, 0), &[70; 30]).await;
    });
    server
}

/// The same, with snapshots of both and a walk that is in the journal only.
pub(crate) fn half_covered() -> Server {
    let server = lived();
    block_on(async {
        let admin = Http::admin(&server);
        admin.post("/v1/checkpoint", &json!({})).await.expect(200);
        walk(&server, "bob", utc("2016-04-14", 9, 0), &[50; 30]).await;
    });
    server
}

/// What both have, as the server tells it.
pub(crate) fn told(server: &Server) -> Vec<String> {
    block_on(async {
        let admin = Http::admin(server);
        let mut told = Vec::new();
        for user in ["ann", "bob"] {
            for of in ["days?from=2016-04-12&to=2016-04-14", "ledger", "balance"] {
                let path = format!("/v1/users/{user}/{of}");
                told.push(admin.get(&path).await.expect(200).text);
            }
        }
        let sums = admin.get("/v1/ledger/summary").await.expect(200);
        told.push(sums.text);
        told
    })
}

fn path(of: &Path) -> &str {
    of.to_str().unwrap()
}

#[test]
fn a_copied_store_serves_the_same_and_goes_on_with_its_journal() {
    let mut server = half_covered();
    let before = told(&server);
    server.kill();
    let other = tempfile::tempdir().unwrap();
    let (data, copied) = (server.data_arg(), other.path().join("data"));
    let args = ["copy", "--from", &data, "--to", path(&copied)];
    let said = streakline(&args).expect_ok();
    assert!(said.contains("holds the same"), "{said}");
    let rows = |table: &str| -> u64 {
        let line = said.lines().find(|line| line.starts_with(table));
        let count = line.unwrap().split_whitespace().nth(1);
        count.unwrap().parse().unwrap()
    };
    for table in ["journal", "snapshots", "partitions", "settings", "devices"] {
        assert!(rows(table) > 0, "{table}: {said}");
    }
    keys_beside(&server.data(), &copied);
    let clock = format!("virtual:{CLOCK}");
    let copy = Server::on(other, &clock, &[]).unwrap_or_else(|_| panic!("the copy does not start"));
    assert_eq!(told(&copy), before);
    server.restart();
    assert_eq!(told(&server), before);
}

/// Gives another data directory the keys of one: a copy of a store has none.
pub(crate) fn keys_beside(of: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let keys = to.join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    for key in std::fs::read_dir(of.join("keys")).unwrap() {
        let key = key.unwrap();
        std::fs::copy(key.path(), keys.join(key.file_name())).unwrap();
    }
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(keys, private).unwrap();
}

#[test]
fn an_audit_agrees_with_what_a_server_left_however_it_ended() {
    let mut server = lived();
    let audit = |server: &Server| streakline(&["audit", "--data", &server.data_arg()]);
    server.kill();
    let after_kill = audit(&server).expect_ok();
    assert!(after_kill.contains("everything agrees"), "{after_kill}");
    server.restart();
    assert_eq!(server.terminate(), Some(0));
    let said = audit(&server).expect_ok();
    assert!(said.starts_with("2 users, "), "{said}");
    assert!(said.contains(", 2 standings: everything agrees"), "{said}");
    assert!(!said.contains(" 0 transfers"), "{said}");
}

/// The store of a directory that no server uses.
async fn opened(data: &str) -> std::sync::Arc<dyn BulkStore> {
    let config = Config::load(&Sources::default()).unwrap();
    let store = Place {
        at: data.to_owned(),
        config: &config,
    };
    store.open().await.unwrap()
}

/// Rows of a table, with no server about.
fn rows(data: &str, table: BulkTable) -> Vec<BulkRow> {
    block_on(async {
        let store = opened(data).await;
        let page = store.read_page(table, None, usize::MAX);
        page.await.unwrap().rows
    })
}

/// Writes rows over what is there, with no server about.
fn overwrite(data: &str, rows: Vec<BulkRow>) {
    block_on(async {
        let store = opened(data).await;
        store.write_page(rows, None).await.unwrap();
    });
}

#[test]
fn an_audit_finds_an_old_state_old_sums_and_a_flipped_bit() {
    let mut server = lived();
    let data = server.data_arg();
    assert_eq!(server.terminate(), Some(0));
    let states = rows(&data, BulkTable::Snapshots);
    let old_sums = rows(&data, BulkTable::Partitions);
    server.restart();
    block_on(async {
        let admin = Http::admin(&server);
        walk(&server, "ann", utc("2016-04-14", 10, 0), &[90; 120]).await;
        admin.advance(utc("2016-04-16", 12, 0)).await;
    });
    assert_eq!(server.terminate(), Some(0));
    let audit = || streakline(&["audit", "--data", &data]);
    audit().expect_ok();

    let is_ann = |row: &BulkRow| matches!(row, BulkRow::Snapshot(Entity::User(id), _) if id.as_str() == "ann");
    overwrite(&data, states.into_iter().filter(is_ann).collect());
    let said = audit().expect_failure();
    assert!(
        said.contains("user ann: the available balance is"),
        "{said}"
    );
    assert!(said.contains("user ann: the standing in"), "{said}");
    assert!(!said.contains("partition "), "{said}");

    overwrite(&data, old_sums);
    let said = audit().expect_failure();
    assert!(said.contains(": the treasury is"), "{said}");
    assert!(said.contains("the sum of available balances is"), "{said}");

    let mut transfers = rows(&data, BulkTable::Transfers);
    if let Some(BulkRow::Transfer(_, _, row)) = transfers.first_mut() {
        *row.last_mut().unwrap() ^= 1;
    }
    overwrite(&data, transfers);
    let said = audit().expect_failure();
    assert!(said.contains("its checksum is wrong"), "{said}");
}

#[test]
fn a_store_in_use_is_neither_copied_nor_audited() {
    let server = Server::virtual_at(CLOCK);
    let other = tempfile::tempdir().unwrap();
    let (data, to) = (server.data_arg(), path(other.path()).to_owned());
    for args in [
        &["copy", "--from", &data, "--to", &to][..],
        &["audit", "--data", &data],
    ] {
        let said = streakline(args).expect_failure();
        assert!(said.contains("another server has"), "{said}");
    }
    let said = streakline(&["copy", "--from", &to, "--to", &data]).expect_failure();
    assert!(said.contains("holds no store"), "{said}");
    let nothing = other.path().join("nothing");
    let said = streakline(&["audit", "--data", path(&nothing)]).expect_failure();
    assert!(said.contains("holds no store"), "{said}");
    assert!(!nothing.exists(), "an audit makes nothing");
}

#[test]
fn after_a_checkpoint_snapshots_cover_everything_and_a_killed_server_goes_on() {
    let mut server = lived();
    let (data, url) = (server.data_arg(), server.url().to_owned());
    let said = streakline(&["checkpoint", "--data", &data, "--server", &url]).expect_ok();
    assert!(said.contains("had ") && !said.starts_with("0 "), "{said}");
    assert!(said.contains("now nothing is left"), "{said}");
    let before = told(&server);
    server.kill_and_restart();
    assert_eq!(told(&server), before);
    block_on(async {
        let admin = Http::admin(&server);
        let again = admin.post("/v1/checkpoint", &json!({})).await.expect(200);
        assert_eq!(again.json()["uncovered"], 0);
        let wrong = admin.post("/v1/checkpoint", &json!({"now": true})).await;
        wrong.faults(422, "unknown_field");
    });
}
