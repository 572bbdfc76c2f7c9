//! Who looks at a board: a subscribed socket is told of its view once a tick, and only what has changed in it if that was asked
//! for (protocol.md 4, ADR 0051).
//!
//! A socket has one message about a subscription under way at most. Until it has taken that, the newest is kept to itself here:
//! what a slow socket misses waits for it nowhere.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use actix::dev::SendError;
use sha2::{Digest, Sha256};
use streakline_core::{
    challenge::{resident::Resident, section::Section},
    id::UserId,
};

use super::{
    Cell, ChallengeCell, gathering, ranks,
    views::{Mark, View, Views, Watched},
};
use crate::{
    actors::{host::Host, message::Subscribe},
    clock,
    protocol::{
        body::quantity::units,
        error_code::{Code, Refusal},
        server_frame::CloseReason,
    },
    push::{Push, SessionHandle},
};

/// Sockets that may look at one board.
const SUBSCRIBERS_MAX: usize = 100_000;
/// Rounds in a row that a socket may not be ready for; from then on it owes the whole view, whatever it had.
const LATE_ROUNDS: u32 = 3;

/// One subscription.
pub(super) struct Subscriber {
    view: View,
    /// Who looks, and whether as an admin.
    viewer: (UserId, bool),
    epoch: Arc<str>,
    deltas: bool,
    /// Offset of the view that the socket was told; `None`: it owes a whole one.
    sent: Option<u64>,
    /// The board as the socket knows it; `None`: it owes a message, whatever has changed.
    mark: Option<Mark>,
    /// Held by the last message too until the socket takes it.
    untaken: Arc<()>,
    late: Option<Late>,
}

/// Subscriptions by who asked and by their number there.
pub(super) type Subscribers = BTreeMap<(SessionHandle, u64), Subscriber>;

/// A socket is not ready for what is new.
struct Late {
    since_ms: u64,
    rounds: u32,
}

impl Subscriber {
    /// Whether there is nothing to tell. Who takes whole views is told of every change of the board, as ever.
    fn is_told(&self, offset: u64, mark: Mark) -> bool {
        match self.deltas {
            true => self.mark.is_some() && self.sent == Some(offset),
            false => self.mark == Some(mark),
        }
    }
}

/// A socket subscribes: answered, then told what it lacks; of a board in parts maybe only once that is gathered.
pub(super) fn subscribe(cell: &Cell, mut subscribe: Subscribe) {
    let mut held = cell.borrow_mut();
    let sessions = held.host.shared.sessions.clone();
    let (session, id) = (subscribe.session, subscribe.id);
    let Some(resident) = held.resident() else {
        return;
    };
    if let Some(refusal) = refusal(&held, resident, &subscribe) {
        let push = Push::Refused {
            refusal,
            batch_id: None,
            id: Some(id),
            expected_seq: None,
        };
        let _ = sessions.push(session, push);
        return;
    }
    if let Section::AroundScore { score, .. } = &mut subscribe.section {
        *score = units(resident.challenge().measure(), *score);
    }
    let life = life(&held);
    let Some((subscribers, views, round)) = parts(&mut held) else {
        return;
    };
    let (mut subscriber, since) = subscriber(life, views, subscribe);
    round.look(views, &subscriber.view);
    let offset = subscriber.view.borrow().offset();
    subscriber.sent = since.filter(|from| subscriber.view.borrow().knows(*from));
    let push = Push::Subscribed {
        id,
        epoch: subscriber.epoch.clone(),
        offset,
        recovered: subscriber.sent.is_some(),
    };
    if sessions.push(session, push).is_ok() && round.tell(views, (session, id), &mut subscriber) {
        if subscriber.mark.is_none() {
            views.set_told(None);
        }
        subscribers.insert((session, id), subscriber);
    }
}

/// Who looks, and the offset from which it wants to go on, where that is one of what it sees.
fn subscriber(life: [u64; 3], views: &mut Views, wanted: Subscribe) -> (Subscriber, Option<u64>) {
    let view = views.watch(&wanted.section);
    let viewer = (wanted.user, wanted.admin);
    let epoch = epoch(life, &view.borrow(), &viewer);
    let since = wanted.since.filter(|_| wanted.deltas);
    let since = since.filter(|(of, _)| **of == *epoch);
    let subscriber = Subscriber {
        view,
        viewer,
        epoch,
        deltas: wanted.deltas,
        sent: None,
        mark: None,
        untaken: Arc::default(),
        late: None,
    };
    (subscriber, since.map(|(_, from)| from))
}

/// Why a subscription is refused, if it is.
fn refusal(held: &ChallengeCell, resident: &Resident, wanted: &Subscribe) -> Option<Refusal> {
    let challenge = resident.challenge();
    let seen = wanted.admin || challenge.is_member(&wanted.user);
    let followed = wanted.section.user();
    let segment = wanted.section.segment();
    if !challenge.exists() || !seen {
        let words = "there is no such board for you";
        Some(Refusal::new(Code::NotFound, words))
    } else if segment.is_some_and(|of| challenge.segment_place(&of.name).is_none()) {
        let words = "the challenge has no such segment";
        Some(Refusal::new(Code::NotFound, words))
    } else if followed.is_some_and(|user| !challenge.is_member(user)) {
        let words = "the user has no row on this board";
        Some(Refusal::new(Code::NotEnrolled, words))
    } else if wanted.section == Section::Teams && !challenge.has_teams() {
        Some(Refusal::new(Code::NotFound, "the challenge has no teams"))
    } else if held.subscribers.len() >= SUBSCRIBERS_MAX {
        Some(Refusal::new(Code::Limit, "too many look at this board"))
    } else {
        None
    }
}

/// A socket wants no more views.
pub(super) fn unsubscribe(cell: &Cell, session: SessionHandle, id: u64) {
    cell.borrow_mut().subscribers.remove(&(session, id));
}

/// Which life of the state this is: the server's start, the cell's, and how often it was read again.
fn life(held: &ChallengeCell) -> [u64; 3] {
    [held.host.shared.epoch, held.born_ms, held.lives]
}

/// Names what a socket sees: offsets are comparable within one life of one view, as one viewer sees it. It says nothing of
/// whose it is.
fn epoch(life: [u64; 3], view: &Watched, (user, admin): &(UserId, bool)) -> Arc<str> {
    let [start, born_ms, lives] = life.map(u64::to_be_bytes);
    let hash = Sha256::new()
        .chain_update([start, born_ms, lives].concat())
        .chain_update(view.number().to_be_bytes())
        .chain_update([u8::from(*admin)])
        .chain_update(user.as_str())
        .finalize();
    let hex: String = hash
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Arc::from(format!("b{hex}"))
}

/// The state is let go: everybody who looks owes a view of the one that is read next, which is another life.
pub(super) fn again(held: &mut ChallengeCell) {
    let life = life(held);
    held.views.end();
    for subscriber in held.subscribers.values_mut() {
        let view = held.views.watch(subscriber.view.borrow().section());
        subscriber.epoch = epoch(life, &view.borrow(), &subscriber.viewer);
        subscriber.view = view;
        (subscriber.sent, subscriber.mark) = (None, None);
    }
}

/// One round of an arbiter: boards that have changed are shown, and members with a socket learn their rank.
pub(in crate::actors) fn round(cell: &Cell) {
    super::guarded(cell, || {
        let now_ms = clock::monotonic_ms();
        let is_shown = show_news(&mut cell.borrow_mut(), now_ms);
        if is_shown {
            gathering::begin(cell);
        }
        // The own rank waits for no view.
        if are_ranks_due(&mut cell.borrow_mut(), now_ms) {
            ranks::tell(cell);
        }
    });
}

/// Shows boards, where that is due.
fn show_news(held: &mut ChallengeCell, now_ms: u64) -> bool {
    let is_due = held.pace.begins(now_ms);
    if is_due {
        let tick_ms = held.host.shared.settings.board_ms;
        let begun = clock::monotonic();
        if let Some((subscribers, views, round)) = parts(held) {
            round.show(views, subscribers);
        }
        held.views.sweep(now_ms);
        let took = clock::monotonic().saturating_sub(begun);
        held.pace.took(took, tick_ms);
    }
    is_due
}

fn are_ranks_due(held: &mut ChallengeCell, now_ms: u64) -> bool {
    let tick_ms = held.host.shared.settings.board_ms;
    let is_due = now_ms.saturating_sub(held.told_ms) >= tick_ms;
    if is_due {
        held.told_ms = now_ms;
    }
    is_due
}

/// Tells everybody who looks at a view that was gathered of the board as it was then.
pub(super) fn show_gathered(held: &mut ChallengeCell, mark: Mark) {
    let Some((subscribers, views, round)) = parts(held) else {
        return;
    };
    let round = Round { mark, ..round };
    subscribers.retain(|at, subscriber| {
        let is_gathered = subscriber.view.borrow().is_gathered(mark);
        !is_gathered || round.tell(views, *at, subscriber)
    });
}

/// What a round reads.
struct Round<'a> {
    host: &'a Rc<Host>,
    resident: &'a Resident,
    mark: Mark,
    now_ms: i64,
}

/// Who looks, what at, and what a round reads; nothing while the state is being read.
fn parts(held: &mut ChallengeCell) -> Option<(&mut Subscribers, &mut Views, Round<'_>)> {
    let now_ms = held.host.now_ms();
    let resident = held.resident.as_ref()?;
    let round = Round {
        host: &held.host,
        resident,
        mark: Mark::of(resident, now_ms),
        now_ms,
    };
    Some((&mut held.subscribers, &mut held.views, round))
}

impl Round<'_> {
    /// Tells everybody who looks what is new.
    fn show(&self, views: &mut Views, subscribers: &mut Subscribers) {
        if views.are_told(self.mark) {
            return;
        }
        let mut all = true;
        subscribers.retain(|at, subscriber| {
            let stays = self.tell(views, *at, subscriber);
            all &= !stays || subscriber.mark == Some(self.mark);
            stays
        });
        views.set_told(Some(self.mark).filter(|_| all));
    }

    /// Makes a view anew where it is not up to date; whether it is now, and need not be gathered first.
    fn look(&self, views: &mut Views, view: &View) -> bool {
        let mut view = view.borrow_mut();
        views.make(&mut view, self.resident, (self.mark, self.now_ms))
    }

    /// Tells a socket what it lacks, if it is ready for it; answers whether it looks on.
    fn tell(
        &self,
        views: &mut Views,
        (session, id): (SessionHandle, u64),
        subscriber: &mut Subscriber,
    ) -> bool {
        if !self.look(views, &subscriber.view) {
            return true;
        }
        let offset = subscriber.view.borrow().offset();
        if subscriber.is_told(offset, self.mark) {
            subscriber.mark = Some(self.mark);
            return true;
        }
        if Arc::strong_count(&subscriber.untaken) > 1 {
            return self.waits(session, subscriber);
        }
        let from = subscriber.sent.filter(|_| subscriber.deltas);
        let update = subscriber.view.borrow_mut().update(from, self.now_ms);
        let Some(update) = update else { return true };
        let push = Push::Board {
            id,
            epoch: subscriber.epoch.clone(),
            update,
            untaken: subscriber.untaken.clone(),
        };
        match self.host.shared.sessions.push(session, push) {
            Ok(()) => {
                (subscriber.sent, subscriber.mark) = (Some(offset), Some(self.mark));
                subscriber.late = None;
                true
            }
            Err(SendError::Full(_)) => self.waits(session, subscriber),
            Err(SendError::Closed(_)) => false,
        }
    }

    /// The socket takes nothing now: newest wins, the next round sends what is newest then. Whether it may go on waiting.
    fn waits(&self, session: SessionHandle, subscriber: &mut Subscriber) -> bool {
        let now_ms = clock::monotonic_ms();
        let late = subscriber.late.get_or_insert(Late {
            since_ms: now_ms,
            rounds: 0,
        });
        late.rounds = late.rounds.saturating_add(1);
        if late.rounds >= LATE_ROUNDS {
            subscriber.sent = None;
        }
        let shared = &self.host.shared;
        let waits = now_ms.saturating_sub(late.since_ms) <= shared.settings.grace_ms;
        if !waits {
            shared.sessions.cut(session, CloseReason::SLOW_READER);
        }
        waits
    }
}
