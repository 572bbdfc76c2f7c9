//! Points of a duel: what each of three rings is filled to, in per cent, added up day by day (domain.md 5.2, 5.6).

use minicbor::{Decode, Encode};

use crate::metric::Metric;

/// Rings of a duel.
pub const RINGS: usize = 3;
/// Days of a duel (domain.md 5.2).
pub const DAYS: i32 = 7;
/// Most points of one day; 4,200 in all (domain.md 5.2).
pub const POINTS_PER_DAY_MAX: i64 = 600;

/// A ring: an amount of a metric that is wanted each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ring {
    /// Of which metric.
    #[n(0)]
    pub metric: Metric,
    /// How much of it fills the ring, store units, from 1.
    #[n(1)]
    pub target: i64,
}

impl Ring {
    /// To how many whole per cent an amount fills it.
    #[must_use]
    pub fn percent(&self, amount: i64) -> i64 {
        let hundredfold = amount.saturating_mul(100);
        hundredfold.checked_div(self.target).unwrap_or(0)
    }
}

/// The points of a day whose rings hold these amounts.
///
/// ```
/// use streakline_core::{definition::kind::duel::{Ring, points}, metric::Metric};
///
/// let ring = |metric| Ring { metric, target: 100 };
/// let rings = [Metric::STEPS, Metric::FLOORS, Metric::DISTANCE].map(ring);
/// assert_eq!(points(&rings, &[120, 100, 90]), 310);
/// assert_eq!(points(&rings, &[250, 200, 180]), 600);
/// ```
#[must_use]
pub fn points(rings: &[Ring], amounts: &[i64]) -> i64 {
    let percents = rings.iter().zip(amounts);
    let percents = percents.map(|(ring, amount)| ring.percent(*amount));
    let sum = percents.fold(0_i64, i64::saturating_add);
    sum.min(POINTS_PER_DAY_MAX)
}
