//! `/v1/challenges/{id}/simulate`: who would have won a challenge, and who would have been left out, by what is stored. It changes
//! nothing, so that a repeated request is simply done again and its answer is not stored.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::id::{ChallengeId, UserId};
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    body,
    fault::{Faults, Wrong},
    fields::{Fields, challenge_name, date, distinct, integer, text},
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::directory::{Asked, Candidates},
    protocol::{body::Simulation, error_code::Refusal},
};

/// Users who may be named.
const USERS_MAX: usize = 1_000;
/// Most rows of the answer, and those where none are asked for.
const ROWS_MAX: i64 = 1_000;
const ROWS: usize = 100;

/// With whose history a challenge is played, and when.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct SimulationBody {
    /// Up to 1,000 users, in the order in which they would have joined; this or `participants_of`.
    #[schema(example = json!(["ann", "bob"]))]
    users: Option<Vec<String>>,
    /// Everybody who is in that challenge, up to 10,000.
    #[schema(format = Uuid)]
    participants_of: Option<String>,
    /// First date of the window; its own where that is over, else the newest one that is over and begins on the same day of the week.
    #[schema(format = Date, example = "2016-04-13")]
    starts: Option<String>,
    /// Most rows that are told.
    #[schema(default = 100, minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
}

/// Play a challenge with stored history: nothing changes
#[utoipa::path(post, path = "/v1/challenges/{id}/simulate", tag = "challenges",
    operation_id = "simulate_challenge",
    request_body(content = inline(SimulationBody)),
    responses((status = 200, description = "How it would have ended", body = Simulation<'_>)))]
pub(super) async fn simulate(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let id = ask.challenge()?;
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let asked = parse(&body.json)?;
    let (directory, told) = (ask.api.directory.clone(), once.clone());
    once.run(ask, async move {
        let played = directory.rehearse(id, asked).await?;
        Ok(told.record(200, None, None, answer::json(&Simulation::from(&played))?))
    })
    .await
}

fn parse(body: &Value) -> Result<Asked, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let users = top.optional("users", distinct(USERS_MAX, user));
    let participants_of = top.optional("participants_of", challenge);
    let starts = top.optional("starts", date);
    let limit = top.optional("limit", integer(1..=ROWS_MAX));
    if !faults.concern("/users")
        && !faults.concern("/participants_of")
        && users.is_some() == participants_of.is_some()
    {
        top.fault(
            "users",
            Wrong::shape("either `users` or `participants_of` is required"),
        );
    }
    top.done(&[]);
    faults.none()?;
    let candidates = participants_of.map_or_else(
        || Candidates::Users(users.unwrap_or_default()),
        Candidates::ParticipantsOf,
    );
    Ok(Asked {
        candidates,
        starts,
        rows: limit
            .and_then(|rows| usize::try_from(rows).ok())
            .unwrap_or(ROWS),
    })
}

fn user(value: &Value) -> Result<UserId, Wrong> {
    UserId::parse(&text(value)?).map_err(|why| Wrong::new("name", why.to_string()))
}

fn challenge(value: &Value) -> Result<ChallengeId, Wrong> {
    challenge_name(&text(value)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn users_or_a_challenge_are_named_and_not_both() {
        let asked = parse(&json!({"users": ["ann"]})).unwrap();
        assert_eq!((asked.rows, asked.starts), (100, None));
        let other = "01960000-0000-7000-8000-000000000001";
        assert!(parse(&json!({"participants_of": other, "limit": 5})).is_ok());
        for body in [
            json!({}),
            json!({"users": ["ann"], "participants_of": other}),
        ] {
            let faults = parse(&body).unwrap_err().faults;
            assert_eq!(faults[0].pointer, "/users", "{body}");
        }
    }

    #[test]
    fn every_fault_is_told() {
        let body = json!({"users": ["a b"], "starts": "2016-02-30", "limit": 0, "dry": true});
        let faults = parse(&body).unwrap_err().faults;
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/users", "/starts", "/limit", "/dry"]);
    }
}
