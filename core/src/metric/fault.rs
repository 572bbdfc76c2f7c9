//! What can be wrong with a metric that a deployment adds, in words for the operator who wrote it.

use alloc::{string::String, vec::Vec};

use super::{Class, Definition, Metric, Registry};
use crate::limits;

/// One fault of one entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The number belongs to the built-in metrics.
    #[error("metric {0}: numbers below {1} are built in")]
    Number(String, u16),
    /// Two entries have the number or the name.
    #[error("metric {0}: its number or its name is taken")]
    Taken(String),
    /// The name has other characters than `[a-z0-9_]`, or none, or too many.
    #[error("metric {0:?}: a name has 1 to 64 of a-z, 0-9 and _")]
    Name(String),
    /// A reading of a gauge is kept in 32 bits.
    #[error("metric {0}: values of a gauge must stay within 32 bits of its store unit")]
    Gauge(String),
    /// An episode has no unit and no range; everything else has both.
    #[error("metric {0}: store_per_unit must be above 0, and its range must not be empty")]
    Scale(String),
}

impl Registry {
    /// Everything that is wrong with an entry beside those that are there.
    pub(super) fn faults(&self, entry: &Definition) -> Vec<Fault> {
        let name = || entry.name.clone();
        let mut faults = Vec::new();
        if entry.metric < Metric::OWN_FIRST {
            faults.push(Fault::Number(name(), Metric::OWN_FIRST.0));
        }
        if self.get(entry.metric).is_some() || self.named(&entry.name).is_some() {
            faults.push(Fault::Taken(name()));
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let fits = (1..=limits::NAME_CHARS_MAX).contains(&entry.name.len());
        if !fits || !entry.name.chars().all(allowed) {
            faults.push(Fault::Name(name()));
        }
        let (low, high) = entry.range;
        if entry.class != Class::Episode && (entry.store_per_unit == 0 || low > high) {
            faults.push(Fault::Scale(name()));
        }
        let fits = |value: i64| i32::try_from(value).is_ok();
        if entry.class == Class::Gauge && !(fits(low) && fits(high)) {
            faults.push(Fault::Gauge(name()));
        }
        faults
    }
}
