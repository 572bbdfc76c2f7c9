//! Live boards by deltas (protocol.md 4, ADR 0051): a client that applies what it is told always has the view, also after it was
//! away.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use streakline::cli::client::Write;
use streakline::keys::{Claims, Role};
use streakline::protocol::form::Form;

use super::scene::{NOON, PHONE, WATCH, assert_shape, at, challenge, device, server, viewer, with};
use crate::harness::meters::{closes, until};
use crate::harness::stream::batch;
use crate::harness::{Server, Wire, block_on, configured};

/// Ticks that a test does not wait for.
const QUICK: &str = "[push]\nboard_ms = 100\n";

/// A challenge of these users at half past twelve.
async fn board_of(server: &Server, users: &[&str]) -> String {
    let board = challenge(server, users).await;
    server.rest().move_clock(at(12, 30)).await.unwrap();
    board
}

pub(super) fn subscribe(id: u64, board: &str, view: Value) -> Value {
    json!({"type": "subscribe", "id": id, "topic": format!("board/{board}"), "view": view, "deltas": true})
}

/// A view as a client holds it: rows by their opaque name, and where it stands.
#[derive(Clone, Default)]
pub(super) struct Held {
    pub(super) id: u64,
    rows: BTreeMap<String, Value>,
    pub(super) epoch: Value,
    offset: Value,
    participants: Value,
    pub(super) percentile_bp: Value,
    /// Messages that were whole views, and that were not.
    pub(super) messages: [usize; 2],
}

impl Held {
    pub(super) fn new(id: u64) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// Applies a message about a board, if it is one of this view.
    pub(super) fn hear(&mut self, frame: &Value) -> bool {
        if frame["type"] != "board" || frame["id"] != self.id {
            return false;
        }
        let full = frame["full"].as_bool().unwrap();
        if full {
            self.rows.clear();
        } else {
            assert_eq!(frame["from_offset"], self.offset, "{frame}");
            assert_eq!(frame["epoch"], self.epoch, "{frame}");
            for gone in frame["gone"].as_array().unwrap() {
                self.rows.remove(gone.as_str().unwrap());
            }
        }
        for row in frame["rows"].as_array().unwrap() {
            let name = row["row"].as_str().unwrap().to_owned();
            self.rows.insert(name, row.clone());
        }
        self.messages[usize::from(!full)] += 1;
        self.epoch = frame["epoch"].clone();
        self.offset = frame["offset"].clone();
        self.participants = frame["participants"].clone();
        self.percentile_bp = frame["percentile_bp"].clone();
        true
    }

    /// Hears until the view is as wanted.
    async fn until(&mut self, wire: &mut Wire, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            let frame = wire.next().await.unwrap();
            self.hear(&frame);
        }
    }

    /// The next message about the view.
    async fn next(&mut self, wire: &mut Wire) -> Value {
        loop {
            let frame = wire.next().await.unwrap();
            if self.hear(&frame) {
                return frame;
            }
        }
    }

    /// Its rows by their place.
    pub(super) fn view(&self) -> Vec<Value> {
        let mut rows: Vec<Value> = self.rows.values().cloned().collect();
        rows.sort_by_key(|row| row["ordinal"].as_u64());
        rows
    }

    pub(super) fn scores(&self) -> Vec<i64> {
        let view = self.view();
        view.iter()
            .map(|row| row["score"].as_i64().unwrap())
            .collect()
    }

    pub(super) fn since(&self) -> Value {
        json!({"since": {"epoch": self.epoch, "offset": self.offset}})
    }
}

/// What REST says of the board to that user.
async fn rest_rows(server: &Server, user: &str, path: &str) -> Vec<Value> {
    let path = format!("/v1/challenges/{path}");
    let mut board = server.rest_of(user).get(&path).await.unwrap();
    let Value::Array(items) = board["items"].take() else {
        panic!("{board} has no rows");
    };
    items
}

#[test]
fn a_whole_view_comes_first_and_then_what_has_changed() {
    let server = configured(NOON, QUICK);
    block_on(async {
        let board = board_of(&server, &["ann", "bob", "cy"]).await;
        let leaderboard = format!("{board}/leaderboard");
        let (mut bob, _) = device(&server, "bob", PHONE).await;
        for (form, seq, total) in [(Form::Json, 1, 100), (Form::Cbor, 2, 200)] {
            let hello = json!({"type": "hello"});
            let (mut page, _) = Wire::hello_in(form, &server, "ann", &hello).await;
            let before = rest_rows(&server, "ann", &leaderboard).await;
            let mut held = Held::new(7);
            page.send(&subscribe(7, &board, json!({"top": 10}))).await;
            let subscribed = page.expect("subscribed").await;
            assert_eq!(subscribed["recovered"], false);
            let first = held.next(&mut page).await;
            assert_shape(&first, "board");
            assert_eq!((&first["full"], held.view()), (&json!(true), before));
            assert_eq!(held.epoch, subscribed["epoch"]);
            assert_eq!(held.offset, subscribed["offset"]);
            let start_ms = at(12, seq);
            bob.ack(&batch(seq.unsigned_abs(), start_ms, &[100])).await;
            held.until(&mut page, |held| held.scores() == [total, 0, 0])
                .await;
            assert_eq!(held.messages[0], 1, "one whole view is enough");
            let delta = page.seen.iter().rfind(|frame| frame["full"] == false);
            assert_shape(delta.unwrap(), "board_delta");
            let now = rest_rows(&server, "ann", &leaderboard).await;
            assert_eq!(held.view(), now, "REST shows the same");
        }
    });
}

#[test]
fn rows_that_leave_the_view_are_named_and_others_are_not_told_again() {
    let server = configured(NOON, QUICK);
    block_on(async {
        let board = board_of(&server, &["ann", "bob", "cy", "dan"]).await;
        let (mut page, _) = viewer(&server, "ann").await;
        let (mut cy, _) = device(&server, "cy", WATCH).await;
        let (mut dan, _) = device(&server, "dan", PHONE).await;
        cy.ack(&batch(1, at(12, 0), &[100])).await;
        let mut held = Held::new(7);
        page.send(&subscribe(7, &board, json!({"top": 2}))).await;
        held.until(&mut page, |held| held.scores() == [100, 0])
            .await;
        let second = held.view()[1]["row"].clone();
        dan.ack(&batch(1, at(12, 0), &[50])).await;
        held.until(&mut page, |held| held.scores() == [100, 50])
            .await;
        let delta = page.seen.last().unwrap();
        assert_eq!(delta["gone"], json!([second]));
        let told: Vec<&Value> = delta["rows"].as_array().unwrap().iter().collect();
        assert_eq!((told.len(), &told[0]["score"]), (1, &json!(50)));
        // Somebody joins further down: that is all there is to say.
        let (rest, zone) = (server.rest(), json!({"zone": "UTC"}));
        let made = rest.put("/v1/users/eve", Some(&zone), Write::Create).await;
        made.unwrap();
        let path = format!("/v1/challenges/{board}/enrolments/eve");
        rest.put(&path, None, Write::Plain).await.unwrap();
        held.until(&mut page, |held| held.participants == 5).await;
        let delta = page.seen.last().unwrap();
        assert_eq!((&delta["rows"], &delta["gone"]), (&json!([]), &json!([])));
        assert_eq!(held.messages[0], 1);
    });
}

#[test]
fn who_comes_back_is_told_what_it_missed() {
    let server = server();
    block_on(async {
        let board = board_of(&server, &["ann", "bob", "cy"]).await;
        let (mut bob, _) = device(&server, "bob", PHONE).await;
        bob.ack(&batch(1, at(12, 0), &[100])).await;
        let (mut page, _) = viewer(&server, "ann").await;
        let mut held = Held::new(7);
        page.send(&subscribe(7, &board, json!({"top": 10}))).await;
        held.until(&mut page, |held| held.scores() == [100, 0, 0])
            .await;
        drop(page);
        bob.ack(&batch(2, at(12, 1), &[100])).await;
        let (mut back, _) = viewer(&server, "ann").await;
        let again = with(&subscribe(7, &board, json!({"top": 10})), held.since());
        back.send(&again).await;
        let subscribed = back.expect("subscribed").await;
        assert_eq!(
            (&subscribed["recovered"], &subscribed["epoch"]),
            (&json!(true), &held.epoch)
        );
        let delta = held.next(&mut back).await;
        assert_eq!(
            (&delta["full"], &delta["offset"]),
            (&json!(false), &subscribed["offset"])
        );
        held.until(&mut back, |held| held.scores() == [200, 0, 0])
            .await;
        let (last, whole) = (back.seen.last().unwrap(), held.messages[0]);
        assert_eq!((last["rows"].as_array().unwrap().len(), whole), (1, 1));
        // Nothing has happened: it is told that.
        let since = held.since();
        back.send(&json!({"type": "unsubscribe", "id": 7})).await;
        back.send(&with(&subscribe(7, &board, json!({"top": 10})), since))
            .await;
        let delta = held.next(&mut back).await;
        assert_eq!(delta["from_offset"], delta["offset"]);
        assert_eq!((&delta["rows"], held.messages[0]), (&json!([]), 1));
    });
}

#[test]
fn a_place_that_is_not_known_is_not_recovered() {
    let server = server();
    block_on(async {
        let board = board_of(&server, &["ann", "bob"]).await;
        let (mut page, _) = viewer(&server, "ann").await;
        let top = json!({"top": 10});
        let mut held = Held::new(1);
        page.send(&subscribe(1, &board, top.clone())).await;
        page.expect("subscribed").await;
        held.next(&mut page).await;
        let offset = held.offset.as_u64().unwrap();
        let at = |epoch: &Value, offset: u64| json!({"since": {"epoch": epoch, "offset": offset}});
        let known = at(&held.epoch, offset);
        let whole = with(&subscribe(6, &board, top.clone()), json!({"deltas": false}));
        let cases = [
            (
                2,
                subscribe(2, &board, top.clone()),
                at(&json!("b1"), offset),
            ),
            (
                3,
                subscribe(3, &board, top.clone()),
                at(&held.epoch, offset + 1),
            ),
            (4, subscribe(4, &board, top.clone()), at(&held.epoch, 0)),
            (5, subscribe(5, &board, json!({"top": 9})), known.clone()),
            (6, whole, known.clone()),
        ];
        for (id, frame, since) in cases {
            page.send(&with(&frame, since)).await;
            let subscribed = page.expect("subscribed").await;
            assert_eq!(subscribed["recovered"], false, "{frame}");
            let first = Held::new(id).next(&mut page).await;
            assert_eq!(first["full"], true, "{frame}");
        }
        // Another user sees another row as its own.
        let (mut other, _) = viewer(&server, "bob").await;
        other
            .send(&with(&subscribe(1, &board, top.clone()), known.clone()))
            .await;
        assert_eq!(other.expect("subscribed").await["recovered"], false);
        // And this is known.
        page.send(&with(&subscribe(7, &board, top), known)).await;
        assert_eq!(page.expect("subscribed").await["recovered"], true);
    });
}

#[test]
fn a_view_around_the_own_row_follows_it() {
    let server = configured(NOON, QUICK);
    block_on(async {
        let board = board_of(&server, &["ann", "bob", "cy", "dan", "eve"]).await;
        let (mut page, _) = viewer(&server, "eve").await;
        let mut held = Held::new(3);
        page.send(&subscribe(3, &board, json!({"around": {"k": 1}})))
            .await;
        held.next(&mut page).await;
        assert_eq!(held.view().len(), 2, "eve is the last one");
        assert_eq!(held.view()[1]["you"], true);
        let (mut eve, _) = device(&server, "eve", PHONE).await;
        let (mut ann, _) = device(&server, "ann", WATCH).await;
        ann.ack(&batch(1, at(12, 0), &[200])).await;
        eve.ack(&batch(1, at(12, 0), &[100])).await;
        held.until(&mut page, |held| held.scores() == [200, 100, 0])
            .await;
        let path = format!("{board}/leaderboard?around=eve&k=1");
        assert_eq!(held.view(), rest_rows(&server, "eve", &path).await);
        eve.ack(&batch(2, at(12, 1), &[150])).await;
        held.until(&mut page, |held| held.scores() == [250, 200])
            .await;
        assert_eq!(held.view(), rest_rows(&server, "eve", &path).await);
        assert_eq!(held.messages[0], 1);
        let boards = page.seen.iter().filter(|frame| frame["type"] == "board");
        let names_nobody = |frame: &Value| !frame.to_string().contains("\"user\"");
        assert!(boards.clone().count() > 1 && boards.clone().all(names_nobody));
    });
}

#[test]
fn percentile_and_the_rows_around_a_score_are_views_too() {
    let server = configured(NOON, QUICK);
    block_on(async {
        let board = board_of(&server, &["ann", "bob", "cy", "dan"]).await;
        let (mut page, _) = viewer(&server, "ann").await;
        let (mut own, mut near) = (Held::new(1), Held::new(2));
        page.send(&subscribe(1, &board, json!({"percentile": true})))
            .await;
        let first = own.next(&mut page).await;
        assert_shape(&first, "board_percentile");
        assert_eq!(
            (&first["percentile_bp"], own.view().len()),
            (&json!(10_000), 1),
            "a tie of all"
        );
        let around = json!({"around_score": {"score": 100, "k": 2}});
        page.send(&subscribe(2, &board, around)).await;
        near.next(&mut page).await;
        assert_eq!(near.scores(), [0, 0]);
        let (mut bob, _) = device(&server, "bob", PHONE).await;
        bob.ack(&batch(1, at(12, 0), &[200])).await;
        while own.percentile_bp != 7_500 || near.scores() != [200, 0, 0] {
            let frame = page.next().await.unwrap();
            let _of_another = own.hear(&frame) || near.hear(&frame);
        }
        assert_eq!(own.view()[0]["rank"], 2);
    });
}

#[test]
fn nobody_follows_another_row_but_admins() {
    let server = server();
    block_on(async {
        let board = board_of(&server, &["ann", "bob"]).await;
        let (mut ann, _) = viewer(&server, "ann").await;
        let around_bob = subscribe(1, &board, json!({"around": {"k": 5, "user": "bob"}}));
        let error = ann.error(&around_bob).await;
        assert_eq!(
            (&error["code"], &error["pointer"]),
            (&json!("bad_frame"), &json!("/view/around/user"))
        );
        let claims = Claims::new("root", Role::Admin, streakline::clock::unix_s(), 3_600);
        let mut admin = Wire::upgrade(&server, &server.token_with(&claims))
            .await
            .unwrap();
        admin.send(&json!({"type": "hello"})).await;
        admin.expect("welcome").await;
        let mut held = Held::new(1);
        admin.send(&around_bob).await;
        held.next(&mut admin).await;
        let users: Vec<Value> = held.view().iter().map(|row| row["user"].clone()).collect();
        assert_eq!(users, ["ann", "bob"]);
        for view in [
            json!({"around": {"k": 5, "user": "zoe"}}),
            json!({"percentile": true}),
        ] {
            let error = admin.error(&subscribe(2, &board, view)).await;
            assert_eq!(
                (&error["code"], &error["id"]),
                (&json!("not_enrolled"), &json!(2))
            );
        }
    });
}

/// A board of 301, and a socket of one of them that watches it a few times over and has stopped reading: nothing more goes out to
/// it. Answers the socket with what it has read of subscription 1.
async fn not_reading(server: &Server) -> (Wire, Held, String) {
    let names: Vec<String> = (0..MEMBERS).map(|number| format!("m{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let board = board_of(server, &names).await;
    let mut slow = Wire::narrow(server, &server.token("m0")).await;
    slow.send(&json!({"type": "hello"})).await;
    slow.expect("welcome").await;
    let mut held = Held::new(1);
    let view = json!({"top": 1_000});
    slow.send(&subscribe(1, &board, view.clone())).await;
    held.next(&mut slow).await;
    for id in 2..=WHOLE_VIEWS {
        let whole = json!({"deltas": false});
        let frame = with(&subscribe(id, &board, view.clone()), whole);
        slow.send(&frame).await;
        let is_shown = |frame: &Value| frame["type"] == "board" && frame["id"] == id;
        loop {
            let frame = slow.next().await.unwrap();
            held.hear(&frame);
            if is_shown(&frame) {
                break;
            }
        }
    }
    (slow, held, board)
}

/// The score of one member rises once in a tick, so often. Its device waits for nothing but its acknowledgements, so the board is
/// watched on a socket beside it, which misses no message.
async fn rises(server: &Server, board: &str, times: u64) {
    let (mut walker, _) = device(server, "m1", PHONE).await;
    let (mut page, _) = viewer(server, "m1").await;
    let mut held = Held::new(1);
    page.send(&subscribe(1, board, json!({"top": 1}))).await;
    held.next(&mut page).await;
    for seq in 1..=times {
        let score = seq.cast_signed();
        walker.ack(&batch(seq, at(12, score % 60), &[1])).await;
        held.until(&mut page, |held| held.scores() == [score]).await;
    }
}

const MEMBERS: usize = 300;
const WHOLE_VIEWS: u64 = 16;
/// Each is 16 messages of 45 kB: more than a kernel holds for who does not read.
const TICKS: u64 = 50;

#[test]
fn a_slow_socket_gets_a_whole_view_instead_of_what_it_missed() {
    let patient = "[push]\nboard_ms = 100\ngrace_s = 600\n[stream]\nunacked_s = 600\n";
    let server = configured(NOON, patient);
    block_on(async {
        let (mut slow, mut held, board) = not_reading(&server).await;
        server.rest().move_clock(at(13, 0)).await.unwrap();
        rises(&server, &board, TICKS).await;
        held.until(&mut slow, |held| held.scores()[0] == TICKS.cast_signed())
            .await;
        let path = format!("{board}/leaderboard?limit=1000");
        assert_eq!(held.view(), rest_rows(&server, "m0", &path).await);
        let [whole, deltas] = held.messages;
        assert!(whole >= 2, "the first one, and one for all that it missed");
        assert!(
            deltas < TICKS as usize / 2,
            "{deltas} messages waited for it"
        );
        assert_eq!(closes(&server, 4413).await, 0);
    });
}

#[test]
fn a_socket_that_stays_slow_is_closed_after_its_grace() {
    let brief = "[push]\nboard_ms = 100\ngrace_s = 1\n[stream]\nunacked_s = 600\n";
    let server = configured(NOON, brief);
    block_on(async {
        let (mut slow, _, board) = not_reading(&server).await;
        server.rest().move_clock(at(13, 0)).await.unwrap();
        rises(&server, &board, TICKS).await;
        until("it is closed", async || closes(&server, 4413).await == 1).await;
        assert_eq!(slow.closed().await.code, 4413);
    });
}
