//! `/v1/users/{user}/import`: history that is too old for the stream. It is shown and never scores, so only an admin brings it.

use actix_web::web::Payload;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use streakline_core::{
    input::DeviceIntroduction,
    limits,
    record::Record,
    sample::{DeviceClass, RecordRefusal},
    user::import::Arrival,
};
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    body::{self, Body},
    fault::{Faults, Wrong},
    fields::{Fields, device, line, text},
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::message::{IdempotentImport, Imported},
    protocol::{client_frame, error_code::Refusal},
    storage::IdempotencyRecord,
};

/// History of one device.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct ImportBody {
    /// UUID of the device that the records are from.
    #[schema(format = Uuid)]
    device_id: String,
    /// Its class; needed where the user does not have the device yet.
    #[schema(example = "watch")]
    class: Option<String>,
    /// Free text.
    vendor: Option<String>,
    /// Free text.
    model: Option<String>,
    /// 1 to 500 records, each as in a batch of the stream.
    #[schema(value_type = Vec<Object>, min_items = 1, max_items = 500)]
    records: Vec<Value>,
}

/// What became of an import.
#[derive(Serialize, ToSchema)]
struct ImportAnswer {
    /// Whose history it is.
    #[schema(example = "ann")]
    user: String,
    /// UUID of the device.
    #[schema(format = Uuid)]
    device_id: String,
    /// Records that were taken; one that was known already is one of them, and changes nothing.
    accepted: usize,
    /// Records that were refused.
    refused: Vec<RefusedRecord>,
}

/// A record that was refused.
#[derive(Serialize, ToSchema)]
struct RefusedRecord {
    /// Its place among the records, from 0.
    place: usize,
    /// Why, for programs.
    #[schema(value_type = String, example = "too_new")]
    code: &'static str,
    /// Why, in words.
    detail: String,
}

/// Bring older history of one device; it is kept and shown, and never scores
#[utoipa::path(post, path = "/v1/users/{user}/import", tag = "users",
    operation_id = "import_history",
    request_body(content = inline(ImportBody), description = "Records of archived days, at most 31 of them"),
    responses((status = 200, description = "What became of the records", body = inline(ImportAnswer))))]
pub(super) async fn bring(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let user = ask.user()?;
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let arrival = read(&body)?;
    let (directory, caller, told) = (ask.api.directory.clone(), ask.caller(), once.clone());
    once.run(ask, async move {
        let stored = IdempotentImport {
            key: told.key.clone(),
            answer: Box::new(move |imported| record(&told, imported)),
        };
        directory.import(&user, arrival, caller, stored).await
    })
    .await
}

fn record(once: &Once, imported: &Imported) -> IdempotencyRecord {
    let refused = imported
        .refused
        .iter()
        .map(|(place, refusal)| RefusedRecord {
            place: *place,
            code: refusal.code.name(),
            detail: refusal.detail.clone(),
        });
    let body = ImportAnswer {
        user: imported.user.to_string(),
        device_id: imported.device.to_string(),
        accepted: imported.accepted,
        refused: refused.collect(),
    };
    // Strings and numbers always have a JSON.
    let body = answer::json(&body).unwrap_or_default();
    once.record(200, None, None, body)
}

fn read(body: &Body) -> Result<Arrival, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(&body.json, &faults);
    let device = top.required("device_id", device);
    let class = top.optional("class", class);
    let (vendor, model) = (top.optional("vendor", name), top.optional("model", name));
    let count = top.required("records", count);
    top.done(&[]);
    let (Some(device), Some(_), true) = (device, count, !faults.concern("")) else {
        return Err(faults.none().err().unwrap_or_else(unreadable));
    };
    let introduction = class.map(|class| DeviceIntroduction {
        device,
        class,
        vendor,
        model,
    });
    Ok(Arrival {
        device,
        introduction,
        records: records(&body.bytes)?,
    })
}

/// What is never reached: a body that has no fault is read whole.
fn unreadable() -> Refusal {
    client_frame::bad_frame("", "the body cannot be read".to_owned())
}

fn class(value: &Value) -> Result<DeviceClass, Wrong> {
    let names = || DeviceClass::ALL.map(DeviceClass::name).join(", ");
    DeviceClass::parse(&text(value)?)
        .ok_or_else(|| Wrong::range(format!("must be one of {}", names())))
}

fn name(value: &Value) -> Result<String, Wrong> {
    line(1..=limits::DEVICE_TEXT_CHARS_MAX)(value)
}

fn count(value: &Value) -> Result<usize, Wrong> {
    let records = value
        .as_array()
        .ok_or_else(|| Wrong::shape("must be an array"))?;
    let most = limits::BATCH_RECORDS_MAX;
    let fits = (1..=most).contains(&records.len());
    let words = || format!("must have 1 to {most} records, not {}", records.len());
    fits.then_some(records.len())
        .ok_or_else(|| Wrong::range(words()))
}

/// The records as they were written: an amount is an exact decimal, which no float is.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

fn records(bytes: &[u8]) -> Result<Vec<Result<Record, RecordRefusal>>, Refusal> {
    let written: Written<'_> = serde_json::from_slice(bytes)
        .map_err(|error| client_frame::bad_frame("/records", error.to_string()))?;
    let raws = written.records.into_iter();
    Ok(raws.map(client_frame::record).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use streakline_core::sample::RecordCode;

    use super::*;

    fn read_json(json: &Value) -> Result<Arrival, Vec<(String, &'static str)>> {
        let bytes = json.to_string().into_bytes().into();
        let body = Body {
            bytes,
            json: json.clone(),
        };
        read(&body).map_err(|refusal| {
            let faults = refusal.faults.into_iter();
            faults.map(|fault| (fault.pointer, fault.code)).collect()
        })
    }

    #[test]
    fn a_body_names_a_device_and_has_records_each_judged_alone() {
        let good =
            json!({"id": "1", "metric": "steps", "start_ms": 0, "end_ms": 60_000, "value": 10});
        let device = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
        let body = json!({"device_id": device, "class": "watch", "records": [good, {"id": "2"}]});
        let arrival = read_json(&body).unwrap();
        assert_eq!(arrival.device.to_string(), device);
        assert_eq!(arrival.introduction.unwrap().class, DeviceClass::Watch);
        assert_eq!(arrival.records[0].as_ref().unwrap().end_ms, 60_000);
        let code = arrival.records[1].as_ref().unwrap_err().code;
        assert_eq!(code, RecordCode::BadSample);
    }

    #[test]
    fn every_fault_of_a_body_is_told() {
        let at = |pointer: &str, code| (pointer.to_owned(), code);
        let body = json!({"device_id": "watch", "class": "hat", "records": [], "record": 1});
        let faults = [
            at("/device_id", "range"),
            at("/class", "range"),
            at("/records", "range"),
            at("/record", "unknown_field"),
        ];
        assert_eq!(read_json(&body).unwrap_err(), faults);
        let many = json!({"device_id": "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11", "records": vec![json!({}); 501]});
        assert_eq!(read_json(&many).unwrap_err(), [at("/records", "range")]);
        let none = [at("/device_id", "bad_frame"), at("/records", "bad_frame")];
        assert_eq!(read_json(&json!({})).unwrap_err(), none);
    }
}
