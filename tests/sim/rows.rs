//! The rows that a settled challenge must have, from what its members know of themselves (domain.md 5.2): by their own scores, or by
//! rounds in which the lowest few are out, played again.

use std::collections::{BTreeMap, BTreeSet};

use streakline_core::{
    challenge::resident::Resident,
    civil::MINUTE_MS,
    definition::{Definition, kind::elimination},
    id::{ChallengeId, UserId},
    leaderboard::RowKey,
};

use crate::{
    check::state,
    server::{Checked, Server},
};

type Rows = Vec<RowKey<Option<UserId>>>;

/// The rows that a settled challenge must have.
pub(crate) fn rows(server: &Server, held: &Resident) -> Checked<Rows> {
    let definition = held.challenge().definition.as_ref();
    match definition.and_then(Definition::eliminates) {
        Some(percent) => after_rounds(server, held, percent),
        None => own_rows(server, held),
    }
}

/// Fails unless a board that is kept in parts has the rows that its members know of; of every other board nothing is asked.
pub(crate) fn parts_stand(server: &Server, id: ChallengeId) -> Checked<()> {
    let Some(shown) = server.rows_of_parts(id) else {
        return Ok(());
    };
    let held = server.challenges.get(&id);
    let held = held.and_then(|cell| cell.resident.as_ref());
    let held = held.ok_or("it has rows and is not there")?;
    let mut members = held.challenge().members.by_user();
    if members.any(|(user, _)| state(server, user).is_err()) {
        // Who has left memory knows nothing just now.
        return Ok(());
    }
    let mut own = own_rows(server, held)?;
    own.sort();
    if shown == own {
        return Ok(());
    }
    Err(format!("the parts of {id} show {shown:?}, not {own:?}"))
}

/// The rows of a board by its members' own states; of who was erased since it was frozen by what was seen then.
fn own_rows(server: &Server, held: &Resident) -> Checked<Rows> {
    let challenge = held.challenge();
    let definition = challenge.definition.as_ref().ok_or("it is none")?;
    let mut rows = Vec::new();
    for (_, member) in challenge.members.iter().filter(|(_, member)| member.joined) {
        let Some(id) = member.user() else {
            let frozen = server.frozen.get(&challenge.id).map(|(rows, _)| rows);
            let ordinal = member.row.map_or(0, |row| row.ordinal);
            let row = frozen.and_then(|rows| rows.iter().find(|row| row.ordinal == ordinal));
            let row = row.ok_or("an erased member has no row")?;
            // Of a race it shows what it took.
            let key = |minutes: i64| {
                let took = (0, minutes * MINUTE_MS);
                definition.kind.finished_key(row.score, took)
            };
            rows.push(RowKey {
                score: row.after_min.map_or(row.score, key),
                achieved_at_ms: row.achieved_at_ms,
                id: row.user.clone(),
            });
            continue;
        };
        let user = state(server, id)?;
        let own = user.enrolments.get(&challenge.id);
        let own = own.ok_or_else(|| format!("{} does not know of {}", user.id, challenge.id))?;
        let begin_ms = definition.counts_from(member.starts_ms, member.joined_ms);
        let finished = definition.line().zip(own.crossing);
        let key =
            finished.map(|(line, at)| definition.kind.finished_key(line, (begin_ms, at.at_ms)));
        rows.push(RowKey {
            score: key.unwrap_or(own.score),
            achieved_at_ms: own.achieved_at_ms,
            id: Some(user.id.clone()),
        });
    }
    Ok(rows)
}

fn after_rounds(server: &Server, held: &Resident, percent: u32) -> Checked<Rows> {
    let challenge = held.challenge();
    let definition = challenge.definition.as_ref().ok_or("it is none")?;
    let mut amounts = BTreeMap::new();
    let members = challenge.members.iter().filter(|(_, member)| member.joined);
    for user in members.filter_map(|(_, member)| member.user()) {
        let own = state(server, user)?.enrolments.get(&challenge.id);
        let own = own.ok_or_else(|| format!("{user} does not know of {}", challenge.id))?;
        let days = own.days.iter().map(|(day, (amount, _))| (*day, *amount));
        amounts.insert(user.clone(), days.collect::<BTreeMap<_, _>>());
    }
    let amount = |user: &UserId, round: u32| {
        let day = definition.starts.plus(i32::try_from(round).unwrap());
        let days = amounts.get(user);
        days.and_then(|days| days.get(&day)).copied().unwrap_or(0)
    };
    let survived = played(definition, percent, (amounts.keys(), &amount));
    // Who has survived none stands as it began.
    let began_ms = |user: &UserId| {
        let shown = server.frozen.get(&challenge.id).map(|(rows, _)| rows);
        let row = shown?.iter().find(|row| row.user.as_ref() == Some(user));
        row.map(|row| row.achieved_at_ms)
    };
    let row = |(user, rounds): (UserId, u32)| RowKey {
        score: i64::from(rounds),
        achieved_at_ms: match rounds.checked_sub(1) {
            Some(last) => definition.round_closes_ms(last),
            None => began_ms(&user).unwrap_or_default(),
        },
        id: Some(user),
    };
    Ok(survived.into_iter().map(row).collect())
}

/// How many rounds each has survived.
fn played<'a>(
    definition: &Definition,
    percent: u32,
    (users, amount): (
        impl Iterator<Item = &'a UserId>,
        &impl Fn(&UserId, u32) -> i64,
    ),
) -> BTreeMap<UserId, u32> {
    let mut survived: BTreeMap<UserId, u32> = users.map(|user| (user.clone(), 0)).collect();
    let mut standing: BTreeSet<UserId> = survived.keys().cloned().collect();
    for round in 0..definition.rounds() {
        let of_round: Vec<_> = standing
            .iter()
            .map(|user| (user, amount(user, round)))
            .collect();
        let out: BTreeSet<UserId> = elimination::out(percent, &of_round)
            .into_iter()
            .cloned()
            .collect();
        standing.retain(|user| !out.contains(user));
        for user in &standing {
            survived.entry(user.clone()).and_modify(|n| *n += 1);
        }
        if standing.len() < 2 {
            break;
        }
    }
    survived
}
