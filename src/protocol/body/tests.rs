//! Every body of protocol.md 7, made from a view and compared with the example in the text.

use serde_json::{Value, json};
use streakline_core::{
    attribute,
    event::{self, FactKind, WonPrize},
    goal::Terms,
    id::{DeviceId, OutboxId},
    metric::Metric,
    period::{Period, WeekStart},
    sample::DeviceClass,
    user::ZoneChange,
    view,
};

use super::*;
use crate::protocol::example::*;

fn value(body: &impl Serialize) -> Value {
    serde_json::to_value(body).unwrap()
}

fn zone(name: &str, effective_ms: i64, received_ms: i64, flagged: bool) -> ZoneChange {
    ZoneChange {
        effective_ms,
        zone: name.into(),
        received_ms,
        flagged,
    }
}

#[test]
fn a_user_is_shown_with_every_zone_and_the_one_in_force() {
    let view = view::UserView {
        user: ann(),
        zone: "Europe/Berlin".into(),
        zone_set: true,
        zones: vec![
            zone("Europe/Berlin", i64::MIN, 5, false),
            zone("Asia/Tokyo", 6, 7, true),
        ],
        day_start: (240, Some(date("2016-04-14"))),
        week_starts: WeekStart::Sunday,
        device_order: vec![],
        alias: "Swift Heron".into(),
        hidden: false,
        attributes: [(
            attribute::Name::parse("region").unwrap(),
            attribute::Value::Text("EU".into()),
        )]
        .into_iter()
        .collect(),
        created_ms: 7,
        version: 3,
    };
    let zones = json!([
        {"zone": "Europe/Berlin", "effective_ms": null, "received_ms": 5, "flagged": false},
        {"zone": "Asia/Tokyo", "effective_ms": 6, "received_ms": 7, "flagged": true}]);
    let wanted = json!({"user": "ann", "zone": "Europe/Berlin", "zones": zones, "alias": "Swift Heron",
        "day_start_min": 240, "day_start_from": "2016-04-14", "week_starts": "sunday",
        "device_order": [], "hidden": false, "attributes": {"region": "EU"}, "created_ms": 7});
    assert_eq!(value(&User::from(&view)), wanted);
}

#[test]
fn a_goal_is_shown_as_it_was_put() {
    let view = view::GoalView {
        goal: goal(),
        period: Period::Day,
        week_start: WeekStart::Monday,
        terms: Terms::fixed(Metric::STEPS, 7_500),
        from: date("2016-04-13"),
        until: None,
        today: date("2016-04-12"),
        now: None,
        issued: None,
        streak: streakline_core::streak::Definition::default(),
        version: 1,
    };
    let wanted = json!({"goal": "steps-7500", "metric": "steps", "period": "day", "kind": "static",
        "target": 7500, "from": "2016-04-13", "until": null, "streak": {"freezes": 0, "weekend_pass": false, "near_miss": false, "repair": null}});
    assert_eq!(value(&Goal::from(&view)), wanted);
}

#[test]
fn a_device_shows_where_its_outboxes_go_on() {
    let view = view::DeviceView {
        device: DeviceId::parse("5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11").unwrap(),
        class: DeviceClass::Watch,
        bound_ms: 1,
        last_sample_ms: None,
        metrics: vec![],
        battery: None,
        key: None,
        as_of_ms: 2,
        version: 3,
        resume_after: vec![(OutboxId([0x11; 16]), [170, 0])],
    };
    let wanted = json!({"device": "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11", "class": "watch",
        "bound_ms": 1, "last_sample_ms": null, "metrics": [], "battery": null, "key": null,
        "as_of_ms": 2, "version": 3, "resume_after": [
            {"outbox_id": "11111111-1111-1111-1111-111111111111", "live": 170, "backfill": 0}]});
    assert_eq!(value(&Device::from(&view)), wanted);
}

#[test]
fn a_day_shows_goals_tokens_and_hash() {
    let wanted = json!({"day": "2016-04-13", "start_ms": 1460498400000_i64,
        "end_ms": 1460584800000_i64, "zone": "Europe/Berlin",
        "phase": "open", "display": 10700, "eligible": 8400, "scored": 8400, "records": 1440,
        "metrics": {}, "sleep": null, "workouts": [],
        "goals": [{"goal": "steps-7500", "target": 7500, "progress": 8400, "status": "met",
            "met_at_ms": 1460564280000_i64, "met_at_local": "2016-04-13T18:18"}],
        "tokens": {"pending_micro": 6700000, "posted_micro": 0}, "state_hash": "ab".repeat(32)});
    assert_eq!(value(&Day::from(&day_view())), wanted);
}

#[test]
fn a_streak_shows_its_longest_run_and_the_days_before() {
    let wanted = json!({"goal": "steps-7500", "as_of": "2016-05-11", "count": 12, "with_today": 13,
        "start": "2016-04-01", "longest": {"count": 12, "from": "2016-04-01", "to": "2016-04-12"},
        "provisional": false, "statuses": [{"day": "2016-05-11", "status": "met"}],
        "inventory": {"freezes": 1, "next_freeze_in": 2, "passes": 0, "repairs": 0}});
    assert_eq!(value(&Streak::from(&streak_view())), wanted);
    let none = view::StreakView {
        longest: (0, None),
        start: None,
        ..streak_view()
    };
    let wanted = json!({"count": 0, "from": null, "to": null});
    assert_eq!(value(&Streak::from(&none))["longest"], wanted);
}

#[test]
fn a_transfer_shows_what_makes_it_unique() {
    let transfer = event::Transfer {
        id: [0x8f; 16],
        debit: "treasury/412".into(),
        credit: "user:ann:available".into(),
        amount_micro: 6_700_000,
        code: "steps".into(),
        rule: "steps@1".into(),
        subject: ann(),
        day: date("2016-04-13"),
        cumulative_micro: 6_700_000,
        evidence: [1; 32],
        event_seq: 44,
        created_ms: 5,
        goal: None,
        opens: 0,
        challenge: None,
    };
    let wanted = json!({"id": "8f".repeat(16), "debit": "treasury/412",
        "credit": "user:ann:available", "amount_micro": 6700000, "code": "steps",
        "rule": "steps@1", "day": "2016-04-13", "key": ["steps", "ann", "2016-04-13", 6700000],
        "evidence": "01".repeat(32), "event_seq": 44, "created_ms": 5});
    assert_eq!(value(&Transfer::from(&transfer)), wanted);
}

#[test]
fn a_challenge_shows_its_definition_and_its_instants() {
    let wanted = json!({"id": CHALLENGE, "phase": "draft", "title": "April steps", "type": "most",
        "metric": "steps",
        "window": {"clock": "user_local", "starts": "2016-04-13", "ends": "2016-05-11"},
        "join": {"opens_ms": null, "late": "yes"}, "capacity": null, "waitlist": 0, "eligibility": null, "segments": [], "min_participants": null, "evidence": "sensed", "per_day_cap": 30000,
        "finalisation_h": 24, "rewards": [], "campaign": null, "tie_rule": "earliest", "rank_style": "competition",
        "visibility": "participants", "version": 3, "created_ms": 1, "started_ms": null,
        "ends_at_ms": 2, "settles_at_ms": 3});
    assert_eq!(value(&Challenge::from(&challenge_view())), wanted);
}

#[test]
fn an_enrolment_says_whether_the_user_is_in_waits_or_has_left() {
    use view::Membership::{Joined, Left, NotAdmitted, Waiting};
    let shown = |membership| {
        let view = view::EnrolmentView {
            challenge: challenge(),
            user: ann(),
            membership,
            joined_ms: 1,
            counts_from_ms: 2,
            team: None,
        };
        value(&Enrolment::from(&view))
    };
    let mut wanted = json!({"challenge": CHALLENGE, "user": "ann", "state": "left", "joined_ms": 1,
        "counts_from_ms": 2});
    assert_eq!(shown(Left), wanted);
    wanted["state"] = json!("joined");
    assert_eq!(shown(Joined), wanted);
    wanted["state"] = json!("not_admitted");
    assert_eq!(shown(NotAdmitted), wanted);
    (wanted["state"], wanted["place"]) = (json!("waiting"), json!(3));
    assert_eq!(shown(Waiting { place: 3 }), wanted);
}

#[test]
fn a_board_names_users_to_admins_only() {
    let view = board_view();
    let admin = Audience {
        you: None,
        names_users: true,
    };
    let wanted = json!({"challenge": CHALLENGE, "as_of_ms": 1460564281000_i64, "phase": "open", "ranks": "provisional",
        "participants": 22, "metric": "steps", "exact": true, "error_bound": 0, "next_reset_ms": null, "items": [
            {"rank": 1, "ordinal": 1, "score": 65210, "achieved_at_ms": 1460564280000_i64,
             "alias": "Swift Heron", "row": "c81f", "user": "ann", "you": false}], "next": null});
    assert_eq!(value(&Board::of(&view, admin, None)), wanted);

    let you = ann();
    let participant = Audience {
        you: Some(&you),
        names_users: false,
    };
    let row = value(&Row::of(&view.items[0], participant));
    assert_eq!((row.get("user"), &row["you"]), (None, &json!(true)));
}

fn event_of(kind: FactKind) -> Value {
    value(&Event::from(&fact(42, 7, kind)))
}

#[test]
fn events_have_the_names_of_the_protocol() {
    let names = ["goal_completed", "streak_extended", "tokens_posted"];
    for (fact, name) in facts().iter().zip(names) {
        let wanted = json(&fixture(&format!("server/event_{name}")));
        assert_eq!(value(&Event::from(fact)), wanted);
    }
}

/// The names that facts have on the wire.
fn names<const N: usize>(facts: [FactKind; N]) -> [String; N] {
    facts.map(|fact| event_of(fact)["kind"].as_str().unwrap().to_owned())
}

#[test]
fn every_kind_of_fact_about_a_goal_has_its_own_name() {
    let (goal, day) = (goal(), date("2016-04-13"));
    let g = || goal.clone();
    let facts = [
        FactKind::GoalReopened {
            goal: g(),
            day,
            target: 1,
            counted: view::Counted::Days,
        },
        FactKind::StreakCorrected {
            goal: g(),
            day,
            count: 1,
            longest: 1,
        },
        FactKind::StreakLost {
            goal: g(),
            day,
            count: 1,
            longest: 1,
        },
    ];
    let wanted = ["goal.reopened", "streak.corrected", "streak.lost"];
    assert_eq!(names(facts), wanted);
}

#[test]
fn every_kind_of_fact_about_a_challenge_has_its_own_name() {
    let (day, challenge) = (date("2016-04-13"), challenge());
    let facts = [
        FactKind::ChallengeWaitlisted(challenge),
        FactKind::ChallengeNotAdmitted(challenge),
        FactKind::ChallengeJoined(challenge),
        FactKind::ChallengeStarted(challenge),
        FactKind::ChallengeEnded(challenge),
        FactKind::ChallengeExtended {
            challenge,
            ends: day,
        },
        FactKind::ChallengeStageReached {
            challenge,
            stage: 1,
        },
        FactKind::ChallengeTierReached { challenge, tier: 1 },
        FactKind::ChallengeSettled {
            challenge,
            rank: 1,
            score: 2,
            participants: 3,
            finished_at_ms: None,
            team: None,
            measure: streakline_core::definition::Measure::Count,
        },
        FactKind::ChallengeCancelled {
            challenge,
            reason: "rain".into(),
        },
        FactKind::ChallengeVoided {
            challenge,
            reason: "a wrong zone".into(),
        },
        FactKind::PrizeWon(WonPrize {
            challenge,
            reward: 0,
            day,
            amount_micro: 1,
            held_until_ms: None,
            available_micro: 1,
            transfer: [1; 16],
        }),
    ];
    let wanted = [
        "challenge.waitlisted",
        "challenge.not_admitted",
        "challenge.joined",
        "challenge.started",
        "challenge.ended",
        "challenge.extended",
        "challenge.stage",
        "challenge.tier",
        "challenge.settled",
        "challenge.cancelled",
        "challenge.voided",
        "prize.won",
    ];
    assert_eq!(names(facts), wanted);
}

#[test]
fn every_code_of_the_table_is_found_by_its_name() {
    use crate::protocol::error_code::Code;
    for code in Code::ALL {
        assert_eq!(Code::parse(code.name()), Some(code));
        assert!(!code.title().is_empty() && (400..600).contains(&code.status()));
    }
}
