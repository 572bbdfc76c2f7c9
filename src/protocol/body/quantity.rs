//! Amounts as goals show them: in the metric's unit, whole where they are whole.

use serde_json::Number;
use streakline_core::{metric::Metric, view::Counted};

use crate::registry;

/// An amount in store units as a number of the metric's unit.
pub(crate) fn amount(metric: Metric, value: i64) -> Number {
    let Some(of) = registry::metrics().get(metric) else {
        return Number::from(value);
    };
    let text = of.shown(value);
    let whole = text.parse::<i64>().ok().map(Number::from);
    let fraction = || text.parse().ok().and_then(Number::from_f64);
    whole
        .or_else(fraction)
        .unwrap_or_else(|| Number::from(value))
}

/// The mean of readings, from their sum in store units and their number.
pub(crate) fn mean(metric: Metric, (sum, count): (i64, u64)) -> Number {
    let of = registry::metrics().get(metric);
    let text = of.and_then(|of| of.shown_mean(sum, count));
    let mean = text.and_then(|text| text.parse().ok());
    mean.and_then(Number::from_f64)
        .unwrap_or_else(|| Number::from(0))
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
}
