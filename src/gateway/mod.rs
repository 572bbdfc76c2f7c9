//! The WebSocket door: upgrades, sessions and what they may do (protocol.md 2 to 6).
//!
//! A session parses, validates and forwards; it decides nothing about users. `run` puts [`routes`] into the HTTP server,
//! with a [`Gateway`] as application data and [`Gateway::on_connect`] on the listener.

mod addresses;
mod auth;
mod backfill;
mod between;
mod conversation;
mod credit;
mod doors;
mod floods;
mod fragments;
mod frame_scan;
#[cfg(feature = "fault-injection")]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod heartbeat;
mod meters;
mod rate;
mod session;
mod socket;
mod tally;
mod upgrade;

use std::{
    any::Any,
    collections::BTreeSet,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{dev::Extensions, web};
pub use between::take_turns;
use doors::{Doors, ServerDoors};
use rate::{FrameRate, Rates};
use streakline_core::{id::UserId, limits};

use crate::{
    actors::directory::Directory,
    auth::{AuthFailures, Credentials},
    clock,
    protocol::server_frame::CloseReason,
    push::{Push, SessionHandle, Sessions},
};

/// Between two looks for sessions whose client does not read, in ms.
const WATCH_MS: u64 = 1_000;

/// What an operator may set for streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Most records of a batch.
    pub max_records: usize,
    /// Most bytes of a frame, fragments joined.
    pub max_bytes: usize,
    /// Seconds between the server's pings.
    pub heartbeat_s: u64,
    /// Seconds after which TCP gives a peer up that takes nothing.
    pub unacked_s: u64,
    /// Seconds until the hello must have come.
    pub hello_timeout_s: u64,
    /// Frames of one socket per second, twice that in a burst.
    pub frames_per_s: u32,
    /// Frames of all sockets of one user per second, twice that in a burst; 0: no bound.
    pub frames_per_s_per_user: u32,
    /// Frames of all sockets of one address per second, twice that in a burst; 0: no bound.
    pub frames_per_s_per_address: u32,
    /// Batches of the lane `live` that may be unacknowledged on one socket.
    pub credits: u32,
    /// Bytes of these batches.
    pub credit_bytes: usize,
    /// Batches of the lane `backfill` of one device within a minute.
    pub backfill_batches_per_min: u32,
    /// Bad frames of one socket per minute.
    pub bad_frames_per_min: u32,
    /// Open streams of one address; of any connections twice as many.
    pub connections_per_address: u32,
    /// How long a client may leave unread what it is sent, in ms.
    pub grace_ms: u64,
    /// When an overloaded server wants to see the client again, in ms.
    pub retry_after_ms: u64,
    /// How long a going server waits for pending acks, in ms.
    pub drain_ms: u64,
    /// Origins whose pages may open a stream; `*` for all.
    pub origins: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_records: limits::BATCH_RECORDS_MAX,
            max_bytes: limits::FRAME_BYTES,
            heartbeat_s: 25,
            unacked_s: 20,
            hello_timeout_s: 10,
            frames_per_s: 2_000,
            frames_per_s_per_user: 4_000,
            frames_per_s_per_address: 200_000,
            credits: limits::CREDITS,
            credit_bytes: limits::CREDIT_BYTES,
            backfill_batches_per_min: limits::BACKFILL_BATCHES_PER_MIN,
            bad_frames_per_min: 20,
            connections_per_address: 4_096,
            grace_ms: 10_000,
            retry_after_ms: 2_000,
            drain_ms: 5_000,
            origins: Vec::new(),
        }
    }
}

impl Settings {
    /// Batches of the lane `live` that may be unacknowledged, and their bytes.
    fn window(&self) -> (u32, usize) {
        (self.credits, self.credit_bytes)
    }
}

/// Everything that streams need of the server; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    doors: Arc<dyn Doors>,
    sessions: Sessions,
    settings: Arc<Settings>,
    draining: Arc<AtomicBool>,
    addresses: addresses::Addresses,
    connections: between::Connections,
    failures: AuthFailures,
    floods: floods::Floods,
    backfills: backfill::Backfills,
}

impl Gateway {
    /// A gateway that takes streams.
    #[must_use]
    pub fn new(
        directory: Directory,
        sessions: Sessions,
        credentials: Credentials,
        settings: Settings,
    ) -> Self {
        let Credentials { keys, failures } = credentials;
        let doors = ServerDoors { directory, keys };
        Self::with_doors(Arc::new(doors), sessions, failures, settings)
    }

    fn with_doors(
        doors: Arc<dyn Doors>,
        sessions: Sessions,
        failures: AuthFailures,
        settings: Settings,
    ) -> Self {
        Self {
            doors,
            sessions,
            settings: Arc::new(settings),
            draining: Arc::default(),
            addresses: addresses::Addresses::default(),
            connections: between::Connections::default(),
            failures,
            floods: floods::Floods::default(),
            backfills: backfill::Backfills::default(),
        }
    }

    /// What the listener does with every accepted connection: its buffers and its end are bounded, and one too many of its
    /// address is refused. The address keeps its place in `extensions` until the connection is gone.
    pub fn on_connect(&self) -> impl Fn(&dyn Any, &mut Extensions) + Clone + Send + Sync + 'static {
        let gateway = self.clone();
        move |connection, extensions| socket::admit(&gateway, connection, extensions)
    }

    /// Cuts off every client that has left unread for its grace what it was sent. A session that is frozen by its client does
    /// not run, so this looks from outside; it never ends.
    pub async fn watch_readers(self) {
        let frozen_ms = self
            .settings
            .grace_ms
            .saturating_add(heartbeat::STEP_MS_MAX);
        loop {
            clock::pause_ms(WATCH_MS).await;
            let now_ms = clock::monotonic_ms();
            let reason = CloseReason::SLOW_READER;
            self.sessions.cut_frozen(reason, now_ms, frozen_ms);
        }
    }

    /// Ends every connection that is between two requests for longer than this, with half a head or none; it never ends.
    pub async fn watch_heads(self, within_ms: u64) {
        loop {
            clock::pause_ms(WATCH_MS).await;
            let before_ms = clock::monotonic_ms().saturating_sub(within_ms);
            self.connections.end(before_ms);
        }
    }

    /// Ends every connection that is between two requests: there will be no next one.
    pub fn end_resting(&self) {
        self.connections.end(u64::MAX);
    }

    /// What a socket's frames count against.
    fn rates(&self, user: &UserId, address: Option<IpAddr>, now_ms: u64) -> Rates {
        let per_user = self.settings.frames_per_s_per_user;
        let per_address = self.settings.frames_per_s_per_address;
        let of_user = self.floods.of_user(user, per_user, now_ms);
        let of_address =
            address.and_then(|address| self.floods.of_address(address, per_address, now_ms));
        let socket = FrameRate::new(self.settings.frames_per_s, now_ms);
        let shared = of_user.into_iter().chain(of_address).collect();
        Rates::new(socket, shared, self.backfills.clone())
    }

    /// Takes no more streams, and tells every open one when to come back, unless it was `told` before: `delay_ms` is asked
    /// for each (a random delay keeps them from coming back all at once). Who takes nothing now is told with the next call.
    pub fn drain(&self, told: &mut BTreeSet<SessionHandle>, mut delay_ms: impl FnMut() -> u64) {
        self.draining.store(true, Ordering::Release);
        for session in self.sessions.handles() {
            if !told.contains(&session) && self.bid_farewell(session, delay_ms()) {
                told.insert(session);
            }
        }
    }

    /// Tells every socket that the keys were read again; those whose key has gone close 4401. A socket that cannot be told
    /// finds out at its next heartbeat.
    pub fn keys_changed(&self) {
        for session in self.sessions.handles() {
            if self.sessions.push(session, Push::KeysChanged).is_err() {
                tracing::debug!(
                    session = session.number,
                    "a socket was not told of new keys"
                );
            }
        }
    }

    /// Whether no more streams are taken.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    fn bid_farewell(&self, session: SessionHandle, retry_after_ms: u64) -> bool {
        let told = self.sessions.push(session, Push::Drain { retry_after_ms });
        told.is_ok()
    }
}

/// The route of the stream; wants a [`Gateway`] in `web::Data`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/v1/stream", web::get().to(upgrade::open_stream));
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
