//! One poisoned sample: read again once, then passed over, now and at every start; retried, and stuck again.

use serde_json::json;
use streakline_core::fault::{FLEETING_STEPS, POISON_STEPS, UNJUDGED_STEPS};

use super::scene::{
    Sender, command, lasting, metric, named, server, shown, stuck, until_metric, until_stuck,
};
use crate::harness::block_on;

const PANICS: &str = "streakline_panics_total{kind=\"user\"}";

#[test]
fn a_poisoned_sample_is_passed_over_and_everybody_else_goes_on() {
    let server = server();
    block_on(async {
        let (mut ann, mut bob) = (Sender::ann(&server).await, Sender::bob(&server).await);
        ann.goes_on().await;
        bob.goes_on().await;
        let closed = ann.sends_poison(POISON_STEPS).await;
        assert_eq!(closed.code, 1011);
        assert_eq!(closed.reason["retry_after_ms"], json!(1_000));
        for _ in 0..20 {
            bob.goes_on().await;
        }
        let rows = until_stuck(&server, 1).await;
        for _ in 0..20 {
            bob.goes_on().await;
        }
        ann.resumes(&server).await;
        ann.goes_on().await;
        assert_eq!(shown(&server, "ann").await, ann.steps);
        assert_eq!(shown(&server, "bob").await, bob.steps);
        let row = &rows[0];
        assert_eq!(
            (&row["user"], &row["why"], &row["input"]),
            (&json!("ann"), &json!("skipped"), &json!("ingest"))
        );
        assert_eq!(row["fold_version"], json!(1));
        assert_eq!(row["digest"].as_str().unwrap().len(), 64);
        assert!(metric(&server, PANICS).await >= 2.0);
        until_metric(&server, "streakline_stuck", 1.0).await;
        let poison = POISON_STEPS.to_string();
        let told = rows[0].to_string() + &command(&server, &["list"]) + &server.log();
        assert!(!told.contains(&poison), "no health value is told");
        assert!(server.log().contains("an input is passed over"));
    });
}

#[test]
fn a_fault_of_the_moment_is_folded_when_it_is_read_again() {
    let server = server();
    block_on(async {
        let mut ann = Sender::ann(&server).await;
        ann.goes_on().await;
        let closed = ann.sends_poison(FLEETING_STEPS).await;
        assert_eq!(closed.code, 1011);
        ann.resumes(&server).await;
        ann.goes_on().await;
        assert_eq!(shown(&server, "ann").await, ann.steps + FLEETING_STEPS);
        assert!(stuck(&server).await.is_empty());
        assert!((metric(&server, PANICS).await - 1.0).abs() < 0.5);
    });
}

#[test]
fn a_panic_before_the_journal_reads_the_user_again_and_keeps_what_was_acknowledged() {
    let server = server();
    block_on(async {
        let (mut ann, mut bob) = (Sender::ann(&server).await, Sender::bob(&server).await);
        ann.goes_on().await;
        for _ in 0..3 {
            assert_eq!(ann.sends_poison(UNJUDGED_STEPS).await.code, 1011);
            bob.goes_on().await;
            let steps = ann.steps;
            ann = Sender::ann(&server).await;
            ann.steps = steps;
            ann.goes_on().await;
        }
        assert_eq!(shown(&server, "ann").await, ann.steps);
        assert!(stuck(&server).await.is_empty(), "it never was an input");
    });
}

#[test]
fn a_poisoned_sample_is_safe_whenever_the_server_is_killed() {
    let mut server = lasting();
    block_on(async {
        let (mut ann, mut bob) = (Sender::ann(&server).await, Sender::bob(&server).await);
        ann.goes_on().await;
        ann.sends_poison(POISON_STEPS).await;
        // It is durable, its fold has panicked once, and nothing is decided yet.
        server.kill_and_restart();
        until_stuck(&server, 1).await;
        ann.resumes(&server).await;
        ann.goes_on().await;
        bob.resumes(&server).await;
        bob.goes_on().await;
        for _ in 0..2 {
            server.kill_and_restart();
            ann.resumes(&server).await;
            ann.goes_on().await;
            assert_eq!(shown(&server, "ann").await, ann.steps);
            assert!(metric(&server, PANICS).await < 0.5, "never folded again");
            assert_eq!(stuck(&server).await.len(), 1);
        }
    });
}

#[test]
fn a_retry_of_what_still_panics_is_stuck_again_under_another_name() {
    let mut server = lasting();
    block_on(async {
        let mut ann = Sender::ann(&server).await;
        ann.goes_on().await;
        ann.sends_poison(POISON_STEPS).await;
        let first = named(&until_stuck(&server, 1).await, "skipped");
        let path = format!("/v1/stuck/{}/retry", first[0]);
        let rest = server.rest();
        let answer = rest.post(&path, &json!({}), "once").await.unwrap();
        assert_eq!(
            (&answer["offered"], &answer["released"]),
            (&json!(true), &json!(false))
        );
        let again = rest.post(&path, &json!({}), "once").await.unwrap();
        assert_eq!(again, answer, "the same key is answered the same");
        let gone = rest.post(&path, &json!({}), "another").await.unwrap_err();
        assert_eq!(gone.code(), Some("not_found"));
        let second = named(&until_stuck(&server, 1).await, "skipped");
        assert_ne!(first, second);
        server.kill_and_restart();
        assert_eq!(named(&stuck(&server).await, "skipped"), second);
        ann.resumes(&server).await;
        ann.goes_on().await;
        assert_eq!(shown(&server, "ann").await, ann.steps);
        let listed = command(&server, &["list"]);
        assert!(
            listed.contains(&second[0]) && listed.contains("user ann"),
            "{listed}"
        );
    });
}

#[test]
fn the_ledger_is_whole_after_a_state_was_read_again() {
    let server = server();
    block_on(async {
        let mut ann = Sender::ann(&server).await;
        ann.earns().await;
        let rest = server.rest();
        let later_ms = super::scene::NOON_MS + 16 * 3_600_000;
        let to = json!({"to_ms": later_ms});
        rest.post("/v1/clock", &to, "move").await.unwrap();
        let paid = rest.get("/v1/ledger/summary").await.unwrap();
        assert!(paid["transfers"].as_u64().unwrap() > 0, "{paid}");
        ann.sends_poison(POISON_STEPS).await;
        until_stuck(&server, 1).await;
        ann.resumes(&server).await;
        assert_eq!(rest.get("/v1/ledger/summary").await.unwrap(), paid);
    });
}
