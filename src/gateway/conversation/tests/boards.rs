//! What a conversation does about boards: which rows a token may follow, and what it sees of them.

use std::sync::Arc;

use streakline_core::{
    challenge::{friends::Circle, section::Section, segments::Segment},
    id::UserId,
};

use super::*;
use crate::protocol::server_frame::BoardUpdate;

/// A whole view for subscription 7.
fn board() -> Push {
    let view = Arc::new(example::live_view());
    Push::Board {
        id: 7,
        epoch: "b1".into(),
        update: Arc::new(BoardUpdate::whole(view, 884, example::BOARD_MS)),
        untaken: Arc::default(),
    }
}

/// A viewer with that token, welcomed.
fn welcomed(token: &str) -> Talk {
    let mut talk = Talk::with_token(token);
    talk.say(&fixture("client/hello_viewer"));
    talk.push(fake::welcomed());
    talk
}

fn subscribe_to(view: Value) -> Value {
    let mut frame = subscribe(7);
    frame["view"] = view;
    frame
}

#[test]
fn boards_show_users_to_admins_only_and_end_with_the_subscription() {
    for (token, user) in [("ann", Value::Null), ("admin-eve", json!("ann"))] {
        let mut talk = welcomed(token);
        assert_eq!(talk.push(board()), [], "nobody asked");
        talk.say_json(subscribe(7));
        let steps = talk.push(board());
        let row = frame(&steps[0])["rows"][0].clone();
        assert_eq!(row["user"], user);
        assert_eq!(row["you"], token == "ann");
        talk.say_json(json!({"type": "unsubscribe", "id": 7}));
        assert_eq!(talk.push(board()), [], "it was on its way");
    }
}

#[test]
fn what_was_pushed_is_let_go_when_it_is_told() {
    let mut talk = welcomed("ann");
    talk.say_json(subscribe(7));
    let push = board();
    let Push::Board { untaken, .. } = &push else {
        panic!("{push:?} is no board");
    };
    let untaken = untaken.clone();
    assert_eq!(Arc::strong_count(&untaken), 2);
    talk.push(push);
    assert_eq!(Arc::strong_count(&untaken), 1);
}

#[test]
fn a_token_follows_its_own_row_and_an_admins_any() {
    let (own, others) = (json!({"k": 5}), json!({"k": 5, "user": "bob"}));
    let followed = |token: &str, around: &Value| {
        let mut talk = welcomed(token);
        let steps = talk.say_json(subscribe_to(json!({ "around": around })));
        match talk.last_call() {
            Call::Subscribe(wanted) => wanted.section.user().map(|user| user.as_str().to_owned()),
            _ => {
                let error = frame(&steps[0]);
                assert_eq!(
                    (&error["code"], &error["id"]),
                    (&json!("bad_frame"), &json!(7))
                );
                assert_eq!(error["pointer"], "/view/around/user");
                None
            }
        }
    };
    assert_eq!(followed("ann", &own).as_deref(), Some("ann"));
    assert_eq!(
        followed("ann", &json!({"k": 5, "user": "ann"})).as_deref(),
        Some("ann")
    );
    assert_eq!(followed("ann", &others), None);
    assert_eq!(followed("admin-eve", &own).as_deref(), Some("eve"));
    assert_eq!(followed("admin-eve", &others).as_deref(), Some("bob"));
}

#[test]
fn a_subscription_is_handed_on_as_it_was_asked_for() {
    let mut talk = welcomed("ann");
    let asked = |talk: &mut Talk, frame: Value| {
        assert_eq!(talk.say_json(frame), []);
        match talk.last_call() {
            Call::Subscribe(wanted) => wanted,
            call => panic!("{call:?}"),
        }
    };
    let whole = asked(&mut talk, subscribe(7));
    assert_eq!(
        (whole.section, whole.deltas),
        (Section::Top(limits::PAGE_ROWS), false)
    );
    let mut next = |id: u64, view: Value| {
        let mut frame = subscribe_to(view);
        (frame["id"], frame["deltas"]) = (json!(id), json!(true));
        let wanted = asked(&mut talk, frame);
        assert!(wanted.deltas);
        wanted.section
    };
    let score = json!({"around_score": {"score": -5, "k": 50}});
    assert_eq!(next(8, score), Section::AroundScore { score: -5, k: 50 });
    let user = example::ann();
    assert_eq!(
        next(9, json!({"percentile": true})),
        Section::Percentile { user }
    );
    let within = Section::Within {
        segment: Segment::parse("region:EU").unwrap(),
        of: Box::new(Section::Top(10)),
        viewer: Some(example::ann()),
    };
    assert_eq!(next(10, json!({"top": 10, "segment": "region:EU"})), within);
    let friends = ["bob"].map(|name| UserId::parse(name).unwrap());
    let circle = Circle::new(example::ann(), &friends).unwrap();
    let friends = next(11, json!({"friends": "ann:bob"}));
    assert_eq!(friends, Section::Friends(circle));
    for other in ["bob:ann", "none"] {
        let frame = subscribe_to(json!({"friends": other}));
        let told = talk.say_json(frame);
        let refused = format!("{told:?}");
        assert!(refused.contains("/view/friends"), "{other}: {refused}");
    }
}
