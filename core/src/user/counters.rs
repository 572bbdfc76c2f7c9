//! Runs of counters: on which days a run was read, and how far a change of one day reaches through the amounts between readings
//! (domain.md 1.1).
//!
//! An amount between two readings may span many days. Alone, it changes with its own two readings only. Where a device also sends
//! amounts of that metric, or its runs overlap in time, the one counts what the other leaves, on all of its days.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use minicbor::{Decode, Encode};

use super::User;
use crate::{
    civil::Day,
    limits,
    metric::Metric,
    record::{Content, Epoch, Record},
};

/// Which run: metric, binding of the device, and the first bytes of SHA-256 over the epoch's name.
pub type RunKey = (Metric, u32, u64);

/// When a run was read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Run {
    /// Days with a reading.
    #[n(0)]
    pub days: BTreeSet<Day>,
    /// Start of the first reading, POSIX ms.
    #[n(1)]
    pub from_ms: i64,
    /// The last reading, POSIX ms.
    #[n(2)]
    pub to_ms: i64,
}

/// First and last day of a span without holes.
type Span = (Day, Day);

/// When each run was read.
pub type Runs = BTreeMap<RunKey, Run>;

/// Remembers a reading, with the days of its ends; a total of a day is none.
pub(super) fn note(runs: &mut Runs, binding: u32, record: &Record, days: [Day; 2]) {
    let Some(number) = run_of(record) else {
        return;
    };
    let run = runs
        .entry((record.metric, binding, number))
        .or_insert_with(|| Run {
            days: BTreeSet::new(),
            from_ms: record.start_ms,
            to_ms: record.end_ms,
        });
    run.days.extend(days);
    run.from_ms = run.from_ms.min(record.start_ms);
    run.to_ms = run.to_ms.max(record.end_ms);
    if runs.len() > limits::COUNTER_RUNS_MAX {
        let last = |(key, run): (&RunKey, &Run)| (run.to_ms, *key);
        if let Some((_, key)) = runs.iter().map(last).min() {
            runs.remove(&key);
        }
    }
}

/// Whether a record is a reading of a run.
pub(super) fn is_of_a_run(record: &Record) -> bool {
    let epoch = match &record.content {
        Content::Cumulative { epoch, .. } => epoch,
        _ => return false,
    };
    matches!(epoch, Epoch::Run(_))
}

fn run_of(record: &Record) -> Option<u64> {
    match &record.content {
        Content::Cumulative {
            epoch: epoch @ Epoch::Run(_),
            ..
        } => Some(epoch.number()),
        _ => None,
    }
}

/// The counters of one device and metric, as a change of a day meets them.
pub(super) struct Counters<'a> {
    own: Vec<(u64, &'a Run)>,
    /// Amounts between readings may share time with each other or with samples of the same device and metric.
    mixed: bool,
}

impl<'a> Counters<'a> {
    /// `amounts`: the device also sends amounts of the metric.
    pub(super) fn of(runs: &'a Runs, (metric, binding): (Metric, u32), amounts: bool) -> Self {
        let keys = (metric, binding, 0)..=(metric, binding, u64::MAX);
        let own: Vec<(u64, &Run)> = runs.range(keys).map(|(key, run)| (key.2, run)).collect();
        let mixed = !own.is_empty() && (amounts || overlap(&own));
        Self { own, mixed }
    }

    /// The days that a change of a record's days reaches; `linked` says how far it reaches through samples.
    pub(super) fn along(&self, record: &Record, span: Span, linked: impl Fn(Span) -> Span) -> Span {
        if self.mixed {
            return self.through(span, linked);
        }
        let number = run_of(record);
        let own = self.own.iter().filter(|(of, _)| Some(*of) == number);
        linked(wider(own, span))
    }

    /// The same where only the identity of a copy is known, and not what it says.
    pub(super) fn along_any(&self, span: Span, linked: impl Fn(Span) -> Span) -> Span {
        if self.mixed {
            return self.through(span, linked);
        }
        linked(wider(self.own.iter(), span))
    }

    /// On over each border that an amount between two readings, or a sample, straddles.
    fn through(&self, mut span: Span, linked: impl Fn(Span) -> Span) -> Span {
        loop {
            let mut reached = linked(span);
            for (_, run) in &self.own {
                let (before, after) = beside(run, reached);
                if run.days.range(reached.0..).next().is_some() {
                    reached.0 = before;
                }
                if run.days.range(..=reached.1).next().is_some() {
                    reached.1 = after;
                }
            }
            if reached == span {
                return span;
            }
            span = reached;
        }
    }
}

fn overlap(runs: &[(u64, &Run)]) -> bool {
    let mut sorted: Vec<(i64, i64)> = runs
        .iter()
        .map(|(_, run)| (run.from_ms, run.to_ms))
        .collect();
    sorted.sort_unstable();
    let mut reached_ms = i64::MIN;
    sorted.into_iter().any(|(from_ms, to_ms)| {
        let overlaps = from_ms < reached_ms;
        reached_ms = reached_ms.max(to_ms);
        overlaps
    })
}

fn wider<'a>(runs: impl Iterator<Item = &'a (u64, &'a Run)>, span: Span) -> Span {
    runs.fold(span, |held, (_, run)| {
        let (first, last) = beside(run, span);
        (held.0.min(first), held.1.max(last))
    })
}

/// From the day of the reading before to that of the reading after.
fn beside(run: &Run, (first, last): Span) -> Span {
    let before = run.days.range(..first).next_back().copied();
    let after = run.days.range(last.next()..).next().copied();
    (before.unwrap_or(first), after.unwrap_or(last))
}

/// Spans whose records are needed to rebuild a day, whoever changed it: those that the counters of every device tie to it.
pub(super) fn around(
    user: &User,
    runs: &Runs,
    day: Day,
    linked: impl Fn(Span) -> Span,
) -> Vec<Span> {
    let keys: BTreeSet<(Metric, u32)> = runs.keys().map(|key| (key.0, key.1)).collect();
    let span = |(metric, binding): (Metric, u32)| {
        let device = user.device_of(binding);
        let amounts = device.is_some_and(|(_, device)| device.deltas.contains(&metric));
        let counters = Counters::of(runs, (metric, binding), amounts);
        counters.along_any((day, day), &linked)
    };
    keys.into_iter().map(span).collect()
}
