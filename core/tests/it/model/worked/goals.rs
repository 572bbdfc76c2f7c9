//! Goals, streaks and tokens (domain.md 3, 4, 8.2).

use streakline_core::civil::{Day, HOUR_MS};

use super::{WATCH, sent, wearer};
use crate::{
    model::{
        acts::Act,
        adaptive::Adaptive,
        goals::{Kind, Part, Period, Shape},
        milestones::{Grant, Stage},
        records::Sample,
        statuses::Status,
        streaks::{self, Allowed},
        tokens,
        world::World,
    },
    places::{at, date},
};

#[test]
fn the_percentile_schedule_gives_7_000_limited_to_6_900() {
    let window = [
        4_200, 7_350, 5_100, 8_800, 6_100, 3_900, 7_000, 9_400, 5_600,
    ];
    let figures = Adaptive::default();
    assert_eq!(figures.goal(&window, None), 7_000);
    assert_eq!(figures.goal(&window, Some(6_000)), 6_900);
    assert_eq!(figures.goal(&window[..4], None), 6_000, "too few days");
    assert_eq!(
        figures.goal(&[500; 9], Some(2_100)),
        2_000,
        "the floor wins"
    );
}

#[test]
fn tokens_follow_the_table() {
    let steps = [4_000, 8_000, 12_000, 20_000, 8_400, 8_800];
    let micro = [
        4_000_000, 6_500_000, 8_000_000, 8_700_000, 6_700_000, 6_900_000,
    ];
    assert_eq!(steps.map(tokens::micro), micro);
}

#[test]
fn a_freeze_covers_a_dead_phone_and_returns_when_the_watch_syncs() {
    // domain.md 4.3: Monday met (12), Tuesday frozen, Wednesday met; on Thursday the watch syncs Tuesday.
    let mut world = wearer(at("2026-05-07T06:00Z"), "UTC");
    let goal = Act::PutGoal {
        goal: "g",
        shape: Shape::daily(7_000),
        from: Some(date("2026-05-07")),
    };
    world.act(at("2026-05-07T06:00Z"), &goal);
    let allow = Act::Allow(
        "g",
        Allowed {
            freezes: 2,
            ..Allowed::default()
        },
    );
    world.act(at("2026-05-07T06:00Z"), &allow);
    let walk = |day: Day| {
        Sample::steps(
            day.0 as u64,
            day.utc_ms() + 9 * HOUR_MS,
            day.utc_ms() + 10 * HOUR_MS,
            7_200,
        )
    };
    for day in (date("2026-05-07").0..=date("2026-05-18").0).map(Day) {
        world.act(day.utc_ms() + 11 * HOUR_MS, &sent(WATCH, walk(day)));
    }
    let (tuesday, wednesday) = (date("2026-05-19"), date("2026-05-20"));
    let count = |world: &World| {
        world
            .streak("g", world.last_soft())
            .current
            .map_or(0, |run| run.count)
    };
    world.act(at("2026-05-20T03:00Z"), &Act::Tick);
    assert_eq!(world.status("g", tuesday), Some(Status::Frozen));
    assert_eq!((count(&world), world.instruments["g"].held.len()), (12, 0));
    world.act(at("2026-05-20T11:00Z"), &sent(WATCH, walk(wednesday)));
    world.act(at("2026-05-21T03:00Z"), &Act::Tick);
    assert_eq!(count(&world), 13);
    world.act(at("2026-05-21T09:00Z"), &sent(WATCH, walk(tuesday)));
    assert_eq!(world.status("g", tuesday), Some(Status::Met));
    let held = &world.instruments["g"];
    // The fourteenth met day, known on Thursday, earned a second one.
    assert_eq!((count(&world), held.returned, held.held.len()), (14, 1, 2));
    let fortnight = Grant {
        milestone: 14,
        first: date("2026-05-07"),
        event: wednesday,
        micro: 0,
    };
    assert_eq!(
        world.grants["g"].last(),
        Some(&fortnight),
        "paid on Thursday for Wednesday"
    );
}

#[test]
fn neutral_statuses_leave_the_count_and_the_earliest_of_equals_is_longest() {
    use Status::{Frozen, Met, Missed, Pass, Paused, Pending, Rest, Void};
    let fold = |statuses: &[Status]| streaks::fold((0..).map(Day).zip(statuses.iter().copied()));
    let neutral = fold(&[Met, Rest, Paused, Frozen, Pass, Void, Met, Pending]);
    assert_eq!(neutral.current.unwrap().count, 2);
    let equal = fold(&[Met, Met, Missed, Met, Met, Missed]);
    assert_eq!((equal.current, equal.longest.unwrap().from), (None, Day(0)));
}

/// Walks every day from the creation at 06:00 on the 4th of May (a Monday), a thousand more each day.
fn walker(shape: Shape, from: &str, days: i32) -> World {
    let mut world = wearer(at("2026-05-04T06:00Z"), "UTC");
    let from = Some(date(from));
    world.act(
        at("2026-05-04T06:00Z"),
        &Act::PutGoal {
            goal: "g",
            shape,
            from,
        },
    );
    for n in 0..days {
        let noon_ms = date("2026-05-04").plus(n).utc_ms() + 12 * HOUR_MS;
        let walk = Sample::steps(
            n as u64,
            noon_ms,
            noon_ms + HOUR_MS,
            1_000 * i64::from(n + 1),
        );
        world.act(noon_ms + HOUR_MS, &sent(WATCH, walk));
    }
    world
}

#[test]
fn a_first_partial_week_is_asked_for_its_part() {
    let shape = Shape::of(Period::Week, Kind::Static(20_000));
    let world = walker(shape.clone(), "2026-05-08", 7);
    let week = (date("2026-05-04"), date("2026-05-10"));
    let progress = world.progress("g", week).unwrap()[0];
    // Friday to Sunday: 3 of 7 days.
    assert_eq!(
        (progress.target, progress.progress),
        (8_572, 5_000 + 6_000 + 7_000)
    );
    assert!(progress.met_at_ms.unwrap() < at("2026-05-09T13:00Z"));
    let month = walker(
        Shape::of(Period::Month, Kind::Static(31_000)),
        "2026-05-04",
        5,
    );
    let progress = month
        .progress("g", (date("2026-05-01"), date("2026-05-31")))
        .unwrap()[0];
    assert_eq!((progress.target, progress.progress), (28_000, 15_000));
}

#[test]
fn three_days_of_a_week_are_met_on_the_third() {
    let kind = Kind::DaysOf {
        days: 3,
        each: 3_000,
    };
    let world = walker(Shape::of(Period::Week, kind), "2026-05-04", 7);
    let week = (date("2026-05-04"), date("2026-05-10"));
    let progress = world.progress("g", week).unwrap()[0];
    assert_eq!((progress.target, progress.progress), (3, 5));
    assert_eq!(
        Day::of_utc_ms(progress.met_at_ms.unwrap()),
        date("2026-05-08")
    );
}

#[test]
fn every_weekday_may_have_its_own_target() {
    let kind = Kind::Weekdays([1_000, 2_000, 9_000, 4_000, 5_000, 6_000, 7_000]);
    let world = walker(Shape::of(Period::Day, kind), "2026-05-04", 5);
    let statuses = (0..5).map(|n| world.status("g", date("2026-05-04").plus(n)).unwrap());
    use Status::{Met, Missed};
    assert_eq!(statuses.collect::<Vec<_>>(), [Met, Met, Missed, Met, Met]);
}

#[test]
fn all_parts_are_met_at_the_latest_and_any_at_the_earliest() {
    let part = |target: i64| Part {
        metric: "steps",
        kind: Kind::Static(target),
    };
    for (any, hour) in [(false, "2026-05-04T12:59Z"), (true, "2026-05-04T12:29Z")] {
        let shape = Shape {
            period: Period::Day,
            any,
            parts: vec![part(500), part(1_000)],
        };
        let world = walker(shape, "2026-05-04", 1);
        let day = date("2026-05-04");
        assert_eq!(world.met_at_ms("g", (day, day)), Some(at(hour)));
    }
}

#[test]
fn an_adaptive_goal_is_issued_and_locked_day_by_day() {
    let world = walker(
        Shape::of(Period::Day, Kind::Adaptive(Adaptive::default())),
        "2026-05-04",
        9,
    );
    let issued: Vec<i64> = world.issued.values().copied().collect();
    // Five valid days are closed in the morning of the sixth: 1,000 to 5,000, of which the third is 3,000; 15 % a day.
    let wanted = [
        6_000, 6_000, 6_000, 6_000, 6_000, 5_100, 4_335, 4_985, 5_000,
    ];
    assert_eq!(issued, wanted);
}

/// Meets a goal of 1,000 on each day from the 4th of May (a Monday) but the missed ones, and tells it the same day.
fn meeting(allow: (usize, bool, bool), days: i32, missed: &[i32]) -> World {
    let mut world = walker(Shape::daily(1_000), "2026-05-04", 0);
    let (freezes, weekend_pass, repair) = allow;
    let allow = Act::Allow(
        "g",
        Allowed {
            freezes,
            weekend_pass,
            repair: repair.then_some(false),
            pays: [400; 8],
            ..Allowed::default()
        },
    );
    world.act(at("2026-05-04T06:00Z"), &allow);
    for n in (0..days).filter(|n| !missed.contains(n)) {
        walk(&mut world, n, n, 1_200);
    }
    world
}

/// Tells on day `told`, at 13:00, what was walked on day `n`.
fn walk(world: &mut World, n: i32, told: i32, amount: i64) {
    let noon_ms = |n: i32| date("2026-05-04").plus(n).utc_ms() + 12 * HOUR_MS;
    let sample = Sample::steps(n as u64, noon_ms(n), noon_ms(n) + HOUR_MS, amount);
    world.act(noon_ms(told) + HOUR_MS, &sent(WATCH, sample));
}

fn status(world: &World, n: i32) -> Status {
    world.status("g", date("2026-05-04").plus(n)).unwrap()
}

#[test]
fn at_most_two_weekend_days_of_four_weeks_pass() {
    let world = meeting((0, true, false), 22, &[5, 6, 12, 16]);
    let statuses = [5, 6, 12, 16].map(|n| status(&world, n));
    assert_eq!(
        statuses,
        [Status::Pass, Status::Pass, Status::Missed, Status::Missed]
    );
}

#[test]
fn a_bought_freeze_covers_no_day_before_it_was_bought() {
    let mut world = meeting((2, false, false), 3, &[]);
    world.act(at("2026-05-08T01:00Z"), &Act::BuyFreeze("g"));
    world.act(at("2026-05-08T03:00Z"), &Act::Tick);
    assert_eq!(
        status(&world, 3),
        Status::Missed,
        "Thursday, before the purchase on Friday"
    );
    let mut world = meeting((2, false, false), 3, &[]);
    world.act(at("2026-05-07T23:00Z"), &Act::BuyFreeze("g"));
    world.act(at("2026-05-08T03:00Z"), &Act::Tick);
    assert_eq!(status(&world, 3), Status::Frozen);
}

#[test]
fn one_missed_day_is_repaired_by_the_two_days_after_it() {
    let mut world = meeting((0, false, true), 6, &[3]);
    let day = date("2026-05-07");
    let repair = |paid| Act::Repair {
        goal: "g",
        day,
        paid,
    };
    assert!(world.may_repair("g", day, false), "both have 120 %");
    world.act(world.now_ms, &repair(false));
    assert_eq!(status(&world, 3), Status::Repaired);
    let late = meeting((0, false, true), 9, &[3]);
    assert!(
        !late.may_repair("g", day, true),
        "72 h after its soft close"
    );
    let two = meeting((0, false, true), 6, &[3, 4]);
    assert!(!two.may_repair("g", day, true), "two missed days");
}

#[test]
fn a_pause_and_a_rest_day_are_chosen_before_they_begin() {
    let mut world = meeting((0, false, false), 2, &[]);
    let day = |n: i32| date("2026-05-04").plus(n);
    world.act(world.now_ms, &Act::Pause(day(1), day(4)));
    assert!(!world.is_paused(day(1)), "today's goal is met");
    world.act(world.now_ms, &Act::Pause(day(2), day(3)));
    assert!(!world.is_paused(day(2)), "two days are too few");
    world.act(world.now_ms, &Act::Pause(day(2), day(8)));
    for n in [1, 9, 10, 11] {
        world.act(world.now_ms, &Act::Rest(day(n)));
    }
    world.act(at("2026-05-06T12:00Z"), &Act::EndPause);
    world.act(at("2026-05-16T12:00Z"), &Act::Tick);
    let statuses = [1, 2, 3, 9, 10, 11].map(|n| status(&world, n));
    use Status::{Met, Missed, Paused, Rest};
    assert_eq!(statuses, [Met, Paused, Missed, Rest, Rest, Missed]);
}

#[test]
fn fraud_is_missed_and_an_acquittal_restores_the_streak() {
    let mut world = meeting((2, false, false), 8, &[]);
    let now_ms = at("2026-05-12T06:00Z");
    let count = |world: &World| {
        world
            .streak("g", world.last_soft())
            .current
            .map_or(0, |run| run.count)
    };
    world.act(now_ms, &Act::Verdict(vec![date("2026-05-09")]));
    assert_eq!((status(&world, 5), count(&world)), (Status::Missed, 2));
    world.act(now_ms, &Act::Decide(0, Stage::Appealed));
    walk(&mut world, 8, 8, 1_200);
    world.act(at("2026-05-13T06:00Z"), &Act::Tick);
    assert!(
        world.grants["g"]
            .iter()
            .all(|grant| grant.event < date("2026-05-12")),
        "held back"
    );
    world.act(at("2026-05-13T06:00Z"), &Act::Decide(0, Stage::Acquitted));
    assert_eq!((status(&world, 5), count(&world)), (Status::Met, 9));
}
