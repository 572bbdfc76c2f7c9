//! A user moves to another server (T11.2): what was exported is imported there and is the same, and what comes next does the same to
//! both. What is refused is in `refused`.

mod refused;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use streakline::protocol::export::Kind;

use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on, streakline};
use crate::rest::exports::{lines, of_kind};
use crate::rest::http::Http;
use crate::rest::people::{challenge, enrol_new, published, utc};

const BEGUN: &str = "2016-04-11T22:00:00Z";
const MOVED: &str = "virtual:2016-04-20T12:00:00Z";
const WATCH: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
const PHONE: &str = "0d7a5f3b-8f4e-5d0a-9a53-5f2c4c1e2c11";
const ANN: &str = "/v1/users/ann";

/// A device of Ann that counts its own batches.
struct Band {
    wire: Wire,
    next: u64,
}

impl Band {
    async fn of(server: &Server, device: &str, class: &str) -> Self {
        let now_ms = server.rest().clock().await.unwrap().now_ms;
        let mut frame = hello(device, now_ms);
        (frame["class"], frame["zone"]) = (json!(class), Value::Null);
        frame.as_object_mut().unwrap().remove("zone");
        let (wire, welcome) = Wire::hello(server, "ann", &frame).await;
        let next = welcome["resume_after"]["live"].as_u64().unwrap() + 1;
        Self { wire, next }
    }

    /// Its answer, without what depends on how busy a server is.
    async fn send(&mut self, records: &[Value]) -> Value {
        let batch = json!({"type": "batch", "batch_id": self.next, "lane": "live",
            "first_seq": self.next, "records": records});
        self.next += records.len() as u64;
        let mut ack = self.wire.ack(&batch).await;
        for of_load in ["credits", "credit_bytes"] {
            ack[of_load] = Value::Null;
        }
        ack
    }
}

fn sample(id: u64, metric: &str, (start_ms, minutes): (i64, i64), more: Value) -> Value {
    let mut record = json!({"id": id.to_string(), "metric": metric, "start_ms": start_ms});
    if minutes > 0 {
        record["end_ms"] = json!(start_ms + minutes * 60_000);
    }
    let members = record.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    record
}

/// A minute of steps each.
fn walked(first_id: u64, start_ms: i64, (minutes, steps): (i64, i64)) -> Vec<Value> {
    let minute = |n: i64| {
        let id = first_id + n.unsigned_abs();
        sample(
            id,
            "steps",
            (start_ms + n * 60_000, 1),
            json!({"value": steps}),
        )
    };
    (0..minutes).map(minute).collect()
}

/// A day of the watch, and what the phone says of some of it.
async fn live_a_day(bands: &mut [Band; 2], (number, date): (u64, &str), steps: i64) {
    let from_ms = utc(date, 6, 0);
    let id = number * 1_000;
    bands[0].send(&walked(id, from_ms, (50, steps))).await;
    let heart = (0..30).map(|n| {
        let at = (from_ms + n * 20_000, 0);
        sample(
            id + 200 + n.unsigned_abs(),
            "heart_rate",
            at,
            json!({"value": 70 + n % 7}),
        )
    });
    bands[0].send(&heart.collect::<Vec<_>>()).await;
    let night = sample(
        id + 300,
        "sleep",
        (utc(date, 0, 0), 300),
        json!({"segments": [
        {"stage": "deep", "start_ms": utc(date, 0, 30), "end_ms": utc(date, 2, 0)}]}),
    );
    let run = sample(
        id + 301,
        "workout",
        (from_ms, 40),
        json!({"sport": "run",
        "totals": {"distance": 5_000}}),
    );
    bands[0].send(&[night, run]).await;
    let mut phone = walked(id, from_ms + 30 * 60_000, (40, steps + 5));
    let typed = json!({"value": 700, "method": "manual"});
    phone.push(sample(id + 400, "steps", (utc(date, 9, 0), 20), typed));
    bands[1].send(&phone).await;
}

/// Nine days of everything.
async fn live(server: &Server) {
    let admin = Http::admin(server);
    let zone = json!({"zone": "Europe/Berlin", "alias": "Swift Heron"});
    admin.put(ANN, &zone).await.expect(201);
    let daily = json!({"metric": "steps", "period": "day", "kind": "static", "target": 5_000,
        "from": "2016-04-12", "streak": {"freezes": 2, "weekend_pass": true}});
    admin
        .put(&format!("{ANN}/goals/daily"), &daily)
        .await
        .expect(201);
    let weekly = json!({"metric": "steps", "period": "week", "kind": "days_of", "target": 4_000,
        "days": 3});
    admin
        .put(&format!("{ANN}/goals/weekly"), &weekly)
        .await
        .expect(201);
    let contest = published(&admin, &challenge("2016-04-12", "2016-05-30")).await;
    enrol_new(&admin, &contest, &["bob"]).await;
    admin
        .enrol(&format!("{contest}/enrolments/ann"))
        .await
        .expect(201);
    let old = sample(
        1,
        "steps",
        (utc("2015-06-01", 8, 0), 10),
        json!({"value": 900}),
    );
    let old = json!({"device_id": WATCH, "class": "watch", "vendor": "acme", "records": [old]});
    admin.post(&format!("{ANN}/import"), &old).await.expect(200);
    let mut bands = [
        Band::of(server, WATCH, "watch").await,
        Band::of(server, PHONE, "phone").await,
    ];
    let dates = ["12", "13", "14", "15"].map(|day| format!("2016-04-{day}"));
    for (number, date) in (1..).zip(&dates) {
        admin.advance(utc(date, 18, 0)).await;
        live_a_day(&mut bands, (number, date), 90 + number.cast_signed()).await;
    }
    let rest_day = format!("{ANN}/rest-days/2016-04-17");
    admin.enrol(&rest_day).await.expect(201);
    // A correction, a deletion, the same again, and a walk that comes two days late.
    let at = |minute: i64| (utc("2016-04-15", 6, minute), 1);
    let corrected = sample(4_003, "steps", at(3), json!({"version": 2, "value": 11}));
    let deleted = json!({"id": "4004", "version": 2, "deleted": true, "metric": "steps"});
    let again = sample(4_005, "steps", at(5), json!({"value": 94}));
    let told = bands[0].send(&[corrected, deleted, again]).await;
    assert_eq!(told["results"][0]["status"], "duplicate", "{told}");
    bands[1]
        .send(&walked(4_800, utc("2016-04-13", 15, 0), (10, 120)))
        .await;
    let zone = json!({"zone": "Asia/Tokyo"});
    admin.replace(ANN, &zone).await.expect(200);
    admin.advance(utc("2016-04-18", 10, 0)).await;
    live_a_day(&mut bands, (6, "2016-04-18"), 100).await;
    bands[0]
        .wire
        .send(&json!({"type": "device", "battery": 80, "charging": false}))
        .await;
    bands[0].wire.quiet().await;
    admin.advance(utc("2016-04-20", 12, 0)).await;
    bands[0]
        .send(&walked(7_000, utc("2016-04-20", 6, 0), (20, 100)))
        .await;
}

/// What differs between servers that are otherwise alike: places in a journal, and names of requests.
fn bare(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            if members.contains_key("by") && members.contains_key("rules") {
                members.remove("id");
                members.remove("causes");
                members.remove("by");
            }
            members.remove("changed_by");
            let taken = members
                .iter()
                .map(|(name, value)| (name.clone(), bare(value.clone())));
            Value::Object(taken.collect())
        }
        Value::Array(items) => Value::Array(items.iter().cloned().map(bare).collect()),
        _ => value,
    }
}

/// Everything that can be asked of Ann, in lists of one page: cursors are each server's own.
async fn told(server: &Server) -> Vec<(String, Value)> {
    let admin = Http::admin(server);
    let mut asked: Vec<String> = [
        "",
        "/goals",
        "/rest-days",
        "/devices",
        "/days?from=2016-04-10&to=2016-04-24",
        "/days/2015-06-01",
        "/streaks",
        "/verdicts",
        "/balance",
        "/ledger?limit=1000",
        "/events?limit=1000",
        "/explain/goal?goal=daily&day=2016-04-13&limit=1000",
        "/explain/streak?goal=daily&from=2016-04-10&to=2016-04-20&limit=1000",
        "/explain/token?day=2016-04-13&limit=1000",
    ]
    .map(str::to_owned)
    .into();
    for date in ["2016-04-13", "2016-04-15", "2016-04-18", "2016-04-20"] {
        asked.push(format!("/explain/day?day={date}&limit=1000"));
        for of in [
            "minutes?metric=steps&limit=1000",
            "minutes?metric=heart_rate&limit=1000",
            "records?limit=1000",
            "hours?limit=1000",
        ] {
            asked.push(format!("/days/{date}/{of}"));
        }
    }
    let mut told = Vec::new();
    for path in asked {
        let answer = admin.get(&format!("{ANN}{path}")).await.expect(200);
        told.push((path, answer.json()));
    }
    told
}

fn assert_same(here: &[(String, Value)], there: &[(String, Value)]) {
    for ((path, here), (_, there)) in here.iter().zip(there) {
        assert_eq!(here, there, "{path}");
    }
}

fn bared(told: Vec<(String, Value)>) -> Vec<(String, Value)> {
    told.into_iter()
        .map(|(path, value)| (path, bare(value)))
        .collect()
}

/// Exports Ann into a file of that directory.
fn export(server: &Server, dir: &Path) -> PathBuf {
    let file = dir.join("ann.jsonl");
    let (out, data) = (file.to_str().unwrap(), server.data_arg());
    let args = [
        "export",
        "ann",
        "--out",
        out,
        "--data",
        &data,
        "--server",
        server.url(),
    ];
    let finished = streakline(&args);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("counts and digests agree"),
        "{}",
        finished.stderr
    );
    file
}

fn import(file: &Path, data: &Path) -> crate::harness::Finished {
    let (file, data) = (file.to_str().unwrap(), data.to_str().unwrap());
    streakline(&["import", file, "--data", data])
}

/// What both are told after the move, in answers and in all that can be asked.
async fn live_on(server: &Server) -> Vec<Value> {
    let mut bands = [
        Band::of(server, WATCH, "watch").await,
        Band::of(server, PHONE, "phone").await,
    ];
    let mut answers = Vec::new();
    // Known already; late, into a chunk that has moved; of today.
    let known = walked(6_000, utc("2016-04-18", 6, 0), (5, 100));
    answers.push(bands[0].send(&known).await);
    answers.push(
        bands[1]
            .send(&walked(8_000, utc("2016-04-18", 8, 0), (30, 90)))
            .await,
    );
    let correction = json!({"version": 2, "value": 150});
    let corrected = sample(7_003, "steps", (utc("2016-04-20", 6, 3), 1), correction);
    answers.push(bands[0].send(&[corrected]).await);
    answers.push(
        bands[0]
            .send(&walked(8_100, utc("2016-04-20", 7, 0), (60, 100)))
            .await,
    );
    Http::admin(server).advance(utc("2016-04-24", 12, 0)).await;
    answers
}

#[test]
fn a_user_who_moves_is_the_same_there_and_goes_on_the_same() {
    let server = Server::virtual_at(BEGUN);
    let here = block_on(async {
        live(&server).await;
        told(&server).await
    });
    let dir = tempfile::tempdir().unwrap();
    let file = export(&server, dir.path());
    let data = dir.path().join("data");
    let said = import(&file, &data).expect_ok();
    assert!(said.starts_with("ann is in "), "{said}");
    let audit = streakline(&["audit", "--data", data.to_str().unwrap()]).expect_ok();
    assert!(
        audit.contains("1 users, ") && audit.contains("everything agrees"),
        "{audit}"
    );
    let first = fs::read_to_string(&file).unwrap();
    assert!(of_kind(&first, Kind::Transfer).len() > 3 && of_kind(&first, Kind::Fact).len() > 10);
    assert!(!of_kind(&first, Kind::Challenge).is_empty());
    let mut other = Server::on(dir, MOVED, &[]).unwrap_or_else(|failed| panic!("{}", failed.log));
    let there = block_on(told(&other));
    assert_same(&here, &there);
    let again = block_on(Http::admin(&other).get(&format!("{ANN}/export")))
        .expect(200)
        .text;
    let kept = |text: &str| -> Vec<(Kind, Value)> {
        let apart = [Kind::Header, Kind::Challenge, Kind::End];
        lines(text)
            .into_iter()
            .filter(|(kind, _)| !apart.contains(kind))
            .collect()
    };
    assert_eq!(kept(&again), kept(&first));
    let (answers, told_here) =
        block_on(async { (live_on(&server).await, bared(told(&server).await)) });
    let (answers_there, told_there) =
        block_on(async { (live_on(&other).await, bared(told(&other).await)) });
    assert_eq!(answers_there, answers);
    assert_same(&told_here, &told_there);
    let sums = |server: &Server| block_on(Http::admin(server).get("/v1/ledger/summary")).json();
    let (sums_here, sums_there) = (sums(&server), sums(&other));
    assert_eq!(sums_there["sum_micro"], 0);
    assert_eq!(sums_there["available_micro"], sums_here["available_micro"]);
    other.kill_and_restart();
    assert_same(&told_here, &bared(block_on(told(&other))));
    assert_eq!(other.terminate(), Some(0));
    let audit = streakline(&["audit", "--data", &other.data_arg()]).expect_ok();
    assert!(audit.contains("everything agrees"), "{audit}");
}
