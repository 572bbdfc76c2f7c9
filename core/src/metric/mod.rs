//! Metrics: what can be measured, as a registry of numbered entries (domain.md 1.1). The built-in ones are in `catalogue`; a
//! deployment adds its own as data.
//!
//! The state and the journal keep the number alone. Names, units and ranges are needed where a sample is parsed and where a
//! view is told.

mod catalogue;
mod fault;
pub mod unit;

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use minicbor::{Decode, Encode};

pub use fault::Fault;

/// A metric by its number, because the journal keeps the number. Numbers below [`Metric::OWN_FIRST`] are built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Metric(#[n(0)] pub u16);

/// How amounts of a metric come, and what may be made of them (domain.md 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Class {
    /// An amount spread over an interval; amounts add up.
    #[n(0)]
    Delta,
    /// Readings of a counter; the amounts are what lies between them.
    #[n(1)]
    Cumulative,
    /// A value at an instant; never summed.
    #[n(2)]
    Gauge,
    /// An interval with typed segments inside.
    #[n(3)]
    Episode,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Delta, Self::Cumulative, Self::Gauge, Self::Episode];

    /// The class of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delta => "delta",
            Self::Cumulative => "cumulative",
            Self::Gauge => "gauge",
            Self::Episode => "episode",
        }
    }
}

/// One entry of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its number, for ever.
    pub metric: Metric,
    /// Its name on the wire, 1 to 64 of `[a-z0-9_]`.
    pub name: String,
    /// How its amounts come.
    pub class: Class,
    /// Its unit on the wire (UCUM); empty for episodes.
    pub unit: String,
    /// Store units in one unit: 1,000 for a metric in km that is kept in m.
    pub store_per_unit: u32,
    /// Smallest and largest value of one sample, in store units.
    pub range: (i64, i64),
}

impl Definition {
    /// Whether amounts of it add up, so that goals and scores can count it.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        matches!(self.class, Class::Delta | Class::Cumulative)
    }

    /// A value in the metric's unit, to at most three digits behind the point.
    #[must_use]
    pub fn shown(&self, value: i64) -> String {
        decimals(self.thousandths(value))
    }

    /// The same as a number of thousandths, rounded down.
    #[must_use]
    pub fn thousandths(&self, value: i64) -> i128 {
        let per_unit = i128::from(self.store_per_unit.max(1));
        i128::from(value).saturating_mul(1_000).div_euclid(per_unit)
    }

    /// The mean of readings in thousandths of the metric's unit, rounded down; `None` without any.
    #[must_use]
    pub fn mean_thousandths(&self, sum: i64, count: u64) -> Option<i128> {
        let all = i128::from(count).saturating_mul(i128::from(self.store_per_unit.max(1)));
        let sum = i128::from(sum).saturating_mul(1_000);
        sum.checked_div_euclid(all)
    }

    /// The words of a refusal for its range.
    #[must_use]
    pub fn outside(&self, value: i64) -> String {
        let (low, high) = (self.shown(self.range.0), self.shown(self.range.1));
        format!(
            "{} {} is outside {low}..{high}",
            self.name,
            self.shown(value)
        )
    }

    /// Whether a sample of it may come in that class: in its own, or an amount as readings of its counter.
    #[must_use]
    pub fn takes(&self, class: Class) -> bool {
        class == self.class || (self.class == Class::Delta && class == Class::Cumulative)
    }
}

fn decimals(thousandths: i128) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let magnitude = thousandths.unsigned_abs();
    let (whole, rest) = (magnitude.div_euclid(1_000), magnitude.rem_euclid(1_000));
    let text = format!("{sign}{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// Every metric that a deployment knows.
///
/// ```
/// use streakline_core::metric::{Metric, Registry};
/// let metrics = Registry::built_in();
/// assert_eq!(metrics.named("steps").map(|entry| entry.metric), Some(Metric::STEPS));
/// assert_eq!(metrics.name(Metric::HEART_RATE), "heart_rate");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    entries: BTreeMap<Metric, Definition>,
    numbers: BTreeMap<String, Metric>,
}

impl Registry {
    /// The metrics of domain.md 1.1.
    #[must_use]
    pub fn built_in() -> Self {
        let mut registry = Self {
            entries: BTreeMap::new(),
            numbers: BTreeMap::new(),
        };
        catalogue::entries().for_each(|entry| registry.put(entry));
        registry
    }

    /// The built-in metrics and a deployment's own.
    ///
    /// # Errors
    /// Every fault of every entry: a number below [`Metric::OWN_FIRST`], a number or name that is taken, a name of other
    /// characters, no store unit, an empty range.
    pub fn with(own: Vec<Definition>) -> Result<Self, Vec<Fault>> {
        let mut registry = Self::built_in();
        let mut faults = Vec::new();
        for entry in own {
            let found = registry.faults(&entry);
            if found.is_empty() {
                registry.put(entry);
            } else {
                faults.extend(found);
            }
        }
        if faults.is_empty() {
            Ok(registry)
        } else {
            Err(faults)
        }
    }

    fn put(&mut self, entry: Definition) {
        self.numbers.insert(entry.name.clone(), entry.metric);
        self.entries.insert(entry.metric, entry);
    }

    /// The entry of a number.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<&Definition> {
        self.entries.get(&metric)
    }

    /// The entry of a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Definition> {
        self.entries.get(self.numbers.get(name)?)
    }

    /// Its name on the wire; empty for a number that no entry has.
    #[must_use]
    pub fn name(&self, metric: Metric) -> &str {
        self.get(metric).map_or("", |entry| entry.name.as_str())
    }

    /// Every entry, by number.
    pub fn entries(&self) -> impl Iterator<Item = &Definition> {
        self.entries.values()
    }
}

#[cfg(test)]
mod tests;
