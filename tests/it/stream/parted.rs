//! Live views of a board in parts (ADR 0074): around a member, around a score and the percentile show what the same challenge kept whole
//! shows, also behind the first thousand rows, where the parts are asked for them.

use futures_util::future::join_all;
use serde_json::{Value, json};
use streakline::keys::{Claims, Role};

use super::live::{Held, subscribe};
use super::scene::{NOON, TODAY, at, viewer, with};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on, configured, load, settings_file};
use crate::rest::http::Http;
use crate::rest::people::published;

/// Members: so many more than the first thousand.
const ALL: usize = 1_040;
/// Who looks: it stands behind them, and so do its neighbours.
const OWN: usize = 1_020;
/// Devices that send at once.
const AT_ONCE: usize = 64;

/// Users on four threads, and ticks that a test does not wait for.
const SETTINGS: &str = "workers = 4\n[push]\nboard_ms = 100\n";

/// The same challenge whole and in parts, with the same members.
struct Both {
    server: Server,
    ids: [String; 2],
}

/// The score that a member begins with: no two have the same, the first has most.
fn score(number: usize) -> i64 {
    i64::try_from(ALL + 60 - number).unwrap()
}

impl Both {
    async fn new(server: Server) -> Self {
        let admin = Http::admin(&server);
        load::put_users(&server, 0..ALL).await;
        let mut ids = Vec::new();
        for board in ["whole", "parts"] {
            let body = json!({"title": "Steps", "type": "most", "metric": "steps", "board": board,
                "window": {"clock": "user_local", "starts": TODAY, "ends": "2016-04-14"}});
            let path = published(&admin, &body).await;
            for number in 0..ALL {
                let path = format!("{path}/enrolments/{}", load::name(number));
                admin.enrol(&path).await.expect(201);
            }
            ids.push(path.rsplit('/').next().unwrap().to_owned());
        }
        let ids = ids.try_into().unwrap();
        let both = Self { server, ids };
        admin.advance(at(12, 30)).await;
        let everybody: Vec<usize> = (0..ALL).collect();
        for some in everybody.chunks(AT_ONCE) {
            join_all(
                some.iter()
                    .map(|number| both.walk(*number, 1, score(*number))),
            )
            .await;
        }
        both
    }

    /// A member walks so much more, at most 200 steps a minute.
    async fn walk(&self, number: usize, first_seq: u64, steps: i64) {
        let minutes = (steps - 1).div_euclid(200);
        let mut all: Vec<i64> = (0..minutes).map(|_| 200).collect();
        all.push(steps - 200 * minutes);
        let said = hello(&load::device(number), at(12, 30));
        let (mut wire, _) = Wire::hello(&self.server, &load::name(number), &said).await;
        let minute = first_seq.cast_signed();
        wire.ack(&batch(first_seq, at(12, minute), &all)).await;
    }

    /// The same view of both, each as a client holds it.
    async fn look(&self, wire: &mut Wire, view: Value) -> Pair {
        let mut pair = Pair::default();
        for (held, board) in pair.0.iter().zip(&self.ids) {
            wire.send(&subscribe(held.id, board, view.clone())).await;
        }
        pair.agree(wire, |_| true).await;
        pair.has_whole_views([1, 1]);
        pair
    }

    /// Goes on where it was.
    async fn look_again(&self, wire: &mut Wire, pair: &mut Pair, view: Value) {
        for (held, board) in pair.0.iter().zip(&self.ids) {
            let again = with(&subscribe(held.id, board, view.clone()), held.since());
            wire.send(&again).await;
        }
        for _ in &self.ids {
            let subscribed = pair.hear_until(wire, "subscribed").await;
            let at = usize::from(subscribed["id"] == 2);
            assert_eq!(
                (&subscribed["recovered"], &subscribed["epoch"]),
                (&json!(true), &pair.0[at].epoch)
            );
        }
    }
}

/// The same view of the whole board and of the one in parts.
struct Pair([Held; 2]);

impl Default for Pair {
    fn default() -> Self {
        Self([Held::new(1), Held::new(2)])
    }
}

impl Pair {
    /// Applies what comes until a frame of that kind does.
    async fn hear_until(&mut self, wire: &mut Wire, kind: &str) -> Value {
        loop {
            let frame = wire.next().await.unwrap();
            let _of_one = self.0.iter_mut().any(|held| held.hear(&frame));
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Waits until both show the same rows, and those are as wanted.
    async fn agree(&mut self, wire: &mut Wire, wanted: impl Fn(&Held) -> bool) {
        loop {
            let frame = self.hear_until(wire, "board").await;
            let [whole, parted] = &self.0;
            let both_came = self.0.iter().all(|held| held.messages != [0, 0]);
            if both_came && told(whole) == told(parted) && wanted(whole) {
                let says = (&frame["exact"], &frame["error_bound"]);
                let counted = frame["id"] == 1;
                assert_eq!(says.0, &[json!(false), Value::Null][usize::from(counted)]);
                assert_eq!(says.1.is_u64(), !counted, "{frame}");
                return;
            }
        }
    }

    /// Waits until both percentiles are about the same: that of the one in parts counts what its parts have reported.
    async fn are_near(&mut self, wire: &mut Wire) {
        loop {
            let shares = self.0.each_ref().map(|held| held.percentile_bp.as_u64());
            let [whole, parted] = shares.map(Option::unwrap);
            if whole.abs_diff(parted) < 100 {
                return;
            }
            self.hear_until(wire, "board").await;
        }
    }

    fn has_whole_views(&self, wanted: [usize; 2]) {
        assert_eq!(self.0.each_ref().map(|held| held.messages[0]), wanted);
    }
}

/// What a view shows of the same rows, whichever challenge it is of; ranks of the one in parts are estimates.
fn told(held: &Held) -> Vec<Value> {
    let without = |mut row: Value| {
        for own in ["row", "rank", "ordinal"] {
            row.as_object_mut().unwrap().remove(own);
        }
        row
    };
    held.view().into_iter().map(without).collect()
}

/// How many frames about boards came.
fn frames(wire: &Wire) -> usize {
    let is_board = |frame: &&Value| frame["type"] == "board";
    wire.seen.iter().filter(is_board).count()
}

#[test]
fn views_of_a_board_in_parts_are_those_of_the_whole_one_and_follow_it() {
    block_on(async {
        let both = Both::new(configured(NOON, SETTINGS)).await;
        let own = load::name(OWN);
        let (mut around, _) = viewer(&both.server, &own).await;
        let (mut near, _) = viewer(&both.server, &own).await;
        let (mut share, _) = viewer(&both.server, &own).await;
        let view = json!({"around": {"k": 3}});
        let mut rows = both.look(&mut around, view.clone()).await;
        assert_eq!(rows.0[1].view()[3]["you"], true);
        let place = json!({"around_score": {"score": score(OWN + 5), "k": 2}});
        let mut places = both.look(&mut near, place).await;
        assert_eq!(places.0[1].scores(), [76, 75, 74, 73]);
        let mut shares = both.look(&mut share, json!({"percentile": true})).await;
        shares.are_near(&mut share).await;

        // One from behind passes who looks; then one comes into the rows around a score.
        both.walk(OWN + 3, 2, 5).await;
        rows.agree(&mut around, |held| {
            held.scores() == [82, 82, 81, 80, 79, 78, 76]
        })
        .await;
        both.walk(OWN + 6, 2, 1).await;
        places
            .agree(&mut near, |held| held.scores() == [75, 75, 73, 72])
            .await;
        both.walk(OWN, 2, 2).await;
        shares.agree(&mut share, |held| held.scores() == [82]).await;
        rows.agree(&mut around, |held| {
            held.scores() == [84, 83, 82, 82, 82, 81, 79]
        })
        .await;
        for pair in [&rows, &places, &shares] {
            pair.has_whole_views([1, 1]);
        }

        // Where nothing happens nothing comes.
        around.quiet().await;
        let before = frames(&around);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        around.quiet().await;
        assert_eq!(frames(&around), before);

        // Who comes back is told what it missed.
        drop(around);
        both.walk(OWN - 1, 2, 1).await;
        let (mut back, _) = viewer(&both.server, &own).await;
        both.look_again(&mut back, &mut rows, view).await;
        rows.agree(&mut back, |held| {
            held.scores() == [83, 82, 82, 82, 82, 79, 78]
        })
        .await;
        rows.has_whole_views([1, 1]);
        names_nobody(&both, &mut back, &mut rows).await;
    });
}

/// A neighbour hides, and is seen so; an admin sees whose rows they are, and nobody else does.
async fn names_nobody(both: &Both, wire: &mut Wire, rows: &mut Pair) {
    let hidden = load::name(OWN + 1);
    let admin = Http::admin(&both.server);
    let body = json!({"hidden": true});
    admin
        .replace(&format!("/v1/users/{hidden}"), &body)
        .await
        .expect(200);
    let is_hidden = |held: &Held| held.view().iter().any(|row| row["alias"] == "Anonymous");
    rows.agree(wire, is_hidden).await;
    let mut boards = wire.seen.iter().filter(|frame| frame["type"] == "board");
    assert!(
        boards.all(|frame| !frame.to_string().contains("user")),
        "T6.5"
    );
    let claims = Claims::new("root", Role::Admin, streakline::clock::unix_s(), 3_600);
    let token = both.server.token_with(&claims);
    let mut admin = Wire::upgrade(&both.server, &token).await.unwrap();
    admin.send(&json!({"type": "hello"})).await;
    admin.expect("welcome").await;
    let view = json!({"around": {"k": 4, "user": load::name(OWN)}});
    let pair = both.look(&mut admin, view).await;
    let users: Vec<Value> = pair.0[1]
        .view()
        .iter()
        .map(|row| row["user"].clone())
        .collect();
    assert!(users.contains(&json!(hidden)) && users.contains(&json!(load::name(OWN))));
    assert_eq!(users.len(), 9);
}

/// Subscribes with what is known of another life of the server: a whole view comes.
async fn begins_anew(both: &Both, wire: &mut Wire, before: &Pair, view: Value) -> Pair {
    let mut rows = Pair::default();
    for (held, board) in before.0.iter().zip(&both.ids) {
        let again = with(&subscribe(held.id, board, view.clone()), held.since());
        wire.send(&again).await;
    }
    for _ in &both.ids {
        let subscribed = rows.hear_until(wire, "subscribed").await;
        assert_eq!(subscribed["recovered"], false);
    }
    rows.agree(wire, |_| true).await;
    rows.has_whole_views([1, 1]);
    rows
}

#[test]
fn views_of_a_board_in_parts_are_there_after_a_crash_and_exact_once_it_is_over() {
    let (_dir, path) = settings_file(SETTINGS);
    let server = Server::start(&format!("virtual:{NOON}"), &["--config", &path]);
    let view = json!({"around": {"k": 2}});
    let (mut both, before) = block_on(async {
        let both = Both::new(server).await;
        let (mut wire, _) = viewer(&both.server, &load::name(OWN)).await;
        let rows = both.look(&mut wire, view.clone()).await;
        (both, rows)
    });
    both.server.kill_and_restart();
    block_on(async {
        let (mut wire, _) = viewer(&both.server, &load::name(OWN)).await;
        let mut rows = begins_anew(&both, &mut wire, &before, view).await;
        assert_eq!(told(&rows.0[1]), told(&before.0[1]));
        for id in &both.ids {
            let path = format!("/v1/challenges/{id}/cancel");
            let reason = json!({"reason": "the weather"});
            let admin = Http::admin(&both.server);
            admin.post(&path, &reason).await.expect(200);
        }
        let mut is_exact = [false, false];
        while is_exact != [true, true] {
            let frame = rows.hear_until(&mut wire, "board").await;
            let at = usize::from(frame["id"] == 2);
            is_exact[at] = frame["phase"] == "cancelled" && frame["exact"].is_null();
        }
        assert_eq!(told(&rows.0[0]), told(&rows.0[1]));
        let ranks = |held: &Held| -> Vec<Value> {
            let rows = held.view().into_iter();
            rows.map(|row| row["rank"].clone()).collect()
        };
        assert_eq!(ranks(&rows.0[0]), ranks(&rows.0[1]));
    });
}
