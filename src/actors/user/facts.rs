//! A user's facts and transfers: those in memory, those of a snapshot that is being written, and those of the store, in order.

use std::{collections::BTreeMap, sync::Arc};

use streakline_core::{
    change::Change,
    event::{Fact, Transfer},
    id::UserId,
};
use tokio::sync::oneshot;

use super::Cell;
use crate::{
    actors::damage,
    protocol::error_code::{Code, Refusal},
    storage::{
        Error,
        envelope::{Kind, Place},
        sealing::Seals,
    },
};

/// A page of a user's history.
pub(crate) enum History {
    /// Facts numbered above `after`, with the stream's epoch and the newest number.
    Facts {
        after: u64,
        limit: usize,
        reply: Reply<(Vec<Arc<Fact>>, String, u64)>,
    },
    /// Transfers whose fact is numbered above `after`.
    Transfers {
        after: u64,
        limit: usize,
        reply: Reply<Vec<Transfer>>,
    },
}

type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

impl History {
    pub(super) fn refuse(self, refusal: Refusal) {
        match self {
            Self::Facts { reply, .. } => drop(reply.send(Err(refusal))),
            Self::Transfers { reply, .. } => drop(reply.send(Err(refusal))),
        }
    }
}

/// Reads a page. What is in memory is taken first: the store then has everything else.
pub(super) fn read(cell: &Cell, history: History) {
    let cell = cell.clone();
    match history {
        History::Facts {
            after,
            limit,
            reply,
        } => {
            let Some((epoch, last_seq)) = cell.borrow().user().map(|u| (epoch(u), u.last_seq))
            else {
                let unknown = Refusal::new(Code::NotFound, "there is no such user");
                return drop(reply.send(Err(unknown)));
            };
            actix::spawn(async move {
                let facts = facts(&cell, after, limit).await;
                let facts = facts.map_err(|error| unreadable(&cell, "fact", &error));
                let _ = reply.send(facts.map(|facts| (facts, epoch, last_seq)));
            });
        }
        History::Transfers {
            after,
            limit,
            reply,
        } => {
            actix::spawn(async move {
                let transfers = transfers(&cell, after, limit).await;
                let transfers = transfers.map_err(|error| unreadable(&cell, "transfer", &error));
                let _ = reply.send(transfers);
            });
        }
    }
}

pub(super) fn unreadable(cell: &Cell, kind: &'static str, error: &Error) -> Refusal {
    let held = cell.borrow();
    let row = damage::name(&held.entity());
    held.host.shared.damage.note(kind, &row, error);
    Refusal::new(
        Code::StoreUnavailable,
        "this part of the history cannot be read",
    )
}

/// The stream's epoch: it changes only when a user's history begins anew.
pub(super) fn epoch(user: &streakline_core::user::User) -> String {
    let created_ms = user.created.map_or(0, |(created_ms, _)| created_ms);
    format!("{:x}", created_ms.unsigned_abs())
}

/// Facts numbered above `after`, in order, at most `limit`.
pub(super) async fn facts(cell: &Cell, after: u64, limit: usize) -> Result<Vec<Arc<Fact>>, Error> {
    let (host, id, recent) = {
        let held = cell.borrow();
        let unwritten = held.user().map_or(&[][..], |user| &user.facts);
        let recent: Vec<_> = held.writing.0.iter().chain(unwritten).cloned().collect();
        (held.host.clone(), held.id.clone(), recent)
    };
    let mut facts = BTreeMap::new();
    let first_recent = recent.first().map_or(u64::MAX, |fact| fact.seq);
    if after.saturating_add(1) < first_recent {
        let rows = host.shared.store.facts(&id, after, limit).await?;
        let read = unseal(&host.shared.seals, (&id, Kind::Fact), rows).await?;
        facts.extend(read.into_iter().map(|(seq, fact)| (seq, Arc::new(fact))));
    }
    facts.extend(
        recent
            .into_iter()
            .map(|fact| (fact.seq, fact))
            .filter(|(seq, _)| *seq > after),
    );
    Ok(facts.into_values().take(limit).collect())
}

/// Changes numbered above `after`, in order, at most `limit`.
pub(super) async fn changes(cell: &Cell, after: u64, limit: usize) -> Result<Vec<Change>, Error> {
    let (host, id, recent) = {
        let held = cell.borrow();
        let unwritten = held.user().map_or(&[][..], |user| &user.changes);
        let recent: Vec<_> = held.writing.2.iter().chain(unwritten).cloned().collect();
        (held.host.clone(), held.id.clone(), recent)
    };
    let rows = host.shared.store.changes(&id, after, limit).await?;
    let read = unseal(&host.shared.seals, (&id, Kind::Change), rows).await?;
    let mut changes: BTreeMap<u64, Change> = read.into_iter().collect();
    let recent = recent.into_iter().map(|change| (change.number, change));
    changes.extend(recent.filter(|(number, _)| *number > after));
    Ok(changes.into_values().take(limit).collect())
}

async fn transfers(cell: &Cell, after: u64, limit: usize) -> Result<Vec<Transfer>, Error> {
    let (host, id, recent) = {
        let held = cell.borrow();
        let unwritten = held.user().map_or(&[][..], |user| &user.transfers);
        let recent: Vec<_> = held.writing.1.iter().chain(unwritten).cloned().collect();
        (held.host.clone(), held.id.clone(), recent)
    };
    let rows = host.shared.store.transfers(&id, after, limit).await?;
    let read = unseal(&host.shared.seals, (&id, Kind::Transfer), rows).await?;
    let mut transfers: BTreeMap<u64, Transfer> = read.into_iter().collect();
    let recent = recent
        .into_iter()
        .map(|transfer| (transfer.event_seq, transfer));
    transfers.extend(recent.filter(|(seq, _)| *seq > after));
    Ok(transfers.into_values().take(limit).collect())
}

/// Numbered rows of a user, read; nothing of one who was erased.
async fn unseal<T: for<'b> minicbor::Decode<'b, ()>>(
    seals: &Seals,
    (user, kind): (&UserId, Kind),
    rows: Vec<(u64, Vec<u8>)>,
) -> Result<Vec<(u64, T)>, Error> {
    let damaged = |error: minicbor::decode::Error| Error::Damaged(error.to_string());
    let mut read = Vec::with_capacity(rows.len());
    for (number, bytes) in rows {
        let content = seals.open_row(user, (kind, Place::Number(number)), &bytes);
        if let Some(payload) = content.await?.payload() {
            read.push((number, minicbor::decode(&payload).map_err(damaged)?));
        }
    }
    Ok(read)
}
