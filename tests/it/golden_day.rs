//! The golden day (domain.md 13a) and all its variations, end to end: Berlin, 2026-10-25, 25 hours long, through sockets, with a
//! streak of twelve days before it and a challenge over it.

use serde_json::{Value, json};
use streakline::cli::client::Write;
use streakline::protocol::form::Form;
use streakline_core::civil::{Day, HOUR_MS, MINUTE_MS};

use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};
use crate::stream::scene::{goal, records, with};

const ZONE: &str = "Europe/Berlin";
const SUNDAY: &str = "2026-10-25";
const DEVICES: [(&str, &str); 3] = [
    ("5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11", "watch"),
    ("0d7a5f3b-8f4e-5d0a-9a53-5f2c4c1e2c11", "phone"),
    // Its id is the largest, so that a tie-break by id would believe it.
    ("f0f0f0f0-8f4e-5d0a-9a53-5f2c4c1e2c11", "phone"),
];
const WATCH: usize = 0;
const PHONE: usize = 1;
const SECOND_PHONE: usize = 2;
/// 5.0 for the goal and 3,400 x 0.0005 for what is above it, 10^-6 token.
const TOKENS: i64 = 6_700_000;

/// An instant of a wall clock that is so many hours ahead of UTC, POSIX ms.
fn at(date: &str, (hour, minute): (i64, i64), ahead_h: i64) -> i64 {
    Day::parse(date).unwrap().utc_ms() + (hour - ahead_h) * HOUR_MS + minute * MINUTE_MS
}

/// The same on the Sunday after the clocks went back.
fn sunday(hour: i64, minute: i64) -> i64 {
    at(SUNDAY, (hour, minute), 1)
}

fn steps(id: u64, start_ms: i64, minutes: i64, value: i64) -> Value {
    json!({"id": id.to_string(), "metric": "steps", "start_ms": start_ms, "end_ms": start_ms + minutes * MINUTE_MS,
        "value": value, "method": "auto"})
}

/// Which device says what on the Sunday.
fn golden() -> Vec<(usize, Value)> {
    let manual = with(
        &steps(109, sunday(18, 0), 30, 2_000),
        json!({"method": "manual"}),
    );
    vec![
        (WATCH, steps(102, at(SUNDAY, (2, 10), 2), 10, 500)),
        (WATCH, steps(103, at(SUNDAY, (2, 10), 1), 10, 500)),
        (WATCH, steps(101, sunday(7, 0), 40, 4_000)),
        (PHONE, steps(101, sunday(7, 0), 60, 6_600)),
        (WATCH, steps(104, sunday(12, 0), 5, 1_500)),
        (PHONE, manual),
    ]
}

/// Ann, her devices, and the challenge that she is in.
struct Scene {
    form: Form,
    server: Server,
    wires: Vec<(Wire, u64)>,
    challenge: String,
}

impl Scene {
    /// Twelve met days, then Sunday at half past midnight.
    async fn after_twelve_met_days() -> Self {
        Self::in_form(Form::Json).await
    }

    /// The same with devices that speak another form.
    async fn in_form(form: Form) -> Self {
        let server = Server::virtual_at("2026-10-12T22:10:00Z");
        goal(&server, "ann", ZONE, 7_000, "2026-10-13").await;
        let mut scene = Self {
            form,
            server,
            wires: Vec::new(),
            challenge: String::new(),
        };
        scene.bind(WATCH).await;
        scene.bind(PHONE).await;
        for day in 13..=24 {
            let noon_ms = at(&format!("2026-10-{day}"), (12, 0), 2);
            scene.move_to(noon_ms + HOUR_MS).await;
            scene.send(WATCH, &steps(day, noon_ms, 60, 7_200)).await;
        }
        scene.move_to(at(SUNDAY, (0, 30), 2)).await;
        scene.join_challenge().await;
        scene
    }

    async fn bind(&mut self, device: usize) {
        let now_ms = self.server.rest().clock().await.unwrap().now_ms;
        let (id, class) = DEVICES[device];
        let said = with(&hello(id, now_ms), json!({"zone": ZONE, "class": class}));
        let (wire, _) = Wire::hello_in(self.form, &self.server, "ann", &said).await;
        self.wires.push((wire, 1));
    }

    async fn join_challenge(&mut self) {
        let rest = self.server.rest();
        let window = json!({"clock": "user_local", "starts": SUNDAY, "ends": SUNDAY});
        // Open until late data no longer scores: three days after the day.
        let body = json!({"title": "Sunday", "type": "most", "metric": "steps", "window": window, "finalisation_h": 72});
        let made = rest.post("/v1/challenges", &body, "sunday").await.unwrap();
        self.challenge = format!("/v1/challenges/{}", made["id"].as_str().unwrap());
        let publish = format!("{}/publish", self.challenge);
        rest.post(&publish, &json!({}), "publish").await.unwrap();
        let enrol = format!("{}/enrolments/ann", self.challenge);
        assert!(rest.put(&enrol, None, Write::Plain).await.unwrap());
    }

    async fn move_to(&self, to_ms: i64) {
        let rest = self.server.rest();
        if rest.clock().await.unwrap().now_ms < to_ms {
            rest.move_clock(to_ms).await.unwrap();
        }
    }

    async fn send(&mut self, device: usize, record: &Value) -> Value {
        let (wire, next) = &mut self.wires[device];
        let ack = wire
            .ack(&records(*next, std::slice::from_ref(record)))
            .await;
        *next += 1;
        ack
    }

    /// Sends each record at that time, or when it has ended.
    async fn play(&mut self, all: &[(usize, Value)], sent_ms: i64) {
        for (device, record) in all {
            let end_ms = record["end_ms"].as_i64().unwrap_or(sent_ms);
            self.move_to(end_ms.max(sent_ms)).await;
            self.send(*device, record).await;
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.server.rest().get(path).await.unwrap()
    }

    async fn day(&self) -> Value {
        self.get(&format!("/v1/users/ann/days/{SUNDAY}")).await
    }

    /// (display, eligible) of the Sunday, and what it would pay.
    async fn totals(&self) -> (Value, Value, Value) {
        let day = self.day().await;
        let pending = &day["tokens"]["pending_micro"];
        (
            day["display"].clone(),
            day["eligible"].clone(),
            pending.clone(),
        )
    }

    /// Score, and when it was reached.
    async fn score(&self) -> (Value, Value) {
        let row = self
            .get(&format!("{}/leaderboard/ann", self.challenge))
            .await;
        (row["score"].clone(), row["achieved_at_ms"].clone())
    }

    /// The count of the streak as of the Sunday.
    async fn streak(&self) -> Value {
        let path = format!("/v1/users/ann/streaks?as_of={SUNDAY}");
        let streaks = self.server.rest().list(&path).await.unwrap();
        streaks[0]["count"].clone()
    }

    /// Events of one kind of the Sunday.
    async fn events(&self, kind: &str) -> Vec<Value> {
        let path = "/v1/users/ann/events?after_seq=0";
        let mut all = self.server.rest().list(path).await.unwrap();
        all.retain(|event| event["kind"] == kind && event["day"] == SUNDAY);
        all
    }

    /// When the Sunday was paid, and what.
    async fn paid(&self) -> Vec<(i64, i64)> {
        let posted = self.events("tokens.posted").await;
        let number = |event: &Value, name: &str| event[name].as_i64().unwrap();
        let pairs = posted
            .iter()
            .map(|e| (number(e, "at_ms"), number(e, "amount_micro")));
        pairs.collect()
    }

    async fn assert_golden(&self) {
        let day = self.day().await;
        assert_eq!(
            (&day["display"], &day["eligible"]),
            (&json!(10_700), &json!(8_400)),
            "{day:#}"
        );
        let hours = (day["end_ms"].as_i64().unwrap() - day["start_ms"].as_i64().unwrap()) / HOUR_MS;
        assert_eq!(hours, 25);
        let goal = json!({"goal": "steps-7000", "target": 7_000, "progress": 8_400, "status": "met",
            "met_at_ms": sunday(7, 58), "met_at_local": "2026-10-25T07:58"});
        assert_eq!(day["goals"], json!([goal]));
    }
}

#[test]
fn the_golden_day_is_told_shown_scored_and_paid() {
    block_on(told_shown_scored_and_paid(Form::Json));
}

#[test]
fn the_golden_day_in_the_compact_form_is_told_shown_scored_and_paid() {
    block_on(told_shown_scored_and_paid(Form::Cbor));
}

#[test]
fn the_golden_day_makes_the_same_frames_in_both_forms() {
    let frames = Form::ALL.map(|form| {
        block_on(async {
            let mut scene = Scene::in_form(form).await;
            scene.play(&golden(), 0).await;
            let mut answers = Vec::new();
            for (wire, _) in &mut scene.wires {
                wire.quiet().await;
                // States are conflated by machine time, so only the newest of each topic is the same.
                let answer = |frame: &&Value| frame["type"] == "ack" || frame["type"] == "event";
                answers.extend(wire.seen.iter().filter(answer).cloned().map(without_chance));
            }
            answers
        })
    });
    assert!(frames[0].len() > 20, "{} frames", frames[0].len());
    assert_eq!(frames[0], frames[1]);
}

/// A challenge has another id in every run.
fn without_chance(mut frame: Value) -> Value {
    if let Some(challenge) = frame.get_mut("challenge") {
        *challenge = json!("of this run");
    }
    frame
}

async fn told_shown_scored_and_paid(form: Form) {
    let mut scene = Scene::in_form(form).await;
    assert_eq!(scene.streak().await, 12);
    scene.play(&golden(), 0).await;
    scene.assert_golden().await;
    let completed = scene.events("goal.completed").await;
    // The phone's hour is sent at its end; the minute is the one in which the sum was reached.
    assert_eq!(completed.len(), 1);
    assert_eq!(completed[0]["at_ms"], sunday(8, 0));
    assert_eq!(completed[0]["met_at_local"], "2026-10-25T07:58");
    assert_eq!(scene.score().await, (json!(8_400), json!(sunday(12, 4))));
    assert_eq!(scene.totals().await.2, TOKENS);
    let topic = format!("me/day/{SUNDAY}");
    let is_whole = |state: &Value| state["display"] == 10_700;
    let state = scene.wires[WATCH].0.state(&topic, is_whole).await;
    assert_eq!(
        (&state["eligible"], &state["pending_micro"]),
        (&json!(8_400), &json!(TOKENS))
    );
    let soft_close_ms = at("2026-10-26", (3, 0), 1);
    scene.move_to(soft_close_ms - 1).await;
    assert_eq!(scene.paid().await, []);
    scene.move_to(soft_close_ms).await;
    assert_eq!(scene.paid().await, [(soft_close_ms, TOKENS)]);
    let extended = scene.events("streak.extended").await;
    assert_eq!((extended.len(), &extended[0]["count"]), (1, &json!(13)));
    assert_eq!(extended[0]["at_ms"], soft_close_ms);
    scene.assert_golden().await;
}

#[test]
fn any_order_and_every_repeat_give_the_same_golden_day() {
    let mut hashes = Vec::new();
    for turn in 0..3 {
        block_on(async {
            let mut scene = Scene::after_twelve_met_days().await;
            let mut all = golden();
            all.reverse();
            all.rotate_left(2 * turn);
            all.extend(golden());
            scene.play(&all, sunday(20, 0)).await;
            scene.assert_golden().await;
            assert_eq!(scene.score().await, (json!(8_400), json!(sunday(12, 4))));
            assert_eq!(scene.day().await["records"], 6);
            hashes.push(scene.day().await["state_hash"].clone());
        });
    }
    assert!(
        hashes.windows(2).all(|pair| pair[0] == pair[1]),
        "{hashes:?}"
    );
}

#[test]
fn the_golden_day_without_the_watchs_walk_and_with_it_under_a_fresh_id() {
    block_on(async {
        let mut scene = Scene::after_twelve_met_days().await;
        scene.play(&golden(), 0).await;
        let fresh = steps(999, sunday(7, 0), 40, 4_000);
        assert_eq!(scene.send(WATCH, &fresh).await["results"], json!([]));
        scene.assert_golden().await;
        for id in ["999", "101"] {
            let deletion = json!({"id": id, "version": 2, "deleted": true, "metric": "steps"});
            assert_eq!(scene.send(WATCH, &deletion).await["results"], json!([]));
        }
        let wanted = (json!(11_100), json!(8_800), json!(6_900_000));
        assert_eq!(scene.totals().await, wanted);
        assert_eq!(scene.score().await, (json!(8_800), json!(sunday(12, 4))));
    });
}

#[test]
fn a_second_phone_that_was_bound_later_does_not_outbid_the_first_on_the_golden_day() {
    block_on(async {
        let mut scene = Scene::after_twelve_met_days().await;
        scene.bind(SECOND_PHONE).await;
        let mut all = golden();
        all.push((SECOND_PHONE, steps(1, sunday(7, 0), 60, 14_000)));
        scene.play(&all, sunday(20, 0)).await;
        scene.assert_golden().await;
        assert_eq!(scene.score().await, (json!(8_400), json!(sunday(12, 4))));
    });
}

#[test]
fn the_golden_day_three_days_late_is_the_same_and_paid_as_one_increment() {
    block_on(async {
        let mut scene = Scene::after_twelve_met_days().await;
        let late_ms = at("2026-10-28", (20, 30), 1);
        scene.move_to(late_ms).await;
        assert_eq!(scene.streak().await, 0, "provisionally missed");
        scene.play(&golden(), late_ms).await;
        scene.assert_golden().await;
        assert_eq!(scene.streak().await, 13);
        scene.move_to(at("2026-10-29", (0, 0), 1)).await;
        assert_eq!(scene.paid().await, [(at("2026-10-28", (21, 0), 1), TOKENS)]);
        assert_eq!(scene.events("streak.lost").await, Vec::<Value>::new());
        assert_eq!(scene.score().await, (json!(8_400), json!(sunday(12, 4))));
    });
}

#[test]
fn the_golden_day_five_days_late_is_history_and_restores_the_streak_without_tokens_or_score() {
    block_on(async {
        let mut scene = Scene::after_twelve_met_days().await;
        let late_ms = at("2026-10-30", (12, 0), 1);
        scene.move_to(late_ms).await;
        let lost = scene.events("streak.lost").await;
        assert_eq!((lost.len(), &lost[0]["count"]), (1, &json!(12)));
        let before = scene.get("/v1/users/ann/balance").await;
        scene.play(&golden(), late_ms).await;
        scene.assert_golden().await;
        assert_eq!(scene.streak().await, 13, "restored");
        scene.move_to(at("2026-11-05", (12, 0), 1)).await;
        assert_eq!(scene.get("/v1/users/ann/balance").await, before);
        assert_eq!(
            (scene.paid().await, scene.score().await.0),
            (vec![], json!(0))
        );
        let day = scene.day().await;
        let tokens = json!({"pending_micro": 0, "posted_micro": 0});
        assert_eq!((&day["scored"], &day["tokens"]), (&json!(0), &tokens));
        assert_eq!(day["phase"], "hard_closed");
    });
}
