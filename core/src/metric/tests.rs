//! The registry: the built-in entries, and what is refused of a deployment's own.

use super::*;
use crate::metric::unit::{convertible, ratio};
use alloc::{string::ToString, vec};

fn own(number: u16, name: &str) -> Definition {
    Definition {
        metric: Metric(number),
        name: name.into(),
        class: Class::Gauge,
        unit: "Cel".into(),
        store_per_unit: 10,
        range: (-500, 1_500),
    }
}

#[test]
fn every_built_in_metric_is_found_by_number_and_by_name() {
    let registry = Registry::built_in();
    assert_eq!(registry.entries().count(), 18);
    for entry in registry.entries() {
        assert_eq!(registry.named(&entry.name), Some(entry));
        assert_eq!(entry.metric.built_in_name(), Some(entry.name.as_str()));
        assert!(entry.metric < Metric::OWN_FIRST);
        assert!(entry.range.0 <= entry.range.1);
    }
}

#[test]
fn a_deployment_adds_its_own_metrics() {
    let registry = Registry::with(vec![own(1_000, "coolant")]).unwrap();
    assert_eq!(registry.name(Metric(1_000)), "coolant");
    assert_eq!(registry.name(Metric(1_001)), "");
    assert_eq!(Metric(1_000).built_in_name(), None);
}

#[test]
fn every_fault_of_a_deployments_metrics_is_told_at_once() {
    let scale = Definition {
        store_per_unit: 0,
        ..own(1_003, "still")
    };
    let wrong = vec![own(7, "low"), own(1_001, "steps"), own(1_002, "Hot"), scale];
    let faults = Registry::with(wrong).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "metric low: numbers below 1000 are built in",
            "metric low: its number or its name is taken",
            "metric steps: its number or its name is taken",
            "metric \"Hot\": a name has 1 to 64 of a-z, 0-9 and _",
            "metric still: store_per_unit must be above 0, and its range must not be empty",
        ]
    );
}

#[test]
fn values_are_shown_in_the_metrics_unit() {
    let registry = Registry::built_in();
    let shown = |metric, value| registry.get(metric).unwrap().shown(value);
    assert_eq!(shown(Metric::STEPS, 87), "87");
    assert_eq!(shown(Metric::STEPS, 0), "0");
    assert_eq!(shown(Metric::DISTANCE, 12_050), "12.05");
    assert_eq!(shown(Metric::HEART_RATE, 700), "70");
    assert_eq!(shown(Metric::ACTIVE_MINUTES, 100), "1.666");
    let coolant = Registry::with(vec![own(1_000, "coolant")]).unwrap();
    assert_eq!(coolant.get(Metric(1_000)).unwrap().shown(-5), "-0.5");
    let heart = registry.get(Metric::HEART_RATE).unwrap();
    assert_eq!(heart.mean_thousandths(2_110, 3), Some(70_333));
    assert_eq!(heart.mean_thousandths(0, 0), None);
}

#[test]
fn amounts_may_come_as_a_counter_and_nothing_else_in_another_class() {
    let registry = Registry::built_in();
    let steps = registry.get(Metric::STEPS).unwrap();
    assert!(steps.takes(Class::Delta) && steps.takes(Class::Cumulative));
    assert!(!steps.takes(Class::Gauge) && steps.adds_up());
    let odometer = registry.get(Metric::ODOMETER).unwrap();
    assert!(odometer.takes(Class::Cumulative) && !odometer.takes(Class::Delta));
    let heart = registry.get(Metric::HEART_RATE).unwrap();
    assert!(!heart.adds_up() && !heart.takes(Class::Cumulative));
}

#[test]
fn units_convert_only_within_their_kind() {
    let units: Vec<&str> = convertible("km").collect();
    assert_eq!(units, ["km", "m", "[mi_i]"]);
    assert!(units.iter().all(|unit| ratio("km", unit).is_some()));
    assert_eq!(ratio("{steps}", "m"), None);
}
