//! Successful answers: one resource with its tag, what a PUT or POST left behind, a page of a list, nothing.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::{etag, problem::Answer};
use crate::{
    protocol::{
        body::Page,
        error_code::{Code, Refusal},
    },
    storage::IdempotencyRecord,
};

/// The JSON of a body.
pub(super) fn json(body: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(body).map_err(|error| {
        Refusal::new(
            Code::Internal,
            format!("the answer cannot be told: {error}"),
        )
    })
}

/// Answer to the GET of one resource; 304 where the client has it already.
pub(super) fn one(request: &HttpRequest, version: Option<u64>, body: &impl Serialize) -> Answer {
    let body = json(body)?;
    let tag = etag::tag(version, &body);
    if etag::is_known(request.headers(), &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .finish());
    }
    Ok(tagged(StatusCode::OK, tag, body))
}

/// Answer to a PUT.
pub(super) fn written(created: bool, version: Option<u64>, body: &impl Serialize) -> Answer {
    let status = if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let body = json(body)?;
    Ok(tagged(status, etag::tag(version, &body), body))
}

/// One page of a list.
pub(super) fn list<T: Serialize>(items: Vec<T>, next: Option<String>) -> Answer {
    plain(&Page { items, next })
}

/// An answer that is not one resource.
pub(super) fn plain(body: &impl Serialize) -> Answer {
    Ok(of_json(StatusCode::OK).body(json(body)?))
}

/// Answer to a DELETE.
pub(super) fn gone() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

/// Answer to a POST, the first time and every time after.
pub(super) fn recorded(record: IdempotencyRecord, replay: bool) -> HttpResponse {
    let status = StatusCode::from_u16(record.status).unwrap_or(StatusCode::OK);
    let mut response = of_json(status);
    if let Some(location) = record.location {
        response.insert_header((header::LOCATION, location));
    }
    if let Some(tag) = record.etag {
        response.insert_header((header::ETAG, tag));
    }
    if replay {
        response.insert_header(("Idempotent-Replay", "true"));
    }
    response.body(record.body)
}

fn tagged(status: StatusCode, tag: String, body: String) -> HttpResponse {
    of_json(status)
        .insert_header((header::ETAG, tag))
        .body(body)
}

fn of_json(status: StatusCode) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    response
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_resource_is_answered_with_its_tag_and_then_as_not_modified() {
        let request = TestRequest::default().to_http_request();
        let first = one(&request, Some(2), &[1]).unwrap();
        assert_eq!(first.status(), 200);
        let tag = first.headers().get(&header::ETAG).unwrap().clone();
        let again = TestRequest::default().insert_header((header::IF_NONE_MATCH, tag.clone()));
        let second = one(&again.to_http_request(), Some(2), &[1]).unwrap();
        assert_eq!(second.status(), 304);
        assert_eq!(second.headers().get(&header::ETAG).unwrap(), tag);
        let changed = one(&again_with(&tag), Some(2), &[2]).unwrap();
        assert_eq!(changed.status(), 200);
    }

    fn again_with(tag: &header::HeaderValue) -> HttpRequest {
        let request = TestRequest::default();
        request
            .insert_header((header::IF_NONE_MATCH, tag.clone()))
            .to_http_request()
    }

    #[test]
    fn a_replay_has_everything_of_the_first_answer_and_says_so() {
        let record = IdempotencyRecord {
            request_digest: [0; 32],
            status: 201,
            location: Some("/v1/challenges/1".into()),
            etag: Some("\"1-00\"".into()),
            body: "{}".into(),
            expires_ms: 0,
        };
        let (first, again) = (recorded(record.clone(), false), recorded(record, true));
        assert!(!first.headers().contains_key("Idempotent-Replay"));
        assert_eq!(again.headers().get("Idempotent-Replay").unwrap(), "true");
        for name in [header::LOCATION, header::ETAG, header::CONTENT_TYPE] {
            assert_eq!(
                first.headers().get(&name).unwrap(),
                again.headers().get(&name).unwrap()
            );
        }
        assert_eq!(
            (first.status(), again.status()),
            (StatusCode::CREATED, StatusCode::CREATED)
        );
    }
}
