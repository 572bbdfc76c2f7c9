//! Bodies of challenges, good and bad.

use serde_json::json;
use streakline_core::definition::{LateJoin, Measure, rewards::Basis};

use super::*;
use crate::protocol::body::challenge::Reward;
use crate::zones::BundledZones;

fn parse(body: &Value, read_only: &[&str]) -> Result<Definition, Refusal> {
    parse_under(ManualPolicy::Exclude, body, read_only)
}

fn parse_under(
    manual_policy: ManualPolicy,
    body: &Value,
    read_only: &[&str],
) -> Result<Definition, Refusal> {
    let zones = BundledZones::new();
    let known = Known {
        zones: &zones,
        manual_policy,
    };
    super::parse(body, read_only, &known)
}

fn april() -> Value {
    json!({"title": "April steps", "type": "most", "metric": "steps",
        "window": {"clock": "user_local", "starts": "2016-04-13", "ends": "2016-05-11"}})
}

fn faults(body: &Value) -> Vec<(String, &'static str)> {
    let refusal = parse(body, &[]).unwrap_err();
    refusal
        .faults
        .into_iter()
        .map(|fault| (fault.pointer, fault.code))
        .collect()
}

#[test]
fn a_challenge_needs_four_members_and_the_rest_defaults() {
    let definition = parse(&april(), &[]).unwrap();
    assert_eq!(definition.per_day_cap, Some(30_000));
    assert_eq!((definition.finalisation_h, definition.capacity), (24, None));
    assert_eq!(
        (definition.late, definition.join_opens_ms),
        (LateJoin::Yes, None)
    );
    let missing = faults(&json!({}));
    let pointers: Vec<&str> = missing
        .iter()
        .map(|(pointer, _)| pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/title", "/type", "/metric", "/window"]);
}

#[test]
fn a_waiting_list_needs_a_capacity() {
    let mut body = april();
    body["waitlist"] = json!(20);
    assert_eq!(faults(&body), [("/waitlist".to_owned(), "needs_capacity")]);
    body["capacity"] = json!(0);
    assert_eq!(
        faults(&body),
        [("/capacity".to_owned(), "range")],
        "said once"
    );
    body["capacity"] = json!(10);
    assert_eq!(parse(&body, &[]).unwrap().waitlist, 20);
}

#[test]
fn a_challenge_may_need_no_more_members_than_it_has_places() {
    let mut body = april();
    body["min_participants"] = json!(20);
    assert_eq!(parse(&body, &[]).unwrap().min_participants, Some(20));
    body["capacity"] = json!(10);
    let found = faults(&body);
    assert_eq!(found, [("/min_participants".to_owned(), "range")]);
    body["capacity"] = json!(0);
    assert_eq!(faults(&body), [("/capacity".to_owned(), "range")]);
}

#[test]
fn evidence_that_cannot_be_told_apart_is_refused() {
    let mut body = april();
    for name in ["any", "signed", "none"] {
        body["evidence"] = json!(name);
        let found = faults(&body);
        assert_eq!(found, [("/evidence".to_owned(), "unsupported")], "{name}");
    }
    body["evidence"] = json!("any");
    for policy in [ManualPolicy::GoalsOnly, ManualPolicy::Include] {
        let any = parse_under(policy, &body, &[]).unwrap();
        assert_eq!(any.evidence, Evidence::Any);
    }
    for evidence in [
        Evidence::Sensed,
        Evidence::WorkoutWithHr,
        Evidence::Attested,
    ] {
        body["evidence"] = json!(evidence.name());
        assert_eq!(parse(&body, &[]).unwrap().evidence, evidence);
    }
}

#[test]
fn null_takes_the_cap_of_a_day_away() {
    let mut body = april();
    body["per_day_cap"] = json!(null);
    assert_eq!(parse(&body, &[]).unwrap().per_day_cap, None);
}

#[test]
fn faults_of_shape_and_of_meaning_are_told_together() {
    let mut body = april();
    body["window"]["ends"] = json!("2016-04-01");
    body["stakes"] = json!([]);
    body["join"] = json!({"opens_ms": 1_500_000_000_000_i64, "late": "perhaps"});
    body["finalisation_h"] = json!(73);
    body["title"] = json!("");
    let mut found = faults(&body);
    found.sort();
    let wanted = [
        ("/finalisation_h", "range"),
        ("/join/late", "unsupported"),
        ("/join/opens_ms", "after_end"),
        ("/stakes", "unknown_field"),
        ("/title", "range"),
        ("/window/ends", "before_start"),
    ];
    assert_eq!(
        found,
        wanted.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn a_window_that_is_not_known_is_not_judged() {
    let mut body = april();
    body["window"]["ends"] = json!("2016-02-30");
    body["join"] = json!({"opens_ms": 1_500_000_000_000_i64});
    assert_eq!(faults(&body), [("/window/ends".to_owned(), "date")]);
}

#[test]
fn the_answer_of_a_get_can_be_put_back_but_not_posted() {
    let mut body = april();
    for name in READ_ONLY {
        body[name] = json!(1);
    }
    assert!(parse(&body, READ_ONLY).is_ok());
    assert!(
        faults(&body)
            .iter()
            .all(|(_, code)| *code == "unknown_field")
    );
}

#[test]
fn a_clock_is_each_members_own_or_one_for_all() {
    let mut body = april();
    for name in ["user_local", "utc", "Europe/Berlin"] {
        body["window"]["clock"] = json!(name);
        assert_eq!(parse(&body, &[]).unwrap().clock.name(), name);
    }
    let berlin = parse(&body, &[]).unwrap();
    assert_eq!(
        berlin.started_ms(),
        1_460_498_400_000,
        "22:00Z of the day before"
    );
    body["window"]["clock"] = json!("europe/berlin");
    assert_eq!(
        faults(&body),
        [("/window/clock".to_owned(), "unknown_zone")]
    );
}

#[test]
fn rewards_are_read_with_their_campaign() {
    let mut body = april();
    body["tie_rule"] = json!("share");
    body["campaign"] = json!("0196aaaa-0000-7000-8000-000000000001");
    body["rewards"] = json!([
        {"rank": 1, "tokens_micro": 100}, {"rank": 2, "to_rank": 3, "tokens_micro": 60},
        {"percentile": 10, "tokens_micro": 5}, {"threshold": 70_000, "tokens_micro": 4},
        {"pool": "score", "tokens_micro": 3}]);
    let definition = parse(&body, &[]).unwrap();
    assert_eq!(definition.rewards.len(), 5);
    let shown: Vec<_> = definition
        .rewards
        .iter()
        .map(|reward| Reward::of(reward, Measure::Amount(Metric::STEPS)))
        .collect();
    assert_eq!(serde_json::to_value(shown).unwrap(), body["rewards"]);
}

#[test]
fn every_fault_of_rewards_has_its_place() {
    let mut body = april();
    body["campaign"] = json!("spring");
    body["rewards"] = json!([
        {"rank": 1, "tokens_micro": 100, "threshold": 5}, {"tokens_micro": 1.5, "pool": "all"},
        {"percentile": 10, "to_rank": 3, "tokens_micro": 5}, {"tokens_micro": 5}, 7]);
    let mut found = faults(&body);
    found.sort();
    let wanted = [
        ("/campaign", "range"),
        ("/rewards/0/rank", "one_of"),
        ("/rewards/1/pool", "unsupported"),
        ("/rewards/1/tokens_micro", "range"),
        ("/rewards/2/to_rank", "needs_rank"),
        ("/rewards/3/rank", "one_of"),
        ("/rewards/4", "bad_frame"),
        ("/rewards/4/rank", "one_of"),
    ];
    assert_eq!(
        found,
        wanted.map(|(pointer, code)| (pointer.to_owned(), code))
    );
    let mut unpaid = april();
    unpaid["rewards"] = json!([{"rank": 0, "tokens_micro": 100}]);
    let wanted = [("/rewards/0/rank", "range"), ("/campaign", "needs_rewards")];
    assert_eq!(
        faults(&unpaid),
        wanted.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn amounts_are_of_the_metrics_unit_and_kept_in_its_store_units() {
    let mut body = april();
    body["metric"] = json!("distance");
    let plain = parse(&body, &[]).unwrap();
    assert_eq!(plain.per_day_cap, None, "30,000 are steps");
    body["per_day_cap"] = json!(12_000.5);
    body["campaign"] = json!("0196aaaa-0000-7000-8000-000000000001");
    body["rewards"] = json!([{"threshold": 70_000, "tokens_micro": 4}]);
    let definition = parse(&body, &[]).unwrap();
    assert_eq!(definition.metric, Metric::DISTANCE);
    assert_eq!(definition.per_day_cap, Some(12_000_500));
    let basis = definition.rewards.first().map(|reward| reward.basis);
    assert_eq!(basis, Some(Basis::Threshold(70_000_000)));
    body["type"] = json!("last_standing");
    body["join"] = json!({"late": "no"});
    body["bar"] = json!(5_000);
    let definition = parse(&body, &[]).unwrap();
    assert_eq!(definition.kind, Kind::LastStanding { bar: 5_000_000 });
    let basis = definition.rewards.first().map(|reward| reward.basis);
    assert_eq!(basis, Some(Basis::Threshold(70_000)), "rounds");
}

#[test]
fn a_metric_that_does_not_add_up_is_refused_and_others_bring_nothing_along() {
    let mut body = april();
    for name in ["heart_rate", "sleep", "mood"] {
        body["metric"] = json!(name);
        assert_eq!(faults(&body), [("/metric".to_owned(), "unknown_metric")]);
    }
    body["metric"] = json!("active_minutes");
    body["join"] = json!({"late": "prorated"});
    assert_eq!(faults(&body), [("/join/late".to_owned(), "unsupported")]);
}
