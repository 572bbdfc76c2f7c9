//! The terms of a challenge over REST (protocol.md 7): on whose clock its dates are, who joins late, and how many it needs.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{
    Band, CLOCK, challenge, device_of, enrol_new, events, make_user, phase, published, utc,
};
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

async fn row(admin: &Http, of: &str, user: &str) -> Value {
    let row = admin.get(&format!("{of}/leaderboard/{user}")).await;
    row.expect(200).json()
}

fn on_clock(clock: &str) -> Value {
    let mut body = challenge("2016-04-13", "2016-04-13");
    body["window"]["clock"] = json!(clock);
    body
}

/// T5.4: in Los Angeles a date of Berlin lasts from 15:00 of the day before to 15:00.
#[test]
fn a_date_of_one_zone_for_all_begins_and_ends_inside_the_days_of_a_member_elsewhere() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let zone = json!({"zone": "America/Los_Angeles"});
        admin.put("/v1/users/ann", &zone).await.expect(201);
        let of = published(&admin, &on_clock("Europe/Berlin")).await;
        let held = admin.get(&of).await.expect(200).json();
        assert_eq!(held["window"]["clock"], "Europe/Berlin");
        assert_eq!(held["ends_at_ms"], utc("2016-04-13", 22, 0));
        let path = format!("{of}/enrolments/ann");
        let joined = admin.enrol(&path).await.expect(201).json();
        assert_eq!(joined["counts_from_ms"], utc("2016-04-12", 22, 0));
        let mut band = Band::of(&server, "ann").await;
        admin.advance(utc("2016-04-12", 22, 30)).await;
        band.walk(utc("2016-04-12", 21, 58), &[100, 100, 3, 4])
            .await;
        assert_eq!(row(&admin, &of, "ann").await["score"], 7);
        admin.advance(utc("2016-04-13", 22, 30)).await;
        assert_eq!(phase(&admin, &of).await, "finalising");
        band.walk(utc("2016-04-13", 21, 59), &[20, 100]).await;
        let last = row(&admin, &of, "ann").await;
        assert_eq!(last["score"], 27);
        assert_eq!(last["achieved_at_ms"], utc("2016-04-13", 21, 59));
        let explained = "/v1/users/ann/explain/score?challenge=";
        let id = of.rsplit('/').next().unwrap();
        let why = admin
            .get(&format!("{explained}{id}"))
            .await
            .expect(200)
            .json();
        let scored = why["days"].as_array().unwrap().iter();
        let scored: i64 = scored.map(|day| day["scored"].as_i64().unwrap()).sum();
        assert_eq!(scored, 27, "{why}");
    });
}

#[test]
fn a_clock_that_nobody_knows_is_refused_and_one_that_is_open_stays() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let refused = admin
            .post("/v1/challenges", &on_clock("Mars/Olympus"))
            .await;
        let found = refused.faults(422, "unknown_zone");
        assert_eq!(found, faults(&[("/window/clock", "unknown_zone")]));
        let of = published(&admin, &on_clock("utc")).await;
        let mut held = admin.get(&of).await.expect(200).json();
        held["title"] = json!("Another");
        admin.replace(&of, &held).await.expect(200);
        held["window"]["clock"] = json!("Europe/Berlin");
        let refused = admin.replace(&of, &held).await;
        let found = refused.faults(409, "phase");
        assert_eq!(found, faults(&[("/window/clock", "fixed")]));
    });
}

#[test]
fn too_few_members_at_the_end_cancel_a_challenge_and_they_are_told_why() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = on_clock("utc");
        body["min_participants"] = json!(2);
        let (alone, both) = (
            published(&admin, &body).await,
            published(&admin, &body).await,
        );
        enrol_new(&admin, &alone, &["ann"]).await;
        enrol_new(&admin, &both, &["bob", "cat"]).await;
        admin.advance(utc("2016-04-14", 0, 0) - 1).await;
        assert_eq!(phase(&admin, &alone).await, "open");
        admin.advance(utc("2016-04-14", 0, 0)).await;
        assert_eq!(phase(&admin, &alone).await, "cancelled");
        assert_eq!(phase(&admin, &both).await, "finalising");
        let told = events(&admin, "ann", "challenge.cancelled").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["reason"], "fewer than 2 took part");
        admin.advance(utc("2016-04-15", 0, 0)).await;
        assert_eq!(phase(&admin, &both).await, "settled");
    });
}

#[test]
fn who_joins_late_may_bring_along_what_was_walked_since_the_start() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let mut body = on_clock("user_local");
        body["join"] = json!({"late": "prorated"});
        let of = published(&admin, &body).await;
        admin.advance(utc("2016-04-13", 9, 0)).await;
        let mut band = Band::of(&server, "ann").await;
        band.walk(utc("2016-04-12", 23, 59), &[10, 20, 30]).await;
        let path = format!("{of}/enrolments/ann");
        let joined = admin.enrol(&path).await.expect(201).json();
        assert_eq!(joined["counts_from_ms"], utc("2016-04-13", 0, 0));
        // The score comes to the board behind the answer.
        admin.advance(utc("2016-04-13", 9, 0)).await;
        assert_eq!(row(&admin, &of, "ann").await["score"], 50);
    });
}

#[test]
fn only_the_minutes_of_a_workout_with_a_heart_rate_may_count() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let mut body = on_clock("user_local");
        body["evidence"] = json!("workout_with_hr");
        let of = published(&admin, &body).await;
        let path = format!("{of}/enrolments/ann");
        admin.enrol(&path).await.expect(201);
        let now_ms = utc("2016-04-13", 12, 0);
        admin.advance(now_ms).await;
        let mut said = hello(&device_of("ann"), now_ms);
        said["class"] = json!("watch");
        let (mut wire, _) = Wire::hello(&server, "ann", &said).await;
        // Six minutes of 10 to 60 steps; a heart beats in the third to the fifth, the run is of the fourth on.
        let start_ms = utc("2016-04-13", 9, 0);
        let minute = |number: i64| start_ms + number * 60_000;
        let steps = [10, 20, 30, 40, 50, 60];
        wire.ack(&batch(1, start_ms, &steps)).await;
        let heart = (2..5).map(|number| {
            json!({"id": (100 + number).to_string(), "metric": "heart_rate", "start_ms": minute(number),
                "value": 140, "method": "auto"})
        });
        let run = json!({"id": "200", "metric": "workout", "sport": "run", "method": "active",
            "start_ms": minute(3), "end_ms": minute(6)});
        let records: Vec<Value> = heart.chain([run]).collect();
        let proof = json!({"type": "batch", "batch_id": 2, "lane": "live", "first_seq": 7,
            "records": records});
        let ack = wire.ack(&proof).await;
        assert_eq!(ack["results"], json!([]), "{ack}");
        admin.advance(now_ms + 1).await;
        let counted = row(&admin, &of, "ann").await;
        assert_eq!(counted["score"], 90);
        assert_eq!(counted["achieved_at_ms"], minute(4));
        let id = of.rsplit('/').next().unwrap();
        let why = format!("/v1/users/ann/explain/score?challenge={id}");
        let why = admin.get(&why).await.expect(200).json();
        let today = &why["days"][0];
        assert_eq!(
            (&today["eligible"], &today["scored"]),
            (&json!(210), &json!(90))
        );
        assert_eq!(today["left_out"], json!(["evidence"]));
    });
}
