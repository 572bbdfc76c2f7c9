//! A challenge whose fold panics: its board goes on, what cannot be folded is stuck, and after three it waits for an operator.

use serde_json::{Value, json};
use streakline::cli::client::{ClientError, Rest, Write};
use streakline_core::fault::{POISON_DRAFT, POISON_TITLE};

use super::scene::{Sender, named, stuck, until_stuck};
use crate::harness::{Server, block_on};

async fn published(rest: &Rest, title: &str) -> Result<String, ClientError> {
    let window = json!({"clock": "user_local", "starts": "2016-04-13", "ends": "2016-04-14"});
    let body = json!({"title": title, "type": "most", "metric": "steps", "window": window});
    let made = rest.post("/v1/challenges", &body, title).await?;
    let path = format!("/v1/challenges/{}", made["id"].as_str().unwrap());
    let publish = format!("{path}/publish");
    rest.post(&publish, &json!({}), &publish).await?;
    Ok(path)
}

async fn join(rest: &Rest, path: &str, user: &str) -> Result<bool, ClientError> {
    let enrolment = format!("{path}/enrolments/{user}");
    rest.put(&enrolment, None, Write::Plain).await
}

async fn board(rest: &Rest, path: &str) -> Vec<(Value, Value)> {
    let rows = rest.list(&format!("{path}/leaderboard")).await.unwrap();
    let row = |row: &Value| (row["user"].clone(), row["score"].clone());
    rows.iter().map(row).collect()
}

#[test]
fn a_poisoned_joining_is_stuck_and_the_board_goes_on() {
    let mut server = Server::virtual_at("2016-04-13T12:00:00Z");
    block_on(async {
        let (mut ann, mut bob) = (Sender::ann(&server).await, Sender::bob(&server).await);
        let rest = server.rest();
        let path = published(&rest, POISON_TITLE).await.unwrap();
        let other = published(&rest, "A sound one").await.unwrap();
        assert!(join(&rest, &path, "ann").await.unwrap());
        let refused = join(&rest, &path, "bob").await.unwrap_err();
        assert_eq!(refused.code(), Some("internal"));
        let rows = until_stuck(&server, 1).await;
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(
            (&rows[0]["challenge"], &rows[0]["input"]),
            (&json!(id), &json!("join"))
        );

        assert!(join(&rest, &other, "bob").await.unwrap());
        ann.goes_on().await;
        bob.goes_on().await;
        // Their minutes of the morning came before they joined.
        assert_eq!(board(&rest, &path).await, [(json!("ann"), json!(0))]);
        assert_eq!(board(&rest, &other).await, [(json!("bob"), json!(0))]);

        let retry = format!("/v1/stuck/{}/retry", named(&rows, "skipped")[0]);
        let answer = rest.post(&retry, &json!({}), "retry").await.unwrap();
        assert_eq!(answer["offered"], json!(true));
        server.kill_and_restart();
        let again = until_stuck(&server, 1).await;
        assert_ne!(rows[0]["id"], again[0]["id"]);
        let rest = server.rest();
        assert_eq!(board(&rest, &path).await, [(json!("ann"), json!(0))]);
    });
}

#[test]
fn a_challenge_is_stopped_after_three_skips_and_goes_on_with_a_retry() {
    let server = Server::virtual_at("2016-04-13T12:00:00Z");
    block_on(async {
        let rest = server.rest();
        let (_ann, _bob) = (Sender::ann(&server).await, Sender::bob(&server).await);
        let path = published(&rest, POISON_TITLE).await.unwrap();
        assert!(join(&rest, &path, "ann").await.unwrap());
        for stuck in 1..=3 {
            join(&rest, &path, "bob").await.unwrap_err();
            until_stuck(&server, stuck).await;
        }
        let reason = json!({"reason": "It is broken"});
        let cancel = format!("{path}/cancel");
        let refused = rest.post(&cancel, &reason, "cancel").await.unwrap_err();
        assert_eq!(refused.code(), Some("internal"));
        assert!(refused.to_string().contains("stopped"), "{refused}");
        assert_eq!(rest.get(&path).await.unwrap()["phase"], json!("open"));

        // Offering one again lets it go on, even where that one panics again.
        let id = named(&stuck(&server).await, "skipped").remove(0);
        let retry = format!("/v1/stuck/{id}/retry");
        rest.post(&retry, &json!({}), "retry").await.unwrap();
        until_stuck(&server, 3).await;
        let cancelled = rest.post(&cancel, &reason, "cancel").await.unwrap();
        assert_eq!(cancelled["phase"], json!("cancelled"));
    });
}

#[test]
fn a_draft_whose_answer_cannot_be_foreseen_is_refused_and_nothing_is_stuck() {
    let server = Server::virtual_at("2016-04-13T12:00:00Z");
    block_on(async {
        let rest = server.rest();
        let refused = published(&rest, POISON_DRAFT).await.unwrap_err();
        assert_eq!(refused.code(), Some("internal"));
        assert!(rest.list("/v1/challenges").await.unwrap().is_empty());
        assert!(stuck(&server).await.is_empty());
        published(&rest, "A sound one").await.unwrap();
    });
}
