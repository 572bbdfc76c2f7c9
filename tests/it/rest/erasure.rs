//! Erasing a user (T11.1): afterwards no file holds the name, the alias, the devices or the key, boards that are over stay as they
//! are, and everybody else has what they had.

use std::{fs, path::Path};

use serde_json::{Value, json};
use streakline::storage::{Keys as _, embedded::EmbeddedStore};
use streakline_core::id::{DeviceId, UserId};

use super::http::Http;
use super::people::{
    Band, CLOCK, challenge, device_of, enrol_new, goal, make_user, phase, published, utc, walk,
};
use crate::harness::{Server, block_on, streakline};

pub(crate) const GONE: &str = "gundula-von-weg";
pub(crate) const ALIAS: &str = "Ziegenmelker";

/// Files below a directory that hold some bytes as they stand.
pub(crate) fn files_with(dir: &Path, wanted: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, wanted));
            continue;
        }
        // A file that is being dropped holds nothing any more.
        let bytes = fs::read(&path).unwrap_or_default();
        if bytes.windows(wanted.len()).any(|part| part == wanted) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// The user's data key as it is stored in a copy of the directory.
fn wrapped_key(server: &Server) -> Vec<u8> {
    let copy = tempfile::tempdir().unwrap();
    crate::storage::world::copy(&server.data(), copy.path());
    let store = EmbeddedStore::open(copy.path()).unwrap();
    let user = UserId::parse(GONE).unwrap();
    let row = block_on(store.key_of(&user)).unwrap().unwrap();
    // Its end: what the master key has made of it.
    row.bytes[row.bytes.len() - 40..].to_vec()
}

/// Everything that can be read of somebody.
pub(crate) async fn all_of(admin: &Http, user: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for part in [
        "",
        "/days?from=2016-04-12&to=2016-04-18",
        "/streaks",
        "/goals",
        "/balance",
        "/ledger",
        "/events",
        "/devices",
    ] {
        let path = format!("/v1/users/{user}{part}");
        all.push(admin.get(&path).await.expect(200).json());
    }
    all
}

/// Rank, score and name of each row of a board.
pub(crate) async fn board(admin: &Http, challenge: &str) -> Vec<(Value, Value, Value)> {
    let body = admin
        .get(&format!("{challenge}/leaderboard"))
        .await
        .expect(200)
        .json();
    let rows = body["items"].as_array().unwrap().iter();
    rows.map(|row| {
        (
            row["rank"].clone(),
            row["score"].clone(),
            row["alias"].clone(),
        )
    })
    .collect()
}

/// Three people with goals and walks, one settled challenge and one that runs.
pub(crate) async fn scene(server: &Server, admin: &Http) -> (String, String) {
    let over = published(admin, &challenge("2016-04-13", "2016-04-13")).await;
    enrol_new(admin, &over, &["ann", GONE, "bob"]).await;
    let running = published(admin, &challenge("2016-04-13", "2016-04-29")).await;
    for user in ["ann", GONE, "bob"] {
        let of = format!("/v1/users/{user}");
        admin
            .put(&format!("{of}/goals/steps"), &goal(2_000, None))
            .await
            .expect(201);
        admin
            .enrol(&format!("{running}/enrolments/{user}"))
            .await
            .expect(201);
    }
    let alias = json!({"alias": ALIAS});
    admin
        .replace(&format!("/v1/users/{GONE}"), &alias)
        .await
        .expect(200);
    admin.advance(utc("2016-04-13", 12, 0)).await;
    for (user, steps) in [("ann", 90), (GONE, 80), ("bob", 70)] {
        walk(server, user, utc("2016-04-13", 8, 0), &[steps; 40]).await;
    }
    admin.advance(utc("2016-04-17", 12, 0)).await;
    assert_eq!(phase(admin, &over).await, "settled");
    (over, running)
}

#[test]
fn after_an_erasure_no_file_holds_the_user_and_others_have_what_they_had() {
    let mut server = Server::virtual_at(CLOCK);
    let device = DeviceId::parse(&device_of(GONE)).unwrap();
    let (over, running) = block_on(scene(&server, &Http::admin(&server)));
    let key = wrapped_key(&server);
    let traces = [GONE.as_bytes(), ALIAS.as_bytes(), &device.0, &key];
    assert!(
        !files_with(&server.data(), GONE.as_bytes()).is_empty(),
        "the scan finds it before"
    );
    assert!(!files_with(&server.data(), &key).is_empty(), "and the key");
    let (others, settled) = block_on(async {
        let admin = Http::admin(&server);
        // An open socket does not hold it up.
        let band = Band::of(&server, GONE).await;
        let others = (all_of(&admin, "ann").await, all_of(&admin, "bob").await);
        let mut settled = board(&admin, &over).await;
        assert_eq!(settled[1].2, ALIAS);
        settled[1].2 = json!("Former participant");
        let erased = admin.delete(&format!("/v1/users/{GONE}")).await.expect(204);
        assert!(erased.text.is_empty());
        drop(band);
        (others, settled)
    });
    for trace in traces {
        assert_eq!(
            files_with(&server.data(), trace),
            [""; 0],
            "{}",
            String::from_utf8_lossy(trace)
        );
    }
    let check = async |server: &Server| {
        let admin = Http::admin(server);
        assert_eq!(
            (all_of(&admin, "ann").await, all_of(&admin, "bob").await),
            others
        );
        assert_eq!(board(&admin, &over).await, settled);
        let left = board(&admin, &running).await;
        assert_eq!(left.len(), 2, "{left:?}");
        let absent = admin.get(&format!("/v1/users/{GONE}")).await;
        absent.problem(404, "not_found");
        let sums = admin.get("/v1/ledger/summary").await.expect(200).json();
        assert_eq!(sums["sum_micro"], 0, "{sums}");
    };
    block_on(check(&server));
    server.kill_and_restart();
    block_on(check(&server));
    for trace in traces {
        assert_eq!(files_with(&server.data(), trace), [""; 0]);
    }
}

#[test]
fn erasing_is_for_who_is_there_and_who_comes_again_is_somebody_new() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        admin
            .delete("/v1/users/nobody")
            .await
            .problem(404, "not_found");
        make_user(&admin, "ann").await;
        walk(
            &server,
            "ann",
            utc("2016-04-12", 0, 0) - 3_600_000,
            &[50; 10],
        )
        .await;
        let own = Http::user(&server, "ann");
        own.delete("/v1/users/ann").await.problem(403, "forbidden");
    });
    let data = server.data_arg();
    let url = server.url().to_owned();
    let told = streakline(&["erase", "ann", "--data", &data, "--server", &url]).expect_ok();
    assert!(told.contains("ann is erased"), "{told}");
    block_on(async {
        let admin = Http::admin(&server);
        admin
            .delete("/v1/users/ann")
            .await
            .problem(404, "not_found");
        make_user(&admin, "ann").await;
        let devices = admin.get("/v1/users/ann/devices").await.expect(200).json();
        assert_eq!(
            devices["items"],
            json!([]),
            "nothing is left of the first one"
        );
        walk(
            &server,
            "ann",
            utc("2016-04-12", 0, 0) - 3_600_000,
            &[20; 10],
        )
        .await;
    });
}
