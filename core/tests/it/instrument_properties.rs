//! Random histories of streaks with every instrument: what must hold whatever happens (domain.md 4.4).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use streakline_core::{
    civil::{Day, HOUR_MS},
    event::{FactKind, FreezeChange, PauseChange, StreakFact},
    input::UserInput,
    ledger,
    streak::{Amounts, Definition, Repair, Stage, Streak},
    view::DayStatus,
};

use crate::{
    history::{History, goal},
    instruments::{day, person, says},
};

#[derive(Clone, Debug)]
enum Act {
    /// Says what was walked some days ago, anew.
    Walk(i32, i64),
    Wait(i64),
    Buy,
    Repair(i32, bool),
    Pause(i32, i32),
    EndPause,
    Verdict(i32, i32),
    Decide(u32, Stage),
    Define(Definition),
    Snapshot,
    Crash,
}

fn any_definition() -> impl Strategy<Value = Definition> {
    (0..3_u8, any::<bool>(), any::<bool>(), 0..3_u8).prop_map(
        |(freezes, weekend_pass, near_miss, repair)| Definition {
            freezes,
            weekend_pass,
            near_miss,
            repair: [None, Some(Repair::EarnBack), Some(Repair::EarnBackOrTokens)]
                [usize::from(repair)],
            amounts: Amounts([400, 700, 0, 30, 0, 0, 0, 0].map(|tokens| tokens * 1_000_000)),
        },
    )
}

fn any_act() -> impl Strategy<Value = Act> {
    let amounts = prop_oneof![
        2 => Just(0_i64), 2 => Just(955), 8 => Just(1_000), 3 => Just(1_250)
    ];
    let back = prop_oneof![6 => Just(0), 3 => 1..4_i32, 1 => 4..28_i32];
    let stage = prop_oneof![
        Just(Stage::Appealed),
        Just(Stage::Final),
        Just(Stage::Acquitted)
    ];
    prop_oneof![
        20 => (back, amounts).prop_map(|(back, amount)| Act::Walk(back, amount)),
        14 => (6..30_i64).prop_map(Act::Wait),
        1 => (30..400_i64).prop_map(Act::Wait),
        2 => Just(Act::Buy),
        2 => (1..4_i32, any::<bool>()).prop_map(|(back, paid)| Act::Repair(back, paid)),
        1 => (0..3_i32, 2..7_i32).prop_map(|(from, days)| Act::Pause(from, days)),
        1 => Just(Act::EndPause),
        1 => (1..9_i32, 1..3_i32).prop_map(|(back, days)| Act::Verdict(back, days)),
        1 => (1..4_u32, stage).prop_map(|(number, stage)| Act::Decide(number, stage)),
        1 => any_definition().prop_map(Act::Define),
        2 => Just(Act::Snapshot),
        1 => Just(Act::Crash),
    ]
}

fn any_acts(most: usize) -> impl Strategy<Value = (Definition, Vec<Act>)> {
    (any_definition(), prop::collection::vec(any_act(), 1..most))
}

fn play((definition, acts): &(Definition, Vec<Act>), mut check: impl FnMut(&History)) -> History {
    let mut history = person(*definition);
    let mut versions: BTreeMap<i32, u32> = BTreeMap::new();
    for act in acts {
        let today = history.user.day_of(history.now_ms);
        match act {
            Act::Walk(back, amount) => {
                let number = today.plus(-back).since(day(0));
                let noon = day(number).utc_ms() + 12 * HOUR_MS;
                if number >= 1 && noon <= history.now_ms {
                    let version = versions.entry(number).or_default();
                    *version += 1;
                    history.send(1, vec![says(number, *version, *amount)]);
                }
            }
            Act::Wait(hours) => history.tick(history.now_ms + hours * HOUR_MS),
            Act::Buy => history.input(UserInput::BuyFreeze(goal("g"))),
            Act::Repair(back, paid) => history.input(UserInput::Repair {
                goal: goal("g"),
                day: today.plus(-back),
                paid: *paid,
            }),
            Act::Pause(from, days) => history.input(UserInput::Pause {
                from: today.plus(*from),
                to: today.plus(from + days),
            }),
            Act::EndPause => history.input(UserInput::EndPause),
            Act::Verdict(back, days) => {
                let first = today.plus(-back);
                let days = (0..*days).map(|more| first.plus(more)).collect();
                history.input(UserInput::Verdict(days));
            }
            Act::Decide(verdict, stage) => history.input(UserInput::Decide {
                verdict: *verdict,
                stage: *stage,
            }),
            Act::Define(definition) => history.put_goal_with(1_000, *definition),
            Act::Snapshot => history.snapshot(),
            Act::Crash => history.crash(),
        }
        check(&history);
    }
    history
}

/// What the facts say of covers and pauses, and the state of which days are met: the statuses from scratch.
fn statuses(history: &History) -> BTreeMap<Day, DayStatus> {
    let (mut covers, mut pauses) = (BTreeMap::new(), BTreeMap::new());
    for fact in history.told() {
        match fact {
            FactKind::Streak(StreakFact::Freeze { change, day, .. }) => match change {
                FreezeChange::Used => drop(covers.insert(day, DayStatus::Frozen)),
                FreezeChange::Returned => drop(covers.remove(&day)),
                FreezeChange::Earned | FreezeChange::Bought => {}
            },
            FactKind::Streak(StreakFact::PassUsed { day, .. }) => {
                covers.insert(day, DayStatus::Pass);
            }
            FactKind::Streak(StreakFact::PassReturned { day, .. }) => drop(covers.remove(&day)),
            FactKind::Streak(StreakFact::Repaired { day, .. }) => {
                covers.insert(day, DayStatus::Repaired);
            }
            FactKind::Streak(StreakFact::Pause { change, from, to }) => match change {
                PauseChange::Started => {
                    pauses.retain(|begins, _| {
                        *begins < from || *begins <= history_day(history, from)
                    });
                    pauses.insert(from, to);
                }
                PauseChange::Ended => drop(pauses.insert(from, to)),
                PauseChange::Cancelled => drop(pauses.remove(&from)),
            },
            _ => {}
        }
    }
    let first = day(1);
    let taken = |day: Day| {
        let verdicts = history.user.verdicts.iter();
        let mut in_force = verdicts.filter(|(_, held)| held.stage != Stage::Acquitted);
        in_force.any(|(_, held)| held.days.contains(&day))
    };
    let status = |day: Day| {
        let state = history.user.days.get(&day);
        let told = state.and_then(|state| state.goals.get(&goal("g")));
        let met = told.is_some_and(|told| told.met_at_ms.is_some());
        if taken(day) {
            DayStatus::Missed
        } else if history.user.pauses.holds(day) {
            DayStatus::Paused
        } else if met {
            DayStatus::Met
        } else {
            covers.get(&day).copied().unwrap_or(DayStatus::Missed)
        }
    };
    let days = (first.0..=history.user.soft_closed.0).map(Day);
    days.map(|day| (day, status(day))).collect()
}

/// A pause replaces those that had not begun when it was taken; the facts do not say when that was, so none is dropped here
/// that could have begun.
fn history_day(history: &History, from: Day) -> Day {
    from.min(history.user.day_of(history.now_ms))
}

/// The fold, written down a second time.
fn fold(statuses: &BTreeMap<Day, DayStatus>) -> (u32, u32, Option<(Day, Day)>) {
    let (mut count, mut begun, mut longest, mut span) = (0, None, 0, None);
    for (day, status) in statuses {
        match status {
            DayStatus::Met => {
                count += 1;
                let from = *begun.get_or_insert(*day);
                if count > longest {
                    (longest, span) = (count, Some((from, *day)));
                }
            }
            DayStatus::Missed => (count, begun) = (0, None),
            _ => {}
        }
    }
    (count, longest, span)
}

/// T4.1
fn assert_the_streak_is_the_fold_from_scratch(history: &History) {
    let statuses = statuses(history);
    for (day, status) in &statuses {
        let held = history.user.status(&goal("g"), *day);
        assert_eq!(held, Some(*status), "status of {}", day.iso());
    }
    let held = history.user.goals[&goal("g")].streak;
    let span = held.longest.map(|run| (run.from, run.to));
    assert_eq!((held.count(), held.longest_count(), span), fold(&statuses));
}

/// T4.2
fn assert_the_inventory_adds_up(history: &History) {
    let held = &history.user.streaks[&goal("g")];
    let of = &held.freezes;
    let sum = i64::from(of.earned) + i64::from(of.bought) + i64::from(of.returned);
    let sum = sum - i64::from(of.used) - i64::from(of.lost);
    assert_eq!(i64::try_from(of.held()).unwrap(), sum);
    assert!(of.held() <= usize::from(held.definition.freezes) && of.held() <= 2);
}

/// T4.3
fn assert_spans_of_a_milestone_are_disjoint(history: &History) {
    let mut spans: BTreeMap<u32, Vec<(Day, Day)>> = BTreeMap::new();
    for grant in &history.user.streaks[&goal("g")].grants {
        let held = spans.entry(grant.milestone).or_default();
        held.push((grant.first, grant.event));
    }
    for spans in spans.values_mut() {
        spans.sort_unstable();
        assert!(
            spans.windows(2).all(|pair| pair[0].1 < pair[1].0),
            "{spans:?}"
        );
    }
}

/// I6
fn assert_nobody_is_below_zero(history: &History) {
    let (mut totals, mut ids) = (ledger::Totals::default(), BTreeSet::new());
    for transfer in history.transfers() {
        totals.book(&transfer);
        assert!(ids.insert(transfer.id), "one transfer per key");
        assert!(totals.available_micro >= 0 && totals.debt_micro >= 0);
        assert!(transfer.amount_micro > 0 && transfer.evidence != [0; 32]);
    }
    let balance = history.user.balance_view();
    assert_eq!(totals.summary().sum_micro, 0);
    let booked = (totals.available_micro, totals.debt_micro);
    assert_eq!(booked, (balance.available_micro, balance.debt_micro));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// T4.1, T4.2, T4.3, I3, I6
    #[test]
    fn streaks_with_every_instrument_keep_their_promises(acts in any_acts(160)) {
        let history = play(&acts, |history| {
            assert_the_streak_is_the_fold_from_scratch(history);
            assert_the_inventory_adds_up(history);
            assert_spans_of_a_milestone_are_disjoint(history);
        });
        assert_nobody_is_below_zero(&history);
    }

    /// I7
    #[test]
    fn a_crash_between_any_two_inputs_changes_no_streak(
        acts in any_acts(90),
        snapshots in prop::collection::vec(prop::bool::weighted(0.3), 60),
        crashes in prop::collection::vec(prop::bool::weighted(0.2), 60),
    ) {
        let kept = acts.1.iter().filter(|act| !matches!(act, Act::Snapshot | Act::Crash));
        let history = play(&(acts.0, kept.cloned().collect()), |_| {});
        let at = |marks: &[bool], at: usize| marks[at % marks.len()];
        let again = History::replay(&history.journal, |n| at(&snapshots, n), |n| at(&crashes, n));
        prop_assert_eq!(again.facts(), history.facts());
        prop_assert_eq!(again.transfers(), history.transfers());
        prop_assert_eq!(again.user.digest(), history.user.digest());
    }

    /// T4.4
    #[test]
    fn neutral_days_anywhere_never_change_the_count(
        days in prop::collection::vec(prop_oneof![3 => Just(DayStatus::Met), 1 => Just(DayStatus::Missed)], 0..40),
        neutral in prop::collection::vec((0..41_usize, 0..6_usize), 0..30),
    ) {
        use DayStatus::{Frozen, Pass, Paused, Repaired, Rest, Void};
        let count = |statuses: &[DayStatus]| {
            let days = (0..).map(Day).zip(statuses.iter().copied());
            let streak = Streak::of(days);
            (streak.count(), streak.longest_count())
        };
        let mut with = days.clone();
        for (at, which) in neutral {
            let status = [Rest, Paused, Frozen, Pass, Repaired, Void][which];
            with.insert(at.min(with.len()), status);
        }
        prop_assert_eq!(count(&with), count(&days));
    }

    /// T4.6: whatever has happened, a verdict and its acquittal leave the balances as they were.
    #[test]
    fn a_verdict_and_its_acquittal_restore_the_exact_balances(
        acts in any_acts(120),
        back in 1..40_i32,
        days in 1..10_i32,
    ) {
        // Other verdicts may hold back what this one's end would decide.
        let kept = acts.1.iter().filter(|act| !matches!(act, Act::Verdict(..) | Act::Decide(..)));
        let mut history = play(&(acts.0, kept.cloned().collect()), |_| {});
        let first = history.user.soft_closed.plus(1 - back).max(day(1));
        let days = (0..days).map(|more| first.plus(more));
        let days: BTreeSet<Day> = days.filter(|day| *day <= history.user.soft_closed).collect();
        prop_assume!(!days.is_empty());
        let before = (history.user.balance_view(), history.user.goals[&goal("g")].streak);
        history.input(UserInput::Verdict(days));
        let verdict = u32::try_from(history.user.verdicts.len()).unwrap();
        history.input(UserInput::Decide { verdict, stage: Stage::Acquitted });
        let after = (history.user.balance_view(), history.user.goals[&goal("g")].streak);
        prop_assert_eq!(after, before);
        assert_nobody_is_below_zero(&history);
    }
}
