//! A user's score in a challenge: what counts, from when, up to when, and when it was reached (domain.md 5.1, 5.2, 6.1).

use streakline_core::{
    definition::{Definition, LateJoin},
    sample::Metric,
};

use crate::places::date;

/// A challenge over these dates without a cap of a day.
pub fn window(starts: &str, ends: &str) -> Definition {
    Definition {
        title: "Steps".into(),
        metric: Metric::Steps,
        starts: date(starts),
        ends: date(ends),
        join_opens_ms: None,
        late: LateJoin::Yes,
        capacity: None,
        per_day_cap: None,
        finalisation_h: 24,
    }
}
