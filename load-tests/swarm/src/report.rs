//! The figures of a run: a table to read, and JSON for whoever compares runs.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

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

/// All figures of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) run: Run,
    pub(crate) frames_per_s: f64,
    pub(crate) samples_per_s: f64,
    pub(crate) messages_per_s: f64,
    pub(crate) deliveries_per_s: f64,
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
            swarm_cpu_percent: 0.0,
            errors: figures.errors.clone(),
            checked: None,
            run,
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table(String::new());
        self.rows(&mut table);
        f.write_str(&table.0)
    }
}

/// Rows of a name and a value.
struct Table(String);

impl Table {
    fn row(&mut self, name: &str, value: impl fmt::Display) {
        // Writing to a text cannot fail.
        let _written = writeln!(self.0, "  {name:<28} {value}");
    }

    fn times(&mut self, name: &str, times: Option<Summary>) {
        if let Some(of) = times {
            let (p50, p90, p99, p999, max) = (of.p50, of.p90, of.p99, of.p999, of.max);
            let value = format!(
                "{p50:.2} / {p90:.2} / {p99:.2} / {p999:.2} / {max:.2}  ({})",
                of.count
            );
            self.row(name, value);
        }
    }
}

impl Report {
    fn rows(&self, table: &mut Table) {
        let run = &self.run;
        let load = match run.load {
            Load::Rate(per_s) => format!("open loop, {per_s} frames/s"),
            Load::Window(frames) => format!("closed loop, window {frames}"),
        };
        table.row(
            "profile",
            format!(
                "{} against {}, {:?}",
                run.profile.name(),
                run.against,
                run.wire
            ),
        );
        table.row(
            "load",
            format!(
                "{load}, {} devices, {} processes",
                run.devices, run.processes
            ),
        );
        table.row(
            "frame",
            format!(
                "{} records, {} bytes",
                run.records_per_frame, run.payload_bytes
            ),
        );
        table.row(
            "measured",
            format!("{:.1} s after {:.1} s", run.seconds, run.warmup_s),
        );
        table.row("acknowledged frames/s", format!("{:.0}", self.frames_per_s));
        table.row(
            "acknowledged samples/s",
            format!("{:.0}", self.samples_per_s),
        );
        table.row(
            "messages from the server/s",
            format!("{:.0}", self.messages_per_s),
        );
        if self.deliveries_per_s > 0.0 {
            table.row(
                "board deliveries/s",
                format!("{:.0}", self.deliveries_per_s),
            );
        }
        table.row("ms", "p50 / p90 / p99 / p99.9 / max  (count)");
        table.times("acknowledgement", self.acknowledgement_ms);
        table.times("sample to state", self.push_lag_ms);
        table.times("sample to board", self.board_lag_ms);
        table.times("cut to caught up", self.resume_ms);
        if let Some(of) = &self.server {
            of.rows(table);
        }
        if let Some(told) = &self.told {
            told_rows(told, table);
        }
        table.row(
            "CPU of the swarm",
            format!("{:.0} % of a core", self.swarm_cpu_percent),
        );
        table.row("frames sent", self.frames_sent);
        table.row("frames acknowledged", self.frames_acknowledged);
        table.row("frames held back", self.frames_held_back);
        table.row("frames lost", self.frames_lost);
        self.faults(table);
    }

    fn faults(&self, table: &mut Table) {
        for (code, count) in &self.errors {
            table.row("error", format!("{code}: {count}"));
        }
        if let Some(checked) = &self.checked {
            let (users, found, acknowledged) = (checked.users, checked.found, checked.acknowledged);
            let value = format!("{found} of {acknowledged} acknowledged samples, {users} users");
            table.row("found in the totals", value);
            table.row("ledger sum", checked.ledger_sum_micro);
            for fault in &checked.faults {
                table.row("wrong", fault);
            }
        }
        table.row("verdict", if self.is_right() { "right" } else { "WRONG" });
    }
}

impl Consumed {
    fn rows(&self, table: &mut Table) {
        let mb = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        if self.cpu_us_per_frame > 0.0 {
            table.row(
                "server CPU a frame",
                format!("{:.1} us", self.cpu_us_per_frame),
            );
        }
        if self.cpu_us_per_message_out > 0.0 {
            let value = format!("{:.1} us", self.cpu_us_per_message_out);
            table.row("server CPU a message out", value);
        }
        table.row("server CPU", format!("{:.0} % of a core", self.cpu_percent));
        let (alone, connected, end) = (
            self.rss_alone_bytes,
            self.rss_connected_bytes,
            self.rss_end_bytes,
        );
        let value = format!(
            "{}, connected {}, end {}",
            mb(alone),
            mb(connected),
            mb(end)
        );
        table.row("resident", value);
        table.row(
            "resident a socket",
            format!("{:.1} kB", self.rss_bytes_per_socket / 1e3),
        );
        let (wchar, written) = (self.wchar_per_sample, self.write_bytes_per_sample);
        table.row(
            "bytes written a sample",
            format!("wchar {wchar:.1}, to the disk {written:.1}"),
        );
    }
}

fn told_rows(told: &Told, table: &mut Table) {
    let (flush, sync) = (told.frames_per_flush, told.frames_per_sync);
    table.row("frames a flush", format!("{flush:.1}, a sync {sync:.1}"));
    let value = format!(
        "{:.0} of {:.2} ms, {:.0} syncs",
        told.flushes_per_s, told.flush_ms, told.syncs_per_s
    );
    table.row("flushes/s", value);
    table.row(
        "journal bytes a sample",
        format!("{:.1}", told.journal_bytes_per_sample),
    );
    table.row(
        "ack inside the server",
        format!("{:.2} ms mean", told.acknowledgement_ms),
    );
    table.row("snapshots", told.snapshots);
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
