//! Workouts of one day: what several devices recorded of one is one, told by the device that is believed (domain.md 1.4).

use alloc::{string::String, vec::Vec};
use core::cmp::Reverse;

use minicbor::{Decode, Encode};

use super::Recorded;
use crate::metric::Metric;

/// One workout, however many devices recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Workout {
    /// Start of the first recording, POSIX ms.
    #[n(0)]
    pub start_ms: i64,
    /// End of the last one, POSIX ms.
    #[n(1)]
    pub end_ms: i64,
    /// Recordings that share its time.
    #[n(2)]
    pub recordings: u32,
    /// Which sport, as the device that is believed says.
    #[n(3)]
    pub sport: Option<String>,
    /// Totals that this device gives, by rising metric, in store units.
    #[n(4)]
    pub totals: Vec<(Metric, i64)>,
}

/// The workouts among the recordings that end in one day, by start. Recordings that share time are one workout: from the first
/// start to the last end, with sport and totals of the most trusted device, then of the higher class, then of the older binding;
/// of one device's recordings the shorter counts, then the later.
#[must_use]
pub fn workouts(recorded: &[Recorded<'_>]) -> Vec<Workout> {
    let mut sorted: Vec<&Recorded<'_>> = recorded.iter().collect();
    sorted.sort_by_key(|held| (held.start_ms, held.end_ms, held.device));
    let mut groups: Vec<(i64, Vec<&Recorded<'_>>)> = Vec::new();
    for held in sorted {
        match groups.last_mut() {
            Some((end_ms, group)) if held.start_ms < *end_ms => {
                *end_ms = (*end_ms).max(held.end_ms);
                group.push(held);
            }
            _ => groups.push((held.end_ms, Vec::from([held]))),
        }
    }
    let told = groups
        .iter()
        .filter_map(|(end_ms, group)| told(*end_ms, group));
    told.collect()
}

fn told(end_ms: i64, group: &[&Recorded<'_>]) -> Option<Workout> {
    let span = |held: &Recorded<'_>| held.end_ms.saturating_sub(held.start_ms);
    let believed = group.iter().max_by_key(|held| {
        let device = (held.trust, held.priority, Reverse(held.binding));
        (device, Reverse(span(held)), held.start_ms, held.episode)
    })?;
    Some(Workout {
        start_ms: group.first()?.start_ms,
        end_ms,
        recordings: u32::try_from(group.len()).unwrap_or(u32::MAX),
        sport: believed.episode.sport.clone(),
        totals: believed.episode.totals.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{civil::MINUTE_MS, episode::Episode, id::DeviceId, merge::Trust};
    use alloc::vec;

    fn sport(name: &str, metres: i64) -> Episode {
        Episode {
            sport: Some(name.into()),
            totals: vec![(Metric::DISTANCE, metres * 1_000)],
            ..Episode::default()
        }
    }

    fn recorded(binding: u8, minutes: (i64, i64), episode: &Episode) -> Recorded<'_> {
        Recorded {
            start_ms: minutes.0 * MINUTE_MS,
            end_ms: minutes.1 * MINUTE_MS,
            episode,
            trust: Trust::Sensed,
            binding: u32::from(binding),
            priority: 100 - binding,
            device: DeviceId([binding; 16]),
        }
    }

    #[test]
    fn what_two_devices_recorded_of_one_run_is_one_workout() {
        let (run, walk, ride) = (
            sport("run", 5_020),
            sport("walk", 4_800),
            sport("ride", 20_000),
        );
        let all = [
            recorded(1, (2, 35), &walk),
            recorded(0, (5, 30), &run),
            recorded(0, (35, 90), &ride),
        ];
        let told = workouts(&all);
        let spans: Vec<_> = told
            .iter()
            .map(|one| {
                (
                    one.start_ms / MINUTE_MS,
                    one.end_ms / MINUTE_MS,
                    one.recordings,
                )
            })
            .collect();
        assert_eq!(spans, [(2, 35, 2), (35, 90, 1)], "touching is not sharing");
        assert_eq!(told[0].sport.as_deref(), Some("run"));
        assert_eq!(told[0].totals, [(Metric::DISTANCE, 5_020_000)]);
    }

    #[test]
    fn a_sensed_workout_is_believed_before_a_typed_one_of_a_better_device() {
        let (typed, sensed) = (sport("yoga", 0), sport("run", 1_000));
        let by_hand = Recorded {
            trust: Trust::Manual,
            ..recorded(0, (0, 60), &typed)
        };
        let told = workouts(&[by_hand, recorded(1, (30, 50), &sensed)]);
        assert_eq!(told[0].sport.as_deref(), Some("run"));
        assert!(workouts(&[]).is_empty());
    }

    #[test]
    fn of_one_devices_recordings_the_shorter_says_the_sport() {
        let (triathlon, swim) = (sport("triathlon", 51_500), sport("swim", 1_500));
        let told = workouts(&[
            recorded(0, (0, 120), &triathlon),
            recorded(0, (0, 25), &swim),
        ]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].sport.as_deref(), Some("swim"));
    }
}
