//! Amounts as goals show them: in the metric's unit, whole where they are whole.

use serde_json::Number;
use streakline_core::{
    definition::{Measure, kind::teams::MEAN_PARTS},
    metric::Metric,
    view::Counted,
};

use crate::registry;

/// An amount in store units as a number of the metric's unit.
pub(crate) fn amount(metric: Metric, value: i64) -> Number {
    let of = registry::metrics().get(metric);
    of.map_or_else(|| Number::from(value), |of| number(of.thousandths(value)))
}

/// A score as a number of what it is measured in.
pub(crate) fn measured(of: Measure, value: i64) -> Number {
    match of {
        Measure::Count => Number::from(value),
        Measure::Amount(metric) => amount(metric, value),
        Measure::Mean(metric) => {
            let of = registry::metrics().get(metric);
            let per_unit = of.map_or(1, |of| of.store_per_unit.max(1));
            let of_thousandth = (MEAN_PARTS / 1_000).saturating_mul(i64::from(per_unit));
            number(i128::from(value.div_euclid(of_thousandth)))
        }
    }
}

/// The score of a measure that is at least a whole number of what it is measured in; saturating.
pub(crate) fn units(of: Measure, whole: i64) -> i64 {
    let per_unit = |metric| {
        let of = registry::metrics().get(metric);
        of.map_or(1, |of| i64::from(of.store_per_unit.max(1)))
    };
    let parts = match of {
        Measure::Count => 1,
        Measure::Amount(metric) => per_unit(metric),
        Measure::Mean(metric) => per_unit(metric).saturating_mul(MEAN_PARTS),
    };
    whole.saturating_mul(parts)
}

/// The mean of readings, from their sum in store units and their number.
pub(crate) fn mean(metric: Metric, (sum, count): (i64, u64)) -> Number {
    let of = registry::metrics().get(metric);
    let mean = of.and_then(|of| of.mean_thousandths(sum, count));
    let mean = mean.and_then(|mean| Number::from_f64(decimal(mean)));
    mean.unwrap_or_else(|| Number::from(0))
}

fn number(thousandths: i128) -> Number {
    let whole = i64::try_from(thousandths.div_euclid(1_000)).ok();
    let whole = whole.filter(|_| thousandths.rem_euclid(1_000) == 0);
    let fraction = || Number::from_f64(decimal(thousandths));
    whole
        .map(Number::from)
        .or_else(fraction)
        .unwrap_or_else(|| Number::from(0))
}

/// Thousandths as a decimal: the number that is nearest to it, so that three digits behind the point are told as they are.
pub(crate) fn decimal(thousandths: i128) -> f64 {
    thousandths as f64 / 1_000.0
}

/// A target, or what has been reached of it, as a number of what the goal counts.
pub(crate) fn counted(of: Counted, value: i64) -> Number {
    match of {
        Counted::Amount(metric) => amount(metric, value),
        Counted::Days | Counted::Parts => Number::from(value),
    }
}

/// The word for what a goal's target is a number of; none for an amount of a metric.
pub(crate) fn counts(of: Counted) -> Option<&'static str> {
    match of {
        Counted::Amount(_) => None,
        Counted::Days => Some("days"),
        Counted::Parts => Some("parts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_told_in_its_metrics_unit_and_whole_where_it_is() {
        let told = |metric, value| amount(metric, value).to_string();
        assert_eq!(told(Metric::STEPS, 7_500), "7500");
        assert_eq!(told(Metric::DISTANCE, 5_000_000), "5000");
        assert_eq!(told(Metric::DISTANCE, 5_000_500), "5000.5");
        assert_eq!(counted(Counted::Days, 3).to_string(), "3");
    }

    #[test]
    fn a_score_is_told_in_what_it_is_measured_in() {
        let told = |of, value| measured(of, value).to_string();
        assert_eq!(told(Measure::Count, 420), "420");
        assert_eq!(told(Measure::Amount(Metric::DISTANCE), 1_500), "1.5");
        assert_eq!(
            told(Measure::Mean(Metric::STEPS), 3_333_333_333),
            "3333.333"
        );
        assert_eq!(told(Measure::Mean(Metric::STEPS), 4_000_000), "4");
        assert_eq!(
            told(Measure::Mean(Metric::DISTANCE), 2_999_999_999),
            "2.999"
        );
    }

    #[test]
    fn whole_units_are_found_again() {
        for of in [
            Measure::Count,
            Measure::Amount(Metric::DISTANCE),
            Measure::Mean(Metric::STEPS),
        ] {
            assert_eq!(measured(of, units(of, 7)).to_string(), "7");
        }
    }

    #[test]
    fn three_digits_behind_the_point_are_told_as_they_are() {
        for thousandths in (-2_000_000..2_000_000).step_by(7) {
            let (sign, magnitude) = (
                if thousandths < 0 { "-" } else { "" },
                i128::abs(thousandths),
            );
            let told = format!("{sign}{}.{:03}", magnitude / 1_000, magnitude % 1_000);
            assert_eq!(decimal(thousandths), told.parse::<f64>().unwrap());
        }
    }
}
