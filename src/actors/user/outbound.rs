//! The way out to a user's sockets. An answer, an event and a newest state never get lost: what a slow socket cannot take now
//! waits here, bounded, and goes first next time. What there is to tell is `stream`'s and `deliver`'s.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use actix::dev::SendError;
use streakline_core::{
    event::{Fact, Topic},
    id::{ChallengeId, DeviceId, OutboxId},
    user::User,
    view::RankView,
};

use super::{Cell, UserCell, battery::Waiting, facts, stream};
use crate::{
    actors::host::Host,
    clock,
    protocol::{error_code::Code, server_frame::CloseReason},
    push::{Push, SessionHandle},
    telemetry::series,
};

/// Facts that are read from the store for one socket at a time.
const FACTS_AT_ONCE: usize = 100;

/// When a socket that a fault has closed may come back, in ms.
const FAULT_RETRY_AFTER_MS: u64 = 1_000;

/// A socket of this user.
pub(super) struct Client {
    /// Whose batches it may send; `None` for a viewer, and for a socket that was replaced.
    pub(super) device: Option<(DeviceId, OutboxId)>,
    /// Its clock was off at hello (domain.md 2.4).
    pub(super) skewed: bool,
    /// Number of the next fact to be sent.
    pub(super) next_seq: u64,
    /// Answers that must not be lost; bounded by the credits of the socket.
    pub(super) answers: VecDeque<Push>,
    /// States that are newer than what the socket has.
    pub(super) topics: BTreeSet<Topic>,
    /// Ranks that are newer than what the socket has.
    pub(super) ranks: BTreeMap<ChallengeId, RankView>,
    /// When states went out last; 0 for never.
    pub(super) pushed_ms: u64,
    /// Since when it owes states.
    pub(super) owed_since_ms: Option<u64>,
    /// Since when it takes nothing.
    pub(super) slow_since_ms: Option<u64>,
    /// Facts are being read for it.
    pub(super) reading: bool,
    /// What its device said of its battery and is not journaled.
    pub(super) battery: Waiting,
}

impl Client {
    /// Whether there is something that it has not been sent. `last_seq`: the number of the user's newest fact.
    fn owes(&self, last_seq: u64) -> bool {
        !self.answers.is_empty()
            || !self.topics.is_empty()
            || !self.ranks.is_empty()
            || self.next_seq <= last_seq
            || self.battery.is_some()
    }

    /// Gives back the room that answers had while they waited, when none does.
    pub(super) fn give_room_back(&mut self) {
        if self.answers.is_empty() {
            self.answers = VecDeque::new();
        }
    }
}

/// Why a socket got only a part.
enum Stop {
    /// It takes nothing more now.
    Full,
    /// The next fact must be read from the store first.
    Behind,
    /// There is no such socket any more, or it was cut off.
    Gone,
}

/// Sends every socket what it can take: answers, then events in order, then newest states, these once a tick.
pub(super) fn pump(cell: &Cell, answers_only: bool) {
    let mut behind = Vec::new();
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
    let news = News {
        user: resident.user(),
        writing: &writing.0,
        now_ms,
        answers_only,
    };
    let before = clients.len();
    clients.retain(|session, client| {
        let out = Out {
            session: *session,
            host,
        };
        let sent = out.all(client, &news);
        if matches!(sent, Err(Stop::Behind)) {
            behind.push(*session);
        }
        out.stays(client, &sent, answers_only)
    });
    if clients.is_empty() && before > 0 {
        stream::watch(&held, false);
    }
    if held.owes() {
        held.attend();
    }
    drop(held);
    for session in behind {
        catch_up(cell, session);
    }
}

/// What there is to tell.
struct News<'a> {
    user: &'a User,
    /// Facts of a snapshot that is being written; the user's own follow them without a gap.
    writing: &'a [Arc<Fact>],
    now_ms: i64,
    answers_only: bool,
}

impl News<'_> {
    /// A fact that is still in memory.
    fn fact(&self, seq: u64) -> Option<&Arc<Fact>> {
        let mut recent = self.writing.iter().chain(&self.user.facts);
        recent.find(|fact| fact.seq == seq)
    }
}

/// One socket's way out.
struct Out<'a> {
    session: SessionHandle,
    host: &'a Host,
}

impl Out<'_> {
    /// What the socket does not take now comes back.
    fn send(&self, push: Push) -> Result<(), (Stop, Option<Push>)> {
        match self.host.shared.sessions.push(self.session, push) {
            Ok(()) => Ok(()),
            Err(SendError::Full(push)) => Err((Stop::Full, Some(push))),
            Err(SendError::Closed(_)) => Err((Stop::Gone, None)),
        }
    }

    fn all(&self, client: &mut Client, news: &News<'_>) -> Result<(), Stop> {
        self.answers(client)?;
        if news.answers_only {
            return Ok(());
        }
        self.facts(client, news)?;
        self.states(client, news)
    }

    fn answers(&self, client: &mut Client) -> Result<(), Stop> {
        while let Some(push) = client.answers.pop_front() {
            if let Err((stop, back)) = self.send(push) {
                if let Some(push) = back {
                    client.answers.push_front(push);
                }
                return Err(stop);
            }
        }
        Ok(())
    }

    /// Events in order. States wait for them, so that no state tells more than the events before it.
    fn facts(&self, client: &mut Client, news: &News<'_>) -> Result<(), Stop> {
        while client.next_seq <= news.user.last_seq {
            let fact = news.fact(client.next_seq).ok_or(Stop::Behind)?;
            self.send(Push::Fact(fact.clone()))
                .map_err(|(stop, _)| stop)?;
            client.next_seq = client.next_seq.saturating_add(1);
        }
        Ok(())
    }

    fn states(&self, client: &mut Client, news: &News<'_>) -> Result<(), Stop> {
        if client.topics.is_empty() && client.ranks.is_empty() {
            return Ok(());
        }
        let machine_ms = clock::monotonic_ms();
        let owed_since_ms = *client.owed_since_ms.get_or_insert(machine_ms);
        let since_ms = machine_ms.saturating_sub(client.pushed_ms);
        if client.pushed_ms != 0 && since_ms < self.host.shared.settings.progress_ms {
            return Ok(());
        }
        while let Some(topic) = client.topics.pop_first() {
            let Some(push) = state(&topic, news) else {
                continue;
            };
            if let Err((stop, _)) = self.send(push) {
                client.topics.insert(topic);
                return Err(stop);
            }
        }
        while let Some((challenge, rank)) = client.ranks.pop_first() {
            if let Err((stop, _)) = self.send(Push::Rank(Box::new(rank.clone()))) {
                client.ranks.insert(challenge, rank);
                return Err(stop);
            }
        }
        client.pushed_ms = machine_ms;
        client.owed_since_ms = None;
        let lag_s = machine_ms.saturating_sub(owed_since_ms) as f64 / 1_000.0;
        metrics::histogram!(series::PUSH_LAG_SECONDS).record(lag_s);
        Ok(())
    }

    /// Whether the socket stays. Who does not read within the grace is cut off. Only who has taken everything that there is has
    /// caught up: answers alone, or events that are still to be read, prove nothing.
    fn stays(&self, client: &mut Client, sent: &Result<(), Stop>, answers_only: bool) -> bool {
        match sent {
            Err(Stop::Full) => return self.waits(client),
            Err(Stop::Gone) => return false,
            Ok(()) if !answers_only => client.slow_since_ms = None,
            Ok(()) | Err(Stop::Behind) => {}
        }
        true
    }

    /// The socket takes nothing now; whether it may go on waiting.
    fn waits(&self, client: &mut Client) -> bool {
        let now_ms = clock::monotonic_ms();
        let since_ms = *client.slow_since_ms.get_or_insert(now_ms);
        let waits = now_ms.saturating_sub(since_ms) <= self.host.shared.settings.grace_ms;
        if !waits {
            let sessions = &self.host.shared.sessions;
            sessions.cut(self.session, CloseReason::SLOW_READER);
        }
        waits
    }
}

/// The newest value of a topic; a rank is told by its challenge.
fn state(topic: &Topic, news: &News<'_>) -> Option<Push> {
    match topic {
        Topic::Day(day) => {
            let view = news.user.day_topic(*day, news.now_ms);
            Some(Push::Day(Box::new(view)))
        }
        Topic::Streak(goal) => {
            let view = news.user.streak_view(goal, None, news.now_ms)?;
            Some(Push::Streak(Box::new(view)))
        }
        Topic::Device(device) => {
            let view = news.user.device_view(*device, news.now_ms)?;
            Some(Push::Device(Box::new(view)))
        }
        Topic::Rank(_) => None,
    }
}

/// Ends a socket, which may come back soon.
pub(super) fn end(host: &Host, session: SessionHandle, code: Code) {
    let reason = CloseReason::of(code, Some(FAULT_RETRY_AFTER_MS));
    host.shared.sessions.end(session, reason);
}

impl UserCell {
    /// Whether one of its sockets has not been sent everything: rounds send the rest.
    pub(super) fn owes(&self) -> bool {
        let last_seq = self.user().map_or(0, |user| user.last_seq);
        self.clients.values().any(|client| client.owes(last_seq))
    }

    /// Ends every socket of the user: the state is let go, and they resume.
    pub(super) fn close_sockets(&mut self) {
        if !self.clients.is_empty() {
            stream::watch(self, false);
        }
        for session in std::mem::take(&mut self.clients).into_keys() {
            end(&self.host, session, Code::Internal);
        }
    }

    /// Ends a socket that is not welcomed yet.
    pub(super) fn close_socket(&self, session: SessionHandle) {
        end(&self.host, session, Code::Internal);
    }
}

/// A socket needs facts that are no longer in memory.
fn catch_up(cell: &Cell, session: SessionHandle) {
    let after = {
        let mut held = cell.borrow_mut();
        let client = held.clients.get_mut(&session);
        let Some(client) = client.filter(|client| !client.reading) else {
            return;
        };
        client.reading = true;
        client.next_seq.saturating_sub(1)
    };
    let cell = cell.clone();
    actix::spawn(async move {
        let read = facts::facts(&cell, after, FACTS_AT_ONCE).await;
        let read = read.inspect_err(|error| tracing::warn!(%error, "events cannot be read"));
        // What stays behind, because it cannot be read or is not taken now, waits for the next round.
        if hand_over(&cell, session, read.unwrap_or_default()) {
            pump(&cell, false);
        }
    });
}

/// Sends facts that were read; whether the socket took some of them and all that it was offered.
fn hand_over(cell: &Cell, session: SessionHandle, read: Vec<Arc<Fact>>) -> bool {
    let mut held = cell.borrow_mut();
    let host = held.host.clone();
    let Some(client) = held.clients.get_mut(&session) else {
        return false;
    };
    client.reading = false;
    let out = Out {
        session,
        host: &host,
    };
    let mut took = false;
    for fact in read {
        if fact.seq != client.next_seq {
            continue;
        }
        if let Err((stop, _)) = out.send(Push::Fact(fact)) {
            // Who is cut off here is found gone by the next round.
            let _ = out.stays(client, &Err(stop), false);
            return false;
        }
        client.next_seq = client.next_seq.saturating_add(1);
        took = true;
    }
    took
}
