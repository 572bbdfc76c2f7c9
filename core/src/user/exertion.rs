//! Which minutes of a day somebody has worked out in, with a heart that was measured (domain.md 5.1, `workout_with_hr`): those that a
//! workout which ends in the day touches, and in which a heart rate was read. What is typed in proves nothing.
//!
//! It is a function of the day's minutes, as everything that scores. Whose device says so does not matter.

use alloc::{collections::BTreeSet, vec::Vec};

use super::User;
use crate::{
    civil::{Day, MINUTE_MS},
    day::Head,
    definition::{Definition, Evidence},
    merge::Trust,
    metric::Metric,
};

/// Takes out of a day's minutes those that a challenge does not believe.
pub(super) fn keep(user: &User, of: &Definition, day: Day, series: &mut Vec<(i32, u32)>) {
    if of.evidence != Evidence::WorkoutWithHr {
        return;
    }
    let head = user.days.get(&day).and_then(|state| state.head.as_deref());
    let minutes = head.map(exerted).unwrap_or_default();
    series.retain(|(minute, _)| minutes.contains(minute));
}

fn exerted(head: &Head) -> BTreeSet<i32> {
    let workouts = head.episodes.iter();
    let workouts =
        workouts.filter(|held| held.metric == Metric::WORKOUT && held.trust > Trust::Manual);
    let spans: Vec<(i64, i64)> = workouts.map(|held| (held.start_ms, held.end_ms)).collect();
    let is_in_one = |minute: i32| {
        let start_ms = i64::from(minute).saturating_mul(MINUTE_MS);
        let end_ms = start_ms.saturating_add(MINUTE_MS);
        let touches = |(from_ms, to_ms): &(i64, i64)| *from_ms < end_ms && start_ms < *to_ms;
        spans.iter().any(touches)
    };
    let of_heart = (Metric::HEART_RATE, 0)..=(Metric::HEART_RATE, u32::MAX);
    let readings = head.readings.range(of_heart).flat_map(|(_, held)| held);
    let measured = readings.filter(|read| read.trust > Trust::Manual);
    let minutes = measured.map(|read| read.minute);
    minutes.filter(|minute| is_in_one(*minute)).collect()
}
