//! Headers that make browsers careful, on every answer of both doors, refusals and pages too.
//!
//! Which origins may call is `cors`'s. `run` wraps the whole application in it.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};

use super::Api;

/// What every answer says. Answers are data, never pages: nothing may be run, framed or guessed from them.
const ALWAYS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
];
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// The pages of Swagger UI run their own scripts, style themselves inline, and call this server.
const PAGES_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
/// A year, and names below this one are not spoken for.
const HSTS: &str = "max-age=31536000";

/// For `App::wrap(from_fn(secure))`, outermost.
///
/// # Errors
/// As the service inside.
pub async fn secure(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.path();
    let (page, public) = (is_page(path), is_public(path));
    let api = request.app_data::<Data<Api>>();
    let tls = api.is_some_and(|api| api.settings.is_tls);
    let mut response = next.call(request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        insert(response.headers_mut(), page, public, tls);
    }
    Ok(response)
}

fn insert(headers: &mut HeaderMap, page: bool, public: bool, tls: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = if page { PAGES_POLICY } else { DATA_POLICY };
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    let cache = if public { "no-cache" } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(HSTS),
        );
    }
}

fn is_page(path: &str) -> bool {
    path == "/docs" || path.starts_with("/docs/")
}

/// What is the same for everybody may be kept if it is asked for again; all else may be somebody's.
fn is_public(path: &str) -> bool {
    is_page(path) || path == "/v1/openapi.json"
}
