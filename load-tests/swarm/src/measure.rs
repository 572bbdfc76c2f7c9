//! The measured part of a run: waves of processes, the other side's figures at both ends, the check, and what is left.

use std::env;
use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::check;
use crate::cli::LoadArgs;
use crate::clock;
use crate::conduct;
use crate::figures::Sum;
use crate::members::Members;
use crate::plan::Plan;
use crate::planning::{self, Target};
use crate::report::{Report, Run, Settled, Usages};
use crate::rest::Rest;
use crate::scrape::{Scrape, Told};
use crate::usage::Usage;

/// What is known of the other side.
pub(crate) struct Other {
    pub(crate) pid: Option<u32>,
    pub(crate) rest: Option<Rest>,
    pub(crate) after: Option<After>,
}

/// What is done with a server afterwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct After {
    pub(crate) check_users: u32,
    pub(crate) checkpoint: bool,
    pub(crate) settle_s: f64,
}

impl Other {
    fn usage(&self) -> Result<Usage> {
        self.pid.map_or_else(|| Ok(Usage::default()), Usage::of)
    }

    fn scrape(&mut self) -> Result<Scrape> {
        let text = self.rest.as_mut().map(|rest| rest.text("/metrics"));
        Ok(Scrape::of(&text.transpose()?.unwrap_or_default()))
    }
}

/// What was seen at the two ends of the measured window.
struct Seen {
    usages: Usages,
    scrapes: [Scrape; 2],
    swarm_cpu_s: f64,
    seconds: f64,
}

impl Seen {
    /// Goes on with what was seen of the next wave.
    fn and_then(mut self, next: Self) -> Self {
        self.usages.connected = next.usages.connected;
        self.usages.to = next.usages.to;
        self.scrapes[1] = next.scrapes[1].clone();
        self.swarm_cpu_s += next.swarm_cpu_s;
        self.seconds += next.seconds;
        self
    }
}

/// Measures the load against the other side.
pub(crate) fn run(args: &LoadArgs, target: &Target, other: &mut Other) -> Result<Report> {
    let plans = planning::plans(args, target)?;
    let alone = other.usage()?;
    let mut sum = Sum::new()?;
    let mut all: Option<Seen> = None;
    for wave in 0..args.waves.max(1) {
        let seen = one_wave(args, &plans, wave, other, &mut sum)?;
        all = Some(match all {
            Some(before) => before.and_then(seen),
            None => seen,
        });
    }
    let mut seen = all.context("no wave")?;
    seen.usages.alone = alone;
    let plan = plans.first().context("no plan")?;
    let run = run_of(args, plan, target, seen.seconds)?;
    let usages = other.pid.map(|_| &seen.usages);
    let mut report = Report::new(run, &sum, usages);
    report.swarm_cpu_percent = seen.swarm_cpu_s / seen.seconds * 100.0;
    let [before, after] = &seen.scrapes;
    if other.rest.is_some() {
        report.told = Some(Told::between(before, after, seen.seconds));
    }
    afterwards(plan, other, &sum, &mut report, alone)?;
    Ok(report)
}

/// Lets the devices of one wave come, do their part and leave.
fn one_wave(
    args: &LoadArgs,
    plans: &[Plan],
    wave: u32,
    other: &mut Other,
    sum: &mut Sum,
) -> Result<Seen> {
    let shifted = plans.iter().map(|plan| Plan {
        first: plan.first + wave * args.devices,
        ..plan.clone()
    });
    let plans: Vec<Plan> = shifted.collect();
    let cores = conduct::core(args, &args.client_core);
    let mut members = Members::start(&env::current_exe()?, &plans, cores)?;
    let bar = progress_bar();
    let sockets = args.devices + args.subscribers;
    let wave = wave + 1;
    members.wait_ready(&|opened| {
        bar.set_message(format!("wave {wave}: {opened} of {sockets} sockets open"));
    })?;
    let seen = window(args, &mut members, other, &bar)?;
    bar.finish_and_clear();
    members.add_to(sum)?;
    Ok(seen)
}

/// What is done with a server when the load is over: everything must be there, and then it is left alone.
fn afterwards(
    plan: &Plan,
    other: &mut Other,
    sum: &Sum,
    report: &mut Report,
    alone: Usage,
) -> Result<()> {
    let (Some(rest), Some(after)) = (&mut other.rest, other.after) else {
        return Ok(());
    };
    let records = &sum.figures.records;
    report.checked = Some(check::check(rest, plan, records, after.check_users)?);
    if !after.checkpoint && after.settle_s <= 0.0 {
        return Ok(());
    }
    let begun_ns = clock::now_ns();
    if after.checkpoint {
        rest.send("POST", "/v1/checkpoint", None)?;
    }
    let checkpoint_s = clock::now_ns().saturating_sub(begun_ns) as f64 / 1e9;
    std::thread::sleep(Duration::from_secs_f64(after.settle_s.max(0.0)));
    let samples: u64 = records.iter().sum();
    if other.pid.is_some() {
        let settled = Settled::new(
            [alone, other.usage()?],
            samples,
            records.len(),
            checkpoint_s,
        );
        report.settled = Some(settled);
    }
    Ok(())
}

/// Gives the word, and looks at the other side when the measured window begins and ends.
fn window(
    args: &LoadArgs,
    members: &mut Members,
    other: &mut Other,
    bar: &ProgressBar,
) -> Result<Seen> {
    let ends_itself = args.profile.ends_itself();
    let tell = |sent: u64, acknowledged: u64| {
        bar.set_message(format!("{sent} frames sent, {acknowledged} acknowledged"));
    };
    let connected = other.usage()?;
    let begun_ns = clock::now_ns();
    members.go()?;
    if !ends_itself {
        members.listen_until(begun_ns + clock::seconds_ns(args.warmup), &tell)?;
    }
    let (from, from_ns, swarm_from_s) = (other.usage()?, clock::now_ns(), members.cpu_s());
    let before = other.scrape()?;
    if ends_itself {
        members.wait_ended(&tell)?;
    } else {
        members.listen_until(
            begun_ns + clock::seconds_ns(args.warmup + args.seconds),
            &tell,
        )?;
    }
    let (mut to, to_ns, swarm_to_s) = (other.usage()?, clock::now_ns(), members.cpu_s());
    let after = other.scrape()?;
    members.wait_ended(&tell)?;
    if args.hold > 0.0 {
        std::thread::sleep(Duration::from_secs_f64(args.hold));
        to.rss_bytes = other.usage()?.rss_bytes;
    }
    Ok(Seen {
        usages: Usages {
            alone: Usage::default(),
            connected,
            from,
            to,
        },
        scrapes: [before, after],
        swarm_cpu_s: swarm_to_s - swarm_from_s,
        seconds: to_ns.saturating_sub(from_ns) as f64 / 1e9,
    })
}

fn run_of(args: &LoadArgs, plan: &Plan, target: &Target, seconds: f64) -> Result<Run> {
    let template = plan.template()?;
    Ok(Run {
        against: if target.is_floor {
            "the floor"
        } else {
            "a server"
        },
        profile: args.profile,
        wire: args.wire,
        load: planning::load(args),
        devices: args.devices * args.waves.max(1),
        subscribers: args.subscribers,
        processes: args.processes,
        records_per_frame: plan.records,
        payload_bytes: template.payload_bytes(),
        warmup_s: args.warmup,
        seconds,
    })
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{elapsed} {msg}") {
        bar.set_style(style);
    }
    bar
}
