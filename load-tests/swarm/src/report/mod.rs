//! The figures of a run, as JSON for whoever compares runs; the table to read is `table`'s.

mod table;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::check::Checked;
use crate::figures::{Sum, Summary};
use crate::plan::{Load, Wire};
use crate::profile::Profile;
use crate::scrape::{Told, ratio};
use crate::usage::Usage;

/// What was run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) against: &'static str,
    pub(crate) profile: Profile,
    pub(crate) wire: Wire,
    pub(crate) load: Load,
    pub(crate) devices: u32,
    pub(crate) subscribers: u32,
    pub(crate) processes: u32,
    pub(crate) records_per_frame: u32,
    pub(crate) payload_bytes: usize,
    pub(crate) warmup_s: f64,
    /// Seconds that were measured.
    pub(crate) seconds: f64,
}

/// The server's process at four moments.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usages {
    pub(crate) alone: Usage,
    /// With all sockets open.
    pub(crate) connected: Usage,
    /// When the measured window began.
    pub(crate) from: Usage,
    /// When it ended.
    pub(crate) to: Usage,
}

/// The server's process over the measured window.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Consumed {
    pub(crate) cpu_us_per_frame: f64,
    pub(crate) cpu_us_per_message_out: f64,
    /// Of one core.
    pub(crate) cpu_percent: f64,
    pub(crate) rss_alone_bytes: u64,
    pub(crate) rss_connected_bytes: u64,
    pub(crate) rss_end_bytes: u64,
    pub(crate) rss_peak_bytes: u64,
    pub(crate) rss_bytes_per_socket: f64,
    pub(crate) wchar_per_sample: f64,
    pub(crate) write_bytes_per_sample: f64,
}

/// The server's process over everything, when all is over and snapshots are taken.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Settled {
    /// Samples of the whole run, warm-up included.
    pub(crate) samples: u64,
    pub(crate) wchar_per_sample: f64,
    pub(crate) write_bytes_per_sample: f64,
    pub(crate) checkpoint_s: f64,
    pub(crate) rss_bytes: u64,
    /// Above the server without any user.
    pub(crate) rss_bytes_per_user: f64,
    /// What its data directory takes after its end, by sample.
    pub(crate) stored_bytes_per_sample: Option<f64>,
}

impl Settled {
    /// From the server alone to the server left alone.
    pub(crate) fn new(
        [alone, end]: [Usage; 2],
        samples: u64,
        users: usize,
        checkpoint_s: f64,
    ) -> Self {
        let per_sample = |from: u64, to: u64| ratio(to.saturating_sub(from) as f64, samples as f64);
        let rss_bytes = end.rss_bytes.saturating_sub(alone.rss_bytes);
        Self {
            samples,
            wchar_per_sample: per_sample(alone.wchar, end.wchar),
            write_bytes_per_sample: per_sample(alone.write_bytes, end.write_bytes),
            checkpoint_s,
            rss_bytes: end.rss_bytes,
            rss_bytes_per_user: ratio(rss_bytes as f64, users as f64),
            stored_bytes_per_sample: None,
        }
    }
}

/// All figures of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) run: Run,
    pub(crate) frames_per_s: f64,
    pub(crate) samples_per_s: f64,
    pub(crate) messages_per_s: f64,
    pub(crate) deliveries_per_s: f64,
    /// Bytes of boards by subscriber and second.
    pub(crate) board_bytes_per_subscriber_s: f64,
    pub(crate) frames_sent: u64,
    pub(crate) frames_acknowledged: u64,
    pub(crate) frames_measured: u64,
    pub(crate) frames_held_back: u64,
    pub(crate) frames_lost: u64,
    pub(crate) acknowledgement_ms: Option<Summary>,
    pub(crate) push_lag_ms: Option<Summary>,
    pub(crate) board_lag_ms: Option<Summary>,
    pub(crate) resume_ms: Option<Summary>,
    pub(crate) server: Option<Consumed>,
    pub(crate) told: Option<Told>,
    pub(crate) settled: Option<Settled>,
    /// CPU of the swarm itself, of one core: near 100 means that it was the limit.
    pub(crate) swarm_cpu_percent: f64,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) checked: Option<Checked>,
}

impl Report {
    /// The figures of a run whose measured window had that length.
    pub(crate) fn new(run: Run, sum: &Sum, usages: Option<&Usages>) -> Self {
        let figures = &sum.figures;
        let seconds = run.seconds;
        let frames = figures.frames_measured as f64;
        let samples = frames * f64::from(run.records_per_frame);
        let messages = figures.messages_measured as f64;
        let sockets = f64::from(run.devices + run.subscribers);
        Self {
            frames_per_s: ratio(frames, seconds),
            samples_per_s: ratio(samples, seconds),
            messages_per_s: ratio(messages, seconds),
            deliveries_per_s: ratio(figures.deliveries_measured as f64, seconds),
            board_bytes_per_subscriber_s: ratio(
                figures.board_bytes_measured as f64,
                seconds * f64::from(run.subscribers),
            ),
            frames_sent: figures.frames_sent,
            frames_acknowledged: figures.frames_acknowledged,
            frames_measured: figures.frames_measured,
            frames_held_back: figures.frames_held_back,
            frames_lost: figures.frames_lost,
            acknowledgement_ms: sum.acknowledgement.summary(),
            push_lag_ms: sum.push.summary(),
            board_lag_ms: sum.board.summary(),
            resume_ms: sum.resume.summary(),
            server: usages
                .map(|usages| consumed(usages, [frames, samples, messages, sockets], seconds)),
            told: None,
            settled: None,
            swarm_cpu_percent: 0.0,
            errors: figures.errors.clone(),
            checked: None,
            run,
        }
    }

    /// Tells how many bytes the server has left on the disk.
    pub(crate) fn stored(&mut self, bytes: u64) {
        if let Some(settled) = &mut self.settled {
            let samples = settled.samples as f64;
            settled.stored_bytes_per_sample = Some(ratio(bytes as f64, samples));
        }
    }

    /// Whether nothing was lost, refused or is missing.
    pub(crate) fn is_right(&self) -> bool {
        let is_checked = self.checked.as_ref().is_none_or(Checked::is_right);
        self.errors.is_empty() && self.frames_lost == 0 && is_checked
    }
}

fn consumed(of: &Usages, counts: [f64; 4], seconds: f64) -> Consumed {
    let [frames, samples, messages, sockets] = counts;
    let cpu_s = of.to.cpu_s - of.from.cpu_s;
    let bytes = |from: u64, to: u64| to.saturating_sub(from) as f64;
    let socket_bytes = bytes(of.alone.rss_bytes, of.connected.rss_bytes);
    Consumed {
        cpu_us_per_frame: ratio(cpu_s * 1e6, frames),
        cpu_us_per_message_out: ratio(cpu_s * 1e6, messages),
        cpu_percent: ratio(cpu_s * 100.0, seconds),
        rss_alone_bytes: of.alone.rss_bytes,
        rss_connected_bytes: of.connected.rss_bytes,
        rss_end_bytes: of.to.rss_bytes,
        rss_peak_bytes: of.to.rss_peak_bytes,
        rss_bytes_per_socket: ratio(socket_bytes, sockets),
        wchar_per_sample: ratio(bytes(of.from.wchar, of.to.wchar), samples),
        write_bytes_per_sample: ratio(bytes(of.from.write_bytes, of.to.write_bytes), samples),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figures;

    fn report(figures: Figures) -> Report {
        let run = Run {
            against: "the floor",
            profile: Profile::Vehicle,
            wire: Wire::Json,
            load: Load::Window(1),
            devices: 10,
            subscribers: 0,
            processes: 1,
            records_per_frame: 10,
            payload_bytes: 5_195,
            warmup_s: 1.0,
            seconds: 2.0,
        };
        let mut sum = Sum::new().unwrap();
        sum.add(figures);
        let mut usages = Usages::default();
        usages.to.cpu_s = 0.5;
        usages.to.wchar = 4_000;
        usages.connected.rss_bytes = 50_000;
        Report::new(run, &sum, Some(&usages))
    }

    #[test]
    fn costs_are_of_a_frame_a_sample_and_a_socket() {
        let report = report(Figures {
            frames_measured: 100,
            ..Figures::default()
        });
        let server = report.server.unwrap();
        assert_eq!((report.frames_per_s, report.samples_per_s), (50.0, 500.0));
        assert_eq!(
            (server.cpu_us_per_frame, server.cpu_percent),
            (5_000.0, 25.0)
        );
        assert_eq!(
            (server.wchar_per_sample, server.rss_bytes_per_socket),
            (4.0, 5_000.0)
        );
        assert!(report.is_right());
    }

    #[test]
    fn what_is_left_is_of_a_sample_and_of_a_user() {
        let mut report = report(Figures::default());
        let end = Usage {
            wchar: 3_000,
            rss_bytes: 9_000,
            ..Usage::default()
        };
        report.settled = Some(Settled::new([Usage::default(), end], 100, 3, 0.5));
        report.stored(800);
        let settled = report.settled.unwrap();
        assert_eq!(
            (settled.wchar_per_sample, settled.rss_bytes_per_user),
            (30.0, 3_000.0)
        );
        assert_eq!(settled.stored_bytes_per_sample, Some(8.0));
    }

    #[test]
    fn a_lost_frame_or_an_error_is_wrong() {
        let lost = report(Figures {
            frames_lost: 1,
            ..Figures::default()
        });
        assert!(!lost.is_right() && lost.to_string().contains("WRONG"));
        let mut refused = Figures::default();
        refused.error("record_future");
        assert!(!report(refused).is_right());
    }

    #[test]
    fn the_json_has_every_figure() {
        let text = serde_json::to_value(report(Figures::default())).unwrap();
        assert_eq!(text["profile"], "vehicle");
        assert_eq!(text["load"]["window"], 1);
        assert!(text["server"]["cpu_us_per_frame"].is_number());
        assert!(text["acknowledgement_ms"].is_null());
    }
}
