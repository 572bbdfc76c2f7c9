//! Who looks at a board: subscribed sockets get whole views, members with a socket get their rank; both conflated to one a tick
//! and only when something has changed (protocol.md 4).

use std::sync::Arc;

use actix::dev::SendError;
use streakline_core::view::RankView;

use super::{Cell, ChallengeCell};
use crate::{
    actors::{host::Host, message::Subscribe, user::UserCommand},
    clock,
    protocol::{
        error_code::{Code, Refusal},
        server_frame::CloseReason,
    },
    push::{Push, SessionHandle},
};
use std::rc::Rc;

/// Sockets that may look at one board.
const SUBSCRIBERS_MAX: usize = 100_000;

/// One subscription.
pub(super) struct Subscriber {
    top: u32,
    /// Offset of the last view that the socket took; `None`: it owes one.
    sent: Option<u64>,
    slow_since_ms: Option<u64>,
}

impl Subscriber {
    /// The board is read again: it owes a view.
    pub(super) fn again(&mut self) {
        self.sent = None;
    }
}

/// A member with a socket.
#[derive(Default)]
pub(super) struct Watcher {
    told: Option<RankView>,
    /// A new socket has not been told.
    owed: bool,
}

impl Watcher {
    /// One more socket wants to know.
    pub(super) fn owe(&mut self) {
        self.owed = true;
    }
}

/// A socket subscribes: answered, then a full view.
pub(super) fn subscribe(cell: &Cell, subscribe: Subscribe) {
    let mut held = cell.borrow_mut();
    let Some(resident) = held.resident() else {
        return;
    };
    let seen = subscribe.admin || resident.challenge().is_member(&subscribe.user);
    let refused = if !resident.challenge().exists() || !seen {
        Some(Refusal::new(
            Code::NotFound,
            "there is no such board for you",
        ))
    } else if held.subscribers.len() >= SUBSCRIBERS_MAX {
        Some(Refusal::new(Code::Limit, "too many look at this board"))
    } else {
        None
    };
    let (session, id) = (subscribe.session, subscribe.id);
    let sessions = held.host.shared.sessions.clone();
    if let Some(refusal) = refused {
        let push = Push::Refused {
            refusal,
            batch_id: None,
            id: Some(id),
            expected_seq: None,
        };
        let _ = sessions.push(session, push);
        return;
    }
    let (epoch, offset) = (epoch(&held).to_string(), resident.board().offset());
    let push = Push::Subscribed {
        id,
        epoch,
        offset,
        recovered: false,
    };
    if sessions.push(session, push).is_ok() {
        let subscriber = Subscriber {
            top: subscribe.top,
            sent: None,
            slow_since_ms: None,
        };
        held.subscribers.insert((session, id), subscriber);
        show(&mut held);
    }
}

/// A socket wants no more views.
pub(super) fn unsubscribe(cell: &Cell, session: SessionHandle, id: u64) {
    cell.borrow_mut().subscribers.remove(&(session, id));
}

/// The board's epoch: offsets are comparable within one life of the state.
fn epoch(held: &ChallengeCell) -> Arc<str> {
    let start = held.host.shared.epoch;
    Arc::from(match held.lives {
        0 => format!("b{start}"),
        lives => format!("b{start}.{lives}"),
    })
}

/// One round of an arbiter: boards that have changed are shown.
pub(in crate::actors) fn round(cell: &Cell) {
    super::guarded(cell, || show_news(cell));
}

fn show_news(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let now_ms = clock::monotonic_ms();
    if now_ms.saturating_sub(held.told_ms) < held.host.shared.settings.board_ms {
        return;
    }
    held.told_ms = now_ms;
    show(&mut held);
    tell_ranks(&mut held);
}

fn show(held: &mut ChallengeCell) {
    let (epoch, now_ms) = (epoch(held), held.host.now_ms());
    let ChallengeCell {
        subscribers,
        resident,
        host,
        ..
    } = held;
    let Some(resident) = resident else { return };
    let offset = resident.board().offset();
    let stale = |subscriber: &&Subscriber| subscriber.sent != Some(offset);
    let tops = subscribers.values().filter(stale).map(|of| of.top);
    let Some(rows) = tops.max() else { return };
    // One view for all: a reader that holds it up holds up no view of its own.
    let page = resident.challenge();
    let page = page.board_page(resident.board(), None, rows as usize, now_ms);
    let view = Arc::new(page);
    subscribers.retain(|(session, id), subscriber| {
        if subscriber.sent == Some(offset) {
            return true;
        }
        let push = Push::Board {
            id: *id,
            epoch: epoch.clone(),
            offset,
            top: subscriber.top,
            view: view.clone(),
        };
        match host.shared.sessions.push(*session, push) {
            Ok(()) => (subscriber.sent, subscriber.slow_since_ms) = (Some(offset), None),
            // Newest wins: the next round sends what is newest then.
            Err(SendError::Full(_)) => return waits(host, *session, subscriber),
            Err(SendError::Closed(_)) => return false,
        }
        true
    });
}

/// The socket takes nothing now; whether it may go on waiting.
fn waits(host: &Rc<Host>, session: SessionHandle, subscriber: &mut Subscriber) -> bool {
    let now_ms = clock::monotonic_ms();
    let since_ms = *subscriber.slow_since_ms.get_or_insert(now_ms);
    let waits = now_ms.saturating_sub(since_ms) <= host.shared.settings.grace_ms;
    if !waits {
        let sessions = &host.shared.sessions;
        sessions.cut(session, CloseReason::SLOW_READER);
    }
    waits
}

fn tell_ranks(held: &mut ChallengeCell) {
    let now_ms = held.host.now_ms();
    let ChallengeCell {
        watchers,
        resident,
        host,
        told_offset,
        id,
        ..
    } = held;
    let Some(resident) = resident.as_ref().filter(|resident| !resident.is_partial()) else {
        return;
    };
    let offset = resident
        .board()
        .offset()
        .wrapping_add(resident.challenge().version << 32);
    if *told_offset == offset {
        return;
    }
    *told_offset = offset;
    for (user, watcher) in watchers {
        let (Some(row), Some(phase)) = (
            resident.challenge().board_row(resident.board(), user),
            resident.challenge().phase(now_ms),
        ) else {
            continue;
        };
        let before = watcher.told.as_ref();
        let same = before.is_some_and(|told| {
            (told.rank, told.score, told.participants, told.phase)
                == (row.rank, row.score, resident.board().len(), phase)
        });
        if same && !watcher.owed {
            continue;
        }
        let rank = RankView {
            challenge: *id,
            rank: row.rank,
            prev_rank: before.map(|told| told.rank),
            score: row.score,
            participants: resident.board().len(),
            phase,
            version: before.map_or(1, |told| told.version.saturating_add(1)),
        };
        if host
            .send_user(user.clone(), UserCommand::Rank(Box::new(rank.clone())))
            .is_ok()
        {
            *watcher = Watcher {
                told: Some(rank),
                owed: false,
            };
        }
    }
}
