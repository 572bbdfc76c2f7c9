//! Properties of issued targets: the schedule of domain.md 3.2 for any window, any last target and any bounds.

use proptest::prelude::*;
use std::vec::Vec;

use super::*;
use crate::{
    goal::{
        Percentile, Policy,
        policy::{GoalPolicy, WindowDay},
    },
    metric::Metric,
};

fn by(policy: Policy) -> Adaptive {
    Adaptive {
        metric: Metric::STEPS,
        policy,
        onboarding: 6_000,
        bounds: Bounds::STEPS,
    }
}

fn inputs(amounts: &[i64], previous: Option<i64>) -> Inputs {
    let day = |(back, amount): (u8, &i64)| WindowDay {
        back,
        amount: *amount,
        target: None,
    };
    Inputs {
        window: (1..).zip(amounts).map(day).collect(),
        previous,
        onboarding: 6_000,
    }
}

fn issued(amounts: &[i64], previous: Option<i64>) -> IssuedTarget {
    IssuedTarget::new(by(Policy::Percentile), inputs(amounts, previous), 0)
}

#[test]
fn the_worked_example_is_limited_to_6900() {
    let days = [
        4_200, 7_350, 5_100, 8_800, 6_100, 3_900, 7_000, 9_400, 5_600,
    ];
    let target = issued(&days, Some(6_000));
    assert_eq!((target.base, target.target), (7_000, 6_900));
    assert_eq!(issued(&days, None).target, 7_000);
}

#[test]
fn a_target_is_rounded_up_to_50_and_may_always_move_by_250() {
    assert_eq!(issued(&[6_001; 9], None).target, 6_050);
    assert_eq!(issued(&[2_000; 9], Some(2_100)).target, 2_000);
    assert_eq!(issued(&[9_000; 9], Some(1_000)).target, 2_000, "floor wins");
    assert_eq!(
        issued(&[14_000; 9], Some(40_000)).target,
        15_000,
        "cap wins"
    );
    assert_eq!(issued(&[3_000; 9], Some(2_100)).target, 2_415);
    assert_eq!(issued(&[2_000; 9], Some(2_249)).target, 2_000);
    assert_eq!(
        issued(&[3_000; 9], Some(1_999)).target,
        2_298,
        "15 % is floored"
    );
}

fn amounts() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(0_i64..40_000, 0..=9)
}

proptest! {
    /// T3.1
    #[test]
    fn the_order_of_the_window_does_not_matter_and_a_better_day_never_lowers_the_target(
        mut days in amounts(),
        previous in prop::option::of(2_000_i64..15_000),
        (at, more, turn) in (0_usize..9, 0_i64..20_000, 0_usize..9),
    ) {
        let before = issued(&days, previous).target;
        let mut turned = days.clone();
        if !turned.is_empty() {
            let by = turn % turned.len();
            turned.rotate_left(by);
            turned.reverse();
        }
        prop_assert_eq!(issued(&turned, previous).target, before);
        if let Some(day) = days.get_mut(at) {
            *day += more;
        }
        prop_assert!(issued(&days, previous).target >= before);
    }

    /// T3.2
    #[test]
    fn the_base_is_one_of_the_observed_values(days in prop::collection::vec(0_i64..40_000, 5..=9)) {
        prop_assert!(days.contains(&Percentile.base(&inputs(&days, None))));
    }

    /// T3.3
    #[test]
    fn a_target_stays_near_the_last_one_and_within_floor_and_cap(
        days in amounts(),
        previous in 2_000_i64..=15_000,
        garmin: bool,
    ) {
        let policy = if garmin { Policy::GarminLike } else { Policy::Percentile };
        let target = IssuedTarget::new(by(policy), inputs(&days, Some(previous)), 0).target;
        prop_assert!((target - previous).abs() <= (previous * 15 / 100).max(250));
        prop_assert!((2_000..=15_000).contains(&target));
    }
}
