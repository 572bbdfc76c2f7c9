//! The server's own figures, from `GET /metrics` (docs/metrics.md).

use std::collections::BTreeMap;

use serde::Serialize;

/// Series by name, summed over their labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    /// Reads the text format of Prometheus.
    pub(crate) fn of(text: &str) -> Self {
        let mut sums = BTreeMap::<String, f64>::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let name = series.split('{').next().unwrap_or(series);
            if let Ok(value) = value.parse::<f64>() {
                *sums.entry(name.to_owned()).or_default() += value;
            }
        }
        Self(sums)
    }

    /// A series, 0 where there is none.
    pub(crate) fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    fn since(&self, before: &Self, name: &str) -> f64 {
        self.value(name) - before.value(name)
    }
}

/// What the server says of the measured window.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Told {
    /// Frames that came, by flush of the journal.
    pub(crate) frames_per_flush: f64,
    pub(crate) flushes_per_s: f64,
    /// Frames that came, by sync of the store: flushes of several partitions share one. The server tells its syncs every ten
    /// seconds only, so a short run knows this badly.
    pub(crate) frames_per_sync: f64,
    /// Mean time of a flush until it is durable.
    pub(crate) flush_ms: f64,
    /// Syncs of the store.
    pub(crate) syncs_per_s: f64,
    /// Bytes of the journal, sealed, by sample.
    pub(crate) journal_bytes_per_sample: f64,
    /// From a batch's frame to its acknowledgement, inside the server.
    pub(crate) acknowledgement_ms: f64,
    pub(crate) snapshots: f64,
}

impl Told {
    /// What happened between two looks, over so many seconds.
    pub(crate) fn between(before: &Scrape, after: &Scrape, seconds: f64) -> Self {
        let since = |name: &str| after.since(before, name);
        let flushes = since("streakline_journal_flushes_total");
        let ms = |name: &str| {
            let (sum, count) = (
                since(&format!("{name}_sum")),
                since(&format!("{name}_count")),
            );
            ratio(sum * 1_000.0, count)
        };
        Self {
            frames_per_flush: ratio(since("streakline_ack_seconds_count"), flushes),
            flushes_per_s: flushes / seconds,
            frames_per_sync: ratio(
                since("streakline_ack_seconds_count"),
                since("streakline_store_syncs_total"),
            ),
            flush_ms: ms("streakline_journal_flush_seconds"),
            syncs_per_s: since("streakline_store_syncs_total") / seconds,
            journal_bytes_per_sample: ratio(
                since("streakline_journal_bytes_total"),
                since("streakline_samples_total"),
            ),
            acknowledgement_ms: ms("streakline_ack_seconds"),
            snapshots: since("streakline_snapshots_total"),
        }
    }
}

/// A quotient; of nothing it is nothing.
pub(crate) fn ratio(sum: f64, count: f64) -> f64 {
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_summed_over_their_labels_and_compared_with_the_look_before() {
        let before = Scrape::of("# HELP x y\nstreakline_journal_flushes_total 10\n");
        let after = Scrape::of(
            "streakline_journal_flushes_total 30\nstreakline_ack_seconds_count 100\nstreakline_ack_seconds_sum 0.2\n\
             streakline_snapshots_total{kind=\"user\"} 2\nstreakline_snapshots_total{kind=\"challenge\"} 1\n",
        );
        let told = Told::between(&before, &after, 2.0);
        assert_eq!(told.frames_per_flush, 5.0);
        assert_eq!(told.flushes_per_s, 10.0);
        assert_eq!(told.acknowledgement_ms, 2.0);
        assert_eq!(told.snapshots, 3.0);
        assert_eq!(told.journal_bytes_per_sample, 0.0);
    }
}
