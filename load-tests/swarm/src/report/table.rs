//! The figures of a run as a table to read.

use std::fmt::{self, Write as _};

use super::{Consumed, Report, Run, Settled};
use crate::figures::Summary;
use crate::plan::Load;
use crate::scrape::Told;

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

impl Run {
    fn rows(&self, table: &mut Table) {
        let (profile, against, wire) = (self.profile.name(), self.against, self.wire);
        table.row("profile", format!("{profile} against {against}, {wire:?}"));
        let load = match self.load {
            Load::Rate(per_s) => format!("open loop, {per_s} frames/s"),
            Load::Window(frames) => format!("closed loop, window {frames}"),
        };
        let (devices, processes) = (self.devices, self.processes);
        table.row(
            "load",
            format!("{load}, {devices} devices, {processes} processes"),
        );
        let (records, bytes) = (self.records_per_frame, self.payload_bytes);
        table.row("frame", format!("{records} records, {bytes} bytes"));
        let (seconds, warmup_s) = (self.seconds, self.warmup_s);
        table.row("measured", format!("{seconds:.1} s after {warmup_s:.1} s"));
    }
}

impl Report {
    fn rows(&self, table: &mut Table) {
        self.run.rows(table);
        let whole = |number: f64| format!("{number:.0}");
        table.row("acknowledged frames/s", whole(self.frames_per_s));
        table.row("acknowledged samples/s", whole(self.samples_per_s));
        table.row("messages from the server/s", whole(self.messages_per_s));
        if self.deliveries_per_s > 0.0 {
            table.row("board deliveries/s", whole(self.deliveries_per_s));
            table.row(
                "board bytes/subscriber/s",
                whole(self.board_bytes_per_subscriber_s),
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
        if let Some(settled) = &self.settled {
            settled.rows(table);
        }
        let percent = self.swarm_cpu_percent;
        table.row("CPU of the swarm", format!("{percent:.0} % of a core"));
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

impl Settled {
    fn rows(&self, table: &mut Table) {
        let (wchar, written) = (self.wchar_per_sample, self.write_bytes_per_sample);
        let stored = self.stored_bytes_per_sample.unwrap_or(0.0);
        let value = format!("wchar {wchar:.1}, to the disk {written:.1}, left {stored:.1}");
        table.row("whole run, a sample", value);
        let (rss, user) = (self.rss_bytes as f64 / 1e6, self.rss_bytes_per_user / 1e3);
        table.row(
            "resident at last",
            format!("{rss:.1} MB, {user:.1} kB a user"),
        );
        table.row("checkpoint", format!("{:.2} s", self.checkpoint_s));
    }
}
