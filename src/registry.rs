//! The metrics that this server knows: the built-in ones, and those that its deployment adds (`metrics.file`). A number never
//! changes its meaning, so the registry is set once, before anything is served, and is the same for every thread.

use std::sync::OnceLock;

use streakline_core::metric::Registry;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// Every metric; the built-in ones where nothing was installed.
#[must_use]
pub fn metrics() -> &'static Registry {
    REGISTRY.get_or_init(Registry::built_in)
}
