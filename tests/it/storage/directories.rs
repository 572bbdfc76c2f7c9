//! Directories that cannot be used: each is told in one line that says what to do, and left as it is.

use std::fs;
use std::path::{Path, PathBuf};

use super::world::{CLOCK, copy, readiness};
use crate::harness::{Finished, Server, streakline};

fn serve(data: &Path) -> Finished {
    let data = data.to_str().unwrap();
    streakline(&[
        "serve",
        "--data",
        data,
        "--listen",
        "127.0.0.1:0",
        "--clock",
        CLOCK,
    ])
}

/// It ends with 1 and one line of its own, in which all of `says` is.
#[track_caller]
fn assert_told(finished: &Finished, says: &[&str]) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let own = finished
        .stderr
        .lines()
        .filter(|line| line.starts_with("streakline: "));
    let own: Vec<&str> = own.collect();
    assert_eq!(own.len(), 1, "{finished:?}");
    for part in says {
        assert!(own[0].contains(part), "{:?} is not in {:?}", part, own[0]);
    }
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
}

/// Every file below a directory, with its bytes.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            all.push((path, bytes));
        }
    }
    all.sort();
    all
}

#[test]
fn a_directory_that_is_a_file_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    fs::write(&file, b"mine").unwrap();
    assert_told(&serve(&file), &["data is not a directory", "--data"]);
    let below = ["below", "Not a directory", "give access and start again"];
    assert_told(&serve(&file.join("below")), &below);
    assert_eq!(contents(dir.path()), [(file, b"mine".to_vec())]);
}

#[test]
fn a_part_of_the_directory_that_is_a_file_is_told() {
    for part in ["keys", "store"] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(part), b"mine").unwrap();
        let finished = serve(dir.path());
        assert_told(&finished, &[part]);
        assert_eq!(fs::read(dir.path().join(part)).unwrap(), b"mine");
    }
}

#[cfg(unix)]
#[test]
fn a_directory_that_may_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(data.join("probe"), b"").is_ok() {
        // The superuser may write anywhere; /proc takes no directory from anybody.
        assert_told(&serve(Path::new("/proc/streakline")), &["/proc/streakline"]);
        return;
    }
    assert_told(&serve(&data), &["data"]);
    assert_eq!(contents(&data), []);
}

#[test]
fn a_directory_whose_parents_are_missing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("some/where");
    // A clock that is none: everything before it has been made when that is told.
    let clock = ["--clock", "virtual:never", "--listen", "127.0.0.1:0"];
    let finished = streakline(&[&["serve", "--data", data.to_str().unwrap()], &clock[..]].concat());
    assert_told(&finished, &["virtual:never"]);
    assert!(data.join("store/version").is_file() && data.join("keys").is_dir());
}

#[test]
fn a_second_server_is_told_and_the_first_goes_on() {
    let server = Server::start(CLOCK, &[]);
    let said = ["another server has", "open; stop that one"];
    assert_told(&serve(&server.data()), &said);
    assert_eq!(readiness(&server).0, 200);
    let clock = crate::harness::block_on(async { server.rest().clock().await });
    assert!(clock.is_ok(), "{clock:?}");
}

#[test]
fn a_store_of_a_newer_format_is_told_and_left_as_it_is() {
    let mut server = Server::start(CLOCK, &[]);
    assert_eq!(server.terminate(), Some(0));
    let dir = tempfile::tempdir().unwrap();
    copy(&server.data(), dir.path());
    fs::write(dir.path().join("store/version"), b"FJL\x07").unwrap();
    let before = contents(dir.path());
    assert_told(
        &serve(dir.path()),
        &["format 7", "reads 3", "start the version that made it"],
    );
    assert_eq!(contents(dir.path()), before);
}
