//! A user as `actors::user` carries it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
};

use streakline::storage::{
    Attachment, Catalogue, ChunkId, Snapshots,
    envelope::{Kind, Place},
};
use streakline_core::{
    chunk,
    civil::Day,
    event::Event,
    goal::Terms,
    id::{ChallengeId, DeviceId, Entity, GoalId, Position, UserId},
    input::{DeviceIntroduction, Header, Input, Source, UserInput},
    ledger::Totals,
    metric::Metric,
    period::Period,
    records::{self, Records},
    user::{
        User,
        admit::{self, Admission, Arrival},
        goals::{self, admit::Wish},
        resident::{Resident, Step},
        snapshot::restore,
        zone_admission::{self, ZoneProposal},
    },
};

use super::{BITS, Batch, Checked, Mail, Reply, Server, Task, ready};

/// A user in memory.
#[derive(Default)]
pub(crate) struct UserCell {
    /// `None` until its state is read.
    pub(crate) resident: Option<Resident>,
    pub(super) waiters: BTreeMap<Position, Waiter>,
    pub(super) mail: VecDeque<Mail>,
    pub(super) writing: bool,
    pub(super) loading: Option<BTreeSet<Day>>,
    /// Its state is being read again after a fault.
    pub(super) reloading: bool,
    /// What the state has booked since its last snapshot.
    pub(super) booked: Totals,
}

pub(super) enum Waiter {
    Batch(DeviceId, u8),
    Request(u64),
    Notice(ChallengeId, Box<UserInput>),
}

impl UserCell {
    pub(super) fn user(&self) -> Option<&User> {
        self.resident.as_ref().map(Resident::user)
    }

    /// Whether nothing of it is under way.
    pub(crate) fn is_quiet(&self) -> bool {
        let resident = self.resident.as_ref();
        let quiet =
            |r: &Resident| r.pending() == 0 && r.outbox.is_empty() && !r.user().is_releasing();
        resident.is_some_and(quiet) && self.mail.is_empty()
    }
}

impl Server {
    /// A cell that is there, or is being made.
    pub(super) fn user_cell(&mut self, id: &UserId) -> &mut UserCell {
        if !self.users.contains_key(id) {
            self.tasks.push(Task::Read(Entity::User(id.clone())));
        }
        self.users.entry(id.clone()).or_default()
    }

    pub(super) fn read_user(&mut self, id: &UserId) -> Checked<()> {
        if self
            .users
            .get(id)
            .is_some_and(|cell| cell.resident.is_some() || cell.reloading)
        {
            return Ok(());
        }
        let entity = Entity::User(id.clone());
        let user = match ready(self.store.snapshot(&entity))? {
            Some(snapshot) => {
                let place = (Kind::Snapshot, Place::Covered(snapshot.covered));
                let state = self.opened(id, place, &snapshot.state)?;
                restore(&state, &self.rules).map_err(|e| e.to_string())?
            }
            None => {
                let mut user = User::new(id.clone());
                user.resolve(&self.rules);
                user
            }
        };
        let mut resident = Resident::new(user);
        let partition = self.partition(&entity);
        for (header, input) in partition.tails.remove(&entity).unwrap_or_default() {
            if let Input::User(_, input) = input {
                resident.enqueue(header, input);
            }
        }
        if resident.pending() == 0 {
            partition.coverage.covered(&entity, None);
        }
        self.users.entry(id.clone()).or_default().resident = Some(resident);
        self.advance_user(id)
    }

    pub(super) fn advance_user(&mut self, id: &UserId) -> Checked<()> {
        let entity = Entity::User(id.clone());
        loop {
            let durable = self.partition(&entity).journal.durable();
            let rules = self.rules.clone();
            let Some(resident) = self.users.get_mut(id).and_then(|c| c.resident.as_mut()) else {
                return Ok(());
            };
            let step = catch_unwind(AssertUnwindSafe(|| resident.step(durable, &rules)));
            match step {
                Ok(Step::Idle) => break,
                Ok(Step::Load(days)) => {
                    self.wish(id, days);
                    return Ok(());
                }
                Ok(Step::Folded(header, events)) => self.folded(id, &header, events)?,
                Err(_) => return self.panicked(id),
            }
        }
        self.settle_user(id)
    }

    pub(super) fn settle_user(&mut self, id: &UserId) -> Checked<()> {
        self.send_scores(id);
        while let Some(mail) = self
            .users
            .get_mut(id)
            .and_then(|cell| cell.mail.pop_front())
        {
            if !self.may_run(id, &mail) {
                self.user_cell(id).mail.push_front(mail);
                break;
            }
            self.run_user(id, mail)?;
        }
        self.release(id)?;
        self.note_user_deadline(id);
        let resident = self.users.get(id).and_then(|cell| cell.resident.as_ref());
        if resident.is_some_and(Resident::wants_snapshot) {
            self.snapshot_user(id);
        }
        Ok(())
    }

    fn note_user_deadline(&mut self, id: &UserId) {
        let user = self.users.get(id).and_then(UserCell::user);
        let deadline_ms = user.and_then(User::next_deadline);
        let entity = Entity::User(id.clone());
        self.partition(&entity).deadlines.set(&entity, deadline_ms);
    }

    fn folded(&mut self, id: &UserId, header: &Header, events: Vec<Event>) -> Checked<()> {
        let entity = Entity::User(id.clone());
        self.check_durable(&entity, header.position)?;
        let cell = self.user_cell(id);
        let waiter = cell.waiters.remove(&header.position);
        let transfers = events.iter().filter_map(|event| match event {
            Event::Transfer(transfer) => Some(transfer),
            _ => None,
        });
        let booked = Totals::of(transfers);
        cell.booked.add(&booked);
        let partition = self.partition(&entity);
        partition.totals.add(&booked);
        partition.suspects.folded(&entity, header.position);
        let judged = events.into_iter().find_map(|event| match event {
            Event::Judged(outcome) => Some(outcome.up_to_seq),
            _ => None,
        });
        match waiter {
            Some(Waiter::Batch(device, lane)) => {
                let ack = judged.map(|up_to| Reply::Ack(device, lane, up_to));
                self.replies.extend(ack);
            }
            Some(Waiter::Request(number)) => self.replies.push(Reply::Done(number)),
            Some(Waiter::Notice(challenge, input)) => {
                self.part_is_told(id, &input);
                self.post(Mail::Confirmed(challenge, id.clone(), input));
            }
            None => {}
        }
        Ok(())
    }

    pub(super) fn send_scores(&mut self, id: &UserId) {
        let resident = self.users.get_mut(id).and_then(|c| c.resident.as_mut());
        let due = resident.map_or_else(Vec::new, |resident| resident.outbox.due(usize::MAX));
        for (challenge, _, contribution) in due {
            if !self.part_takes(&contribution) {
                self.post(Mail::Contribute(contribution));
                continue;
            }
            if let Some(resident) = &mut self.user_cell(id).resident {
                resident.outbox.confirm(&challenge, &contribution);
            }
        }
    }

    pub(super) fn take_user(&mut self, id: &UserId, mail: Mail) -> Checked<()> {
        if let Mail::Erase(_, number) = mail {
            return self.erase(id, number);
        }
        if !self.takes(id, &mail) {
            return Ok(());
        }
        self.user_cell(id).mail.push_back(mail);
        if self.user_cell(id).resident.is_some() {
            self.settle_user(id)?;
        }
        Ok(())
    }

    fn may_run(&mut self, id: &UserId, mail: &Mail) -> bool {
        let idle = |server: &mut Self| {
            let resident = server.user_cell(id).resident.as_ref();
            resident.is_some_and(|resident| resident.pending() == 0)
        };
        match mail {
            Mail::Open(..) | Mail::Goal(..) | Mail::Pause(..) | Mail::Enrol(..) => {
                self.wake_user(id) && idle(self)
            }
            Mail::Notice(..) | Mail::Retry(..) => idle(self),
            Mail::Batch(..) => {
                let resident = self.user_cell(id).resident.as_ref();
                resident.is_some_and(Resident::has_room)
            }
            _ => true,
        }
    }

    /// Whether every boundary up to now is folded; journals a tick where one is due.
    pub(super) fn wake_user(&mut self, id: &UserId) -> bool {
        let now_ms = self.now_ms;
        let Some(resident) = self.users.get(id).and_then(|c| c.resident.as_ref()) else {
            return false;
        };
        let next_ms = resident.user().next_deadline();
        if next_ms.is_none_or(|at_ms| at_ms > now_ms) {
            return true;
        }
        if resident.pending() == 0 {
            self.offer_user(id, Source::Timer, (UserInput::Tick, Vec::new()), None);
        }
        false
    }

    pub(super) fn offer_user(
        &mut self,
        id: &UserId,
        source: Source,
        (input, mut with): (UserInput, Vec<Attachment>),
        waiter: Option<Waiter>,
    ) {
        with.extend(self.kept(id, &input));
        let wrapped = Input::User(id.clone(), input.clone());
        let header = self.append(&Entity::User(id.clone()), source, (&wrapped, with));
        let cell = self.user_cell(id);
        if let Some(resident) = &mut cell.resident {
            if let Some(waiter) = waiter {
                cell.waiters.insert(header.position, waiter);
            }
            resident.enqueue(header, input);
        }
    }

    fn run_user(&mut self, id: &UserId, mail: Mail) -> Checked<()> {
        let now_ms = self.now_ms;
        let Some(user) = self.users.get(id).and_then(UserCell::user) else {
            return Ok(());
        };
        match mail {
            Mail::Open(_, number, introduction, zone) => {
                self.open(id, number, (introduction, zone))?;
            }
            Mail::Goal(_, number, target) => self.put_goal(id, (number, target))?,
            Mail::Pause(_, number, (from, to)) => {
                if user.pauses.iter().next().is_some() {
                    self.replies.push(Reply::Done(number));
                    return Ok(());
                }
                let may = user.may_pause((from, to), now_ms);
                may.map_err(|e| e.to_string())?;
                let input = (UserInput::Pause { from, to }, Vec::new());
                self.offer_user(id, Source::Rest, input, Some(Waiter::Request(number)));
            }
            Mail::Enrol(_, number, challenge, alias, starts_ms) => {
                let join = (id.clone(), alias, starts_ms);
                self.enrol(challenge, number, join);
            }
            Mail::Notice(_, challenge, input) if user.knows(&input) => {
                self.part_is_told(id, &input);
                self.post(Mail::Confirmed(challenge, id.clone(), input));
            }
            Mail::Notice(_, challenge, input) => {
                let waiter = Waiter::Notice(challenge, input.clone());
                self.offer_user(id, Source::Peer, (*input, Vec::new()), Some(waiter));
            }
            Mail::Taken(_, contribution) => {
                if let Some(resident) = &mut self.user_cell(id).resident {
                    let challenge = contribution.challenge;
                    resident.outbox.confirm(&challenge, &contribution);
                }
                let entity = Entity::User(id.clone());
                self.answer_barriers(entity.partition(BITS));
            }
            Mail::Batch(_, batch) => self.batch(id, batch),
            Mail::Retry(_, name) => self.run_retry(id, name)?,
            Mail::Contest(mail) => self.say_who(id, mail),
            _ => {}
        }
        Ok(())
    }

    fn open(
        &mut self,
        id: &UserId,
        number: u64,
        (introduction, zone): (DeviceIntroduction, String),
    ) -> Checked<()> {
        let now_ms = self.now_ms;
        let owner = ready(self.store.claim_device(introduction.device, id))?;
        if owner != *id {
            return Err(format!("{owner} has the device of {id}"));
        }
        let Some(user) = self.users.get(id).and_then(UserCell::user) else {
            return Ok(());
        };
        if user.devices.contains_key(&introduction.device) {
            self.replies.push(Reply::Done(number));
            return Ok(());
        }
        let proposal = ZoneProposal {
            zone,
            ..ZoneProposal::default()
        };
        // A second hello may come when its day is settled: then the zone stays.
        let zone = zone_admission::zone(user, &self.rules, proposal, now_ms).ok();
        let device = Some(introduction);
        let zone = zone.flatten();
        let open = (UserInput::Open { device, zone }, Vec::new());
        self.offer_user(id, Source::Stream, open, Some(Waiter::Request(number)));
        Ok(())
    }

    fn put_goal(&mut self, id: &UserId, (number, target): (u64, i64)) -> Checked<()> {
        let Some(user) = self.users.get(id).and_then(UserCell::user) else {
            return Ok(());
        };
        let goal = GoalId::parse("steps").map_err(|e| e.to_string())?;
        if user
            .goals
            .get(&goal)
            .and_then(|goal| goal.newest())
            .is_some()
        {
            self.replies.push(Reply::Done(number));
            return Ok(());
        }
        // Every other person has a weekly goal.
        let weekly = target % 2_000 == 0;
        let wish = Wish {
            period: if weekly { Period::Week } else { Period::Day },
            week_start: None,
            terms: Terms::fixed(Metric::STEPS, target),
            own: None,
            from: None,
        };
        let input = goals::admit::goal(user, &goal, &wish, self.now_ms);
        let input = (input.map_err(|e| e.to_string())?, Vec::new());
        self.offer_user(id, Source::Rest, input, Some(Waiter::Request(number)));
        Ok(())
    }

    fn batch(&mut self, id: &UserId, batch: Batch) {
        let (now_ms, entity) = (self.now_ms, Entity::User(id.clone()));
        let stamp_ms = self.partition(&entity).journal.stamp(now_ms);
        let Some(resident) = &self.user_cell(id).resident else {
            return;
        };
        let (device, outbox, lane) = (batch.device, batch.outbox, batch.lane);
        let pending_to = resident.pending_to(device, outbox, lane);
        let arrival = Arrival {
            device,
            outbox,
            lane,
            first_seq: batch.first_seq,
            skewed: batch.skewed,
            records: batch.records.into_iter().map(Ok).collect(),
            unsigned: None,
        };
        match admit::batch(resident.user(), arrival, pending_to, stamp_ms) {
            Admission::Journal(ingest, _) => {
                let waiter = Some(Waiter::Batch(device, lane));
                let input = (UserInput::Ingest(ingest), Vec::new());
                self.offer_user(id, Source::Stream, input, waiter);
            }
            Admission::Answered(outcome) => {
                self.replies
                    .push(Reply::Ack(device, lane, outcome.up_to_seq));
            }
            Admission::SeqGap { expected } => {
                self.replies.push(Reply::Gap(device, lane, expected));
            }
        }
    }

    /// Asks for stored records, unless a snapshot is being written: its manifest may name what is not there yet.
    pub(super) fn wish(&mut self, id: &UserId, days: BTreeSet<Day>) {
        let cell = self.user_cell(id);
        if cell.loading.is_none() && !cell.writing {
            cell.loading = Some(days);
            self.tasks.push(Task::Load(id.clone()));
        }
    }

    pub(super) fn load(&mut self, id: &UserId) -> Checked<()> {
        let cell = self.user_cell(id);
        let (Some(days), Some(user)) = (cell.loading.take(), cell.user()) else {
            return Ok(());
        };
        let numbers = |day: &Day| user.manifest.get(day).cloned().unwrap_or_default();
        let ids = days.iter().flat_map(|day| {
            let day = *day;
            numbers(&day)
                .into_iter()
                .map(move |number| ChunkId { day, number })
        });
        let ids: Vec<ChunkId> = ids.collect();
        let chunks = ready(self.store.chunks(id, ids.clone()))?;
        let mut loaded: BTreeMap<Day, Records> =
            days.into_iter().map(|day| (day, Records::new())).collect();
        for (chunk, bytes) in ids.iter().zip(&chunks) {
            let payload = self.opened(id, (Kind::Chunk, Place::Chunk(*chunk)), bytes)?;
            let rows = chunk::decode(&payload).map_err(|e| e.to_string())?;
            records::file(loaded.entry(chunk.day).or_default(), rows);
        }
        if let Some(resident) = &mut self.user_cell(id).resident {
            resident.load(loaded);
        }
        self.advance_user(id)
    }
}
