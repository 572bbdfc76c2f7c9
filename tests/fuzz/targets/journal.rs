//! Journal rows: the inputs of one flush, in either form. What is read can be folded into a state that never saw them.

use streakline::storage::envelope::Kind;
use streakline_core::{
    challenge::{Challenge, resident::Resident as HeldChallenge},
    id::{ChallengeId, PartitionId, Position, UserId},
    input::{Header, Input, Origin, Source},
    journal::{Group, Place, inputs},
    user::User,
};

use super::{Judged, Seen, Target, bounded, hold, opened};
use crate::{
    lives::Person,
    mutate::Form,
    random::Random,
    values::{self, encoded},
};

pub(super) const JOURNAL: Target = Target {
    name: "journal",
    form: Form::Cbor,
    share: 8,
    valid: |seed| {
        let random = &mut Random::new(seed, 7);
        let count = random.within(1, 4);
        let entry = |_| encoded((values::header(random), values::input(random)));
        (0..count).flat_map(entry).collect()
    },
    check: |bytes| check(bytes, |read| read.iter().flat_map(encoded).collect()),
};

/// The same in the compact form, which every byte belongs to.
pub(super) const COMPACT: Target = Target {
    name: "journal_compact",
    form: Form::Plain,
    share: 8,
    valid: |seed| {
        let random = &mut Random::new(seed, 8);
        let mut index = PLACE.first.index;
        let entry = |_| {
            index += random.within(0, 3).unsigned_abs();
            let header = header(random, index);
            let input = match values::input(random) {
                Input::User(_, input) if random.index(4) > 0 => Input::User(ann(), input),
                other => other,
            };
            (header, input)
        };
        let inputs: Vec<_> = (0..5).map(entry).collect();
        written(&inputs)
    },
    check: |bytes| check(bytes, written),
};

const PLACE: Place = Place {
    partition: PartitionId(300),
    first: Position { epoch: 3, index: 7 },
};

fn ann() -> UserId {
    UserId::parse("ann").unwrap()
}

/// The header of an input of the flush, mostly of Ann's own stream.
fn header(random: &mut Random, index: u64) -> Header {
    let mut header = values::header(random);
    (header.partition, header.position) = (
        PLACE.partition,
        Position {
            index,
            ..PLACE.first
        },
    );
    if random.index(3) > 0 {
        header.origin = Origin {
            source: Source::Stream,
            principal: "user:ann".into(),
            request_id: String::new(),
        };
    }
    header
}

fn written(inputs: &[(Header, Input)]) -> Vec<u8> {
    let mut group = Group::new(PLACE, Some(ann()));
    for (header, input) in inputs {
        group.push(header, input);
    }
    group.bytes().to_vec()
}

fn check(bytes: &[u8], write: impl Fn(&[(Header, Input)]) -> Vec<u8>) -> Judged {
    let payload = opened(Kind::Journal, bytes)?;
    let read = |bytes: &[u8]| inputs(bytes, PLACE, Some(&ann()));
    // A record of a batch may be a single byte, and so is most of an empty batch.
    let read_once = match bounded((bytes, 512, 16_384), || read(&payload))? {
        Ok(read) => read,
        Err(error) => {
            hold(!error.to_string().is_empty(), || "no words".into())?;
            return Ok(Seen::Refused);
        }
    };
    let again = write(&read_once);
    let reread = read(&again).map_err(|error| format!("written, unreadable: {error}"))?;
    hold(reread == read_once, || "read again, they are others".into())?;
    recover(read_once);
    Ok(Seen::Taken(Some(again)))
}

/// Folds them as a recovery does.
fn recover(read: Vec<(Header, Input)>) {
    let id = ChallengeId([1; 16]);
    let mut challenge = HeldChallenge::recovered(Challenge::new(id), Vec::new(), &[]);
    let mut person: Option<Person> = None;
    for (number, (header, input)) in read.into_iter().enumerate() {
        let position = Position {
            epoch: 1,
            index: number as u64 + 1,
        };
        match input {
            Input::User(user, input) => {
                let person = person.get_or_insert_with(|| Person::new(User::new(user)));
                person.give(0, input);
            }
            Input::Challenge(_, input) => {
                challenge.enqueue(Header { position, ..header }, input);
                challenge.step(position);
            }
            Input::Partition(_) => {}
        }
    }
}
