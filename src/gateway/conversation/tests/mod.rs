//! Conversations without sockets: what each frame and push leads to, and in which order.

mod boards;

use std::sync::{Arc, atomic::Ordering};

use serde_json::{Value, json};
use streakline_core::limits;

use super::*;
use crate::{
    gateway::{
        backfill::Backfills,
        fake::{self, Call, FakeDoors},
        rate::FrameRate,
    },
    protocol::example::{self, fixture},
    push::Push,
};

const DEVICE: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";

/// A conversation and the doors behind it.
struct Talk {
    conversation: Conversation,
    doors: FakeDoors,
    now_ms: u64,
}

impl Talk {
    fn with_token(token: &str) -> Self {
        let doors = FakeDoors::new();
        let (claims, key) = doors.verify(token).unwrap();
        let bearer = Bearer::of(&claims, key).unwrap();
        let handle = SessionHandle {
            node: 0,
            number: 7,
            generation: 1,
        };
        let settings = Settings {
            bad_frames_per_min: 3,
            backfill_batches_per_min: 3,
            ..Settings::default()
        };
        let frames = FrameRate::new(settings.frames_per_s, 0);
        let rates = Rates::new(frames, vec![], Backfills::default());
        Self {
            conversation: Conversation::new(
                (Form::Json, bearer),
                None,
                handle,
                Arc::new(settings),
                rates,
            ),
            doors,
            now_ms: 0,
        }
    }

    /// A conversation after its hello, of the fixture's device.
    fn opened() -> Self {
        let mut talk = Self::with_token("ann");
        assert_eq!(talk.say(&fixture("client/hello")), [Step::Read(false)]);
        talk.conversation.on_push(fake::welcomed());
        talk
    }

    fn say(&mut self, text: &str) -> Vec<Step> {
        let message = Received::Text(text);
        self.conversation
            .on_message(message, self.now_ms, &self.doors)
    }

    fn say_json(&mut self, frame: Value) -> Vec<Step> {
        self.say(&frame.to_string())
    }

    fn push(&mut self, push: Push) -> Vec<Step> {
        self.conversation.on_push(push)
    }

    fn last_call(&self) -> Call {
        self.doors.calls().pop().unwrap()
    }
}

fn frame(step: &Step) -> Value {
    match step {
        Step::Send(Encoded::Text(text)) => example::json(text),
        other => panic!("{other:?} is no frame"),
    }
}

fn batch(batch_id: u64) -> Value {
    json!({"type": "batch", "batch_id": batch_id, "lane": "live", "first_seq": 1, "records": [{}]})
}

fn subscribe(id: u64) -> Value {
    json!({"type": "subscribe", "id": id, "topic": format!("board/{}", example::CHALLENGE)})
}

fn refused(code: Code, batch_id: Option<u64>, id: Option<u64>) -> Push {
    Push::Refused {
        refusal: Refusal::new(code, "so it is"),
        batch_id,
        id,
        expected_seq: None,
    }
}

fn assert_ends(steps: &[Step], close: u16, code: &str) {
    let [.., Step::Close(reason)] = steps else {
        panic!("{steps:?} do not end");
    };
    assert_eq!((reason.close, reason.code), (close, code));
}

#[test]
fn a_hello_opens_and_what_follows_waits_for_the_welcome() {
    let mut talk = Talk::with_token("ann");
    assert_eq!(talk.say(&fixture("client/hello")), [Step::Read(false)]);
    let Call::Open(hello, caller) = talk.last_call() else {
        panic!("not opened");
    };
    assert_eq!(hello.device.unwrap().device.to_string(), DEVICE);
    assert_eq!(
        (caller.principal.as_str(), caller.request_id.as_str()),
        ("user:ann", "1-7")
    );
    let steps = talk.push(fake::welcomed());
    let wanted = {
        let mut welcome = example::json(&fixture("server/welcome"));
        welcome["credits"] = json!(2);
        welcome["credit_bytes"] = json!(65_536);
        welcome["backfill"] = json!({"credits": 1, "credit_bytes": 32_768, "batches_per_min": 3});
        welcome
    };
    assert_eq!(frame(&steps[0]), wanted);
    assert_eq!(steps[1..], [Step::Read(true)]);
}

#[test]
fn the_first_frame_must_be_a_hello_and_there_is_one() {
    let mut talk = Talk::with_token("ann");
    let steps = talk.say(&fixture("client/ping"));
    assert_eq!(frame(&steps[0])["fatal"], true);
    assert_ends(&steps, 4400, "hello_expected");
    assert_eq!(talk.say(&fixture("client/hello")), [], "it is over");

    let mut talk = Talk::opened();
    let steps = talk.say(&fixture("client/hello"));
    assert_eq!(frame(&steps[0])["code"], "hello_repeated");
    assert_eq!(
        (frame(&steps[0])["fatal"].clone(), steps.len()),
        (json!(false), 1)
    );
}

#[test]
fn a_hello_must_come_in_time() {
    assert_ends(
        &Talk::with_token("ann").conversation.on_hello_timeout(),
        4400,
        "hello_expected",
    );
    assert_eq!(Talk::opened().conversation.on_hello_timeout(), []);
}

#[test]
fn a_token_for_one_device_opens_no_other() {
    let other = "ann@00000000-0000-0000-0000-000000000001";
    for hello in ["client/hello", "client/hello_viewer"] {
        let mut talk = Talk::with_token(other);
        assert_ends(&talk.say(&fixture(hello)), 4403, "forbidden");
        assert_eq!(talk.doors.calls(), []);
    }
    let mut talk = Talk::with_token(&format!("ann@{DEVICE}"));
    assert_eq!(talk.say(&fixture("client/hello")), [Step::Read(false)]);
}

#[test]
fn a_refused_hello_may_be_said_again_unless_the_device_is_anothers() {
    let mut talk = Talk::with_token("ann");
    talk.say(&fixture("client/hello"));
    let steps = talk.push(refused(Code::BadFrame, None, None));
    assert_eq!(frame(&steps[0])["code"], "bad_frame");
    assert_eq!(steps[1..], [Step::Read(true)]);
    assert_eq!(talk.say(&fixture("client/hello")), [Step::Read(false)]);
    assert_ends(
        &talk.push(refused(Code::DeviceBound, None, None)),
        4403,
        "device_bound",
    );
}

#[test]
fn a_viewer_may_not_send_samples() {
    let mut talk = Talk::with_token("ann");
    talk.say(&fixture("client/hello_viewer"));
    talk.push(fake::welcomed());
    let steps = talk.say(&fixture("client/batch"));
    let error = frame(&steps[0]);
    assert_eq!(
        (&error["code"], &error["batch_id"]),
        (&json!("no_device"), &json!(18))
    );
    assert_eq!(steps.len(), 1);
}

#[test]
fn reading_stops_when_the_credits_are_used_up() {
    let mut talk = Talk::opened();
    assert_eq!(talk.say_json(batch(1)), []);
    assert_eq!(talk.say_json(batch(2)), [Step::Read(false)], "two credits");
    let Call::Ingest(first) = talk.last_call() else {
        panic!("not handed on");
    };
    let steps = talk.push(fake::ack(&first));
    let ack = frame(&steps[0]);
    assert_eq!((&ack["batch_id"], &ack["credits"]), (&json!(2), &json!(2)));
    assert_eq!(steps[1..], [Step::Read(true)]);
    let steps = talk.push(refused(Code::SeqGap, Some(1), None));
    assert_eq!(frame(&steps[0])["code"], "seq_gap");
    assert_eq!(steps[1..], [Step::Read(true)], "a refusal is an answer too");
}

/// A batch of the lane `backfill`.
fn kept(batch_id: u64) -> Value {
    let mut kept = batch(batch_id);
    kept["lane"] = json!("backfill");
    kept
}

/// Numbers of the batches that were handed on.
fn handed_on(talk: &Talk) -> Vec<u64> {
    let calls = talk.doors.calls();
    let ids = calls.iter().filter_map(|call| match call {
        Call::Ingest(batch) => Some(batch.batch_id),
        _ => None,
    });
    ids.collect()
}

fn answered(talk: &mut Talk, batch_id: u64) -> Vec<Step> {
    talk.push(refused(Code::SeqGap, Some(batch_id), None))
}

#[test]
fn a_backlog_over_its_rate_waits_and_what_happens_now_goes_on() {
    let mut talk = Talk::opened();
    for number in 1..=3 {
        assert_eq!(talk.say_json(kept(number)), []);
        answered(&mut talk, number);
    }
    assert_eq!(talk.say_json(kept(4)), [Step::Wake(60_000)]);
    assert_eq!(talk.say_json(batch(5)), []);
    assert_eq!(handed_on(&talk), [1, 2, 3, 5], "not refused, and not yet");
    answered(&mut talk, 5);
    talk.now_ms = 60_000;
    let steps = talk.conversation.on_wake(talk.now_ms, &talk.doors);
    assert_eq!(steps, [Step::Read(true)]);
    assert_eq!(handed_on(&talk), [1, 2, 3, 5, 4]);
}

#[test]
fn a_client_that_sends_more_backlog_than_its_credits_is_not_read_until_there_is_room() {
    let mut talk = Talk::opened();
    for number in 1..=3 {
        talk.say_json(kept(number));
        answered(&mut talk, number);
    }
    talk.say_json(kept(4));
    assert_eq!(talk.say_json(kept(5)), [Step::Read(false)]);
    talk.now_ms = 60_000;
    let steps = talk.conversation.on_wake(talk.now_ms, &talk.doors);
    assert_eq!(steps, [], "both are handed on, none is answered");
    assert_eq!(handed_on(&talk), [1, 2, 3, 4, 5]);
    let steps = answered(&mut talk, 4);
    assert_eq!(steps[1..], [Step::Read(true)]);
}

#[test]
fn a_going_server_does_not_wait_for_a_backlog_over_its_rate() {
    let mut talk = Talk::opened();
    for number in 1..=3 {
        talk.say_json(kept(number));
        answered(&mut talk, number);
    }
    talk.say_json(kept(4));
    let steps = talk.push(Push::Drain {
        retry_after_ms: 1_500,
    });
    assert_ends(&steps, 1012, "draining");
    assert_eq!(talk.conversation.on_wake(60_000, &talk.doors), []);
    assert_eq!(handed_on(&talk), [1, 2, 3]);
}

#[test]
fn a_batch_that_is_refused_at_the_door_costs_no_credit() {
    let mut talk = Talk::opened();
    *talk.doors.refuses.lock().unwrap() = Some(Code::Limit);
    for number in 0..5 {
        let steps = talk.say_json(batch(number));
        assert_eq!(frame(&steps[0])["batch_id"], number);
        assert_eq!(steps.len(), 1);
    }
    *talk.doors.refuses.lock().unwrap() = Some(Code::Overloaded);
    let steps = talk.say_json(batch(9));
    assert_ends(&steps, 1013, "overloaded");
    assert!(matches!(
        steps[1],
        Step::Close(CloseReason {
            retry_after_ms: Some(_),
            ..
        })
    ));
}

#[test]
fn a_subscription_has_its_own_number_and_there_are_sixteen() {
    let mut talk = Talk::opened();
    for id in 0..limits::SUBSCRIPTIONS_PER_SESSION_MAX as u64 {
        assert_eq!(talk.say_json(subscribe(id)), []);
    }
    let code_of = |steps: Vec<Step>| frame(&steps[0])["code"].clone();
    assert_eq!(code_of(talk.say_json(subscribe(3))), "bad_frame", "in use");
    assert_eq!(code_of(talk.say_json(subscribe(16))), "limit");
    let steps = talk.say_json(json!({"type": "unsubscribe", "id": 3}));
    assert_eq!(frame(&steps[0]), json!({"type": "unsubscribed", "id": 3}));
    assert_eq!(talk.last_call(), Call::Unsubscribe(3, example::challenge()));
    assert_eq!(talk.say_json(subscribe(16)), []);
    let steps = talk.say_json(json!({"type": "unsubscribe", "id": 3}));
    assert_eq!(code_of(steps), "not_found");
}

#[test]
fn a_subscription_that_the_board_refuses_is_free_again() {
    let mut talk = Talk::opened();
    talk.say_json(subscribe(7));
    let steps = talk.push(refused(Code::NotFound, None, Some(7)));
    assert_eq!(frame(&steps[0])["id"], 7);
    assert_eq!(talk.say_json(subscribe(7)), []);
}

#[test]
fn a_ping_tells_the_domains_time() {
    let steps = Talk::opened().say(&fixture("client/ping"));
    assert_eq!(
        frame(&steps[0]),
        json!({"type": "pong", "id": 1, "server_time_ms": fake::NOW_MS})
    );
}

#[test]
fn a_renewal_is_for_the_same_user() {
    let auth = |token: &str| json!({"type": "auth", "token": token});
    let mut talk = Talk::opened();
    let steps = talk.say_json(auth("ann"));
    let [Step::ExpireAt(exp_s), answer] = steps.as_slice() else {
        panic!("not renewed: {steps:?}");
    };
    assert_eq!(
        frame(answer),
        json!({"type": "authenticated", "exp_ms": exp_s * 1_000})
    );
    assert_ends(&talk.say_json(auth("bob")), 4401, "unauthenticated");
    assert_ends(
        &Talk::opened().say_json(auth("expired")),
        4401,
        "token_expired",
    );
    assert_ends(
        &Talk::opened().say_json(auth("bad")),
        4401,
        "unauthenticated",
    );
    assert_ends(
        &Talk::opened().conversation.on_expired(),
        4401,
        "token_expired",
    );
}

#[test]
fn repeated_bad_frames_end_the_socket_and_rare_ones_do_not() {
    let mut talk = Talk::opened();
    for at_ms in [0, 30_000, 60_000, 90_000] {
        talk.now_ms = at_ms;
        assert_eq!(talk.say("{").len(), 1, "one error, no close");
    }
    talk.now_ms = 90_001;
    let steps = talk.say(r#"{"type":"dance"}"#);
    assert_eq!(frame(&steps[0])["code"], "unknown_type");
    assert_ends(&steps, 4400, "unknown_type");
}

#[test]
fn a_flood_of_frames_ends_the_socket() {
    let mut talk = Talk::opened();
    let flood = 2 * u64::from(Settings::default().frames_per_s);
    let closed = (0..=flood).find_map(|_| {
        let steps = talk.say(&fixture("client/ping"));
        matches!(steps[0], Step::Close(_)).then_some(steps)
    });
    assert_ends(&closed.unwrap(), 4429, "rate_limited");
}

#[test]
fn a_newer_socket_and_faults_of_the_server_end_this_one() {
    let end = |reason| Talk::opened().push(Push::End(reason));
    let fault = |code| end(CloseReason::of(code, Some(5)));
    assert_ends(&end(CloseReason::REPLACED), 4409, "replaced");
    assert_ends(&end(CloseReason::SLOW_READER), 4413, "slow_reader");
    assert_ends(&fault(Code::Internal), 1011, "internal");
    assert_ends(&fault(Code::StoreUnavailable), 1013, "store_unavailable");
}

#[test]
fn a_going_server_says_bye_and_waits_for_pending_acks() {
    let drain = Push::Drain {
        retry_after_ms: 1_500,
    };
    let steps = Talk::opened().push(drain.clone());
    assert_eq!(frame(&steps[0]), example::json(&fixture("server/bye")));
    assert_ends(&steps, 1012, "draining");

    let mut talk = Talk::opened();
    talk.say_json(batch(1));
    let Call::Ingest(pending) = talk.last_call() else {
        panic!("not handed on");
    };
    let steps = talk.push(drain);
    assert_eq!(steps[1..], [Step::Read(false), Step::AwaitAcks]);
    assert_eq!(talk.say_json(batch(2)), [], "nothing more is taken");
    let steps = talk.push(fake::ack(&pending));
    assert_eq!(frame(&steps[0])["type"], "ack");
    assert_ends(&steps, 1012, "draining");
}

#[test]
fn acks_are_awaited_for_a_while_only() {
    let mut talk = Talk::opened();
    talk.say_json(batch(1));
    let retry_after_ms = 1_500;
    talk.push(Push::Drain { retry_after_ms });
    let steps = talk.conversation.on_acks_timeout();
    let [Step::Close(reason)] = steps.as_slice() else {
        panic!("not closed: {steps:?}");
    };
    assert_eq!((reason.close, reason.retry_after_ms), (1012, Some(1_500)));
}

#[test]
fn the_actors_learn_that_a_socket_is_gone() {
    let mut talk = Talk::opened();
    talk.say_json(subscribe(7));
    talk.conversation.on_gone(&talk.doors);
    let calls = talk.doors.calls();
    let [.., unsubscribed, closed] = calls.as_slice() else {
        panic!("too few calls: {calls:?}");
    };
    assert_eq!(unsubscribed, &Call::Unsubscribe(7, example::challenge()));
    assert_eq!(closed, &Call::Close);
    assert_eq!(talk.push(Push::End(CloseReason::REPLACED)), []);
}

#[test]
fn a_socket_whose_key_is_replaced_is_closed() {
    let mut talk = Talk::opened();
    assert_eq!(talk.conversation.on_keys_changed(&talk.doors), []);
    talk.doors.rotated.store(true, Ordering::SeqCst);
    let revoked = CloseReason::of(Code::Unauthenticated, None);
    assert_eq!(revoked.close, 4401);
    let steps = talk.conversation.on_keys_changed(&talk.doors);
    assert_eq!(steps, [Step::Close(revoked)]);
    assert_eq!(talk.conversation.on_keys_changed(&talk.doors), []);
}
