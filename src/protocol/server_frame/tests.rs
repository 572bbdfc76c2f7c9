//! Every server frame of the protocol's text, encoded from a view and compared with its fixture.

use std::sync::Arc;

use streakline_core::{
    challenge::delta::Delta,
    event::{BatchOutcome, Judgement},
    sample::{RecordCode, RecordRefusal},
    view::LiveView,
};

use super::*;
use crate::protocol::{
    body::Audience,
    cbor,
    error_code::{Code, Fault},
    example::{self, fixture, json},
};

/// Fails unless the frame is the fixture, in every form.
#[track_caller]
fn assert_is(frame: impl Fn(Form) -> Encoded, name: &str) {
    let wanted = json(&fixture(&format!("server/{name}")));
    for form in Form::ALL {
        assert_eq!(
            said(&frame(form)),
            whole(wanted.clone()),
            "{name} in {form:?}"
        );
    }
}

fn said(frame: &Encoded) -> serde_json::Value {
    match frame {
        Encoded::Text(text) => whole(json(text)),
        Encoded::Binary(bytes) => json(&cbor::json(bytes).unwrap()),
    }
}

/// The compact form writes a whole number as an integer, whatever it was.
fn whole(value: serde_json::Value) -> serde_json::Value {
    json(&cbor::json(&cbor::encode(&value)).unwrap())
}

const LIVE: Credits = Credits {
    credits: 4,
    credit_bytes: 131_072,
};

#[test]
fn a_welcome_says_what_is_in_force() {
    let welcome = Welcome {
        server_time_ms: 1_460_505_600_120,
        user: "ann",
        zone: "Europe/Berlin",
        zone_refused: None,
        session: "1-7",
        resume_after: ResumeAfter {
            live: 170,
            backfill: 0,
        },
        credits: LIVE,
        backfill: WelcomeBackfill {
            credits: Credits {
                credits: 2,
                credit_bytes: 65_536,
            },
            batches_per_min: 50,
        },
        max_records: 500,
        max_bytes: 65_536,
        heartbeat_s: 25,
        events: WelcomeEvents {
            epoch: "k3v9",
            next_seq: 42,
            recovered: true,
        },
    };
    assert_is(|form| form.encode(&welcome), "welcome");
}

#[test]
fn an_ack_lists_what_was_not_plainly_accepted_and_what_has_changed() {
    let detail = "steps -4 is outside 0..1000000";
    let refusal = RecordRefusal::new(RecordCode::Range, detail);
    let outcome = BatchOutcome {
        up_to_seq: 173,
        results: vec![(172, Judgement::Rejected(refusal))],
    };
    let told = vec![
        Change::Day(example::day_topic()),
        Change::Streak(example::streak_view()),
    ];
    let changes = Changes { told, left: 0 };
    let live = |form, changes: &Changes| ack(form, (18, "live"), &outcome, changes, LIVE);
    assert_is(|form| live(form, &changes), "ack");
    let left = Changes { left: 3, ..changes };
    for form in Form::ALL {
        assert_eq!(said(&live(form, &left))["changes_left"], 3);
    }
}

#[test]
fn every_judgement_has_its_status() {
    let outcome = BatchOutcome {
        up_to_seq: 4,
        results: vec![
            (1, Judgement::Duplicate),
            (2, Judgement::StaleVersion),
            (3, Judgement::Clamped),
            (4, Judgement::Quarantined),
            (5, Judgement::Unsigned),
        ],
    };
    let wanted = serde_json::json!([
        {"seq": 1, "status": "duplicate"},
        {"seq": 2, "status": "stale_version"},
        {"seq": 3, "status": "clamped"},
        {"seq": 4, "status": "quarantined", "code": "clock"},
        {"seq": 5, "status": "quarantined", "code": "bad_signature"},
    ]);
    let nothing = Changes::default();
    for form in Form::ALL {
        let frame = ack(form, (1, "backfill"), &outcome, &nothing, LIVE);
        assert_eq!(said(&frame)["results"], wanted);
    }
}

#[test]
fn facts_are_events() {
    let names = ["goal_completed", "streak_extended", "tokens_posted"];
    for (fact, name) in example::facts().iter().zip(names) {
        assert_is(|form| event(form, fact), &format!("event_{name}"));
    }
}

#[test]
fn states_are_the_newest_values_of_their_topics() {
    assert_is(|form| day(form, &example::day_topic()), "state_day");
    assert_is(|form| streak(form, &example::streak_view()), "state_streak");
    assert_is(|form| rank(form, &example::rank_view()), "state_rank");
    assert_is(|form| device(form, &example::device_view()), "state_device");
}

#[test]
fn a_snapshot_holds_all_that_a_client_needs() {
    let (user, view) = (example::ann(), example::snapshot_view());
    assert_is(
        |form| snapshot(form, &user, &view, ("k3v9", 1207)),
        "snapshot",
    );
}

#[test]
fn a_subscription_goes_through_its_three_frames() {
    let subscribed = Subscribed {
        id: 7,
        epoch: "b1",
        offset: 883,
        recovered: true,
    };
    assert_is(|form| form.encode(&subscribed), "subscribed");
    let whole = whole_board(example::live_view(), 884);
    assert_is(|form| whole.frame(form, (7, "b1"), STRANGER), "board");
    assert_is(|form| form.encode(&Unsubscribed { id: 7 }), "unsubscribed");
}

const STRANGER: Audience<'static> = Audience {
    you: None,
    names_users: false,
};

fn whole_board(view: LiveView, offset: u64) -> BoardUpdate {
    BoardUpdate::whole(Arc::new(view), offset, example::BOARD_MS)
}

#[test]
fn a_delta_has_what_changed_and_what_left_since_its_offset() {
    let ann = example::ann();
    let delta = Delta {
        rows: vec![Arc::new(example::row_view())],
        gone: vec!["9a04".into()],
    };
    let update = whole_board(example::live_view(), 885).since(884, delta);
    assert_eq!(update.challenge(), example::challenge());
    let own = Audience {
        you: Some(&ann),
        ..STRANGER
    };
    assert_is(|form| update.frame(form, (7, "b1"), own), "board_delta");
}

#[test]
fn a_board_that_begins_anew_says_when() {
    let view = LiveView {
        next_reset_ms: Some(1_460_592_000_000),
        ..example::live_view()
    };
    let told = said(&whole_board(view, 884).frame(Form::Json, (9, "b1"), STRANGER));
    assert_eq!(told["next_reset_ms"], 1_460_592_000_000_i64);
}

#[test]
fn a_view_with_estimated_ranks_says_so_and_any_other_does_not() {
    let told = |error_bound| {
        let view = LiveView {
            error_bound,
            ..example::live_view()
        };
        said(&whole_board(view, 884).frame(Form::Json, (9, "b1"), STRANGER))
    };
    let estimated = told(Some(12));
    assert_eq!(
        (&estimated["exact"], &estimated["error_bound"]),
        (&false.into(), &12.into())
    );
    assert!(
        ["exact", "error_bound"]
            .iter()
            .all(|name| told(None).get(name).is_none())
    );
}

#[test]
fn a_percentile_is_told_beside_the_own_row() {
    let ann = example::ann();
    let view = LiveView {
        percentile_bp: Some(10_000),
        ..example::live_view()
    };
    let update = whole_board(view, 884);
    let own = Audience {
        you: Some(&ann),
        ..STRANGER
    };
    assert_is(
        |form| update.frame(form, (9, "b1"), own),
        "board_percentile",
    );
}

/// One that is encoded once for many is what it would be if it was encoded for one.
#[test]
fn everybody_gets_the_same_frame_but_for_the_own_row_and_names() {
    let (ann, bob) = (example::ann(), UserId::parse("bob").unwrap());
    let update = whole_board(example::live_view(), 884);
    for form in Form::ALL {
        let seen = |you, names_users| {
            let audience = Audience { you, names_users };
            said(&update.frame(form, (7, "b1"), audience))
        };
        let others = seen(Some(&bob), false);
        assert_eq!(others, seen(None, false));
        assert_eq!(others["rows"][0]["you"], false);
        assert!(others["rows"][0].get("user").is_none());
        let mut own = seen(Some(&ann), false);
        assert_eq!(own["rows"][0]["you"], true);
        own["rows"][0]["you"] = false.into();
        assert_eq!(own, others);
        assert_eq!(seen(Some(&bob), true)["rows"][0]["user"], "ann");
        assert_eq!(
            seen(Some(&bob), false),
            others,
            "names are for admins alone"
        );
    }
}

#[test]
fn small_answers_have_their_form() {
    let pong = Pong {
        id: 1,
        server_time_ms: 1_460_505_600_120,
    };
    assert_is(|form| form.encode(&pong), "pong");
    let authenticated = Authenticated {
        exp_ms: 1_460_592_000_000,
    };
    assert_is(|form| form.encode(&authenticated), "authenticated");
    let bye = Bye {
        code: "draining",
        retry_after_ms: 1500,
    };
    assert_is(|form| form.encode(&bye), "bye");
}

#[test]
fn an_error_echoes_its_cause() {
    let gap = Refusal::new(Code::SeqGap, "expected first_seq 171, got 181");
    let error = Error {
        batch_id: Some(19),
        expected_seq: Some(171),
        ..Error::of(&gap)
    };
    assert_is(|form| form.encode(&error), "error_seq_gap");
    let fault = Fault {
        pointer: "/records".into(),
        code: "bad_frame",
        detail: String::new(),
    };
    let shape = Refusal {
        faults: vec![fault],
        ..Refusal::new(Code::BadFrame, "/records must not be empty")
    };
    let error = Error {
        batch_id: Some(19),
        ..Error::of(&shape)
    };
    assert_is(|form| form.encode(&error), "error_bad_frame");
}

#[test]
fn every_close_reason_fits_a_control_frame() {
    for code in Code::ALL {
        let reason = CloseReason::of(code, Some(u64::MAX)).json();
        assert!(reason.len() <= REASON_BYTES_MAX, "{reason}");
    }
    let slow = CloseReason::of(Code::SlowReader, Some(2000));
    assert_eq!(slow.close, 4413);
    assert_eq!(
        slow.json(),
        r#"{"code":"slow_reader","retry_after_ms":2000}"#
    );
    assert_eq!(CloseReason::SILENT.json(), r#"{"code":"silent_peer"}"#);
    assert_eq!(CloseReason::of(Code::Forbidden, None).close, 4403);
}
