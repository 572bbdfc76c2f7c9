//! Records of every class as they come, and the words for what is wrong with each.

use serde_json::{Value, json};
use streakline_core::{episode::Stage, metric::Metric};

use super::*;

fn read_json(value: &Value) -> Result<Record, RecordRefusal> {
    let text = value.to_string();
    read(serde_json::from_str(&text).unwrap())
}

fn taken(mut value: Value) -> Record {
    value["id"] = "7".into();
    value["start_ms"] = 60_000.into();
    read_json(&value).unwrap()
}

fn refused(mut value: Value) -> (&'static str, String) {
    value["id"] = "7".into();
    value["start_ms"] = 60_000.into();
    let refusal = read_json(&value).unwrap_err();
    (refusal.code.name(), refusal.detail)
}

#[test]
fn units_are_converted_exactly_to_the_store_unit() {
    let value = |metric: &str, unit: &str, value: Value| {
        let json = json!({"metric": metric, "unit": unit, "value": value, "end_ms": 7_200_000});
        taken(json).value().unwrap()
    };
    assert_eq!(value("distance", "km", json!(5.0204)), 5_020_400);
    assert_eq!(value("distance", "[mi_i]", json!(3.1)), 4_988_966);
    assert_eq!(value("active_energy", "kJ", json!(100)), 23_901);
    assert_eq!(value("active_minutes", "h", json!(1.5)), 5_400);
    let (code, detail) =
        refused(json!({"metric": "distance", "unit": "kg", "value": 1, "end_ms": 70_000}));
    assert_eq!(code, "bad_unit");
    assert_eq!(
        detail,
        "unit of distance must be m or km or cm or [mi_i] or [ft_i]"
    );
}

#[test]
fn a_gauge_is_read_at_an_instant() {
    let record = taken(json!({"metric": "heart_rate", "value": 61.5}));
    assert_eq!((record.start_ms, record.end_ms), (60_000, 60_000));
    assert_eq!(record.content, Content::Gauge(615));
    let long = refused(json!({"metric": "heart_rate", "value": 61, "end_ms": 61_000}));
    assert_eq!(long.1, "a gauge is read at an instant: leave end_ms out");
}

#[test]
fn heart_rate_variability_is_one_of_two_quantities() {
    let (code, detail) = refused(json!({"metric": "hrv", "value": 40}));
    assert_eq!(code, "unknown_metric");
    assert!(detail.contains("hrv_sdnn or hrv_rmssd"), "{detail}");
    let sdnn = taken(json!({"metric": "hrv_sdnn", "value": 40}));
    let rmssd = taken(json!({"metric": "hrv_rmssd", "value": 40}));
    assert_ne!(sdnn.metric, rmssd.metric);
}

#[test]
fn a_counter_has_an_epoch_and_an_amount_may_come_as_one() {
    let reading =
        json!({"metric": "steps", "class": "cumulative", "value": 290, "epoch_id": "2016-04-12"});
    let Content::Cumulative { value, epoch } = taken(reading).content else {
        panic!("not a reading");
    };
    assert_eq!((value, epoch.name()), (290, "2016-04-12".to_owned()));
    let missing = refused(json!({"metric": "odometer", "value": 1}));
    assert_eq!(missing, ("bad_sample", "epoch_id is missing".to_owned()));
    let forgotten =
        refused(json!({"metric": "steps", "value": 1, "epoch_id": "a", "end_ms": 70_000}));
    assert_eq!(forgotten.1, "epoch_id belongs to class cumulative");
    let wrong = refused(
        json!({"metric": "heart_rate", "class": "cumulative", "value": 1, "epoch_id": "a"}),
    );
    assert_eq!(wrong.1, "class of heart_rate is gauge, not cumulative");
}

#[test]
fn a_sleep_has_stages_and_a_workout_its_sport_and_totals() {
    let stage = |stage: &str| json!({"stage": stage, "start_ms": 60_000, "end_ms": 90_000});
    let night =
        |segments: Value| json!({"metric": "sleep", "end_ms": 120_000, "segments": segments});
    let record = taken(night(json!([stage("deep")])));
    assert_eq!(record.episode().unwrap().segments[0].stage, Stage::Deep);
    let dozing = refused(night(json!([stage("dozing")])));
    assert!(
        dozing.1.starts_with("stage must be one of awake, asleep"),
        "{}",
        dozing.1
    );
    let twice = refused(night(json!([stage("deep"), stage("rem")])));
    assert_eq!(twice.1, "segment 1 overlaps the one before it");
    let run = json!({"metric": "workout", "end_ms": 1_860_000, "sport": "run",
        "totals": {"distance": 5020, "active_energy": 310}});
    let record = taken(run);
    let totals = &record.episode().unwrap().totals;
    assert_eq!(
        totals,
        &[
            (Metric::DISTANCE, 5_020_000),
            (Metric::ACTIVE_ENERGY, 310_000)
        ]
    );
    let nameless = refused(json!({"metric": "workout", "end_ms": 70_000}));
    assert_eq!(nameless, ("bad_sample", "sport is missing".to_owned()));
    let steps = refused(json!({"metric": "steps", "end_ms": 70_000, "value": 1, "segments": []}));
    assert_eq!(
        steps.1,
        "segments, sport and totals belong to an episode, not to class delta"
    );
}

#[test]
fn a_deletion_needs_no_more_than_an_id_a_version_and_a_metric() {
    let record = read_json(&json!({"id": "7", "version": 2, "deleted": true, "metric": "steps"}));
    let record = record.unwrap();
    assert!(record.is_deleted());
    let said = json!({"id": "7", "version": 2, "deleted": true, "metric": "steps", "value": "x",
        "start_ms": 1, "method": "manual", "worn": true});
    assert_eq!(read_json(&said).unwrap(), record, "all else is left out");
}

#[test]
fn what_signs_a_record_is_read_beside_it_and_refuses_it_where_it_is_ill_formed() {
    let read = |attest: Value| {
        let text =
            json!({"id": "7", "metric": "steps", "start_ms": 0, "end_ms": 60_000, "value": 1,
            "attest": attest})
            .to_string();
        signed(serde_json::from_str(&text).unwrap())
    };
    let (record, signature) = read(json!("AAEC_w"));
    assert!(record.is_ok());
    assert_eq!(signature.as_deref(), Some(&[0, 1, 2, 255][..]));
    assert_eq!(read(Value::Null).1, None);
    let longest = read(json!("A".repeat(96))).1.unwrap();
    assert_eq!(longest.len(), limits::ATTEST_BYTES_MAX);
    for wrong in [
        json!(""),
        json!("A".repeat(97)),
        json!("AAEC_w=="),
        json!("AAEC/w"),
        json!(7),
    ] {
        let (record, signature) = read(wrong.clone());
        let code = record.unwrap_err().code.name();
        assert_eq!((code, signature), ("bad_signature", None), "{wrong}");
    }
}
