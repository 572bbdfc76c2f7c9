//! Samples of every class through a socket, and a deployment's own metrics: what the day says of them (protocol.md 3, 7).

use serde_json::{Value, json};

use super::scene::{NOON, TODAY, WATCH, assert_shape, at, device, records, with};
use crate::harness::{Server, block_on};

fn sample(id: u64, metric: &str, at_ms: i64, more: Value) -> Value {
    let mut record = json!({"id": id.to_string(), "metric": metric, "start_ms": at_ms});
    let members = record.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    record
}

/// One sample of every class, a deletion, and one that is out of its range.
fn morning() -> Vec<Value> {
    let (start_ms, end_ms) = (at(1, 0), at(7, 30));
    vec![
        sample(
            1,
            "sleep",
            start_ms,
            json!({"end_ms": end_ms,
                "segments": [{"stage": "deep", "start_ms": start_ms, "end_ms": at(3, 0)}]}),
        ),
        sample(
            2,
            "distance",
            at(8, 0),
            json!({"end_ms": at(8, 30), "value": 2.5, "unit": "km"}),
        ),
        sample(3, "heart_rate", at(8, 0), json!({"value": 61})),
        sample(4, "heart_rate", at(8, 1), json!({"value": 64.5})),
        sample(
            5,
            "odometer",
            at(8, 0),
            json!({"value": 1000, "epoch_id": "a"}),
        ),
        sample(
            6,
            "odometer",
            at(8, 30),
            json!({"value": 1012.5, "epoch_id": "a"}),
        ),
        sample(7, "coolant", at(8, 0), json!({"value": 87.5})),
        sample(
            8,
            "workout",
            at(8, 0),
            json!({"end_ms": at(8, 30), "sport": "run", "totals": {"distance": 2500}}),
        ),
        sample(9, "coolant", at(8, 2), json!({"value": 151})),
        json!({"id": "7", "version": 2, "deleted": true, "metric": "coolant"}),
        sample(10, "coolant", at(8, 3), json!({"value": 90})),
    ]
}

#[test]
fn every_class_and_a_deployments_own_metric_are_in_the_day() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("metrics.toml");
    let text = "[[metric]]\nnumber = 1000\nname = \"coolant\"\nclass = \"gauge\"\nunit = \"Cel\"\n\
        store_per_unit = 10\nmin = -50\nmax = 150\n";
    std::fs::write(&own, text).unwrap();
    let mut server = Server::start(
        &format!("virtual:{NOON}"),
        &["--metrics-file", own.to_str().unwrap()],
    );
    block_on(async {
        let (mut wire, _) = device(&server, "ann", WATCH).await;
        let ack = wire.ack(&records(1, &morning())).await;
        let refused = json!([{"seq": 9, "status": "rejected", "code": "range",
            "detail": "coolant 151 is outside -50..150"}]);
        assert_eq!(ack["results"], refused);
        let changes = ack["changes"].as_array().unwrap();
        let topic = format!("me/day/{TODAY}");
        let state = changes
            .iter()
            .find(|change| change["topic"] == topic.as_str());
        let state = state.expect("the day has changed");
        assert_shape(
            &with(state, json!({"type": "state"})),
            "state_day_all_classes",
        );
        assert_eq!(state["metrics"]["heart_rate"]["mean"], 62.75);
        assert_eq!(state["sleep"]["asleep_min"], 120);
        assert_eq!(state["workouts"][0]["sport"], "run");
    });
    for _ in 0..2 {
        let day = block_on(server.rest().get(&format!("/v1/users/ann/days/{TODAY}")));
        let day: Value = day.unwrap();
        assert_eq!(
            day["metrics"]["distance"],
            json!({"display": 2_500.0, "eligible": 2_500.0})
        );
        assert_eq!(
            day["metrics"]["odometer"],
            json!({"display": 12.5, "eligible": 12.5})
        );
        let heart = json!({"n": 2, "min": 61.0, "max": 64.5, "mean": 62.75, "last": 64.5, "last_ms": at(8, 1)});
        assert_eq!(day["metrics"]["heart_rate"], heart);
        assert_eq!(day["metrics"]["coolant"]["n"], 1);
        assert_eq!(day["metrics"]["coolant"]["last"], 90.0);
        assert_eq!(
            (&day["sleep"]["asleep_min"], &day["sleep"]["in_bed_min"]),
            (&json!(120), &json!(390))
        );
        let run = json!([{"start_ms": at(8, 0), "end_ms": at(8, 30), "sport": "run",
            "totals": {"distance": 2500}, "recordings": 1}]);
        assert_eq!(day["workouts"], run);
        server.kill_and_restart();
    }
}
