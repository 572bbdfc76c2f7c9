//! A user in memory: the state, the inputs that wait for durability or for stored records, and what is not yet delivered.
//!
//! Sans-io: the actor and the simulator drive the same steps. Inputs are folded in order, when durable and when everything
//! that `plan` names is at hand; nobody else waits for one user's records.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use super::{
    Rules, User, fold,
    fold::Loaded,
    plan,
    snapshot::{self, Parts},
    tail_bound,
};
use crate::{
    civil::Day,
    delivery::Outbox,
    event::{Contribution, Event},
    id::{ChallengeId, DeviceId, OutboxId, Position},
    input::{Header, UserInput},
    limits,
    poison::{Skip, is_control},
    records::Records,
};

/// Days of stored records that stay at hand for the next late sample.
const LOADED_DAYS_MAX: usize = 6;

/// A user in memory.
#[derive(Clone, Debug)]
pub struct Resident {
    user: User,
    pending: VecDeque<(Header, UserInput)>,
    loaded: Loaded,
    /// Scores that challenges have not confirmed.
    pub outbox: Outbox<ChallengeId, Contribution>,
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// Nothing that is durable waits.
    Idle,
    /// The next input needs these days' records.
    Load(BTreeSet<Day>),
    /// One input was folded.
    Folded(Header, Vec<Event>),
}

impl Resident {
    /// A state that was made or read back; its open enrolments are told again, which is harmless.
    #[must_use]
    pub fn new(user: User) -> Self {
        let mut outbox = Outbox::default();
        for id in user.enrolments.keys() {
            let open = |held: &super::Enrolment| {
                matches!(
                    held.state,
                    super::EnrolmentState::Active | super::EnrolmentState::Frozen
                )
            };
            if user.enrolments.get(id).is_some_and(|held| open(held))
                && let Some(contribution) = user.contribution(*id)
            {
                outbox.offer(*id, contribution);
            }
        }
        Self {
            user,
            pending: VecDeque::new(),
            loaded: Loaded::default(),
            outbox,
        }
    }

    /// The state.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// An input that has its place in the journal; recovery hands in the tail the same way.
    /// What is passed over is out from there on: a recovered tail is handed in whole before anything of it is folded.
    pub fn enqueue(&mut self, header: Header, input: UserInput) {
        if let UserInput::Skip(skip) = &input {
            self.pending
                .retain(|(held, _)| held.position != skip.position);
        }
        if header.position > self.user.position {
            self.pending.push_back((header, input));
        }
    }

    /// Gives back the room that inputs had while they waited, when none does.
    pub fn give_room_back(&mut self) {
        if self.pending.is_empty() {
            self.pending = VecDeque::new();
        }
    }

    /// Inputs that wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Position of the first input that waits.
    #[must_use]
    pub fn first_pending(&self) -> Option<Position> {
        self.pending.front().map(|(header, _)| header.position)
    }

    /// The input whose fold has panicked, if one has: it is taken out only when it is folded.
    #[must_use]
    pub fn culprit(&self) -> Option<&(Header, UserInput)> {
        self.pending.front()
    }

    /// Whether one more skip, journaled after everything that waits, is one too many; and the hold that a new one replaces.
    /// Skips that are journaled and not folded count: nothing folded in between may have told the state.
    #[must_use]
    pub fn next_hold(&self, skip: &Skip, stamp_ms: i64) -> (bool, Option<Position>) {
        let mut skips = self.user.skips.clone();
        let mut hold = self.user.hold.as_ref().map(|hold| hold.position);
        for (header, input) in &self.pending {
            match input {
                UserInput::Skip(earlier) => {
                    if earlier.release {
                        skips.clear();
                    }
                    skips.note(header.stamp_ms);
                    hold = earlier.hold.then_some(header.position).or(hold);
                }
                UserInput::Retry(retry) if retry.release => skips.clear(),
                _ => {}
            }
        }
        if skip.release {
            skips.clear();
        }
        (skips.note(stamp_ms), hold)
    }

    /// Whether one more input may wait; nothing overtakes what decides whether it is folded or kept.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let controlled = self.pending.iter().any(|(_, input)| is_control(input));
        self.pending.len() < limits::PENDING_INPUTS_MAX && !controlled
    }

    /// The highest number of a queue's lane that waits.
    #[must_use]
    pub fn pending_to(&self, device: DeviceId, outbox: OutboxId, lane: u8) -> Option<u64> {
        let of_lane = |input: &UserInput| match input {
            UserInput::Ingest(batch)
                if (batch.device, batch.outbox, batch.lane) == (device, outbox, lane) =>
            {
                Some(batch.last_seq())
            }
            _ => None,
        };
        // A batch that comes again under its old numbers may wait behind newer ones.
        let waiting = self.pending.iter();
        waiting.filter_map(|(_, input)| of_lane(input)).max()
    }

    /// Does the next thing that can be done with everything up to `durable` confirmed.
    pub fn step(&mut self, durable: Position, rules: &Rules) -> Step {
        let Some((header, input)) = self.pending.front().filter(|(h, _)| h.position <= durable)
        else {
            return Step::Idle;
        };
        let mut needed = plan::plan(&self.user, input, header.stamp_ms);
        let wanted = needed.clone();
        needed.retain(|day| !self.loaded.days.contains_key(day));
        if !needed.is_empty() {
            return Step::Load(needed);
        }
        self.forget(&wanted);
        let mut events = Vec::new();
        // A fold goes through everything at hand, so it is given exactly what it has asked for.
        let others = self.set_aside(&wanted);
        // In front until it is folded: whoever catches a panic finds it there.
        if let Some((header, input)) = self.pending.front() {
            let user = &mut self.user;
            fold::fold(user, rules, (header, input), &self.loaded, &mut events);
        }
        self.loaded.days.extend(others);
        // Days whose records were filed anew are in the tail now.
        for (day, _) in &self.user.dropped {
            if !self.user.manifest.contains_key(day) {
                self.loaded.days.remove(day);
            }
        }
        let Some((header, _)) = self.pending.pop_front() else {
            return Step::Idle;
        };
        for event in &events {
            if let Event::Contribution(contribution) = event {
                self.outbox
                    .offer(contribution.challenge, contribution.clone());
            }
        }
        Step::Folded(header, events)
    }

    /// Stored records that are at hand.
    pub(super) fn loaded_records(&self) -> usize {
        self.loaded
            .days
            .values()
            .flat_map(Records::values)
            .map(Vec::len)
            .sum()
    }

    /// Records of days that a step asked for.
    pub fn load(&mut self, days: BTreeMap<Day, Records>) {
        self.loaded.days.extend(days);
    }

    /// Takes out the days that are kept for later samples only.
    fn set_aside(&mut self, wanted: &BTreeSet<Day>) -> BTreeMap<Day, Records> {
        let days = core::mem::take(&mut self.loaded.days);
        let (at_hand, others) = days.into_iter().partition(|(day, _)| wanted.contains(day));
        self.loaded.days = at_hand;
        others
    }

    /// Keeps the days that are wanted and the newest of the others, within the bound.
    fn forget(&mut self, wanted: &BTreeSet<Day>) {
        while self.loaded.days.len() > LOADED_DAYS_MAX {
            let oldest = self
                .loaded
                .days
                .keys()
                .find(|day| !wanted.contains(day))
                .copied();
            let Some(oldest) = oldest else { return };
            self.loaded.days.remove(&oldest);
        }
    }

    /// Whether enough has come since the last snapshot that one is due (design.md 5).
    #[must_use]
    pub fn wants_snapshot(&self) -> bool {
        tail_bound::is_full(&self.user.id, self.user.tail.bytes())
            || self.user.facts.len().max(self.user.changes.len()) > limits::FACTS_UNWRITTEN_MAX
    }

    /// Days with too many chunks that should be at hand before the next snapshot joins these.
    #[must_use]
    pub fn crowded(&self) -> BTreeSet<Day> {
        let mut days = snapshot::crowded(&self.user);
        days.retain(|day| !self.loaded.days.contains_key(day));
        days
    }

    /// Takes a snapshot of everything that is folded. Days at hand stay at hand, with their new chunk.
    pub fn snapshot(&mut self) -> Parts {
        let tail = |day: &Day| (*day, self.user.tail.of(*day).collect::<Vec<_>>());
        let added: Vec<_> = self.loaded.days.keys().map(tail).collect();
        let parts = snapshot::take(&mut self.user, &self.loaded);
        for (day, rows) in added {
            if let Some(records) = self.loaded.days.get_mut(&day) {
                crate::records::file(records, rows);
            }
        }
        parts
    }
}
