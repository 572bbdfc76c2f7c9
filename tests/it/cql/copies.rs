//! A store travels from a data directory into a keyspace and back, serves the same on both, and an audit agrees with both; a user
//! moves into a keyspace alone.

use std::path::Path;

use super::hold_nodes;
use crate::harness::{Finished, Server, block_on, cql::Keyspace, streakline};
use crate::operation::stores::{half_covered, keys_beside, lived, told};
use crate::rest::http::Http;
use crate::rest::people::{CLOCK, utc, walk};

/// A command on stores, where one copy of a keyspace is enough.
fn command(args: &[&str]) -> Finished {
    let mut args = args.to_vec();
    args.push("--allow-single-copy");
    streakline(&args)
}

/// A server that has the keys of another one, on a directory of its own.
fn server_with_keys_of(data: &Path, args: &[String]) -> Server {
    let dir = tempfile::tempdir().unwrap();
    keys_beside(data, &dir.path().join("data"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let clock = format!("virtual:{CLOCK}");
    Server::on(dir, &clock, &args).unwrap_or_else(|_| panic!("it does not start"))
}

#[test]
fn a_store_travels_into_a_keyspace_and_back_and_serves_the_same() {
    let _nodes = hold_nodes();
    let mut first = half_covered();
    let before = told(&first);
    first.kill();
    let data = first.data_arg();
    let keyspace = Keyspace::take();
    let storage = keyspace.storage();
    command(&["migrate", "--storage", &storage]).expect_ok();
    let copy_there = ["copy", "--from", &data, "--to", &storage];
    let said = command(&copy_there).expect_ok();
    assert!(said.contains("holds the same"), "{said}");
    let audit = ["audit", "--data", &data, "--storage", &storage];
    let said = command(&audit).expect_ok();
    assert!(said.starts_with("2 users, "), "{said}");
    assert!(said.contains("everything agrees"), "{said}");

    let mut second = server_with_keys_of(&first.data(), &keyspace.args());
    assert_eq!(told(&second), before);
    let said = command(&audit).expect_failure();
    assert!(said.contains("a server owns this keyspace"), "{said}");
    let said = command(&copy_there).expect_failure();
    assert!(said.contains("a server owns this keyspace"), "{said}");
    block_on(async {
        walk(&second, "bob", utc("2016-04-14", 10, 0), &[90; 60]).await;
        let admin = Http::admin(&second);
        admin.advance(utc("2016-04-18", 12, 0)).await;
    });
    let later = told(&second);
    assert_ne!(later, before);
    assert_eq!(second.terminate(), Some(0));
    command(&audit).expect_ok();
    let said = command(&copy_there).expect_failure();
    assert!(said.contains("not empty"), "{said}");

    let back = tempfile::tempdir().unwrap();
    let back_data = back.path().join("data");
    let copy_back = [
        "copy",
        "--from",
        &storage,
        "--to",
        back_data.to_str().unwrap(),
    ];
    command(&copy_back).expect_ok();
    keys_beside(&first.data(), &back_data);
    let said = command(&["audit", "--data", back_data.to_str().unwrap()]).expect_ok();
    assert!(said.contains("everything agrees"), "{said}");
    let clock = format!("virtual:{CLOCK}");
    let third = Server::on(back, &clock, &[]).unwrap_or_else(|_| panic!("it does not start"));
    assert_eq!(told(&third), later);
}

/// What a user has that does not depend on others.
fn told_of_ann(server: &Server) -> Vec<String> {
    block_on(async {
        let admin = Http::admin(server);
        let mut told = Vec::new();
        for of in [
            "days?from=2016-04-12&to=2016-04-14",
            "ledger",
            "balance",
            "streaks",
        ] {
            let path = format!("/v1/users/ann/{of}");
            told.push(admin.get(&path).await.expect(200).text);
        }
        told
    })
}

#[test]
fn a_user_who_was_exported_lives_on_in_a_keyspace() {
    let _nodes = hold_nodes();
    let first = lived();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ann.jsonl");
    let file = file.to_str().unwrap();
    let (data, url) = (first.data_arg(), first.url().to_owned());
    let export = [
        "export", "ann", "--data", &data, "--server", &url, "--out", file,
    ];
    streakline(&export).expect_ok();
    let keyspace = Keyspace::take();
    let storage = keyspace.storage();
    command(&["migrate", "--storage", &storage]).expect_ok();
    let into = dir.path().join("data");
    let into = into.to_str().unwrap();
    let import = ["import", file, "--data", into, "--storage", &storage];
    let said = command(&import).expect_ok();
    assert!(said.contains("ann is in scylla://"), "{said}");
    let said = command(&["audit", "--data", into, "--storage", &storage]).expect_ok();
    assert!(said.starts_with("1 users, "), "{said}");
    let args = keyspace.args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let clock = "virtual:2016-04-14T12:00:00Z";
    let mut second = Server::on(dir, clock, &args).unwrap_or_else(|_| panic!("it does not start"));
    assert_eq!(told_of_ann(&second), told_of_ann(&first));
    assert_eq!(second.terminate(), Some(0));
}
