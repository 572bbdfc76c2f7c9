//! Erasing a user (T11.1): afterwards no file holds the name, the alias, the devices or the key, boards that are over stay as they
//! are, and everybody else has what they had.

use std::{fs, path::Path};

use serde_json::{Value, json};
use streakline::storage::{Keys as _, Snapshots as _, embedded::EmbeddedStore};
use streakline_core::id::{ChallengeId, DeviceId, Entity, UserId};

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
async fn all_of(admin: &Http, user: &str) -> Vec<Value> {
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

/// A board without the time of the answer.
async fn board(who: &Http, challenge: &str) -> Value {
    let path = format!("{challenge}/leaderboard");
    let mut board = who.get(&path).await.expect(200).json();
    board["as_of_ms"].take();
    board
}

/// The snapshots of challenges as they are stored, by a copy of the directory.
fn challenges_stored(server: &Server, challenges: &[&str]) -> Vec<Vec<u8>> {
    let copy = tempfile::tempdir().unwrap();
    crate::storage::world::copy(&server.data(), copy.path());
    let store = EmbeddedStore::open(copy.path()).unwrap();
    let stored = |path: &&str| {
        let id = path.rsplit('/').next().unwrap();
        let entity = Entity::Challenge(ChallengeId::parse(id).unwrap());
        let snapshot = block_on(store.snapshot(&entity)).unwrap();
        snapshot.expect("it is covered").state
    };
    challenges.iter().map(stored).collect()
}

/// Aliases are nowhere in the files as they stand, and challenges name none of their members.
fn no_challenge_names_anybody(server: &Server, challenges: &[&str]) {
    assert_eq!(files_with(&server.data(), ALIAS.as_bytes()), [""; 0]);
    for row in challenges_stored(server, challenges) {
        let holds = |text: &str| row.windows(text.len()).any(|part| part == text.as_bytes());
        for member in PEOPLE {
            assert!(!holds(member), "{member}");
        }
        assert!(holds("April steps"), "the scan finds what is there");
    }
}

/// In board order: three of them share a rank, and the one who goes stands between the other two.
const PEOPLE: [&str; 4] = ["annegret", "bob-of-leipzig", GONE, "hanna-of-jena"];

/// Four people with goals and walks, one settled challenge and one that runs.
pub(crate) async fn scene(server: &Server, admin: &Http) -> (String, String) {
    let over = published(admin, &challenge("2016-04-13", "2016-04-13")).await;
    enrol_new(admin, &over, &PEOPLE).await;
    let running = published(admin, &challenge("2016-04-13", "2016-04-29")).await;
    for user in PEOPLE {
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
    for (user, steps) in PEOPLE.into_iter().zip([90, 80, 80, 80]) {
        walk(server, user, utc("2016-04-13", 8, 0), &[steps; 40]).await;
    }
    admin.advance(utc("2016-04-17", 12, 0)).await;
    assert_eq!(phase(admin, &over).await, "settled");
    (over, running)
}

/// What others have, and the settled board as one of them sees it.
pub(crate) async fn seen(admin: &Http, server: &Server, over: &str) -> (Vec<Vec<Value>>, Value) {
    let mut others = Vec::new();
    for user in PEOPLE.into_iter().filter(|user| *user != GONE) {
        others.push(all_of(admin, user).await);
    }
    (others, board(&Http::user(server, PEOPLE[0]), over).await)
}

#[test]
fn after_an_erasure_no_file_holds_the_user_and_others_have_what_they_had() {
    let mut server = Server::virtual_at(CLOCK);
    let device = DeviceId::parse(&device_of(GONE)).unwrap();
    let (over, running) = block_on(scene(&server, &Http::admin(&server)));
    assert_eq!(server.terminate(), Some(0));
    no_challenge_names_anybody(&server, &[&over, &running]);
    let key = wrapped_key(&server);
    server.restart();
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
        let (others, mut settled) = seen(&admin, &server, &over).await;
        let row = &mut settled["items"][2];
        assert_eq!((&row["alias"], &row["rank"]), (&json!(ALIAS), &json!(2)));
        // Nothing else changes: ranks, ordinals, scores, times, names of rows.
        row["alias"] = json!("Former participant");
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
        let now = seen(&admin, server, &over).await;
        assert_eq!(now, (others.clone(), settled.clone()));
        let unnamed = board(&admin, &over).await["items"][2].clone();
        assert!(unnamed.get("user").is_none(), "for admins too: {unnamed}");
        let left = board(&admin, &running).await;
        assert_eq!(left["items"].as_array().unwrap().len(), 3, "{left:?}");
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

/// An admin erases somebody while another makes the same person join everything that is open.
#[test]
fn who_is_erased_in_the_instant_of_joining_is_in_no_challenge() {
    let mut server = Server::virtual_at(CLOCK);
    let users: Vec<String> = (0..8).map(|number| format!("{GONE}-{number}")).collect();
    let (mut challenges, mut joined) = (Vec::new(), 0);
    block_on(async {
        let admin = Http::admin(&server);
        for _ in 0..3 {
            challenges.push(published(&admin, &challenge("2016-04-13", "2016-04-29")).await);
        }
        for user in &users {
            make_user(&admin, user).await;
            let joins = challenges.iter().map(async |challenge| {
                let enrolled = admin
                    .enrol(&format!("{challenge}/enrolments/{user}"))
                    .await
                    .status;
                assert!([201, 404, 503].contains(&enrolled), "{enrolled}");
                usize::from(enrolled == 201)
            });
            let erase = erased(&admin, user);
            let (counts, ()) = futures_util::join!(futures_util::future::join_all(joins), erase);
            joined += counts.into_iter().sum::<usize>();
        }
    });
    let check = async |server: &Server| {
        let admin = Http::admin(server);
        for challenge in &challenges {
            let path = format!("{challenge}/enrolments");
            let members = admin.get(&path).await.expect(200).json();
            assert_eq!(members["items"], json!([]), "{joined} had joined");
            assert_eq!(board(&admin, challenge).await["items"], json!([]));
        }
        for user in &users {
            let absent = admin.get(&format!("/v1/users/{user}")).await;
            absent.problem(404, "not_found");
        }
    };
    block_on(check(&server));
    server.kill_and_restart();
    block_on(check(&server));
    assert_eq!(files_with(&server.data(), GONE.as_bytes()), [""; 0]);
}

/// Asks until the user is gone: something may be under way.
async fn erased(admin: &Http, user: &str) {
    loop {
        let status = admin.delete(&format!("/v1/users/{user}")).await.status;
        if [204, 404].contains(&status) {
            return;
        }
        assert_eq!(status, 503);
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
