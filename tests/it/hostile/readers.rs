//! Clients that do not read: they cost little, are closed 4413 from outside, find that when they read again, and are given up by
//! the kernel when they never do.

use serde_json::{Value, json};

use super::bystander::{Bystander, NOON_MS, server};
use super::crowd::crowd;
use crate::harness::meters::{MIB, closes, descriptors, peak_bytes, resident_bytes};
use crate::harness::meters::{sessions, until};
use crate::harness::stream::batch;
use crate::harness::wire::{PING, TEXT, encoded, hello};
use crate::harness::{Server, Wire, block_on, configured};
use crate::stream::scene::{challenge, goal, records, with};

const MIDNIGHT: &str = "2016-04-13T00:00:00Z";
/// Views and states come fast, and the kernel waits for longer than any machine stands still.
const PATIENT: &str =
    "[push]\ngrace_s = 4\nboard_ms = 100\nprogress_ms = 100\n[stream]\nunacked_s = 600\n";
/// The kernel gives up as soon as it may: ten seconds after the grace.
const BRIEF: &str = "[push]\ngrace_s = 1\n[stream]\nunacked_s = 1\n";
const CLIENTS: usize = 100;
const USERS: usize = 4;
const MEMBERS: usize = 150;
const GOALS: i64 = 64;
const SUBSCRIPTIONS: u64 = 16;
/// Each is answered with some 40 kB.
const BATCHES: usize = 60;
const PINGS: u64 = 100;
const SIP_BYTES: usize = 400_000;
const NEVER_MIB: u64 = 100;

fn mallory(number: usize) -> String {
    format!("mallory-{}", number % USERS)
}

fn device(number: usize) -> String {
    format!("aaaaaaaa-8f4e-5d0a-9a53-{number:012}")
}

/// A board with many rows that changes with every step of Bob, and users with many events.
async fn much_to_tell(server: &Server) -> (String, Vec<Value>) {
    let mut members: Vec<String> = (0..MEMBERS).map(|n| format!("member-{n}")).collect();
    members.extend((0..USERS).map(mallory));
    members.push("bob".into());
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let board = challenge(server, &members).await;
    let mut epochs = Vec::new();
    for number in 0..USERS {
        let user = mallory(number);
        for target in 1..=GOALS {
            goal(server, &user, "UTC", target * 10, "2016-04-13").await;
        }
    }
    server.rest().move_clock(NOON_MS).await.unwrap();
    for number in 0..USERS {
        let watch = hello(&device(1_000 + number), NOON_MS);
        let (mut wire, welcome) = Wire::hello(server, &mallory(number), &watch).await;
        wire.ack(&batch(1, NOON_MS - 3_600_000, &[200; 5])).await;
        epochs.push(welcome["events"]["epoch"].clone());
    }
    (board, epochs)
}

/// Everything that makes a server talk: a resume, boards, answers, pongs.
fn demands(number: usize, board: &str, epoch: &Value) -> Vec<u8> {
    let text = |frame: &Value| encoded(true, TEXT, frame.to_string().as_bytes());
    let seen = json!({"events": {"epoch": epoch, "after_seq": 0}});
    let mut bytes = text(&with(&hello(&device(number), NOON_MS), seen));
    for id in 1..=SUBSCRIPTIONS {
        let topic = format!("board/{board}");
        let top = 1_000 - id;
        bytes.extend(text(
            &json!({"type": "subscribe", "id": id, "topic": topic, "view": {"top": top}}),
        ));
    }
    let hopeless = text(&records(1, &vec![json!({}); 500]));
    bytes.extend(hopeless.repeat(BATCHES));
    for id in 0..PINGS {
        bytes.extend(text(&json!({"type": "ping", "id": id})));
        bytes.extend(encoded(true, PING, &[b'x'; 125]));
    }
    bytes
}

#[test]
fn a_hundred_clients_that_never_read_cost_at_most_100_mib_and_are_closed_4413() {
    let server = configured(MIDNIGHT, PATIENT);
    block_on(async {
        let (board, epochs) = much_to_tell(&server).await;
        let mut bystander = Bystander::new(&server).await;
        bystander.goes_on().await;
        let before = resident_bytes(&server);
        let attack = async {
            let wires = crowd(CLIENTS, async |number| {
                let token = server.token(&mallory(number));
                let mut wire = Wire::narrow(&server, &token).await;
                let demands = demands(number, &board, &epochs[number % USERS]);
                wire.offer(&demands).await;
                // Once it reads a little: that must not make the server turn all that waits into frames.
                wire.sip(SIP_BYTES).await;
                wire
            })
            .await;
            let all = CLIENTS as u64;
            until("all are closed", async || {
                closes(&server, 4413).await == all
            })
            .await;
            wires
        };
        let (peak, wires) = bystander.beside(peak_bytes(&server, attack)).await;
        let more = peak.saturating_sub(before);
        assert!(more <= NEVER_MIB * MIB, "{} MiB more", more / MIB);
        // Half of them read again: all that is left for them is what had been sent, and why there is no more.
        let mut wires = wires.into_iter();
        let returning = crowd(CLIENTS / 2, |_| {
            let mut wire = wires.next().unwrap();
            async move { (wire.closed().await, wire.seen.len()) }
        });
        let mut frames_before = 0;
        for (closed, frames) in bystander.beside(returning).await {
            frames_before += frames;
            let slow = json!({"code": "slow_reader", "retry_after_ms": 2_000});
            assert_eq!(
                (closed.code, closed.reason),
                (4413, slow),
                "{frames} frames"
            );
        }
        assert!(frames_before > CLIENTS, "what was sent before comes first");
        drop(wires);
        until("only the bystander is left", async || {
            sessions(&server).await == 1
        })
        .await;
        assert_eq!(closes(&server, 4413).await, CLIENTS as u64, "counted once");
        bystander.goes_on().await;
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn a_client_that_never_reads_again_is_given_up_by_the_kernel_and_counted_once() {
    let server = configured("2016-04-13T12:00:00Z", BRIEF);
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        bystander.goes_on().await;
        let before = descriptors(&server);
        let never = async {
            let wires = crowd(3, async |number| {
                let token = server.token(&mallory(number));
                let mut wire = Wire::narrow(&server, &token).await;
                wire.offer(&demands(number, "none", &json!("none"))).await;
                wire
            })
            .await;
            until("they are gone", async || sessions(&server).await == 1).await;
            wires
        };
        let wires = bystander.beside(never).await;
        until("no descriptor is left", async || {
            descriptors(&server) <= before
        })
        .await;
        assert_eq!(closes(&server, 4413).await, 3);
        assert_eq!(closes(&server, 1006).await, 0, "not counted again");
        drop(wires);
        bystander.is_told().await;
        bystander.has_lost_nothing(&server).await;
    });
}

#[test]
fn a_socket_that_does_not_read_hears_that_it_was_replaced() {
    let server = server();
    block_on(async {
        let mut bystander = Bystander::new(&server).await;
        let mut older = Wire::narrow(&server, &server.token("mallory-0")).await;
        older.offer(&demands(0, "none", &json!("none"))).await;
        bystander.goes_on().await;
        let said = hello(&device(0), NOON_MS);
        let (mut newer, welcome) = Wire::hello(&server, "mallory-0", &said).await;
        assert_eq!(welcome["user"], "mallory-0");
        let closed = older.closed().await;
        assert_eq!(
            (closed.code, &closed.reason["code"]),
            (4409, &json!("replaced"))
        );
        newer.ack(&batch(1, NOON_MS - 60_000, &[10])).await;
        bystander.goes_on().await;
        bystander.has_lost_nothing(&server).await;
    });
}
