//! Drives one user as the shell does: admit, journal, plan, load exactly what is named, fold; with snapshots into a store in
//! memory, and crashes that lose everything but the store and the journal. Nothing here decides a rule.

use std::{collections::BTreeMap, sync::Arc};

use streakline_core::{
    change::Change,
    chunk,
    civil::Day,
    definition::Definition,
    event::{BatchOutcome, Contribution, Event, Fact, FactKind, Judgement, Transfer},
    id::{ChallengeId, DeviceId, GoalId, OutboxId, PartitionId, Position, UserId},
    input::{
        DeviceIntroduction, Header, Ingest, NewProfile, NewZone, Origin, RULES_VERSION, Source,
        UserInput,
    },
    manual::ManualPolicy,
    metric::{Metric, Registry},
    record::{Content, Record},
    records::{self, Records, StoredRecord},
    retention::Retention,
    sample::{DeviceClass, Method, RecordRefusal},
    user::{
        Rules, User,
        admit::{self, Admission, Arrival},
        fold::{self, Loaded},
        plan, snapshot,
        zone_admission::{self, ZoneProposal, ZoneRefusal},
    },
    view::DayView,
};

use crate::places::Places;

/// What outlives a crash, besides the journal.
#[derive(Default)]
pub struct Store {
    state: Option<Vec<u8>>,
    pub chunks: BTreeMap<(Day, u64), Vec<u8>>,
    pub facts: BTreeMap<u64, Fact>,
    pub transfers: BTreeMap<u64, Transfer>,
    pub changes: BTreeMap<u64, Change>,
    pub standings: BTreeMap<ChallengeId, Contribution>,
    pub due_ms: Option<i64>,
}

/// One user and what surrounds it.
pub struct History {
    pub user: User,
    pub rules: Rules,
    pub store: Store,
    /// Every input that was journaled, from the beginning.
    pub journal: Vec<(Header, UserInput)>,
    /// How many of them the newest snapshot covers.
    covered: usize,
    pub now_ms: i64,
    pub contributions: Vec<Contribution>,
    /// What the newest input told, all kinds of events.
    pub events: Vec<Event>,
    pub sent: BTreeMap<(DeviceId, OutboxId), u64>,
}

pub fn rules() -> Rules {
    Rules {
        zones: Arc::new(Places::new()),
        manual_policy: ManualPolicy::default(),
        retention: Retention::default(),
    }
}

pub fn device(number: u8) -> DeviceId {
    DeviceId([number; 16])
}

pub fn goal(name: &str) -> GoalId {
    GoalId::parse(name).unwrap()
}

pub fn nobody() -> User {
    User::new(UserId::parse("ann").unwrap())
}

/// A sample that a band recorded by itself.
pub fn steps(id: u64, start_ms: i64, minutes: i64, value: i64) -> Record {
    Record {
        id: streakline_core::id::RecordId::Number(id),
        version: 1,
        metric: Metric::STEPS,
        start_ms,
        end_ms: start_ms + minutes * 60_000,
        offset_s: None,
        content: Content::Delta(value),
        method: Method::Auto,
        worn: None,
    }
}

/// A record as a door takes it.
fn checked(record: Record) -> Result<Record, RecordRefusal> {
    let metrics = Registry::built_in();
    let definition = metrics.get(record.metric).expect("a built-in metric");
    record.check(definition).map(|()| record)
}

impl History {
    /// Nobody yet, at `now_ms`.
    pub fn at(now_ms: i64) -> Self {
        let rules = rules();
        let mut user = nobody();
        user.resolve(&rules);
        Self {
            user,
            rules,
            store: Store::default(),
            journal: Vec::new(),
            covered: 0,
            now_ms,
            contributions: Vec::new(),
            events: Vec::new(),
            sent: BTreeMap::new(),
        }
    }

    /// The same in a deployment with another policy about typed-in samples; before anything is folded.
    pub fn under(mut self, policy: ManualPolicy) -> Self {
        assert!(
            self.journal
                .iter()
                .all(|(_, input)| !matches!(input, UserInput::Ingest(_)))
        );
        self.rules.manual_policy = policy;
        self.user.resolve(&self.rules);
        self
    }

    /// A user who says hello with device 1, a watch.
    pub fn with_watch(now_ms: i64, zone: &str) -> Self {
        let mut history = Self::at(now_ms);
        history.hello(1, DeviceClass::Watch, Some(zone));
        history
    }

    pub fn hello(&mut self, number: u8, class: DeviceClass, zone: Option<&str>) {
        let introduction = DeviceIntroduction {
            device: device(number),
            class,
            vendor: None,
            model: None,
        };
        let zone = zone.and_then(|zone| self.propose(zone, None).expect("the zone is taken"));
        self.input(UserInput::Open {
            device: Some(introduction),
            zone,
        });
    }

    /// What admission says to a zone.
    pub fn propose(
        &self,
        zone: &str,
        effective_ms: Option<i64>,
    ) -> Result<Option<NewZone>, ZoneRefusal> {
        let proposal = ZoneProposal {
            zone: zone.into(),
            effective_ms,
            reviewed: false,
        };
        zone_admission::zone(&self.user, &self.rules, proposal, self.now_ms)
    }

    /// Proposes a zone and journals it where it is taken; answers whether anything changes.
    pub fn move_to(&mut self, zone: &str, effective_ms: i64) -> Result<bool, ZoneRefusal> {
        let Some(new) = self.propose(zone, Some(effective_ms))? else {
            return Ok(false);
        };
        self.input(UserInput::Profile(NewProfile {
            zone: Some(new),
            ..NewProfile::default()
        }));
        Ok(true)
    }

    pub fn zone(&mut self, zone: &str) {
        let zone = self.propose(zone, None).expect("the zone is taken");
        self.input(UserInput::Profile(NewProfile {
            zone,
            ..NewProfile::default()
        }));
    }

    /// Lets the time pass without telling anyone.
    pub fn wait_until(&mut self, now_ms: i64) {
        self.now_ms = self.now_ms.max(now_ms);
    }

    pub fn tick(&mut self, now_ms: i64) {
        self.wait_until(now_ms);
        self.input(UserInput::Tick);
    }

    /// Journals an input at the present time, and folds it.
    pub fn input(&mut self, input: UserInput) {
        self.input_of(Origin::server(Source::Stream), input);
    }

    /// The same, asked for by someone.
    pub fn input_of(&mut self, origin: Origin, input: UserInput) {
        let position = Position {
            epoch: 1,
            index: self.journal.len() as u64 + 1,
        };
        let last_ms = self.journal.last().map_or(i64::MIN, |(h, _)| h.stamp_ms);
        let header = Header {
            stamp_ms: self.now_ms.max(last_ms),
            partition: PartitionId(300),
            position,
            origin,
            rules: RULES_VERSION,
        };
        self.journal.push((header, input));
        self.fold(self.journal.len() - 1);
    }

    fn fold(&mut self, at: usize) {
        let (header, input) = self.journal[at].clone();
        let need = plan::plan(&self.user, &input, header.stamp_ms);
        let loaded = self.load(need);
        let mut events = Vec::new();
        fold::fold(
            &mut self.user,
            &self.rules,
            (&header, &input),
            &loaded,
            &mut events,
        );
        for event in &events {
            if let Event::Contribution(contribution) = event {
                self.contributions.push(contribution.clone());
            }
        }
        self.events = events;
    }

    /// Exactly the chunks that the manifest names for these days.
    pub fn load(&self, days: impl IntoIterator<Item = Day>) -> Loaded {
        let mut loaded = Loaded::default();
        for day in days {
            let numbers = self.user.manifest.get(&day);
            let numbers = numbers.expect("a plan names only days that have chunks");
            let mut records = Records::new();
            for number in numbers {
                let rows = chunk::decode(&self.store.chunks[&(day, *number)]);
                records::file(&mut records, rows.expect("a chunk reads back"));
            }
            loaded.days.insert(day, records);
        }
        loaded
    }

    /// What the shell writes in one batch.
    pub fn snapshot(&mut self) {
        let loaded = self.load(snapshot::crowded(&self.user));
        let parts = snapshot::take(&mut self.user, &loaded);
        assert_eq!(
            parts.due_before_ms, self.store.due_ms,
            "the due row is replaced"
        );
        self.write(parts);
    }

    /// Makes a snapshot durable.
    pub fn write(&mut self, parts: snapshot::Parts) {
        for (key, bytes) in parts.chunks.into_iter().chain(parts.minutes) {
            assert!(
                self.store.chunks.insert(key, bytes).is_none(),
                "a chunk is immutable"
            );
        }
        for key in parts.dropped {
            assert!(
                self.store.chunks.remove(&key).is_some(),
                "only chunks are dropped"
            );
        }
        for (seq, bytes) in parts.facts {
            self.store
                .facts
                .insert(seq, minicbor::decode(&bytes).unwrap());
        }
        for (seq, bytes) in parts.transfers {
            self.store
                .transfers
                .insert(seq, minicbor::decode(&bytes).unwrap());
        }
        for (number, bytes) in parts.changes {
            self.store
                .changes
                .insert(number, minicbor::decode(&bytes).unwrap());
        }
        for (challenge, row) in parts.standings {
            match row {
                Some(bytes) => drop(
                    self.store
                        .standings
                        .insert(challenge, minicbor::decode(&bytes).unwrap()),
                ),
                None => drop(self.store.standings.remove(&challenge)),
            }
        }
        self.store.due_ms = parts.due_ms;
        self.store.state = Some(parts.state);
        self.covered = self.journal.len();
    }

    /// Loses the memory; reads the newest snapshot and folds the journal's tail again.
    pub fn crash(&mut self) {
        let state = self.store.state.as_ref();
        self.user = match state {
            Some(bytes) => snapshot::restore(bytes, &self.rules).unwrap(),
            None => nobody(),
        };
        self.user.resolve(&self.rules);
        for at in self.covered..self.journal.len() {
            self.fold(at);
        }
    }

    /// Sends one batch on the live lane of a device's first outbox, and answers what became of its records.
    pub fn send(&mut self, number: u8, records: Vec<Record>) -> Vec<(u64, Judgement)> {
        self.send_from(number, OutboxId([number; 16]), (records, false))
    }

    /// The same through a session whose clock is off.
    pub fn send_skewed(&mut self, number: u8, records: Vec<Record>) -> Vec<(u64, Judgement)> {
        self.send_from(number, OutboxId([number; 16]), (records, true))
    }

    pub fn send_from(
        &mut self,
        number: u8,
        outbox: OutboxId,
        (records, skewed): (Vec<Record>, bool),
    ) -> Vec<(u64, Judgement)> {
        let sent = self.sent.entry((device(number), outbox)).or_default();
        let first_seq = *sent + 1;
        *sent += records.len() as u64;
        let arrival = Arrival {
            device: device(number),
            outbox,
            lane: 0,
            first_seq,
            skewed,
            records: records.into_iter().map(checked).collect(),
            unsigned: None,
        };
        match self.arrive(arrival) {
            Ok(outcome) => outcome.results,
            Err(expected) => panic!("a gap: {expected} comes next"),
        }
    }

    /// The first batch of a lane, through an outbox of its own.
    pub fn send_on_lane(
        &mut self,
        number: u8,
        lane: u8,
        (records, skewed): (Vec<Record>, bool),
    ) -> BatchOutcome {
        let arrival = Arrival {
            device: device(number),
            outbox: OutboxId([number + 100 + lane; 16]),
            lane,
            first_seq: 1,
            skewed,
            records: records.into_iter().map(Ok).collect(),
            unsigned: None,
        };
        self.arrive(arrival).expect("no gap before the first")
    }

    /// One batch as it came; `Err`: it leaves a gap, and this number must come next.
    pub fn arrive(&mut self, arrival: Arrival) -> Result<BatchOutcome, u64> {
        match admit::batch(&self.user, arrival, None, self.now_ms) {
            Admission::Journal(ingest, refused) => {
                self.input(UserInput::Ingest(ingest));
                let judged = self.events.iter().find_map(|event| match event {
                    Event::Judged(outcome) => Some(outcome.clone()),
                    _ => None,
                });
                let mut outcome = judged.expect("a batch is answered");
                outcome.results.extend(refused);
                outcome.results.sort_by_key(|(seq, _)| *seq);
                Ok(outcome)
            }
            Admission::Answered(outcome) => Ok(outcome),
            Admission::SeqGap { expected } => Err(expected),
        }
    }

    pub fn enrol(&mut self, challenge: u8, definition: &Definition) {
        let join = self.user.enrolments.get(&ChallengeId([challenge; 16]));
        let join = join.map_or(1, |held| held.join + 1);
        self.input(UserInput::Enrol {
            challenge: ChallengeId([challenge; 16]),
            join,
            joined_ms: self.now_ms,
            definition: definition.clone(),
        });
    }

    pub fn day(&self, day: Day) -> DayView {
        self.user.day_view(day, self.now_ms)
    }

    /// All facts, stored and not yet stored, by number; there is no gap and no number twice.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts: Vec<Fact> = self.store.facts.values().cloned().collect();
        facts.extend(self.user.facts.iter().map(|fact| Fact::clone(fact)));
        let numbers: Vec<u64> = facts.iter().map(|fact| fact.seq).collect();
        let dense: Vec<u64> = (1..=self.user.last_seq).collect();
        assert_eq!(numbers, dense, "facts are numbered densely from 1");
        facts
    }

    /// What the facts say, in order.
    pub fn told(&self) -> Vec<FactKind> {
        self.facts().into_iter().map(|fact| fact.kind).collect()
    }

    /// All transfers, stored and not yet stored.
    pub fn transfers(&self) -> Vec<Transfer> {
        let stored = self.store.transfers.values();
        stored.chain(&self.user.transfers).cloned().collect()
    }

    /// Every copy that is kept, from the manifest's chunks and the tail.
    pub fn kept(&self) -> Vec<(Day, StoredRecord)> {
        let mut kept = Vec::new();
        for (day, records) in self.load(self.user.manifest.keys().copied()).days {
            kept.extend(records.into_values().flatten().map(|copy| (day, copy)));
        }
        for day in self.user.tail.days() {
            kept.extend(self.user.tail.of(day).map(|copy| (day, copy)));
        }
        kept
    }

    /// The records of every batch that was journaled, with whether their session's clock was off.
    pub fn journaled(&self) -> impl Iterator<Item = (&Ingest, &Record)> {
        let batches = self.journal.iter().filter_map(|(_, input)| match input {
            UserInput::Ingest(batch) => Some(batch),
            _ => None,
        });
        batches.flat_map(|batch| batch.records.iter().map(move |(_, record)| (batch, record)))
    }

    /// Folds a journal from the beginning, with a snapshot after each input for which `snapshot` says so, and a crash after
    /// each for which `crash` does.
    pub fn replay(
        journal: &[(Header, UserInput)],
        snapshot: impl Fn(usize) -> bool,
        crash: impl Fn(usize) -> bool,
    ) -> Self {
        Self::replay_under(ManualPolicy::default(), journal, snapshot, crash)
    }

    /// The same under another policy.
    pub fn replay_under(
        policy: ManualPolicy,
        journal: &[(Header, UserInput)],
        snapshot: impl Fn(usize) -> bool,
        crash: impl Fn(usize) -> bool,
    ) -> Self {
        let mut history = Self::at(i64::MIN).under(policy);
        for (at, entry) in journal.iter().enumerate() {
            history.journal.push(entry.clone());
            history.now_ms = history.now_ms.max(entry.0.stamp_ms);
            history.fold(at);
            if snapshot(at) {
                history.snapshot();
            }
            if crash(at) {
                history.crash();
            }
        }
        history
    }
}
