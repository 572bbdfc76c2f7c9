//! The terms of a challenge (domain.md 5.1): on whose clock its dates are, and which minutes of a member count by it.

use proptest::prelude::*;
use streakline_core::{
    calendar::Calendar,
    civil::{Day, HOUR_MS, MINUTE_MS},
    definition::{Clock, Definition, Evidence, LateJoin},
    id::ChallengeId,
    input::UserInput,
    manual::ManualPolicy,
    record::Record,
    sample::{DeviceClass, Method},
    zone::Zones,
};

use crate::{
    challenges::{standing, walk, window},
    history::{History, steps},
    places::{Places, at, date},
    random::{DEVICES, bound, copies},
    reference,
};

const ID: ChallengeId = ChallengeId([7; 16]);

fn clock(name: &str, starts: Day) -> Clock {
    match name {
        "user_local" => Clock::UserLocal,
        "utc" => Clock::Utc,
        name => Clock::of_zone(&Places::new().zone(name).unwrap(), starts),
    }
}

fn on_clock(name: &str, (starts, ends): (&str, &str)) -> Definition {
    Definition {
        clock: clock(name, date(starts)),
        ..window(starts, ends)
    }
}

fn person(created: &str, zone: &str) -> History {
    History::with_watch(at(created), zone)
}

#[test]
fn a_clock_that_all_share_cuts_a_members_day_by_the_minute() {
    let mut history = person("2026-05-01T12:00-7", "America/Los_Angeles");
    history.enrol(7, &on_clock("utc", ("2026-05-03", "2026-05-03")));
    assert_eq!(standing(&history), (0, at("2026-05-03T00:00Z")));
    walk(&mut history, 1, "2026-05-02T16:50-7", 20);
    assert_eq!(standing(&history), (1_000, at("2026-05-02T17:09-7")));
    walk(&mut history, 2, "2026-05-03T16:50-7", 20);
    assert_eq!(standing(&history), (2_000, at("2026-05-03T16:59-7")));
    let definition = &history.user.enrolments[&ID].definition;
    assert_eq!(definition.started_ms(), at("2026-05-03T00:00Z"));
    assert_eq!(definition.ends_at_ms(), at("2026-05-04T00:00Z"));
}

#[test]
fn the_cap_of_a_day_is_that_of_a_date_of_the_clock() {
    let mut history = person("2026-05-01T12:00-7", "America/Los_Angeles");
    let capped = Definition {
        per_day_cap: Some(2_500),
        ..on_clock("utc", ("2026-05-03", "2026-05-04"))
    };
    history.enrol(7, &capped);
    // 2026-05-03 at UTC is 17:00 of the 2nd to 17:00 of the 3rd.
    walk(&mut history, 1, "2026-05-02T18:00-7", 20);
    walk(&mut history, 2, "2026-05-03T10:00-7", 20);
    assert_eq!(standing(&history), (2_500, at("2026-05-03T10:04-7")));
    walk(&mut history, 3, "2026-05-03T18:00-7", 20);
    assert_eq!(standing(&history).0, 4_500, "another date, the same day");
    // Late steps of the day before use the cap up sooner.
    history.send(1, vec![steps(0, at("2026-05-02T20:00-7"), 20, 2_000)]);
    assert_eq!(standing(&history), (4_500, at("2026-05-03T18:19-7")));
    let held = &history.user.enrolments[&ID];
    let days: Vec<(i64, i64)> = held.days.values().copied().collect();
    assert_eq!(
        days,
        [
            (2_500, at("2026-05-02T20:04-7")),
            (2_000, at("2026-05-03T18:19-7"))
        ]
    );
}

#[test]
fn a_later_day_follows_also_where_its_minutes_are_not_at_hand() {
    let mut history = person("2026-05-01T12:00-7", "America/Los_Angeles");
    let capped = Definition {
        per_day_cap: Some(2_500),
        ..on_clock("utc", ("2026-05-03", "2026-05-09"))
    };
    history.enrol(7, &capped);
    walk(&mut history, 1, "2026-05-03T10:00-7", 20);
    for (id, day) in (2..).zip(["2026-05-04T01", "2026-05-05T01", "2026-05-05T20"]) {
        walk(&mut history, id, &format!("{day}:00-7"), 1);
    }
    history.snapshot();
    let third = date("2026-05-03");
    assert!(history.user.days[&third].is_cold());
    history.send(1, vec![steps(0, at("2026-05-02T20:00-7"), 20, 2_000)]);
    let days = &history.user.enrolments[&ID].days;
    assert_eq!(days[&date("2026-05-02")].0, 2_000);
    assert_eq!(days[&third], (500, at("2026-05-03T10:04-7")));
    assert_eq!(standing(&history).0, 2_800);
}

#[test]
fn a_named_zone_has_its_own_midnights_wherever_the_member_is() {
    let mut history = person("2026-10-23T12:00+9", "Asia/Tokyo");
    history.enrol(7, &on_clock("Europe/Berlin", ("2026-10-25", "2026-10-25")));
    let definition = history.user.enrolments[&ID].definition.clone();
    assert_eq!(
        definition.ends_at_ms() - definition.started_ms(),
        25 * HOUR_MS
    );
    walk(&mut history, 1, "2026-10-25T06:50+9", 20);
    assert_eq!(
        standing(&history).0,
        1_000,
        "midnight in Berlin is 07:00 in Tokyo"
    );
    history.zone("America/New_York");
    walk(&mut history, 2, "2026-10-25T18:55-4", 10);
    assert_eq!(standing(&history).0, 1_500, "it ends at 19:00 in New York");
}

#[test]
fn a_later_end_on_a_shared_clock_counts_from_the_old_one_on() {
    let mut history = person("2026-05-01T12:00-7", "America/Los_Angeles");
    history.enrol(7, &on_clock("utc", ("2026-05-03", "2026-05-03")));
    walk(&mut history, 1, "2026-05-03T16:50-7", 20);
    assert_eq!(standing(&history).0, 1_000);
    let input = UserInput::Extend {
        challenge: ID,
        join: 1,
        ends: date("2026-05-04"),
    };
    history.input(input);
    assert_eq!(standing(&history), (2_000, at("2026-05-03T17:09-7")));
}

fn prorated((starts, ends): (&str, &str)) -> Definition {
    Definition {
        late: LateJoin::Prorated,
        ..window(starts, ends)
    }
}

#[test]
fn who_joins_late_is_scored_from_the_start_where_the_challenge_says_so() {
    let mut history = person("2026-05-01T12:00Z", "UTC");
    walk(&mut history, 1, "2026-05-02T23:55Z", 10);
    walk(&mut history, 2, "2026-05-04T10:00Z", 10);
    history.enrol(7, &prorated(("2026-05-03", "2026-05-05")));
    assert_eq!(standing(&history), (1_500, at("2026-05-04T10:09Z")));
    walk(&mut history, 3, "2026-05-05T10:00Z", 10);
    assert_eq!(standing(&history), (2_500, at("2026-05-05T10:09Z")));
    let mut other = person("2026-05-01T12:00Z", "UTC");
    other.wait_until(at("2026-05-04T12:00Z"));
    other.enrol(7, &prorated(("2026-05-03", "2026-05-05")));
    assert_eq!(
        standing(&other),
        (0, at("2026-05-03T00:00Z")),
        "also its row"
    );
}

#[test]
fn a_day_that_was_closed_before_the_joining_brings_along_what_it_had_then() {
    let mut history = person("2026-05-01T12:00Z", "UTC");
    walk(&mut history, 1, "2026-05-03T10:00Z", 10);
    history.tick(at("2026-05-07T00:00Z"));
    // Told after the hard close: it is shown, and never scores.
    walk(&mut history, 2, "2026-05-03T12:00Z", 10);
    history.snapshot();
    for (id, day) in (3..).zip(["2026-05-07", "2026-05-08", "2026-05-09", "2026-05-10"]) {
        walk(&mut history, id, &format!("{day}T10:00Z"), 1);
        history.snapshot();
    }
    assert!(history.user.days[&date("2026-05-03")].is_cold());
    history.enrol(7, &prorated(("2026-05-03", "2026-05-12")));
    let held = &history.user.enrolments[&ID];
    assert_eq!(
        held.days[&date("2026-05-03")],
        (1_000, at("2026-05-03T10:09Z"))
    );
    assert_eq!(standing(&history), (1_400, at("2026-05-10T10:00Z")));
}

#[test]
fn typed_in_steps_count_where_the_challenge_takes_any_evidence_and_the_deployment_lets_it() {
    let policies = [
        (ManualPolicy::Exclude, [1_000, 1_000]),
        (ManualPolicy::GoalsOnly, [1_000, 1_500]),
        (ManualPolicy::Include, [1_500, 1_500]),
    ];
    for (policy, wanted) in policies {
        let mut history = History::at(at("2026-05-01T12:00Z")).under(policy);
        history.hello(1, DeviceClass::Watch, Some("UTC"));
        for (challenge, evidence) in [(7, Evidence::Sensed), (8, Evidence::Any)] {
            let definition = Definition {
                evidence,
                ..window("2026-05-03", "2026-05-04")
            };
            history.enrol(challenge, &definition);
        }
        walk(&mut history, 1, "2026-05-03T10:00Z", 10);
        let typed_in = Record {
            method: Method::Manual,
            ..steps(2, at("2026-05-03T12:00Z"), 5, 500)
        };
        history.wait_until(at("2026-05-03T13:00Z"));
        history.send(1, vec![typed_in]);
        let scores = [7, 8].map(|n| history.user.enrolments[&ChallengeId([n; 16])].score);
        assert_eq!(scores, wanted, "{policy:?}");
        let why = history.user.score_why(ChallengeId([8; 16])).unwrap();
        assert_eq!(why.days[0].eligible, wanted[1], "{policy:?}");
    }
}

/// When it joins and what it is enrolled in: hours after the beginning, clock, first date, cap, whether it is scored from the start.
type Joining = (i64, &'static str, i32, (Option<i64>, bool));

/// A sample: device, first minute, minutes, value, whether it is typed in; and when it is told, hours after its end.
type Sent = (usize, i64, i64, i64, bool, i64);

fn any_joining() -> impl Strategy<Value = Joining> {
    let clock = prop_oneof![
        Just("user_local"),
        Just("utc"),
        Just("Europe/Berlin"),
        Just("Pacific/Kiritimati"),
        Just("Pacific/Pago_Pago"),
        Just("America/New_York"),
    ];
    let terms = (prop::option::of(1..8_000_i64), any::<bool>());
    (0..40_i64, clock, -1..2_i32, terms)
}

fn any_sent() -> impl Strategy<Value = Sent> {
    (
        0..DEVICES.len(),
        0..2_i64 * 1_440,
        1..200_i64,
        0..6_000_i64,
        prop::bool::weighted(0.1),
        prop_oneof![2 => Just(0), 1 => 0..20_i64],
    )
}

fn any_trip() -> impl Strategy<Value = (i64, &'static str)> {
    let zone = prop_oneof![
        Just("Asia/Tokyo"),
        Just("America/Los_Angeles"),
        Just("Pacific/Kiritimati"),
        Just("Pacific/Pago_Pago"),
        Just("Europe/Berlin"),
    ];
    (0..50 * 60_i64, zone)
}

fn beginning_ms() -> i64 {
    at("2026-10-24T00:00+2")
}

/// What happens at an instant.
enum Event {
    Sample(u8, Record),
    Zone(&'static str),
    Join,
}

/// Plays everything in order of time, all of it before any day is hard-closed.
fn live(
    definition: &Definition,
    joined_h: i64,
    sent: &[Sent],
    trips: &[(i64, &'static str)],
) -> History {
    let mut events = vec![(beginning_ms() + joined_h * HOUR_MS, Event::Join)];
    for (number, (device, minute, minutes, value, manual, told_h)) in (1..).zip(sent) {
        let start_ms = beginning_ms() + minute * MINUTE_MS;
        let method = if *manual {
            Method::Manual
        } else {
            Method::Auto
        };
        let record = Record {
            method,
            ..steps(number, start_ms, *minutes, *value)
        };
        let at_ms = record.end_ms + told_h * HOUR_MS;
        events.push((at_ms, Event::Sample(DEVICES[*device].0, record)));
    }
    let trips = trips.iter();
    events.extend(
        trips.map(|(minute, zone)| (beginning_ms() + minute * MINUTE_MS, Event::Zone(zone))),
    );
    events.sort_by_key(|(at_ms, _)| *at_ms);
    let mut history = History::at(beginning_ms());
    for (number, class) in DEVICES {
        history.hello(number, class, Some("Europe/Berlin"));
    }
    for (number, (at_ms, event)) in events.into_iter().enumerate() {
        history.wait_until(at_ms);
        match event {
            Event::Sample(device, record) => drop(history.send(device, vec![record])),
            // Too many of them are refused.
            Event::Zone(zone) => drop(history.move_to(zone, at_ms)),
            Event::Join => history.enrol(7, definition),
        }
        match number % 5 {
            2 => history.snapshot(),
            4 => history.crash(),
            _ => {}
        }
    }
    history
}

/// The window of a member, from the zones of the member or of the clock: its dates with their first and last instants.
fn dates(history: &History, definition: &Definition) -> Vec<(i64, i64)> {
    let calendar = match definition.clock.name() {
        "user_local" => history.user.calendar().clone(),
        "utc" => Calendar::new(Places::new().zone("UTC").unwrap()),
        name => Calendar::new(Places::new().zone(name).unwrap()),
    };
    let days = (definition.starts.0..=definition.ends.0).map(Day);
    days.map(|day| (calendar.start_ms(day), calendar.end_ms(day)))
        .collect()
}

/// What the minutes inside of the member's window come to under the cap of each date, and when.
fn wanted(history: &History, definition: &Definition, joined_ms: i64) -> (i64, i64) {
    let calendar = history.user.calendar();
    let known = (calendar, history.rules.manual_policy);
    let days = reference::days(&copies(history), &bound(), known);
    let minutes = days.values().flat_map(|totals| &totals.paid);
    let minutes: Vec<(i64, i64)> = minutes
        .map(|(minute, value)| (i64::from(*minute) * MINUTE_MS, i64::from(*value)))
        .collect();
    let dates = dates(history, definition);
    let begins_ms = dates[0].0;
    let joined_ms = match definition.late {
        LateJoin::Prorated => begins_ms,
        _ => joined_ms - joined_ms.rem_euclid(MINUTE_MS),
    };
    let longest_ms = if definition.clock == Clock::UserLocal {
        (dates.len() as i64 * 1_440 + 120) * MINUTE_MS
    } else {
        i64::MAX - begins_ms
    };
    let (mut score, mut achieved_ms) = (0, begins_ms.max(joined_ms));
    for (from_ms, to_ms) in dates {
        let mut room = definition.per_day_cap.unwrap_or(i64::MAX);
        let span = from_ms.max(joined_ms)..to_ms.min(begins_ms + longest_ms);
        for (at_ms, value) in minutes.iter().filter(|(at_ms, _)| span.contains(at_ms)) {
            let taken = room.min(*value);
            if taken > 0 {
                (score, achieved_ms) = (score + taken, *at_ms);
                room -= taken;
            }
        }
    }
    (score, achieved_ms)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// T5.4
    #[test]
    fn t5_4_no_minute_outside_of_the_members_window_scores_and_every_one_inside_does(
        (joined_h, clock_name, starts, (cap, from_start)) in any_joining(),
        sent in prop::collection::vec(any_sent(), 1..30),
        trips in prop::collection::vec(any_trip(), 0..3),
    ) {
        let starts = date("2026-10-24").plus(starts);
        let definition = Definition {
            clock: clock(clock_name, starts),
            per_day_cap: cap,
            late: if from_start { LateJoin::Prorated } else { LateJoin::Yes },
            ..window(&starts.iso(), &starts.plus(1).iso())
        };
        let history = live(&definition, joined_h, &sent, &trips);
        let held = &history.user.enrolments[&ID];
        let found = (held.score, held.achieved_at_ms);
        prop_assert_eq!(found, wanted(&history, &definition, held.joined_ms));
    }
}

#[test]
fn a_definition_that_was_written_before_there_were_clocks_is_each_members_own() {
    /// The members that a definition had then.
    #[derive(minicbor::Encode)]
    struct Then {
        #[n(0)]
        title: String,
        #[n(1)]
        metric: streakline_core::metric::Metric,
        #[n(2)]
        starts: Day,
        #[n(3)]
        ends: Day,
        #[n(4)]
        join_opens_ms: Option<i64>,
        #[n(5)]
        late: LateJoin,
        #[n(6)]
        capacity: Option<u32>,
        #[n(7)]
        per_day_cap: Option<i64>,
        #[n(8)]
        finalisation_h: u32,
    }
    let now = window("2026-05-03", "2026-05-04");
    let then = Then {
        title: now.title.clone(),
        metric: now.metric,
        starts: now.starts,
        ends: now.ends,
        join_opens_ms: now.join_opens_ms,
        late: now.late,
        capacity: now.capacity,
        per_day_cap: now.per_day_cap,
        finalisation_h: now.finalisation_h,
    };
    let bytes = minicbor::to_vec(then).unwrap();
    assert_eq!(minicbor::decode::<Definition>(&bytes).unwrap(), now);
}
