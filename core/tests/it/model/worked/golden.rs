//! The golden day (domain.md 13a) with its variations.

use streakline_core::sample::{DeviceClass, Method};

use super::{PHONE, WATCH, hello, minutes, sent, totals, wearer};
use crate::{
    model::{
        acts::{Act, device},
        goals::Shape,
        records::Sample,
        statuses::Status,
        world::World,
    },
    places::{at, date},
};

fn golden(sent_ms: i64, change: impl Fn(&mut Vec<(u8, Sample)>)) -> World {
    let mut world = wearer(at("2026-10-24T12:00+2"), "Europe/Berlin");
    let second = hello(3, DeviceClass::Phone, "Europe/Berlin");
    world.act(at("2026-10-24T13:00+2"), &second);
    let goal = Act::PutGoal {
        goal: "steps",
        shape: Shape::daily(7_000),
        from: Some(date("2026-10-25")),
    };
    world.act(at("2026-10-24T13:00+2"), &goal);
    let manual = Sample {
        method: Method::Manual,
        ..minutes(9, "2026-10-25T18:00+1", 30, 2_000)
    };
    let mut records = vec![
        (WATCH, minutes(2, "2026-10-25T02:10+2", 10, 500)),
        (WATCH, minutes(3, "2026-10-25T02:10+1", 10, 500)),
        (WATCH, minutes(1, "2026-10-25T07:00+1", 40, 4_000)),
        (PHONE, minutes(1, "2026-10-25T07:00+1", 60, 6_600)),
        (WATCH, minutes(4, "2026-10-25T12:00+1", 5, 1_500)),
        (PHONE, manual),
    ];
    change(&mut records);
    for (device, sample) in records {
        let end_ms = sample.span.map_or(sent_ms, |(_, end_ms)| end_ms);
        world.act(sent_ms.max(end_ms).max(world.now_ms), &sent(device, sample));
    }
    world
}

#[test]
fn the_golden_day_has_its_figures() {
    let sunday = date("2026-10-25");
    let mut world = golden(0, |_| {});
    assert_eq!(totals(&world, sunday), (10_700, 8_400));
    let met_at_ms = world.met_at_ms("steps", (sunday, sunday));
    assert_eq!(met_at_ms, Some(at("2026-10-25T06:58Z")));
    world.act(at("2026-10-26T02:59+1"), &Act::Tick);
    assert_eq!(
        (world.earned_micro(sunday), world.posted.get(&sunday)),
        (6_700_000, None)
    );
    assert_eq!(world.status("steps", sunday), Some(Status::Met));
    world.act(at("2026-10-26T03:00+1"), &Act::Tick);
    assert_eq!(world.posted[&sunday], 6_700_000);
    assert_eq!(
        world
            .streak("steps", world.last_soft())
            .current
            .unwrap()
            .count,
        1
    );
}

#[test]
fn the_golden_day_holds_in_all_its_variations() {
    let sunday = date("2026-10-25");
    let reversed = golden(at("2026-10-25T20:00+1"), |records| {
        records.reverse();
        records.extend(records.clone());
    });
    assert_eq!(totals(&reversed, sunday), (10_700, 8_400));
    let deleted = golden(0, |records| records.push((WATCH, Sample::deletion(1, 2))));
    assert_eq!(totals(&deleted, sunday), (11_100, 8_800));
    assert_eq!(deleted.earned_micro(sunday), 6_900_000);
    let again = golden(0, |records| {
        records.push((WATCH, minutes(50, "2026-10-25T07:00+1", 40, 4_000)))
    });
    assert_eq!(totals(&again, sunday), (10_700, 8_400));
    let second = golden(0, |records| {
        records.push((3, minutes(1, "2026-10-25T07:00+1", 60, 14_000)))
    });
    assert_eq!(totals(&second, sunday).1, 8_400);
}

#[test]
fn the_golden_day_sent_late_pays_at_once_and_sent_after_the_hard_close_pays_nothing() {
    let sunday = date("2026-10-25");
    let mut late = golden(at("2026-10-28T12:00+1"), |_| {});
    assert_eq!(totals(&late, sunday), (10_700, 8_400));
    late.act(at("2026-10-29T00:00+1"), &Act::Tick);
    assert_eq!(late.posted[&sunday], 6_700_000);
    let mut later = golden(at("2026-10-30T12:00+1"), |_| {});
    later.act(at("2026-11-02T12:00+1"), &Act::Tick);
    assert_eq!(totals(&later, sunday), (10_700, 8_400));
    assert_eq!(
        (later.posted[&sunday], later.status("steps", sunday)),
        (0, Some(Status::Met))
    );
    assert_eq!(device(WATCH), later.bound[0].0);
}
