//! A virtual route: stages in order, each at a distance from the start (domain.md 5.2).

use alloc::string::String;
use minicbor::{Decode, Encode};

use crate::metric::Metric;

/// How far one step is where nothing more is known of the user, in mm (domain.md 5.2).
pub const STEP_MM: i64 = 762;

/// A stage of a route.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Waypoint {
    /// Shown to users; 1 to 100 characters.
    #[n(0)]
    pub title: String,
    /// How far from the start it is, in m; more than the stage before.
    #[n(1)]
    pub distance_m: i64,
    /// Where on Earth it is, latitude and longitude in 10^-6 degrees.
    #[n(2)]
    pub place: Option<(i32, i32)>,
}

/// How far one store unit of a metric goes, in mm; `None`: it is no distance.
#[must_use]
pub fn mm_per_unit(metric: Metric) -> Option<i64> {
    match metric {
        Metric::STEPS => Some(STEP_MM),
        Metric::DISTANCE => Some(1),
        _ => None,
    }
}

/// The least score with which a distance is covered, store units.
///
/// ```
/// use streakline_core::{definition::kind::journey::score_for, metric::Metric};
///
/// assert_eq!(score_for(Metric::STEPS, 762), 1_000);
/// assert_eq!(score_for(Metric::STEPS, 763), 1_002);
/// assert_eq!(score_for(Metric::DISTANCE, 5), 5_000);
/// ```
#[must_use]
pub fn score_for(metric: Metric, distance_m: i64) -> i64 {
    let unit_mm = mm_per_unit(metric).unwrap_or(1).max(1);
    let distance_mm = distance_m.saturating_mul(1_000);
    let whole = distance_mm.div_euclid(unit_mm);
    let rest = distance_mm.rem_euclid(unit_mm);
    whole.saturating_add(i64::from(rest > 0))
}

/// How many stages a score has reached.
#[must_use]
pub fn stages_reached(stages: &[Waypoint], metric: Metric, score: i64) -> u32 {
    let reached = |stage: &&Waypoint| score >= score_for(metric, stage.distance_m);
    let count = stages.iter().take_while(reached).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
