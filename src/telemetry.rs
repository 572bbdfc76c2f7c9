//! Log lines on stderr and the recorder behind `/metrics`.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, Targets},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Whose lines may be as verbose as the operator wants: they name no token and no health value, which a test checks. What other
/// crates trace may hold whole requests, with their credentials.
const OWN_TARGETS: [&str; 2] = ["streakline", "streakline_core"];

/// Why lines or numbers cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The setting `log` has the wrong form.
    #[error("setting log: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Another recorder was installed before.
    #[error("metrics: {0}")]
    Recorder(#[from] metrics_exporter_prometheus::BuildError),
}

/// Starts logging; a second call in one process changes nothing.
///
/// # Errors
/// When the filter has the wrong form.
pub fn log(filter: &str, json: bool) -> Result<(), Error> {
    let own = OWN_TARGETS.map(|target| (target, LevelFilter::TRACE));
    let cap = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(own);
    let filter = EnvFilter::try_new(filter)?.and(cap);
    // A line that cannot be written is let go: by default the reason is printed where the line could not be, and that panics.
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let lines = if json {
        lines.json().boxed()
    } else {
        lines.boxed()
    };
    let lines = tracing_subscriber::registry().with(lines.with_filter(filter));
    // Only the first in a process can be installed, which is what is wanted.
    let _ = lines.try_init();
    Ok(())
}

/// The recorder of this process, and what renders it.
///
/// # Errors
/// When another recorder was installed before.
pub fn metrics() -> Result<PrometheusHandle, Error> {
    Ok(PrometheusBuilder::new().install_recorder()?)
}
