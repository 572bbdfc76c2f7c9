//! Fraud that is confirmed, appealed, and taken back (domain.md 4.3, 8.3).

use streakline_core::{
    civil::DAY_MS,
    event::{FactKind, StreakFact},
    input::UserInput,
    streak::Stage,
    view::DayStatus::{Frozen, Met, Missed},
};

use crate::{
    history::{History, goal},
    instruments::{close, count, day, freezing, milestones, paying, person, says, statuses, walk},
};

const TOKEN: i64 = 1_000_000;

fn verdict(history: &mut History, days: &[i32]) {
    let days = days.iter().copied().map(day).collect();
    assert_eq!(history.user.may_give_verdict(&days), Ok(()));
    history.input(UserInput::Verdict(days));
}

fn decide(history: &mut History, stage: Stage) {
    history.input(UserInput::Decide { verdict: 1, stage });
}

fn balances(history: &History) -> (i64, i64) {
    let view = history.user.balance_view();
    (view.available_micro, view.debt_micro)
}

/// Seven met days, paid for.
fn paid() -> History {
    let mut history = person(paying());
    (1..=7).for_each(|number| walk(&mut history, number));
    close(&mut history, 7);
    history
}

#[test]
fn a_verdict_takes_the_day_and_the_milestones_that_rest_on_it_and_an_acquittal_gives_them_back() {
    let mut history = paid();
    let before = balances(&history);
    verdict(&mut history, &[5]);
    assert_eq!(
        (statuses(&history, 4), count(&history)),
        ([Met, Missed, Met, Met], 2)
    );
    assert_eq!(
        before.0 - balances(&history).0,
        700 * TOKEN,
        "the first three days stand"
    );
    decide(&mut history, Stage::Acquitted);
    assert_eq!(balances(&history), before);
    assert_eq!(
        (statuses(&history, 4), count(&history)),
        ([Met, Met, Met, Met], 7)
    );
    assert_eq!(milestones(&history).len(), 2, "nothing is granted anew");
}

#[test]
fn what_is_not_there_any_more_is_owed_and_later_earnings_pay_it_first() {
    let mut history = paid();
    history.input(UserInput::BuyFreeze(goal("g")));
    let (available, _) = balances(&history);
    verdict(&mut history, &[2]);
    let owed = 1_000 * TOKEN - available;
    assert_eq!(balances(&history), (0, owed));
    walk(&mut history, 8);
    close(&mut history, 8);
    assert_eq!(
        balances(&history),
        (0, owed - TOKEN),
        "a token for 1,000 steps"
    );
    decide(&mut history, Stage::Acquitted);
    assert_eq!(balances(&history), (available + TOKEN, 0));
}

#[test]
fn no_freeze_covers_a_day_of_a_verdict() {
    let mut history = paid();
    close(&mut history, 8);
    assert_eq!(statuses(&history, 8), [Frozen]);
    walk(&mut history, 9);
    close(&mut history, 9);
    verdict(&mut history, &[8]);
    assert_eq!((statuses(&history, 8), count(&history)), ([Missed, Met], 1));
    close(&mut history, 12);
    assert_eq!(statuses(&history, 8), [Missed]);
    decide(&mut history, Stage::Acquitted);
    assert_eq!(statuses(&history, 8), [Frozen]);
}

#[test]
fn milestones_from_the_verdict_on_are_held_back_until_it_is_decided() {
    let mut history = person(paying());
    (1..=9).for_each(|number| walk(&mut history, number));
    close(&mut history, 9);
    verdict(&mut history, &[9]);
    assert_eq!(statuses(&history, 9), [Missed]);
    // Given on the 10th: 11, 12 and 13 make three, and are held back.
    (11..=13).for_each(|number| walk(&mut history, number));
    close(&mut history, 13);
    let granted = |history: &History| milestones(history).into_iter().map(|(_, first, _)| first);
    assert!(!granted(&history).any(|first| first == day(11)));
    decide(&mut history, Stage::Appealed);
    history.tick(history.now_ms + 20 * DAY_MS);
    assert!(
        !granted(&history).any(|first| first == day(11)),
        "an appeal waits"
    );
    decide(&mut history, Stage::Final);
    assert!(granted(&history).any(|first| first == day(11)));
}

#[test]
fn a_verdict_is_final_after_14_days_and_then_earlier_days_gain_nothing() {
    let mut history = person(paying());
    [1, 2, 4, 5, 6]
        .into_iter()
        .for_each(|number| walk(&mut history, number));
    close(&mut history, 7);
    verdict(&mut history, &[6]);
    let given_ms = history.now_ms;
    history.tick(given_ms + 14 * DAY_MS - 1);
    let is_final = |history: &History| {
        let told = history.told();
        told.iter().any(|fact| {
            matches!(
                fact,
                FactKind::Streak(StreakFact::Verdict {
                    stage: Stage::Final,
                    ..
                })
            )
        })
    };
    assert!(!is_final(&history));
    history.tick(given_ms + 14 * DAY_MS);
    assert!(is_final(&history));
    let before = milestones(&history);
    history.send(1, vec![says(3, 1, 1_000)]);
    assert_eq!(statuses(&history, 1), [Met, Met, Met, Met, Met, Missed]);
    assert_eq!(
        milestones(&history),
        before,
        "the third day came after the verdict"
    );
}

#[test]
fn a_freeze_of_a_day_that_becomes_met_under_a_verdict_returns_at_the_acquittal() {
    let mut history = person(freezing());
    (1..=7).for_each(|number| walk(&mut history, number));
    close(&mut history, 8);
    verdict(&mut history, &[8]);
    history.send(1, vec![says(8, 1, 1_000)]);
    assert_eq!(history.user.streaks[&goal("g")].freezes.held(), 0);
    decide(&mut history, Stage::Acquitted);
    assert_eq!(history.user.streaks[&goal("g")].freezes.held(), 1);
    assert_eq!((statuses(&history, 8), count(&history)), ([Met], 8));
}

#[test]
fn a_verdict_names_closed_days_of_the_users_life() {
    let history = paid();
    let may = |days: &[i32]| {
        history
            .user
            .may_give_verdict(&days.iter().copied().map(day).collect())
    };
    assert!(may(&[1, 7]).is_ok());
    assert!(may(&[]).is_err() && may(&[8]).is_err() && may(&[0]).is_err());
}
