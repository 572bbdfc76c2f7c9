//! Puts the parts together: store, clock, actors, doors; serves until it is told to stop, then drains.
//!
//! The arbiters of users and challenges are the HTTP server's own workers: a session and its user's actor often share a thread
//! (design.md 6). Nothing here decides anything.

use std::{
    cell::Cell,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr};
use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn, web};
use metrics_exporter_prometheus::PrometheusHandle;
use streakline_core::{id::PartitionId, user::Rules};
use tokio::sync::mpsc;

use crate::telemetry::{self, series};
use crate::{
    actors::{
        directory::Directory,
        host::HostActor,
        partition::Partition,
        recovery,
        shared::{BITS, Fatal, Settings, Shared, Work, host_number},
    },
    api, clock,
    clock::Clock,
    config::Config,
    entropy,
    gateway::{self, Gateway},
    keys::KeyRing,
    push::Sessions,
    storage::{self, Store, embedded::EmbeddedStore},
    zones::BundledZones,
};

/// How long open streams may take to end.
const DRAIN_WITHIN: Duration = Duration::from_secs(8);
/// How long snapshots may take at the end.
const SNAPSHOT_WITHIN: Duration = Duration::from_secs(20);
/// Longest random wait that clients are told before they come back, ms.
const RETRY_AFTER_MS_MAX: u64 = 3_000;
/// Between two rounds of dropping what the store no longer needs.
const TIDY_EVERY: Duration = Duration::from_secs(10);
/// How long a worker may take to start.
const WORKER_WITHIN: Duration = Duration::from_secs(30);
/// Sockets of one worker.
const CONNECTIONS_PER_WORKER: usize = 100_000;
/// TCP gives a peer up that takes nothing for so long (TCP_USER_TIMEOUT).
const UNACKED_MAX: Duration = Duration::from_secs(20);

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
    /// The HTTP server did not start or ended by itself.
    #[error("the HTTP server: {0}")]
    Http(String),
    /// A part failed for good.
    #[error("the server must stop: {0}")]
    Fatal(String),
}

type Result<T> = std::result::Result<T, Error>;

/// What a server is started with.
pub struct Start {
    /// Settings.
    pub config: Config,
    /// Keys.
    pub keys: Arc<KeyRing>,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// Abort right after that many durable flushes; for tests on a virtual clock.
    pub crash_after_flush: Option<u64>,
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
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&start.config.data)?);
    let epoch = store.raise_epoch(BITS).await?;
    let partitions = read_partitions(&store, epoch).await?;
    let clock = clock_of(&start.config.clock, &store, &partitions).await?;
    let settings = actor_settings(&start);
    let shared = shared(store, (clock, epoch), settings);
    let running = listen(&start, &shared, partitions).await?;
    shared
        .caught_up
        .store(!shared.clock.is_virtual(), Ordering::Release);
    let directory = Directory::new(shared.clone());
    if shared.clock.is_virtual() {
        directory.carry_out_boundaries().await;
        shared.caught_up.store(true, Ordering::Release);
    }
    actix::spawn(tidy(shared.clone(), start.metrics.clone()));
    let (version, address) = (env!("CARGO_PKG_VERSION"), running.address);
    tracing::info!(version, %address, epoch, clock = start.config.clock, "serving");
    ready(running.address);
    tokio::select! {
        () = stop => {}
        reason = shared.fatal.wait() => return Err(Error::Fatal(reason)),
        ended = running.ended => return Err(Error::Http(format!("ended: {ended:?}"))),
    }
    drain(&shared, &directory, &running.gateway, &running.handle).await;
    telemetry::report_suppressed();
    Ok(())
}

fn actor_settings(start: &Start) -> Settings {
    let of = &start.config;
    Settings {
        idle_ms: of.actors.idle_s.saturating_mul(1_000),
        progress_ms: of.push.progress_ms,
        board_ms: of.push.board_ms,
        grace_ms: of.push.grace_s.saturating_mul(1_000),
        linger_ms: of.journal.linger_ms,
        inflight_bytes_max: of.ingest.inflight_max_bytes,
        tail_bytes_max: of.journal.tail_bytes_max,
        tail_age_ms: of.journal.tail_max_age_s.saturating_mul(1_000),
        crash_after_flush: start.crash_after_flush,
    }
}

fn gateway_settings(of: &Config) -> gateway::Settings {
    gateway::Settings {
        max_records: of.limits.max_records,
        max_bytes: of.limits.max_bytes,
        heartbeat_s: of.stream.heartbeat_s,
        frames_per_s: of.limits.frames_per_s,
        bad_frames_per_min: of.limits.bad_frames_per_min,
        connections_per_address: of.limits.connections_per_address,
        auth_failures_per_min: of.limits.auth_failures_per_min,
        origins: of.cors.origins.clone(),
        ..gateway::Settings::default()
    }
}

async fn read_partitions(store: &Arc<dyn Store>, epoch: u64) -> Result<Vec<Partition>> {
    let mut partitions = Vec::new();
    for id in PartitionId::all(BITS) {
        partitions.push(recovery::read(store, id, epoch).await?);
    }
    Ok(partitions)
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

fn shared(store: Arc<dyn Store>, (clock, epoch): (Clock, u64), settings: Settings) -> Arc<Shared> {
    Arc::new(Shared {
        store,
        clock,
        rules: Rules {
            zones: Arc::new(BundledZones::new()),
        },
        sessions: Sessions::new(epoch),
        settings,
        epoch,
        hosts: OnceLock::new(),
        work: Work::default(),
        flushes: AtomicU64::new(0),
        caught_up: AtomicBool::new(false),
        draining: AtomicBool::new(false),
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
    let keys = start.keys.clone();
    let (sessions, streams) = (shared.sessions.clone(), gateway_settings(&start.config));
    let gateway = Gateway::new(directory.clone(), sessions, keys.clone(), streams);
    let cors_origins = start.config.cors.origins.clone();
    let (zones, metrics) = (shared.rules.zones.clone(), start.metrics.clone());
    let settings = api::Settings { cors_origins };
    let api = api::Api::new(directory, keys, zones, metrics, settings);
    (gateway, web::Data::new(api))
}

/// Binds, starts the workers, and waits until each has its host.
async fn listen(
    start: &Start,
    shared: &Arc<Shared>,
    partitions: Vec<Partition>,
) -> Result<Running> {
    let workers = match start.config.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        workers => workers,
    };
    let (gateway, api) = doors(start, shared);
    let (hosts, started) = mpsc::unbounded_channel();
    let hosting = Arc::new(Hosting::new(shared.clone(), partitions, workers, hosts));
    let (door, origins) = (
        web::Data::new(gateway.clone()),
        start.config.cors.origins.clone(),
    );
    let server = HttpServer::new(move || {
        hosting.start_here();
        App::new()
            .app_data(api.clone())
            .app_data(door.clone())
            .wrap(api::cors(&origins))
            .wrap(from_fn(api::check_origin))
            .wrap(from_fn(api::observe))
            .configure(gateway::routes)
            .configure(api::routes)
    });
    let address = start.config.listen;
    let server = server
        .workers(workers)
        .max_connections(CONNECTIONS_PER_WORKER)
        .on_connect(gateway::on_connect(UNACKED_MAX))
        .disable_signals()
        .shutdown_timeout(2)
        .bind(address)
        .map_err(|source| Error::Listen { address, source })?;
    let address = server.addrs().first().copied();
    let address = address.ok_or_else(|| Error::Http("no address".into()))?;
    let server = server.run();
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

/// Waits until every worker has told its host; in order of their numbers.
async fn all_hosts(
    mut started: mpsc::UnboundedReceiver<(usize, Addr<HostActor>)>,
    workers: usize,
) -> Result<Vec<Addr<HostActor>>> {
    let mut hosts: Vec<(usize, Addr<HostActor>)> = Vec::new();
    while hosts.len() < workers {
        let next = tokio::time::timeout(WORKER_WITHIN, started.recv()).await;
        let told = next.ok().flatten();
        hosts.push(told.ok_or_else(|| Error::Http("a worker did not start".into()))?);
    }
    hosts.sort_by_key(|(number, _)| *number);
    Ok(hosts.into_iter().map(|(_, host)| host).collect())
}

/// Gives each worker its host, once.
struct Hosting {
    shared: Arc<Shared>,
    waiting: Mutex<Vec<(usize, Vec<Partition>)>>,
    hosts: mpsc::UnboundedSender<(usize, Addr<HostActor>)>,
}

thread_local! {
    static HOSTED: Cell<bool> = const { Cell::new(false) };
}

impl Hosting {
    fn new(
        shared: Arc<Shared>,
        partitions: Vec<Partition>,
        workers: usize,
        hosts: mpsc::UnboundedSender<(usize, Addr<HostActor>)>,
    ) -> Self {
        let mut waiting: Vec<(usize, Vec<Partition>)> =
            (0..workers).map(|n| (n, Vec::new())).collect();
        for partition in partitions {
            let number = host_number(partition.id(), workers);
            if let Some((_, owned)) = waiting.get_mut(number) {
                owned.push(partition);
            }
        }
        Self {
            shared,
            waiting: Mutex::new(waiting),
            hosts,
        }
    }

    /// Called on each worker's own arbiter.
    fn start_here(&self) {
        if HOSTED.replace(true) {
            return;
        }
        let next = self
            .waiting
            .lock()
            .ok()
            .and_then(|mut waiting| waiting.pop());
        if let Some((number, partitions)) = next {
            let host = HostActor::new(self.shared.clone(), partitions).start();
            let _ = self.hosts.send((number, host));
        }
    }
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
        metrics::counter!(series::STORE_SYNCS).absolute(shared.store.syncs());
        metrics.run_upkeep();
        telemetry::report_suppressed();
    }
}

/// Takes nothing new, tells every client when to come back, and leaves everything covered by snapshots.
async fn drain(shared: &Shared, directory: &Directory, gateway: &Gateway, server: &ServerHandle) {
    tracing::info!("draining");
    shared.draining.store(true, Ordering::Release);
    server.pause().await;
    gateway.drain(|| entropy::range(0, RETRY_AFTER_MS_MAX));
    let until_ms = clock::monotonic_ms().saturating_add(DRAIN_WITHIN.as_millis() as u64);
    while !shared.sessions.is_empty() && clock::monotonic_ms() < until_ms {
        clock::pause_ms(10).await;
    }
    let finish = async {
        shared.work.quiet().await;
        directory.snapshot_all().await;
        drop(directory.tidy_store().await);
    };
    if tokio::time::timeout(SNAPSHOT_WITHIN, finish).await.is_err() {
        tracing::warn!("not everything was snapshotted; the next start folds the journal's tail");
    }
    server.stop(true).await;
    tracing::info!("drained");
}
