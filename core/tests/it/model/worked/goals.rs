//! Goals, streaks and tokens (domain.md 3, 4, 8.2).

use streakline_core::civil::{Day, HOUR_MS};

use super::{WATCH, sent, wearer};
use crate::{
    model::{
        acts::Act,
        adaptive::Adaptive,
        goals::{Kind, Part, Period, Shape},
        records::Sample,
        statuses::Status,
        streaks::{self, Instruments},
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
    let freezes = Instruments {
        freezes: true,
        ..Instruments::default()
    };
    world.instruments.insert("g".into(), freezes);
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
