//! Log lines on stderr and the recorder behind `/metrics`.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

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
    let filter = EnvFilter::try_new(filter)?;
    // A line that cannot be written is let go: by default the reason is printed where the line could not be, and that panics.
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    // Only the first in a process can be installed, which is what is wanted.
    let _ = if json {
        lines.json().try_init()
    } else {
        lines.try_init()
    };
    Ok(())
}

/// The recorder of this process, and what renders it.
///
/// # Errors
/// When another recorder was installed before.
pub fn metrics() -> Result<PrometheusHandle, Error> {
    Ok(PrometheusBuilder::new().install_recorder()?)
}
