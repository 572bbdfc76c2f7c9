//! A user's score in a challenge: what counts, from when, up to when, and when it was reached (domain.md 5.1, 5.2, 6.1).

use streakline_core::{
    civil::MINUTE_MS,
    definition::Definition,
    event::FactKind,
    id::ChallengeId,
    input::{Conclusion, UserInput},
    record::Record,
    sample::DeviceClass,
    user::EnrolmentState,
};

use crate::{
    history::{History, steps},
    places::{at, date},
};

const ID: ChallengeId = ChallengeId([7; 16]);

/// A challenge over these dates without a cap of a day.
pub fn window(starts: &str, ends: &str) -> Definition {
    Definition {
        per_day_cap: None,
        ..Definition::new("Steps", (date(starts), date(ends)))
    }
}

fn person(joined: &str) -> History {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.wait_until(at(joined));
    history
}

/// Walks for some minutes, 100 steps in each, and says so at once.
pub fn walk(history: &mut History, id: u64, start: &str, minutes: i64) {
    history.wait_until(at(start) + minutes * MINUTE_MS);
    history.send(1, vec![steps(id, at(start), minutes, minutes * 100)]);
}

/// Score of challenge 7, and when it was reached.
pub fn standing(history: &History) -> (i64, i64) {
    let held = &history.user.enrolments[&ID];
    (held.score, held.achieved_at_ms)
}

fn told(history: &History) -> Vec<(&'static str, i64)> {
    let name = |fact: &FactKind| match fact {
        FactKind::ChallengeJoined(_) => Some("joined"),
        FactKind::ChallengeStarted(_) => Some("started"),
        FactKind::ChallengeEnded(_) => Some("ended"),
        FactKind::ChallengeSettled { .. } => Some("settled"),
        FactKind::ChallengeCancelled { .. } => Some("cancelled"),
        _ => None,
    };
    let facts = history.facts();
    facts
        .iter()
        .filter_map(|fact| Some((name(&fact.kind)?, fact.at_ms)))
        .collect()
}

#[test]
fn a_row_begins_with_nothing_at_the_start_of_the_window() {
    let mut history = person("2026-05-01T12:00Z");
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    assert_eq!(standing(&history), (0, at("2026-05-03T00:00Z")));
    assert_eq!(history.contributions.len(), 1);
    let mut late = person("2026-05-03T12:34:56Z");
    late.enrol(7, &window("2026-05-03", "2026-05-04"));
    assert_eq!(
        standing(&late),
        (0, at("2026-05-03T12:34Z")),
        "the minute of joining"
    );
}

#[test]
fn a_row_without_steps_follows_the_window_when_the_zone_changes() {
    let mut history = person("2026-05-01T12:00Z");
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    history.zone("Pacific/Auckland");
    assert_eq!(standing(&history), (0, at("2026-05-03T00:00+12")));
    assert_eq!(
        history.contributions.last().unwrap().achieved_at_ms,
        at("2026-05-03T00:00+12")
    );
}

#[test]
fn minutes_count_from_the_one_of_joining_and_inside_the_window_only() {
    let mut history = person("2026-05-03T12:30:30Z");
    walk(&mut history, 1, "2026-05-03T12:00Z", 30);
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    walk(&mut history, 2, "2026-05-03T12:30Z", 30);
    assert_eq!(standing(&history), (3_000, at("2026-05-03T12:59Z")));
    walk(&mut history, 3, "2026-05-04T23:50Z", 20);
    assert_eq!(standing(&history), (4_000, at("2026-05-04T23:59Z")));
    walk(&mut history, 4, "2026-05-05T12:00Z", 20);
    assert_eq!(standing(&history).0, 4_000);
}

#[test]
fn steps_before_the_joining_that_come_later_do_not_count() {
    let mut history = person("2026-05-03T12:30Z");
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    walk(&mut history, 1, "2026-05-03T12:00Z", 60);
    assert_eq!(standing(&history), (3_000, at("2026-05-03T12:59Z")));
}

#[test]
fn achieved_at_is_the_minute_of_the_last_step_that_counts_and_not_of_its_sync() {
    let mut history = person("2026-05-02T12:00Z");
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    walk(&mut history, 1, "2026-05-03T15:00Z", 10);
    assert_eq!(standing(&history), (1_000, at("2026-05-03T15:09Z")));
    history.send(1, vec![steps(0, at("2026-05-03T15:10Z"), 10, 0)]);
    walk(&mut history, 2, "2026-05-03T09:00Z", 10);
    assert_eq!(standing(&history), (2_000, at("2026-05-03T15:09Z")));
}

#[test]
fn a_day_counts_up_to_its_cap_and_is_achieved_when_the_cap_is() {
    let mut history = person("2026-05-02T12:00Z");
    let capped = Definition {
        per_day_cap: Some(1_550),
        ..window("2026-05-03", "2026-05-04")
    };
    history.enrol(7, &capped);
    walk(&mut history, 1, "2026-05-03T10:00Z", 30);
    assert_eq!(standing(&history), (1_550, at("2026-05-03T10:15Z")));
    walk(&mut history, 2, "2026-05-03T18:00Z", 30);
    assert_eq!(standing(&history), (1_550, at("2026-05-03T10:15Z")));
    walk(&mut history, 3, "2026-05-04T10:00Z", 5);
    assert_eq!(standing(&history), (2_050, at("2026-05-04T10:04Z")));
}

#[test]
fn a_competition_of_one_stretched_day_counts_26_hours() {
    let mut history = History::with_watch(at("2026-05-20T00:00+14"), "Pacific/Kiritimati");
    history.enrol(7, &window("2026-05-20", "2026-05-20"));
    history.wait_until(at("2026-05-20T12:00+14"));
    history.zone("Pacific/Honolulu");
    // The day goes on to midnight in Honolulu, 48 hours after it began.
    for (id, hour) in (1..).zip([1, 25, 26, 40]) {
        let start_ms = at("2026-05-20T00:00+14") + hour * 60 * MINUTE_MS;
        history.wait_until(start_ms + 60 * MINUTE_MS);
        history.send(1, vec![steps(id, start_ms, 60, 600)]);
    }
    assert_eq!(history.day(date("2026-05-20")).eligible, 2_400);
    assert_eq!(standing(&history).0, 1_200);
}

#[test]
fn late_steps_count_until_the_hard_close_of_their_day() {
    let mut history = person("2026-05-02T12:00Z");
    history.enrol(7, &window("2026-05-03", "2026-05-09"));
    history.wait_until(at("2026-05-06T23:59:59.999Z"));
    walk(&mut history, 1, "2026-05-03T10:00Z", 10);
    assert_eq!(standing(&history).0, 1_000);
    history.wait_until(at("2026-05-07T00:00Z"));
    walk(&mut history, 2, "2026-05-03T12:00Z", 10);
    assert_eq!(standing(&history).0, 1_000);
    assert_eq!(history.day(date("2026-05-03")).eligible, 2_000);
}

#[test]
fn what_comes_at_the_cut_off_or_later_no_longer_counts() {
    let definition = window("2026-05-03", "2026-05-04");
    let cut_off_ms = definition.settles_at_ms();
    assert_eq!(cut_off_ms, at("2026-05-06T12:00Z"));
    for (sent_ms, score) in [
        (cut_off_ms - 1, 1_000),
        (cut_off_ms, 0),
        (cut_off_ms + 1, 0),
    ] {
        let mut history = person("2026-05-02T12:00Z");
        history.enrol(7, &definition);
        history.wait_until(sent_ms);
        walk(&mut history, 1, "2026-05-04T10:00Z", 10);
        assert_eq!(
            standing(&history).0,
            score,
            "sent {} ms after it",
            sent_ms - cut_off_ms
        );
        assert_eq!(
            history.day(date("2026-05-04")).eligible,
            1_000,
            "the day takes it all the same"
        );
    }
}

#[test]
fn a_correction_lowers_the_score() {
    let mut history = person("2026-05-02T12:00Z");
    history.hello(2, DeviceClass::Phone, None);
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    history.wait_until(at("2026-05-03T20:00Z"));
    history.send(2, vec![steps(1, at("2026-05-03T10:00Z"), 10, 1_000)]);
    history.send(2, vec![steps(2, at("2026-05-03T11:00Z"), 10, 1_000)]);
    let still = Record {
        worn: Some(true),
        ..steps(1, at("2026-05-03T11:00Z"), 10, 0)
    };
    history.send(1, vec![still]);
    assert_eq!(standing(&history), (1_000, at("2026-05-03T10:09Z")));
    let sent: Vec<_> = history.contributions.iter().map(|c| c.score).collect();
    assert_eq!(sent, [0, 1_000, 2_000, 1_000]);
    let versions: Vec<_> = history.contributions.iter().map(|c| c.version).collect();
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_user_is_told_of_joining_start_end_and_settlement() {
    let mut history = person("2026-05-02T00:00Z");
    let definition = window("2026-05-03", "2026-05-04");
    history.enrol(7, &definition);
    history.tick(at("2026-05-10T00:00Z"));
    let conclusion = Conclusion::Settled {
        rank: 1,
        score: 0,
        participants: 3,
        finished_at_ms: None,
        prizes: Vec::new(),
        team: None,
    };
    history.input(UserInput::Conclude {
        challenge: ID,
        join: 1,
        conclusion,
    });
    let times = [
        ("joined", at("2026-05-02T00:00Z")),
        ("started", at("2026-05-02T10:00Z")),
        ("ended", at("2026-05-05T12:00Z")),
        ("settled", at("2026-05-10T00:00Z")),
    ];
    assert_eq!(told(&history), times);
    assert_eq!(history.user.enrolments[&ID].state, EnrolmentState::Settled);
}

fn wait(history: &mut History, challenge: ChallengeId, join: u32) {
    let since_ms = history.now_ms;
    history.input(UserInput::Await {
        challenge,
        join,
        since_ms,
        definition: window("2026-05-03", "2026-05-04"),
    });
}

#[test]
fn who_waits_for_a_place_has_no_score_and_counts_from_the_minute_of_being_taken_in() {
    let mut history = person("2026-05-03T10:00Z");
    wait(&mut history, ID, 1);
    walk(&mut history, 1, "2026-05-03T10:00Z", 10);
    assert_eq!(history.user.contribution(ID), None);
    assert!(history.contributions.is_empty() && told(&history).is_empty());
    assert_eq!(history.user.joined().count(), 0);
    history.wait_until(at("2026-05-03T11:00Z"));
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    assert_eq!(standing(&history), (0, at("2026-05-03T11:00Z")));
    walk(&mut history, 2, "2026-05-03T11:00Z", 10);
    assert_eq!(standing(&history).0, 1_000);
    wait(&mut history, ID, 1);
    assert_eq!(
        standing(&history).0,
        1_000,
        "an old message changes nothing"
    );
}

#[test]
fn who_waited_for_nothing_is_told_so_and_may_join_something_else() {
    let mut history = person("2026-05-02T00:00Z");
    for number in 0..64 {
        assert!(streakline_core::user::admit::may_enrol(&history.user));
        wait(&mut history, ChallengeId([number; 16]), 1);
    }
    assert!(!streakline_core::user::admit::may_enrol(&history.user));
    history.input(UserInput::Conclude {
        challenge: ID,
        join: 1,
        conclusion: Conclusion::NotAdmitted,
    });
    assert_eq!(history.user.enrolments[&ID].state, EnrolmentState::Left);
    let facts = history.facts();
    let last = facts.last().map(|fact| fact.kind.clone());
    assert_eq!(last, Some(FactKind::ChallengeNotAdmitted(ID)));
    assert!(streakline_core::user::admit::may_enrol(&history.user));
}

fn extend(history: &mut History, ends: &str) {
    history.input(UserInput::Extend {
        challenge: ID,
        join: 1,
        ends: date(ends),
    });
}

#[test]
fn a_later_end_scores_the_days_that_were_outside() {
    let mut history = person("2026-05-03T10:00Z");
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    for day in 3..=6 {
        walk(&mut history, day, &format!("2026-05-0{day}T10:00Z"), 10);
    }
    assert_eq!(standing(&history).0, 2_000);
    extend(&mut history, "2026-05-05");
    assert_eq!(standing(&history), (3_000, at("2026-05-05T10:09Z")));
    assert_eq!(history.contributions.last().unwrap().score, 3_000);
    extend(&mut history, "2026-05-05");
    let extended = FactKind::ChallengeExtended {
        challenge: ID,
        ends: date("2026-05-05"),
    };
    let facts = history.facts();
    let told = facts.iter().filter(|fact| fact.kind == extended);
    assert_eq!(told.count(), 1, "told once");
    walk(&mut history, 9, "2026-05-06T12:00Z", 10);
    assert_eq!(
        standing(&history).0,
        3_000,
        "the day after is outside still"
    );
}

#[test]
fn a_later_end_that_comes_after_the_old_cut_off_lets_the_score_go_on() {
    let mut history = person("2026-05-03T10:00Z");
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    history.tick(at("2026-05-06T12:00Z"));
    assert_eq!(history.user.enrolments[&ID].state, EnrolmentState::Frozen);
    extend(&mut history, "2026-05-08");
    assert_eq!(history.user.enrolments[&ID].state, EnrolmentState::Active);
    walk(&mut history, 1, "2026-05-07T10:00Z", 10);
    assert_eq!(standing(&history).0, 1_000);
    history.tick(at("2026-05-10T12:00Z"));
    assert_eq!(history.user.enrolments[&ID].state, EnrolmentState::Frozen);
    let ended = told(&history)
        .into_iter()
        .filter(|(kind, _)| *kind == "ended");
    let times: Vec<_> = ended.map(|(_, at_ms)| at_ms).collect();
    assert_eq!(times, [at("2026-05-05T12:00Z"), at("2026-05-09T12:00Z")]);
}

#[test]
fn one_who_left_and_came_back_counts_from_the_second_joining() {
    let mut history = person("2026-05-03T10:00Z");
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    walk(&mut history, 1, "2026-05-03T10:00Z", 10);
    history.input(UserInput::Withdraw {
        challenge: ID,
        join: 1,
    });
    assert_eq!(history.user.contribution(ID), None);
    walk(&mut history, 2, "2026-05-03T11:00Z", 10);
    history.wait_until(at("2026-05-03T12:00Z"));
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    assert_eq!(standing(&history).0, 0);
    walk(&mut history, 3, "2026-05-03T12:00Z", 10);
    assert_eq!(
        (
            standing(&history).0,
            history.user.contribution(ID).unwrap().join
        ),
        (1_000, 2)
    );
}

#[test]
fn a_cancelled_challenge_counts_no_more_and_leaves_the_board() {
    let mut history = person("2026-05-03T10:00Z");
    history.enrol(7, &window("2026-05-03", "2026-05-04"));
    let conclusion = Conclusion::Cancelled("no prize".into());
    history.input(UserInput::Conclude {
        challenge: ID,
        join: 1,
        conclusion,
    });
    walk(&mut history, 1, "2026-05-03T10:00Z", 10);
    assert_eq!(
        (standing(&history).0, history.user.contribution(ID)),
        (0, None)
    );
    assert_eq!(told(&history).last().unwrap().0, "cancelled");
}

#[test]
fn an_enrolment_that_is_delivered_days_later_scores_days_that_were_let_go() {
    let mut history = person("2026-05-02T12:00Z");
    for day in 3..=6 {
        walk(&mut history, day, &format!("2026-05-0{day}T10:00Z"), 10);
    }
    history.tick(at("2026-05-07T04:00Z"));
    history.snapshot();
    let enrol = UserInput::Enrol {
        challenge: ID,
        join: 1,
        joined_ms: at("2026-05-02T12:00Z"),
        definition: window("2026-05-03", "2026-05-08"),
    };
    history.input(enrol);
    assert_eq!(standing(&history).0, 4_000);
}

/// Admission refuses such a window; a journal that was tampered with may still have it.
#[test]
fn a_window_that_ends_before_it_starts_scores_nothing() {
    let mut history = person("2026-05-02T12:00Z");
    history.input(UserInput::Enrol {
        challenge: ID,
        join: 1,
        joined_ms: at("2026-05-02T12:00Z"),
        definition: window("2026-05-08", "2026-05-03"),
    });
    assert_eq!(standing(&history).0, 0);
}
