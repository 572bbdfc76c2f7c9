//! What must be true when a world has come to rest, and what two worlds of one script must have in common (domain.md 13).

use std::collections::{BTreeMap, BTreeSet};

use streakline::storage::{
    Rows,
    envelope::{Kind, Place},
};
use streakline_core::{
    challenge::{
        Stage,
        prizes::{Prize, prizes, total_micro},
        resident::Resident as Held,
    },
    change::Change,
    civil::Day,
    definition::kind,
    event::{Fact, FactKind, Transfer},
    id::{ChallengeId, Entity, Position, UserId},
    input::{ChallengeInput, Input},
    leaderboard::RowKey,
    ledger::Totals,
    metric::Metric,
    records::Records,
    scoring,
    user::{
        EnrolmentState, User,
        resident::{Resident, Step},
    },
    view::DayStatus,
};

use crate::{
    contests,
    rows::rows,
    script::{CAMPAIGN, Script},
    server::{BUDGET_MICRO, Checked, Server, ready, rules},
};

/// What does not depend on the way: equal in every world of one script.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) people: BTreeMap<UserId, Person>,
    pub(crate) challenges: BTreeMap<ChallengeId, Settled>,
}

/// A settled challenge, without what depends on the order in which its members joined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settled {
    cutoff_ms: i64,
    /// How it is won.
    kind: kind::Kind,
    /// Whose rows they are, ordered by what its type orders by; nothing of who was erased since.
    rows: Vec<RowKey<Option<UserId>>>,
}

impl Outcome {
    /// What is left of it when some are erased: the others, and of the erased the rows that `other` shows without a name,
    /// which are those of boards that were over. Where one is missing fewer took part, so what was told of ranks is `other`'s.
    pub(crate) fn without(&mut self, erased: &[UserId], other: &Self) {
        self.people.retain(|user, _| !erased.contains(user));
        for (id, settled) in &mut self.challenges {
            let shown = other.challenges.get(id).map_or(&[][..], |held| &held.rows);
            let nameless = shown.iter().filter(|row| row.id.is_none());
            let mut nameless: Vec<_> = nameless.cloned().collect();
            let before = settled.rows.len();
            settled.rows.retain_mut(|row| {
                if row.id.as_ref().is_none_or(|user| !erased.contains(user)) {
                    return true;
                }
                row.id = None;
                let kept = nameless.iter().position(|other| other == row);
                kept.map(|at| nameless.remove(at)).is_some()
            });
            if settled.rows.len() == before {
                continue;
            }
            for (user, person) in &mut self.people {
                let of = |kind: &&FactKind| kind.challenge() == Some(*id);
                let told = other.people.get(user).map_or(&[][..], |of| &of.settled);
                person.settled.retain(|kind| !of(&kind));
                person.settled.extend(told.iter().filter(of).cloned());
                person.settled.sort_by_key(FactKind::challenge);
            }
        }
    }
}

/// One person's part of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    days: Vec<DayOutcome>,
    statuses: Vec<(Day, DayStatus)>,
    streaks: Vec<(u32, u32)>,
    paid_micro: BTreeMap<Day, i64>,
    enrolments: Vec<(ChallengeId, u32, EnrolmentState, i64, i64)>,
    settled: Vec<FactKind>,
}

#[derive(Clone, Debug, PartialEq)]
struct DayOutcome {
    day: Day,
    display: i64,
    eligible: i64,
    records: u32,
    posted_micro: i64,
    scored: Option<i64>,
    cells: [u8; 32],
    met_at_ms: Vec<Option<i64>>,
}

pub(crate) fn hold(holds: bool, what: impl FnOnce() -> String) -> Checked<()> {
    if holds { Ok(()) } else { Err(what()) }
}

/// Checks a world at rest; answers what other worlds of the script must agree with.
pub(crate) fn check(script: &Script, server: &Server) -> Checked<Outcome> {
    let mut people = BTreeMap::new();
    let mut transfers = Vec::new();
    let erased = script.erased();
    for user in &erased {
        server.check_gone(user)?;
    }
    for person in &script.people {
        if erased.contains(&person.user) {
            continue;
        }
        let user = state(server, &person.user)?;
        let history = history(server, user)?;
        replayed(server, user, &history)?;
        ledger(user, &history.1)?;
        people.insert(person.user.clone(), outcome(user, &history));
        transfers.extend(history.1);
    }
    totals(server, &transfers)?;
    let mut challenges = BTreeMap::new();
    for (id, _) in &script.challenges {
        challenges.insert(*id, settled(server, *id)?);
    }
    told_once(script, (&people, &challenges))?;
    paid_once(script, server, (&transfers, &challenges))?;
    Ok(Outcome { people, challenges })
}

pub(crate) fn state<'a>(server: &'a Server, id: &UserId) -> Checked<&'a User> {
    let cell = server.users.get(id).and_then(|cell| cell.resident.as_ref());
    let resident = cell.ok_or_else(|| format!("{id} is not in memory"))?;
    Ok(resident.user())
}

pub(crate) type History = (Vec<Fact>, Vec<Transfer>);

/// Facts and transfers of the store and of memory, in order; facts are dense, from 1, each once.
pub(crate) fn history(server: &Server, user: &User) -> Checked<History> {
    let (mut facts, mut transfers) = (Vec::new(), Vec::new());
    for row in ready(server.store.facts(&user.id, 0, usize::MAX))? {
        facts.push(decode(server, (user, Kind::Fact), &row)?);
    }
    for row in ready(server.store.transfers(&user.id, 0, usize::MAX))? {
        transfers.push(decode(server, (user, Kind::Transfer), &row)?);
    }
    facts.extend(user.facts.iter().map(|fact| fact.as_ref().clone()));
    transfers.extend(user.transfers.iter().cloned());
    let numbers: Vec<u64> = facts.iter().map(|fact: &Fact| fact.seq).collect();
    let dense: Vec<u64> = (1..=user.last_seq).collect();
    hold(numbers == dense, || {
        format!("facts of {} are {numbers:?}", user.id)
    })?;
    Ok((facts, transfers))
}

fn decode<T: for<'a> minicbor::Decode<'a, ()>>(
    server: &Server,
    (user, kind): (&User, Kind),
    (number, row): &(u64, Vec<u8>),
) -> Checked<T> {
    let payload = server.opened(&user.id, (kind, Place::Number(*number)), row)?;
    minicbor::decode(&payload).map_err(|error| error.to_string())
}

/// Changes of the store and of memory, in order; dense, from 1, each once.
fn changes(server: &Server, user: &User) -> Checked<Vec<Change>> {
    let mut changes: Vec<Change> = Vec::new();
    for row in ready(server.store.changes(&user.id, 0, usize::MAX))? {
        changes.push(decode(server, (user, Kind::Change), &row)?);
    }
    changes.extend(user.changes.iter().cloned());
    let numbers: Vec<u64> = changes.iter().map(|change| change.number).collect();
    let dense: Vec<u64> = (1..=user.last_change).collect();
    hold(numbers == dense, || {
        format!("changes of {} are {numbers:?}", user.id)
    })?;
    Ok(changes)
}

/// I7: a server that never stopped, given the same inputs, has the same state and has told the same.
fn replayed(server: &Server, user: &User, (facts, transfers): &History) -> Checked<()> {
    let mut fresh = User::new(user.id.clone());
    fresh.resolve(&rules());
    let mut resident = Resident::new(fresh);
    let entity = Entity::User(user.id.clone());
    for (header, input) in server.durable.get(&entity).into_iter().flatten() {
        if let Input::User(_, input) = input {
            resident.enqueue(header.clone(), input.clone());
        }
    }
    let all = Position {
        epoch: u64::MAX,
        index: u64::MAX,
    };
    loop {
        match resident.step(all, &rules()) {
            Step::Idle => break,
            // Nothing was ever written apart: everything is still at hand.
            Step::Load(days) => {
                resident.load(days.into_iter().map(|day| (day, Records::new())).collect());
            }
            Step::Folded(..) => {}
        }
    }
    let other = resident.user();
    let told: Vec<&Fact> = other.facts.iter().map(AsRef::as_ref).collect();
    let id = &user.id;
    hold(facts.iter().collect::<Vec<_>>() == told, || {
        format!("{id} was told other facts")
    })?;
    hold(*transfers == other.transfers, || {
        format!("{id} was paid otherwise")
    })?;
    hold(changes(server, user)? == other.changes, || {
        format!("{id} was changed otherwise")
    })?;
    hold(user.digest() == other.digest(), || {
        format!("the state of {id} is not its replay")
    })
}

/// I6: one transfer a key, each day's sum is what the day has posted, each balance is the sum of its transfers.
fn ledger(user: &User, transfers: &[Transfer]) -> Checked<()> {
    let id = &user.id;
    let keys: BTreeSet<_> = transfers.iter().map(|transfer| transfer.id).collect();
    hold(keys.len() == transfers.len(), || {
        format!("{id} has two transfers of one key")
    })?;
    let paid_micro = by_day(transfers);
    for (day, state) in &user.days {
        let paid = paid_micro.get(day).copied().unwrap_or(0);
        let posted = state.posted_micro;
        hold(paid == posted, || {
            format!("{id} {}: {paid} paid, {posted} posted", day.iso())
        })?;
        let first = user.created.map_or(*day, |(_, first)| first);
        let earned = state
            .scored
            .filter(|_| *day >= first)
            .map_or(0, scoring::steps_micro);
        hold(posted >= earned, || {
            format!("{id} {}: {posted} of {earned}", day.iso())
        })?;
    }
    let booked = Totals::of(transfers.iter());
    let has = (user.available_micro, user.accounts.held_micro);
    hold((booked.available_micro, booked.held_micro) == has, || {
        format!("{id} has not what it was paid")
    })
}

/// What days have paid; prizes are no day's.
fn by_day(transfers: &[Transfer]) -> BTreeMap<Day, i64> {
    let mut paid_micro = BTreeMap::new();
    for transfer in transfers.iter().filter(|of| of.code == "steps") {
        *paid_micro.entry(transfer.day).or_insert(0) += transfer.amount_micro;
    }
    paid_micro
}

/// The partitions' sums are those of the transfers and of the users who were erased, and both sides cancel.
fn totals(server: &Server, transfers: &[Transfer]) -> Checked<()> {
    let mut summary = server.totals();
    hold(summary.summary().sum_micro == 0, || {
        "the ledger is not zero".into()
    })?;
    summary.take_back(&server.erased_totals());
    let booked = Totals::of(transfers.iter());
    hold(summary == booked, || {
        format!("the ledger holds {summary:?}, booked were {booked:?}")
    })
}

/// T5.2, T5.9: every winner was paid once, what the rows say and nothing else; the campaign knows what was paid, and paid no more
/// than it has.
fn paid_once(
    script: &Script,
    server: &Server,
    (transfers, challenges): (&[Transfer], &BTreeMap<ChallengeId, Settled>),
) -> Checked<()> {
    let entity = ChallengeId(CAMPAIGN.0);
    let cell = server.challenges.get(&entity);
    let held = cell.and_then(|cell| cell.resident.as_ref());
    let campaign = held.and_then(|held| held.challenge().campaign.as_deref());
    let campaign = campaign.ok_or("the campaign is not in memory")?;
    hold(campaign.spent_micro() <= BUDGET_MICRO, || {
        "the campaign is overspent".into()
    })?;
    for (id, definition) in &script.challenges {
        let rows = challenges.get(id).map_or(&[][..], |settled| &settled.rows);
        let won = prizes(definition, (rows, 0));
        let mut paid: BTreeMap<Option<UserId>, Vec<Prize>> = BTreeMap::new();
        let of_challenge = transfers.iter().filter(|of| of.challenge == Some(*id));
        for transfer in of_challenge.filter(|of| of.code == "prize") {
            let prize = Prize {
                reward: u32::try_from(transfer.cumulative_micro).unwrap(),
                amount_micro: transfer.amount_micro,
            };
            let of_user = paid.entry(Some(transfer.subject.clone())).or_default();
            of_user.push(prize);
        }
        let draw = campaign.draws.get(id).copied().unwrap_or_default();
        hold(draw.closed && draw.reserved_micro == 0, || {
            format!("{id} still holds some of its campaign")
        })?;
        // Rows of who was erased have no key of their own: what they won cannot be told apart.
        if rows.iter().any(|row| row.id.is_none()) {
            continue;
        }
        hold(won == paid, || {
            format!("{id} should pay {won:?}, and has paid {paid:?}")
        })?;
        hold(draw.spent_micro == total_micro(&won), || {
            format!("{id} has paid {}", draw.spent_micro)
        })?;
    }
    Ok(())
}

fn outcome(user: &User, (facts, transfers): &History) -> Person {
    let standings = user.standings(user.soft_closed);
    let day = |(day, state): (&Day, &streakline_core::day::DayState)| {
        let mut cold = state.clone();
        cold.cool(&standings);
        DayOutcome {
            day: *day,
            display: state.amount(Metric::STEPS).display,
            eligible: state.eligible_steps(),
            records: state.records,
            posted_micro: state.posted_micro,
            scored: state.scored,
            cells: cold.cells_hash.map(|hash| *hash).unwrap_or_default(),
            met_at_ms: state.goals.values().map(|goal| goal.met_at_ms).collect(),
        }
    };
    let goals = user.goals.keys();
    let statuses = goals.flat_map(|goal| {
        let known = user.days.keys();
        known.filter_map(|day| Some((*day, user.status(goal, *day)?)))
    });
    let streak =
        |goal: &streakline_core::goal::Goal| (goal.streak.count(), goal.streak.longest_count());
    let enrolment = |(id, held): (&ChallengeId, &streakline_core::user::Enrolment)| {
        // What has come by the leaving is chance; nothing reads it.
        let left = held.state == EnrolmentState::Left;
        let score = if left { 0 } else { held.score };
        let achieved_at_ms = if left { 0 } else { held.achieved_at_ms };
        (*id, held.join, held.state, score, achieved_at_ms)
    };
    let settled = facts.iter().map(|fact| &fact.kind);
    let mut settled: Vec<FactKind> = settled
        .filter(|kind| matches!(kind, FactKind::ChallengeSettled { .. }))
        .cloned()
        .collect();
    settled.sort_by_key(|kind| match kind {
        FactKind::ChallengeSettled { challenge, .. } => Some(*challenge),
        _ => None,
    });
    Person {
        days: user
            .days
            .iter()
            .map(|(of, state)| day((of, state)))
            .collect(),
        statuses: statuses.collect(),
        streaks: user.goals.values().map(|goal| streak(goal)).collect(),
        paid_micro: by_day(transfers),
        enrolments: user
            .enrolments
            .iter()
            .map(|(id, held)| enrolment((id, held)))
            .collect(),
        settled,
    }
}

/// I4, I5: settled by one input, on the board that the members' own states make.
fn settled(server: &Server, id: ChallengeId) -> Checked<Settled> {
    let cell = server
        .challenges
        .get(&id)
        .and_then(|cell| cell.resident.as_ref());
    let held: &Held = cell.ok_or_else(|| format!("{id} is not in memory"))?;
    let inputs = server
        .durable
        .get(&Entity::Challenge(id))
        .into_iter()
        .flatten();
    let settlements = inputs
        .filter(|(_, input)| matches!(input, Input::Challenge(_, ChallengeInput::Settle { .. })));
    let settlements = settlements.count();
    hold(settlements == 1, || {
        format!("{id} was settled {settlements} times")
    })?;
    let Stage::Settled {
        digest, cutoff_ms, ..
    } = held.challenge().stage
    else {
        return Err(format!("{id} is {:?}", held.challenge().stage));
    };
    let kind = held.challenge().definition.as_ref().unwrap().kind.clone();
    let mut rows = rows(server, held)?;
    rows.sort();
    let (frozen, first) = server.frozen.get(&id).ok_or("it was never frozen")?;
    let shown = frozen.iter().map(|row| RowKey {
        score: row.score,
        achieved_at_ms: row.achieved_at_ms,
        id: row.user.clone(),
    });
    let shown: Vec<_> = shown.collect();
    let own = rows.iter().map(|row| RowKey {
        score: kind.scale(Metric::STEPS).reached(row.score, 1).score,
        ..row.clone()
    });
    let own: Vec<_> = own.collect();
    hold(shown == own, || {
        format!("the board of {id} shows {shown:?}, not {own:?}")
    })?;
    hold(held.board().digest() == digest && *first == digest, || {
        format!("{id} was settled on another board")
    })?;
    let known = |user: &Option<UserId>| {
        let user = user.clone();
        user.filter(|user| held.challenge().is_member(user))
    };
    let rows = rows.into_iter().map(|row| RowKey {
        id: known(&row.id),
        ..row
    });
    Ok(Settled {
        cutoff_ms,
        kind,
        rows: rows.collect(),
    })
}

/// Who is on a settled board was told so once, with its rank and score; nobody else was.
fn told_once(
    script: &Script,
    (people, challenges): (&BTreeMap<UserId, Person>, &BTreeMap<ChallengeId, Settled>),
) -> Checked<()> {
    for (user, person) in people {
        let mut expected = Vec::new();
        for (id, Settled { rows, kind, .. }) in challenges {
            let participants = u32::try_from(rows.len()).unwrap();
            for row in rows.iter().filter(|row| row.id.as_ref() == Some(user)) {
                let above = rows.iter().filter(|other| other.score > row.score).count();
                let rank = u32::try_from(above).unwrap() + 1;
                let reached = kind.scale(Metric::STEPS).reached(row.score, rank);
                expected.push(FactKind::ChallengeSettled {
                    challenge: *id,
                    rank,
                    score: reached.score,
                    participants,
                    finished_at_ms: reached.finished.then_some(row.achieved_at_ms),
                    team: None,
                    measure: kind.measure(Metric::STEPS),
                });
            }
        }
        let told = contests::without(&person.settled, script);
        hold(told == expected, || {
            format!("{user} was told {told:?}, not {expected:?}")
        })?;
    }
    Ok(())
}
