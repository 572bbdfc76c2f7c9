//! Around every request: its id, one log line, its metrics, and headers that every answer has.
//!
//! The log line names the route, not the path, and no token; what people measured is never in it.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
};
use uuid::Uuid;

use super::problem;
use crate::{
    clock, entropy,
    telemetry::{PrincipalKind, series},
};

/// Echoed, or made where the client sent none.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ids of clients are replaced.
const REQUEST_ID_CHARS_MAX: usize = 128;

/// The status of a request whose client went before it was answered, in the log and on `/metrics`; nobody is sent it.
const ABANDONED: u16 = 499;

/// The id of a request that went through [`observe`].
pub(super) fn request_id(headers: &HeaderMap) -> &str {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// For `App::wrap(actix_web::middleware::from_fn(observe))`, outermost.
pub async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = identify(request.headers_mut());
    let line = Line::of(request.request());
    let response = next.call(request).await?.map_into_boxed_body();
    let mut response = problem::complete(response, id.to_str().unwrap_or_default());
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(REQUEST_ID, id);
    line.end(&response);
    Ok(response)
}

/// Makes sure that the request has exactly one id, of printable characters and bounded.
fn identify(headers: &mut HeaderMap) -> HeaderValue {
    let sent = headers.get(REQUEST_ID).filter(|value| {
        let bytes = value.as_bytes();
        let fits = (1..=REQUEST_ID_CHARS_MAX).contains(&bytes.len());
        fits && bytes.iter().all(u8::is_ascii_graphic)
    });
    let id = sent
        .cloned()
        .or_else(|| HeaderValue::from_str(&made()).ok());
    let id = id.unwrap_or_else(|| HeaderValue::from_static("none"));
    headers.insert(REQUEST_ID, id.clone());
    id
}

fn made() -> String {
    Uuid::from_bytes(entropy::uuid_v7(clock::unix_ms())).to_string()
}

/// What the log says of a request. It is said once, also of a request whose client goes before it is answered.
struct Line {
    request_id: String,
    method: &'static str,
    route: String,
    bytes_in: u64,
    begun: Duration,
    said: bool,
}

/// How a request ended.
struct End {
    status: u16,
    principal: &'static str,
    bytes_out: u64,
}

impl Line {
    fn of(request: &HttpRequest) -> Self {
        let headers = request.headers();
        let length = headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|bytes| bytes.to_str().ok()?.parse().ok());
        // Neither a method nor a path that a client makes up may become a label.
        let methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD"];
        let known = |method: &&str| *method == request.method().as_str();
        let route = request.match_pattern();
        Self {
            request_id: request_id(headers).to_owned(),
            method: methods.into_iter().find(known).unwrap_or("other"),
            route: route.unwrap_or_else(|| "unknown".to_owned()),
            bytes_in: length.unwrap_or(0),
            begun: clock::monotonic(),
            said: false,
        }
    }

    fn end(mut self, response: &ServiceResponse<BoxBody>) {
        let extensions = response.request().extensions();
        self.say(&End {
            status: response.status().as_u16(),
            principal: extensions.get().map_or("none", |PrincipalKind(kind)| *kind),
            bytes_out: match response.response().body().size() {
                BodySize::Sized(bytes) => bytes,
                BodySize::None | BodySize::Stream => 0,
            },
        });
    }

    fn say(&mut self, end: &End) {
        self.said = true;
        let taken = clock::monotonic().saturating_sub(self.begun);
        tracing::info!(
            request_id = self.request_id,
            method = self.method,
            route = self.route,
            status = end.status,
            principal = end.principal,
            duration_ms = taken.as_millis() as u64,
            bytes_in = self.bytes_in,
            bytes_out = end.bytes_out,
            "request"
        );
        if end.status == 500 {
            let (request_id, method, route) = (&self.request_id, self.method, &self.route);
            tracing::error!(request_id, method, route, "a request failed");
        }
        let labels = [
            ("method", self.method.to_owned()),
            ("route", self.route.clone()),
            ("status", end.status.to_string()),
        ];
        metrics::counter!(series::HTTP_REQUESTS, &labels).increment(1);
        let seconds = metrics::histogram!(series::HTTP_REQUEST_SECONDS, &labels[..2]);
        seconds.record(taken.as_secs_f64());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.said {
            self.say(&End {
                status: ABANDONED,
                principal: "none",
                bytes_out: 0,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identified(sent: Option<&[u8]>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(sent) = sent {
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(sent).unwrap());
        }
        let id = identify(&mut headers);
        assert_eq!(
            headers.get(REQUEST_ID),
            Some(&id),
            "handlers read it from the request"
        );
        id.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_request_keeps_its_id_if_it_is_short_and_printable() {
        assert_eq!(identified(Some(b"01J-abc")), "01J-abc");
        for bad in [&b""[..], b"two words", &[b'x'; 129], "ä".as_bytes()] {
            let made = identified(Some(bad));
            assert!(Uuid::parse_str(&made).is_ok(), "{made}");
        }
        assert_ne!(identified(None), identified(None));
    }
}
