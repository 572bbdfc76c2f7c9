//! A user on another server is the user that it was: nothing is lost, nothing of its old server comes along, and what comes next does
//! the same to both.

use std::ops::Range;

use streakline_core::{
    change::Change,
    chunk,
    civil::{Day, HOUR_MS, MINUTE_MS},
    event::{FactKind, Transfer},
    id::{PartitionId, UserId},
    input::{NewProfile, Origin, Source, UserInput},
    ledger::Totals,
    record::{Content, Record},
    sample::DeviceClass,
    user::{
        portable::{self, Belongings, Fault, settle},
        snapshot,
    },
};

use crate::{
    challenges::window,
    history::{History, steps},
    places::{at, date},
};

const BEGUN: &str = "2026-05-01T00:00Z";
const HERE: PartitionId = PartitionId(300);

fn first() -> Day {
    date("2026-05-01")
}

impl History {
    /// What is stored beside the state; everything is written first.
    fn belongings(&mut self) -> Belongings {
        self.snapshot();
        let mut belongings = Belongings {
            facts: self.store.facts.values().cloned().collect(),
            transfers: self.store.transfers.values().cloned().collect(),
            changes: self.store.changes.values().cloned().collect(),
            ..Belongings::default()
        };
        for (key, bytes) in &self.store.chunks {
            if self.user.minutes.get(&key.0) == Some(&key.1) {
                belongings.minutes.insert(*key, bytes.clone());
            } else {
                belongings.records.insert(*key, bytes.clone());
            }
        }
        belongings
    }

    /// The same user on another server, which has only what travels.
    fn moved(&mut self) -> Self {
        let belongings = self.belongings();
        let travels = minicbor::to_vec(self.user.portable()).unwrap();
        let mut there = Self::at(self.now_ms).under(self.rules.manual_policy);
        there.user = snapshot::restore(&travels, &there.rules).unwrap();
        assert_eq!(
            portable::check(&there.user, PartitionId(300), &belongings),
            Ok(())
        );
        let (parts, _) = settle(&there.user, &belongings);
        there.user = snapshot::restore(&parts.state, &there.rules).unwrap();
        there.store.due_ms = there.user.due_ms;
        there.write(parts);
        there.sent = self.sent.clone();
        there
    }
}

/// Walks of both devices over some days of May, the watch's first.
fn walk(history: &mut History, days: Range<u64>) {
    for day in days {
        let noon_ms = first().utc_ms() + day.cast_signed() * 24 * HOUR_MS + 12 * HOUR_MS;
        history.wait_until(noon_ms + HOUR_MS);
        for (number, minutes) in [(1, 0..30), (2, 20..50)] {
            let sample = |minute: u64| {
                let start_ms = noon_ms + minute.cast_signed() * MINUTE_MS;
                steps(day * 100 + minute + 1, start_ms, 1, 150)
            };
            history.send(number, minutes.map(sample).collect());
        }
        history.snapshot();
    }
}

/// Ten days with a goal, two devices, a challenge, a correction, a deletion and a flight.
fn lived() -> History {
    let mut history = History::with_watch(at(BEGUN), "UTC");
    history.hello(2, DeviceClass::Phone, None);
    history.put_goal("daily", 3_000, None).unwrap();
    history.enrol(7, &window("2026-05-02", "2026-05-30"));
    walk(&mut history, 0..6);
    let before = steps(501, first().utc_ms() + (5 * 24 + 12) * HOUR_MS, 1, 150);
    let corrected = Record {
        version: 2,
        content: Content::Delta(90),
        ..before.clone()
    };
    let deleted = Record {
        id: streakline_core::id::RecordId::Number(502),
        version: 2,
        start_ms: before.start_ms + MINUTE_MS,
        end_ms: before.end_ms + MINUTE_MS,
        content: Content::Deleted,
        ..before
    };
    history.send(1, vec![corrected, deleted]);
    history.zone("Asia/Tokyo");
    walk(&mut history, 6..10);
    history
}

#[test]
fn a_moved_user_has_the_same_days_facts_transfers_and_records() {
    let mut here = lived();
    let mut there = here.moved();
    let days = |history: &History| {
        (0..12)
            .map(|n| history.day(first().plus(n)))
            .collect::<Vec<_>>()
    };
    assert_eq!(days(&there), days(&here));
    assert_eq!(there.facts(), here.facts());
    assert_eq!(there.transfers(), here.transfers());
    assert_eq!(there.kept(), here.kept());
    assert_eq!(there.user.balance_view(), here.user.balance_view());
    assert!(there.user.enrolments.is_empty() && there.store.standings.is_empty());
    assert_eq!(
        there.store.due_ms,
        there.user.visible_deadline(),
        "somebody wakes it"
    );
    // What is sent again is known, and numbering goes on.
    let again = steps(901, first().utc_ms() + (9 * 24 + 12) * HOUR_MS, 1, 150);
    assert_eq!(
        there.send(1, vec![again.clone()]),
        here.send(1, vec![again])
    );
}

#[test]
fn what_comes_after_a_move_does_the_same_to_both() {
    let mut here = lived();
    let mut there = here.moved();
    for history in [&mut here, &mut there] {
        let late = steps(9_001, first().utc_ms() + (8 * 24 + 20) * HOUR_MS, 10, 900);
        history.send(2, vec![late]);
        walk(history, 10..14);
        history.tick(at("2026-05-25T00:00Z"));
        history.snapshot();
        history.crash();
    }
    let own = |kind: &FactKind| kind.challenge().is_none();
    let told = |history: &History| history.told().into_iter().filter(own).collect::<Vec<_>>();
    assert_eq!(told(&there), told(&here));
    let days = |history: &History| {
        (0..25)
            .map(|n| history.day(first().plus(n)))
            .collect::<Vec<_>>()
    };
    assert_eq!(days(&there), days(&here));
    let amounts = |history: &History| {
        let transfers = history.transfers().into_iter();
        transfers
            .map(|t: Transfer| (t.id, t.amount_micro, t.evidence))
            .collect::<Vec<_>>()
    };
    assert_eq!(amounts(&there), amounts(&here));
}

#[test]
fn leaving_a_server_twice_is_leaving_it_once() {
    let mut here = lived();
    here.snapshot();
    let once = here.user.portable();
    assert_eq!(once.portable(), once);
    let mut there = here.moved();
    assert_eq!(there.belongings(), here.belongings());
    assert_eq!(there.user.portable(), once);
}

#[test]
fn the_sums_that_come_along_are_those_of_the_balance() {
    let mut here = lived();
    let belongings = here.belongings();
    let (_, totals) = settle(&here.user, &belongings);
    assert!(totals.available_micro > 0);
    assert_eq!(totals.available_micro, here.user.available_micro);
    assert_eq!(totals.summary().sum_micro, 0);
    assert_eq!(totals, Totals::of(belongings.transfers.iter()));
}

/// What is said of a user whose belongings somebody has changed.
fn told(spoil: impl FnOnce(&mut History, &mut Belongings)) -> String {
    let mut history = lived();
    let mut belongings = history.belongings();
    spoil(&mut history, &mut belongings);
    let found = portable::check(&history.user, HERE, &belongings);
    found.unwrap_err().to_string()
}

fn assert_refused<const N: usize>(cases: [(String, &str); N]) {
    for (told, wanted) in cases {
        assert!(told.contains(wanted), "{told:?} should say {wanted:?}");
    }
}

#[test]
fn chunks_and_numbers_that_are_not_the_states_own_are_refused_by_name() {
    assert_refused([
        (
            told(|_, held| drop(held.records.pop_first())),
            "the records of 2026-05-01, chunk 0, are missing",
        ),
        (
            told(|_, held| {
                let rows = held.records.first_key_value().unwrap().1.clone();
                held.records.insert((first(), 999), rows);
            }),
            "the records of 2026-05-01, chunk 999, are not in the state's manifest",
        ),
        (
            told(|_, held| {
                let mut entry = held.records.first_entry().unwrap();
                let mut rows = chunk::decode(entry.get()).unwrap();
                rows[0].binding = 9;
                *entry.get_mut() = chunk::encode(&rows);
            }),
            "of a device that the user does not have",
        ),
        (
            told(|_, held| held.minutes.first_entry().unwrap().get_mut().truncate(3)),
            "are not readable",
        ),
        (
            told(|_, held| held.records.first_entry().unwrap().get_mut().truncate(9)),
            "are not readable",
        ),
        (
            told(|history, _| history.user.next_chunk = 1),
            "are numbered too high",
        ),
        (
            told(|_, held| drop(held.facts.remove(1))),
            "fact 2 is missing",
        ),
        (
            told(|_, held| drop(held.changes.pop())),
            "is missing, and the state says",
        ),
    ]);
}

#[test]
fn transfers_that_are_not_what_the_balance_comes_from_are_refused_by_name() {
    let bob = UserId::parse("bob").unwrap();
    assert_refused([
        (
            told(|_, held| held.transfers[0].subject = bob.clone()),
            "is somebody else's",
        ),
        (
            told(|_, held| held.transfers[0].credit = "user:bob:available".into()),
            "is between other accounts",
        ),
        (
            told(|_, held| held.transfers[0].amount_micro = 0),
            "moves nothing",
        ),
        (told(|_, held| held.transfers.reverse()), "is out of order"),
        (
            told(|_, held| held.transfers[1].id = held.transfers[0].id),
            "has a key that was used before",
        ),
        (
            told(|history, _| history.user.available_micro += 1),
            "the available balance is ",
        ),
        (
            told(|history, _| history.user.accounts.debt_micro = 1),
            "the debt is 1 and the transfers come to 0",
        ),
    ]);
    let mut nobody = lived();
    let belongings = nobody.belongings();
    nobody.user.created = None;
    assert_eq!(
        portable::check(&nobody.user, HERE, &belongings),
        Err(Fault::Nobody)
    );
}

#[test]
fn what_others_did_is_told_without_their_names() {
    let mut history = lived();
    let by = |principal: &str| Origin {
        source: Source::Rest,
        principal: principal.into(),
        request_id: "ticket-17".into(),
    };
    let alias = |name: &str| {
        UserInput::Profile(NewProfile {
            alias: Some(name.into()),
            ..NewProfile::default()
        })
    };
    for (number, principal) in ["admin:carol", "user:ann", "admin-key"].iter().enumerate() {
        history.input_of(by(principal), alias(&format!("Name {number}")));
    }
    let ann = history.user.id.clone();
    let changes = history.belongings().changes;
    let told = changes.iter().map(|change| change.told_to(&ann));
    let told: Vec<Change> = told.collect();
    let names: Vec<&str> = told
        .iter()
        .rev()
        .take(3)
        .map(|change| &*change.by.principal)
        .collect();
    assert_eq!(names, ["admin-key", "user:ann", "admin"]);
    assert!(told.iter().all(|change| change.told_to(&ann) == *change));
    let apart = |change: &Change| (change.number, change.at_ms, change.kind.clone());
    assert!(told.iter().map(apart).eq(changes.iter().map(apart)));
    let fact = history.facts().remove(0);
    let other = streakline_core::event::Fact {
        by: by("user:bob"),
        ..fact
    };
    assert_eq!(other.told_to(&ann).by.principal, "user");
}
