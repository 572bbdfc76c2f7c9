//! The last write is torn: cut off where nobody was told of it, told where somebody was.

use std::fs;
use std::path::{Path, PathBuf};

use super::world::{CLOCK, copy};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

const MIDNIGHT_MS: i64 = 1_460_419_200_000;
const WATCH: &str = "b1b1b1b1-8f4e-5d0a-9a53-0d7a5f3b2c11";
/// The journal of a directory as young as this one.
const SEGMENT: &str = "store/journal/00000001.seg";
const MARK: &str = "store.mark";

/// Two batches are acknowledged, and the server is killed after each; the directories of both moments.
struct Moments {
    _kept: tempfile::TempDir,
    first: PathBuf,
    second: PathBuf,
}

fn moments() -> Moments {
    let kept = tempfile::tempdir().unwrap();
    let (first, second) = (kept.path().join("first"), kept.path().join("second"));
    let clock = "virtual:2016-04-12T12:00:00Z";
    let mut server = Server::start(clock, &[]);
    let send = |server: &Server, number: u64| {
        block_on(async {
            let now_ms = server.rest().clock().await.unwrap().now_ms;
            let (mut wire, _) = Wire::hello(server, "ann", &hello(WATCH, now_ms)).await;
            let start_ms = MIDNIGHT_MS + number.cast_signed() * 60_000;
            wire.ack(&batch(number, start_ms, &[10; 20])).await;
        });
    };
    send(&server, 1);
    server.kill();
    copy(&server.data(), &first);
    server.restart();
    send(&server, 21);
    server.kill();
    copy(&server.data(), &second);
    Moments {
        _kept: kept,
        first,
        second,
    }
}

/// What is written of the journal, without the zeros behind it, which are taken away.
fn written(of: &Path) -> Vec<u8> {
    let segment = of.join(SEGMENT);
    let mut bytes = fs::read(&segment).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0);
    bytes.truncate(used.map_or(0, |last| last + 1));
    fs::write(&segment, &bytes).unwrap();
    bytes
}

/// The steps of the day, after a start on a directory that is `second` with this journal and the mark of `marked`.
fn start(moments: &Moments, journal: &[u8], marked: &Path) -> Result<i64, String> {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    copy(&moments.second, &data);
    // The last bytes may be zeros of the write itself.
    fs::write(data.join(SEGMENT), [journal, &[0; 64]].concat()).unwrap();
    fs::copy(marked.join(MARK), data.join(MARK)).unwrap();
    let clock = CLOCK.replace("T00", "T12");
    let server = Server::on(dir, &clock, &[]).map_err(|failed| {
        assert_eq!(failed.code, Some(1), "{}", failed.log);
        failed.log.lines().last().unwrap_or_default().to_owned()
    })?;
    let day = block_on(async { server.rest().get("/v1/users/ann/days/2016-04-12").await });
    Ok(day.unwrap()["display"].as_i64().unwrap())
}

#[test]
fn a_torn_last_write_is_cut_off_or_told() {
    let moments = moments();
    let (before, after) = (written(&moments.first), written(&moments.second));
    assert!(after.starts_with(&before), "the journal only grows");
    let written = after.len() - before.len();
    for torn in [1, written / 3, written / 2, written - 1] {
        let journal = &after[..before.len() + torn];
        let steps = start(&moments, journal, &moments.first);
        assert!(
            matches!(steps, Ok(200 | 400)),
            "{torn} of {written}: {steps:?}"
        );
        let told = start(&moments, journal, &moments.second).expect_err("it is dropped silently");
        assert!(
            told.contains("a write that was acknowledged cannot be read"),
            "{told}"
        );
    }
    // All of it is there, with other bytes in its end.
    let mut mangled = after.clone();
    let from = after.len() - 40;
    mangled[from..from + 8].fill(0);
    let steps = start(&moments, &mangled, &moments.first);
    assert!(matches!(steps, Ok(200 | 400)), "{steps:?}");
    let told = start(&moments, &mangled, &moments.second).expect_err("it is dropped silently");
    assert!(told.contains("restore a backup"), "{told}");
    assert_eq!(start(&moments, &after, &moments.second), Ok(400));
}
