//! What has to be there before the first step: people with their goals, challenges, enrolments. What is there already
//! stays, so that a replay can go on after a crash in the middle of this.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use futures_util::{TryStreamExt as _, stream};
use serde_json::{Value, json};
use streakline_core::civil::Day;

use crate::cli::client::{Rest, Write};
use crate::cli::folder::Window;

/// People that are set up at the same time.
const PARALLEL: usize = 8;

/// What a replay of one folder needs on the server.
pub struct Setup {
    /// Everybody.
    pub people: Vec<String>,
    /// IANA zone of everybody.
    pub zone: String,
    /// Steps a day; each is a goal of everybody.
    pub goals: Vec<u32>,
    /// First day of the goals.
    pub from: Day,
    /// Challenges by the name of their board.
    pub boards: BTreeMap<String, Window>,
}

/// The title by which the challenge of a board is found again.
#[must_use]
pub fn challenge_title(board: &str) -> String {
    format!("Replay: {board}")
}

/// Makes what is not there. Returns the challenges' ids by board.
///
/// # Errors
/// When the server refuses, or has a person in another zone.
pub async fn prepare(rest: &Rest, setup: &Setup) -> Result<BTreeMap<String, String>> {
    each_person(setup, |user| person(rest, setup, user)).await?;
    let mut ids = BTreeMap::new();
    for (board, window) in &setup.boards {
        ids.insert(board.clone(), challenge(rest, board, *window).await?);
    }
    each_person(setup, |user| enrol(rest, &ids, user)).await?;
    Ok(ids)
}

async fn each_person<'a, F>(setup: &'a Setup, work: impl Fn(&'a str) -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let people = stream::iter(setup.people.iter().map(|user| Ok(work(user))));
    people
        .try_buffer_unordered(PARALLEL)
        .try_collect::<Vec<()>>()
        .await
        .map(|_| ())
}

async fn person(rest: &Rest, setup: &Setup, user: &str) -> Result<()> {
    let path = format!("/v1/users/{user}");
    match rest.find(&path).await? {
        None => {
            let body = json!({ "zone": setup.zone });
            rest.put(&path, Some(&body), Write::Create).await?;
        }
        Some(there) => {
            let zone = there
                .get("zone")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if zone != setup.zone {
                bail!(
                    "user {user} is there with the zone {zone}, not {}",
                    setup.zone
                );
            }
        }
    }
    for target in &setup.goals {
        let path = format!("{path}/goals/steps-{target}");
        if rest.find(&path).await?.is_none() {
            let from = setup.from.iso();
            let body = json!({"metric": "steps", "period": "day", "kind": "static", "target": target,
                "from": from, "streak": {"freezes": 0}});
            rest.put(&path, Some(&body), Write::Create).await?;
        }
    }
    Ok(())
}

async fn challenge(rest: &Rest, board: &str, window: Window) -> Result<String> {
    let there = find_challenge(rest, board, window).await?;
    let found = match there {
        Some(found) => found,
        None => {
            let body = json!({"title": challenge_title(board), "type": "most", "metric": "steps",
                "window": window_json(window), "per_day_cap": null});
            rest.post("/v1/challenges", &body, &format!("replay:{board}"))
                .await?
        }
    };
    let id = found.get("id").and_then(Value::as_str);
    let id = id
        .with_context(|| format!("a challenge without an id: {found}"))?
        .to_owned();
    if found.get("phase").and_then(Value::as_str) == Some("draft") {
        let path = format!("/v1/challenges/{id}/publish");
        rest.post(&path, &json!({}), &format!("replay:publish:{id}"))
            .await?;
    }
    Ok(id)
}

/// The challenge that a replay made for `board`, if there is one.
///
/// # Errors
/// When the server refuses.
pub async fn find_challenge(rest: &Rest, board: &str, window: Window) -> Result<Option<Value>> {
    let title = challenge_title(board);
    let (starts, ends) = (window.starts.iso(), window.ends.iso());
    let mut all = rest.list("/v1/challenges").await?.into_iter();
    Ok(all.find(|one| {
        let dates = one.get("window").map(|w| (w.get("starts"), w.get("ends")));
        one.get("title").and_then(Value::as_str) == Some(&title)
            && dates == Some((Some(&json!(starts)), Some(&json!(ends))))
    }))
}

fn window_json(window: Window) -> Value {
    json!({"clock": "user_local", "starts": window.starts.iso(), "ends": window.ends.iso()})
}

async fn enrol(rest: &Rest, challenges: &BTreeMap<String, String>, user: &str) -> Result<()> {
    for id in challenges.values() {
        let path = format!("/v1/challenges/{id}/enrolments/{user}");
        if rest.find(&path).await?.is_none() {
            rest.put(&path, None, Write::Plain).await?;
        }
    }
    Ok(())
}
