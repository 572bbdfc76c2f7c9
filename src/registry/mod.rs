//! The metrics that this server knows: the built-in ones, and those that its deployment adds (`metrics.file`). A number never
//! changes its meaning, so the registry is set once, before anything is served, and is the same for every thread.

mod file;

use std::{path::Path, sync::OnceLock};

use streakline_core::metric::Registry;

pub use file::Error;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// Every metric; the built-in ones where nothing was installed.
#[must_use]
pub fn metrics() -> &'static Registry {
    REGISTRY.get_or_init(Registry::built_in)
}

/// Adds the metrics of a file, before the first sample is read.
///
/// # Errors
/// When the file cannot be read or has faults, all of them at once, or when metrics are in use already.
pub fn install(path: &Path) -> Result<(), Error> {
    let registry = file::read(path)?;
    REGISTRY.set(registry).map_err(|_| Error::InUse)
}
