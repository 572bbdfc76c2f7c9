//! The challenge of the profile board: made, published and joined over REST, before anyone sends.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::clock;
use crate::dates::{DAY_MS, date};
use crate::names;
use crate::rest::Rest;

/// Makes a challenge that everyone of the run has joined; its id.
pub(crate) fn prepare(rest: &mut Rest, run: &str, users: u32) -> Result<String> {
    let now_ms = clock::unix_ms();
    let challenge = json!({"title": format!("swarm {run}"), "type": "most", "metric": "steps",
        "window": {"clock": "user_local", "starts": date(now_ms), "ends": date(now_ms + 2 * DAY_MS)}});
    let made = rest.send("POST", "/v1/challenges", Some(&challenge))?;
    let id = made["id"].as_str().context("a challenge without an id")?;
    rest.send("POST", &format!("/v1/challenges/{id}/publish"), None)?;
    for number in 0..users {
        let user = names::user(run, number);
        rest.send(
            "PUT",
            &format!("/v1/users/{user}"),
            Some(&json!({"zone": "UTC"})),
        )?;
        rest.send(
            "PUT",
            &format!("/v1/challenges/{id}/enrolments/{user}"),
            None,
        )?;
    }
    Ok(id.to_owned())
}
