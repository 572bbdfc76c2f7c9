//! Around every request: its id, one log line, its metrics, and headers that every answer has.
//!
//! The log line names the route, not the path, and no token; what people measured is never in it.

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
};
use uuid::Uuid;

use super::problem;
use crate::{clock, entropy};

/// Echoed, or made where the client sent none.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ids of clients are replaced.
const REQUEST_ID_CHARS_MAX: usize = 128;

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
    let started_ms = clock::monotonic_ms();
    let id = identify(request.headers_mut());
    let response = next.call(request).await?.map_into_boxed_body();
    let mut response = problem::complete(response, id.to_str().unwrap_or_default());
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(REQUEST_ID, id);
    record(&response, clock::monotonic_ms().saturating_sub(started_ms));
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

fn record(response: &ServiceResponse<BoxBody>, duration_ms: u64) {
    let request = response.request();
    let route = request
        .match_pattern()
        .unwrap_or_else(|| "unknown".to_owned());
    let status = response.status().as_u16();
    let id = request_id(request.headers());
    tracing::info!(request_id = id, method = %request.method(), route, status, duration_ms, "request");
    // Methods that a client makes up must not become labels.
    let method = match request.method().as_str() {
        known @ ("GET" | "PUT" | "POST" | "DELETE" | "OPTIONS" | "HEAD") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let labels = [
        ("method", method),
        ("route", route),
        ("status", status.to_string()),
    ];
    metrics::counter!("streakline_http_requests_total", &labels).increment(1);
    let seconds = std::time::Duration::from_millis(duration_ms).as_secs_f64();
    metrics::histogram!("streakline_http_request_seconds", &labels[..2]).record(seconds);
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
