//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::plan::Wire;
use crate::profile::Profile;
use crate::survey::ReportArgs;

const EXAMPLES: &str = "\
Examples:
  swarm run vehicle --server target/release/streakline --devices 1000 --window 1 --seconds 20
  swarm run vehicle --server target/release/streakline --devices 1000 --rate 2000 --json rate.json
  swarm floor vehicle --devices 1000 --window 1 --seconds 20";

const RUN_EXAMPLES: &str = "\
Examples:
  swarm run vehicle --server target/release/streakline --devices 64 --window 16
  swarm run vehicle --server target/release/streakline --wire cbor --bare
  swarm run band --server target/release/streakline --devices 10000 --rate 1000
  swarm run backfill --server target/release/streakline --devices 100
  swarm run backfill --server target/release/streakline --devices 10000 --waves 10 --days 4 --minutes 1440 --records 4 \\
      --checkpoint --settle 10
  swarm run board --server target/release/streakline --devices 20 --boards 16 --subscribers 500 --rate 20 --top 1 \\
      --server-arg=--push-board-ms=1
  swarm run storm --server target/release/streakline --devices 10000
  swarm run idle --server target/release/streakline --devices 10000
  swarm run vehicle --url http://127.0.0.1:8080 --secret-file hs256.secret --pid 4711 --rate 100";

const FLOOR_EXAMPLES: &str = "\
Examples:
  swarm floor vehicle --devices 1000 --window 1
  swarm floor storm --devices 10000";

const REPORT_EXAMPLES: &str = "\
Examples:
  swarm report
  swarm report --only vehicle,latency --runs 3 --seconds 10";

/// Many devices on one machine: sends prepared frames to a Streakline server, measures it from outside, and checks afterwards
/// that everything that was acknowledged is there.
#[derive(Parser)]
#[command(name = "swarm", after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs a profile against a server; ends with 1 when anything was lost, refused or is missing
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Runs the same load against a plain WebSocket server that parses nothing and stores nothing
    #[command(after_help = FLOOR_EXAMPLES)]
    Floor(LoadArgs),
    /// Runs the whole set some times over and rewrites the report's part of docs/performance.md
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// That plain server
    #[command(hide = true)]
    FloorServer,
    /// One process of the swarm
    #[command(hide = true)]
    Member,
}

/// Against whom.
#[derive(Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// Program of a server that is started on a fresh directory for this run
    #[arg(
        long,
        value_name = "PATH",
        required_unless_present = "url",
        conflicts_with = "url"
    )]
    pub(crate) server: Option<PathBuf>,
    /// A server that runs already, such as http://127.0.0.1:8080
    #[arg(long, requires = "secret_file")]
    pub(crate) url: Option<String>,
    /// The secret that it was given as auth.hs256_secret_file
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Its process, to tell its CPU and memory
    #[arg(long, requires = "url")]
    pub(crate) pid: Option<u32>,
    /// Where the server keeps its data: passed on as its setting `storage`
    #[arg(long, requires = "server")]
    pub(crate) storage: Option<String>,
    /// Threads of the server
    #[arg(long, default_value_t = 1)]
    pub(crate) workers: u32,
    /// One more argument of the server's `serve`, such as --push-progress-ms=1
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) server_arg: Vec<String>,
    /// Where the server keeps everything; is removed afterwards
    #[arg(long, value_name = "DIR", default_value = "target/swarm")]
    pub(crate) directory: PathBuf,
    /// Leave the server's directory where it is
    #[arg(long)]
    pub(crate) keep: bool,
    /// Afterwards have the server snapshot everybody and drop its journal
    #[arg(long)]
    pub(crate) checkpoint: bool,
    /// Seconds that the server is left alone after that, when all sockets have gone, before its memory and what it wrote are looked at again
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub(crate) settle: f64,
    /// Users whose totals are compared afterwards with what was acknowledged, evenly chosen
    #[arg(long, default_value_t = 2_000)]
    pub(crate) check_users: u32,
}

/// What load.
#[derive(Args, Clone)]
pub(crate) struct LoadArgs {
    /// What the devices are and send
    pub(crate) profile: Profile,
    /// How frames look
    #[arg(long, value_enum, default_value = "json")]
    pub(crate) wire: Wire,
    /// Sockets that send, one of each user
    #[arg(long, default_value_t = 1_000)]
    pub(crate) devices: u32,
    /// Open loop: frames a second of all devices; latency counts from the intended moment
    #[arg(long, value_name = "FRAMES_PER_S", conflicts_with = "window")]
    pub(crate) rate: Option<f64>,
    /// Samples are of the moment in which they are sent, as far apart as that makes them, instead of as their makers meant them
    #[arg(long, requires = "rate")]
    pub(crate) real_time: bool,
    /// Closed loop: frames of each device that are under way at any time
    #[arg(long, default_value_t = 1)]
    pub(crate) window: u32,
    /// Records of a frame; vehicles always send ten
    #[arg(long)]
    pub(crate) records: Option<u32>,
    /// Days that a device was offline (profile backfill)
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=29))]
    pub(crate) days: u32,
    /// Minutes of one kept sample (profile backfill): 1440 covers a day with one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    pub(crate) minutes: u32,
    /// Come in so many waves, each with as many other devices, that leave before the next (profile backfill)
    #[arg(long, default_value_t = 1)]
    pub(crate) waves: u32,
    /// Leave out what a vehicle's vendor adds to its samples, most of their bytes
    #[arg(long)]
    pub(crate) bare: bool,
    /// Sockets that watch the board (profile board)
    #[arg(long, default_value_t = 0)]
    pub(crate) subscribers: u32,
    /// Time zone of the users
    #[arg(long, default_value = "UTC")]
    pub(crate) zone: String,
    /// Seconds that sockets stay open after the last answer, before the server's memory is looked at with them
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub(crate) hold: f64,
    /// Challenges that everyone has joined and whose boards each of them watches (profile board)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) boards: u32,
    /// Rows of a board that they watch
    #[arg(long, default_value_t = 10)]
    pub(crate) top: u32,
    /// They watch so many rows on each side of their own instead, each of them as one of the senders (profile board)
    #[arg(long, value_name = "ROWS", conflicts_with = "top", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) around: Option<u32>,
    /// These challenges keep their boards in parts, one a thread of the server (profile board)
    #[arg(long)]
    pub(crate) in_parts: bool,
    /// They ask for what has changed instead of whole views
    #[arg(long)]
    pub(crate) deltas: bool,
    /// Users who are in these challenges, senders and subscribers among them; the others have no socket (profile board)
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) participants: u32,
    /// Seconds of load before the measured ones
    #[arg(long, default_value_t = 5.0)]
    pub(crate) warmup: f64,
    /// Seconds that are measured
    #[arg(long, default_value_t = 20.0)]
    pub(crate) seconds: f64,
    /// Processes that share the devices; one holds at most 18,000 sockets
    #[arg(long, default_value_t = 1)]
    pub(crate) processes: u32,
    /// Cores of the server, as taskset takes them
    #[arg(long, default_value = "0")]
    pub(crate) server_core: String,
    /// Cores of the swarm
    #[arg(long, default_value = "1")]
    pub(crate) client_core: String,
    /// Leave the choice of cores to the kernel
    #[arg(long)]
    pub(crate) unpinned: bool,
    /// Write all figures there as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}
