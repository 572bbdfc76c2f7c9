//! What follows a fold: answers to those who wait, scores to challenges, records that the next fold needs.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use streakline_core::{
    chunk,
    civil::Day,
    day::Head,
    event::{BatchOutcome, Event, FactKind, Judgement, Topic},
    id::UserId,
    input::Header,
    limits,
    records::{self, Records},
};

use super::{Cell, Waiter, book, stream};
use crate::{
    actors::{challenge::ChallengeCommand, host::Host, parts},
    protocol::server_frame::{Change, Changes},
    push::Push,
    storage::{
        ChunkId, Error,
        envelope::{Kind, Place},
    },
};

/// One input is folded: books, pushes, and tells who waited.
pub(super) fn folded(cell: &Cell, header: &Header, events: Vec<Event>) {
    let waiter = {
        let mut held = cell.borrow_mut();
        book(&mut held, header, &events);
        held.take_waiter(header.position)
    };
    let (mut outcome, mut topics) = (None, Vec::new());
    for event in events {
        match event {
            Event::Judged(judged) => outcome = Some(judged),
            Event::Changed(topic) => {
                stream::changed(cell, &topic);
                topics.push(topic);
            }
            Event::Fact(fact) => {
                if let FactKind::ChallengeJoined(challenge) = fact.kind {
                    stream::watch_one(&cell.borrow(), challenge);
                }
            }
            Event::Transfer(_) | Event::Contribution(_) => {}
        }
    }
    match waiter {
        Waiter::None => {}
        Waiter::Batch {
            session,
            batch_id,
            lane,
            refused,
            inflight,
        } => {
            drop(inflight);
            if let Some(outcome) = outcome {
                let outcome = joined(outcome, refused);
                let credits = cell.borrow().host.credits();
                let changes = changes(cell, topics);
                stream::acknowledge(
                    cell,
                    session,
                    Push::Ack {
                        batch_id,
                        lane,
                        outcome,
                        changes,
                        credits,
                    },
                );
            }
        }
        Waiter::Hello(opening) => stream::welcome(cell, *opening),
        Waiter::Write(done) => {
            let held = cell.borrow();
            if let Some(user) = held.user() {
                done(Ok((user, held.host.now_ms())));
            }
        }
        Waiter::Notice { challenge, input } => {
            let held = cell.borrow();
            let user = held.id.clone();
            parts::told(&held.host, &user, &input);
            let confirmed = ChallengeCommand::Confirmed { user, input };
            // Not arrived: the challenge tells again, and is answered from the state.
            let _ = held.host.send_challenge(challenge, confirmed);
        }
    }
}

/// What a batch's waiter makes of its outcome: refusals that were known before the journal join those of the fold.
fn joined(mut outcome: BatchOutcome, refused: Vec<(u64, Judgement)>) -> BatchOutcome {
    outcome.results.extend(refused);
    outcome.results.sort_by_key(|(seq, _)| *seq);
    outcome
}

/// What a batch has changed: the days, the newest first, and the streaks, so that its device knows its numbers with the answer.
fn changes(cell: &Cell, mut topics: Vec<Topic>) -> Changes {
    let held = cell.borrow();
    let Some(user) = held.user() else {
        return Changes::default();
    };
    let now_ms = held.host.now_ms();
    topics.sort_by_key(|topic| match topic {
        Topic::Day(day) => (false, Reverse(day.0)),
        _ => (true, Reverse(0)),
    });
    let all = topics.iter().filter_map(|topic| match topic {
        Topic::Day(day) => Some(Change::Day(user.day_topic(*day, now_ms))),
        Topic::Streak(goal) => user.streak_view(goal, None, now_ms).map(Change::Streak),
        Topic::Rank(_) | Topic::Device(_) => None,
    });
    let told: Vec<Change> = all.take(limits::ACK_CHANGES_MAX).collect();
    let is_own = |topic: &&Topic| matches!(topic, Topic::Day(_) | Topic::Streak(_));
    let count = topics.iter().filter(is_own).count();
    Changes {
        left: count.saturating_sub(told.len()),
        told,
    }
}

/// Sends scores that are not on their way; a full mailbox leaves them for the next round.
pub(super) fn send_outbox(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let host = held.host.clone();
    let Some(resident) = &mut held.resident else {
        return;
    };
    for (challenge, number, contribution) in resident.outbox.due(usize::MAX) {
        if parts::take(&host, &contribution) {
            resident.outbox.confirm(&challenge, &contribution);
            continue;
        }
        let command = ChallengeCommand::Contribute {
            contribution,
            number,
        };
        if host.send_challenge(challenge, command).is_err() {
            resident.outbox.release(&challenge, number);
        }
    }
}

/// Reads the chunks of days that the next fold needs; later inputs of this user wait, nobody else does.
pub(super) fn load(cell: &Cell, days: BTreeSet<Day>) {
    let (host, id, life) = {
        let mut held = cell.borrow_mut();
        // The manifest may name chunks of a snapshot that is being written: these are read once it is.
        if held.loading || held.snapshotting {
            return;
        }
        held.loading = true;
        held.note_work();
        (held.host.clone(), held.id.clone(), held.life)
    };
    let cell = cell.clone();
    actix::spawn(async move {
        let loaded = stored(&cell, &days).await;
        {
            let mut held = cell.borrow_mut();
            if held.life != life {
                return;
            }
            held.loading = false;
            match (loaded, held.resident.as_mut()) {
                (Ok(loaded), Some(resident)) => resident.load(loaded),
                (Err(error), _) => {
                    if matches!(error, Error::Damaged(_)) {
                        held.end();
                        host.forget(&held.entity());
                        return host.set_aside(&held.entity(), "chunk", &error);
                    }
                    tracing::error!(user = %id, %error, "stored records cannot be read");
                    drop(held);
                    return super::poison::unreadable(&cell);
                }
                _ => return,
            }
        }
        super::advance(&cell);
    });
}

/// The stored records of some days, as the manifest names them.
pub(super) async fn stored(
    cell: &Cell,
    days: &BTreeSet<Day>,
) -> Result<BTreeMap<Day, Records>, Error> {
    let (host, id, wanted) = {
        let held = cell.borrow();
        let wanted: Vec<ChunkId> = held.user().map_or_else(Vec::new, |user| {
            let numbers = |day: &Day| user.manifest.get(day).cloned().unwrap_or_default();
            let chunks = days.iter().flat_map(|day| {
                numbers(day)
                    .into_iter()
                    .map(|number| ChunkId { day: *day, number })
            });
            chunks.collect()
        });
        (held.host.clone(), held.id.clone(), wanted)
    };
    let mut loaded: BTreeMap<Day, Records> =
        days.iter().map(|day| (*day, Records::new())).collect();
    for (day, payload) in payloads(&host, &id, wanted).await? {
        let rows = chunk::decode(&payload).map_err(|e| Error::Damaged(e.to_string()))?;
        records::file(loaded.entry(day).or_default(), rows);
    }
    Ok(loaded)
}

/// The stored minutes of those of some days whose records are no longer kept.
pub(super) async fn stored_minutes(
    cell: &Cell,
    days: &BTreeSet<Day>,
) -> Result<BTreeMap<Day, Head>, Error> {
    let (host, id, wanted) = {
        let held = cell.borrow();
        let wanted: Vec<ChunkId> = held.user().map_or_else(Vec::new, |user| {
            let gone = days.iter().filter(|day| !user.manifest.contains_key(day));
            let chunk = |day: &Day| {
                let number = *user.minutes.get(day)?;
                Some(ChunkId { day: *day, number })
            };
            gone.filter_map(chunk).collect()
        });
        (held.host.clone(), held.id.clone(), wanted)
    };
    let head = |(day, payload): (Day, Vec<u8>)| {
        let head = chunk::minutes::decode(&payload);
        Ok((day, head.map_err(|e| Error::Damaged(e.to_string()))?))
    };
    let payloads = payloads(&host, &id, wanted).await?;
    payloads.into_iter().map(head).collect()
}

/// What chunks hold; nothing of an erased user's.
async fn payloads(
    host: &Host,
    user: &UserId,
    ids: Vec<ChunkId>,
) -> Result<Vec<(Day, Vec<u8>)>, Error> {
    let chunks = host.shared.store.chunks(user, ids.clone()).await?;
    let mut payloads = Vec::with_capacity(ids.len());
    for (id, bytes) in ids.into_iter().zip(chunks) {
        let place = (Kind::Chunk, Place::Chunk(id));
        let content = host.shared.seals.open_row(user, place, &bytes).await?;
        payloads.extend(content.payload().map(|payload| (id.day, payload)));
    }
    Ok(payloads)
}
