//! The one door: a user's state changes here and nowhere else (design.md 2, law 1).
//!
//! A fold cannot fail: what could be refused was refused at `parse` and `admit`. It first runs every boundary up to its
//! stamp (law 8), each at its own logical time.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use super::{
    Rules, User, adjustment, changes, closing, device_keys, devices, enrolment, goals, hold,
    import, ingest, marks, profile, seen, streaks,
};
use crate::{
    civil::Day,
    day::Head,
    event::{Event, EventId, Fact, FactKind, Topic},
    id::{DeviceId, GoalId, PartitionId},
    input::{Header, Origin, RULES_VERSION, Source, UserInput},
    metric::Metric,
    records::Records,
};

/// Stored records that a fold has asked for through `plan`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// By civil day: everything that the manifest's chunks hold of it.
    pub days: BTreeMap<Day, Records>,
    /// Stored minutes of days whose records are no longer kept, for a question; no fold reads them.
    pub minutes: BTreeMap<Day, Head>,
}

/// Amounts by minute as goals read them, of each day and metric that has changed.
pub(super) type Touched = BTreeMap<(Day, Metric), Vec<(i32, u32)>>;

/// One input on its way through the state.
pub(super) struct Fold<'a> {
    pub(super) header: &'a Header,
    pub(super) rules: &'a Rules,
    pub(super) loaded: &'a Loaded,
    /// Logical time: the boundary's deadline, then the stamp.
    pub(super) at_ms: i64,
    /// What goals read of the minutes that this fold has changed: they are judged by them when all days are right.
    pub(super) touched: Touched,
    /// Goals whose closed days have changed.
    pub(super) runs: BTreeSet<GoalId>,
    /// A boundary runs: time did it, not who sent the input that came after it.
    boundary: bool,
    /// The device whose samples are folded.
    device: Option<DeviceId>,
    events: &'a mut Vec<Event>,
    sub: u32,
}

impl<'a> Fold<'a> {
    fn new(
        rules: &'a Rules,
        loaded: &'a Loaded,
        header: &'a Header,
        events: &'a mut Vec<Event>,
    ) -> Self {
        Self {
            header,
            rules,
            loaded,
            at_ms: header.stamp_ms,
            touched: Touched::new(),
            runs: BTreeSet::new(),
            boundary: false,
            device: None,
            events,
            sub: 0,
        }
    }

    /// Tells one fact; answers its number.
    pub(super) fn tell(&mut self, user: &mut User, kind: FactKind) -> u64 {
        user.marks.note(self.at_ms, user.last_seq);
        user.last_seq = user.last_seq.saturating_add(1);
        let (partition, position) = (self.header.partition, self.header.position);
        let id = EventId {
            partition,
            position,
            sub: self.sub,
        };
        self.sub = self.sub.saturating_add(1);
        let state = kind.day().and_then(|day| user.days.get_mut(&day));
        let causes = state.map(|state| state.links.tell(&kind, id));
        let fact = Fact {
            seq: user.last_seq,
            at_ms: self.at_ms,
            id,
            kind,
            by: self.by(),
            rules: self.header.rules,
            causes: causes.unwrap_or_default(),
            device: self.device.filter(|_| !self.boundary),
        };
        user.facts.push(Arc::new(fact.clone()));
        self.events.push(Event::Fact(fact));
        user.last_seq
    }

    /// Who is behind what is told now.
    fn by(&self) -> Origin {
        if self.boundary {
            Origin::server(Source::Timer)
        } else {
            self.header.origin.clone()
        }
    }

    /// The input itself, as a cause.
    pub(super) fn input_id(&self) -> EventId {
        EventId {
            partition: self.header.partition,
            position: self.header.position,
            sub: EventId::INPUT,
        }
    }

    /// Emits anything that is not a numbered fact.
    pub(super) fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Says that a topic has a new value, once.
    pub(super) fn changed(&mut self, topic: Topic) {
        let event = Event::Changed(topic);
        if !self.events.contains(&event) {
            self.events.push(event);
        }
    }
}

/// Folds one input into the state.
pub fn fold(
    user: &mut User,
    rules: &Rules,
    (header, input): (&Header, &UserInput),
    loaded: &Loaded,
    events: &mut Vec<Event>,
) {
    match input {
        UserInput::Skip(skip) => {
            hold::skip(user, header, skip);
            changes::skipped(user, header, skip);
        }
        UserInput::Retry(retry) => {
            let stamp_ms = hold::stamp_ms(user, header, retry);
            let then = Header {
                stamp_ms,
                ..header.clone()
            };
            if retry.release {
                hold::release(user);
            }
            if let Some(input) = retry.of_user() {
                proceed(user, &mut Fold::new(rules, loaded, &then, events), &input);
            }
            if retry.kept {
                hold::folded(user);
            }
            hold::end_if_done(user);
            changes::retried(user, header, retry);
        }
        _ if user.is_held() => {
            let before = changes::Before::of(user, input);
            hold::keep(user, &mut Fold::new(rules, loaded, header, events), input);
            before.kept(user, header);
        }
        _ => proceed(user, &mut Fold::new(rules, loaded, header, events), input),
    }
    user.position = header.position;
}

/// The state as an input of a partition, with that stamp, would leave it that needs no stored records: what an answer can be made from
/// before it is journaled.
#[must_use]
pub fn foreseen(user: &User, rules: &Rules, input: &UserInput, at: (PartitionId, i64)) -> User {
    foreseen_with(user, (rules, &Loaded::default()), input, at)
}

/// The same for an input that needs these stored records.
#[must_use]
pub(super) fn foreseen_with(
    user: &User,
    (rules, loaded): (&Rules, &Loaded),
    input: &UserInput,
    (partition, stamp_ms): (PartitionId, i64),
) -> User {
    let mut after = user.clone();
    let header = Header {
        stamp_ms,
        partition,
        position: user.position,
        origin: Origin::server(Source::Rest),
        rules: RULES_VERSION,
    };
    let mut events = Vec::new();
    let mut fold = Fold::new(rules, loaded, &header, &mut events);
    proceed(&mut after, &mut fold, input);
    after
}

/// Time first, then the input.
fn proceed(user: &mut User, fold: &mut Fold<'_>, input: &UserInput) {
    let stamp_ms = fold.header.stamp_ms;
    fold.boundary = true;
    closing::run(user, fold, stamp_ms);
    fold.boundary = false;
    fold.at_ms = stamp_ms;
    user.now_ms = user.now_ms.max(stamp_ms);
    fold.device = match input {
        UserInput::Ingest(batch) => Some(batch.device),
        _ => None,
    };
    let before = changes::Before::of(user, input);
    apply(user, fold, input);
    before.note(user, fold.header, input);
    goals::judge(user, fold);
    streaks::grant(user, fold);
}

fn apply(user: &mut User, fold: &mut Fold<'_>, input: &UserInput) {
    match input {
        UserInput::Open { device, zone } => {
            profile::open(user, fold, zone.as_ref());
            if let Some(introduction) = device {
                devices::introduce(user, fold, introduction);
            }
        }
        UserInput::Ingest(batch) => ingest::ingest(user, fold, batch),
        UserInput::Profile(new) => profile::change(user, fold, new),
        UserInput::PutGoal {
            goal,
            period,
            week_start,
            revisions,
            own,
            streak,
        } => {
            goals::put(user, fold, goal, (*period, *week_start), (revisions, *own));
            if let Some(definition) = streak {
                streaks::define(user, fold, goal, *definition);
            }
        }
        UserInput::PutRestDay(day) => goals::rest(user, fold, *day),
        UserInput::DeleteRestDay(day) => goals::unrest(user, fold, *day),
        UserInput::DeleteGoal(goal) => goals::delete(user, fold, goal),
        UserInput::Await { .. }
        | UserInput::Enrol { .. }
        | UserInput::Extend { .. }
        | UserInput::Reach { .. }
        | UserInput::Withdraw { .. }
        | UserInput::Conclude { .. } => hear(user, fold, input),
        UserInput::Import(brought) => import::take(user, fold, brought),
        UserInput::Battery(report) => seen::report(user, fold, report),
        UserInput::DeviceKey(change) => device_keys::change(user, fold, change),
        UserInput::BuyFreeze(_)
        | UserInput::Repair { .. }
        | UserInput::Pause { .. }
        | UserInput::EndPause
        | UserInput::Verdict(_)
        | UserInput::Decide { .. } => streaks::apply(user, fold, input),
        UserInput::Adjust(adjustment) => adjustment::adjust(user, fold, adjustment),
        UserInput::Tick | UserInput::Skip(_) | UserInput::Retry(_) => {}
    }
}

/// What a challenge tells one who is in it, or waits for a place.
fn hear(user: &mut User, fold: &mut Fold<'_>, input: &UserInput) {
    match input {
        UserInput::Await {
            challenge,
            join,
            since_ms,
            definition,
        } => {
            enrolment::wait(user, fold, *challenge, (*join, *since_ms, definition));
        }
        UserInput::Enrol {
            challenge,
            join,
            joined_ms,
            definition,
        } => {
            enrolment::enrol(user, fold, *challenge, (*join, *joined_ms, definition));
        }
        UserInput::Extend {
            challenge,
            join,
            ends,
        } => {
            enrolment::extend(user, fold, *challenge, (*join, *ends));
        }
        UserInput::Reach {
            challenge,
            join,
            tiers,
        } => {
            marks::tell_tiers(user, fold, *challenge, (*join, *tiers));
        }
        UserInput::Withdraw { challenge, join } => {
            enrolment::withdraw(user, *challenge, *join);
        }
        UserInput::Conclude {
            challenge,
            join,
            conclusion,
        } => {
            enrolment::conclude(user, fold, *challenge, (*join, conclusion));
        }
        _ => {}
    }
}
