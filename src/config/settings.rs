//! Every setting, once: its TOML key, type, default, bounds, check and meaning.
//!
//! From this list come the fields of [`Config`], the flags of `streakline serve`, the names in the environment, the checks,
//! `streakline config` and docs/configuration.md (`script/fmt` writes it; the tidy rules read this file's text). To add a
//! setting, add a block here and use its field; a group of its own needs a heading, a name and a type.
//!
//! The form is `name: type = default, within low..=high, check function;`, the last two where they apply. Integers need
//! bounds. `Option<T> = None` is a setting that may be unset; an `Option<Secret>` is masked wherever settings are shown.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

use streakline_core::{limits, manual::ManualPolicy, retention::Retention};

use super::declare::{self, Setting, settings};
use super::effective::Effective;
use super::value::{Field, Secret, Value};
use super::{CqlAddress, Error, Sources, check};

settings! {
    /// Server
    {
        /// Where everything is kept; one server at a time
        data: PathBuf = "data";

        /// `embedded`: in the data directory; or a CQL store such as `scylla://host1,host2/streakline`, of ScyllaDB or Cassandra
        storage: String = "embedded", check check::storage;

        /// A CQL store may keep fewer than three copies of a row: what its machine loses is lost
        allow_single_copy: bool = false;

        /// Address and port; port 0 takes a free one, which the `ready:` line names
        listen: SocketAddr = "127.0.0.1:8080";

        /// `system`, or `virtual:2016-04-12T00:00:00Z` for tests and demos: time moves by POST /v1/clock only
        clock: String = "system", check check::clock;

        /// Threads that serve; 0: one a core
        workers: usize = 0, within 0..=1_024;

        /// Which log lines: a level, or a filter such as `info,streakline::gateway=debug`
        log: String = "info,fjall=warn,lsm_tree=warn,scylla=warn", check check::log;

        /// Log lines as JSON
        log_json: bool = false;

        /// Log lines of one kind per second, at most 10 of a warning or error; the rest is counted
        log_lines_per_s: u32 = 1_000, within 1..=1_000_000;
    }

    /// Tokens
    auth: Auth {
        /// `iss` that tokens must have
        issuer: String = "streakline";

        /// File with a secret for HS256, 32 bytes at least; unset: tokens are EdDSA only
        hs256_secret_file: Option<PathBuf> = None;

        /// `kid` of tokens that are signed with that secret
        hs256_kid: String = "hs256";
    }

    /// The CQL store, where `storage` names one
    cql: Cql {
        /// User to log in as; unset: without a login
        user: Option<String> = None;

        /// Password of that user
        password: Option<Secret> = None;

        /// Connections are encrypted; the system's authorities vouch for the machines
        tls: bool = false;

        /// PEM file of the authority that vouches for them instead; encrypts too
        ca_file: Option<PathBuf> = None;

        /// Data centre whose replicas are asked; unset: any
        datacenter: Option<String> = None;

        /// The keyspace and its tables are made and changed at the start; else by `streakline migrate`
        migrate: bool = false;

        /// Statements in flight; more wait
        statements_max: usize = 512, within 1..=65_536;
    }

    /// What is stored about users
    sealing: Sealing {
        /// Master keys, which wrap the users' data keys: each `mk_` and 32 bytes in base64url without padding, separated by
        /// commas, oldest first; the last one wraps, the others still unwrap; unset: files in `keys/`, the first one made there
        master_keys: Option<Secret> = None;
    }

    /// TLS on `listen`; both files or none
    tls: Tls {
        /// PEM file with the certificate and its chain; unset: plain HTTP
        certificate_file: Option<PathBuf> = None;

        /// PEM file with the certificate's key
        key_file: Option<PathBuf> = None;
    }

    /// Metrics beside the built-in ones
    metrics: Metrics {
        /// TOML file with the metrics that this deployment adds; a number never changes its meaning
        file: Option<PathBuf> = None;
    }

    /// Browsers
    cors: Cors {
        /// Origins that browsers may call from, REST and stream; `*` for all
        origins: Vec<String> = &[], check check::origin;
    }

    /// Floods
    limits: Limits {
        /// Frames of one socket per second, twice that in a burst; above: 4429
        frames_per_s: u32 = 2_000, within 1..=1_000_000;

        /// Frames of all sockets of one user per second, twice that in a burst; above: 4429; 0: no bound
        frames_per_s_per_user: u32 = 4_000, within 0..=1_000_000;

        /// Frames of all sockets of one address per second, twice that in a burst; above: 4429; 0: no bound
        frames_per_s_per_address: u32 = 200_000, within 0..=10_000_000;

        /// Open streams of one address, above: 4429; of any connections twice as many, above: 429
        connections_per_address: u32 = 4_096, within 1..=1_000_000;

        /// Refused credentials of one address (IPv6: of one /64) per minute, REST and stream together; above: 429
        auth_failures_per_min: u32 = 600, within 1..=1_000_000;

        /// Bad frames of one socket per minute; above: 4400
        bad_frames_per_min: u32 = 20, within 1..=1_000_000;

        /// Batches of the lane `backfill` of one device within a minute; what is above waits, and is not refused
        backfill_batches_per_min: u32 = limits::BACKFILL_BATCHES_PER_MIN, within 1..=10_000;

        /// Unacknowledged batches of one socket, announced in `welcome`; half of it for the lane `backfill`
        credits: u32 = limits::CREDITS, within 1..=limits::CREDITS_MAX;

        /// Bytes of unacknowledged batches of one socket, announced in `welcome`; half of it for the lane `backfill`
        credit_bytes: usize = limits::CREDIT_BYTES, within 1_024..=limits::CREDIT_BYTES_MAX;

        /// Records of a batch, announced in `welcome`
        max_records: usize = limits::BATCH_RECORDS_MAX, within 1..=limits::BATCH_RECORDS_MAX;

        /// Bytes of a frame, announced in `welcome`
        max_bytes: usize = limits::FRAME_BYTES, within 1_024..=limits::FRAME_BYTES_MAX;
    }

    /// Pushes
    push: Push {
        /// States of one user are coalesced to one round in this time, ms
        progress_ms: u64 = 1_000, within 1..=60_000;

        /// Views of one board are coalesced to one in this time, ms; under load in up to five times as long
        board_ms: u64 = 1_000, within 1..=60_000;

        /// How long a reader may be too slow before it is closed 4413, seconds
        grace_s: u64 = 10, within 0..=3_600;
    }

    /// What counts
    rules: Rules {
        /// What typed-in samples count for besides what is shown: `exclude`: nothing, `goals_only`: goals and their streaks,
        /// `include`: everything; fixed when the data directory is made (ADR 0027)
        manual_policy: String = "exclude", check check::manual_policy;
    }

    /// How long detail is kept
    history: History {
        /// Days for which a day's samples are kept; fixed when the data directory is made (ADR 0034)
        records_days: u32 = 90, within 70..=36_500;

        /// Days for which a day's minutes are kept, at least as long as its samples; fixed when the data directory is made
        minutes_days: u32 = 400, within 70..=36_500;
    }

    /// Milestones of streaks
    milestones: Milestones {
        /// What a streak of 3 pays, 10^-6 token; like the others it holds for goals that are set from then on
        at_3: u64 = 0, within 0..=1_000_000_000_000;

        /// What a streak of 7 pays, 10^-6 token
        at_7: u64 = 0, within 0..=1_000_000_000_000;

        /// What a streak of 14 pays, 10^-6 token
        at_14: u64 = 0, within 0..=1_000_000_000_000;

        /// What a streak of 30 pays, 10^-6 token
        at_30: u64 = 0, within 0..=1_000_000_000_000;

        /// What a streak of 50 pays, 10^-6 token
        at_50: u64 = 0, within 0..=1_000_000_000_000;

        /// What a streak of 100 pays, 10^-6 token
        at_100: u64 = 0, within 0..=1_000_000_000_000;

        /// What a streak of 180 pays, 10^-6 token
        at_180: u64 = 0, within 0..=1_000_000_000_000;

        /// What a streak of 365 and each further 365 pays, 10^-6 token
        at_365: u64 = 0, within 0..=1_000_000_000_000;
    }

    /// Actors in memory
    actors: Actors {
        /// How long a user or a settled challenge stays in memory without a command, seconds; a user with a socket stays, and is written then
        idle_s: u64 = 300, within 1..=86_400;

        /// Bytes that users may take in memory, about, shared evenly by the threads; above, the longest idle leave early
        memory_max_bytes: usize = 1024 * 1024 * 1024, within 1_048_576..=1_099_511_627_776;
    }

    /// What may wait
    ingest: Ingest {
        /// Bytes of batches that may wait for durability on one thread; above: `overloaded`
        inflight_max_bytes: usize = 64 * 1024 * 1024, within 1_024..=4_294_967_296;
    }

    /// Journal
    journal: Journal {
        /// How long the first input of a flush waits for company at low load, ms; 0: not at all
        linger_ms: u64 = 0, within 0..=10_000;

        /// Bytes of one partition's journal that snapshots need not cover; at four times that batches and changes are `overloaded`
        tail_bytes_max: u64 = 8 * 1024 * 1024, within 1_024..=1_073_741_824;

        /// How long an input may stay uncovered, seconds
        tail_max_age_s: u64 = 3_600, within 1..=86_400;

        /// Bytes of journal of earlier starts whose inputs wait in memory to be folded (they take about ten times that); what
        /// is more is read again in its turn
        recovered_max_bytes: usize = 16 * 1024 * 1024, within 1..=68_719_476_736;
    }

    /// Streams
    stream: Stream {
        /// Seconds between the server's pings
        heartbeat_s: u64 = 25, within 1..=3_600;

        /// Seconds after which TCP gives a peer up that takes nothing; never less than `push.grace_s` and ten
        unacked_s: u64 = 20, within 1..=3_600;

        /// Seconds until a new socket must have said hello
        hello_timeout_s: u64 = 10, within 1..=3_600;
    }

    /// The end
    shutdown: Shutdown {
        /// Seconds from SIGTERM to the end of the process, at most
        grace_s: u64 = 25, within 5..=3_600;
    }
}

impl Rules {
    /// What typed-in samples count for.
    #[must_use]
    pub fn manual_policy(&self) -> ManualPolicy {
        // Its name was checked when it was read.
        ManualPolicy::named(&self.manual_policy).unwrap_or_default()
    }
}

impl History {
    /// How long detail is kept.
    #[must_use]
    pub fn retention(&self) -> Retention {
        // Both are within their bounds, which were checked when they were read.
        let days = |days: u32| u16::try_from(days).unwrap_or(limits::KEPT_DAYS_MAX);
        Retention {
            records_days: days(self.records_days),
            minutes_days: days(self.minutes_days),
        }
    }
}

impl Config {
    /// What the sources say, flags first, then the environment, then the file, then the defaults.
    ///
    /// # Errors
    /// When the file cannot be read, a name is unknown or a value is wrong: all of it at once, with key and place.
    pub fn load(sources: &Sources) -> Result<Self, Error> {
        let effective = Effective::of(Self::settings(), sources)?;
        // Every value was checked against its field's type, so this cannot fail; were it to, no guess is made.
        let config = Self::read("", &|key| effective.value(key)).ok_or_else(Error::unreadable)?;
        effective.refuse(&config.contradictions())?;
        Ok(config)
    }

    /// Settings that are right alone and wrong together: the key of one, and what is wrong with it.
    fn contradictions(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.ingest.inflight_max_bytes < self.limits.max_bytes {
            let least = self.limits.max_bytes;
            let detail = format!("must be at least limits.max_bytes, which is {least}");
            found.push(("ingest.inflight_max_bytes", detail));
        }
        if self.history.minutes_days < self.history.records_days {
            let least = self.history.records_days;
            let detail = format!("must be at least history.records_days, which is {least}");
            found.push(("history.minutes_days", detail));
        }
        let needs = |other: &str| format!("needs {other} beside it, or neither");
        match (&self.tls.certificate_file, &self.tls.key_file) {
            (Some(_), None) => found.push(("tls.certificate_file", needs("tls.key_file"))),
            (None, Some(_)) => found.push(("tls.key_file", needs("tls.certificate_file"))),
            _ => {}
        }
        match (&self.cql.user, &self.cql.password) {
            (Some(_), None) => found.push(("cql.user", needs("cql.password"))),
            (None, Some(_)) => found.push(("cql.password", needs("cql.user"))),
            _ => {}
        }
        found
    }

    /// Where the CQL store is; `None`: the store is the embedded one.
    #[must_use]
    pub fn cql_address(&self) -> Option<CqlAddress> {
        // Its form was checked when it was read.
        CqlAddress::parse(&self.storage).ok()
    }
}
