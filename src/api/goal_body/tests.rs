//! Tests of the body of a goal: every kind, and every fault at once.

use serde_json::json;
use streakline_core::civil::Day;

use super::*;

fn parsed(body: &Value) -> Result<PutGoal, Refusal> {
    parse(GoalId::parse("steps-7500").unwrap(), body)
}

fn body() -> Value {
    json!({"metric": "steps", "period": "day", "kind": "static", "target": 7500,
        "from": "2016-04-13", "streak": {"freezes": 0}})
}

fn found(body: &Value) -> Vec<(String, &'static str)> {
    let faults = parsed(body).unwrap_err().faults;
    let fault = |fault: crate::protocol::error_code::Fault| (fault.pointer, fault.code);
    faults.into_iter().map(fault).collect()
}

fn faults(wanted: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    let wanted = wanted.iter();
    wanted.map(|(at, code)| ((*at).to_owned(), *code)).collect()
}

#[test]
fn a_goal_is_read_and_its_answer_can_be_put_back() {
    let put = parsed(&body()).unwrap();
    assert_eq!(put.wish.terms, Terms::fixed(Metric::STEPS, 7_500));
    assert_eq!(put.wish.from, Day::parse("2016-04-13"));
    let mut answer = body();
    answer["goal"] = json!("steps-7500");
    answer["until"] = json!(null);
    answer["current"] = json!({"target": 1});
    assert_eq!(parsed(&answer).unwrap(), put);
}

#[test]
fn a_weekday_may_have_a_target_of_its_own_and_a_week_only_one() {
    let mut goal = body();
    goal["targets"] = json!({"sat": 5000, "sun": 4000});
    goal["rest_days"] = json!(1);
    let terms = parsed(&goal).unwrap().wish.terms;
    assert_eq!(
        terms.parts()[0].weekdays,
        BTreeMap::from([(5, 5_000), (6, 4_000)])
    );
    assert_eq!(terms.rest_days, 1);
    goal["period"] = json!("week");
    let wanted = [("/targets", "unsupported"), ("/rest_days", "unknown_field")];
    assert_eq!(found(&goal), faults(&wanted));
    goal["targets"] = json!({"saturday": 1, "sun": 0});
    let wanted = [
        ("/targets/sun", "range"),
        ("/targets/saturday", "unknown_field"),
        ("/rest_days", "unknown_field"),
    ];
    assert_eq!(found(&goal), faults(&wanted));
}

#[test]
fn an_adaptive_goal_has_a_policy_with_the_figures_of_steps_for_defaults() {
    let goal = json!({"metric": "steps", "period": "day", "kind": "adaptive"});
    let put = parsed(&goal).unwrap();
    let adaptive = *put.wish.terms.adaptive().unwrap();
    assert_eq!(adaptive.policy, Policy::Percentile);
    assert_eq!(
        (adaptive.onboarding, adaptive.bounds),
        (6_000, Bounds::STEPS)
    );
    assert_eq!(put.wish.own, None);
    let mut own = goal.clone();
    own["target"] = json!(9_000);
    own["policy"] = json!({"name": "garmin_like", "cap": 9_000});
    let put = parsed(&own).unwrap();
    assert_eq!(put.wish.own, Some(9_000));
    assert_eq!(
        put.wish.terms.adaptive().unwrap().policy,
        Policy::GarminLike
    );
    own["target"] = json!(9_001);
    own["policy"]["floor"] = json!(0);
    own["policy"]["arm"] = json!(1);
    let wanted = [
        ("/policy/floor", "range"),
        ("/policy/arm", "unknown_field"),
        ("/target", "range"),
    ];
    assert_eq!(found(&own), faults(&wanted));
    let other = json!({"metric": "floors", "period": "day", "kind": "adaptive",
        "policy": {"floor": 2, "cap": 40, "round_to": 1, "step": 1}});
    let wanted = [("/policy/onboarding", "bad_frame")];
    assert_eq!(
        found(&other),
        faults(&wanted),
        "the defaults are those of steps"
    );
    let mut weekly = goal;
    weekly["period"] = json!("week");
    assert_eq!(found(&weekly), faults(&[("/period", "unsupported")]));
}

#[test]
fn days_are_counted_over_a_week_or_a_month() {
    let mut goal = body();
    goal["kind"] = json!("days_of");
    goal["days"] = json!(5);
    assert_eq!(found(&goal), faults(&[("/period", "unsupported")]));
    goal["period"] = json!("week");
    let kind = parsed(&goal).unwrap().wish.terms.kind;
    assert!(matches!(kind, Kind::DaysOf { days: 5, .. }), "{kind:?}");
    goal["days"] = json!(8);
    assert_eq!(found(&goal), faults(&[("/days", "range")]));
}

#[test]
fn a_composite_goal_has_parts_of_different_metrics() {
    let part = json!({"metric": "steps", "target": 7500});
    let goal = json!({"period": "day", "kind": "composite", "mode": "some",
        "parts": [part, part, {"metric": "steps"}], "metric": "steps"});
    let wanted = [
        ("/mode", "unsupported"),
        ("/parts/1/metric", "repeated"),
        ("/parts/2/target", "bad_frame"),
        ("/metric", "unknown_field"),
    ];
    assert_eq!(found(&goal), faults(&wanted));
    let km = json!({"metric": "distance", "target": 5000.5});
    let whole = json!({"period": "week", "kind": "composite", "mode": "any", "parts": [part, km]});
    let parts = parsed(&whole).unwrap().wish.terms.parts().to_vec();
    let wanted = [
        Part::of(Metric::STEPS, 7_500),
        Part::of(Metric::DISTANCE, 5_000_500),
    ];
    assert_eq!(parts, wanted, "in store units");
    let short = json!({"period": "day", "kind": "composite", "mode": "all", "parts": [part]});
    assert_eq!(found(&short), faults(&[("/parts", "range")]));
}

#[test]
fn a_goal_of_another_metric_is_told_so_by_the_problems_own_code() {
    let mut other = body();
    other["metric"] = json!("sleep");
    let refusal = parsed(&other).unwrap_err();
    assert_eq!(refusal.faults[0].code, "unknown_metric");
    assert_eq!(
        crate::protocol::problem::Problem::of(&refusal, "").code,
        "unknown_metric"
    );
}

#[test]
fn every_fault_of_a_goal_is_found() {
    let bad = json!({"metric": "steps", "period": "year", "kind": "magic", "target": 0,
        "from": "13.4.2016", "streak": {"freezes": 3, "repair": true}, "tarket": 1});
    let wanted = [
        ("/period", "unsupported"),
        ("/kind", "unsupported"),
        ("/target", "range"),
        ("/from", "date"),
        ("/streak/freezes", "range"),
        ("/streak/repair", "bad_frame"),
        ("/tarket", "unknown_field"),
    ];
    assert_eq!(found(&bad), faults(&wanted));
}

#[test]
fn passes_and_repairs_are_of_daily_goals_and_freezes_of_all() {
    let mut weekly = body();
    weekly["period"] = json!("week");
    weekly["streak"] = json!({"freezes": 2});
    let allowed = parsed(&weekly).unwrap().streak.unwrap();
    assert_eq!((allowed.freezes, allowed.is_of_days()), (2, false));
    for streak in [
        json!({"weekend_pass": true}),
        json!({"near_miss": true}),
        json!({"repair": {"earn_back": true}}),
    ] {
        weekly["streak"] = streak;
        assert_eq!(found(&weekly), faults(&[("/streak", "unsupported")]));
    }
}
