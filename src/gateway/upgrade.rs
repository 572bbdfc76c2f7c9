//! The upgrade of an HTTP request to a stream; whatever is wrong is told as problem details (protocol.md 2).
//!
//! The order of checks: draining, origin, subprotocol, credentials, the handshake itself.

use std::{net::IpAddr, sync::Arc};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Payload},
};

use super::{
    Gateway,
    addresses::{Kind, Place},
    auth,
    auth::Bearer,
    session::{self, Session},
};
use crate::{
    auth::Refused,
    clock,
    protocol::{
        error_code::{Code, Refusal},
        problem::{self, Problem},
    },
};

const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_CHARS_MAX: usize = 128;

/// `GET /v1/stream`.
pub(super) async fn open_stream(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    let request_id = request_id(&request);
    match upgrade(&request, payload, gateway.get_ref(), request_id.as_deref()) {
        Ok(response) => response,
        Err(refused) => respond(&refused, request_id.as_deref().unwrap_or_default()),
    }
}

fn respond(refused: &Refused, request_id: &str) -> HttpResponse {
    let problem = Problem::of(&refused.refusal, request_id);
    let status = StatusCode::from_u16(problem.status);
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    response.content_type(problem::CONTENT_TYPE);
    if !request_id.is_empty() {
        response.insert_header((REQUEST_ID, request_id));
    }
    if let Some(retry_after_s) = refused.retry_after_s {
        response.insert_header((header::RETRY_AFTER, retry_after_s.to_string()));
    }
    if problem.status == 401 {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.body(problem.json())
}

fn upgrade(
    request: &HttpRequest,
    payload: Payload,
    gateway: &Gateway,
    request_id: Option<&str>,
) -> Result<HttpResponse, Refused> {
    if gateway.is_draining() {
        let refusal = Refusal::new(Code::Draining, "the server is going down");
        return Err(wait(refusal, gateway.settings.retry_after_ms));
    }
    auth::check_origin(request.headers(), &gateway.settings.origins)?;
    let form = auth::form(request.headers())?;
    let address = request.peer_addr().map(|peer| peer.ip());
    let bearer = authenticate(request, gateway, address)?;
    request.extensions_mut().insert(bearer.kind());
    let max = gateway.settings.connections_per_address;
    let place = gateway.addresses.take_place(Kind::Stream, address, max);
    let session = Session::new(
        gateway.clone(),
        (form, bearer),
        request_id.map(str::to_owned),
        (place, request.conn_data::<Arc<Place>>().cloned()),
    );
    session::start(session, request, payload).map_err(|detail| {
        let detail = format!("not a WebSocket upgrade: {detail}");
        Refused::from(Refusal::new(Code::BadFrame, detail))
    })
}

fn authenticate(
    request: &HttpRequest,
    gateway: &Gateway,
    address: Option<IpAddr>,
) -> Result<Bearer, Refused> {
    let check = || {
        let token = auth::token(request.headers())?;
        let (claims, key) = gateway.doors.verify(token).map_err(auth::refuse_token)?;
        Bearer::of(&claims, key)
    };
    gateway
        .failures
        .check(address, clock::monotonic_ms(), check)
}

fn wait(refusal: Refusal, wait_ms: u64) -> Refused {
    Refused {
        refusal,
        retry_after_s: Some(wait_ms.div_ceil(1_000)),
    }
}

/// The caller's name for this request, where it has a usable one.
fn request_id(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let usable = (1..=REQUEST_ID_CHARS_MAX).contains(&text.len());
    usable.then(|| text.to_owned())
}
