//! The journal of one partition as a machine: positions and stamps, one flush in flight, what is durable, what is covered
//! (design.md 5). It does no I/O: the shell writes the flushes that it hands out and says when they are durable.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

pub use crate::compact::{Group, Place};

use crate::{
    compact,
    id::{Entity, PartitionId, Position, UserId},
    input::{Header, Input, Origin, RULES_VERSION},
};

/// What must be made durable in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flush<A> {
    /// Position of the first input.
    pub first: Position,
    /// Position of the last input.
    pub last: Position,
    /// The inputs by the user that they are about: each group is sealed with that user's key.
    pub groups: BTreeMap<Option<UserId>, Group>,
    /// Rows that become durable with them.
    pub attachments: Vec<A>,
}

/// The journal of one partition, from one start of its owner on.
#[derive(Clone, Debug)]
pub struct Journal<A> {
    partition: PartitionId,
    next: Position,
    last_stamp_ms: i64,
    durable: Position,
    filling: Option<Flush<A>>,
    in_flight: Option<Position>,
    written_bytes: u64,
}

impl<A> Journal<A> {
    /// The journal after a start: `epoch` is higher than every earlier one, `last_stamp_ms` the newest stamp that is stored.
    #[must_use]
    pub fn new(partition: PartitionId, epoch: u64, last_stamp_ms: i64) -> Self {
        Self {
            partition,
            next: Position { epoch, index: 1 },
            last_stamp_ms,
            durable: Position { epoch, index: 0 },
            filling: None,
            in_flight: None,
            written_bytes: 0,
        }
    }

    /// The stamp that an input gets now: max(clock, last stamp), never falling.
    #[must_use]
    pub fn stamp(&self, now_ms: i64) -> i64 {
        self.last_stamp_ms.max(now_ms)
    }

    /// The newest stamp that was given.
    #[must_use]
    pub fn last_stamp_ms(&self) -> i64 {
        self.last_stamp_ms
    }

    /// Gives an input its place in the order, and keeps it for the next flush.
    pub fn append(&mut self, now_ms: i64, origin: Origin, input: &Input, with: Vec<A>) -> Header {
        self.last_stamp_ms = self.stamp(now_ms);
        let header = Header {
            stamp_ms: self.last_stamp_ms,
            partition: self.partition,
            position: self.next,
            origin,
            rules: RULES_VERSION,
        };
        self.next.index = self.next.index.saturating_add(1);
        let filling = self.filling.get_or_insert_with(|| Flush {
            first: header.position,
            last: header.position,
            groups: BTreeMap::new(),
            attachments: Vec::new(),
        });
        filling.last = header.position;
        let place = Place {
            partition: header.partition,
            first: filling.first,
        };
        let group = filling.groups.entry(input.subject());
        let group = group.or_insert_with_key(|user| Group::new(place, user.clone()));
        let grown = group.push(&header, input);
        self.written_bytes = self
            .written_bytes
            .saturating_add(u64::try_from(grown).unwrap_or(0));
        filling.attachments.extend(with);
        header
    }

    /// The next flush; nothing while one is in flight or nothing waits.
    pub fn flush(&mut self) -> Option<Flush<A>> {
        if self.in_flight.is_some() {
            return None;
        }
        let flush = self.filling.take()?;
        self.in_flight = Some(flush.last);
        Some(flush)
    }

    /// The flush in flight is durable: everything up to the answer may be folded.
    pub fn flushed(&mut self) -> Position {
        if let Some(last) = self.in_flight.take() {
            self.durable = last;
        }
        self.durable
    }

    /// The contiguous durable prefix.
    #[must_use]
    pub fn durable(&self) -> Position {
        self.durable
    }

    /// The position that the next input gets.
    #[must_use]
    pub fn next(&self) -> Position {
        self.next
    }

    /// The position that the last input got; everything up to it is durable once [`Journal::durable`] is there.
    #[must_use]
    pub fn newest(&self) -> Position {
        Position {
            index: self.next.index.saturating_sub(1),
            ..self.next
        }
    }

    /// Whether an input waits or is in flight.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.filling.is_some() || self.in_flight.is_some()
    }

    /// Notes what earlier starts have left in the journal: it counts like what is written now.
    pub fn recovered(&mut self, bytes: u64) {
        self.written_bytes = self.written_bytes.saturating_add(bytes);
    }

    /// Bytes of inputs since the start, and of those that earlier starts have left.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }
}

/// The inputs of one group of a flush, in order; those of several groups are put back in order by their positions. `user`: the one
/// whose key the group was sealed with.
///
/// # Errors
/// When the bytes are a group of neither form, or have a sample that is longer than any that is admitted.
pub fn inputs(
    bytes: &[u8],
    place: Place,
    user: Option<&UserId>,
) -> Result<Vec<(Header, Input)>, minicbor::decode::Error> {
    let inputs = if bytes.first() == Some(&compact::FORMAT) {
        compact::read(bytes, place, user)?
    } else {
        inputs_v1(bytes)?
    };
    let lasts = |(_, input): &(Header, Input)| matches!(input, Input::User(_, input) if !input.is_bounded());
    if inputs.iter().any(lasts) {
        let words = "a sample is longer than any that is admitted";
        return Err(minicbor::decode::Error::message(words));
    }
    Ok(inputs)
}

/// A group of the first form: header and input as CBOR, again and again.
fn inputs_v1(bytes: &[u8]) -> Result<Vec<(Header, Input)>, minicbor::decode::Error> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let mut inputs = Vec::new();
    while decoder.position() < bytes.len() {
        inputs.push(decoder.decode()?);
    }
    Ok(inputs)
}

/// Since when an entity has inputs that no snapshot covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// The first of them.
    pub position: Position,
    /// Bytes that the journal held before it.
    pub at_bytes: u64,
    /// When it was noted, ms of the machine's clock.
    pub since_ms: u64,
}

/// Per partition: which entity has uncovered inputs since where. The journal below the first may be dropped; the entities at
/// the front must snapshot when the tail grows long or old.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    by_entity: BTreeMap<Entity, Uncovered>,
    order: BTreeSet<(Position, Entity)>,
}

impl Coverage {
    /// An entity has an input that no snapshot covers.
    pub fn note(&mut self, entity: &Entity, uncovered: Uncovered) {
        if !self.by_entity.contains_key(entity) {
            self.order.insert((uncovered.position, entity.clone()));
            self.by_entity.insert(entity.clone(), uncovered);
        }
    }

    /// A snapshot of the entity covers all that was folded; `rest` is its first input after that.
    pub fn covered(&mut self, entity: &Entity, rest: Option<Uncovered>) {
        if let Some(held) = self.by_entity.remove(entity) {
            self.order.remove(&(held.position, entity.clone()));
        }
        if let Some(rest) = rest {
            self.note(entity, rest);
        }
    }

    /// The first position that must be kept.
    #[must_use]
    pub fn first(&self) -> Option<Position> {
        self.order.first().map(|(position, _)| *position)
    }

    /// The first uncovered input of an entity.
    #[must_use]
    pub fn position(&self, entity: &Entity) -> Option<Position> {
        self.by_entity.get(entity).map(|held| held.position)
    }

    /// Bytes from the first uncovered input to the journal's end.
    #[must_use]
    pub fn depth_bytes(&self, written_bytes: u64) -> u64 {
        let first = self
            .order
            .first()
            .and_then(|(_, entity)| self.by_entity.get(entity));
        first.map_or(0, |held| written_bytes.saturating_sub(held.at_bytes))
    }

    /// Entities from the front whose first uncovered input is older or deeper than allowed.
    pub fn overdue(
        &self,
        written_bytes: u64,
        bytes_max: u64,
        since_ms: u64,
    ) -> impl Iterator<Item = &Entity> {
        let late = move |held: &&Uncovered| {
            written_bytes.saturating_sub(held.at_bytes) > bytes_max || held.since_ms <= since_ms
        };
        let front = self.entities();
        front.take_while(move |entity| self.by_entity.get(*entity).filter(late).is_some())
    }

    /// Entities with uncovered inputs, from the front.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.order.iter().map(|(_, entity)| entity)
    }

    /// Whether an entity has uncovered inputs.
    #[must_use]
    pub fn holds(&self, entity: &Entity) -> bool {
        self.by_entity.contains_key(entity)
    }

    /// Entities with uncovered inputs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether everything is covered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{ChallengeId, DeviceId, RecordId},
        input::{ChallengeInput, Import, Source, UserInput},
        limits,
        metric::Metric,
        poison::Retry,
        record::{Content, Record},
        sample::Method,
    };

    fn read(flush: &Flush<()>, user: Option<&str>) -> Vec<(Header, Input)> {
        let place = Place {
            partition: PartitionId(256),
            first: flush.first,
        };
        let user = user.map(|user| UserId::parse(user).unwrap());
        inputs(flush.groups[&user].bytes(), place, user.as_ref()).unwrap()
    }

    fn tick(user: &str) -> Input {
        Input::User(UserId::parse(user).unwrap(), UserInput::Tick)
    }

    #[test]
    fn a_sample_that_is_longer_than_any_that_is_admitted_is_not_read_back() {
        let user = UserId::parse("ann").unwrap();
        let read = |span_ms: i64| {
            let brought = Import {
                device: DeviceId([1; 16]),
                introduction: None,
                records: alloc::vec![Record {
                    id: RecordId::Number(1),
                    version: 1,
                    metric: Metric::STEPS,
                    start_ms: 0,
                    end_ms: span_ms,
                    offset_s: None,
                    content: Content::Delta(1),
                    method: Method::default(),
                    worn: None,
                }],
            };
            let input = Input::User(user.clone(), UserInput::Import(brought));
            let mut journal: Journal<()> = Journal::new(PartitionId(256), 1, 0);
            journal.append(0, Origin::server(Source::Rest), &input, Vec::new());
            let flush = journal.flush().unwrap();
            let place = Place {
                partition: PartitionId(256),
                first: flush.first,
            };
            inputs(
                flush.groups[&Some(user.clone())].bytes(),
                place,
                Some(&user),
            )
        };
        assert_eq!(read(limits::SAMPLE_SPAN_MS_MAX).unwrap().len(), 1);
        assert!(read(limits::SAMPLE_SPAN_MS_MAX + 1).is_err());
    }

    #[test]
    fn stamps_never_fall_and_one_flush_is_in_flight() {
        let mut journal: Journal<()> = Journal::new(PartitionId(256), 3, 100);
        let origin = || Origin::server(Source::Timer);
        let first = journal.append(50, origin(), &tick("ann"), Vec::new());
        assert_eq!(
            (first.stamp_ms, first.position),
            (100, Position { epoch: 3, index: 1 })
        );
        let flush = journal.flush().unwrap();
        let second = journal.append(120, origin(), &tick("bob"), Vec::new());
        assert_eq!(second.stamp_ms, 120);
        assert!(journal.flush().is_none(), "one at a time");
        assert_eq!(
            journal.durable().index,
            0,
            "nothing is durable before it is confirmed"
        );
        assert_eq!(journal.flushed(), first.position);
        assert_eq!(journal.flush().unwrap().last, second.position);
        assert_eq!(read(&flush, Some("ann")), [(first, tick("ann"))]);
    }

    #[test]
    fn a_flush_groups_its_inputs_by_the_user_that_they_are_about() {
        let mut journal: Journal<()> = Journal::new(PartitionId(256), 1, 0);
        let challenge = |input| Input::Challenge(ChallengeId([1; 16]), input);
        let leave = ChallengeInput::Leave(UserId::parse("ann").unwrap(), None);
        let again = Retry {
            stamp_ms: 0,
            kept: false,
            release: true,
            input: minicbor::to_vec(&leave).unwrap(),
        };
        let all = [
            tick("ann"),
            tick("bob"),
            challenge(ChallengeInput::Tick),
            challenge(leave),
            challenge(ChallengeInput::Retry(again)),
        ];
        for input in &all {
            journal.append(0, Origin::server(Source::Timer), input, Vec::new());
        }
        let flush = journal.flush().unwrap();
        let of = |subject: Option<&str>| {
            let positions = read(&flush, subject).into_iter();
            let positions = positions.map(|(header, _)| header.position.index);
            positions.collect::<Vec<_>>()
        };
        assert_eq!(of(Some("ann")), [1, 4, 5]);
        assert_eq!(of(Some("bob")), [2]);
        assert_eq!(of(None), [3]);
        assert_eq!(flush.groups.len(), 3);
    }

    #[test]
    fn the_journal_is_kept_from_the_first_uncovered_input_on() {
        let entity = |name| Entity::User(UserId::parse(name).unwrap());
        let at = |index| Uncovered {
            position: Position { epoch: 1, index },
            at_bytes: index * 10,
            since_ms: index,
        };
        let mut coverage = Coverage::default();
        coverage.note(&entity("ann"), at(1));
        coverage.note(&entity("bob"), at(2));
        coverage.note(&entity("ann"), at(3));
        assert_eq!(coverage.first(), Some(at(1).position));
        assert_eq!(coverage.position(&entity("bob")), Some(at(2).position));
        assert!(coverage.overdue(100, 85, 0).eq([&entity("ann")]));
        assert_eq!(coverage.depth_bytes(100), 90);
        coverage.covered(&entity("ann"), Some(at(3)));
        assert_eq!(coverage.first(), Some(at(2).position));
        coverage.covered(&entity("bob"), None);
        assert_eq!(
            (coverage.first(), coverage.len()),
            (Some(at(3).position), 1)
        );
    }
}
