//! The readers of REST requests, for the fuzzing tests; in no server that is built for use.

use actix_web::http::header::HeaderMap;
use serde_json::Value;
use streakline_core::{
    attest::PublicKey, civil::Day, definition::Definition, id::GoalId, input::Adjustment,
    limits::AROUND_ROWS_MAX, manual::ManualPolicy, streak::Stage, zone::Zones,
};

use super::{
    adjustments, auth, boards, body, challenge_body, challenges, clock, device_keys, etag,
    goal_body, idempotency, instruments, page::Cursors, pauses, query::Query, users, verdicts,
};
use crate::{
    actors::message::{Precondition, PutGoal, PutUser},
    protocol::error_code::Refusal,
};

/// The body of a request, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Of a challenge's POST or PUT.
    Definition(Box<Definition>),
    /// Of a goal's PUT.
    Goal(PutGoal),
    /// Of a user's PUT.
    User(PutUser),
    /// Of the clock's POST.
    Clock(i64),
    /// Of a challenge's cancellation.
    Reason(String),
    /// Of a repair: the day, and whether tokens pay.
    Repair(Day, bool),
    /// Of a pause.
    Pause(Option<Day>, Day),
    /// Of a verdict.
    Verdict(Vec<Day>),
    /// Of a verdict's decision.
    Decision(Stage),
    /// Of an adjustment.
    Adjustment(Adjustment),
    /// Of a device's key.
    DeviceKey(PublicKey),
}

/// Whose body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// `POST /v1/challenges`; `true`: a PUT, which may send an answer back.
    Challenge(bool),
    /// `PUT .../goals/{goal}`.
    Goal(&'a GoalId),
    /// `PUT /v1/users/{user}`.
    User,
    /// `POST /v1/clock`.
    Clock,
    /// `POST .../cancel`.
    Cancel,
    /// `POST .../repairs`.
    Repair,
    /// `PUT .../pause`.
    Pause,
    /// `POST .../verdicts`.
    Verdict,
    /// `POST .../decision`.
    Decision,
    /// `POST .../adjustments`.
    Adjustment,
    /// `PUT .../devices/{device}/key`.
    DeviceKey,
}

/// Reads a body, from its bytes on.
///
/// # Errors
/// Every fault of it.
pub fn read(route: Route<'_>, bytes: &[u8], zones: &dyn Zones) -> Result<Read, Refusal> {
    let json: Value = body::parse(bytes)?;
    Ok(match route {
        Route::Challenge(put) => {
            let read_only = if put { challenge_body::READ_ONLY } else { &[] };
            let known = challenge_body::Known {
                zones,
                manual_policy: ManualPolicy::Include,
            };
            Read::Definition(challenge_body::parse(&json, read_only, &known)?.into())
        }
        Route::Goal(goal) => Read::Goal(goal_body::parse(goal.clone(), &json)?),
        Route::User => Read::User(users::parse(&json, zones)?),
        Route::Clock => Read::Clock(clock::parse(&json)?),
        Route::Cancel => Read::Reason(challenges::reason(&json)?),
        Route::Repair => {
            let (day, paid) = instruments::parse(&json)?;
            Read::Repair(day, paid)
        }
        Route::Pause => {
            let (from, to) = pauses::parse(&json)?;
            Read::Pause(from, to)
        }
        Route::Verdict => Read::Verdict(verdicts::parse(&json)?),
        Route::Adjustment => Read::Adjustment(adjustments::parse(&json)?),
        Route::DeviceKey => Read::DeviceKey(device_keys::parse(&json)?),
        Route::Decision => Read::Decision(verdicts::decision(&json)?),
    })
}

/// Every parameter that some list takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `from`.
    pub from: Option<Day>,
    /// `k`.
    pub k: Option<u32>,
    /// `after_seq`.
    pub after_seq: Option<u64>,
    /// `limit`, or its default.
    pub limit: usize,
    /// The key in `cursor`.
    pub after: Option<String>,
}

/// Reads a query string; cursors are those of `secret` and of the list `list`.
///
/// # Errors
/// Every fault of it, among them parameters that no list takes.
pub fn query(text: &str, secret: &str) -> Result<Listed, Refusal> {
    let mut query = Query::parse(text);
    let from = query.date("from");
    let k = query.integer("k", 1..=AROUND_ROWS_MAX);
    let after_seq = query.integer("after_seq", 0..=u64::MAX);
    let page = query.page("list".into(), &Cursors::new(secret));
    query.done()?;
    // Keys of lists that are read further.
    let _ = (
        page.after_number(),
        page.after.as_deref().map(boards::key_of_text),
    );
    Ok(Listed {
        from,
        k,
        after_seq,
        limit: page.limit,
        after: page.after,
    })
}

/// A cursor of `secret` for the list `list`.
///
/// # Errors
/// `internal` when the library refuses.
pub fn cursor(key: &str, secret: &str) -> Result<String, Refusal> {
    Cursors::new(secret).seal("list", key)
}

/// What a PUT wants to be true.
///
/// # Errors
/// Ill-formed tags.
pub fn precondition(headers: &HeaderMap) -> Result<Precondition, Refusal> {
    etag::precondition(headers)
}

/// Whether the client of a GET has the answer with that tag.
#[must_use]
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    etag::is_known(headers, tag)
}

/// The tag of an answer.
#[must_use]
pub fn tag(version: Option<u64>, body: &str) -> String {
    etag::tag(version, body)
}

/// The key of a POST.
///
/// # Errors
/// When there is none, or an ill-formed one.
pub fn idempotency_key(headers: &HeaderMap) -> Result<String, Refusal> {
    idempotency::key_of(headers)
}

/// The token or admin key of a request.
///
/// # Errors
/// `unauthenticated` when there is none, or more than one.
pub fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    auth::bearer(headers)
}
