//! What an import does not take, and what an export does not write: said in a sentence, and nothing is written.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use streakline::protocol::export::fuzzing::mended;
use streakline::server::offline::Arrival;

use super::{ANN, BEGUN, MOVED, export, import};
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on, streakline};
use crate::rest::http::Http;
use crate::rest::people::{make_user, utc, walk};

/// A short life, exported.
fn moving(dir: &Path) -> (Server, PathBuf) {
    let server = Server::virtual_at(BEGUN);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        admin.advance(utc("2016-04-12", 12, 0)).await;
        walk(&server, "ann", utc("2016-04-12", 8, 0), &[100; 20]).await;
        admin.advance(utc("2016-04-13", 12, 0)).await;
    });
    let file = export(&server, dir);
    (server, file)
}

fn read(bytes: &[u8]) -> Result<Arrival, String> {
    Arrival::read(bytes, &mut |_| {}).map_err(|refused| refused.to_string())
}

#[test]
fn a_flipped_byte_is_found_in_its_line_and_a_cut_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, file) = moving(dir.path());
    let whole = fs::read(&file).unwrap();
    assert!(read(&whole).is_ok());
    for at in (0..whole.len()).step_by(23) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x01;
        let line = 1 + whole[..at].iter().filter(|byte| **byte == b'\n').count();
        let said = read(&flipped).unwrap_err();
        assert!(
            said.starts_with(&format!("line {line}: ")),
            "byte {at}: {said}"
        );
    }
    for at in (0..whole.len()).step_by(91) {
        let lines = whole[..at].iter().filter(|byte| **byte == b'\n').count();
        let said = read(&whole[..at]).unwrap_err();
        assert!(
            said.starts_with(&format!("line {}: ", lines + 1)),
            "cut at {at}: {said}"
        );
        assert!(said.contains("cut off"), "{said}");
    }
    let data = dir.path().join("data");
    let cut = dir.path().join("cut.jsonl");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let said = import(&cut, &data).expect_failure();
    assert!(
        said.contains("cut.jsonl: line ") && said.contains("cut off"),
        "{said}"
    );
    assert!(!data.exists(), "nothing was made");
    let check = ["import", "--check", file.to_str().unwrap()];
    let said = streakline(&check).expect_ok();
    assert!(
        said.contains("whole, ann as of 2016-04-13T12:00:00Z: 1 header"),
        "{said}"
    );
    assert!(!Path::new("data").exists());
}

#[test]
fn whole_lines_that_are_no_user_together_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, file) = moving(dir.path());
    let whole = fs::read_to_string(&file).unwrap();
    assert!(read(&mended(whole.as_bytes())).is_ok());
    let without = |kind: &str| -> String {
        let begins = format!("{{\"type\":\"{kind}\"");
        let lines = whole.split_inclusive('\n');
        lines.filter(|line| !line.starts_with(&begins)).collect()
    };
    let coolant = "\"metrics\":[{\"number\":1000,\"name\":\"coolant\",\"class\":\"gauge\",\"unit\":\"Cel\",\
        \"store_per_unit\":10}]";
    let cases = [
        (
            without("fact"),
            "fact 1 is missing, and the state says that there are",
        ),
        (without("transfer"), "the available balance is "),
        (
            without("record"),
            "the records of 2016-04-12, chunk 0, are missing",
        ),
        (without("change"), "change 1 is missing"),
        (without("state"), "the \"state\" is missing before it"),
        (
            whole.replacen("\"user\":\"ann\"", "\"user\":\"eve\"", 1),
            "the state is of ann and the header of eve",
        ),
        (
            whole.replacen("\"metrics\":[]", coolant, 1),
            "metric \"coolant\", number 1000, is another one here, or none",
        ),
        (
            whole.replacen("\"exclude\"", "\"perhaps\"", 1),
            "there is no manual policy \"perhaps\"",
        ),
        (
            whole.replacen("\"records_days\":90", "\"records_days\":9", 1),
            "no server keeps records for 9 and minutes for 400 days",
        ),
        (
            whole.replacen("\"fold_version\":1", "\"fold_version\":9", 1),
            "line 1: its state was folded by version 9 of the rules",
        ),
    ];
    for (changed, wanted) in cases {
        let said = read(&mended(changed.as_bytes())).unwrap_err();
        assert!(said.contains(wanted), "{said:?} should say {wanted:?}");
    }
}

/// A directory in which a server with these arguments has run.
fn begun(args: &[&str]) -> Server {
    let mut server = Server::start(MOVED, args);
    assert_eq!(server.terminate(), Some(0));
    server
}

#[test]
fn who_is_there_already_and_other_rules_are_refused_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (mut server, file) = moving(dir.path());
    let running = import(&file, &server.data()).expect_failure();
    assert!(running.contains("is not usable"), "{running}");
    let before = block_on(Http::admin(&server).get(ANN)).expect(200).text;
    server.kill();
    // The snapshot of a user who was killed may lie behind: the journal knows who is there.
    let said = import(&file, &server.data()).expect_failure();
    assert!(
        said.contains("ann exists in it already; erase that user first"),
        "{said}"
    );
    server.restart();
    assert_eq!(
        block_on(Http::admin(&server).get(ANN)).expect(200).text,
        before
    );

    let data = dir.path().join("data");
    import(&file, &data).expect_ok();
    let twice = import(&file, &data).expect_failure();
    assert!(twice.contains("ann exists in it already"), "{twice}");

    let mut include = begun(&["--rules-manual-policy", "include"]);
    let said = import(&file, &include.data()).expect_failure();
    for words in [
        "made with rules.manual_policy = \"include\"",
        "exported under \"exclude\"",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let short = begun(&["--history-records-days", "70"]);
    let said = import(&file, &short.data()).expect_failure();
    assert!(
        said.contains("for 70 and 400 days") && said.contains("for 90 and 400 days"),
        "{said}"
    );
    include.restart();
    let absent = block_on(Http::admin(&include).get(ANN));
    absent.problem(404, "not_found");
}

#[test]
fn a_user_comes_into_a_store_with_others_and_a_device_of_theirs_stays_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, file) = moving(dir.path());
    let mut other = Server::start(MOVED, &[]);
    block_on(async {
        let admin = Http::admin(&other);
        make_user(&admin, "bob").await;
        walk(&other, "bob", utc("2016-04-20", 8, 0), &[100; 60]).await;
        admin.advance(utc("2016-04-22", 12, 0)).await;
    });
    let bobs = block_on(Http::admin(&other).get("/v1/users/bob/days/2016-04-20")).text;
    other.kill();
    import(&file, &other.data()).expect_ok();
    other.restart();
    block_on(async {
        let admin = Http::admin(&other);
        let ann = admin
            .get(&format!("{ANN}/days/2016-04-12"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&ann["display"], &ann["phase"]),
            (&json!(2_000), &json!("hard_closed"))
        );
        let bob = admin
            .get("/v1/users/bob/days/2016-04-20")
            .await
            .expect(200)
            .text;
        assert_eq!(bob, bobs);
        let sums = admin.get("/v1/ledger/summary").await.expect(200).json();
        assert_eq!(sums["sum_micro"], 0, "{sums}");
    });

    let mut taken = Server::start(MOVED, &[]);
    block_on(async {
        let admin = Http::admin(&taken);
        make_user(&admin, "eve").await;
        let device = crate::rest::people::device_of("ann");
        let frame = hello(&device, utc("2016-04-20", 12, 0));
        Wire::hello(&taken, "eve", &frame).await;
    });
    assert_eq!(taken.terminate(), Some(0));
    let said = import(&file, &taken.data()).expect_failure();
    assert!(
        said.contains("of ann belongs to another user of it"),
        "{said}"
    );
    assert!(!said.contains("eve"), "{said}");
}

#[test]
fn an_export_never_writes_over_a_file_unless_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let (server, file) = moving(dir.path());
    let (out, data) = (file.to_str().unwrap(), server.data_arg());
    let args = ["export", "ann", "--data", &data, "--server", server.url()];
    fs::write(&file, "mine").unwrap();
    let said = streakline(&[&args[..], &["--out", out]].concat()).expect_failure();
    assert!(
        said.contains("exists; name another file, or replace it by --force"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let forced = [&args[..], &["--out", out, "--force"]].concat();
    streakline(&forced).expect_ok();
    let printed = streakline(&args).expect_ok();
    assert_eq!(fs::read_to_string(&file).unwrap(), printed);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    let absent = [
        "export",
        "nobody",
        "--data",
        &data,
        "--server",
        server.url(),
        "--out",
    ];
    let other = dir.path().join("nobody.jsonl");
    let said = streakline(&[&absent[..], &[other.to_str().unwrap()]].concat()).expect_failure();
    assert!(said.contains("there is no such user"), "{said}");
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no unfinished file is left: {left:?}");
}
