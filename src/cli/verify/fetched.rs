//! Everything that `verify` asks the server, as it came: one read of REST, then nothing more.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use streakline_core::civil::Day;

use crate::cli::client::Rest;
use crate::cli::folder::expected::{Expected, Person, day};
use crate::cli::replay::setup::find_challenge;

/// People that are read at the same time.
const PARALLEL: usize = 8;
/// Days of one request (protocol.md 7).
const DAYS_MAX: i32 = 400;

/// What the server says.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// By user; who is missing is not known to the server.
    pub people: BTreeMap<String, FetchedPerson>,
    /// By name of the board; what is missing has no challenge.
    pub boards: BTreeMap<String, FetchedBoard>,
    /// Sum over all accounts, 10^-6 token.
    pub ledger_sum_micro: Option<i64>,
}

/// One person.
#[derive(Clone, Debug, Default)]
pub struct FetchedPerson {
    /// By date.
    pub days: BTreeMap<String, Value>,
    /// Goals.
    pub goals: Vec<Value>,
    /// Streaks as they are now.
    pub streaks: Vec<Value>,
    /// Streaks by the date that they were asked for.
    pub streaks_as_of: BTreeMap<String, Vec<Value>>,
    /// Sums per account.
    pub balance: Value,
    /// Transfers, oldest first.
    pub transfers: Vec<Value>,
    /// `challenge.settled` events by challenge.
    pub settled: BTreeMap<String, Value>,
}

/// One board.
#[derive(Clone, Debug, Default)]
pub struct FetchedBoard {
    /// Its challenge.
    pub challenge: String,
    /// Phase of the challenge.
    pub phase: String,
    /// Its rows, in order.
    pub rows: Vec<Value>,
}

/// Reads everything that `expected` names.
///
/// # Errors
/// When the server refuses or is not there; what it does not know is only missing.
pub async fn fetch(rest: &Rest, expected: &Expected) -> Result<Fetched> {
    let span = span(expected)?;
    let window_end = expected.window()?.ends;
    let people = stream::iter(expected.users.iter().map(|(user, person)| async move {
        let fetched = fetch_person(rest, user, person, span, window_end).await;
        fetched
            .with_context(|| format!("user {user}"))
            .map(|found| Some((user.clone(), found?)))
    }));
    let people: Vec<_> = people.buffer_unordered(PARALLEL).try_collect().await?;
    let mut boards = BTreeMap::new();
    for (board, window) in expected.boards()? {
        if let Some(challenge) = find_challenge(rest, &board, window).await? {
            boards.insert(board, fetch_board(rest, &challenge).await?);
        }
    }
    let summary = rest.get("/v1/ledger/summary").await?;
    let ledger_sum_micro = summary.get("sum_micro").and_then(Value::as_i64);
    Ok(Fetched {
        people: people.into_iter().flatten().collect(),
        boards,
        ledger_sum_micro,
    })
}

/// From the first date that anybody has, or the window's, to the last.
fn span(expected: &Expected) -> Result<(Day, Day)> {
    let window = expected.window()?;
    let (mut first, mut last) = (window.starts, window.ends);
    for daily in expected.users.values().flat_map(|person| &person.daily) {
        let date = day(&daily.date)?;
        (first, last) = (first.min(date), last.max(date));
    }
    Ok((first, last))
}

async fn fetch_person(
    rest: &Rest,
    user: &str,
    expected: &Person,
    span: (Day, Day),
    window_end: Day,
) -> Result<Option<FetchedPerson>> {
    let path = format!("/v1/users/{user}");
    if rest.find(&path).await?.is_none() {
        return Ok(None);
    }
    let mut person = FetchedPerson {
        days: fetch_days(rest, &path, span).await?,
        goals: rest.list(&format!("{path}/goals")).await?,
        streaks: rest.list(&format!("{path}/streaks")).await?,
        balance: rest.get(&format!("{path}/balance")).await?,
        transfers: rest.list(&format!("{path}/ledger")).await?,
        ..FetchedPerson::default()
    };
    let last = expected.stats().map(|stats| stats.last.clone());
    for date in [Some(window_end.iso()), Some(window_end.prev().iso()), last]
        .into_iter()
        .flatten()
    {
        let streaks = rest.list(&format!("{path}/streaks?as_of={date}")).await?;
        person.streaks_as_of.insert(date, streaks);
    }
    for event in rest.list(&format!("{path}/events?after_seq=0")).await? {
        if event.get("kind").and_then(Value::as_str) == Some("challenge.settled") {
            let challenge = text(&event, "challenge").to_owned();
            person.settled.insert(challenge, event);
        }
    }
    Ok(Some(person))
}

async fn fetch_days(
    rest: &Rest,
    path: &str,
    (first, last): (Day, Day),
) -> Result<BTreeMap<String, Value>> {
    let mut days = BTreeMap::new();
    let mut from = first;
    while from <= last {
        let to = last.min(from.plus(DAYS_MAX - 1));
        let page = format!("{path}/days?from={}&to={}", from.iso(), to.iso());
        for one in rest.list(&page).await? {
            days.insert(text(&one, "day").to_owned(), one);
        }
        from = to.next();
    }
    Ok(days)
}

async fn fetch_board(rest: &Rest, challenge: &Value) -> Result<FetchedBoard> {
    let id = text(challenge, "id").to_owned();
    let rows = rest
        .list(&format!("/v1/challenges/{id}/leaderboard"))
        .await?;
    Ok(FetchedBoard {
        challenge: id,
        phase: text(challenge, "phase").to_owned(),
        rows,
    })
}

/// A text of an object, empty where there is none.
#[must_use]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number of an object.
#[must_use]
pub fn int(value: &Value, name: &str) -> Option<i64> {
    value.get(name).and_then(Value::as_i64)
}
