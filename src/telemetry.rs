//! Log lines on stderr and the recorder behind `/metrics`.

use anyhow::{Context as _, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging; a second call in one process changes nothing.
///
/// # Errors
/// When the filter has the wrong form.
pub fn log(filter: &str, json: bool) -> Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("setting log: {filter:?}"))?;
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
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
pub fn metrics() -> Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .install_recorder()
        .context("metrics")
}
