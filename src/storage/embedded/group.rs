//! One group of writes on their way into one batch: what each command changes, seen by those after
//! it.
//!
//! A command reads first and writes only when it can no longer fail, so a refused one leaves
//! nothing behind. The last write of a key wins here, since within one batch of the engine it would
//! be undefined. Nothing is durable before `writer` commits the group. Called by `writer` only.

use std::collections::BTreeMap;

use streakline_core::{
    id::{ChallengeId, DeviceId, PartitionId, Position, UserId},
    manual::ManualPolicy,
    retention::Retention,
};
use tokio::sync::oneshot;

use super::{
    super::{
        Attachment, Error, IdempotencyKey, JournalRow, SnapshotWrite, StoredAnswer, StuckId,
        bulk::{BulkRow, CopyMark},
    },
    Shared,
    data_keys::KeyCommand,
    erasure::Erased,
    keys,
    tables::{Table, meta},
    values,
};

/// The layout of the rows; another layout gets another number.
const FORMAT: u64 = 2;
/// Layouts that are read: the first one had all of the journal in the engine.
const FORMATS_READ: [u64; 2] = [1, FORMAT];

/// Where an answer is awaited.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Error>>;
/// The first position of each partition that no snapshot covers.
pub(super) type FirstUncovered = BTreeMap<PartitionId, Position>;

/// What the writer is asked to do.
pub(super) enum Command {
    Append(JournalRow, Reply<()>),
    Commit(Box<SnapshotWrite>, Reply<()>),
    ClaimDevice(DeviceId, UserId, Reply<UserId>),
    ForgetExpired {
        now_ms: i64,
        limit: usize,
        reply: Reply<usize>,
    },
    FixManualPolicy(ManualPolicy, Reply<()>),
    FixRetention(Retention, Reply<()>),
    RaiseEpoch(u32, Reply<u64>),
    SetClock(i64, Option<Box<(IdempotencyKey, StoredAnswer)>>, Reply<()>),
    Key(KeyCommand),
    Erase(Box<Erased>, Reply<()>),
    Purged(Reply<()>),
    Truncate(FirstUncovered, Reply<()>),
    Import(Vec<BulkRow>, Option<Box<CopyMark>>, Reply<()>),
}

/// Where to, under which key, and what; `None` removes.
type Write = (Table, Vec<u8>, Option<Vec<u8>>);

/// A journal row of the group.
pub(super) struct Appended {
    pub(super) last: Position,
    pub(super) value: Vec<u8>,
}

/// A caller that waits to be told how its group ended.
type Waiting = Box<dyn FnOnce(Result<(), Error>)>;

/// Writes that become durable together.
pub(super) struct Group<'a> {
    shared: &'a Shared,
    pub(super) journal: BTreeMap<(PartitionId, Position), Appended>,
    pub(super) rows: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
    pub(super) truncations: Vec<(FirstUncovered, Reply<()>)>,
    answers: Vec<Waiting>,
    bytes: usize,
}

impl<'a> Group<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            journal: BTreeMap::new(),
            rows: BTreeMap::new(),
            truncations: Vec::new(),
            answers: Vec::new(),
            bytes: 0,
        }
    }

    pub(super) fn has_room(&self, commands_max: usize, bytes_max: usize) -> bool {
        self.answers.len() + self.truncations.len() < commands_max && self.bytes < bytes_max
    }

    pub(super) fn take(&mut self, command: Command) {
        match command {
            Command::Append(row, reply) => {
                let outcome = self.append(row);
                self.answer_later(reply, outcome);
            }
            Command::Commit(write, reply) => {
                let outcome = self.commit(*write);
                self.answer_later(reply, outcome);
            }
            Command::ClaimDevice(device, user, reply) => {
                let outcome = self.claim_device(device, user);
                self.answer_later(reply, outcome);
            }
            Command::ForgetExpired {
                now_ms,
                limit,
                reply,
            } => {
                let outcome = self.forget_expired(now_ms, limit);
                self.answer_later(reply, outcome);
            }
            Command::FixManualPolicy(policy, reply) => {
                let outcome = self.fix_manual_policy(policy);
                self.answer_later(reply, outcome);
            }
            Command::FixRetention(retention, reply) => {
                let outcome = self.fix_retention(retention);
                self.answer_later(reply, outcome);
            }
            Command::RaiseEpoch(bits, reply) => {
                let outcome = self.raise_epoch(bits);
                self.answer_later(reply, outcome);
            }
            Command::SetClock(now_ms, answer, reply) => {
                let outcome = self.set_clock(now_ms, answer.map(|answer| *answer));
                self.answer_later(reply, outcome);
            }
            Command::Key(command) => self.take_key(command),
            Command::Erase(erased, reply) => self.take_erased(*erased, reply),
            Command::Purged(reply) => {
                self.remove(Table::Meta, meta::PURGE_OWED.to_vec());
                self.answer_later(reply, Ok(()));
            }
            Command::Import(rows, mark, reply) => {
                let outcome = self.import(rows, mark);
                self.answer_later(reply, outcome);
            }
            Command::Truncate(first_uncovered, reply) => {
                self.truncations.push((first_uncovered, reply));
            }
        }
    }

    /// Tells every caller how the group ended.
    pub(super) fn answer(self, outcome: &Result<(), Error>) {
        self.answers
            .into_iter()
            .for_each(|answer| answer(outcome.clone()));
    }

    /// A refusal needs no disk, but waits for it too: answers keep the order of their commands.
    pub(super) fn answer_later<T: 'static>(&mut self, reply: Reply<T>, outcome: Result<T, Error>) {
        // A caller that no longer waits is told nothing.
        self.answers.push(Box::new(move |durable| {
            drop(reply.send(durable.and(outcome)))
        }));
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        match self.rows.get(&(table, key.to_vec())) {
            Some(row) => Ok(row.clone()),
            None => self.shared.tables.get(table, key),
        }
    }

    pub(super) fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.write((table, key, Some(value)));
    }

    pub(super) fn remove(&mut self, table: Table, key: Vec<u8>) {
        self.write((table, key, None));
    }

    fn write(&mut self, (table, key, value): Write) {
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.rows.insert((table, key), value);
    }

    pub(super) fn append(&mut self, row: JournalRow) -> Result<(), Error> {
        let place = (row.partition, row.first);
        let value = values::journal(&row);
        let stored = match self.journal.get(&place) {
            Some(appended) => Some(appended.value.clone()),
            None => self.shared.journaled(row.partition, row.first)?,
        };
        match stored {
            Some(stored) if stored == value => return Ok(()),
            Some(_) => return Err(Error::position_taken(&row)),
            None => {}
        }
        let attachments = row.attachments.iter().flat_map(attachment_rows);
        attachments.for_each(|write| self.write(write));
        self.bytes += value.len();
        self.journal.insert(
            place,
            Appended {
                last: row.last,
                value,
            },
        );
        Ok(())
    }

    fn commit(&mut self, write: SnapshotWrite) -> Result<(), Error> {
        let user = write.user()?.cloned();
        let entity = keys::entity(&write.entity);
        if let Some(stored) = self.get(Table::Snapshots, &entity)?
            && values::parse_snapshot(&stored)?.covered > write.covered
        {
            return Ok(());
        }
        let due = |at_ms| keys::due(write.partition, at_ms, &write.entity);
        if let Some(at_ms) = write.due_before_ms {
            self.remove(Table::Due, due(at_ms));
        }
        if let Some(at_ms) = write.due_ms {
            self.put(Table::Due, due(at_ms), Vec::new());
        }
        let partition_row = write.partition_row.clone();
        self.put(
            Table::Partitions,
            keys::partition(write.partition),
            partition_row,
        );
        self.put(
            Table::Snapshots,
            entity,
            values::snapshot(write.covered, &write.state),
        );
        if let Some(user) = user {
            self.commit_user_rows(&user, write);
        }
        Ok(())
    }

    fn commit_user_rows(&mut self, user: &UserId, write: SnapshotWrite) {
        for (id, bytes) in write.chunks {
            self.put(Table::Chunks, keys::chunk(user, id), bytes);
        }
        for id in write.dropped_chunks {
            self.remove(Table::Chunks, keys::chunk(user, id));
        }
        for (number, bytes) in write.facts {
            self.put(Table::Facts, keys::numbered(user, number), bytes);
        }
        for (number, bytes) in write.transfers {
            self.put(Table::Transfers, keys::numbered(user, number), bytes);
        }
        for (number, bytes) in write.changes {
            self.put(Table::Changes, keys::numbered(user, number), bytes);
        }
        for (challenge, row) in write.standings {
            let key = keys::standing(challenge, user);
            match row {
                Some(bytes) => self.put(Table::Standings, key, bytes),
                None => self.remove(Table::Standings, key),
            }
        }
    }

    fn claim_device(&mut self, device: DeviceId, user: UserId) -> Result<UserId, Error> {
        if let Some(owner) = self.get(Table::Devices, &device.0)? {
            return values::parse_device(&owner);
        }
        self.put(Table::Devices, device.0.to_vec(), values::device(&user));
        Ok(user)
    }

    /// The expiry row of a record that was replaced stays until its own time, and takes only itself
    /// along.
    fn forget_expired(&mut self, now_ms: i64, limit: usize) -> Result<usize, Error> {
        let range = keys::expired_before(now_ms);
        let found = |key: &[u8], _: &[u8]| Ok(key.to_vec());
        let expiries = self
            .shared
            .tables
            .page(Table::Expiries, range, limit, found)?;
        let mut expired = Vec::new();
        for expiry in &expiries {
            let key = keys::parse_expiry(expiry)?;
            let record = self.get(Table::Idempotency, key)?;
            let record = record
                .map(|record| values::parse_idempotency(&record))
                .transpose()?;
            if record.is_some_and(|record| record.expires_ms < now_ms) {
                expired.push(key.to_vec());
            }
        }
        expired.sort_unstable();
        expired.dedup();
        let forgotten = expired.len();
        expired
            .into_iter()
            .for_each(|key| self.remove(Table::Idempotency, key));
        expiries
            .into_iter()
            .for_each(|key| self.remove(Table::Expiries, key));
        Ok(forgotten)
    }

    fn fix_manual_policy(&mut self, policy: ManualPolicy) -> Result<(), Error> {
        let number = |row: Option<Vec<u8>>| row.map(|row| values::parse_meta(&row)).transpose();
        let begun = self.get(Table::Meta, meta::BITS)?.is_some();
        let default = begun.then(|| ManualPolicy::default().number());
        let stored = number(self.get(Table::Meta, meta::MANUAL_POLICY)?)?.or(default);
        if let Some(stored) = stored.filter(|stored| *stored != policy.number()) {
            let name = ManualPolicy::numbered(stored).map_or("(unknown)", ManualPolicy::name);
            return Err(Error::other_policy(name, policy));
        }
        let row = values::meta(policy.number());
        self.put(Table::Meta, meta::MANUAL_POLICY.to_vec(), row);
        Ok(())
    }

    fn raise_epoch(&mut self, bits: u32) -> Result<u64, Error> {
        self.refuse_unfinished_copy()?;
        let number = |row: Option<Vec<u8>>| row.map(|row| values::parse_meta(&row)).transpose();
        let stored = number(self.get(Table::Meta, meta::BITS)?)?;
        if let Some(stored) = stored.filter(|stored| *stored != u64::from(bits)) {
            return Err(Error::other_bits(
                u32::try_from(stored).unwrap_or(u32::MAX),
                bits,
            ));
        }
        let format = number(self.get(Table::Meta, meta::FORMAT)?)?;
        if let Some(stored) = format.filter(|stored| !FORMATS_READ.contains(stored)) {
            return Err(Error::other_format(stored, FORMAT));
        }
        let epoch = number(self.get(Table::Meta, meta::EPOCH)?)?
            .unwrap_or(0)
            .saturating_add(1);
        self.put(
            Table::Meta,
            meta::BITS.to_vec(),
            values::meta(u64::from(bits)),
        );
        self.put(Table::Meta, meta::FORMAT.to_vec(), values::meta(FORMAT));
        self.put(Table::Meta, meta::EPOCH.to_vec(), values::meta(epoch));
        Ok(epoch)
    }

    /// An answer to a repeated request, and the row that forgets it.
    pub(super) fn put_answer(&mut self, key: &IdempotencyKey, answer: &StoredAnswer) {
        let writes = answer_rows(key, answer);
        writes.into_iter().for_each(|write| self.write(write));
    }

    fn set_clock(
        &mut self,
        now_ms: i64,
        answer: Option<(IdempotencyKey, StoredAnswer)>,
    ) -> Result<(), Error> {
        if let Some((key, answer)) = answer {
            self.put_answer(&key, &answer);
        }
        let clock = values::meta(now_ms.cast_unsigned());
        self.put(Table::Meta, meta::CLOCK_MS.to_vec(), clock);
        Ok(())
    }
}

fn attachment_rows(attachment: &Attachment) -> Vec<Write> {
    let stuck = |id: &StuckId, row| {
        let key = keys::journal(id.partition, id.position);
        (Table::Stuck, key, row)
    };
    let listed = |id: &ChallengeId, row| vec![(Table::Challenges, id.0.to_vec(), row)];
    match attachment {
        Attachment::Idempotency(key, record) => Vec::from(answer_rows(key, record)),
        Attachment::ChallengeListed(id) => listed(id, Some(Vec::new())),
        Attachment::ChallengeUnlisted(id) => listed(id, None),
        Attachment::Stuck(id, row) => vec![stuck(id, Some(row.clone()))],
        Attachment::Unstuck(id) => vec![stuck(id, None)],
    }
}

fn answer_rows(key: &IdempotencyKey, record: &StoredAnswer) -> [Write; 2] {
    let key = keys::idempotency(key);
    let expiry = keys::expiry(record.expires_ms, &key);
    let value = values::idempotency(record);
    [
        (Table::Expiries, expiry, Some(Vec::new())),
        (Table::Idempotency, key, Some(value)),
    ]
}
