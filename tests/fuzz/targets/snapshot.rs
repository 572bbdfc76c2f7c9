//! Snapshots of users and challenges: what is restored can be looked at, goes on with a tick and a batch, and can be written.

use streakline::storage::envelope::Kind;
use streakline_core::{
    challenge::{Challenge, resident::Resident, stored},
    civil::{DAY_MS, Day},
    id::{MemberNumber, Position},
    input::{ChallengeInput, UserInput},
    user::{User, snapshot},
};

use super::{Judged, Seen, Target, bounded, hold, opened};
use crate::{
    lives::{self, Person, header, rules},
    mutate::Form,
    random::Random,
    values::{FROM_MS, encoded},
};

pub(super) const USER_SNAPSHOT: Target = Target {
    name: "user_snapshot",
    form: Form::Cbor,
    share: 12,
    valid: |seed| {
        let random = &mut Random::new(seed, 9);
        let lived = &lives::life(random.next()).snapshots;
        lived[random.index(lived.len())].state.clone()
    },
    check: user,
};

pub(super) const CHALLENGE_SNAPSHOT: Target = Target {
    name: "challenge_snapshot",
    form: Form::Cbor,
    share: 6,
    valid: |seed| lives::life(seed).challenge.clone(),
    check: challenge,
};

/// How far the next stamp lies after the last one.
const LATER_MS: i64 = 5 * DAY_MS;

fn user(bytes: &[u8]) -> Judged {
    let payload = opened(Kind::Snapshot, bytes)?;
    let read = bounded((bytes, 256, 65_536), || {
        snapshot::restore(&payload, rules())
    })?;
    let user = match read {
        Ok(user) => user,
        Err(error) => {
            hold(!error.to_string().is_empty(), || "no words".into())?;
            return Ok(Seen::Refused);
        }
    };
    let again = encoded(&user);
    let reread = snapshot::restore(&again, rules());
    let reread = reread.map_err(|error| format!("written, unreadable: {error}"))?;
    hold(reread == user, || "read again, it is another".into())?;
    look(&user);
    go_on(user)?;
    Ok(Seen::Taken(Some(again)))
}

/// Everything that can be asked of a state.
fn look(user: &User) {
    let now_ms = user.now_ms.max(FROM_MS);
    let today = user.day_of(now_ms);
    let _ = (
        user.digest(),
        user.profile(),
        user.goal_views(now_ms),
        user.device_views(now_ms),
    );
    let _ = (
        user.balance_view(),
        user.snapshot_view(now_ms),
        user.visible_deadline(),
    );
    let _ = (user.pause_view(now_ms), user.verdict_views());
    for day in user
        .days
        .keys()
        .copied()
        .chain([today, today.next()])
        .take(8)
    {
        let _ = (user.day_view(day, now_ms), user.is_archived(day, now_ms));
    }
    for goal in user.goals.keys() {
        let as_of = Some(today.prev());
        let _ = (
            user.streak_view(goal, None, now_ms),
            user.streak_view(goal, as_of, now_ms),
        );
    }
    for challenge in user.enrolments.keys() {
        let _ = user.contribution(*challenge);
    }
}

/// A tick, a batch, and a snapshot of what came of them.
fn go_on(user: User) -> Result<(), String> {
    let mut person = Person::new(user);
    person.give(LATER_MS, UserInput::Tick);
    let batch = person.batch(&mut Random::new(1, 1), 1_000);
    person.give(1_000, UserInput::Ingest(batch));
    look(person.held.user());
    let parts = person.snapshot();
    let read = snapshot::restore(&parts.state, rules());
    read.map(drop)
        .map_err(|error| format!("its next snapshot is unreadable: {error}"))
}

/// A challenge with its names, which are in plain.
fn named(payload: &[u8]) -> Result<Challenge, minicbor::decode::Error> {
    let stored = stored::read(payload)?;
    let names = stored.names.clone().into_iter();
    let names = names.map(|(number, name)| Ok((number, minicbor::decode(&name)?)));
    let names: Result<Vec<_>, minicbor::decode::Error> = names.collect();
    Ok(stored.named(names?))
}

fn challenge(bytes: &[u8]) -> Judged {
    let payload = opened(Kind::Snapshot, bytes)?;
    let challenge = match bounded((bytes, 128, 65_536), || named(&payload))? {
        Ok(challenge) => challenge,
        Err(error) => {
            hold(!error.to_string().is_empty(), || "no words".into())?;
            return Ok(Seen::Refused);
        }
    };
    let mut held = Resident::read(challenge, Vec::new());
    let again = lives::written(&mut held);
    let reread = named(&again);
    let reread = reread.map_err(|error| format!("written, unreadable: {error}"))?;
    hold(reread == *held.challenge(), || {
        "read again, it is another".into()
    })?;
    run(reread)?;
    Ok(Seen::Taken(Some(again)))
}

/// A tick and what a member does, then everything that can be asked.
fn run(challenge: Challenge) -> Result<(), String> {
    let stamp_ms = challenge.now_ms.max(FROM_MS).saturating_add(LATER_MS);
    let mut held = Resident::recovered(challenge, Vec::new(), &[]);
    held.filled();
    let user = streakline_core::id::UserId::parse("newcomer").unwrap();
    let starts_ms = Day::of_utc_ms(stamp_ms).utc_ms();
    let join = held
        .challenge()
        .joining(user.clone(), "Newcomer".into(), (starts_ms, stamp_ms));
    let inputs = [
        ChallengeInput::Tick,
        join,
        ChallengeInput::Cancel("over".into()),
        ChallengeInput::Forget(MemberNumber(1)),
    ];
    for (input, index) in inputs.into_iter().zip(u64::MAX - 9..) {
        let epoch = u64::MAX;
        let position = Position { epoch, index };
        held.enqueue(header(stamp_ms, position), input);
        held.step(position);
    }
    let _ = (
        held.challenge().view(stamp_ms),
        held.challenge().enrolments(None, 50),
    );
    let _ = (
        held.challenge().enrolment(&user),
        held.board().digest(),
        held.barriers_due(8),
    );
    let page = held
        .challenge()
        .board_page(held.board(), None, 50, stamp_ms);
    hold(page.items.len() <= 50, || {
        "a page of more rows than asked for".into()
    })?;
    let read = named(&lives::written(&mut held));
    read.map(drop)
        .map_err(|error| format!("its next snapshot is unreadable: {error}"))
}
