//! What is open to everybody who reaches the address: whether the server lives, whether it is ready, its metrics, and the
//! description of this API.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, answer, openapi, problem::Answer};
use crate::protocol::error_code::{Code, Refusal};
use crate::telemetry::machine;

/// The media type of the Prometheus text format.
const METRICS_MEDIA: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A good state.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `alive` or `ready`.
    #[schema(value_type = String, example = "ready")]
    status: &'static str,
}

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", tag = "operation", operation_id = "read_health",
    responses((status = 200, description = "It does", body = inline(Health))))]
pub(super) async fn alive() -> Answer {
    answer::plain(&Health { status: "alive" })
}

/// Whether the server is ready for requests
#[utoipa::path(get, path = "/readyz", tag = "operation", operation_id = "read_readiness",
    responses(
        (status = 200, description = "It is", body = inline(Health)),
        (status = 503, description = "Which part is not, and how",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn ready(api: web::Data<Api>) -> Answer {
    match api.directory.unready() {
        None => answer::plain(&Health { status: "ready" }),
        Some(part) => Err(Refusal::new(Code::StoreUnavailable, part).into()),
    }
}

/// Metrics for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "operation", operation_id = "read_metrics",
    responses((status = 200, description = "The metrics", body = String,
        content_type = "text/plain")))]
pub(super) async fn metrics(api: web::Data<Api>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(METRICS_MEDIA)
        .body(api.metrics.render() + &machine::render())
}

/// This document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "operation", operation_id = "read_openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(openapi::JSON.as_str())
}
