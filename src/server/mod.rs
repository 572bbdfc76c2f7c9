//! Puts the parts together: store, clock, actors, doors; serves until it is told to stop, then drains.
//!
//! The arbiters of users and challenges are the HTTP server's own workers: a session and its user's actor often share a thread
//! (design.md 6). Nothing here decides anything.

mod drain;
mod hosting;
pub mod offline;
mod reload;
mod store;
mod trouble;

use std::{
    future::Future,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{App, dev::ServerHandle, middleware::from_fn, web};
use metrics_exporter_prometheus::PrometheusHandle;
use streakline_core::{id::PartitionId, streak::Amounts, user::Rules};
use tokio::sync::mpsc;

use drain::drain;
use hosting::{Hosting, all_hosts};
pub use store::migrate;
use trouble::{failed, give_notice};

use crate::{
    actors::{
        damage::Damage,
        directory::Directory,
        partition::Partition,
        recovery,
        shared::{BITS, Fatal, Settings, Shared, Work},
    },
    api,
    auth::{AuthFailures, Credentials},
    clock,
    clock::Clock,
    config::Config,
    gateway::{self, Gateway},
    http,
    keys::CurrentKeys,
    push::Sessions,
    registry,
    shutdown::{self, Hangups},
    storage::{
        self, Store,
        sealing::{MasterKeys, Seals},
    },
    telemetry::{self, series},
    tls::{self, Tls},
    zones::BundledZones,
};

/// Longest random wait that clients are told before they come back, ms.
const RETRY_AFTER_MS: u64 = 3_000;
/// Parts of the grace: for pending acks, for connections to close.
const ACKS_PART: u64 = 5;
const STOP_PART: u64 = 5;
/// How long a start on a virtual clock waits for others after a damaged row was met.
const SET_ASIDE_MS: u64 = 10_000;
/// Between two looks at whether the store has failed.
const FAULT_POLL_MS: u64 = 100;
/// Between two rounds of dropping what the store no longer needs.
const TIDY_EVERY: Duration = Duration::from_secs(10);
/// Sockets of one worker.
const CONNECTIONS_PER_WORKER: usize = 100_000;
/// How long a TLS handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// How long the head of a connection's first request may take.
const REQUEST_HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may stay open without a request.
const IDLE_WITHIN: Duration = Duration::from_secs(15);
/// How long after an answer the head of the connection's next request may take to be whole, ms: both of these.
const NEXT_HEAD_WITHIN_MS: u64 = 20_000;
/// How long a connection that is closed may take to go.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(1);
/// Bytes of answers that may wait for one connection's kernel buffer before no more are made.
const WRITE_BUFFER_BYTES: usize = 32 * 1024;

/// Why a server does not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] storage::Error),
    /// The setting `clock` has the wrong form.
    #[error("clock {0:?} is neither `system` nor such as `virtual:2016-04-12T00:00:00Z`")]
    Clock(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// As it was set.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The deployment's metrics are not taken.
    #[error(transparent)]
    Metrics(#[from] registry::Error),
    /// The library of TLS refuses.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// Signals cannot be listened to.
    #[error("signals cannot be listened to: {0}")]
    Signals(std::io::Error),
    /// The HTTP server did not start or ended by itself.
    #[error("the HTTP server: {0}")]
    Http(String),
    /// A part failed for good.
    #[error("{0}")]
    Fatal(String),
}

type Result<T> = std::result::Result<T, Error>;

/// What a server is started with.
pub struct Start {
    /// Settings.
    pub config: Config,
    /// Keys.
    pub keys: CurrentKeys,
    /// The certificate; plain HTTP without.
    pub tls: Option<Tls>,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// Abort right after that many durable flushes; for tests on a virtual clock.
    #[cfg(feature = "fault-injection")]
    pub crash_after_flush: Option<u64>,
    /// What is to fail in the store; for tests.
    #[cfg(feature = "fault-injection")]
    pub fault: Option<storage::faulty::Fault>,
}

/// Makes the data directory where there is none.
///
/// # Errors
/// When it cannot be one.
pub fn make_directory(data: &Path) -> Result<()> {
    Ok(storage::embedded::create_private(data)?)
}

/// Serves until `stop` is done; `ready` is told the address once everything that fell due is carried out.
///
/// # Errors
/// When a part cannot start, or the server must stop because its store fails.
pub async fn run(
    start: Start,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<()> {
    shutdown::survive_large_files().map_err(Error::Signals)?;
    let hangups = Hangups::listen().map_err(Error::Signals)?;
    if let Some(file) = &start.config.metrics.file {
        registry::install(file)?;
    }
    let store = start.open_store().await?;
    let manual_policy = start.config.rules.manual_policy();
    store.fix_manual_policy(manual_policy).await?;
    let retention = start.config.history.retention();
    store.fix_retention(retention).await?;
    let seals = Seals::open(store.clone(), master_keys(&start.keys)?).await?;
    let epoch = store.raise_epoch(BITS).await?;
    let recovered_max_bytes = start.config.journal.recovered_max_bytes;
    let partitions = read_partitions(&seals, epoch, recovered_max_bytes).await?;
    let clock = clock_of(&start.config.clock, &store, &partitions).await?;
    let settings = actor_settings(&start);
    let rules = Rules {
        zones: Arc::new(BundledZones::new()),
        manual_policy,
        retention,
    };
    let shared = shared((store, seals, rules), (clock, epoch), settings);
    let mut running = listen(&start, &shared, partitions).await?;
    shared
        .caught_up
        .store(!shared.clock.is_virtual(), Ordering::Release);
    let directory = Directory::new(shared.clone());
    if shared.clock.is_virtual() {
        catch_up(&shared, &directory).await?;
        shared.caught_up.store(true, Ordering::Release);
    }
    actix::spawn(tidy(shared.clone(), start.metrics.clone()));
    let gateway = running.gateway.clone();
    actix::spawn(reload::rewrap(shared.clone()));
    let in_force = reload::InForce {
        keys: start.keys,
        tls: start.tls,
        gateway,
        shared: shared.clone(),
    };
    actix::spawn(reload::on_hangup(hangups, in_force));
    actix::spawn(running.gateway.clone().watch_readers());
    actix::spawn(running.gateway.clone().watch_heads(NEXT_HEAD_WITHIN_MS));
    let (version, address) = (env!("CARGO_PKG_VERSION"), running.address);
    tracing::info!(version, %address, epoch, clock = start.config.clock, "serving");
    ready(running.address);
    tokio::select! {
        () = stop => {}
        reason = failed(&shared) => {
            give_notice(&shared).await;
            running.handle.stop(false).await;
            return Err(Error::Fatal(reason));
        }
        ended = &mut running.ended => return Err(Error::Http(format!("ended: {ended:?}"))),
    }
    drain(&shared, &running, grace_ms(&start.config)).await;
    telemetry::report_suppressed();
    shared
        .fatal
        .reason()
        .map_or(Ok(()), |reason| Err(Error::Fatal(reason)))
}

/// The master keys in the folder or in the settings.
fn master_keys(keys: &CurrentKeys) -> std::result::Result<MasterKeys, storage::Error> {
    let ring = keys.ring();
    let secrets: Vec<_> = ring
        .masters()
        .iter()
        .map(|secret| *secret.bytes())
        .collect();
    MasterKeys::new(&secrets)
}

/// Carries out what fell due before the start. Whoever waits for a row that is damaged holds nobody else up.
async fn catch_up(shared: &Shared, directory: &Directory) -> Result<()> {
    let set_aside = async {
        while shared.damage.met().is_none() {
            clock::pause_ms(FAULT_POLL_MS).await;
        }
        clock::pause_ms(SET_ASIDE_MS).await;
    };
    tokio::select! {
        () = directory.carry_out_boundaries() => Ok(()),
        () = set_aside => Ok(()),
        reason = failed(shared) => Err(Error::Fatal(reason)),
    }
}

/// Ms from the signal to the end, at most.
fn grace_ms(of: &Config) -> u64 {
    of.shutdown.grace_s.saturating_mul(1_000)
}

fn actor_settings(start: &Start) -> Settings {
    let of = &start.config;
    let workers = workers(of);
    Settings {
        memory_bytes_max: of.actors.memory_max_bytes / workers,
        recovered_bytes_max: of.journal.recovered_max_bytes / workers,
        idle_ms: of.actors.idle_s.saturating_mul(1_000),
        progress_ms: of.push.progress_ms,
        board_ms: of.push.board_ms,
        grace_ms: of.push.grace_s.saturating_mul(1_000),
        linger_ms: of.journal.linger_ms,
        credits: of.limits.credits,
        inflight_bytes_max: of.ingest.inflight_max_bytes,
        tail_bytes_max: of.journal.tail_bytes_max,
        tail_age_ms: of.journal.tail_max_age_s.saturating_mul(1_000),
        milestones: milestones(&of.milestones),
        #[cfg(feature = "fault-injection")]
        crash_after_flush: start.crash_after_flush,
    }
}

/// What milestones pay, in the order of the core's list.
fn milestones(of: &crate::config::Milestones) -> Amounts {
    let amounts = [
        of.at_3, of.at_7, of.at_14, of.at_30, of.at_50, of.at_100, of.at_180, of.at_365,
    ];
    Amounts(amounts.map(|micro| i64::try_from(micro).unwrap_or(i64::MAX)))
}

fn gateway_settings(of: &Config) -> gateway::Settings {
    gateway::Settings {
        max_records: of.limits.max_records,
        max_bytes: of.limits.max_bytes,
        heartbeat_s: of.stream.heartbeat_s,
        hello_timeout_s: of.stream.hello_timeout_s,
        unacked_s: of.stream.unacked_s,
        frames_per_s: of.limits.frames_per_s,
        frames_per_s_per_user: of.limits.frames_per_s_per_user,
        frames_per_s_per_address: of.limits.frames_per_s_per_address,
        credits: of.limits.credits,
        credit_bytes: of.limits.credit_bytes,
        backfill_batches_per_min: of.limits.backfill_batches_per_min,
        bad_frames_per_min: of.limits.bad_frames_per_min,
        connections_per_address: of.limits.connections_per_address,
        drain_ms: grace_ms(of) / ACKS_PART,
        grace_ms: of.push.grace_s.saturating_mul(1_000),
        origins: of.cors.origins.clone(),
        ..gateway::Settings::default()
    }
}

/// Reads all partitions back. Every row is checked before anything is served; what is too much to be kept in memory until it
/// is folded is read again then.
async fn read_partitions(seals: &Seals, epoch: u64, bytes_max: usize) -> Result<Vec<Partition>> {
    let (mut partitions, mut bytes) = (Vec::new(), 0_usize);
    let begun_ms = clock::monotonic_ms();
    for id in PartitionId::all(BITS) {
        let mut partition = recovery::read(seals, id, epoch).await?;
        if bytes.saturating_add(partition.tail_bytes()) > bytes_max {
            partition.defer();
        }
        bytes = bytes.saturating_add(partition.tail_bytes());
        partitions.push(partition);
    }
    let unfolded: usize = partitions.iter().map(Partition::unfolded).sum();
    let took_ms = clock::monotonic_ms().saturating_sub(begun_ms);
    tracing::info!(unfolded, bytes, took_ms, "the journal's tail is read");
    Ok(partitions)
}

/// Threads that serve, at least one.
fn workers(of: &Config) -> usize {
    match of.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        workers => workers,
    }
}

/// A virtual clock goes on at max(flag, last stamp): virtual time is durable.
async fn clock_of(text: &str, store: &Arc<dyn Store>, partitions: &[Partition]) -> Result<Clock> {
    if text == "system" {
        return Ok(Clock::System);
    }
    let Some(flag_ms) = text
        .strip_prefix("virtual:")
        .and_then(crate::zones::parse_instant_ms)
    else {
        return Err(Error::Clock(text.to_owned()));
    };
    let stored = store.clock().await?.unwrap_or(i64::MIN);
    let stamps = partitions.iter().map(Partition::last_stamp_ms);
    Ok(Clock::standing_at(
        stamps.fold(flag_ms.max(stored), i64::max),
    ))
}

fn shared(
    (store, seals, rules): (Arc<dyn Store>, Seals, Rules),
    (clock, epoch): (Clock, u64),
    settings: Settings,
) -> Arc<Shared> {
    Arc::new(Shared {
        store,
        seals,
        clock,
        rules,
        sessions: Sessions::new(epoch),
        settings,
        epoch,
        hosts: OnceLock::new(),
        work: Work::default(),
        flushes: AtomicU64::new(0),
        caught_up: AtomicBool::new(false),
        draining: AtomicBool::new(false),
        erasures: Default::default(),
        exports: Default::default(),
        makings: Default::default(),
        damage: Damage::default(),
        fatal: Fatal::default(),
    })
}

struct Running {
    address: SocketAddr,
    gateway: Gateway,
    handle: ServerHandle,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// The two doors, made once for all workers.
fn doors(start: &Start, shared: &Arc<Shared>) -> (Gateway, web::Data<api::Api>) {
    let directory = Directory::new(shared.clone());
    let credentials = Credentials {
        keys: start.keys.clone(),
        failures: AuthFailures::new(start.config.limits.auth_failures_per_min),
    };
    let (sessions, streams) = (shared.sessions.clone(), gateway_settings(&start.config));
    let gateway = Gateway::new(directory.clone(), sessions, credentials.clone(), streams);
    let cors_origins = start.config.cors.origins.clone();
    let (zones, metrics) = (shared.rules.zones.clone(), start.metrics.clone());
    let settings = api::Settings {
        cors_origins,
        is_tls: start.tls.is_some(),
    };
    let api = api::Api::new(directory, credentials, zones, metrics, settings);
    (gateway, web::Data::new(api))
}

fn http_settings(start: &Start, gateway: &Gateway) -> Result<http::Settings> {
    let tls = start.tls.as_ref().map(|tls| tls.server_config());
    Ok(http::Settings {
        workers: workers(&start.config),
        connections_per_worker: CONNECTIONS_PER_WORKER,
        head_within: REQUEST_HEAD_WITHIN,
        idle_within: IDLE_WITHIN,
        disconnect_within: DISCONNECT_WITHIN,
        handshake_within: HANDSHAKE_WITHIN,
        write_buffer_bytes: WRITE_BUFFER_BYTES,
        stop_within_s: grace_ms(&start.config) / STOP_PART / 1_000,
        on_connect: Arc::new(gateway.on_connect()),
        tls: tls.transpose()?,
    })
}

/// Binds, starts the workers, and waits until each has its host.
async fn listen(
    start: &Start,
    shared: &Arc<Shared>,
    partitions: Vec<Partition>,
) -> Result<Running> {
    let workers = workers(&start.config);
    let (gateway, api) = doors(start, shared);
    let (hosts, started) = mpsc::unbounded_channel();
    let hosting = Arc::new(Hosting::new(shared.clone(), partitions, workers, hosts));
    let (door, origins) = (
        web::Data::new(gateway.clone()),
        start.config.cors.origins.clone(),
    );
    let app = move || {
        hosting.start_here();
        App::new()
            .app_data(api.clone())
            .app_data(door.clone())
            .wrap(api::cors(&origins))
            .wrap(from_fn(api::check_origin))
            .wrap(from_fn(api::observe))
            .wrap(from_fn(api::secure))
            .wrap(from_fn(gateway::take_turns))
            .configure(gateway::routes)
            .configure(api::routes)
    };
    let address = start.config.listen;
    let settings = http_settings(start, &gateway)?;
    let (server, address) =
        http::start(address, settings, app).map_err(|source| Error::Listen { address, source })?;
    let handle = server.handle();
    let ended = actix::spawn(server);
    let _ = shared.hosts.set(all_hosts(started, workers).await?);
    Ok(Running {
        address,
        gateway,
        handle,
        ended,
    })
}

/// Drops what the store no longer needs, and tells the sums that only the whole server knows.
async fn tidy(shared: Arc<Shared>, metrics: PrometheusHandle) {
    let directory = Directory::new(shared.clone());
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        if let Err(error) = directory.tidy_store().await {
            tracing::warn!(%error, "the store was not tidied");
        }
        if let Ok(summary) = directory.ledger_summary().await {
            metrics::gauge!(series::LEDGER_SUM_MICRO).set(summary.sum_micro as f64);
            metrics::gauge!(series::LEDGER_TRANSFERS).set(summary.transfers as f64);
        }
        if let Ok((stuck, held)) = directory.stuck_counts().await {
            metrics::gauge!(series::STUCK).set(stuck as f64);
            metrics::gauge!(series::USERS_HELD).set(held as f64);
        }
        metrics::counter!(series::STORE_SYNCS).absolute(shared.store.syncs());
        metrics.run_upkeep();
        telemetry::report_suppressed();
    }
}
