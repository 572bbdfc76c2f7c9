//! `/v1/clock`: the server's clock, and moving a virtual one.

use actix_web::web::Payload;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    body,
    fault::Faults,
    fields::{Fields, integer},
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::directory::ClockReading,
    protocol::error_code::{Code, Refusal},
};

/// The last instant of the last year that has civil days here, POSIX ms.
const LATEST_MS: i64 = 253_402_300_799_999;

/// What the server's clock says.
#[derive(Serialize, ToSchema)]
struct Clock {
    /// `virtual` or `system`.
    #[schema(value_type = String, example = "virtual")]
    clock: &'static str,
    /// POSIX ms.
    #[schema(example = 1_460_505_600_000_i64)]
    now_ms: i64,
}

impl From<ClockReading> for Clock {
    fn from(reading: ClockReading) -> Self {
        let clock = if reading.is_virtual {
            "virtual"
        } else {
            "system"
        };
        Self {
            clock,
            now_ms: reading.now_ms,
        }
    }
}

/// Where a virtual clock is to go.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct ClockBody {
    /// POSIX ms, not before now.
    #[schema(example = 1_460_509_200_000_i64)]
    to_ms: i64,
}

/// Read the clock
#[utoipa::path(get, path = "/v1/clock", tag = "clock", operation_id = "read_clock",
    responses((status = 200, description = "The clock", body = inline(Clock))))]
pub(super) async fn read(ask: Ask) -> Answer {
    answer::one(&ask.request, None, &Clock::from(ask.api.directory.clock()))
}

/// Move a virtual clock forward; answered when every deadline that it passed is carried out and durable
#[utoipa::path(post, path = "/v1/clock", tag = "clock", operation_id = "advance_clock",
    request_body(content = inline(ClockBody)),
    responses((status = 200, description = "The clock", body = inline(Clock))))]
pub(super) async fn advance(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    if !ask.api.directory.clock().is_virtual {
        let words = "the clock is the system's; start the server with --clock virtual:TIME";
        return Err(Refusal::new(Code::NotFound, words).into());
    }
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let to_ms = parse(&body.json)?;
    let reached = Clock {
        clock: "virtual",
        now_ms: to_ms,
    };
    let record = once.record(200, None, None, answer::json(&reached)?);
    let (directory, key) = (ask.api.directory.clone(), once.key.clone());
    once.run(ask, async move {
        directory
            .advance_clock(to_ms, (key, record.clone()))
            .await?;
        Ok(record)
    })
    .await
}

pub(super) fn parse(body: &Value) -> Result<i64, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let to_ms = top.required("to_ms", integer(0..=LATEST_MS));
    top.done(&[]);
    faults.none()?;
    to_ms.ok_or_else(|| Refusal::new(Code::Internal, "a required member was not read"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_instant_is_an_integer_up_to_the_year_9999() {
        assert_eq!(
            parse(&json!({"to_ms": 1_460_509_200_000_i64})),
            Ok(1_460_509_200_000)
        );
        for bad in [
            json!({}),
            json!({"to_ms": "1"}),
            json!({"to_ms": LATEST_MS + 1}),
            json!([]),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }
}
