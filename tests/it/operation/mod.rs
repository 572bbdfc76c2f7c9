//! What an operator sees and sets: settings with their origin, log lines, metrics.

mod configuration;
mod cql;
mod docker;
mod load;
mod logs;
mod metrics;
mod moves;
pub(crate) mod stores;
