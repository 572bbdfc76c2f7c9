//! Units in which a value may come beside the metric's own (UCUM codes), each an exact ratio of it (domain.md 1.1).

/// How many of the metric's unit one of another unit is, as an exact ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Above 0.
    pub numerator: i64,
    /// Above 0.
    pub denominator: i64,
}

impl Ratio {
    /// One to one.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// So many times as much.
    #[must_use]
    pub const fn times(self, count: u32) -> Self {
        Self {
            numerator: self.numerator.saturating_mul(count as i64),
            denominator: self.denominator,
        }
    }
}

/// (metric's unit, other unit, numerator, denominator): 1 other = numerator / denominator of the metric's. The mile and the
/// foot are the international ones, the pound the avoirdupois, the calorie the thermochemical one (4.184 J).
const RATIOS: [(&str, &str, i64, i64); 22] = [
    ("m", "km", 1_000, 1),
    ("m", "cm", 1, 100),
    ("m", "[mi_i]", 1_609_344, 1_000),
    ("m", "[ft_i]", 3_048, 10_000),
    ("km", "m", 1, 1_000),
    ("km", "[mi_i]", 1_609_344, 1_000_000),
    ("kcal", "cal", 1, 1_000),
    ("kcal", "kJ", 1_000, 4_184),
    ("kcal", "J", 1, 4_184),
    ("min", "s", 1, 60),
    ("min", "h", 60, 1),
    ("/min", "Hz", 60, 1),
    ("/min", "/s", 60, 1),
    ("ms", "s", 1_000, 1),
    ("%", "1", 100, 1),
    ("kg", "g", 1, 1_000),
    ("kg", "[lb_av]", 45_359_237, 100_000_000),
    ("kg", "[stone_av]", 635_029_318, 100_000_000),
    ("km/h", "m/s", 18, 5),
    ("km/h", "[mi_i]/h", 1_609_344, 1_000_000),
    ("W.h", "kW.h", 1_000, 1),
    ("W.h", "kJ", 10, 36),
];

/// The ratio of a unit to a metric's own; `None` where it cannot be converted.
///
/// ```
/// use streakline_core::metric::unit::{Ratio, ratio};
/// assert_eq!(ratio("m", "km"), Some(Ratio { numerator: 1_000, denominator: 1 }));
/// assert_eq!(ratio("m", "m"), Some(Ratio::ONE));
/// assert_eq!(ratio("m", "kg"), None);
/// ```
#[must_use]
pub fn ratio(own: &str, other: &str) -> Option<Ratio> {
    if own == other {
        return Some(Ratio::ONE);
    }
    let row = RATIOS
        .iter()
        .find(|(metric, unit, ..)| *metric == own && *unit == other)?;
    Some(Ratio {
        numerator: row.2,
        denominator: row.3,
    })
}

/// Every unit that a metric's values may come in, its own first.
pub fn convertible(own: &str) -> impl Iterator<Item = &str> {
    let others = RATIOS.iter().filter(move |(metric, ..)| *metric == own);
    core::iter::once(own).chain(others.map(|(_, unit, ..)| *unit))
}
