//! A run from its beginning to its end: the other side, the processes, the measured window, the check, the report.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::board;
use crate::check;
use crate::cli::{LoadArgs, RunArgs};
use crate::clock;
use crate::members::Members;
use crate::plan::Plan;
use crate::planning::{self, Target};
use crate::profile::Profile;
use crate::report::{Report, Run, Usages};
use crate::rest::Rest;
use crate::scrape::{Scrape, Told};
use crate::server::{Launch, Serving};
use crate::token::Signer;
use crate::usage::Usage;

/// `auth.hs256_kid` and `auth.issuer` as they are by themselves.
const KID: &str = "hs256";
const ISSUER: &str = "streakline";
/// The secret of a server that is started here; it lives as long as its directory.
const SECRET: &str = "a-secret-of-a-load-test-and-of-nothing-else";

/// Against a server.
pub(crate) fn run(args: &RunArgs) -> Result<Report> {
    let load = &args.load;
    let run_number = clock::unix_ms().unsigned_abs();
    let name = planning::run_name(run_number);
    let secret = match &args.secret_file {
        Some(file) => fs::read_to_string(file).with_context(|| file.display().to_string())?,
        None => SECRET.to_owned(),
    };
    let serving = match &args.server {
        Some(program) => Some(Serving::start(&Launch {
            program,
            directory: &absolute(&args.directory.join(&name))?,
            core: core(load, &load.server_core),
            workers: args.workers,
            secret: &secret,
            storage: args.storage.as_deref(),
            arguments: &args.server_arg,
        })?),
        None => None,
    };
    let signer = Signer {
        secret: secret.trim_end_matches(['\n', '\r']).to_owned(),
        kid: KID.to_owned(),
        issuer: ISSUER.to_owned(),
    };
    let address = match (&serving, &args.url) {
        (Some(serving), _) => serving.address,
        (None, Some(url)) => address_of(url)?,
        (None, None) => anyhow::bail!("neither --server nor --url"),
    };
    let mut rest = Rest::new(address, signer.admin(clock::unix_ms())?)?;
    let board = match load.profile {
        Profile::Board => {
            let users = load.devices + load.subscribers;
            Some(board::prepare(&mut rest, &name, users)?)
        }
        _ => None,
    };
    let target = Target {
        address,
        is_floor: false,
        signer,
        board,
        run_number,
    };
    let pid = serving
        .as_ref()
        .map(|serving| serving.child.id())
        .or(args.pid);
    let mut other = Other {
        pid,
        rest: Some(rest),
        check_users: args.check_users,
    };
    let report = measure(load, &target, &mut other)?;
    if let Some(serving) = serving {
        serving.stop(args.keep)?;
    }
    Ok(report)
}

/// Against the floor.
pub(crate) fn floor(load: &LoadArgs) -> Result<Report> {
    let serving = Serving::floor(&env::current_exe()?, core(load, &load.server_core))?;
    let signer = Signer {
        secret: SECRET.to_owned(),
        kid: KID.to_owned(),
        issuer: ISSUER.to_owned(),
    };
    let target = Target {
        address: serving.address,
        is_floor: true,
        signer,
        board: None,
        run_number: clock::unix_ms().unsigned_abs(),
    };
    let mut other = Other {
        pid: Some(serving.child.id()),
        rest: None,
        check_users: 0,
    };
    let report = measure(load, &target, &mut other)?;
    serving.stop(false)?;
    Ok(report)
}

/// What is known of the other side.
struct Other {
    pid: Option<u32>,
    rest: Option<Rest>,
    check_users: u32,
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

fn measure(args: &LoadArgs, target: &Target, other: &mut Other) -> Result<Report> {
    let plans = planning::plans(args, target)?;
    let alone = other.usage()?;
    let program = env::current_exe()?;
    let mut members = Members::start(&program, &plans, core(args, &args.client_core))?;
    let bar = progress_bar();
    let sockets = args.devices + args.subscribers;
    members.wait_ready(&|opened| bar.set_message(format!("{opened} of {sockets} sockets open")))?;
    let mut seen = window(args, &mut members, other, &bar)?;
    seen.usages.alone = alone;
    bar.finish_and_clear();
    let sum = members.sum()?;
    let plan = plans.first().context("no plan")?;
    let run = run_of(args, plan, target, seen.seconds)?;
    let usages = other.pid.map(|_| &seen.usages);
    let mut report = Report::new(run, &sum, usages);
    report.swarm_cpu_percent = seen.swarm_cpu_s / seen.seconds * 100.0;
    if let Some(rest) = &mut other.rest {
        let [before, after] = &seen.scrapes;
        report.told = Some(Told::between(before, after, seen.seconds));
        let records = &sum.figures.records;
        report.checked = Some(check::check(rest, plan, records, other.check_users)?);
    }
    Ok(report)
}

/// Gives the word, and looks at the other side when the measured window begins and ends.
fn window(
    args: &LoadArgs,
    members: &mut Members,
    other: &mut Other,
    bar: &ProgressBar,
) -> Result<Seen> {
    let ends_itself = matches!(args.profile, Profile::Backfill | Profile::Storm);
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
    let (to, to_ns, swarm_to_s) = (other.usage()?, clock::now_ns(), members.cpu_s());
    let after = other.scrape()?;
    members.wait_ended(&tell)?;
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
        devices: args.devices,
        subscribers: args.subscribers,
        processes: args.processes,
        records_per_frame: plan.records,
        payload_bytes: template.payload_bytes(),
        warmup_s: args.warmup,
        seconds,
    })
}

fn core<'a>(args: &LoadArgs, core: &'a str) -> Option<&'a str> {
    (!args.unpinned).then_some(core)
}

fn absolute(path: &std::path::Path) -> Result<PathBuf> {
    Ok(std::path::absolute(path)?)
}

fn address_of(url: &str) -> Result<SocketAddr> {
    let host = url
        .strip_prefix("http://")
        .context("only http:// is spoken here")?;
    let address = host.trim_end_matches('/').parse();
    address.with_context(|| format!("{url}: an address and a port, such as http://127.0.0.1:8080"))
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
