//! Reads the body of a request: its media type, its size, and that it is JSON. What the JSON says is `fields`' to read.

use std::time::Duration;

use actix_web::{HttpMessage as _, HttpRequest, http::header, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde_json::{Map, Value};
use streakline_core::limits::BODY_BYTES_MAX;

use crate::protocol::error_code::{Code, Refusal};

/// How long a body may take: time enough for the largest over a bad line.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// A body, as it came and as JSON.
pub(super) struct Body {
    /// What the idempotency digest covers.
    pub(super) bytes: Bytes,
    /// What it says; an empty object where a body may be absent and is.
    pub(super) json: Value,
}

/// Reads a JSON body.
pub(super) async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Body, Refusal> {
    must_be_json(request)?;
    let bytes = collect(request, payload).await?;
    let json = parse(&bytes)?;
    Ok(Body { bytes, json })
}

/// Reads a body that may be absent.
pub(super) async fn read_optional(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Body, Refusal> {
    let bytes = collect(request, payload).await?;
    if bytes.is_empty() {
        return Ok(Body {
            bytes,
            json: Value::Object(Map::new()),
        });
    }
    must_be_json(request)?;
    let json = parse(&bytes)?;
    Ok(Body { bytes, json })
}

fn must_be_json(request: &HttpRequest) -> Result<(), Refusal> {
    let json = request
        .content_type()
        .eq_ignore_ascii_case("application/json");
    let encoded = request.headers().contains_key(header::CONTENT_ENCODING);
    let words = "send the body as application/json, without a content encoding";
    let plain = json && !encoded;
    plain
        .then_some(())
        .ok_or_else(|| Refusal::new(Code::UnsupportedMedia, words))
}

async fn collect(request: &HttpRequest, payload: web::Payload) -> Result<Bytes, Refusal> {
    let late = |_| {
        let words = "the body did not come in time";
        Err(Refusal::new(Code::BadFrame, words))
    };
    let arrived = tokio::time::timeout(BODY_WITHIN, arrive(request, payload)).await;
    arrived.unwrap_or_else(late)
}

async fn arrive(request: &HttpRequest, mut payload: web::Payload) -> Result<Bytes, Refusal> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    within_bound(announced.unwrap_or(0))?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let broken = |_| Refusal::new(Code::BadFrame, "the body ended too early");
        let chunk = chunk.map_err(broken)?;
        within_bound(bytes.len().saturating_add(chunk.len()))?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn within_bound(length: usize) -> Result<(), Refusal> {
    let words = || format!("a body has at most {BODY_BYTES_MAX} bytes");
    let fits = length <= BODY_BYTES_MAX;
    fits.then_some(())
        .ok_or_else(|| Refusal::new(Code::TooLarge, words()))
}

pub(super) fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(bytes)
        .map_err(|error| Refusal::new(Code::BadJson, format!("the body is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use actix_web::{FromRequest as _, test::TestRequest};

    use super::*;

    async fn read_as(media: &str, body: impl Into<Bytes>) -> Result<Value, Code> {
        let request = TestRequest::default().insert_header((header::CONTENT_TYPE, media));
        let (request, mut payload) = request.set_payload(body).to_http_parts();
        let payload = web::Payload::from_request(&request, &mut payload)
            .await
            .unwrap();
        read(&request, payload)
            .await
            .map(|body| body.json)
            .map_err(|refusal| refusal.code)
    }

    #[actix_web::test]
    async fn bodies_are_json_of_at_most_64_kib() {
        assert_eq!(
            read_as("application/json", "{}").await,
            Ok(serde_json::json!({}))
        );
        let media = "application/json; charset=utf-8";
        assert_eq!(read_as(media, "[]").await, Ok(serde_json::json!([])));
        assert_eq!(
            read_as("text/plain", "{}").await,
            Err(Code::UnsupportedMedia)
        );
        for bad in ["", "{", "{}x", "NaN", "\u{feff}{}"] {
            assert_eq!(
                read_as("application/json", bad).await,
                Err(Code::BadJson),
                "{bad}"
            );
        }
        let largest = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX - 2));
        assert!(read_as("application/json", largest.clone()).await.is_ok());
        let larger = format!("{largest} ");
        assert_eq!(
            read_as("application/json", larger).await,
            Err(Code::TooLarge)
        );
    }

    #[actix_web::test]
    async fn a_body_nested_too_deep_is_refused_and_not_followed() {
        let deep = "[".repeat(10_000);
        assert_eq!(read_as("application/json", deep).await, Err(Code::BadJson));
    }
}
