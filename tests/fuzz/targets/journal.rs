//! Journal rows: the inputs of one flush. What is read can be folded into a state that never saw them.

use streakline::storage::envelope::Kind;
use streakline_core::{
    challenge::{Challenge, resident::Resident as HeldChallenge},
    id::{ChallengeId, Position},
    input::{Header, Input},
    journal::inputs,
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
    check,
};

fn check(bytes: &[u8]) -> Judged {
    let payload = opened(Kind::Journal, bytes)?;
    let read = match bounded((bytes, 96, 16_384), || inputs(&payload))? {
        Ok(read) => read,
        Err(error) => {
            hold(!error.to_string().is_empty(), || "no words".into())?;
            return Ok(Seen::Refused);
        }
    };
    let again: Vec<u8> = read.iter().flat_map(encoded).collect();
    let reread = inputs(&again).map_err(|error| format!("written, unreadable: {error}"))?;
    hold(reread == read, || "read again, they are others".into())?;
    recover(read);
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
