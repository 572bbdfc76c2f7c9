//! Refusals as HTTP answers: problem details with their headers, whatever part of the server refused.
//!
//! A handler answers `Err(Problem)`; [`complete`] then gives the answer its request id. It also turns answers of the
//! framework itself (a 405, a fault of CORS) into problems, so that no client ever parses plain text.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    body::{BoxBody, MessageBody as _},
    dev::{ResponseHead, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};

use crate::{
    auth::Refused,
    protocol::{
        error_code::{Code, Refusal},
        problem::{CONTENT_TYPE, Problem as Body},
    },
};

/// What a handler answers.
pub(super) type Answer = Result<HttpResponse, Problem>;

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct Problem(Refused);

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.into())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self(refused)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.refusal.fmt(f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        status_of(Body::of(&self.0.refusal, "").status)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type(CONTENT_TYPE);
        if let Some(challenge) = authenticate_challenge(self.0.refusal.code) {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        let own = self.0.retry_after_s;
        if let Some(seconds) = own.or_else(|| retry_after_s(self.0.refusal.code)) {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        response.body(Body::of(&self.0.refusal, "").json())
    }
}

/// What a 401 says of how to authenticate (RFC 6750).
fn authenticate_challenge(code: Code) -> Option<&'static str> {
    match code {
        Code::Unauthenticated => Some("Bearer realm=\"streakline\""),
        Code::TokenExpired => Some(
            "Bearer realm=\"streakline\", error=\"invalid_token\", error_description=\"expired\"",
        ),
        _ => None,
    }
}

fn retry_after_s(code: Code) -> Option<u64> {
    match code {
        Code::InProgress | Code::RateLimited | Code::Overloaded => Some(1),
        Code::Draining | Code::StoreUnavailable => Some(5),
        _ => None,
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The answer with its request id in the problem, and as a problem if it was a refusal in another form.
pub(super) fn complete(
    response: ServiceResponse<BoxBody>,
    request_id: &str,
) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = response.response().error();
    let body = match error.and_then(|error| error.as_error::<Problem>()) {
        Some(problem) => Body::of(&problem.0.refusal, request_id),
        None if is_json(response.response().head()) => return response,
        None => of_status(status, request_id),
    };
    response.map_body(|head, _| {
        let media = HeaderValue::from_static(CONTENT_TYPE);
        head.headers_mut().insert(header::CONTENT_TYPE, media);
        body.json().boxed()
    })
}

/// Whether the answer was already made for programs: a problem of the gateway, a body of a resource.
fn is_json(head: &ResponseHead) -> bool {
    let media = head.headers().get(header::CONTENT_TYPE);
    media.is_some_and(|media| {
        media.as_bytes().starts_with(b"application/json")
            || media.as_bytes().starts_with(CONTENT_TYPE.as_bytes())
    })
}

/// The problem of an answer that only has a status.
fn of_status(status: StatusCode, request_id: &str) -> Body {
    let code = match status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::Forbidden,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMedia,
        StatusCode::SERVICE_UNAVAILABLE => Code::Overloaded,
        other if other.is_server_error() => Code::Internal,
        _ => Code::BadFrame,
    };
    let words = status
        .canonical_reason()
        .unwrap_or("refused")
        .to_lowercase();
    let refusal = Refusal::new(code, words);
    let mut body = Body::of(&refusal, request_id);
    body.status = status.as_u16();
    if status == StatusCode::METHOD_NOT_ALLOWED {
        "urn:streakline:problem:method_not_allowed".clone_into(&mut body.kind);
        body.code = "method_not_allowed";
        body.title = "Method not allowed";
        "the Allow header lists the methods of this resource".clone_into(&mut body.detail);
    }
    body
}

/// The answer to a path that nothing is registered for.
pub(super) async fn no_such_route() -> Answer {
    Err(Refusal::new(Code::NotFound, "no such route; /v1/openapi.json lists them").into())
}

#[cfg(test)]
mod tests {
    use actix_web::{body::to_bytes, test::TestRequest};
    use serde_json::Value;

    use super::*;
    use crate::protocol::error_code::Fault;

    async fn completed(response: HttpResponse) -> (ServiceResponse<BoxBody>, Value) {
        let request = TestRequest::default().to_http_request();
        let response = complete(ServiceResponse::new(request.clone(), response), "req-1");
        let (parts, body) = response.into_parts().1.into_parts();
        let bytes = to_bytes(body).await.unwrap();
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (
            ServiceResponse::new(request, parts.set_body(BoxBody::new(()))),
            value,
        )
    }

    #[actix_web::test]
    async fn a_refusal_tells_its_code_its_request_and_all_faults() {
        let fault = |pointer: &str| Fault {
            pointer: pointer.into(),
            code: "unknown_field",
            detail: "no such member".into(),
        };
        let refusal = Refusal::invalid(vec![fault("/a"), fault("/b")]);
        let response = HttpResponse::from_error(actix_web::Error::from(Problem::from(refusal)));
        let (response, body) = completed(response).await;
        assert_eq!(response.status(), 422);
        assert_eq!(
            response.headers().get(&header::CONTENT_TYPE).unwrap(),
            CONTENT_TYPE
        );
        assert_eq!(body["code"], "unknown_field");
        assert_eq!(body["request_id"], "req-1");
        assert_eq!(body["detail"], "2 faults");
        assert_eq!(body["errors"][1]["pointer"], "/b");
    }

    #[actix_web::test]
    async fn an_expired_token_is_told_how_to_authenticate() {
        let refusal = Refusal::new(Code::TokenExpired, "expired");
        let response = HttpResponse::from_error(actix_web::Error::from(Problem::from(refusal)));
        let (response, _) = completed(response).await;
        let challenge = response
            .headers()
            .get(&header::WWW_AUTHENTICATE)
            .unwrap()
            .to_str()
            .unwrap();
        assert!(challenge.contains("invalid_token"), "{challenge}");
    }

    #[actix_web::test]
    async fn plain_text_of_the_framework_becomes_a_problem() {
        let (_, body) = completed(HttpResponse::BadRequest().body("some words")).await;
        assert_eq!(body["code"], "bad_frame");
        let (response, body) = completed(HttpResponse::MethodNotAllowed().finish()).await;
        assert_eq!(response.status(), 405);
        assert_eq!(body["status"], 405);
        assert_eq!(body["code"], "method_not_allowed");
    }

    #[actix_web::test]
    async fn answers_that_are_no_refusals_stay_as_they_are() {
        let (_, body) = completed(HttpResponse::Ok().json([1, 2])).await;
        assert_eq!(body, serde_json::json!([1, 2]));
    }
}
