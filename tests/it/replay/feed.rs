//! Recorded people as devices with records of any class: everybody at once, each through a socket of its own, the older records
//! first, while the server's clock moves from one halt to the next so that nothing is too old.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use streakline::cli::client::Rest;
use uuid::Uuid;

use super::rows::noon_ms;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};
use crate::stream::scene::records;

/// Bytes of a batch's records; a frame holds 64 KiB.
const BATCH_BYTES: usize = 60_000;
const BATCH_RECORDS: usize = 500;

/// Records by person, in order of time.
pub(super) type Records = BTreeMap<String, Vec<Value>>;

/// A person's only device with its numbers.
pub(super) struct Feeder {
    wire: Wire,
    next: u64,
}

impl Feeder {
    /// Says hello where the clock stands; goes on where the device left off.
    pub(super) async fn open(server: &Server, person: &str) -> Self {
        let now_ms = server.rest().clock().await.unwrap().now_ms;
        let device = Uuid::new_v5(&Uuid::NAMESPACE_OID, person.as_bytes()).to_string();
        let (wire, welcome) = Wire::hello(server, person, &hello(&device, now_ms)).await;
        let next = welcome["resume_after"]["live"].as_u64().unwrap() + 1;
        Self { wire, next }
    }

    /// Sends one batch; its ack.
    pub(super) async fn send(&mut self, batch: &[Value]) -> Value {
        let ack = self.wire.ack(&records(self.next, batch)).await;
        self.next += batch.len() as u64;
        ack
    }

    /// Sends any number of records; what was not plainly accepted.
    pub(super) async fn send_all(&mut self, all: &[Value]) -> Vec<Value> {
        let mut results = Vec::new();
        for batch in batches(all) {
            let ack = self.send(batch).await;
            results.extend(ack["results"].as_array().unwrap().iter().cloned());
        }
        results
    }
}

/// The records in as few batches as a frame allows.
fn batches(all: &[Value]) -> Vec<&[Value]> {
    let (mut batches, mut rest) = (Vec::new(), all);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |record: &&Value| {
            bytes += record.to_string().len() + 1;
            bytes <= BATCH_BYTES
        };
        let count = rest.iter().take(BATCH_RECORDS).take_while(fits).count();
        let (batch, later) = rest.split_at(count.max(1));
        batches.push(batch);
        rest = later;
    }
    batches
}

/// A record of one metric that ends when it is over.
pub(super) fn record(id: u64, metric: &str, (start_ms, end_ms): (i64, i64), more: Value) -> Value {
    let mut record = json!({"id": id.to_string(), "metric": metric, "start_ms": start_ms, "end_ms": end_ms,
        "method": "auto"});
    let members: Map<String, Value> = serde_json::from_value(more).unwrap();
    record.as_object_mut().unwrap().extend(members);
    record
}

/// Sends everything, what has ended by noon of each halt of the clock there; what was not plainly accepted, by person.
pub(super) fn feed(server: &Server, all: &Records, halts: &[&str]) -> Records {
    let mut told = Records::new();
    let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
    for halt in halts {
        let now_ms = noon_ms(halt);
        block_on(server.rest().move_clock(now_ms)).unwrap();
        let ended = |record: &Value| record["end_ms"].as_i64().unwrap() <= now_ms;
        let mut parts: Vec<(&str, &[Value])> = Vec::new();
        for (person, records) in all {
            let from = sent.entry(person).or_default();
            let to = records.partition_point(ended);
            parts.push((person, &records[*from..to]));
            *from = to;
        }
        for (person, results) in block_on(send(server, parts)) {
            told.entry(person).or_default().extend(results);
        }
    }
    let whole = |(person, records): (&String, &Vec<Value>)| sent[person.as_str()] == records.len();
    assert!(all.iter().all(whole), "the clock must pass everything");
    told
}

async fn send(server: &Server, parts: Vec<(&str, &[Value])>) -> Vec<(String, Vec<Value>)> {
    let sends = parts.into_iter().map(|(person, part)| async move {
        let mut feeder = Feeder::open(server, person).await;
        (person.to_owned(), feeder.send_all(part).await)
    });
    join_all(sends).await
}

/// What REST says of a person's days, both dates in it.
pub(super) fn days(server: &Server, person: &str, from: &str, to: &str) -> BTreeMap<String, Value> {
    let rest: Rest = server.rest();
    let path = format!("/v1/users/{person}/days?from={from}&to={to}");
    let days = block_on(rest.list(&path)).unwrap().into_iter();
    days.map(|day| (day["day"].as_str().unwrap().to_owned(), day))
        .collect()
}
