//! What has to be there before the demo begins: five people, each with a goal, in one open challenge.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Scene, ZONE};
use crate::cli::client::Write;

/// Makes people and challenge, and lets everybody join. Returns the challenge's id.
pub(super) async fn set(scene: &Scene, people: &[(String, &str)]) -> Result<String> {
    for (user, alias) in people {
        person(scene, user, alias).await?;
    }
    let id = challenge(scene).await?;
    for (user, _) in people {
        // By themselves: everybody with a token may join an open challenge.
        let own = scene.rest.with_bearer(&scene.keys.user_token(user)?);
        let path = format!("/v1/challenges/{id}/enrolments/{user}");
        own.put(&path, None, Write::Plain)
            .await
            .with_context(|| format!("{user} joins"))?;
    }
    Ok(id)
}

async fn person(scene: &Scene, user: &str, alias: &str) -> Result<()> {
    let path = format!("/v1/users/{user}");
    let body = json!({"zone": ZONE, "alias": alias});
    scene.rest.put(&path, Some(&body), Write::Create).await?;
    let path = format!("{path}/goals/steps-{}", scene.goal);
    let body = json!({"metric": "steps", "period": "day", "kind": "static", "target": scene.goal,
        "from": scene.window.starts.iso(), "streak": {"freezes": 0}});
    scene.rest.put(&path, Some(&body), Write::Create).await?;
    Ok(())
}

async fn challenge(scene: &Scene) -> Result<String> {
    let (starts, ends) = (scene.window.starts.iso(), scene.window.ends.iso());
    let window = json!({"clock": "user_local", "starts": starts, "ends": ends});
    let body =
        json!({"title": "Four days in April", "type": "most", "metric": "steps", "window": window});
    let made = scene
        .rest
        .post("/v1/challenges", &body, "demo:challenge")
        .await?;
    let id = made
        .get("id")
        .and_then(Value::as_str)
        .context("a challenge without an id")?;
    let path = format!("/v1/challenges/{id}/publish");
    scene.rest.post(&path, &json!({}), "demo:publish").await?;
    Ok(id.to_owned())
}
