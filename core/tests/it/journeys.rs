//! What holds for every journey (domain.md 2.6): zones that are told late come to what they would have been in time, and whoever
//! flaps between zones gains nothing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use streakline_core::{
    civil::{DAY_MS, Day, HOUR_MS, MINUTE_MS},
    event::FactKind,
    id::ChallengeId,
    input::{NewProfile, UserInput},
    record::Record,
    sample::{DeviceClass, Method},
    user::zone_admission::{self, ZoneProposal},
    view::{DayPhase, DayStatus, DayView},
};

use crate::{
    challenges::window,
    history::{History, goal, steps},
    places::{at, date},
};

const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
];

/// Around the end of summer time in Berlin.
fn beginning_ms() -> i64 {
    at("2026-10-23T09:00+2")
}

/// A batch: when it is sent, how long before that it begins, how many minutes it lasts, in minutes; value; manual.
type Sent = (i64, i64, i64, i64, bool);

/// A zone: from when, and how much later it is told, in minutes.
type Trip = (&'static str, i64, i64);

fn record(number: usize, (at_min, back_min, minutes, value, manual): Sent) -> Record {
    let start_ms = beginning_ms() + (at_min - back_min) * MINUTE_MS;
    Record {
        method: if manual { Method::Manual } else { Method::Auto },
        ..steps(number as u64 % 40, start_ms, minutes, value)
    }
}

/// Plays batches and trips, each trip told `told` minutes after the beginning; `None` where one is not taken.
fn travelled(
    sent: &[Sent],
    trips: &[(i64, &'static str, i64)],
    (snapshots, crash): (bool, bool),
) -> Option<History> {
    let mut history = History::at(beginning_ms());
    for (number, class) in [(1, DeviceClass::Watch), (2, DeviceClass::Phone)] {
        history.hello(number, class, Some("Europe/Berlin"));
    }
    let today = date("2026-10-23");
    history.put_goal("low", 300, Some(today)).unwrap();
    history.put_goal("high", 3_000, Some(today)).unwrap();
    history.enrol(1, &window("2026-10-24", "2026-10-25"));
    let mut batches: Vec<_> = sent.iter().enumerate().collect();
    batches.sort_by_key(|(_, (at_min, ..))| *at_min);
    let mut told: Vec<_> = trips.to_vec();
    told.sort_unstable_by_key(|(told_min, ..)| *told_min);
    let mut told = told.into_iter().peekable();
    let mut travel = |history: &mut History, to_min: i64| {
        while let Some((told_min, zone, from_min)) = told.next_if(|trip| trip.0 <= to_min) {
            history.wait_until(beginning_ms() + told_min * MINUTE_MS);
            history.tick(history.now_ms);
            let from_ms = beginning_ms() + from_min * MINUTE_MS;
            history.move_to(zone, from_ms).ok()?;
            if crash {
                history.crash();
            }
        }
        Some(())
    };
    for (number, batch) in batches {
        travel(&mut history, batch.0)?;
        history.wait_until(beginning_ms() + batch.0 * MINUTE_MS);
        let device = if number % 3 == 0 { 2 } else { 1 };
        history.send(device, vec![record(number, *batch)]);
        if snapshots && number % 2 == 0 {
            history.snapshot();
        }
    }
    travel(&mut history, i64::MAX)?;
    history.tick(beginning_ms() + 10 * DAY_MS);
    Some(history)
}

/// A day without what depends on when it was closed, or on how often it changed.
fn found(view: DayView) -> DayView {
    let mut view = DayView {
        phase: DayPhase::Open,
        scored: 0,
        pending_micro: 0,
        posted_micro: 0,
        version: 0,
        ..view
    };
    for held in &mut view.goals {
        held.status = DayStatus::Pending;
    }
    view
}

/// The zones with the instants from which they hold.
fn changes(history: &History) -> Vec<(&str, i64)> {
    let zones = history.user.zones.iter();
    zones
        .map(|change| (change.zone.as_str(), change.effective_ms))
        .collect()
}

/// A short day is void or missed by when its zone was told, which is not the same here.
fn status(history: &History, id: &str, day: Day) -> Option<DayStatus> {
    let view = history.day(day);
    let short = view.end_ms - view.start_ms < 20 * HOUR_MS;
    let status = history.user.status(&goal(id), day);
    status.map(|status| match status {
        DayStatus::Void if short && view.end_ms > view.start_ms => DayStatus::Missed,
        other => other,
    })
}

fn any_trips() -> impl Strategy<Value = Vec<Trip>> {
    let trip = (
        prop::sample::select(&ZONES[..]),
        1..72 * 60_i64,
        prop_oneof![Just(0), 0..72 * 60_i64],
    );
    prop::collection::vec(trip, 1..4)
}

fn any_sent() -> impl Strategy<Value = Vec<Sent>> {
    let batch = (
        1..100 * 60_i64,
        prop_oneof![1..90_i64, 1..40 * 60_i64],
        1..60_i64,
        0..3_000_i64,
        prop::bool::weighted(0.1),
    );
    let ended =
        |(at, back, minutes, value, manual): Sent| (at, back.max(minutes), minutes, value, manual);
    prop::collection::vec(batch.prop_map(ended), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// A zone that is told up to three days late gives the cells, totals, met minutes and statuses of one told in time.
    #[test]
    fn a_zone_told_late_equals_one_told_in_time(
        sent in any_sent(),
        trips in any_trips(),
        snapshots in any::<bool>(),
        crash in any::<bool>(),
    ) {
        // Two zones of one minute are ordered by acceptance, which differs.
        let distinct: BTreeSet<i64> = trips.iter().map(|(_, from, _)| *from).collect();
        prop_assume!(distinct.len() == trips.len());
        let in_time: Vec<_> = trips.iter().map(|(zone, from, _)| (*from, *zone, *from)).collect();
        let late: Vec<_> = trips.iter().map(|(zone, from, late)| (from + late, *zone, *from)).collect();
        let in_time = travelled(&sent, &in_time, (false, false));
        let late = travelled(&sent, &late, (snapshots, crash));
        let (Some(in_time), Some(late)) = (in_time, late) else {
            // One was told when its day was settled.
            return Ok(());
        };
        // A zone that is in force already is no change, and which is depends on when the others were told.
        prop_assume!(changes(&in_time) == changes(&late));
        let all = in_time.user.days.keys().chain(late.user.days.keys());
        let all: BTreeSet<Day> = all.copied().chain([date("2026-10-24"), date("2026-10-25")]).collect();
        for day in all {
            prop_assert_eq!(found(late.day(day)), found(in_time.day(day)), "{}", day.iso());
            for id in ["low", "high"] {
                prop_assert_eq!(status(&late, id, day), status(&in_time, id, day), "{} {}", id, day.iso());
            }
        }
        for history in [&in_time, &late] {
            let fold = |id: &str| history.user.streak_through(&goal(id), history.user.soft_closed);
            for id in ["low", "high"] {
                prop_assert_eq!(history.user.goals[&goal(id)].streak, fold(id));
            }
        }
    }

    /// Whatever the zones were, each minute pays at most once, and all of them pay what their ranges come to.
    #[test]
    fn tokens_of_moving_days_stay_those_of_their_ranges(sent in any_sent(), trips in any_trips()) {
        let late: Vec<_> = trips.iter().map(|(zone, from, late)| (from + late, *zone, *from)).collect();
        let Some(history) = travelled(&sent, &late, (true, false)) else {
            return Ok(());
        };
        let posted: i64 = history.transfers().iter().map(|transfer| transfer.amount_micro).sum();
        prop_assert_eq!(posted, history.user.available_micro);
        let balance = history.user.balance_view();
        prop_assert_eq!(balance.pending_micro, 0, "all is closed");
        // A thousandth of a token a step is the most that any step is paid.
        let peak: i64 = sent.iter().map(|batch| batch.3).sum();
        prop_assert!(posted <= peak * 1_000);
    }
}

/// Reviewed changes, so that none is refused for their number.
fn flap(history: &mut History, zone: &str, effective_ms: i64) {
    let proposal = ZoneProposal {
        zone: zone.into(),
        effective_ms: Some(effective_ms),
        reviewed: true,
    };
    let judged = zone_admission::zone(&history.user, &history.rules, proposal, history.now_ms);
    if let Ok(zone @ Some(_)) = judged {
        history.input(UserInput::Profile(NewProfile {
            zone,
            ..NewProfile::default()
        }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// T2.3
    #[test]
    fn fifty_changes_of_zone_gain_no_second_met_day_and_no_longer_competition(
        changes in prop::collection::vec((prop::sample::select(&ZONES[..]), 0..10 * 24_i64, 0..70_i64), 50),
        day_start in 0..=360_u16,
    ) {
        let begin = beginning_ms();
        let mut history = History::with_watch(begin, "Europe/Berlin");
        history.put_goal("low", 60, Some(date("2026-10-23"))).unwrap();
        for days in 1..=3_u8 {
            let ends = date("2026-10-25").plus(i32::from(days) - 1);
            history.enrol(days, &window("2026-10-25", &ends.iso()));
        }
        let new = NewProfile { day_start_min: Some(day_start), ..NewProfile::default() };
        history.input(UserInput::Profile(new));
        for hour in 0..10 * 24 {
            history.wait_until(begin + (hour + 1) * HOUR_MS);
            history.send(1, vec![steps(hour as u64, begin + hour * HOUR_MS, 60, 60)]);
            for (zone, _, back) in changes.iter().filter(|(_, at, _)| *at == hour) {
                let since_ms = history.now_ms - back * HOUR_MS;
                flap(&mut history, zone, since_ms);
            }
        }
        history.tick(begin + 20 * DAY_MS);
        let mut met: BTreeMap<Day, u32> = BTreeMap::new();
        for fact in history.told() {
            if let FactKind::StreakExtended { day, .. } = fact {
                *met.entry(day).or_default() += 1;
            }
        }
        prop_assert!(met.values().all(|times| *times == 1), "{met:?}");
        for days in 1..=3_u8 {
            let score = history.user.enrolments[&ChallengeId([days; 16])].score;
            prop_assert!(score <= 1_440 * i64::from(days) + 120, "{score} in {days} days");
        }
        let calendar = history.user.calendar();
        let hours = (-24..20 * 24).map(|hour| begin + hour * HOUR_MS);
        for from_ms in hours {
            for days in 1..=5 {
                let (first, last) = (calendar.day_of(from_ms), calendar.day_of(from_ms + i64::from(days) * DAY_MS));
                prop_assert!(last.since(first) <= days + 2);
            }
        }
    }
}
