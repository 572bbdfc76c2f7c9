//! Freezes, passes, repairs, pauses and milestones (domain.md 4.2, 4.3).

use streakline_core::{
    civil::{Day, HOUR_MS},
    event::{AccountFact, FactKind, FreezeChange, PauseChange, StreakFact},
    input::UserInput,
    record::Record,
    sample::DeviceClass,
    streak::{Amounts, Definition, PauseRefusal, Repair},
    user::streaks::StreakRefusal,
    view::DayStatus::{self, Frozen, Met, Missed, Pass, Paused, Repaired},
};

use crate::{
    history::{History, goal, steps},
    places::{at, date},
};

const TOKEN: i64 = 1_000_000;

/// Lives in UTC since Monday 2 May 2016 with a goal of 1,000 and what its streak allows.
pub fn person(definition: Definition) -> History {
    let mut history = History::with_watch(at("2016-05-02T00:00Z"), "UTC");
    history.put_goal_with(1_000, definition);
    history
}

pub fn day(number: i32) -> Day {
    date("2016-05-01").plus(number)
}

fn noon(number: i32) -> i64 {
    day(number).utc_ms() + 12 * HOUR_MS
}

/// Walks on a day, and says so as its version says.
pub fn says(number: i32, version: u32, amount: i64) -> Record {
    let id = u64::try_from(number).unwrap();
    Record {
        version,
        ..steps(id, noon(number) - HOUR_MS, 60, amount)
    }
}

/// Walks on a day, told at noon of it.
pub fn walk(history: &mut History, number: i32) {
    history.wait_until(noon(number));
    history.send(1, vec![says(number, 1, 1_000)]);
}

/// The soft close of a day.
pub fn close(history: &mut History, number: i32) {
    history.tick(day(number).next().utc_ms() + 3 * HOUR_MS);
}

pub fn statuses<const N: usize>(history: &History, from: i32) -> [DayStatus; N] {
    let number = |at: usize| from + i32::try_from(at).unwrap();
    std::array::from_fn(|at| {
        let status = history.user.status(&goal("g"), day(number(at)));
        status.unwrap()
    })
}

pub fn count(history: &History) -> u32 {
    history.user.goals[&goal("g")].streak.count()
}

fn freezes(history: &History) -> Vec<(FreezeChange, Day, u32)> {
    let of = |fact| match fact {
        FactKind::Streak(StreakFact::Freeze {
            change, day, held, ..
        }) => Some((change, day, held)),
        _ => None,
    };
    history.told().into_iter().filter_map(of).collect()
}

pub fn milestones(history: &History) -> Vec<(u32, Day, Day)> {
    let of = |fact| match fact {
        FactKind::Streak(StreakFact::MilestoneReached {
            milestone,
            first,
            day,
            ..
        }) => Some((milestone, first, day)),
        _ => None,
    };
    history.told().into_iter().filter_map(of).collect()
}

pub fn freezing() -> Definition {
    Definition {
        freezes: 2,
        ..Definition::default()
    }
}

pub fn paying() -> Definition {
    Definition {
        amounts: Amounts([3, 7, 14, 30, 50, 100, 180, 365].map(|tokens| 100 * tokens * TOKEN)),
        ..freezing()
    }
}

#[test]
fn the_worked_example_pays_the_14_day_milestone_on_thursday_once_with_wednesdays_date() {
    let mut history = person(paying());
    (1..=12).for_each(|number| walk(&mut history, number));
    close(&mut history, 13);
    assert_eq!((count(&history), statuses(&history, 13)), (12, [Frozen]));
    assert_eq!(
        freezes(&history).last(),
        Some(&(FreezeChange::Used, day(13), 0))
    );
    walk(&mut history, 14);
    close(&mut history, 14);
    assert_eq!(count(&history), 13);
    history.wait_until(noon(15));
    history.send(1, vec![says(13, 1, 1_000)]);
    assert_eq!((count(&history), statuses(&history, 13)), (14, [Met, Met]));
    // The 14th met day earns a second one.
    let told = freezes(&history);
    assert!(
        told.contains(&(FreezeChange::Returned, day(13), 1)),
        "{told:?}"
    );
    assert_eq!(told.last(), Some(&(FreezeChange::Earned, day(13), 2)));
    assert_eq!(milestones(&history).last(), Some(&(14, day(1), day(14))));
    history.tick(noon(16));
    let paid = history
        .transfers()
        .into_iter()
        .filter(|t| t.code == "streak");
    let paid: Vec<_> = paid
        .map(|t| (t.cumulative_micro, t.day, t.amount_micro))
        .collect();
    let wanted = [(3, 3, 300), (7, 7, 700), (14, 14, 1_400)];
    assert_eq!(
        paid,
        wanted.map(|(m, on, tokens)| (m, day(on), tokens * TOKEN))
    );
}

#[test]
fn seven_met_days_earn_a_freeze_that_covers_no_day_before_it() {
    let mut history = person(freezing());
    [1, 2, 4, 5, 6, 7, 8, 9]
        .into_iter()
        .for_each(|number| walk(&mut history, number));
    close(&mut history, 9);
    assert_eq!(freezes(&history), [(FreezeChange::Earned, day(8), 1)]);
    assert_eq!(statuses(&history, 3), [Missed]);
    close(&mut history, 11);
    assert_eq!(statuses(&history, 9), [Met, Frozen, Missed]);
    assert_eq!(count(&history), 0);
}

#[test]
fn a_freeze_is_not_wasted_on_a_streak_that_is_over() {
    let mut history = person(paying());
    (1..=7).for_each(|number| walk(&mut history, number));
    close(&mut history, 10);
    assert_eq!(statuses(&history, 7), [Met, Frozen, Missed, Missed]);
    history.input(UserInput::BuyFreeze(goal("g")));
    close(&mut history, 13);
    assert_eq!(freezes(&history).last().unwrap().0, FreezeChange::Bought);
}

#[test]
fn a_freeze_costs_200_tokens_and_only_two_are_held() {
    let mut history = person(paying());
    (1..=3).for_each(|number| walk(&mut history, number));
    close(&mut history, 3);
    let before = history.user.available_micro;
    let buy = |history: &mut History| {
        let may = history.user.may_buy_freeze(&goal("g"));
        history.input(UserInput::BuyFreeze(goal("g")));
        may
    };
    assert_eq!(buy(&mut history), Ok(()));
    assert_eq!(history.user.available_micro, before - 200 * TOKEN);
    let left = history.user.available_micro;
    assert_eq!(
        buy(&mut history),
        Err(StreakRefusal::Price(200 * TOKEN, left))
    );
    (4..=7).for_each(|number| walk(&mut history, number));
    close(&mut history, 7);
    assert_eq!(buy(&mut history), Err(StreakRefusal::Full), "one is earned");
    let charged = history.told().into_iter().filter(|fact| {
        matches!(fact, FactKind::Account(AccountFact::TokensCharged { code, .. }) if code == "freeze")
    });
    assert_eq!(charged.count(), 1);
    let revenue = history
        .transfers()
        .into_iter()
        .filter(|t| t.credit == "revenue/300");
    assert_eq!(revenue.map(|t| t.amount_micro).sum::<i64>(), 200 * TOKEN);
}

#[test]
fn a_streak_without_instruments_has_none() {
    let mut history = person(Definition::default());
    (1..=8).for_each(|number| walk(&mut history, number));
    close(&mut history, 9);
    assert_eq!(
        (freezes(&history), statuses(&history, 9)),
        (vec![], [Missed])
    );
    let id = goal("g");
    assert_eq!(
        history.user.may_buy_freeze(&id),
        Err(StreakRefusal::NotAllowed)
    );
    let repair = history.user.may_repair(&id, (day(9), true), history.now_ms);
    assert_eq!(repair, Err(StreakRefusal::NotAllowed));
}

#[test]
fn a_missed_weekend_passes_twice_in_28_days_and_before_any_freeze() {
    let definition = Definition {
        weekend_pass: true,
        ..freezing()
    };
    let mut history = person(definition);
    // The 7th and 8th are a weekend, and so are the 14th and 15th.
    (1..=5).for_each(|number| walk(&mut history, number));
    (8..=12).for_each(|number| walk(&mut history, number));
    close(&mut history, 15);
    assert_eq!(day(6), date("2016-05-07"));
    assert_eq!(statuses(&history, 6), [Pass, Pass, Met]);
    assert_eq!(statuses(&history, 13), [Frozen, Missed, Missed]);
    assert_eq!(freezes(&history).len(), 2, "one earned, one used");
    let view = history.user.streak_view(&goal("g"), None, history.now_ms);
    assert_eq!(view.unwrap().inventory.passes, 0);
}

#[test]
fn a_near_miss_passes_only_where_that_was_asked_for() {
    let near = |near_miss| {
        let mut history = person(Definition {
            near_miss,
            ..Definition::default()
        });
        walk(&mut history, 1);
        history.wait_until(noon(2));
        history.send(1, vec![says(2, 1, 950)]);
        history.wait_until(noon(3));
        history.send(1, vec![says(3, 1, 949)]);
        close(&mut history, 3);
        statuses(&history, 2)
    };
    assert_eq!(near(true), [Pass, Missed]);
    assert_eq!(near(false), [Missed, Missed]);
}

fn repairing(repair: Repair) -> Definition {
    Definition {
        repair: Some(repair),
        freezes: 0,
        ..paying()
    }
}

#[test]
fn one_missed_day_is_earned_back_by_120_percent_on_both_next_days() {
    let mut history = person(repairing(Repair::EarnBack));
    (1..=4).for_each(|number| walk(&mut history, number));
    close(&mut history, 5);
    let may = |history: &History, paid| {
        history
            .user
            .may_repair(&goal("g"), (day(5), paid), history.now_ms)
    };
    assert_eq!(
        may(&history, true),
        Err(StreakRefusal::NotAllowed),
        "no tokens"
    );
    assert_eq!(may(&history, false), Err(StreakRefusal::NotEarned));
    history.wait_until(noon(6));
    history.send(1, vec![says(6, 1, 1_200)]);
    history.wait_until(noon(7));
    history.send(1, vec![says(7, 1, 1_199)]);
    assert_eq!(may(&history, false), Err(StreakRefusal::NotEarned));
    history.send(1, vec![steps(100, noon(7) - 3 * HOUR_MS, 1, 1)]);
    assert_eq!(may(&history, false), Ok(()));
    let spent = history
        .transfers()
        .into_iter()
        .filter(|t| t.debit.ends_with("available"));
    assert_eq!(spent.count(), 0);
}

#[test]
fn a_repair_has_72_hours_costs_500_tokens_and_comes_once_in_30_days() {
    let mut history = person(repairing(Repair::EarnBackOrTokens));
    (1..=7).for_each(|number| walk(&mut history, number));
    close(&mut history, 8);
    let may = |history: &History, number, now_ms| {
        history
            .user
            .may_repair(&goal("g"), (day(number), true), now_ms)
    };
    let closed_ms = history.now_ms;
    assert_eq!(may(&history, 8, closed_ms + 72 * HOUR_MS), Ok(()));
    assert_eq!(
        may(&history, 8, closed_ms + 72 * HOUR_MS + 1),
        Err(StreakRefusal::Late)
    );
    assert_eq!(may(&history, 7, closed_ms), Err(StreakRefusal::NotMissed));
    close(&mut history, 9);
    assert_eq!(may(&history, 8, history.now_ms), Err(StreakRefusal::NotOne));
    history.send(1, vec![says(9, 1, 1_000)]);
    let before = history.user.available_micro;
    let (id, paid) = (goal("g"), true);
    history.input(UserInput::Repair {
        goal: id,
        day: day(8),
        paid,
    });
    assert_eq!(before - history.user.available_micro, 500 * TOKEN);
    assert_eq!(
        (statuses(&history, 8), count(&history)),
        ([Repaired, Met], 8)
    );
    walk(&mut history, 10);
    close(&mut history, 11);
    assert_eq!(
        may(&history, 11, history.now_ms),
        Err(StreakRefusal::Repaired)
    );
}

#[test]
fn paused_days_are_neutral_and_a_pause_is_told_when_it_ends() {
    let mut history = person(Definition::default());
    (1..=2).for_each(|number| walk(&mut history, number));
    assert_eq!(
        history.user.may_pause((day(2), day(4)), history.now_ms),
        Err(PauseRefusal::Met)
    );
    let (from, to) = (day(3), day(5));
    history.input(UserInput::Pause { from, to });
    walk(&mut history, 4);
    walk(&mut history, 6);
    close(&mut history, 6);
    assert_eq!(statuses(&history, 2), [Met, Paused, Paused, Paused, Met]);
    assert_eq!(count(&history), 3);
    let pauses = history.told().into_iter().filter_map(|fact| match fact {
        FactKind::Streak(StreakFact::Pause { change, from, to }) => Some((change, from, to)),
        _ => None,
    });
    let wanted = [
        (PauseChange::Started, from, to),
        (PauseChange::Ended, from, to),
    ];
    assert_eq!(pauses.collect::<Vec<_>>(), wanted);
}

/// Model and core once disagreed: on a rest day there is no goal, so none is met.
#[test]
fn a_pause_may_begin_on_a_rest_day_whatever_was_walked() {
    let mut history = person(Definition::default());
    history.input(UserInput::PutRestDay(day(2)));
    walk(&mut history, 2);
    let pause = history.user.may_pause((day(2), day(4)), history.now_ms);
    assert!(pause.is_ok_and(|pause| pause.at_once));
}

#[test]
fn a_pause_that_is_ended_ends_with_the_day_and_a_planned_one_is_cancelled() {
    let mut history = person(Definition::default());
    walk(&mut history, 1);
    history.input(UserInput::Pause {
        from: day(3),
        to: day(9),
    });
    history.input(UserInput::EndPause);
    assert!(history.user.pause_view(history.now_ms).is_none());
    history.input(UserInput::Pause {
        from: day(3),
        to: day(9),
    });
    history.wait_until(noon(4));
    history.input(UserInput::EndPause);
    close(&mut history, 6);
    assert_eq!(
        statuses(&history, 2),
        [Missed, Paused, Paused, Missed, Missed]
    );
}

#[test]
fn a_milestone_is_not_paid_twice_for_a_run_whose_start_was_moved() {
    let mut history = person(paying());
    history.hello(2, DeviceClass::Phone, None);
    history.wait_until(noon(1));
    history.send(2, vec![says(1, 1, 1_000)]);
    (2..=3).for_each(|number| walk(&mut history, number));
    close(&mut history, 3);
    // The watch takes the first day back; a fourth comes, and then the first day again.
    let still = Record {
        worn: Some(true),
        ..says(1, 1, 0)
    };
    history.send(1, vec![still]);
    walk(&mut history, 4);
    close(&mut history, 4);
    assert_eq!(count(&history), 3);
    history.send(2, vec![steps(100, noon(1) - 4 * HOUR_MS, 60, 1_000)]);
    assert_eq!(count(&history), 4);
    assert_eq!(milestones(&history), [(3, day(1), day(3))]);
}

#[test]
fn a_changed_setting_pays_nothing_anew_and_holds_for_what_is_set_from_then_on() {
    let mut history = person(paying());
    (1..=3).for_each(|number| walk(&mut history, number));
    close(&mut history, 3);
    let paid = |history: &History| {
        let paid = history
            .transfers()
            .into_iter()
            .filter(|t| t.code == "streak");
        paid.map(|t| t.amount_micro / TOKEN).collect::<Vec<_>>()
    };
    assert_eq!(paid(&history), [300]);
    let amounts = Amounts([TOKEN; 8]);
    history.put_goal_with(
        1_001,
        Definition {
            amounts,
            ..paying()
        },
    );
    (4..=7).for_each(|number| {
        history.wait_until(noon(number));
        history.send(1, vec![says(number, 1, 1_001)]);
    });
    close(&mut history, 7);
    assert_eq!(paid(&history), [300, 1]);
}
