//! Boards that stand: a score of the last seven days, and one without an end (domain.md 6.2).

use std::collections::BTreeMap;

use proptest::prelude::*;
use streakline_core::{
    civil::{Day, MINUTE_MS},
    definition::{Definition, standing::endless},
    id::ChallengeId,
};

use crate::{
    challenges::window,
    history::{History, steps},
    places::{at, date},
};

const ID: ChallengeId = ChallengeId([7; 16]);
const FIRST: &str = "2026-05-03";
const CAP: i64 = 300;

fn rolling() -> Definition {
    Definition {
        per_day_cap: Some(CAP),
        rolling_days: Some(7),
        ..without_end()
    }
}

fn without_end() -> Definition {
    Definition {
        ends: endless(date(FIRST)),
        is_endless: true,
        ..window(FIRST, FIRST)
    }
}

fn score(history: &History) -> i64 {
    history.user.contribution(ID).unwrap().score
}

fn walk(history: &mut History, id: u64, start: &str, minutes: i64) {
    history.wait_until(at(start) + minutes * MINUTE_MS);
    history.send(1, vec![steps(id, at(start), minutes, minutes * 100)]);
}

fn joined(definition: &Definition) -> History {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.enrol(7, definition);
    history
}

/// What days give, under the cap, of those from a first to a last one.
fn recomputed(days: &BTreeMap<Day, i64>, (first, last): (Day, Day)) -> i64 {
    let given = days.range(first..=last.max(first));
    given.map(|(_, sum)| (*sum).min(CAP)).sum()
}

/// Walks of one minute each: how many days after the first, in which minute, how many steps, and how many days late they come.
type Walks = Vec<(i64, i64, i64, i64)>;

fn any_walks() -> impl Strategy<Value = Walks> {
    let walk = (0..20_i64, 0..1_200_i64, 1..240_i64, 0..3_i64);
    proptest::collection::vec(walk, 1..30)
}

/// What comes on which day, each minute once.
fn by_arrival(walks: &Walks) -> BTreeMap<i64, Vec<(i64, i64, i64)>> {
    let mut minutes = BTreeMap::new();
    for (day, minute, value, late) in walks {
        minutes.insert((*day, *minute), (*value, *late));
    }
    let mut arrivals: BTreeMap<i64, Vec<(i64, i64, i64)>> = BTreeMap::new();
    for ((day, minute), (value, late)) in minutes {
        let at = arrivals.entry(day + late).or_default();
        at.push((day, minute, value));
    }
    arrivals
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// T6.4, at the start of each day, the instant before it, and whenever anything comes, up to two days late.
    #[test]
    fn t6_4_a_score_of_the_last_seven_days_is_what_a_recount_of_them_gives(walks in any_walks()) {
        let mut history = joined(&rolling());
        let mut known: BTreeMap<Day, i64> = BTreeMap::new();
        let mut arrivals = by_arrival(&walks);
        let mut id = 0;
        for number in 0..30_i64 {
            let today = date(FIRST).plus(i32::try_from(number).unwrap());
            let week = (today.plus(-6), today);
            history.tick(today.utc_ms());
            prop_assert_eq!(score(&history), recomputed(&known, week), "at the start of {}", today.iso());
            history.wait_until(today.utc_ms() + 1_300 * MINUTE_MS);
            for (day, minute, value) in arrivals.remove(&number).unwrap_or_default() {
                let of = date(FIRST).plus(i32::try_from(day).unwrap());
                id += 1;
                history.send(1, vec![steps(id, of.utc_ms() + minute * MINUTE_MS, 1, value)]);
                *known.entry(of).or_default() += value;
                prop_assert_eq!(score(&history), recomputed(&known, week), "on {}", today.iso());
            }
            history.tick(today.next().utc_ms() - 1);
            prop_assert_eq!(score(&history), recomputed(&known, week), "at the end of {}", today.iso());
            if number % 5 == 0 {
                history.snapshot();
                history.crash();
            }
        }
    }
}

#[test]
fn a_rolling_score_falls_by_itself_and_is_told_though_nothing_comes() {
    let mut history = joined(&rolling());
    walk(&mut history, 1, "2026-05-03T10:00Z", 1);
    walk(&mut history, 2, "2026-05-05T10:00Z", 2);
    assert_eq!(score(&history), 300);
    let told = history.contributions.len();
    // One wakes her after a fortnight: what happened meanwhile is what happened day by day.
    history.tick(at("2026-05-10T00:00Z"));
    assert_eq!(score(&history), 200);
    assert_eq!(history.contributions.len(), told + 1);
    assert!(history.user.visible_deadline().is_some());
    history.tick(at("2026-05-19T00:00Z"));
    assert_eq!(score(&history), 0);
    let held = &history.user.enrolments[&ID];
    assert_eq!(held.days.len(), 0);
    assert_eq!(
        held.achieved_at_ms,
        at("2026-05-03T00:00Z"),
        "as before the first step"
    );
}

#[test]
fn a_rolling_score_is_that_of_the_last_days_when_its_window_ends() {
    let ended = Definition {
        ends: date("2026-05-12"),
        is_endless: false,
        ..rolling()
    };
    let mut history = joined(&ended);
    for (id, day) in (1..).zip(["2026-05-05", "2026-05-06", "2026-05-12"]) {
        walk(&mut history, id, &format!("{day}T10:00Z"), 1);
    }
    history.tick(at("2026-05-20T00:00Z"));
    assert_eq!(score(&history), 200, "the sixth to the twelfth");
}

#[test]
fn a_score_without_an_end_keeps_a_sum_of_the_days_that_are_closed() {
    let mut history = joined(&without_end());
    let mut wanted = 0;
    for number in 0..60_i32 {
        let day = date(FIRST).plus(number);
        walk(
            &mut history,
            1 + u64::try_from(number).unwrap(),
            &format!("{}T10:00Z", day.iso()),
            3,
        );
        wanted += 300;
        assert_eq!(score(&history), wanted);
    }
    let held = &history.user.enrolments[&ID];
    assert!(held.days.len() <= 4, "{:?}", held.days);
    let past = held.past.unwrap();
    assert_eq!(past.score + 300 * held.days.len() as i64, wanted);
    let why = history.user.score_why(ID).unwrap();
    let told: i64 = why.days.iter().map(|day| day.scored).sum();
    assert_eq!(why.before.unwrap().score + told, wanted);
    // What comes for a closed day changes nothing.
    history.send(1, vec![steps(0, at("2026-05-04T11:00Z"), 1, 100)]);
    assert_eq!(score(&history), wanted);
}
