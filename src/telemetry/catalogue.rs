//! What a series is, and the macro that turns the list of `series.rs` into constants and descriptions.

use super::machine;

/// How a series behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises, from 0 at every start.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts of values by upper bound, with their sum and number.
    Histogram,
}

impl Kind {
    /// As `# TYPE` says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One series of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    /// Its name, with the unit last.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What is counted.
    pub unit: &'static str,
    /// What it means, line by line.
    pub(super) about: &'static [&'static str],
    /// Upper bounds of a histogram's buckets.
    pub(super) buckets: Option<&'static [f64]>,
}

impl Series {
    /// What it means, in one sentence without a stop.
    #[must_use]
    pub fn meaning(&self) -> String {
        let lines: Vec<&str> = self.about.iter().map(|line| line.trim()).collect();
        lines.join(" ")
    }

    /// Tells the recorder what it is. What has no labels is there from the start, so that a rate has a first value.
    pub(super) fn describe(&self) {
        if machine::RENDERED.contains(&self.name) {
            return;
        }
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.meaning()),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.meaning()),
            Kind::Histogram => metrics::describe_histogram!(self.name, self.meaning()),
        }
        match self.kind {
            Kind::Counter if self.labels.is_empty() => {
                metrics::counter!(self.name).increment(0);
            }
            Kind::Gauge if self.labels.is_empty() => metrics::gauge!(self.name).increment(0),
            _ => {}
        }
    }
}

macro_rules! series {
    (
        buckets $buckets:expr;
        $( $( #[doc = $about:literal] )+
           $NAME:ident: $kind:ident $name:literal [$( $label:ident ),*] in $unit:ident; )+
    ) => {
        $( $( #[doc = $about] )+ pub const $NAME: &str = $name; )+

        /// The catalogue.
        pub const ALL: &[Series] = &[$( Series {
            name: $name,
            kind: series!(@kind $kind),
            labels: &[$( stringify!($label) ),*],
            unit: stringify!($unit),
            about: &[$( $about ),+],
            buckets: series!(@buckets $kind $buckets),
        } ),+];
    };
    (@kind counter) => { Kind::Counter };
    (@kind gauge) => { Kind::Gauge };
    (@kind histogram) => { Kind::Histogram };
    (@buckets histogram $buckets:expr) => { Some($buckets) };
    (@buckets $kind:ident $buckets:expr) => { None };
}
pub(super) use series;
