//! A partition as `actors::partition`, `actors::recovery` and `actors::barrier` carry it.

use std::collections::{BTreeMap, VecDeque};

use streakline::storage::{
    Attachment, DueRows, Journal as _, SnapshotWrite, Snapshots, Traces,
    envelope::{Kind, open_plain, plain},
    memory::MemoryStore,
    sealing::{Draft, Seals},
};
use streakline_core::{
    boundary::Deadlines,
    challenge::stored::Parts,
    id::{ChallengeId, Entity, PartitionId, Position},
    input::{Header, Input, Origin, PartitionInput, RULES_VERSION, Source},
    journal::{Coverage, Flush, Journal, Uncovered},
    ledger::Totals,
    poison::Suspects,
    settlement::Barriers,
};

use super::{BITS, Checked, Mail, Server, Task, ready};

/// What waits for the store, in order: each holds the partition's own row as it was then.
pub(super) enum Commit {
    Snapshot(SnapshotWrite),
    /// A challenge's, whose names are to be sealed.
    Challenge(ChallengeId, Parts, SnapshotWrite),
    Erasure(Traces),
}

pub(super) struct Partition {
    pub(super) journal: Journal<Draft>,
    flush: Option<Flush<Draft>>,
    pub(super) commits: VecDeque<Commit>,
    waiting: VecDeque<(Position, Entity)>,
    pub(super) coverage: Coverage,
    pub(super) deadlines: Deadlines,
    pub(super) barriers: Barriers,
    pub(super) tails: BTreeMap<Entity, Vec<(Header, Input)>>,
    pub(super) totals: Totals,
    pub(super) suspects: Suspects,
    written: Totals,
    /// Of the transfers of users who were erased.
    pub(super) erased: Totals,
    pub(super) earliest_due_ms: Option<i64>,
}

/// Reads a partition back after a start.
pub(super) fn read(
    seals: &Seals,
    store: &MemoryStore,
    (id, epoch): (PartitionId, u64),
) -> Checked<Partition> {
    let row = ready(store.partition_row(id))?;
    let (mut last_stamp_ms, written, erased) = match row {
        Some(row) => {
            minicbor::decode(&payload(Kind::Partition, &row)?).map_err(|e| e.to_string())?
        }
        None => (i64::MIN, Totals::default(), Totals::default()),
    };
    let mut tail = Vec::new();
    for row in ready(store.tail(id, None, usize::MAX))? {
        tail.extend(ready(Box::pin(seals.inputs(&row)))?);
    }
    for (header, _) in &tail {
        last_stamp_ms = last_stamp_ms.max(header.stamp_ms);
    }
    let mut partition = Partition {
        journal: Journal::new(id, epoch, last_stamp_ms),
        flush: None,
        commits: VecDeque::new(),
        waiting: VecDeque::new(),
        coverage: Coverage::default(),
        deadlines: Deadlines::default(),
        barriers: Barriers::default(),
        tails: BTreeMap::new(),
        totals: written,
        suspects: Suspects::default(),
        written,
        erased,
        earliest_due_ms: ready(store.earliest_due(id))?,
    };
    for (header, input) in tail {
        if let Input::Partition(PartitionInput::Barrier { cutoff_ms }) = &input {
            partition.barriers.journaled(*cutoff_ms, header.position);
            continue;
        }
        let entity = owner(&input, id);
        partition.uncovered(&entity, header.position);
        partition
            .tails
            .entry(entity)
            .or_default()
            .push((header, input));
    }
    Ok(partition)
}

/// The content of a row that is about nobody.
pub(super) fn payload(kind: Kind, row: &[u8]) -> Checked<Vec<u8>> {
    let opened = open_plain(kind, row).map_err(|error| error.to_string())?;
    Ok(opened.payload.to_vec())
}

fn owner(input: &Input, partition: PartitionId) -> Entity {
    match input {
        Input::User(user, _) => Entity::User(user.clone()),
        Input::Challenge(challenge, _) => Entity::Challenge(*challenge),
        Input::Partition(_) => Entity::Partition(partition),
    }
}

impl Partition {
    fn uncovered(&mut self, entity: &Entity, position: Position) {
        let uncovered = Uncovered {
            position,
            at_bytes: 0,
            since_ms: 0,
        };
        self.coverage.note(entity, uncovered);
    }

    pub(super) fn row(&mut self, booked: Totals) -> Vec<u8> {
        self.written.add(&booked);
        let row =
            minicbor::to_vec((self.journal.last_stamp_ms(), self.written, self.erased)).unwrap();
        plain(Kind::Partition, RULES_VERSION, &row)
    }
}

impl Server {
    pub(super) fn append(
        &mut self,
        entity: &Entity,
        source: Source,
        (input, with): (&Input, Vec<Attachment>),
    ) -> Header {
        let now_ms = self.now_ms;
        let partition = self.partition(entity);
        let origin = Origin::server(source);
        let drafts = with.into_iter().map(|attachment| Draft {
            subject: input.subject(),
            attachment,
        });
        let drafts = drafts.collect();
        let header = partition.journal.append(now_ms, origin, input, drafts);
        partition
            .waiting
            .push_back((header.position, entity.clone()));
        if !matches!(entity, Entity::Partition(_)) {
            partition.uncovered(entity, header.position);
        }
        self.flush(entity.partition(BITS));
        header
    }

    fn flush(&mut self, id: PartitionId) {
        let Some(partition) = self.partitions.get_mut(&id) else {
            return;
        };
        if let Some(flush) = partition.journal.flush() {
            partition.flush = Some(flush);
            self.tasks.push(Task::Write(id));
        }
    }

    /// The flush is in the store from here on; nobody knows yet but the onlooker.
    pub(super) fn write(&mut self, id: PartitionId) -> Checked<()> {
        let flush = self.partitions.get_mut(&id).and_then(|p| p.flush.take());
        let Some(flush) = flush else {
            return Err("a flush was lost in memory".into());
        };
        let row = ready(Box::pin(self.seals.flush(id, flush)))?;
        ready(self.store.append(row.clone()))?;
        for (header, input) in ready(Box::pin(self.seals.inputs(&row)))? {
            let last_ms = self.stamps_ms.insert(id, header.stamp_ms);
            if last_ms.is_some_and(|last_ms| last_ms > header.stamp_ms) {
                return Err(format!("a stamp of {id} falls"));
            }
            self.check_unnamed(&input)?;
            self.seen.insert((id, header.position));
            let entity = owner(&input, id);
            self.durable
                .entry(entity)
                .or_default()
                .push((header, input));
        }
        self.tasks.push(Task::Flushed(id));
        Ok(())
    }

    pub(super) fn flushed(&mut self, id: PartitionId) -> Checked<()> {
        let mut foldable = Vec::new();
        if let Some(partition) = self.partitions.get_mut(&id) {
            let durable = partition.journal.flushed();
            let waiting = &mut partition.waiting;
            while waiting.front().is_some_and(|(at, _)| *at <= durable) {
                foldable.extend(waiting.pop_front().map(|(_, entity)| entity));
            }
        }
        self.flush(id);
        for entity in foldable {
            self.advance(&entity)?;
        }
        self.answer_barriers(id);
        Ok(())
    }

    pub(super) fn advance(&mut self, entity: &Entity) -> Checked<()> {
        match entity {
            Entity::User(user) => self.advance_user(user),
            Entity::Challenge(challenge) => self.advance_challenge(*challenge),
            Entity::Partition(_) => Ok(()),
        }
    }

    /// Law 4: nothing is folded before the onlooker has seen it become durable.
    pub(super) fn check_durable(&self, entity: &Entity, position: Position) -> Checked<()> {
        if self.seen.contains(&(entity.partition(BITS), position)) {
            Ok(())
        } else {
            Err(format!(
                "{entity:?} folded {position:?} before it was durable"
            ))
        }
    }

    pub(super) fn commit(&mut self, id: PartitionId) -> Checked<()> {
        let commits = self.partitions.get_mut(&id).map(|p| &mut p.commits);
        let write = match commits.and_then(VecDeque::pop_front) {
            None => return Ok(()),
            Some(Commit::Erasure(traces)) => return self.commit_erasure(traces),
            Some(Commit::Snapshot(write)) => write,
            Some(Commit::Challenge(of, parts, write)) => {
                let state = self.with_names(of, &parts)?;
                SnapshotWrite { state, ..write }
            }
        };
        let (entity, covered, due_ms) = (write.entity.clone(), write.covered, write.due_ms);
        let sealed = ready(Box::pin(self.seals.snapshot(write)))?;
        ready(self.store.commit(sealed))?;
        self.tasks.push(Task::Committed(entity, covered, due_ms));
        Ok(())
    }

    pub(super) fn committed(
        &mut self,
        entity: &Entity,
        covered: Position,
        due_ms: Option<i64>,
    ) -> Checked<()> {
        let more = match entity {
            Entity::User(user) => self.user_written(user, covered),
            Entity::Challenge(challenge) => self.challenge_written(*challenge, covered),
            Entity::Partition(_) => false,
        };
        let partition = self.partition(entity);
        let rest = Uncovered {
            position: Position {
                index: covered.index + 1,
                ..covered
            },
            at_bytes: 0,
            since_ms: 0,
        };
        partition.coverage.covered(entity, more.then_some(rest));
        let earliest = partition.earliest_due_ms.into_iter().chain(due_ms).min();
        partition.earliest_due_ms = earliest;
        self.advance(entity)
    }

    /// A challenge asks a partition for its barrier.
    pub(super) fn ask_barrier(
        &mut self,
        id: PartitionId,
        cutoff_ms: i64,
        challenge: ChallengeId,
    ) -> Checked<()> {
        let entity = Entity::Partition(id);
        if self.partition(&entity).barriers.ask(cutoff_ms, challenge) {
            let input = Input::Partition(PartitionInput::Barrier { cutoff_ms });
            let header = self.append(&entity, Source::Peer, (&input, Vec::new()));
            let barriers = &mut self.partition(&entity).barriers;
            barriers.journaled(cutoff_ms, header.position);
        }
        self.answer_barriers(id);
        Ok(())
    }

    pub(super) fn answer_barriers(&mut self, id: PartitionId) {
        let folded_to = self.folded_to(id);
        let holding: Vec<ChallengeId> = self
            .challenges_asking(id)
            .into_iter()
            .filter(|challenge| self.holds(id, *challenge))
            .collect();
        let entity = Entity::Partition(id);
        let barriers = &mut self.partition(&entity).barriers;
        let answers = barriers.answers(folded_to, |challenge| holding.contains(&challenge));
        for (cutoff_ms, challenge) in answers {
            self.post(Mail::Passed(challenge, id, cutoff_ms));
        }
    }

    fn challenges_asking(&self, id: PartitionId) -> Vec<ChallengeId> {
        let idle = self
            .partitions
            .get(&id)
            .is_none_or(|p| p.barriers.is_idle());
        let all = self
            .users
            .values()
            .filter_map(|cell| cell.resident.as_ref());
        let enrolled = all.flat_map(|resident| resident.user().enrolments.keys().copied());
        let known = enrolled.chain(self.challenges.keys().copied());
        if idle { Vec::new() } else { known.collect() }
    }

    fn folded_to(&self, id: PartitionId) -> Position {
        let Some(partition) = self.partitions.get(&id) else {
            return Position::default();
        };
        let own = self.users_of(id).filter_map(|cell| cell.resident.as_ref());
        let pending = own.filter_map(|resident| resident.first_pending());
        let tails = partition.tails.values().filter_map(|tail| tail.first());
        let first = tails
            .map(|(header, _)| header.position)
            .chain(pending)
            .min();
        let durable = partition.journal.durable();
        match first {
            Some(first) if first <= durable => Position {
                index: first.index.saturating_sub(1),
                ..first
            },
            _ => durable,
        }
    }

    /// Whether an outbox of the partition holds a score of a challenge.
    pub(super) fn holds(&self, id: PartitionId, challenge: ChallengeId) -> bool {
        self.users_of(id).any(|cell| {
            cell.resident
                .as_ref()
                .is_none_or(|r| r.outbox.holds(&challenge))
        })
    }

    fn users_of(&self, id: PartitionId) -> impl Iterator<Item = &super::UserCell> {
        let own = self.users.iter().filter(move |(user, _)| {
            let entity = Entity::User((*user).clone());
            entity.partition(BITS) == id
        });
        own.map(|(_, cell)| cell)
    }
}
