//! Cycles that come due, are made once, missed or given up.

use alloc::{sync::Arc, vec, vec::Vec};

use super::*;
use crate::{
    challenge::{
        admit::Refusal,
        resident::Resident,
        scene::{ID, header, user},
    },
    civil::{DAY_MS, Day},
    definition::{
        Clock,
        recurs::{Every, Recurs},
    },
    id::ChallengeId,
    input::{ChallengeInput, Header},
    zone::{Zone, Zones},
};

/// UTC needs no zone.
struct NoZones;

impl Zones for NoZones {
    fn zone(&self, _: &str) -> Option<Arc<Zone>> {
        None
    }
}

/// A day in UTC, from day 10 on, so many times.
pub(crate) fn daily(count: u32) -> Definition {
    let recurs = Recurs {
        count: Some(count),
        carry_members: true,
        ..Recurs::new(Every::Day)
    };
    Definition {
        clock: Clock::Utc,
        recurs: Some(recurs),
        ..Definition::new("Steps", (Day(10), Day(10)))
    }
}

pub(crate) fn give(resident: &mut Resident, stamp_ms: i64, input: ChallengeInput) {
    let header = header(resident.challenge().position.index + 1);
    let position = header.position;
    resident.enqueue(Header { stamp_ms, ..header }, input);
    resident.step(position).unwrap();
}

fn tick(resident: &mut Resident, stamp_ms: i64) {
    give(resident, stamp_ms, ChallengeInput::Tick);
}

fn published(definition: Definition, stamp_ms: i64) -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    give(&mut resident, stamp_ms, ChallengeInput::Create(definition));
    give(&mut resident, stamp_ms, ChallengeInput::Publish);
    resident
}

/// Makes every cycle that is due; which, each with the one before it.
fn made(resident: &mut Resident, stamp_ms: i64) -> Vec<(u32, Option<u32>)> {
    let mut made = Vec::new();
    while let Some(Step::Make { number, before }) = resident.series_step() {
        made.push((number, before));
        give(
            resident,
            stamp_ms,
            ChallengeInput::Cycle(CycleInput::Made(number)),
        );
    }
    made
}

#[test]
fn the_first_cycle_is_made_at_once_and_each_other_one_a_day_before_it_starts() {
    let mut series = published(daily(3), 0);
    assert_eq!(made(&mut series, 0), [(1, None)]);
    // The second starts on day 11.
    assert_eq!(series.challenge().next_deadline(), Some(10 * DAY_MS));
    tick(&mut series, 10 * DAY_MS - 1);
    assert_eq!(made(&mut series, 10 * DAY_MS - 1), []);
    tick(&mut series, 10 * DAY_MS);
    assert_eq!(series.challenge().visible_deadline(), Some(10 * DAY_MS));
    assert_eq!(made(&mut series, 10 * DAY_MS), [(2, Some(1))]);
}

#[test]
fn a_series_that_was_down_makes_up_for_every_cycle_once() {
    let mut series = published(daily(5), 0);
    tick(&mut series, 30 * DAY_MS);
    let wanted = [
        (1, None),
        (2, Some(1)),
        (3, Some(2)),
        (4, Some(3)),
        (5, Some(4)),
    ];
    assert_eq!(made(&mut series, 30 * DAY_MS), wanted);
    tick(&mut series, 31 * DAY_MS);
    assert_eq!(made(&mut series, 31 * DAY_MS), [], "and never again");
    let again = CycleInput::Made(4);
    assert_eq!(series.challenge().cycle_news(&again), None);
}

#[test]
fn a_series_that_is_published_late_begins_with_what_is_not_over() {
    // Day 12 is running.
    let now_ms = 12 * DAY_MS + 1;
    let mut series = published(daily(5), now_ms);
    assert_eq!(made(&mut series, now_ms), [(3, None), (4, Some(3))]);
    let (listed, more) = series.challenge().cycles(0, 10);
    let numbers: Vec<u32> = listed.iter().map(|cycle| cycle.number).collect();
    assert_eq!((numbers, more), (vec![3, 4], false));
    let over = published(daily(2), 40 * DAY_MS);
    assert_eq!(over.series_step(), None);
    assert_eq!(over.challenge().cycles(0, 10), (Vec::new(), false));
}

#[test]
fn a_cycle_that_cannot_be_paid_is_missed_and_says_why() {
    let mut series = published(daily(3), 0);
    assert_eq!(made(&mut series, 0), [(1, None)]);
    tick(&mut series, 10 * DAY_MS);
    let reason = String::from("the campaign has 5 micro-tokens left");
    let missed = CycleInput::Missed { number: 2, reason };
    give(&mut series, 10 * DAY_MS, ChallengeInput::Cycle(missed));
    tick(&mut series, 11 * DAY_MS);
    let third = Step::Make {
        number: 3,
        before: Some(1),
    };
    assert_eq!(
        series.series_step(),
        Some(third),
        "the first hands over to it"
    );
    assert_eq!(made(&mut series, 11 * DAY_MS).len(), 1);
    let (listed, _) = series.challenge().cycles(1, 10);
    let said: Vec<_> = listed.iter().map(|cycle| cycle.missed.is_some()).collect();
    assert_eq!(said, [true, false]);
    let (page, more) = series.challenge().cycles(0, 2);
    assert_eq!((page.len(), more), (2, true));
}

#[test]
fn a_series_that_is_cancelled_makes_nothing_more_and_tells_its_newest_cycle() {
    let mut series = published(daily(3), 0);
    assert_eq!(made(&mut series, 0), [(1, None)]);
    give(&mut series, 1, ChallengeInput::Cancel("rain".into()));
    let end = Step::End {
        newest: Some(1),
        next: 2,
    };
    assert_eq!(series.series_step(), Some(end));
    assert!(!series.may_passivate());
    series.series_ended();
    tick(&mut series, 30 * DAY_MS);
    assert_eq!(series.series_step(), None);
    assert_eq!(series.challenge().next_deadline(), None);
    assert!(series.may_passivate());
}

#[test]
fn nobody_is_a_member_of_a_series_and_it_never_settles_itself() {
    let mut series = published(daily(2), 0);
    let refused = series.challenge().may_join(&user("ann"), 0, 0);
    assert_eq!(refused, Err(Refusal::Series));
    // The second cycle ends with day 11, and settles a day later.
    let over_ms = 13 * DAY_MS;
    let phase = |at_ms| series.challenge().phase(at_ms);
    assert_eq!(phase(over_ms - 1), Some(ChallengePhase::Open));
    assert_eq!(phase(over_ms), Some(ChallengePhase::Settled));
    tick(&mut series, over_ms);
    assert_eq!(series.challenge().cutoff_passed(), None);
    assert_eq!(series.challenge().next_deadline(), None);
    assert!(!series.challenge().owes_account());
}

#[test]
fn a_cycle_is_made_once_and_knows_whether_another_follows() {
    let issue = |number| CycleInput::Issue {
        definition: daily(2).cycle(ID, number, &NoZones).unwrap().into(),
        inherits: false,
    };
    let mut first = Resident::read(Challenge::new(ID.of_cycle(1)), Vec::new());
    first.filled();
    give(&mut first, 0, ChallengeInput::Cycle(issue(1)));
    assert_eq!(first.challenge().stage, Stage::Published);
    assert_eq!(first.challenge().cycle_news(&issue(2)), None);
    assert_eq!(first.challenge().next_reset_ms(), Some(11 * DAY_MS));
    give(&mut first, 1, ChallengeInput::Cycle(CycleInput::End));
    assert_eq!(first.challenge().next_reset_ms(), None);
    let mut last = Resident::read(Challenge::new(ID.of_cycle(2)), Vec::new());
    last.filled();
    give(&mut last, 0, ChallengeInput::Cycle(issue(2)));
    assert_eq!(last.challenge().next_reset_ms(), None);
}

#[test]
fn ids_of_cycles_are_functions_of_series_and_number() {
    let other = ChallengeId([8; 16]);
    assert_eq!(ID.of_cycle(1), ID.of_cycle(1));
    assert_ne!(ID.of_cycle(1), ID.of_cycle(2));
    assert_ne!(ID.of_cycle(1), other.of_cycle(1));
    let text = alloc::format!("{}", ID.of_cycle(1));
    assert_eq!(text.as_bytes()[14], b'8', "version 8: {text}");
    assert!(b"89ab".contains(&text.as_bytes()[19]), "variant: {text}");
}
