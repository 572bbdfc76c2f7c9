//! What a process has counted, in a form that can be sent on and added to another's.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Significant digits of a recorded time.
const DIGITS: u8 = 3;
/// Longest time that is told apart, in microseconds: ten minutes.
const LONGEST_US: u64 = 600_000_000;

/// Times in microseconds, with three significant digits.
#[derive(Clone, Debug)]
pub(crate) struct Times(Histogram<u64>);

/// Its values and how often each came: what is sent from process to process.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Recorded(Vec<(u64, u64)>);

impl Times {
    pub(crate) fn new() -> Result<Self> {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Ok(Self(histogram.context("the bounds of a histogram")?))
    }

    /// Records a time; one beyond the longest counts as the longest.
    pub(crate) fn record_ns(&mut self, ns: u64) {
        self.0.saturating_record((ns / 1_000).max(1));
    }

    /// The recorded values.
    pub(crate) fn recorded(&self) -> Recorded {
        let values = self.0.iter_recorded();
        let pairs = values.map(|value| (value.value_iterated_to(), value.count_at_value()));
        Recorded(pairs.collect())
    }

    /// Adds another process's values.
    pub(crate) fn add(&mut self, other: &Recorded) {
        for (value, count) in &other.0 {
            self.0.saturating_record_n(*value, *count);
        }
    }

    /// Its figures in milliseconds; nothing where nothing was recorded.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let ms = |us: u64| us as f64 / 1_000.0;
        let at = |quantile| ms(self.0.value_at_quantile(quantile));
        (!self.0.is_empty()).then(|| Summary {
            count: self.0.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: ms(self.0.max()),
        })
    }
}

/// Times in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// What one process has seen; times are of the measured window only.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Figures {
    /// Frames that were sent in the whole run.
    pub(crate) frames_sent: u64,
    /// Frames that were acknowledged in the whole run.
    pub(crate) frames_acknowledged: u64,
    /// Frames that were acknowledged within the measured window.
    pub(crate) frames_measured: u64,
    /// Frames that were due and not sent, because the server gave no credit.
    pub(crate) frames_held_back: u64,
    /// Frames that were sent and never answered.
    pub(crate) frames_lost: u64,
    /// Messages of other kinds, in the measured window.
    pub(crate) messages_measured: u64,
    /// Bytes of the messages that came within the measured window.
    pub(crate) bytes_in_measured: u64,
    /// Board frames within the measured window.
    pub(crate) deliveries_measured: u64,
    /// Their bytes.
    pub(crate) board_bytes_measured: u64,
    /// From the intended sending to the acknowledgement.
    pub(crate) acknowledgement: Recorded,
    /// From the sending to the state of the day that covers it.
    pub(crate) push: Recorded,
    /// From the sending to the board that covers it, at each subscriber.
    pub(crate) board: Recorded,
    /// When each device was caught up after the cut.
    pub(crate) resume: Recorded,
    /// What went wrong, by its code.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Records of each device that were acknowledged, in the order of the devices.
    pub(crate) records: Vec<u64>,
    /// Seconds that the load took, where it ends by itself.
    pub(crate) seconds: Option<f64>,
}

impl Figures {
    /// Counts something that went wrong.
    pub(crate) fn error(&mut self, code: impl Into<String>) {
        *self.errors.entry(code.into()).or_default() += 1;
    }
}

/// The figures of all processes.
#[derive(Debug)]
pub(crate) struct Sum {
    pub(crate) figures: Figures,
    pub(crate) acknowledgement: Times,
    pub(crate) push: Times,
    pub(crate) board: Times,
    pub(crate) resume: Times,
}

impl Sum {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            figures: Figures::default(),
            acknowledgement: Times::new()?,
            push: Times::new()?,
            board: Times::new()?,
            resume: Times::new()?,
        })
    }

    /// Adds the figures of the next process; its devices follow those before.
    pub(crate) fn add(&mut self, other: Figures) {
        let sum = &mut self.figures;
        sum.frames_sent += other.frames_sent;
        sum.frames_acknowledged += other.frames_acknowledged;
        sum.frames_measured += other.frames_measured;
        sum.frames_held_back += other.frames_held_back;
        sum.frames_lost += other.frames_lost;
        sum.messages_measured += other.messages_measured;
        sum.bytes_in_measured += other.bytes_in_measured;
        sum.deliveries_measured += other.deliveries_measured;
        sum.board_bytes_measured += other.board_bytes_measured;
        for (code, count) in other.errors {
            *sum.errors.entry(code).or_default() += count;
        }
        sum.records.extend(other.records);
        // The load has ended when the last has.
        sum.seconds = other
            .seconds
            .into_iter()
            .chain(sum.seconds)
            .reduce(f64::max);
        self.acknowledgement.add(&other.acknowledgement);
        self.push.add(&other.push);
        self.board.add(&other.board);
        self.resume.add(&other.resume);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(all_us: impl IntoIterator<Item = u64>) -> Times {
        let mut times = Times::new().unwrap();
        all_us
            .into_iter()
            .for_each(|us| times.record_ns(us * 1_000));
        times
    }

    #[test]
    fn histograms_of_two_processes_add_up_to_the_one_of_both() {
        let (low, high) = (times(1..=500), times(501..=1_000));
        let mut sum = times([]);
        sum.add(&low.recorded());
        sum.add(&high.recorded());
        let both = times(1..=1_000);
        assert_eq!(sum.0, both.0);
        let summary = sum.summary().unwrap();
        assert_eq!(summary.count, 1_000);
        assert!((summary.p50 - 0.5).abs() < 0.002, "{summary:?}");
        assert!((summary.p99 - 0.99).abs() < 0.002, "{summary:?}");
    }

    #[test]
    fn what_is_sent_on_is_what_was_recorded() {
        let recorded = times([3, 3, 70_000]).recorded();
        let text = serde_json::to_string(&recorded).unwrap();
        let back: Recorded = serde_json::from_str(&text).unwrap();
        let mut sum = times([]);
        sum.add(&back);
        assert_eq!(sum.0, times([3, 3, 70_000]).0);
    }

    #[test]
    fn nothing_recorded_has_no_figures() {
        assert!(times([]).summary().is_none());
    }

    #[test]
    fn counts_errors_and_devices_of_all_processes_are_kept() {
        let mut one = Figures {
            frames_sent: 2,
            records: vec![10, 20],
            seconds: Some(1.5),
            ..Figures::default()
        };
        one.error("overloaded");
        let mut sum = Sum::new().unwrap();
        sum.add(one.clone());
        sum.add(Figures {
            seconds: Some(1.0),
            ..one
        });
        assert_eq!(sum.figures.frames_sent, 4);
        assert_eq!(sum.figures.records, [10, 20, 10, 20]);
        assert_eq!(sum.figures.errors["overloaded"], 2);
        assert_eq!(sum.figures.seconds, Some(1.5));
    }
}
