//! The challenges of the profile board: made, published and joined over REST, before anyone sends.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::clock;
use crate::dates::{DAY_MS, date};
use crate::names;
use crate::rest::Rest;

/// Makes challenges that everyone of the run has joined; their ids.
pub(crate) fn prepare(rest: &mut Rest, run: &str, users: u32, boards: u32) -> Result<Vec<String>> {
    let challenges: Vec<String> = (0..boards)
        .map(|number| publish(rest, &format!("swarm {run} {number}")))
        .collect::<Result<_>>()?;
    for number in 0..users {
        let user = names::user(run, number);
        let profile = json!({"zone": "UTC"});
        rest.send("PUT", &format!("/v1/users/{user}"), Some(&profile))?;
        for challenge in &challenges {
            let path = format!("/v1/challenges/{challenge}/enrolments/{user}");
            rest.send("PUT", &path, None)?;
        }
    }
    Ok(challenges)
}

/// A challenge that is open now.
fn publish(rest: &mut Rest, title: &str) -> Result<String> {
    let now_ms = clock::unix_ms();
    let (starts, ends) = (date(now_ms), date(now_ms + 2 * DAY_MS));
    let challenge = json!({"title": title, "type": "most", "metric": "steps",
        "window": {"clock": "user_local", "starts": starts, "ends": ends}});
    let made = rest.send("POST", "/v1/challenges", Some(&challenge))?;
    let id = made["id"].as_str().context("a challenge without an id")?;
    rest.send("POST", &format!("/v1/challenges/{id}/publish"), None)?;
    Ok(id.to_owned())
}
