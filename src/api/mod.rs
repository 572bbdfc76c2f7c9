//! The REST door: one file a resource (protocol.md 7), and around them who asks, what a request may look like, and how an
//! answer is told.
//!
//! Nothing is decided here about users and challenges: every handler asks the [`Directory`]. `lib.rs` puts it together:
//!
//! ```ignore
//! App::new()
//!     .app_data(web::Data::from(api))
//!     .wrap(api::cors(&origins))
//!     .wrap(from_fn(api::check_origin))
//!     .wrap(from_fn(api::observe))
//!     .wrap(from_fn(api::secure))
//!     .configure(api::routes)
//! ```

mod adjustments;
mod answer;
mod ask;
mod attributes;
mod auth;
mod balance;
mod boards;
mod body;
mod campaigns;
mod challenge_body;
mod challenges;
mod checkpoint;
mod clock;
mod cors;
mod cycles;
mod days;
mod device_keys;
mod devices;
mod enrolments;
mod erasure;
mod etag;
mod events;
mod explain;
mod export;
mod fault;
mod fields;
#[cfg(feature = "fault-injection")]
#[doc(hidden)]
pub mod fuzzing;
mod goal_body;
mod goals;
mod headers;
mod health;
mod idempotency;
mod import;
mod instruments;
mod ledger;
mod me;
mod minutes;
pub mod openapi;
mod page;
mod pauses;
mod problem;
mod query;
mod request_log;
mod rest_days;
mod simulation;
mod streak_body;
mod streaks;
mod stuck;
mod templates;
mod users;
mod verdicts;

use std::sync::Arc;

use actix_web::web;
use metrics_exporter_prometheus::PrometheusHandle;
use streakline_core::zone::Zones;

pub use cors::{check_origin, cors};
pub use headers::secure;
pub use request_log::observe;

use crate::{actors::directory::Directory, auth::Credentials};

/// What an operator may set about this door.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Origins whose pages may call, such as `https://app.example`.
    pub cors_origins: Vec<String>,
    /// Whether connections are encrypted.
    pub is_tls: bool,
}

/// What handlers need; one for the whole server.
pub struct Api {
    directory: Directory,
    credentials: Credentials,
    zones: Arc<dyn Zones + Send + Sync>,
    metrics: PrometheusHandle,
    settings: Settings,
    cursors: page::Cursors,
    running: idempotency::Running,
}

impl Api {
    /// The door to `directory`.
    #[must_use]
    pub fn new(
        directory: Directory,
        credentials: Credentials,
        zones: Arc<dyn Zones + Send + Sync>,
        metrics: PrometheusHandle,
        settings: Settings,
    ) -> Self {
        let cursors = page::Cursors::new(credentials.keys.ring().admin_key());
        let running = idempotency::Running::default();
        Self {
            directory,
            credentials,
            zones,
            metrics,
            settings,
            cursors,
            running,
        }
    }
}

/// Registers every route, and an answer for the paths that are none.
pub fn routes(config: &mut web::ServiceConfig) {
    openapi::register(config);
    config.default_service(web::to(problem::no_such_route));
}

#[cfg(test)]
mod tests;
