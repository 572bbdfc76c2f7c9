//! Problem details (RFC 9457): how a refusal is told over HTTP, all faults at once.
//!
//! Rendering only; `api` answers with it, and so does `gateway` before an upgrade.

use serde::Serialize;
use utoipa::ToSchema;

use super::error_code::{Code, Fault, Refusal};

/// Media type of a problem body.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:streakline:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:streakline:problem:invalid")]
    pub kind: String,
    /// The code in words, always the same for one code.
    #[schema(value_type = String, example = "Invalid request")]
    pub title: &'static str,
    /// HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable, meant for programs.
    #[schema(value_type = String, example = "invalid")]
    pub code: &'static str,
    /// This occurrence in words.
    #[schema(example = "2 faults")]
    pub detail: String,
    /// Finds the log line.
    pub request_id: String,
    /// Every fault of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<ProblemFault>,
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemFault {
    /// JSON pointer (RFC 6901) into the body, or `/query/...`, `/headers/...`.
    #[schema(example = "/window/ends")]
    pub pointer: String,
    /// Stable, meant for programs.
    #[schema(value_type = String, example = "before_start")]
    pub code: &'static str,
    /// In words.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "2016-04-01 is before 2016-04-13")]
    pub detail: String,
}

impl Problem {
    /// The problem that tells of a refusal.
    #[must_use]
    pub fn of(refusal: &Refusal, request_id: &str) -> Self {
        let code = shared_code(refusal);
        Self {
            kind: format!("urn:streakline:problem:{}", code.name()),
            title: code.title(),
            status: code.status(),
            code: code.name(),
            detail: refusal.detail.clone(),
            request_id: request_id.to_owned(),
            errors: refusal.faults.iter().map(ProblemFault::from).collect(),
        }
    }

    /// The body's JSON.
    #[must_use]
    pub fn json(&self) -> String {
        // Strings and numbers under fixed keys: there is no value here that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<&Fault> for ProblemFault {
    fn from(fault: &Fault) -> Self {
        Self {
            pointer: fault.pointer.clone(),
            code: fault.code,
            detail: fault.detail.clone(),
        }
    }
}

/// An invalid request is told by the code that all its faults share, where the table has that code for a request.
fn shared_code(refusal: &Refusal) -> Code {
    let mut codes = refusal.faults.iter().map(|fault| fault.code);
    let (Code::Invalid, Some(first)) = (refusal.code, codes.next()) else {
        return refusal.code;
    };
    let shared = Code::parse(first).filter(|code| code.status() == Code::Invalid.status());
    match shared {
        Some(code) if codes.all(|other| other == first) => code,
        _ => refusal.code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(pointer: &str, code: &'static str) -> Fault {
        Fault {
            pointer: pointer.into(),
            code,
            detail: String::new(),
        }
    }

    #[test]
    fn every_fault_is_listed_with_its_place() {
        let late = Fault {
            detail: "2016-04-01 is before 2016-04-13".into(),
            ..fault("/window/ends", "before_start")
        };
        let refusal = Refusal::invalid(vec![late, fault("/rewards/0", "unknown_field")]);
        let wanted = serde_json::json!({
            "type": "urn:streakline:problem:invalid", "title": "Invalid request", "status": 422,
            "code": "invalid", "detail": "2 faults", "request_id": "01J",
            "errors": [
                {"pointer": "/window/ends", "code": "before_start",
                 "detail": "2016-04-01 is before 2016-04-13"},
                {"pointer": "/rewards/0", "code": "unknown_field"}
            ]
        });
        let json = Problem::of(&refusal, "01J").json();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap(),
            wanted
        );
    }

    #[test]
    fn faults_of_one_code_give_the_problem_that_code() {
        let both = vec![fault("/a", "unknown_field"), fault("/b", "unknown_field")];
        assert_eq!(
            Problem::of(&Refusal::invalid(both), "").code,
            "unknown_field"
        );
        let mixed = vec![fault("/a", "unknown_field"), fault("/zone", "unknown_zone")];
        assert_eq!(Problem::of(&Refusal::invalid(mixed), "").code, "invalid");
        let own = vec![
            fault("/query/limit", "limit"),
            fault("/query/limit", "limit"),
        ];
        assert_eq!(Problem::of(&Refusal::invalid(own), "").code, "invalid");
    }
}
