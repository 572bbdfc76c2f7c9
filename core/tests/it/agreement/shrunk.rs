//! Histories in which the model and the core once disagreed, as small as they could be made, with what was decided.

use streakline_core::{civil::HOUR_MS, id::RecordId};

use super::{
    Pair,
    life::{Life, Step},
    random::{Turn, beginning_ms},
};
use crate::model::{
    acts::Act,
    milestones::Stage,
    records::{Class, Sample},
    streaks::Allowed,
};

const WATCH: u8 = 2;
const PHONE: u8 = 3;

fn sent(device: u8, sample: Sample) -> Turn {
    Turn::Act(Act::Records {
        device,
        skewed: false,
        samples: vec![sample],
    })
}

/// An episode without segments, so many minutes from and to the beginning (00:10 in Berlin).
fn episode(id: u64, metric: &'static str, (from, to): (i64, i64)) -> Sample {
    let at_ms = |minute: i64| beginning_ms() + minute * 60_000;
    Sample {
        metric,
        class: Class::Episode,
        value: None,
        ..Sample::steps(id, at_ms(from), at_ms(to), 0)
    }
}

/// Segments that are not there are left out of the payload whose digest decides between two contents (the core wrote an empty list).
#[test]
fn of_two_episodes_under_one_id_the_same_wins_in_both() {
    for (first, second) in [("sleep", "workout"), ("workout", "sleep")] {
        Pair::measure(&[
            Turn::Wait(27 * HOUR_MS),
            sent(WATCH, episode(80, first, (1_208, 1_431))),
            sent(WATCH, episode(80, second, (-73, -72))),
        ]);
    }
}

/// A minute of sleep counts once, in the day of the episode that says it (the core counted it in both).
#[test]
fn a_nap_that_ends_before_midnight_is_not_counted_in_the_night_around_it_too() {
    let night = episode(80, "sleep", (-145, -7));
    let nap = episode(81, "sleep", (-91, -60));
    for device in [WATCH, PHONE] {
        for turns in [
            [(WATCH, &night), (device, &nap)],
            [(device, &nap), (WATCH, &night)],
        ] {
            let mut all = vec![Turn::Wait(2 * HOUR_MS)];
            all.extend(turns.map(|(device, sample)| sent(device, sample.clone())));
            Pair::measure(&all);
        }
    }
    // The phone's sleep ends after midnight, the watch's before it; then the watch's is deleted.
    let mut all = vec![
        Turn::Wait(9 * HOUR_MS),
        sent(PHONE, episode(1, "sleep", (-120, 400))),
        sent(WATCH, episode(1, "sleep", (-300, -30))),
        Turn::Look,
        Turn::Snapshot,
    ];
    let deletion = Sample {
        metric: "sleep",
        class: Class::Episode,
        ..Sample::deletion(1, 2)
    };
    all.push(sent(WATCH, deletion));
    Pair::measure(&all);
}

/// What a long sleep of three days ago took from a night changes with it, though a whole day lies between.
#[test]
fn sleep_that_shares_time_from_day_to_day_is_counted_once_whatever_is_deleted() {
    let day = 1_440;
    let spans = [
        (-day - 200, -300),
        (-400, 800),
        (700, day + 600),
        (day + 500, day + 900),
    ];
    let mut all = vec![Turn::Wait(60 * HOUR_MS)];
    for (number, span) in (0_u8..).zip(spans) {
        let device = if number % 2 == 0 { WATCH } else { PHONE };
        all.push(sent(device, episode(u64::from(number) + 1, "sleep", span)));
        all.extend([Turn::Look, Turn::Snapshot]);
    }
    let deletion = Sample {
        id: RecordId::Number(1),
        metric: "sleep",
        class: Class::Episode,
        ..Sample::deletion(1, 2)
    };
    all.push(sent(WATCH, deletion));
    all.extend([Turn::Look, Turn::Crash, Turn::Look]);
    Pair::measure(&all);
}

/// A deletion says nothing but its version and its metric (the model put the class and the method into its digest).
#[test]
fn of_two_deletions_of_one_version_the_same_wins_in_both() {
    let deletion = |metric| Sample {
        metric,
        class: Class::Gauge,
        ..Sample::deletion(91, 3)
    };
    for (first, second) in [("weight", "heart_rate"), ("heart_rate", "weight")] {
        Pair::measure(&[sent(WATCH, deletion(first)), sent(WATCH, deletion(second))]);
    }
}

/// A batch comes again and its first record, which was ahead of the clock, is taken now and wins: the second, a repeat of what was known,
/// has lost (the core called it a duplicate, as long as no snapshot had been taken).
#[test]
fn a_repeat_behind_a_winner_of_its_own_batch_has_lost() {
    for has_snapshot in [false, true] {
        let at_ms = beginning_ms() + 23 * HOUR_MS;
        let beat = Sample {
            metric: "heart_rate",
            class: Class::Gauge,
            ..Sample::steps(52, at_ms, at_ms, 1_136)
        };
        let walk = Sample::steps(52, beginning_ms() + 1_000, beginning_ms() + 61_000, 90);
        let both = Turn::Act(Act::Records {
            device: WATCH,
            skewed: false,
            samples: vec![beat, walk],
        });
        let mut turns = vec![Turn::Wait(21 * HOUR_MS), both];
        turns.extend(has_snapshot.then_some(Turn::Snapshot));
        turns.extend([Turn::Wait(2 * HOUR_MS), Turn::Repeat(0)]);
        Pair::measure(&turns);
    }
}

/// So many minutes after the beginning, 00:10 of 24 October in Berlin.
fn after(minutes: i64) -> i64 {
    beginning_ms() + minutes * 60_000
}

fn reading(id: u64, span: (i64, i64), value: i64, epoch: &str) -> Sample {
    Sample {
        class: Class::Cumulative,
        epoch: Some(epoch.into()),
        ..Sample::steps(id, span.0, span.1, value)
    }
}

/// A reading at the very instant from which a zone holds moves to the new day with it (the core filed it where it was).
#[test]
fn a_reading_at_the_instant_of_a_change_of_zone_is_in_the_day_that_begins_with_it() {
    let at_ms = after(887);
    Pair::play(&[
        Turn::Wait(at_ms - beginning_ms()),
        sent(WATCH, reading(60, (at_ms, at_ms), 5_913, "boot-1")),
        Turn::Travel("Pacific/Auckland", 0),
    ]);
}

/// A soft close that a change of zone moved into the past is late; the hours after it, at which tokens are posted, are not (the
/// model counted them from when it was carried out).
#[test]
fn increments_strike_by_the_end_of_the_day_also_after_a_late_soft_close() {
    Pair::play(&[
        Turn::Wait(2_670 * 60_000),
        Turn::Travel("Asia/Tokyo", 220 * 60_000),
        sent(WATCH, Sample::steps(1, after(1_440), after(1_460), 2_000)),
        Turn::Wait(20 * 60_000),
        Turn::Look,
    ]);
}

/// Minutes that a zone moved into a day before the one that they pay for pay nothing once that day is hard-closed (the model let
/// them, domain.md 2.3).
#[test]
fn minutes_of_a_hard_closed_day_pay_for_no_other_day() {
    Pair::play(&[
        Turn::Wait(30 * HOUR_MS),
        Turn::Travel("America/New_York", 370 * 60_000),
        Turn::Wait(72 * HOUR_MS),
        sent(WATCH, Sample::steps(1, after(1_440), after(1_441), 100)),
    ]);
}

/// One batch makes one of three days met and another unmet: there never were three (the core judged them one by one, and paid
/// for the run that it saw on the way).
#[test]
fn a_run_that_is_there_only_between_two_days_of_one_batch_is_no_milestone() {
    let of = |samples| {
        Turn::Act(Act::Records {
            device: PHONE,
            skewed: false,
            samples,
        })
    };
    let (first, last) = (after(3_593), after(4_733));
    Pair::play(&[
        Turn::Wait(100 * HOUR_MS),
        of(vec![reading(60, (first, last), 34_918, "boot-2")]),
        Turn::Look,
        of(vec![reading(
            66,
            (after(1_962), after(1_962)),
            15_581,
            "boot-2",
        )]),
        Turn::Look,
    ]);
}

/// A life with some goals, each by its place among the names of lives.
fn lived<const N: usize>(goals: [(usize, Allowed); N], steps: Vec<Step>) {
    let (goals, allowed) = goals.into_iter().unzip();
    Pair::live(&Life {
        goals,
        allowed,
        steps,
    });
}

/// A week that goes on is taken and given back: it counts towards a freeze when it closes (the core counted it at the acquittal).
#[test]
fn a_week_that_an_acquittal_gives_back_counts_towards_a_freeze_when_it_closes() {
    let allowed = Allowed {
        freezes: 2,
        ..Allowed::default()
    };
    let week = [
        Step::Stroll(1, 1_000),
        Step::Other(Turn::Wait(6 * 24 * HOUR_MS)),
    ];
    let mut steps: Vec<Step> = (0..6).flat_map(|_| week.clone()).collect();
    steps.extend([
        Step::Stroll(1, 1_000),
        Step::Other(Turn::Wait(3 * HOUR_MS)),
        Step::Verdict(1, 1),
        Step::Decide(0, Stage::Acquitted),
        Step::Other(Turn::Look),
    ]);
    lived([(4, allowed)], steps);
}

/// Only days can be repaired: the last day of a month is no missed month (the core took it for a month of its own).
#[test]
fn the_last_day_of_a_month_is_no_month_to_repair() {
    let paid_at_once = Allowed {
        pays: [600, 0, 0, 0, 0, 0, 0, 0],
        ..Allowed::default()
    };
    let repairing = Allowed {
        repair: Some(true),
        ..Allowed::default()
    };
    let steps = vec![
        Step::Stroll(8, 1_000),
        Step::Other(Turn::Wait((30 * 24 + 4) * HOUR_MS)),
        Step::Repair(1, 1, true),
    ];
    lived([(0, paid_at_once), (7, repairing)], steps);
}
