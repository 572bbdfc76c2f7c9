//! A user's sockets: hello, batches, acks, and what is pushed. An ack, an event and a newest state never get lost: what a slow
//! socket cannot take now waits here, bounded, and goes first next time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use actix::dev::SendError;
use streakline_core::{
    event::Topic,
    id::{ChallengeId, DeviceId, OutboxId},
    input::{DeviceIntroduction, Origin, Source, UserInput},
    limits,
    user::admit::{self, Admission, Arrival},
    view::RankView,
};

use super::{Cell, UserCell, UserCommand, Waiter, facts};
use crate::{
    actors::{
        challenge::ChallengeCommand,
        message::{Batch, Caller, Hello},
    },
    clock,
    protocol::error_code::{Code, Fault, Refusal},
    push::{EventsCursor, Lane, Push, SessionHandle, Welcomed},
};

/// Facts that are read from the store for one socket at a time.
const FACTS_AT_ONCE: usize = 100;

/// A socket of this user.
pub(super) struct Client {
    device: Option<(DeviceId, OutboxId)>,
    /// Its clock was off at hello (domain.md 2.4).
    skewed: bool,
    /// Number of the next fact to be sent.
    next_seq: u64,
    /// Answers that must not be lost; bounded by the credits of the socket.
    answers: VecDeque<Push>,
    topics: BTreeSet<Topic>,
    pushed_ms: u64,
    slow_since_ms: Option<u64>,
    /// Facts are being read for it.
    reading: bool,
}

/// A hello on its way.
pub(crate) struct Opening {
    pub(super) session: SessionHandle,
    pub(super) hello: Hello,
    pub(super) caller: Caller,
}

fn refuse(held: &UserCell, session: SessionHandle, refusal: Refusal) {
    let push = Push::Refused {
        refusal,
        batch_id: None,
        id: None,
        expected_seq: None,
    };
    let _ = held.host.shared.sessions.push(session, push);
}

/// A hello: a device that the user does not have yet is claimed first, so that it has one user for ever.
pub(super) fn open(cell: &Cell, session: SessionHandle, hello: Hello, caller: Caller) {
    let held = cell.borrow();
    if let Some(refusal) = faulty(&held, &hello) {
        return refuse(&held, session, refusal);
    }
    let new = hello.device.as_ref().filter(|device| {
        held.user()
            .is_none_or(|user| !user.devices.contains_key(&device.device))
    });
    let claim = new.map(|device| device.device);
    let opening = Box::new(Opening {
        session,
        hello,
        caller,
    });
    let (host, id) = (held.host.clone(), held.id.clone());
    drop(held);
    let Some(device) = claim else {
        return claimed(cell, opening, true);
    };
    let token = host.shared.work.begin();
    actix::spawn(async move {
        match host.shared.store.claim_device(device, &id).await {
            Ok(owner) => {
                let owned = owner == id;
                let _ = host.send_user(id, UserCommand::Claimed { opening, owned });
            }
            Err(error) => {
                tracing::error!(%error, "a device cannot be claimed");
                let end = Push::End(Code::StoreUnavailable, Some(2_000));
                let _ = host.shared.sessions.push(session, end);
            }
        }
        drop(token);
    });
}

fn faulty(held: &UserCell, hello: &Hello) -> Option<Refusal> {
    let user = held.user()?;
    let zones = &held.host.shared.rules.zones;
    if let Some(zone) = hello
        .zone
        .as_ref()
        .filter(|zone| zones.zone(zone).is_none())
    {
        return Some(Refusal::new(
            Code::UnknownZone,
            format!("no IANA zone is called {zone}"),
        ));
    }
    let device = hello.device.as_ref()?;
    if user.devices.contains_key(&device.device) {
        return None;
    }
    if user.devices.len() >= limits::DEVICES_PER_USER_MAX {
        return Some(Refusal::new(Code::Limit, "a user has at most 32 devices"));
    }
    device.class.is_none().then(|| {
        let detail = "the first hello of a device says its class".to_owned();
        let fault = Fault {
            pointer: "/class".into(),
            code: "required",
            detail: detail.clone(),
        };
        Refusal {
            code: Code::BadFrame,
            detail,
            faults: vec![fault],
        }
    })
}

/// The device is this user's, or not; what the hello changes is journaled before it is welcomed.
pub(super) fn claimed(cell: &Cell, opening: Box<Opening>, owned: bool) {
    let mut held = cell.borrow_mut();
    if !owned {
        let _ = held
            .host
            .shared
            .sessions
            .push(opening.session, Push::End(Code::DeviceBound, None));
        return;
    }
    let Some(user) = held.user() else { return };
    let device = opening.hello.device.as_ref().and_then(|said| {
        let known = user.devices.get(&said.device);
        let news = known.is_none_or(|known| {
            said.vendor
                .as_ref()
                .is_some_and(|vendor| known.vendor.as_ref() != Some(vendor))
                || said
                    .model
                    .as_ref()
                    .is_some_and(|model| known.model.as_ref() != Some(model))
        });
        let class = said.class.or(known.map(|known| known.class))?;
        let (vendor, model) = (said.vendor.clone(), said.model.clone());
        news.then_some(DeviceIntroduction {
            device: said.device,
            class,
            vendor,
            model,
        })
    });
    let zone = opening.hello.zone.clone().filter(|_| user.zones.is_empty());
    if user.created.is_some() && device.is_none() && zone.is_none() {
        drop(held);
        return welcome(cell, *opening);
    }
    let origin = Origin {
        source: Source::Stream,
        principal: opening.caller.principal.clone(),
        request_id: opening.caller.request_id.clone(),
    };
    let input = UserInput::Open { device, zone };
    held.offer(origin, (input, Vec::new()), Waiter::Hello(opening));
}

/// Everything that the hello changed is folded: the socket is welcomed, then told what it missed.
pub(super) fn welcome(cell: &Cell, opening: Opening) {
    let Opening { session, hello, .. } = opening;
    {
        let mut held = cell.borrow_mut();
        let device = hello
            .device
            .as_ref()
            .map(|device| (device.device, device.outbox));
        replace(&mut held, device.map(|(device, _)| device));
        let now_ms = held.host.now_ms();
        let Some(user) = held.user() else { return };
        let resume_after = device.map_or([0, 0], |(device, outbox)| {
            let of = |lane| {
                user.devices
                    .get(&device)
                    .map_or(0, |d| d.up_to_seq(outbox, lane))
            };
            [of(0), of(1)]
        });
        let epoch = facts::epoch(user);
        let seen = hello.events.filter(|(of, after)| {
            let missed = user.last_seq.checked_sub(*after);
            *of == epoch && missed.is_some_and(|missed| missed <= limits::FACTS_RESUMABLE)
        });
        let next_seq = seen
            .as_ref()
            .map_or(user.last_seq, |(_, after)| *after)
            .saturating_add(1);
        let events = EventsCursor {
            epoch,
            next_seq,
            recovered: seen.is_some(),
        };
        let skew_ms = hello
            .client_time_ms
            .map_or(0, |client_ms| client_ms.saturating_sub(now_ms));
        let welcomed = Welcomed {
            server_time_ms: now_ms,
            zone: user.zone().to_owned(),
            resume_after,
            credits: limits::CREDITS,
            events: events.clone(),
        };
        let mut answers = VecDeque::from([Push::Welcomed(Box::new(welcomed))]);
        if !events.recovered {
            answers.push_back(Push::Snapshot(Box::new(user.snapshot_view(now_ms)), events));
        }
        let streaks = user.goals.keys().cloned().map(Topic::Streak);
        let ranks = user.joined().map(Topic::Rank);
        let topics = streaks
            .chain(ranks)
            .chain([Topic::Day(user.day_of(now_ms))])
            .collect();
        let client = Client {
            device,
            skewed: skew_ms.abs() > limits::SKEW_MS_MAX,
            next_seq,
            answers,
            topics,
            pushed_ms: 0,
            slow_since_ms: None,
            reading: false,
        };
        held.clients.insert(session, client);
        watch(&held, true);
    }
    pump(cell, false);
}

/// The newest socket of a device wins.
fn replace(held: &mut UserCell, device: Option<DeviceId>) {
    let Some(device) = device else { return };
    let older = held
        .clients
        .iter()
        .find(|(_, client)| client.device.is_some_and(|(d, _)| d == device));
    if let Some(session) = older.map(|(session, _)| *session) {
        held.clients.remove(&session);
        let _ = held.host.shared.sessions.push(session, Push::Replaced);
    }
}

/// Asks the boards of the user's challenges for its rank, or no longer.
pub(super) fn watch(held: &UserCell, on: bool) {
    let Some(user) = held.user() else { return };
    for challenge in user.joined() {
        let user = held.id.clone();
        let _ = held
            .host
            .send_challenge(challenge, ChallengeCommand::Watch { user, on });
    }
}

/// A challenge was joined: a user with sockets wants its rank.
pub(super) fn watch_one(held: &UserCell, challenge: ChallengeId) {
    if !held.clients.is_empty() {
        let user = held.id.clone();
        let _ = held
            .host
            .send_challenge(challenge, ChallengeCommand::Watch { user, on: true });
    }
}

/// A socket is gone.
pub(super) fn close(cell: &Cell, session: SessionHandle) {
    let mut held = cell.borrow_mut();
    let gone = held.clients.remove(&session).is_some();
    if gone && held.clients.is_empty() {
        watch(&held, false);
    }
}

/// A batch: judged, then journaled; what is new is acknowledged when it is folded.
pub(super) fn batch(cell: &Cell, session: SessionHandle, batch: Batch) {
    let mut held = cell.borrow_mut();
    let Some(client) = held.clients.get(&session) else {
        // The actor has been read again since: the client resumes.
        let _ = held
            .host
            .shared
            .sessions
            .push(session, Push::End(Code::Internal, Some(1_000)));
        return;
    };
    let (skewed, Some((device, outbox))) = (client.skewed, client.device) else {
        return;
    };
    let Batch {
        batch_id,
        lane,
        first_seq,
        records,
    } = batch;
    let number = u8::from(lane == Lane::Backfill);
    let now_ms = held.host.now_ms();
    let entity = held.entity();
    let stamp_ms = held
        .host
        .with(&entity, |p| p.journal.stamp(now_ms))
        .unwrap_or(now_ms);
    let Some(resident) = held.resident() else {
        return;
    };
    let pending_to = resident.pending_to(device, outbox, number);
    let arrival = Arrival {
        device,
        outbox,
        lane: number,
        first_seq,
        skewed,
        records,
    };
    metrics::counter!("streakline_samples_total").increment(arrival.records.len() as u64);
    match admit::batch(resident.user(), arrival, pending_to, stamp_ms) {
        Admission::Journal(ingest, refused) => {
            let principal = format!("user:{}", held.id);
            let origin = Origin {
                source: Source::Stream,
                principal,
                request_id: String::new(),
            };
            let waiter = Waiter::Batch {
                session,
                batch_id,
                lane,
                refused,
            };
            held.offer(origin, (UserInput::Ingest(ingest), Vec::new()), waiter);
        }
        Admission::Answered(outcome) => {
            answer(
                &mut held,
                session,
                Push::Ack {
                    batch_id,
                    lane,
                    outcome,
                },
            );
            drop(held);
            pump(cell, true);
        }
        Admission::SeqGap { expected } => {
            let detail = format!("expected first_seq {expected}, got {first_seq}");
            let refusal = Refusal::new(Code::SeqGap, detail);
            let (batch_id, expected_seq) = (Some(batch_id), Some(expected));
            answer(
                &mut held,
                session,
                Push::Refused {
                    refusal,
                    batch_id,
                    id: None,
                    expected_seq,
                },
            );
            drop(held);
            pump(cell, true);
        }
    }
}

fn answer(held: &mut UserCell, session: SessionHandle, push: Push) {
    if let Some(client) = held.clients.get_mut(&session) {
        client.answers.push_back(push);
    }
}

/// A batch is folded: its ack goes out with the next pump.
pub(super) fn acknowledge(cell: &Cell, session: SessionHandle, ack: Push) {
    answer(&mut cell.borrow_mut(), session, ack);
}

/// A topic has a new value: every socket gets the newest within one tick. Ranks come from the boards.
pub(super) fn changed(cell: &Cell, topic: &Topic) {
    let mut held = cell.borrow_mut();
    for client in held.clients.values_mut() {
        client.topics.insert(topic.clone());
    }
}

/// The challenge tells the user's rank.
pub(super) fn rank(cell: &Cell, rank: RankView) {
    let held = cell.borrow();
    for session in held.clients.keys() {
        // Newest wins: a full mailbox gets the next rank instead.
        let _ = held
            .host
            .shared
            .sessions
            .push(*session, Push::Rank(Box::new(rank.clone())));
    }
}

/// Sends every socket what it can take: answers, then events in order, then newest states, these once a tick.
pub(super) fn pump(cell: &Cell, answers_only: bool) {
    let mut behind = Vec::new();
    {
        let mut held = cell.borrow_mut();
        let now_ms = held.host.now_ms();
        let UserCell {
            clients,
            resident,
            writing,
            host,
            ..
        } = &mut *held;
        let Some(resident) = resident else { return };
        if resident.outbox.has_unsent() {
            return; // An answer tells that reads see its effect, on boards too.
        }
        let user = resident.user();
        let recent: BTreeMap<u64, _> = writing
            .0
            .iter()
            .chain(&user.facts)
            .map(|fact| (fact.seq, fact))
            .collect();
        for (session, client) in clients {
            let out = Out {
                session: *session,
                host,
            };
            let taken = out.answers(client)
                && (answers_only
                    || (out.facts(client, user.last_seq, &recent)
                        && out.states(client, user, now_ms)));
            if client.next_seq <= user.last_seq && !recent.contains_key(&client.next_seq) {
                behind.push(*session);
            }
            out.judge(client, taken);
        }
    }
    for session in behind {
        catch_up(cell, session);
    }
}

/// One socket's way out.
struct Out<'a> {
    session: SessionHandle,
    host: &'a crate::actors::host::Host,
}

impl Out<'_> {
    /// Whether the socket took it; a closed one takes everything, its close is on its way.
    fn send(&self, push: Push) -> Result<(), Push> {
        match self.host.shared.sessions.push(self.session, push) {
            Err(SendError::Full(push)) => Err(push),
            _ => Ok(()),
        }
    }

    fn answers(&self, client: &mut Client) -> bool {
        while let Some(push) = client.answers.pop_front() {
            if let Err(push) = self.send(push) {
                client.answers.push_front(push);
                return false;
            }
        }
        true
    }

    fn facts(
        &self,
        client: &mut Client,
        last_seq: u64,
        recent: &BTreeMap<u64, &std::sync::Arc<streakline_core::event::Fact>>,
    ) -> bool {
        while client.next_seq <= last_seq {
            let Some(fact) = recent.get(&client.next_seq) else {
                return true;
            };
            if self.send(Push::Fact((*fact).clone())).is_err() {
                return false;
            }
            client.next_seq = client.next_seq.saturating_add(1);
        }
        true
    }

    fn states(&self, client: &mut Client, user: &streakline_core::user::User, now_ms: i64) -> bool {
        let machine_ms = clock::monotonic_ms();
        let since_ms = machine_ms.saturating_sub(client.pushed_ms);
        let early = client.pushed_ms != 0 && since_ms < self.host.shared.settings.progress_ms;
        if early || client.topics.is_empty() {
            return true;
        }
        while let Some(topic) = client.topics.pop_first() {
            let push = match &topic {
                Topic::Day(day) => Some(Push::Day(Box::new(user.day_view(*day, now_ms)))),
                Topic::Streak(goal) => user
                    .streak_view(goal, None, now_ms)
                    .map(|view| Push::Streak(Box::new(view))),
                Topic::Rank(_) => None,
            };
            if push.is_some_and(|push| self.send(push).is_err()) {
                client.topics.insert(topic);
                return false;
            }
        }
        client.pushed_ms = machine_ms;
        true
    }

    /// Who does not read within the grace is closed.
    fn judge(&self, client: &mut Client, taken: bool) {
        let now_ms = clock::monotonic_ms();
        if taken {
            client.slow_since_ms = None;
            return;
        }
        let since_ms = *client.slow_since_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(since_ms) > self.host.shared.settings.grace_ms {
            let _ = self.send(Push::End(Code::SlowReader, Some(2_000)));
        }
    }
}

/// A socket needs facts that are no longer in memory.
fn catch_up(cell: &Cell, session: SessionHandle) {
    let after = {
        let mut held = cell.borrow_mut();
        let Some(client) = held
            .clients
            .get_mut(&session)
            .filter(|client| !client.reading)
        else {
            return;
        };
        client.reading = true;
        client.next_seq.saturating_sub(1)
    };
    let cell = cell.clone();
    actix::spawn(async move {
        let read = facts::facts(&cell, after, FACTS_AT_ONCE).await;
        {
            let mut held = cell.borrow_mut();
            let host = held.host.clone();
            let Some(client) = held.clients.get_mut(&session) else {
                return;
            };
            client.reading = false;
            let Ok(read) = read else { return };
            let out = Out {
                session,
                host: &host,
            };
            for fact in read {
                if fact.seq == client.next_seq && out.send(Push::Fact(fact)).is_ok() {
                    client.next_seq = client.next_seq.saturating_add(1);
                }
            }
        }
        pump(&cell, false);
    });
}
