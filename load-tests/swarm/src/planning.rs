//! From the command line to the plan of each process: which devices, at which rate, with samples of which time.

use std::net::SocketAddr;

use anyhow::{Result, ensure};

use crate::cli::LoadArgs;
use crate::clock;
use crate::dates::DAY_MS;
use crate::plan::{Load, Plan, Wire};
use crate::profile::Profile;
use crate::token::Signer;

/// Sockets of one process; a machine lets it hold about 20,000 descriptors.
const SOCKETS_MAX: u32 = 18_000;
/// Sockets that one process opens at the same time.
const OPENING: u32 = 128;
/// Frames a second that no server answers, to know how much time the samples of a closed loop may need.
const FRAMES_PER_S_MAX: f64 = 60_000.0;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
const MINUTES_OF_A_DAY: u32 = 1_440;
/// How old a sample may be, with a margin.
const OLDEST_MS: i64 = 29 * DAY_MS;
/// The leader of a board makes two steps with every sample, and 240 a minute count.
const BOARD_STEP_MS_MIN: i64 = 500;

/// Whom the plans are for.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) is_floor: bool,
    pub(crate) signer: Signer,
    pub(crate) boards: Vec<String>,
    pub(crate) run_number: u64,
}

/// Part of every name of the run.
pub(crate) fn run_name(run_number: u64) -> String {
    format!("{run_number:x}")
}

/// The load that is asked for.
pub(crate) fn load(args: &LoadArgs) -> Load {
    args.rate.map_or(Load::Window(args.window), Load::Rate)
}

/// Records of a frame.
pub(crate) fn records(args: &LoadArgs) -> u32 {
    let own = args.profile.records();
    if args.profile.is_vehicle() {
        own
    } else {
        args.records.unwrap_or(own)
    }
}

/// A plan for each process; devices and rate are shared evenly.
pub(crate) fn plans(args: &LoadArgs, target: &Target) -> Result<Vec<Plan>> {
    let sockets = args.devices + args.subscribers;
    let processes = args.processes;
    ensure!(
        args.devices > 0 && processes > 0,
        "there must be a device and a process"
    );
    ensure!(
        args.devices >= processes,
        "there are fewer devices than processes"
    );
    let needed = sockets.div_ceil(SOCKETS_MAX);
    ensure!(
        processes >= needed,
        "{sockets} sockets need --processes {needed}"
    );
    let is_board = args.profile == Profile::Board;
    ensure!(
        !is_board || processes == 1,
        "the profile board runs in one process"
    );
    ensure!(
        is_board || args.subscribers == 0 && args.participants == 0,
        "only the profile board has subscribers and participants"
    );
    ensure!(
        args.waves == 1 || args.profile == Profile::Backfill,
        "only the profile backfill comes in waves"
    );
    ensure!(
        args.around.is_none() || args.wire == Wire::Json && args.subscribers <= args.devices,
        "who watches the own row is one of the senders, and reads JSON"
    );
    let whole = whole(args, target)?;
    let mut plans = Vec::new();
    let mut first = 0;
    for process in 0..processes {
        let devices = (args.devices - first).div_ceil(processes - process);
        let share = f64::from(devices) / f64::from(args.devices);
        plans.push(Plan {
            first,
            devices,
            load: match whole.load {
                Load::Rate(per_s) => Load::Rate(per_s * share),
                window @ Load::Window(_) => window,
            },
            ..whole.clone()
        });
        first += devices;
    }
    Ok(plans)
}

/// The plan as if one process did it all.
fn whole(args: &LoadArgs, target: &Target) -> Result<Plan> {
    let (profile, load, records) = (args.profile, load(args), records(args));
    let now_ms = clock::unix_ms();
    let (start_ms, step_ms) = sample_times(args, now_ms);
    if profile == Profile::Board {
        ensure!(args.rate.is_some(), "the profile board needs --rate");
        ensure!(
            step_ms >= BOARD_STEP_MS_MIN,
            "a sender of a board sends at most two frames a second, so that every step counts: more --devices, or less --rate"
        );
    }
    Ok(Plan {
        address: target.address,
        profile,
        wire: args.wire,
        is_floor: target.is_floor,
        load,
        first: 0,
        devices: args.devices,
        subscribers: args.subscribers,
        boards: target.boards.clone(),
        top: args.top,
        around: args.around,
        deltas: args.deltas,
        records,
        bare: args.bare,
        zone: args.zone.clone(),
        hold_s: args.hold,
        warmup_s: args.warmup,
        seconds: args.seconds,
        run: run_name(target.run_number),
        run_number: target.run_number,
        signer: target.signer.clone(),
        start_ms,
        step_ms,
        backlog: backlog(args),
        // What is of now goes on with the clock, and the floor looks at no times.
        end_ms: if profile == Profile::Board || args.real_time || target.is_floor {
            i64::MAX
        } else {
            now_ms
        },
        opening: OPENING,
    })
}

/// When a device's samples begin, and how far apart they are: forward in time up to now, as far as it goes within the day.
fn sample_times(args: &LoadArgs, now_ms: i64) -> (i64, i64) {
    let profile = args.profile;
    let samples = samples(args);
    match profile {
        Profile::Board => {
            let per_s = args.rate.unwrap_or(1.0);
            let step_ms = (1_000.0 * f64::from(args.devices) / per_s) as i64;
            (now_ms, step_ms.min(MINUTE_MS))
        }
        profile if args.real_time => {
            let per_s = args.rate.unwrap_or(1.0) * f64::from(records(args));
            let step_ms = (1_000.0 * f64::from(args.devices) / per_s) as i64;
            (now_ms, step_ms.clamp(1, profile.step_ms()))
        }
        Profile::Band | Profile::Backfill => {
            let step_ms = match profile {
                Profile::Backfill => i64::from(args.minutes) * MINUTE_MS,
                _ => MINUTE_MS,
            };
            let span_ms = (samples * step_ms).min(OLDEST_MS);
            let start_ms = (now_ms - span_ms).div_euclid(MINUTE_MS) * MINUTE_MS;
            (start_ms, step_ms)
        }
        Profile::Vehicle | Profile::Storm | Profile::Idle => {
            let today_ms = now_ms.rem_euclid(DAY_MS);
            // Shortly after midnight the day before has more room.
            let room_ms = if today_ms > 2 * HOUR_MS {
                today_ms
            } else {
                today_ms + 12 * HOUR_MS
            };
            let step_ms = (room_ms / samples).clamp(1, profile.step_ms());
            (now_ms - samples * step_ms, step_ms)
        }
    }
}

/// Frames that hold a device's backlog.
fn backlog(args: &LoadArgs) -> u64 {
    let samples = (args.days * MINUTES_OF_A_DAY).div_ceil(args.minutes.max(1));
    u64::from(samples.div_ceil(records(args)))
}

/// Samples that a device sends at most.
fn samples(args: &LoadArgs) -> i64 {
    let records = i64::from(records(args));
    if args.profile == Profile::Backfill {
        return backlog(args).cast_signed() * records;
    }
    let seconds = args.warmup + args.seconds;
    let per_s = args.rate.unwrap_or(FRAMES_PER_S_MAX);
    let frames = (per_s * seconds / f64::from(args.devices)).ceil() as i64;
    let spare = 3 + args.rate.map_or(i64::from(args.window), |_| 0);
    (frames + spare) * records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    fn args(line: &str) -> LoadArgs {
        let words = ["swarm", "floor"].into_iter().chain(line.split(' '));
        match Cli::parse_from(words).command {
            Command::Floor(args) => args,
            _ => panic!("another command"),
        }
    }

    fn target() -> Target {
        Target {
            address: ([127, 0, 0, 1], 1).into(),
            is_floor: true,
            signer: Signer {
                secret: String::new(),
                kid: String::new(),
                issuer: String::new(),
            },
            boards: vec![],
            run_number: 1,
        }
    }

    #[test]
    fn devices_and_rate_are_shared_and_none_is_left_out() {
        let plans = plans(
            &args("vehicle --devices 10 --processes 3 --rate 100"),
            &target(),
        )
        .unwrap();
        let shares: Vec<(u32, u32)> = plans
            .iter()
            .map(|plan| (plan.first, plan.devices))
            .collect();
        assert_eq!(shares, [(0, 4), (4, 3), (7, 3)]);
        assert_eq!(plans[0].load, Load::Rate(40.0));
    }

    #[test]
    fn samples_lie_in_the_past_and_within_the_day_where_they_can() {
        let noon_ms = 20_000 * DAY_MS + 12 * HOUR_MS;
        let (start_ms, step_ms) = sample_times(
            &args("vehicle --devices 10 --rate 10 --seconds 5 --warmup 5"),
            noon_ms,
        );
        assert_eq!((start_ms, step_ms), (noon_ms - 130_000, 1_000));
        let hot = args("vehicle --devices 64 --window 16 --seconds 30");
        let (start_ms, step_ms) = sample_times(&hot, noon_ms);
        assert!(start_ms >= noon_ms - 12 * HOUR_MS && (1..1_000).contains(&step_ms));
        assert!(start_ms + samples(&hot) * step_ms <= noon_ms);
    }

    #[test]
    fn samples_in_real_time_are_as_far_apart_as_they_are_sent() {
        let noon_ms = 20_000 * DAY_MS + 12 * HOUR_MS;
        let fast = args("vehicle --devices 2000 --rate 10000 --real-time");
        assert_eq!(sample_times(&fast, noon_ms), (noon_ms, 20));
        let slow = args("vehicle --devices 2000 --rate 10 --real-time");
        assert_eq!(sample_times(&slow, noon_ms), (noon_ms, 1_000));
    }

    #[test]
    fn steps_begin_at_a_minute_and_are_never_too_old() {
        let at_ms = 20_000 * DAY_MS + 12_345;
        let (start_ms, step_ms) = sample_times(&args("backfill"), at_ms);
        assert_eq!((start_ms.rem_euclid(MINUTE_MS), step_ms), (0, MINUTE_MS));
        assert_eq!(start_ms, 20_000 * DAY_MS - 14_400 * MINUTE_MS);
        let (start_ms, _) = sample_times(&args("band --devices 1 --window 1"), at_ms);
        assert!(start_ms > at_ms - OLDEST_MS - MINUTE_MS);
    }

    #[test]
    fn a_backlog_is_the_days_that_are_asked_for() {
        let ten = args("backfill");
        assert_eq!(backlog(&ten) * u64::from(records(&ten)), 14_400);
        let whole_days = args("backfill --days 4 --minutes 1440 --records 4");
        assert_eq!(backlog(&whole_days), 1);
        let at_ms = 20_000 * DAY_MS;
        assert_eq!(
            sample_times(&whole_days, at_ms),
            (at_ms - 4 * DAY_MS, DAY_MS)
        );
    }

    #[test]
    fn too_many_sockets_for_a_process_are_refused_with_the_number_that_is_needed() {
        let told = plans(&args("idle --devices 40000"), &target()).unwrap_err();
        assert_eq!(told.to_string(), "40000 sockets need --processes 3");
    }

    #[test]
    fn a_board_whose_steps_would_not_count_is_refused() {
        assert!(plans(&args("board --devices 10 --rate 100"), &target()).is_err());
        assert!(
            plans(
                &args("board --devices 100 --rate 100 --subscribers 5"),
                &target()
            )
            .is_ok()
        );
    }

    #[test]
    fn only_senders_watch_their_own_rows() {
        let planned = |line: &str| plans(&args(line), &target()).is_ok();
        let few = "board --devices 100 --rate 100 --around 3 --subscribers";
        assert!(planned(&format!("{few} 100")) && !planned(&format!("{few} 101")));
        assert!(!planned(&format!("{few} 9 --wire cbor")));
    }
}
