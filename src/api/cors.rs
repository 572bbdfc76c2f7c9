//! Which web pages may call: the configured origins, and the server's own pages.
//!
//! A request without an `Origin` comes from no web page and is nobody's business here. Upgrades are the stream's to check.

use actix_cors::Cors;
use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web,
};

use super::{Api, problem::Problem};
use crate::protocol::error_code::{Code, Refusal};

/// How long a browser may keep a preflight's answer, in seconds.
const PREFLIGHT_MAX_AGE_S: usize = 3_600;

/// For `App::wrap`, inside of `observe`: answers preflights and tells browsers what their pages may read.
pub fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allow_any_method()
        .allow_any_header()
        .expose_headers(EXPOSED)
        .max_age(PREFLIGHT_MAX_AGE_S)
        .block_on_origin_mismatch(false);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}

const EXPOSED: [HeaderName; 6] = [
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("idempotent-replay"),
];

/// For `App::wrap(actix_web::middleware::from_fn(check_origin))`, between `observe` and `cors`: refuses the pages of
/// other origins.
pub async fn check_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let upgrade = request.headers().contains_key(header::UPGRADE);
    let api = request.app_data::<web::Data<Api>>();
    let origins = api.map_or(&[][..], |api| &api.settings.cors_origins);
    if upgrade || may_call(request.headers(), origins) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let words =
        "pages of this origin may not call; the setting for CORS origins lists those that may";
    let problem = Problem::from(Refusal::new(Code::OriginRefused, words));
    Ok(request.error_response(problem).map_into_boxed_body())
}

fn may_call(headers: &HeaderMap, origins: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).map(HeaderValue::as_bytes) else {
        return true;
    };
    origins.iter().any(|allowed| allowed.as_bytes() == origin) || is_own(origin, headers)
}

/// Whether a page came from this server, whatever name it was asked by.
fn is_own(origin: &[u8], headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let plain = origin
        .strip_prefix(b"http://")
        .or_else(|| origin.strip_prefix(b"https://"));
    plain.is_some() && plain == host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(origin: Option<&'static str>, origins: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
        may_call(&headers, &origins)
    }

    #[test]
    fn pages_may_call_from_listed_origins_and_from_the_server_itself() {
        assert!(asked(None, &[]));
        assert!(asked(Some("http://127.0.0.1:8080"), &[]));
        assert!(asked(Some("https://app.example"), &["https://app.example"]));
        for other in [
            "https://app.example.evil",
            "null",
            "http://127.0.0.1:8081",
            "127.0.0.1:8080",
        ] {
            assert!(!asked(Some(other), &["https://app.example"]), "{other}");
        }
    }
}
