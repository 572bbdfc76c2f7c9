//! The challenges of the profile board: made, published and joined over REST, before anyone sends.

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;

use crate::clock;
use crate::dates::{DAY_MS, date};
use crate::names;
use crate::rest::Rest;

/// Connections that enrol users at the same time.
const CONNECTIONS: u32 = 16;

/// Makes challenges that users with these numbers have all joined; their ids. `admin` opens a connection of an admin.
pub(crate) fn prepare(
    admin: &(dyn Fn() -> Result<Rest> + Sync),
    run: &str,
    users: u32,
    (boards, in_parts): (u32, bool),
) -> Result<Vec<String>> {
    let mut rest = admin()?;
    let challenges: Vec<String> = (0..boards)
        .map(|number| publish(&mut rest, &format!("swarm {run} {number}"), in_parts))
        .collect::<Result<_>>()?;
    std::thread::scope(|scope| {
        let enrol = |first| {
            let challenges = &challenges;
            move || -> Result<()> {
                let mut rest = admin()?;
                let mut numbers = (first..users).step_by(CONNECTIONS as usize);
                numbers.try_for_each(|number| join(&mut rest, run, number, challenges))
            }
        };
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|first| scope.spawn(enrol(first)))
            .collect();
        let mut ended = threads.into_iter().map(|thread| thread.join());
        ended.try_for_each(|ended| ended.map_err(|_| anyhow!("enrolling users has panicked"))?)
    })?;
    Ok(challenges)
}

fn join(rest: &mut Rest, run: &str, number: u32, challenges: &[String]) -> Result<()> {
    let user = names::user(run, number);
    let profile = json!({"zone": "UTC"});
    rest.send("PUT", &format!("/v1/users/{user}"), Some(&profile))?;
    for challenge in challenges {
        let path = format!("/v1/challenges/{challenge}/enrolments/{user}");
        rest.send("PUT", &path, None)?;
    }
    Ok(())
}

/// A challenge that is open now.
fn publish(rest: &mut Rest, title: &str, in_parts: bool) -> Result<String> {
    let now_ms = clock::unix_ms();
    let (starts, ends) = (date(now_ms), date(now_ms + 2 * DAY_MS));
    let board = if in_parts { "parts" } else { "whole" };
    let challenge = json!({"title": title, "type": "most", "metric": "steps", "board": board,
        "window": {"clock": "user_local", "starts": starts, "ends": ends}});
    let made = rest.send("POST", "/v1/challenges", Some(&challenge))?;
    let id = made["id"].as_str().context("a challenge without an id")?;
    rest.send("POST", &format!("/v1/challenges/{id}/publish"), None)?;
    Ok(id.to_owned())
}
