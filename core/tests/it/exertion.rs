//! Challenges that believe workouts with a heart rate alone: which minutes count, in whatever order they become known.

use proptest::prelude::*;
use streakline_core::{
    civil::MINUTE_MS,
    definition::{Definition, Evidence},
    episode::Episode,
    id::{ChallengeId, RecordId},
    metric::Metric,
    record::{Content, Record},
    sample::{DeviceClass, Method},
};

use crate::{
    challenges::window,
    history::{History, steps},
    places::at,
};

const ID: ChallengeId = ChallengeId([7; 16]);
const MORNING: &str = "2026-05-03T08:00Z";

fn definition() -> Definition {
    Definition {
        evidence: Evidence::WorkoutWithHr,
        ..window("2026-05-03", "2026-05-04")
    }
}

fn person() -> History {
    let mut history = History::with_watch(at("2026-05-01T12:00Z"), "UTC");
    history.hello(2, DeviceClass::Chest, None);
    history.enrol(7, &definition());
    history.wait_until(at("2026-05-03T12:00Z"));
    history
}

fn minute(number: i64) -> i64 {
    at(MORNING) + number * MINUTE_MS
}

fn said(id: u64, (start_ms, end_ms): (i64, i64), metric: Metric, content: Content) -> Record {
    Record {
        id: RecordId::Number(id),
        version: 1,
        metric,
        start_ms,
        end_ms,
        offset_s: None,
        content,
        method: Method::Auto,
        worn: None,
    }
}

fn heart(id: u64, number: i64) -> Record {
    let at_ms = minute(number) + 30_000;
    said(
        id,
        (at_ms, at_ms),
        Metric::HEART_RATE,
        Content::Gauge(1_200),
    )
}

fn workout(id: u64, from: i64, to: i64) -> Record {
    let episode = Episode {
        sport: Some("run".into()),
        ..Episode::default()
    };
    let content = Content::Episode(Box::new(episode));
    said(id, (minute(from), minute(to)), Metric::WORKOUT, content)
}

/// Score, and since when.
fn standing(history: &History) -> (i64, i64) {
    let held = &history.user.enrolments[&ID];
    (held.score, held.achieved_at_ms)
}

/// Ten minutes of 100 steps each.
fn walk(history: &mut History) {
    let records = (0..10).map(|number| steps(100 + number as u64, minute(number), 1, 100));
    history.send(1, records.collect());
}

#[test]
fn a_minute_counts_that_a_workout_touches_and_a_heart_beats_in() {
    let mut history = person();
    walk(&mut history);
    assert_eq!(standing(&history).0, 0);
    // Another device measures the heart in minutes 2 to 7, and the workout is of minutes 4 to 8.
    history.send(
        2,
        (2..8).map(|number| heart(number as u64, number)).collect(),
    );
    assert_eq!(standing(&history).0, 0, "no workout yet");
    history.send(1, vec![workout(200, 4, 9)]);
    assert_eq!(standing(&history), (400, minute(7)));
    let why = history.user.score_why(ID).unwrap();
    assert_eq!((why.days[0].eligible, why.days[0].scored), (1_000, 400));
    let gone = Record {
        version: 2,
        content: Content::Deleted,
        ..workout(200, 4, 9)
    };
    history.send(1, vec![gone]);
    assert_eq!(standing(&history).0, 0);
}

#[test]
fn what_is_typed_in_proves_no_workout() {
    for (by_hand, measured) in [
        (workout(200, 0, 10), heart(3, 5)),
        (heart(3, 5), workout(200, 0, 10)),
    ] {
        let mut history = person();
        walk(&mut history);
        let typed = Record {
            method: Method::Manual,
            ..by_hand
        };
        history.send(1, vec![typed, measured]);
        assert_eq!(standing(&history).0, 0);
    }
}

#[test]
fn a_workout_counts_with_the_day_that_it_ends_in() {
    let mut history = person();
    history.wait_until(at("2026-05-04T02:00Z"));
    let midnight = |number: i64| at("2026-05-04T00:00Z") + number * MINUTE_MS;
    for number in -2..2_i64 {
        let id = (10 + number) as u64;
        history.send(1, vec![steps(id, midnight(number), 1, 100)]);
        let at_ms = midnight(number);
        let beat = said(
            id,
            (at_ms, at_ms),
            Metric::HEART_RATE,
            Content::Gauge(1_200),
        );
        history.send(2, vec![beat]);
    }
    let content = Content::Episode(Box::new(Episode {
        sport: Some("run".into()),
        ..Episode::default()
    }));
    let over = said(50, (midnight(-2), midnight(2)), Metric::WORKOUT, content);
    history.send(1, vec![over]);
    assert_eq!(standing(&history), (200, midnight(1)));
}

proptest! {
    /// Steps, readings and workouts may come in any order: the score is what the minutes say that have all three.
    #[test]
    fn the_order_in_which_it_becomes_known_changes_no_score(
        beats in prop::collection::btree_set(0..20_i64, 0..12),
        spans in prop::collection::vec((0..20_i64, 1..8_i64), 0..3),
        order in Just((0..35_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let walked: Vec<i64> = (0..20).filter(|number| number % 3 != 0).collect();
        let mut records: Vec<(u8, Record)> = Vec::new();
        for number in &walked {
            records.push((1, steps(100 + *number as u64, minute(*number), 1, 60)));
        }
        for number in &beats {
            records.push((2, heart(1 + *number as u64, *number)));
        }
        for (place, (from, length)) in spans.iter().enumerate() {
            records.push((1, workout(200 + place as u64, *from, from + length)));
        }
        let mut history = person();
        for at in order.into_iter().filter(|at| *at < records.len()) {
            let (device, record) = &records[at];
            history.send(*device, vec![record.clone()]);
        }
        let sent = records.len().min(35);
        prop_assume!(sent == records.len());
        let counts = |number: &&i64| {
            let within = spans.iter().any(|(from, length)| (*from..from + length).contains(*number));
            within && beats.contains(*number)
        };
        let counted: Vec<i64> = walked.iter().filter(counts).copied().collect();
        let wanted = 60 * counted.len() as i64;
        prop_assert_eq!(standing(&history).0, wanted);
        if let Some(last) = counted.last() {
            prop_assert_eq!(standing(&history).1, minute(*last));
        }
        let again = History::replay(&history.journal, |_| true, |_| false);
        prop_assert_eq!(standing(&again), standing(&history));
    }
}
