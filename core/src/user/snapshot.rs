//! A user's snapshot: the state, and the rows that become durable with it (design.md 5). Bytes only; the store is the shell's.
//! What is no longer kept is `retention`'s to say.

use alloc::{collections::BTreeSet, vec::Vec};
use sha2::{Digest, Sha256};

use super::{Rules, User, fold::Loaded, retention};
use crate::{
    chunk,
    civil::{DAY_MS, Day},
    day::Links,
    goal::Goal,
    id::{ChallengeId, Position},
    limits,
    records::{Records, StoredRecord},
};

/// Newest days with data whose minutes stay at hand.
const WARM_DAYS: usize = 2;

/// Days that a goal may begin before its user and still be folded in no time; no admitted goal does.
const LEAD_DAYS_MAX: i32 = 400;

/// What a snapshot writes, unsealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// All inputs up to here are in it.
    pub covered: Position,
    /// The state, manifest included.
    pub state: Vec<u8>,
    /// New chunks by day and number.
    pub chunks: Vec<((Day, u64), Vec<u8>)>,
    /// New chunks of minutes, by day and number, of days whose minutes are let go.
    pub minutes: Vec<((Day, u64), Vec<u8>)>,
    /// Chunks that the manifest no longer names.
    pub dropped: Vec<(Day, u64)>,
    /// New facts by number.
    pub facts: Vec<(u64, Vec<u8>)>,
    /// New transfers by the number of their fact.
    pub transfers: Vec<(u64, Vec<u8>)>,
    /// New changes by number.
    pub changes: Vec<(u64, Vec<u8>)>,
    /// Standing rows; `None` removes one.
    pub standings: Vec<(ChallengeId, Option<Vec<u8>>)>,
    /// Deadline of the due row that is replaced, POSIX ms.
    pub due_before_ms: Option<i64>,
    /// Deadline of the new due row, POSIX ms.
    pub due_ms: Option<i64>,
}

/// Takes a snapshot: the tail becomes chunks, facts and transfers become rows, cold minutes are let go.
///
/// `loaded` may hold whole days; a day of too many chunks that is whole in it is written as one.
pub fn take(user: &mut User, loaded: &Loaded) -> Parts {
    let mut parts = Parts {
        covered: user.position,
        ..Parts::default()
    };
    parts.dropped = core::mem::take(&mut user.dropped);
    write_chunks(user, loaded, &mut parts);
    retention::expire(user, &mut parts);
    for fact in core::mem::take(&mut user.facts) {
        parts.facts.push((fact.seq, encoded(fact.as_ref())));
    }
    for transfer in core::mem::take(&mut user.transfers) {
        parts
            .transfers
            .push((transfer.event_seq, encoded(&transfer)));
    }
    for change in core::mem::take(&mut user.changes) {
        parts.changes.push((change.number, encoded(&change)));
    }
    for id in core::mem::take(&mut user.unwritten_standings) {
        let standing = user
            .contribution(id)
            .map(|contribution| encoded(&contribution));
        parts.standings.push((id, standing));
    }
    cool(user, &mut parts);
    parts.due_before_ms = user.due_ms;
    parts.due_ms = user.visible_deadline();
    user.due_ms = parts.due_ms;
    parts.state = encoded(&*user);
    parts
}

pub(super) fn encoded<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = minicbor::encode(value, &mut bytes);
    bytes
}

fn write_chunks(user: &mut User, loaded: &Loaded, parts: &mut Parts) {
    let tail = core::mem::take(&mut user.tail);
    for day in tail.days() {
        if !user.keeps_records(day) {
            continue;
        }
        let mut rows: Vec<StoredRecord> = tail.of(day).collect();
        let is_crowded = is_crowded(user, day);
        let numbers = user.manifest.entry(day).or_default();
        let whole = loaded.days.get(&day).filter(|_| is_crowded);
        if let Some(held) = whole.filter(|held| fit_one_chunk(rows.len(), held)) {
            rows.extend(held.values().flatten().cloned());
            parts
                .dropped
                .extend(numbers.drain(..).map(|number| (day, number)));
        }
        let number = user.next_chunk;
        user.next_chunk = number.saturating_add(1);
        numbers.push(number);
        parts.chunks.push(((day, number), chunk::encode(&rows)));
    }
}

/// Whether rows can be joined with those that are stored: a chunk of more could never be read back.
fn fit_one_chunk(rows: usize, held: &Records) -> bool {
    let held = held.values().map(Vec::len);
    held.fold(rows, usize::saturating_add) <= limits::CHUNK_ROWS_MAX
}

/// Days that have too many chunks: with them at hand, a snapshot joins these.
#[must_use]
pub fn crowded(user: &User) -> BTreeSet<Day> {
    let days = user.tail.days();
    days.filter(|day| is_crowded(user, *day)).collect()
}

/// Whether a day has more chunks than it needs. Full ones are let be: to join the chunks of a device that tells every second
/// would read and write its whole day again and again.
fn is_crowded(user: &User, day: Day) -> bool {
    let chunks = user.manifest.get(&day).map_or(0, Vec::len);
    let records = user.days.get(&day).map_or(0, |state| state.records);
    let full = usize::try_from(records).map_or(0, |records| records / limits::CHUNK_ROWS_FULL);
    chunks >= limits::CHUNKS_PER_DAY_MAX.saturating_add(full)
}

/// Lets the minutes of cold days go: those that are soft-closed and not among the newest, or whose records are not kept. They
/// are written where they are others than before.
fn cool(user: &mut User, parts: &mut Parts) {
    // No order of devices shows in a hash.
    let standings = user.standings(user.soft_closed);
    let warm: BTreeSet<Day> = user.days.keys().rev().take(WARM_DAYS).copied().collect();
    let at_hand = user.days.range(..=user.soft_closed);
    let at_hand = at_hand.filter(|(_, state)| state.head.is_some());
    let days: Vec<Day> = at_hand.map(|(day, _)| *day).collect();
    for day in days {
        if warm.contains(&day) && user.keeps_records(day) {
            continue;
        }
        let Some(state) = user.days.get_mut(&day) else {
            continue;
        };
        let Some((head, changed)) = state.cool(&standings) else {
            continue;
        };
        if changed || !user.minutes.contains_key(&day) {
            retention::write_minutes(user, (day, &head), parts);
        }
    }
}

/// Reads a state back.
///
/// # Errors
/// When the bytes are not a state of this form, or one that no fold has left: its first input would close days for ever.
pub fn restore(bytes: &[u8], rules: &Rules) -> Result<User, minicbor::decode::Error> {
    let mut user: User = minicbor::decode(bytes)?;
    user.resolve(rules);
    match fault(&user) {
        Some(fault) => Err(minicbor::decode::Error::message(fault)),
        None => Ok(user),
    }
}

/// What cannot be in a state that a fold has left: every fold runs all boundaries up to its stamp, so days are closed up to
/// then, and a goal begins on the day of its making at the earliest.
fn fault(user: &User) -> Option<&'static str> {
    let (_, first) = user.created?;
    let (soft, hard) = (user.soft_closed, user.hard_closed);
    let ends = user.calendar().end_ms(hard.next());
    let closes = ends.saturating_add(limits::HARD_CLOSE_AFTER_MS);
    let near = |goal: &Goal| {
        goal.revisions
            .iter()
            .all(|held| first.since(held.from) <= LEAD_DAYS_MAX)
    };
    let rules = [
        (
            first.prev() <= hard && hard <= soft,
            "days are not closed in order",
        ),
        (
            // A flight west over the date line, told late, can bring back the day before the closed one.
            soft <= user.day_of(user.now_ms).next(),
            "a day is closed that has not begun",
        ),
        (
            user.now_ms < closes.saturating_add(DAY_MS),
            "days are not closed that are long over",
        ),
        (
            user.goals.values().all(|goal| near(goal)),
            "a goal begins long before its user",
        ),
    ];
    rules
        .into_iter()
        .find(|(holds, _)| !holds)
        .map(|(_, fault)| fault)
}

impl User {
    /// SHA-256 over the state without what depends on when snapshots were taken (I7).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut bare = self.clone();
        let standings = bare.standings(bare.soft_closed);
        bare.days.values_mut().for_each(|day| {
            let _ = day.cool(&standings);
            // Which journal places things have depends on when the clock ticked.
            day.links = Links::default();
        });
        bare.manifest.clear();
        bare.minutes.clear();
        (bare.next_chunk, bare.due_ms) = (0, None);
        Sha256::digest(encoded(&bare)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_never_joined_to_a_chunk_that_could_not_be_read_back() {
        let none = Records::new();
        assert!(fit_one_chunk(limits::CHUNK_ROWS_MAX, &none));
        assert!(!fit_one_chunk(limits::CHUNK_ROWS_MAX + 1, &none));
    }
}
