//! Challenges that count another metric than steps (protocol.md 7): its unit in whatever is asked and told.

use serde_json::{Value, json};

use super::http::Http;
use super::people::{CLOCK, challenge, device_of, enrol_new, events, published, utc};
use crate::harness::{Server, TestStream, Wire, block_on};

/// So many km of distance in a minute each, and as many steps, which count for nothing here.
async fn move_on(server: &Server, user: &str, start_ms: i64, km: &[f64]) {
    let (mut stream, welcome) = TestStream::device(server, user, &device_of(user)).await;
    let first_seq = welcome.resume_after.live + 1;
    let record = |(place, km): (usize, &f64), metric: &str, value: Value| {
        let start_ms = start_ms + i64::try_from(place).unwrap() * 60_000;
        let mut record = json!({"id": format!("{metric}-{start_ms}-{km}"), "metric": metric, "start_ms": start_ms,
            "end_ms": start_ms + 60_000, "value": value, "method": "auto"});
        record["id"] = json!((start_ms / 60_000 * 2 + i64::from(metric == "steps")).to_string());
        record
    };
    let mut records: Vec<Value> = Vec::new();
    for km in km.iter().enumerate() {
        let mut distance = record(km, "distance", json!(km.1));
        distance["unit"] = json!("km");
        records.extend([distance, record(km, "steps", json!(100))]);
    }
    let batch = json!({"type": "batch", "batch_id": 1, "lane": "live", "first_seq": first_seq, "records": records});
    stream.send(&batch).await;
    let ack = stream.ack().await;
    let codes: Vec<_> = ack.results.into_iter().map(|result| result.code).collect();
    assert_eq!(codes, []);
    stream.close().await;
}

/// A score that is asked for, and why one is what it is.
async fn asked_in_metres(admin: &Http, of: &str) {
    let near = admin
        .get(&format!("{of}/leaderboard?around_score=2&k=1"))
        .await
        .expect(200)
        .json();
    let near: Vec<_> = near["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["user"].clone())
        .collect();
    assert_eq!(near, ["ann", "bob"], "2 m are more than half a metre");
    let id = of.rsplit('/').next().unwrap();
    let why = admin
        .get(&format!("/v1/users/ann/explain/score?challenge={id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&why["score"], &why["days"][0]["eligible"]),
        (&json!(2_500), &json!(3_000))
    );
}

#[test]
fn a_challenge_of_distance_asks_and_tells_in_metres() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = challenge("2016-04-13", "2016-04-13");
        body["metric"] = json!("distance");
        body["per_day_cap"] = json!(2_500);
        let of = published(&admin, &body).await;
        let made = admin.get(&of).await.expect(200).json();
        assert_eq!(
            (&made["metric"], &made["per_day_cap"]),
            (&json!("distance"), &json!(2_500))
        );
        enrol_new(&admin, &of, &["ann", "bob"]).await;
        let (mut wire, _) = Wire::hello(&server, "bob", &json!({"type": "hello"})).await;
        admin.advance(utc("2016-04-13", 12, 0)).await;
        move_on(&server, "ann", utc("2016-04-13", 9, 0), &[1.5, 1.5]).await;
        move_on(&server, "bob", utc("2016-04-13", 9, 0), &[0.0005]).await;
        let board = admin
            .get(&format!("{of}/leaderboard"))
            .await
            .expect(200)
            .json();
        assert_eq!(board["metric"], "distance");
        let scores: Vec<_> = board["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["score"].clone())
            .collect();
        assert_eq!(scores, [json!(2_500), json!(0.5)]);
        let is_rank = |frame: &Value| {
            frame["topic"]
                .as_str()
                .is_some_and(|topic| topic.starts_with("me/rank/"))
        };
        let rank = wire
            .until("the own rank", |frame| {
                is_rank(frame) && frame["score"] != 0
            })
            .await;
        assert_eq!(
            (&rank["rank"], &rank["score"], &rank["metric"]),
            (&json!(2), &json!(0.5), &json!("distance"))
        );
        asked_in_metres(&admin, &of).await;
        admin.advance(utc("2016-04-15", 12, 0)).await;
        let told = events(&admin, "bob", "challenge.settled").await;
        assert_eq!(
            (&told[0]["score"], &told[0]["metric"]),
            (&json!(0.5), &json!("distance"))
        );
    });
}

#[test]
fn tiers_and_stages_of_other_metrics_are_reached_in_their_units() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut all = challenge("2016-04-13", "2016-04-13");
        (all["type"], all["metric"]) = (json!("collective"), json!("distance"));
        all["tiers"] = json!([1_000, 5_000]);
        let all = published(&admin, &all).await;
        let mut route = challenge("2016-04-13", "2016-04-13");
        (route["type"], route["metric"]) = (json!("journey"), json!("distance"));
        route["stages"] = json!([{"title": "Airolo", "distance_m": 1_400}, {"title": "Gotthard", "distance_m": 3_000}]);
        let route = published(&admin, &route).await;
        enrol_new(&admin, &all, &["ann"]).await;
        admin
            .enrol(&format!("{route}/enrolments/ann"))
            .await
            .expect(201);
        admin.advance(utc("2016-04-13", 12, 0)).await;
        move_on(&server, "ann", utc("2016-04-13", 9, 0), &[1.5]).await;
        admin.advance(utc("2016-04-15", 12, 0)).await;
        let board = admin
            .get(&format!("{all}/leaderboard"))
            .await
            .expect(200)
            .json();
        assert_eq!(board["total"], 1_500);
        for (kind, member) in [("challenge.tier", "tier"), ("challenge.stage", "stage")] {
            let told = events(&admin, "ann", kind).await;
            let numbers: Vec<_> = told.iter().map(|event| event[member].clone()).collect();
            assert_eq!(numbers, [1], "{kind}");
        }
    });
}
