//! A user's sockets: hello, batches, and what there is to tell them; how it gets out is `outbound`'s. Called by `command` and
//! `deliver`.

use std::collections::{BTreeMap, VecDeque};

use streakline_core::{
    event::Topic,
    id::{ChallengeId, DeviceId},
    input::{DeviceIntroduction, NewZone, Origin, Source, UserInput},
    limits,
    user::{
        User,
        zone_admission::{self, ZoneProposal, ZoneRefusal},
    },
    view::RankView,
};

use super::{
    Cell, UserCell, UserCommand, Waiter,
    battery::{self, Waiting},
    facts,
    outbound::{Client, pump},
};
use crate::{
    actors::{
        challenge::ChallengeCommand,
        message::{Caller, Hello},
    },
    protocol::{
        error_code::{Code, Fault, Refusal},
        server_frame::CloseReason,
    },
    push::{EventsCursor, Push, SessionHandle, Welcomed},
};

/// A hello on its way.
pub(crate) struct Opening {
    pub(super) session: SessionHandle,
    pub(super) hello: Hello,
    pub(super) caller: Caller,
    /// Why the zone that it brings is not taken.
    pub(super) zone_refused: Option<ZoneRefusal>,
}

impl Opening {
    /// Whose hello it is.
    pub(super) fn session(&self) -> SessionHandle {
        self.session
    }
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
        zone_refused: None,
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
                let end = CloseReason::of(Code::StoreUnavailable, Some(2_000));
                host.shared.sessions.end(session, end);
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
pub(super) fn claimed(cell: &Cell, mut opening: Box<Opening>, owned: bool) {
    let mut held = cell.borrow_mut();
    if !owned {
        let bound = CloseReason::of(Code::DeviceBound, None);
        let sessions = &held.host.shared.sessions;
        return sessions.end(opening.session, bound);
    }
    let Some(user) = held.user() else { return };
    let device = introduction(user, &opening.hello);
    let zone = new_zone(&held, user, &mut opening);
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

/// What a hello says of its device that is not known.
fn introduction(user: &User, hello: &Hello) -> Option<DeviceIntroduction> {
    hello.device.as_ref().and_then(|said| {
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
    })
}

/// The zone that a hello brings, where it is another; why it is not taken is told in the welcome.
fn new_zone(held: &UserCell, user: &User, opening: &mut Opening) -> Option<NewZone> {
    let proposal = ZoneProposal {
        zone: opening.hello.zone.clone()?,
        effective_ms: opening.hello.zone_since_ms,
        reviewed: false,
    };
    let (rules, now_ms) = (&held.host.shared.rules, held.host.now_ms());
    match zone_admission::zone(user, rules, proposal, now_ms) {
        Ok(zone) => zone,
        Err(refusal) => {
            opening.zone_refused = Some(refusal);
            None
        }
    }
}

/// Everything that the hello changed is folded: the socket is welcomed, then told what it missed.
pub(super) fn welcome(cell: &Cell, opening: Opening) {
    let Opening {
        session,
        hello,
        zone_refused,
        ..
    } = opening;
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
        let events = cursor(user, hello.events, now_ms);
        let next_seq = events.next_seq;
        let skew_ms = hello
            .client_time_ms
            .map_or(0, |client_ms| client_ms.saturating_sub(now_ms));
        let welcomed = Welcomed {
            server_time_ms: now_ms,
            zone: user.zone().to_owned(),
            zone_refused,
            resume_after,
            credits: held.host.credits(),
            events: events.clone(),
        };
        let mut answers = VecDeque::from([Push::Welcomed(Box::new(welcomed))]);
        if !events.recovered {
            answers.push_back(Push::Snapshot(Box::new(user.snapshot_view(now_ms)), events));
        }
        let streaks = user.goals.keys().cloned().map(Topic::Streak);
        let devices = user.devices.keys().copied().map(Topic::Device);
        let today = Topic::Day(user.day_of(now_ms));
        let topics = streaks.chain(devices).chain([today]).collect();
        let client = Client {
            device,
            skewed: skew_ms.abs() > limits::SKEW_MS_MAX,
            next_seq,
            answers,
            topics,
            ranks: BTreeMap::new(),
            pushed_ms: 0,
            owed_since_ms: None,
            slow_since_ms: None,
            reading: false,
            battery: Waiting::default(),
        };
        held.clients.insert(session, Box::new(client));
        watch(&held, true);
    }
    pump(cell, false);
}

/// Where a client's events go on: behind what it has seen, where that can be told, else behind all of them.
fn cursor(user: &User, seen: Option<(String, u64)>, now_ms: i64) -> EventsCursor {
    let epoch = facts::epoch(user);
    let seen = seen.filter(|(of, after)| *of == epoch && user.may_resume(*after, now_ms));
    let last = seen.as_ref().map_or(user.last_seq, |(_, after)| *after);
    EventsCursor {
        epoch,
        next_seq: last.saturating_add(1),
        recovered: seen.is_some(),
    }
}

/// The newest socket of a device wins; the older hears it after what waits for it, and is no client any more.
fn replace(held: &mut UserCell, device: Option<DeviceId>) {
    let Some(device) = device else { return };
    let sessions = &held.host.shared.sessions;
    held.clients.retain(|session, client| {
        let newest = client.device.is_none_or(|(of, _)| of != device);
        if !newest {
            sessions.end(*session, CloseReason::REPLACED);
        }
        newest
    });
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
    battery::note(&mut held, session, true);
    let gone = held.clients.remove(&session).is_some();
    if gone && held.clients.is_empty() {
        watch(&held, false);
    }
}

/// Leaves an answer for a socket; it goes out with the next pump.
pub(super) fn answer(held: &mut UserCell, session: SessionHandle, push: Push) {
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

/// The challenge tells the user's rank: the newest goes out with the other states, never before the welcome.
pub(super) fn rank(cell: &Cell, rank: &RankView) {
    for client in cell.borrow_mut().clients.values_mut() {
        client.ranks.insert(rank.challenge, rank.clone());
    }
    pump(cell, false);
}
