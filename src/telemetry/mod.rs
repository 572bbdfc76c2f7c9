//! What operators see: log lines on stderr, and the recorder behind `/metrics`.
//!
//! Which numbers there are is `series.rs`; who may write how many lines is `bound.rs`; what the machine says of this process is
//! `machine.rs`. Nothing here knows users, challenges or requests.

mod bound;
mod catalogue;
pub mod machine;
pub mod series;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::Location;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::Targets, fmt, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

pub use bound::report_suppressed;

/// Whose lines may be as verbose as the operator wants: they name no token and no health value, which tests check. What other
/// crates trace may hold whole requests, with their credentials.
const OWN_TARGETS: [&str; 2] = ["streakline", "streakline_core"];

/// Why lines or numbers cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The setting `log` has the wrong form.
    #[error("setting log: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The recorder cannot be made, or another was installed before.
    #[error("metrics: {0}")]
    Recorder(#[from] metrics_exporter_prometheus::BuildError),
}

/// Which lines are written, and how.
#[derive(Clone, Debug)]
pub struct Log<'a> {
    /// A level, or a filter such as `info,streakline::gateway=debug`.
    pub filter: &'a str,
    /// As JSON, one object a line; otherwise as text.
    pub json: bool,
    /// Lines of one kind per second; warnings and errors have a lower bound of their own.
    pub lines_per_s: u32,
}

/// The kind of whoever a request is from, as its log line says it: `user`, `admin` or `admin-key`. The doors leave it with
/// the request once it is authenticated.
#[derive(Clone, Copy, Debug)]
pub struct PrincipalKind(pub &'static str);

/// Starts logging; a second call in one process changes nothing.
///
/// # Errors
/// When the filter has the wrong form.
pub fn log(log: &Log<'_>) -> Result<(), Error> {
    let own = OWN_TARGETS.map(|target| (target, LevelFilter::TRACE));
    let cap = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(own);
    let wanted = EnvFilter::try_new(log.filter)?;
    // A line that cannot be written is let go: by default the reason is printed where the line could not be, and that panics.
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let lines = if log.json {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.with_ansi(false).boxed()
    };
    let bound = bound::Bounded::new(log.lines_per_s);
    let lines = tracing_subscriber::registry().with(lines);
    let lines = lines.with(wanted).with(cap).with(bound);
    // Only the first in a process can be installed, which is what is wanted.
    if lines.try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| tell_panic(panic.location())));
    }
    Ok(())
}

/// A panic as a line of the log like any other. Its message is left out: it may hold what was measured.
fn tell_panic(location: Option<&Location<'_>>) {
    let location = location.map(Location::to_string).unwrap_or_default();
    // Captured where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => tracing::error!(location, %backtrace, "a thread panicked"),
        _ => tracing::error!(location, "a thread panicked"),
    }
}

/// The recorder of this process with every series of the catalogue described, and what renders it.
///
/// # Errors
/// When another recorder was installed before.
pub fn metrics() -> Result<PrometheusHandle, Error> {
    let mut builder = PrometheusBuilder::new();
    for series in series::ALL {
        if let Some(buckets) = series.buckets {
            let name = Matcher::Full(series.name.to_owned());
            builder = builder.set_buckets_for_metric(name, buckets)?;
        }
    }
    let handle = builder.install_recorder()?;
    for series in series::ALL {
        series.describe();
    }
    Ok(handle)
}
