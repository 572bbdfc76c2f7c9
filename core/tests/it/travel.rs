//! People who travel: zones told in time and told late, days that stretch, shrink and move, and what pays for them (domain.md 2).

use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    event::FactKind,
    id::ChallengeId,
    input::{NewProfile, UserInput},
    limits,
    period::WeekStart,
    sample::DeviceClass,
    user::zone_admission::{self, ZoneProposal, ZoneRefusal},
    view::{DayPhase, DayStatus},
};

use crate::{
    challenges::window,
    history::{History, goal, steps},
    places::{at, date},
};

fn hours(history: &History, day: &str) -> i64 {
    let day = history.day(date(day));
    (day.end_ms - day.start_ms) / HOUR_MS
}

fn status(history: &History, day: &str) -> Option<DayStatus> {
    history.user.status(&goal("g"), date(day))
}

fn profile(history: &mut History, new: NewProfile) {
    history.input(UserInput::Profile(new));
}

fn score(history: &History, challenge: u8) -> i64 {
    history.user.enrolments[&ChallengeId([challenge; 16])].score
}

/// Says `goal.completed` for each day of the goal, in order.
fn completed(history: &History) -> Vec<Day> {
    let told = history.told().into_iter();
    told.filter_map(|fact| match fact {
        FactKind::GoalCompleted { day, .. } => Some(day),
        _ => None,
    })
    .collect()
}

/// Example a of domain.md 2.5: the zone is set at departure.
#[test]
fn a_flight_west_makes_a_day_of_40_hours_that_feeds_the_goal_and_26_of_them_the_competition() {
    let mut history = History::with_watch(at("2026-05-19T12:00+9"), "Asia/Tokyo");
    history
        .put_goal("g", 2_400, Some(date("2026-05-20")))
        .unwrap();
    history.enrol(1, &window("2026-05-20", "2026-05-20"));
    history.wait_until(at("2026-05-20T17:00+9"));
    history.zone("America/Los_Angeles");
    assert_eq!(hours(&history, "2026-05-20"), 40);
    for hour in 0..40 {
        let start_ms = at("2026-05-20T00:00+9") + hour * HOUR_MS;
        history.wait_until(start_ms + HOUR_MS);
        history.send(1, vec![steps(hour as u64 + 1, start_ms, 60, 60)]);
    }
    let day = history.day(date("2026-05-20"));
    assert_eq!(day.eligible, 2_400);
    assert_eq!(day.goals[0].status, DayStatus::Met);
    assert_eq!(score(&history, 1), 26 * 60);
}

/// Example b: the zone is set at landing.
#[test]
fn a_flight_east_makes_a_day_of_8_hours_that_nobody_can_miss() {
    let mut history = History::with_watch(at("2026-05-08T12:00-7"), "America/Los_Angeles");
    history
        .put_goal("g", 1_000, Some(date("2026-05-10")))
        .unwrap();
    let noon = at("2026-05-10T12:00-7");
    history.wait_until(noon + HOUR_MS);
    history.send(1, vec![steps(1, noon, 10, 1_000)]);
    history.wait_until(at("2026-05-11T16:30+9"));
    history.zone("Asia/Tokyo");
    assert_eq!(hours(&history, "2026-05-11"), 8);
    history.tick(at("2026-05-12T03:00+9"));
    assert_eq!(status(&history, "2026-05-11"), Some(DayStatus::Void));
    let streak = history.user.streak_view(&goal("g"), None, history.now_ms);
    assert_eq!(streak.unwrap().count, 1, "the streak goes on");
    let told_late = |hours: i64| {
        let mut history = History::with_watch(at("2026-05-08T12:00-7"), "America/Los_Angeles");
        history
            .put_goal("g", 1_000, Some(date("2026-05-10")))
            .unwrap();
        let landing = at("2026-05-11T16:30+9");
        history.tick(landing + hours * HOUR_MS);
        history.move_to("Asia/Tokyo", landing).unwrap();
        history.tick(landing + 48 * HOUR_MS);
        status(&history, "2026-05-11")
    };
    // Without the change 05-11 would have ended at midnight in Los Angeles, 23.5 hours after the landing.
    assert_eq!(told_late(23), Some(DayStatus::Void));
    assert_eq!(told_late(24), Some(DayStatus::Missed));
}

/// Example c: Samoa 2011-12-30 does not exist.
#[test]
fn a_date_that_was_jumped_over_is_void() {
    let mut history = History::with_watch(at("2011-12-28T12:00-10"), "Pacific/Apia");
    history
        .put_goal("g", 1_000, Some(date("2011-12-28")))
        .unwrap();
    history.tick(at("2012-01-01T12:00+14"));
    assert_eq!(hours(&history, "2011-12-30"), 0);
    assert_eq!(hours(&history, "2011-12-29"), 24);
    let days = ["2011-12-29", "2011-12-30", "2011-12-31"].map(|day| status(&history, day));
    let wanted = [DayStatus::Missed, DayStatus::Void, DayStatus::Missed];
    assert_eq!(days, wanted.map(Some));
}

/// What other systems lose a streak by: a flight west and one east over a day's border, and the end of summer time.
#[test]
fn a_streak_survives_flights_over_midnight_and_the_end_of_summer_time() {
    let mut history = History::with_watch(at("2026-10-22T12:00+2"), "Europe/Berlin");
    let first = date("2026-10-22");
    history.put_goal("g", 1_000, Some(first)).unwrap();
    let mut id = 0;
    let mut walk = |history: &mut History, at_ms: i64| {
        id += 1;
        history.wait_until(at_ms + 10 * MINUTE_MS);
        assert!(
            history
                .send(1, vec![steps(id, at_ms, 10, 1_000)])
                .is_empty()
        );
    };
    walk(&mut history, at("2026-10-22T20:00+2"));
    // West: at 23:50 in Berlin it is 17:50 in New York, and the 23rd goes on there.
    walk(&mut history, at("2026-10-23T20:00+2"));
    history.wait_until(at("2026-10-23T23:50+2"));
    history.zone("America/New_York");
    walk(&mut history, at("2026-10-24T20:00-4"));
    // East again: at 23:30 of the 24th in New York it is 04:30 of the 25th in Berlin, where the clocks have just gone back.
    history.wait_until(at("2026-10-24T23:30-4"));
    history.zone("Europe/Berlin");
    assert_eq!(hours(&history, "2026-10-25"), 19, "short, and met");
    walk(&mut history, at("2026-10-25T23:40+1"));
    walk(&mut history, at("2026-10-26T00:10+1"));
    history.tick(at("2026-10-30T12:00+1"));
    let streak = history
        .user
        .streak_view(&goal("g"), Some(date("2026-10-26")), history.now_ms);
    let streak = streak.unwrap();
    assert_eq!((streak.count, streak.start), (5, Some(first)));
    assert!(!history.told().iter().any(
        |fact| matches!(fact, FactKind::StreakLost { day, .. } if *day <= date("2026-10-26"))
    ));
}

#[test]
fn a_sample_of_23_59_59_that_arrives_at_00_00_05_counts_for_the_day_that_it_was_made_in() {
    let mut history = History::with_watch(at("2026-05-20T12:00+2"), "Europe/Berlin");
    history.put_goal("g", 50, Some(date("2026-05-20"))).unwrap();
    history.tick(at("2026-05-21T00:00:05+2"));
    let mut sample = steps(1, at("2026-05-20T23:59:59+2"), 1, 60);
    sample.end_ms = sample.start_ms + 1_000;
    history.send(1, vec![sample]);
    assert_eq!(history.day(date("2026-05-20")).eligible, 60);
    assert_eq!(status(&history, "2026-05-20"), Some(DayStatus::Met));
    assert_eq!(history.day(date("2026-05-21")).eligible, 0);
}

/// Instants are integers everywhere; a client that meets second 60 sends it as the last millisecond of second 59.
#[test]
fn a_leap_second_is_the_last_millisecond_of_its_minute() {
    let mut history = History::with_watch(at("2016-12-31T12:00Z"), "UTC");
    history.wait_until(at("2017-01-01T00:01Z"));
    let mut sample = steps(1, at("2016-12-31T23:59:59Z"), 1, 2);
    sample.end_ms = at("2016-12-31T23:59:59.999Z");
    history.send(1, vec![sample]);
    assert_eq!(history.day(date("2016-12-31")).eligible, 2);
    assert_eq!(history.day(date("2017-01-01")).eligible, 0);
}

#[test]
fn a_zone_told_two_days_late_moves_records_statuses_and_scores() {
    let mut history = History::with_watch(at("2026-05-18T12:00+9"), "Asia/Tokyo");
    history
        .put_goal("g", 1_000, Some(date("2026-05-19")))
        .unwrap();
    history.enrol(1, &window("2026-05-20", "2026-05-21"));
    // In Los Angeles it was the evening of the 20th, in Tokyo the morning of the 21st.
    let walk = at("2026-05-20T20:00-7");
    history.wait_until(walk + HOUR_MS);
    history.send(1, vec![steps(1, walk, 10, 1_500)]);
    history.snapshot();
    history.tick(at("2026-05-21T18:00-7"));
    assert_eq!(history.day(date("2026-05-20")).phase, DayPhase::SoftClosed);
    assert_eq!(status(&history, "2026-05-20"), Some(DayStatus::Missed));
    assert_eq!(status(&history, "2026-05-21"), Some(DayStatus::Met));
    assert_eq!(history.day(date("2026-05-21")).records, 1);
    history
        .move_to("America/Los_Angeles", at("2026-05-20T17:00+9"))
        .unwrap();
    let (moved, left) = (
        history.day(date("2026-05-20")),
        history.day(date("2026-05-21")),
    );
    assert_eq!((moved.eligible, moved.records), (1_500, 1));
    assert_eq!((left.eligible, left.records), (0, 0));
    assert_eq!(moved.phase, DayPhase::SoftClosed, "a phase never goes back");
    assert_eq!(status(&history, "2026-05-20"), Some(DayStatus::Met));
    // It goes on in Los Angeles, and what is walked there still counts; but it was closed once.
    assert_eq!(status(&history, "2026-05-21"), Some(DayStatus::Missed));
    assert_eq!(left.end_ms, at("2026-05-22T00:00-7"));
    assert_eq!(score(&history, 1), 1_500);
    let days = &history.user.enrolments[&ChallengeId([1; 16])].days;
    assert_eq!(
        days.keys().copied().collect::<Vec<_>>(),
        [date("2026-05-20")]
    );
    assert_eq!(
        history
            .kept()
            .iter()
            .map(|(day, _)| *day)
            .collect::<Vec<_>>(),
        [date("2026-05-20")]
    );
    let before = history.user.digest();
    history.snapshot();
    history.crash();
    assert_eq!(history.user.digest(), before);
    assert_eq!(history.kept().len(), 1, "the old chunk is gone");
    history.input(UserInput::Tick);
    // A correction finds the record on its new day.
    let mut corrected = steps(1, walk, 10, 900);
    corrected.version = 2;
    history.send(1, vec![corrected]);
    assert_eq!(history.day(date("2026-05-20")).eligible, 900);
    assert_eq!(status(&history, "2026-05-20"), Some(DayStatus::Missed));
}

#[test]
fn minutes_that_move_to_another_day_pay_once() {
    let mut history = History::with_watch(at("2026-05-18T12:00+9"), "Asia/Tokyo");
    let posted = |history: &History, day: &str| history.day(date(day)).posted_micro;
    // 4,000 steps by Tokyo's 20th, 4,000 on its 21st before the 20th ends in Los Angeles.
    history.wait_until(at("2026-05-20T12:00+9"));
    history.send(1, vec![steps(1, at("2026-05-20T10:00+9"), 40, 4_000)]);
    history.wait_until(at("2026-05-21T12:00+9"));
    history.send(1, vec![steps(2, at("2026-05-21T10:00+9"), 40, 4_000)]);
    assert_eq!(posted(&history, "2026-05-20"), 4_000_000);
    history
        .move_to("America/Los_Angeles", at("2026-05-20T17:00+9"))
        .unwrap();
    // The goal of the 20th sees both walks, its tokens only the first: its range was fixed at 03:00 in Tokyo.
    assert_eq!(history.day(date("2026-05-20")).eligible, 8_000);
    assert_eq!(history.day(date("2026-05-20")).pending_micro, 0);
    assert_eq!(history.day(date("2026-05-21")).pending_micro, 4_000_000);
    // What comes late for the first walk pays for the 20th, what comes late for the second for the 21st.
    history.send(1, vec![steps(3, at("2026-05-20T09:00+9"), 10, 1_000)]);
    history.send(1, vec![steps(4, at("2026-05-21T09:00+9"), 10, 500)]);
    history.tick(at("2026-05-25T12:00-7"));
    assert_eq!(posted(&history, "2026-05-20"), 5_000_000);
    assert_eq!(posted(&history, "2026-05-21"), 4_500_000);
    let paid: i64 = history.transfers().iter().map(|t| t.amount_micro).sum();
    assert_eq!(paid, history.user.available_micro);
    assert_eq!(paid, 9_500_000);
}

#[test]
fn a_deadline_that_moves_into_the_past_is_carried_out_with_the_change() {
    let mut history = History::with_watch(at("2026-05-18T12:00-7"), "America/Los_Angeles");
    history
        .put_goal("g", 1_000, Some(date("2026-05-19")))
        .unwrap();
    history.wait_until(at("2026-05-20T01:00-7"));
    history.send(1, vec![steps(1, at("2026-05-20T00:10-7"), 10, 1_200)]);
    // 17:00 of the 20th in Los Angeles: in Tokyo the 20th ended 2 hours before noon there, and closed.
    let told = at("2026-05-20T17:00-7");
    history.wait_until(told);
    assert_eq!(history.day(date("2026-05-20")).phase, DayPhase::Open);
    history
        .move_to("Asia/Tokyo", at("2026-05-19T20:00-7"))
        .unwrap();
    assert_eq!(history.user.soft_closed, date("2026-05-20"));
    let fact = history.facts().pop().unwrap();
    assert_eq!(fact.at_ms, told, "{fact:?}");
    assert_eq!(history.day(date("2026-05-20")).eligible, 1_200);
    assert_eq!(history.day(date("2026-05-20")).posted_micro, 1_200_000);
}

#[test]
fn a_zone_is_refused_out_of_its_time_in_settled_days_and_when_there_are_too_many() {
    let mut history = History::with_watch(at("2026-05-10T12:00Z"), "UTC");
    let now = at("2026-05-20T12:00Z");
    history.tick(now);
    let judge = |history: &History, ms: i64| history.propose("Asia/Tokyo", Some(ms));
    let out_of_time = |judged| matches!(judged, Err(ZoneRefusal::OutOfTime(_)));
    assert!(out_of_time(judge(&history, now - 72 * HOUR_MS - 1)));
    assert!(out_of_time(judge(&history, now + 5 * MINUTE_MS + 1)));
    assert!(judge(&history, now + 5 * MINUTE_MS).is_ok());
    // The 16th was hard-closed when the 20th began.
    let settled = at("2026-05-17T00:00Z");
    assert_eq!(history.user.hard_closed, date("2026-05-16"));
    history.tick(at("2026-05-20T00:00:30Z").max(now));
    history.now_ms = at("2026-05-20T00:00:30Z");
    assert_eq!(
        judge(&history, settled + MINUTE_MS),
        Err(ZoneRefusal::Settled("2026-05-16".into()))
    );
    assert!(judge(&history, settled + MINUTE_MS + 1).is_ok());
    history.now_ms = now;
    assert_eq!(
        history.propose("Mars/Olympus", None),
        Err(ZoneRefusal::Unknown("Mars/Olympus".into()))
    );
    for zone in ["Asia/Tokyo", "Asia/Kolkata", "UTC"] {
        history.wait_until(history.now_ms + HOUR_MS);
        history.zone(zone);
    }
    history.wait_until(history.now_ms + HOUR_MS);
    let limit = |judged: &Result<_, _>| matches!(judged, Err(ZoneRefusal::Limit(_)));
    assert!(limit(&history.propose("Asia/Tokyo", None)));
    assert_eq!(
        history.propose("UTC", None),
        Ok(None),
        "that one is in force"
    );
    let reviewed = ZoneProposal {
        zone: "Asia/Tokyo".into(),
        effective_ms: None,
        reviewed: true,
    };
    let judged = zone_admission::zone(&history.user, &history.rules, reviewed, history.now_ms);
    assert!(judged.is_ok());
    history.wait_until(now + HOUR_MS + limits::ZONE_CHANGES_WITHIN_MS);
    assert!(history.propose("Asia/Tokyo", None).is_ok());
}

#[test]
fn a_zone_that_nobody_can_have_reached_is_taken_and_flagged() {
    let mut history = History::with_watch(at("2026-05-10T12:00Z"), "Asia/Tokyo");
    // 8,800 km: 8 hours are too few, 9 are enough.
    for (hours, flagged) in [(8, true), (9, false)] {
        let arrival = at("2026-05-10T12:00Z") + hours * HOUR_MS;
        history.wait_until(arrival);
        let new = history
            .propose("America/Los_Angeles", None)
            .unwrap()
            .unwrap();
        assert_eq!(new.flagged, flagged, "after {hours} h");
    }
    history.zone("America/Los_Angeles");
    let told = history.now_ms;
    history.wait_until(told + HOUR_MS);
    history.zone("Asia/Tokyo");
    let view = history.user.profile().unwrap();
    let flags: Vec<bool> = view.zones.iter().map(|change| change.flagged).collect();
    assert_eq!(flags, [false, false, true]);
    let utc = history.propose("UTC", None).unwrap().unwrap();
    assert!(!utc.flagged, "nobody knows where UTC is");
}

#[test]
fn a_zone_from_before_the_user_takes_effect_with_the_users_first_minute() {
    let made = at("2026-05-20T10:30:20Z");
    let mut history = History::at(made);
    history.hello(1, DeviceClass::Watch, None);
    history.wait_until(made + HOUR_MS);
    history.move_to("Asia/Tokyo", made - 5 * HOUR_MS).unwrap();
    let zones = history.user.profile().unwrap().zones;
    let from = zones.iter().map(|change| change.effective_ms);
    assert_eq!(
        from.collect::<Vec<_>>(),
        [i64::MIN, at("2026-05-20T10:30Z")]
    );
    let day = history.day(date("2026-05-20"));
    assert_eq!(
        day.start_ms,
        at("2026-05-20T00:00Z"),
        "the day of creation is whole"
    );
    assert_eq!(day.end_ms, at("2026-05-21T00:00+9"));
}

#[test]
fn of_two_zones_for_one_minute_the_later_accepted_holds() {
    let mut history = History::with_watch(at("2026-05-10T12:00Z"), "UTC");
    let noon = at("2026-05-11T12:00Z");
    history.wait_until(noon + HOUR_MS);
    history.move_to("Asia/Tokyo", noon).unwrap();
    history.move_to("Asia/Kolkata", noon + 59_999).unwrap();
    assert_eq!(history.user.calendar().zone_at(noon).name(), "Asia/Kolkata");
    history.snapshot();
    history.crash();
    assert_eq!(history.user.calendar().zone_at(noon).name(), "Asia/Kolkata");
    assert_eq!(history.user.zone(), "Asia/Kolkata");
}

#[test]
fn a_night_workers_day_ends_at_four_from_tomorrow_on() {
    let mut history = History::with_watch(at("2026-05-10T12:00+2"), "Europe/Berlin");
    let judge = |history: &History, minutes: u16| {
        zone_admission::day_start(&history.user, minutes, history.now_ms)
    };
    assert!(judge(&history, 361).is_err());
    assert_eq!(judge(&history, 0), Ok(None));
    let new = NewProfile {
        day_start_min: judge(&history, 240).unwrap(),
        ..NewProfile::default()
    };
    profile(&mut history, new);
    assert_eq!(hours(&history, "2026-05-10"), 24);
    assert_eq!(hours(&history, "2026-05-11"), 28);
    assert_eq!(hours(&history, "2026-05-12"), 24);
    history.tick(at("2026-05-12T03:30+2"));
    history.send(1, vec![steps(1, at("2026-05-12T01:00+2"), 30, 600)]);
    assert_eq!(history.day(date("2026-05-11")).eligible, 600);
    assert!(judge(&history, 0).is_err(), "once in 30 days");
    history.tick(at("2026-06-08T12:00+2"));
    assert!(judge(&history, 0).is_err(), "from the 9th on: 29 days");
    history.tick(at("2026-06-09T12:00+2"));
    assert_eq!(judge(&history, 0), Ok(Some(0)), "from the 10th on: 30 days");
    let view = history.user.profile().unwrap();
    assert_eq!(view.day_start, (240, Some(date("2026-05-11"))));
    history.snapshot();
    history.crash();
    assert_eq!(hours(&history, "2026-05-11"), 28);
}

#[test]
fn a_week_may_start_on_sunday() {
    let mut history = History::with_watch(at("2026-05-10T12:00Z"), "UTC");
    assert_eq!(history.user.week_starts, WeekStart::Monday);
    let new = NewProfile {
        week_starts: Some(WeekStart::Sunday),
        ..NewProfile::default()
    };
    profile(&mut history, new);
    assert_eq!(
        history.user.profile().unwrap().week_starts,
        WeekStart::Sunday
    );
}

/// T2.6 on both lanes: what a session with a clock 3 hours off sends is shown and never counts.
#[test]
fn three_hours_of_skew_gain_nothing_on_any_lane() {
    let mut history = History::with_watch(at("2026-05-20T12:00Z"), "UTC");
    history.put_goal("g", 1, Some(date("2026-05-20"))).unwrap();
    for (lane, id) in [(0, 1), (1, 2)] {
        let start_ms = at("2026-05-20T10:00Z") + i64::from(lane) * HOUR_MS;
        history.send_on_lane(1, lane, (vec![steps(id, start_ms, 10, 1_000)], true));
    }
    let day = history.day(date("2026-05-20"));
    assert_eq!((day.display, day.eligible), (2_000, 0));
    assert_eq!(status(&history, "2026-05-20"), Some(DayStatus::Pending));
    assert!(completed(&history).is_empty());
}
