//! Folds that panic, as `actors::user::poison`, `actors::reread` and an operator carry them (ADR 0015). Challenges of the scripts
//! hold no poison.

use streakline::storage::{
    Attachment, Journal as _, StuckId, StuckRows,
    envelope::{Kind, Place},
};
use streakline_core::{
    id::{Entity, Position, UserId},
    input::{Input, Source, UserInput},
    poison::{Retry, Skipping, Stuck, Verdict, Why, encoded, is_control},
    user::resident::Resident,
};

use super::{BITS, Checked, Mail, Server, Task, UserCell, ready};

/// Kept inputs that are offered again at once.
const RELEASED_AT_ONCE: usize = 3;

fn name(entity: &Entity, position: Position) -> StuckId {
    StuckId {
        partition: entity.partition(BITS),
        position,
    }
}

fn put(
    entity: &Entity,
    position: Position,
    (why, stamp_ms): (Why, i64),
    input: Option<&UserInput>,
) -> Attachment {
    let content = input.map_or(("hold", Vec::new()), |input| (input.kind(), encoded(input)));
    let row = Stuck::new(entity.clone(), why, (stamp_ms, 0), content);
    Attachment::Stuck(name(entity, position), encoded(&row))
}

impl Server {
    /// A fold has panicked: read again the first time, passed over the second.
    pub(super) fn panicked(&mut self, id: &UserId) -> Checked<()> {
        let entity = Entity::User(id.clone());
        let resident = self.users.get(id).and_then(|cell| cell.resident.as_ref());
        let culprit = resident.and_then(Resident::culprit).cloned();
        let (header, input) = culprit.ok_or("a panic without a culprit")?;
        let verdict = self
            .partition(&entity)
            .suspects
            .panicked(&entity, header.position);
        let mut notice = None;
        if verdict == Verdict::Skip {
            let skipping = Skipping::user(&header, &input);
            notice.clone_from(&skipping.input);
            self.pass_over(id, skipping);
        }
        self.let_go(id);
        let challenge = match &notice {
            Some(
                UserInput::Await { challenge, .. }
                | UserInput::Enrol { challenge, .. }
                | UserInput::Extend { challenge, .. }
                | UserInput::Reach { challenge, .. }
                | UserInput::Withdraw { challenge, .. }
                | UserInput::Conclude { challenge, .. },
            ) => Some(*challenge),
            _ => None,
        };
        if let (Some(challenge), Some(input)) = (challenge, notice) {
            self.part_is_told(id, &input);
            self.post(Mail::Confirmed(challenge, id.clone(), Box::new(input)));
        }
        Ok(())
    }

    fn pass_over(&mut self, id: &UserId, skipping: Skipping<UserInput>) {
        let (entity, now_ms) = (Entity::User(id.clone()), self.now_ms);
        let journal = &self.partition(&entity).journal;
        let (next, stamp_ms) = (journal.next(), journal.stamp(now_ms));
        let mut rows = Vec::new();
        if let Some(input) = &skipping.input {
            let why = (Why::Skipped, skipping.stamp_ms);
            rows.push(put(&entity, skipping.skip.position, why, Some(input)));
        }
        let mut skip = skipping.skip;
        let resident = self.users.get(id).and_then(|cell| cell.resident.as_ref());
        let (many, replaced) = resident.map_or((false, None), |resident| {
            resident.next_hold(&skip, stamp_ms)
        });
        if many {
            rows.extend(replaced.map(|before| Attachment::Unstuck(name(&entity, before))));
            rows.push(put(&entity, next, (Why::Hold, stamp_ms), None));
            skip.hold = true;
        }
        let skip = Input::User(id.clone(), UserInput::Skip(skip));
        self.append(&entity, Source::Peer, (&skip, rows));
        self.skipped += 1;
    }

    /// A fault that has nothing to do with an input: the state is read again, and nothing is passed over.
    pub(crate) fn fault_user(&mut self, id: &UserId) {
        let cell = self.users.get(id);
        if cell.is_some_and(|cell| cell.resident.is_some() && !cell.writing) {
            self.let_go(id);
        }
    }

    fn let_go(&mut self, id: &UserId) {
        let entity = Entity::User(id.clone());
        let newest = self.partition(&entity).journal.newest();
        let cell = self.user_cell(id);
        cell.resident = None;
        cell.waiters.clear();
        cell.mail.clear();
        cell.loading = None;
        cell.reloading = true;
        let booked = std::mem::take(&mut cell.booked);
        let partition = self.partition(&entity);
        partition.totals.take_back(&booked);
        partition.deadlines.set(&entity, None);
        self.tasks.push(Task::Reload(id.clone(), newest));
    }

    /// Reads the state again once everything of it is durable and no snapshot of the old one is on its way.
    pub(super) fn reload(&mut self, id: &UserId, newest: Position) -> Checked<()> {
        let entity = Entity::User(id.clone());
        let durable = self.partition(&entity).journal.durable();
        if durable < newest || self.user_cell(id).writing {
            self.tasks.push(Task::Reload(id.clone(), newest));
            return Ok(());
        }
        let mut tail = Vec::new();
        for row in ready(self.store.tail(entity.partition(BITS), None, usize::MAX))? {
            let inputs = ready(Box::pin(self.seals.inputs(&row)))?.into_iter();
            tail.extend(
                inputs.filter(|(_, input)| matches!(input, Input::User(of, _) if of == id)),
            );
        }
        self.partition(&entity).tails.insert(entity.clone(), tail);
        self.user_cell(id).reloading = false;
        self.read_user(id)
    }

    /// The row of an input that is journaled while its user is on hold.
    pub(super) fn kept(&mut self, id: &UserId, input: &UserInput) -> Vec<Attachment> {
        let user = self.users.get(id).and_then(UserCell::user);
        if is_control(input) || !user.is_some_and(|user| user.is_held()) {
            return Vec::new();
        }
        let (entity, now_ms) = (Entity::User(id.clone()), self.now_ms);
        let journal = &self.partition(&entity).journal;
        let (next, stamp_ms) = (journal.next(), journal.stamp(now_ms));
        vec![put(&entity, next, (Why::Kept, stamp_ms), Some(input))]
    }

    /// Offers what was kept again, in order.
    pub(super) fn release(&mut self, id: &UserId) -> Checked<()> {
        let resident = self.users.get(id).and_then(|cell| cell.resident.as_ref());
        let releasing = |r: &&Resident| r.user().is_releasing() && r.pending() == 0;
        if resident.filter(releasing).is_none() {
            return Ok(());
        }
        let entity = Entity::User(id.clone());
        let kept = |(_, row): &(StuckId, Stuck)| row.entity == entity && row.why == Why::Kept;
        let rows: Vec<_> = self.stuck()?.into_iter().filter(kept).collect();
        if rows.is_empty() {
            return Err(format!("what was kept of {id} is missing"));
        }
        for (name, row) in rows.into_iter().take(RELEASED_AT_ONCE) {
            let retry = Retry {
                stamp_ms: row.stamp_ms,
                kept: true,
                release: false,
                input: row.input,
            };
            let with = vec![Attachment::Unstuck(name)];
            self.offer_user(id, Source::Peer, (UserInput::Retry(retry), with), None);
        }
        Ok(())
    }

    /// Everything that is stuck.
    pub(crate) fn stuck(&self) -> Checked<Vec<(StuckId, Stuck)>> {
        let rows = ready(self.store.stuck(None, usize::MAX))?.into_iter();
        let read = |(name, bytes): (StuckId, Vec<u8>)| {
            let place = (Kind::Stuck, Place::Stuck(name));
            let content = ready(Box::pin(self.seals.open_any(place, &bytes)))?;
            let row = minicbor::decode(&content.payload().unwrap_or_default());
            Ok((name, row.map_err(|error| error.to_string())?))
        };
        rows.map(read).collect()
    }

    /// An operator releases everybody who is on hold; answers whether somebody was.
    pub(crate) fn release_all(&mut self) -> Checked<bool> {
        let rows = self.stuck()?.into_iter();
        let holds: Vec<_> = rows.filter(|(_, row)| row.why == Why::Hold).collect();
        for (name, row) in &holds {
            self.retry(*name, row);
        }
        Ok(!holds.is_empty())
    }

    /// An operator offers something again.
    pub(crate) fn retry(&mut self, name: StuckId, row: &Stuck) {
        if let Entity::User(user) = &row.entity {
            self.post(Mail::Retry(user.clone(), name));
        }
    }

    /// What an operator has asked for is journaled, where it is still there.
    pub(super) fn run_retry(&mut self, id: &UserId, name: StuckId) -> Checked<()> {
        let Some((_, row)) = self.stuck()?.into_iter().find(|(other, _)| *other == name) else {
            return Ok(());
        };
        let entity = Entity::User(id.clone());
        let hold = self.users.get(id).and_then(UserCell::user);
        let hold = hold
            .and_then(|user| user.hold.as_ref())
            .map(|hold| hold.position);
        let offered = row.why == Why::Skipped || (row.why == Why::Kept && hold.is_none());
        let retry = Retry {
            stamp_ms: row.stamp_ms,
            kept: false,
            release: hold.is_some(),
            input: if offered { row.input } else { Vec::new() },
        };
        let gone = (offered || row.why == Why::Hold).then_some(name);
        let begun = hold.map(|position| self::name(&entity, position));
        let with = gone.into_iter().chain(begun).map(Attachment::Unstuck);
        self.offer_user(
            id,
            Source::Rest,
            (UserInput::Retry(retry), with.collect()),
            None,
        );
        Ok(())
    }
}
