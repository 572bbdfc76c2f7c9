//! The door to exporting a user (ADR 0040): everything that is stored of it at one position, opened, in memory, within bounds.

use streakline_core::{
    id::{Entity, UserId},
    limits,
    user::{User, portable::ChunkKey, snapshot::restore},
};
use tokio::sync::oneshot;

use super::{Directory, Outcome, answered, unknown_user};
use crate::{
    actors::{
        chores::{Chore, send_chore},
        message::Caller,
        shared::BITS,
        turns::{Taken, Turn},
    },
    protocol::{
        error_code::{Code, Refusal},
        export::Life,
    },
    storage::{
        ChunkId, Error, Snapshot,
        envelope::{Kind, Place},
    },
};

/// Rows that are read at once.
const READ_AT_ONCE: usize = 1_000;
/// Chunks that are read at once.
const CHUNKS_AT_ONCE: usize = 64;

/// What was gathered of a user; it counts among the exports until it is dropped.
pub struct Exported {
    /// Everything.
    pub life: Life,
    /// Its place among them.
    pub slot: Turn,
}

/// What was gathered of users is in memory until it is read.
fn no_turn(taken: Taken) -> Refusal {
    match taken {
        Taken::Own => {
            let words = "this user is being exported; read that export to its end, or close it";
            Refusal::new(Code::InProgress, words)
        }
        Taken::All => Refusal::new(
            Code::Overloaded,
            "too many exports are being read; try again",
        ),
    }
}

/// Why nothing was gathered.
enum Missed {
    /// What is stored has changed meanwhile.
    Changed,
    Refused(Refusal),
    Failed(Error),
}

impl From<Error> for Missed {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Tables of rows that are numbered.
#[derive(Clone, Copy)]
enum Numbered {
    Facts,
    Transfers,
    Changes,
}

/// Bytes that may still be gathered.
struct Room(usize);

impl Room {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Missed> {
        let left = self.0.checked_sub(bytes.len());
        self.0 = left.ok_or_else(|| {
            let most = limits::EXPORT_BYTES_MAX / (1024 * 1024);
            let words = format!(
                "what is stored of this user takes more than {most} MiB, and an export has no more; read the days, records and \
                 events by their own routes, or copy the whole store (`streakline copy`)"
            );
            Missed::Refused(Refusal::new(Code::Limit, words))
        })?;
        Ok(())
    }
}

impl Directory {
    /// Gathers everything that is stored of a user, as it was at one position after every acknowledgement before the call.
    ///
    /// # Errors
    /// `NotFound`; `Phase` for a user on hold; `Limit` for one who is too large; `InProgress` and `Overloaded` while others are
    /// read, or where the user's rows do not stand still.
    pub async fn export_user(&self, user: &UserId, caller: &Caller) -> Outcome<Exported> {
        let slot = self.shared.exports.take(user, limits::EXPORTS_AT_ONCE_MAX);
        let slot = slot.map_err(no_turn)?;
        let held = self.read(user, |user, _| Ok(user.is_held())).await?;
        if held {
            let words = "the user is on hold after repeated faults, and what came since then is not folded; an operator must \
                         release it first (`streakline stuck`)";
            return Err(Refusal::new(Code::Phase, words));
        }
        for _ in 0..limits::EXPORT_TRIES_MAX {
            self.cover_user(user).await?;
            match self.gathered(user).await {
                Ok(life) => {
                    let (by, request_id) = (&caller.principal, &caller.request_id);
                    tracing::info!(%user, by, request_id, "a user was exported");
                    return Ok(Exported { life, slot });
                }
                Err(Missed::Changed) => {}
                Err(Missed::Refused(refusal)) => return Err(refusal),
                Err(Missed::Failed(error)) => {
                    return Err(self.store_refusal("an export", &error));
                }
            }
        }
        let words = "this user's rows change too fast to be read at once; try again";
        Err(Refusal::new(Code::Overloaded, words))
    }

    async fn cover_user(&self, user: &UserId) -> Outcome<()> {
        let (reply, answer) = oneshot::channel();
        let partition = Entity::User(user.clone()).partition(BITS);
        let user = user.clone();
        send_chore(&self.shared, partition, Chore::CoverUser { user, reply })?;
        answered(&self.shared, answer).await
    }

    /// Reads the newest snapshot and everything that belongs to it.
    async fn gathered(&self, user: &UserId) -> Result<Life, Missed> {
        let mut room = Room(limits::EXPORT_BYTES_MAX);
        let snapshot = self.snapshot_of(user).await?;
        let place = (Kind::Snapshot, Place::Covered(snapshot.covered));
        let state = self.opened(user, place, &snapshot.state).await?;
        room.take(&state)?;
        let rules = &self.shared.rules;
        let state = restore(&state, rules).map_err(damaged)?;
        let named = state.manifest.iter();
        let named = named.flat_map(|(day, numbers)| numbers.iter().map(|number| (*day, *number)));
        let records = named.collect::<Vec<ChunkKey>>();
        let minutes = state.minutes.iter().map(|(day, number)| (*day, *number));
        let minutes = minutes.collect::<Vec<ChunkKey>>();
        let of = (&snapshot, &state);
        let life = Life {
            records: self.chunks_of(of, records, &mut room).await?,
            minutes: self.chunks_of(of, minutes, &mut room).await?,
            facts: self.rows_of(&state, Numbered::Facts, &mut room).await?,
            transfers: self.rows_of(&state, Numbered::Transfers, &mut room).await?,
            changes: self.rows_of(&state, Numbered::Changes, &mut room).await?,
            now_ms: self.shared.clock.now_ms(),
            manual_policy: rules.manual_policy,
            retention: rules.retention,
            user: state.clone(),
        };
        // Of who is erased meanwhile the rows go at once, and the snapshot with them.
        let told = [life.facts.len(), life.changes.len()].map(|count| count as u64);
        if told != [state.last_seq, state.last_change] {
            let error = Error::Damaged("facts or changes of a user are missing".into());
            return Err(self.missed(&snapshot, (&state, error)).await);
        }
        Ok(life)
    }

    async fn snapshot_of(&self, user: &UserId) -> Result<Snapshot, Missed> {
        let entity = Entity::User(user.clone());
        let snapshot = self.shared.store.snapshot(&entity).await?;
        snapshot.ok_or_else(|| Missed::Refused(unknown_user()))
    }

    /// What a row holds; who was erased meanwhile is nobody.
    async fn opened(
        &self,
        user: &UserId,
        place: (Kind, Place<'_>),
        row: &[u8],
    ) -> Result<Vec<u8>, Missed> {
        let content = self.shared.seals.open_row(user, place, row).await?;
        let payload = content.payload();
        payload.ok_or_else(|| Missed::Refused(unknown_user()))
    }

    /// The chunks of a manifest. One that is missing has been joined with others, or let go, by a newer snapshot.
    async fn chunks_of(
        &self,
        (snapshot, state): (&Snapshot, &User),
        keys: Vec<ChunkKey>,
        room: &mut Room,
    ) -> Result<Vec<(ChunkKey, Vec<u8>)>, Missed> {
        let mut gathered = Vec::with_capacity(keys.len());
        for some in keys.chunks(CHUNKS_AT_ONCE) {
            let name = |(day, number): &ChunkKey| ChunkId {
                day: *day,
                number: *number,
            };
            let ids: Vec<ChunkId> = some.iter().map(name).collect();
            let rows = match self.shared.store.chunks(&state.id, ids.clone()).await {
                Ok(rows) => rows,
                Err(error) => return Err(self.missed(snapshot, (state, error)).await),
            };
            for ((key, id), row) in some.iter().zip(ids).zip(rows) {
                let place = (Kind::Chunk, Place::Chunk(id));
                let payload = self.opened(&state.id, place, &row).await?;
                room.take(&payload)?;
                gathered.push((*key, payload));
            }
        }
        Ok(gathered)
    }

    async fn missed(&self, before: &Snapshot, (state, error): (&User, Error)) -> Missed {
        match self.snapshot_of(&state.id).await {
            Ok(now) if now == *before => Missed::Failed(error),
            Ok(_) => Missed::Changed,
            Err(missed) => missed,
        }
    }

    /// Numbered rows up to those that the snapshot knows.
    async fn rows_of(
        &self,
        user: &User,
        table: Numbered,
        room: &mut Room,
    ) -> Result<Vec<Vec<u8>>, Missed> {
        let (store, id) = (&self.shared.store, &user.id);
        let (kind, last) = match table {
            Numbered::Facts => (Kind::Fact, user.last_seq),
            Numbered::Transfers => (Kind::Transfer, user.last_seq),
            Numbered::Changes => (Kind::Change, user.last_change),
        };
        let (mut gathered, mut after) = (Vec::new(), 0);
        while after < last {
            let page = match table {
                Numbered::Facts => store.facts(id, after, READ_AT_ONCE).await?,
                Numbered::Transfers => store.transfers(id, after, READ_AT_ONCE).await?,
                Numbered::Changes => store.changes(id, after, READ_AT_ONCE).await?,
            };
            let Some((newest, _)) = page.last() else {
                break;
            };
            after = *newest;
            for (number, row) in page.iter().take_while(|(number, _)| *number <= last) {
                let place = (kind, Place::Number(*number));
                let payload = self.opened(id, place, row).await?;
                room.take(&payload)?;
                gathered.push(payload);
            }
        }
        Ok(gathered)
    }
}

fn damaged(error: minicbor::decode::Error) -> Missed {
    Missed::Failed(Error::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_too_large_for_an_export_is_told_what_to_do() {
        let mut room = Room(10);
        assert!(room.take(&[0; 10]).is_ok());
        let Err(Missed::Refused(refusal)) = room.take(&[0]) else {
            panic!("there is no room left");
        };
        assert_eq!(refusal.code, Code::Limit);
        assert!(
            refusal.detail.contains("more than 64 MiB"),
            "{}",
            refusal.detail
        );
        assert!(refusal.detail.contains("by their own routes"));
    }
}
