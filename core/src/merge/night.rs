//! Sleep: which device is believed for each minute of the episodes that end in one day, and the minutes of each stage (domain.md
//! 1.4).

use alloc::{collections::BTreeMap, vec::Vec};
use core::{cmp::Reverse, slice};

use minicbor::{Decode, Encode};

use super::{Bidder, Recorded, Said, Trust, winners};
use crate::{civil::MINUTE_MS, episode::Stage};

impl Recorded<'_> {
    /// The episode's device with its minutes.
    fn bidding<'a>(&self, minutes: &'a [Minute]) -> Bidder<slice::Iter<'a, Minute>> {
        Bidder {
            cells: minutes.iter(),
            priority: self.priority,
            binding: self.binding,
            device: self.device,
        }
    }

    /// Whether it belongs to the day of that span: that in which it ends, POSIX ms.
    fn ends_in(&self, (start_ms, end_ms): (i64, i64)) -> bool {
        start_ms < self.end_ms && self.end_ms <= end_ms
    }
}

/// The sleep of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Night {
    /// Episodes that end in the day, of all devices.
    #[n(0)]
    pub episodes: u32,
    /// Minutes by stage, in the order of [`Stage::ALL`].
    #[n(1)]
    pub minutes: [u32; 7],
    /// Start of the first episode, POSIX ms.
    #[n(2)]
    pub start_ms: i64,
    /// End of the last episode, POSIX ms.
    #[n(3)]
    pub end_ms: i64,
}

impl Night {
    /// Minutes of one stage.
    #[must_use]
    pub fn of(&self, stage: Stage) -> u32 {
        let stages = Stage::ALL.into_iter().zip(self.minutes);
        stages
            .filter(|(of, _)| *of == stage)
            .map(|(_, minutes)| minutes)
            .sum()
    }

    /// Minutes asleep: of the stages asleep, light, deep and rem.
    #[must_use]
    pub fn asleep(&self) -> u32 {
        let stages = Stage::ALL.into_iter().zip(self.minutes);
        let asleep = stages.filter(|(stage, _)| stage.is_asleep());
        asleep.fold(0, |sum, (_, minutes)| sum.saturating_add(minutes))
    }

    /// Minutes in bed: of all stages.
    #[must_use]
    pub fn in_bed(&self) -> u32 {
        self.minutes.into_iter().fold(0, u32::saturating_add)
    }
}

/// What one device says about one minute: the stage at its start.
struct Minute {
    minute: i32,
    stage: Stage,
    trust: Trust,
    /// The episode that says it belongs to the day.
    counts: bool,
}

impl Said for Minute {
    fn minute(&self) -> i32 {
        self.minute
    }

    fn covered_ms(&self) -> u16 {
        0
    }

    fn trust(&self) -> Trust {
        self.trust
    }
}

/// The sleep of the day of a span, POSIX ms, from the episodes that end in it and those that share time with them; `None` where none
/// ends in it. A minute that an episode of another day says counts there, and only there.
#[must_use]
pub fn night(sleepers: &[Recorded<'_>], span: (i64, i64)) -> Option<Night> {
    let mut bindings: Vec<u32> = sleepers.iter().map(|held| held.binding).collect();
    bindings.sort_unstable();
    bindings.dedup();
    let own = |binding: u32| sleepers.iter().filter(move |held| held.binding == binding);
    let lines: Vec<(&Recorded<'_>, Vec<Minute>)> = bindings
        .into_iter()
        .filter_map(|binding| Some((own(binding).next()?, line(own(binding), span))))
        .collect();
    let bidders: Vec<Bidder<slice::Iter<'_, Minute>>> = lines
        .iter()
        .map(|(of, minutes)| of.bidding(minutes))
        .collect();
    let inside = || sleepers.iter().filter(|held| held.ends_in(span));
    let mut night = Night {
        episodes: u32::try_from(inside().count()).unwrap_or(u32::MAX),
        minutes: [0; 7],
        start_ms: inside().map(|held| held.start_ms).min()?,
        end_ms: inside().map(|held| held.end_ms).max()?,
    };
    let won = winners(&bidders);
    for (minute, _) in won.filter(|(minute, _)| minute.counts) {
        let stages = Stage::ALL.into_iter().zip(&mut night.minutes);
        stages
            .filter(|(stage, _)| *stage == minute.stage)
            .for_each(|(_, count)| *count = count.saturating_add(1));
    }
    Some(night)
}

/// The minutes whose start lies in an episode of one device: of several the shorter says the stage, then the later one.
fn line<'a>(episodes: impl Iterator<Item = &'a Recorded<'a>>, span: (i64, i64)) -> Vec<Minute> {
    let mut sorted: Vec<&Recorded<'_>> = episodes.collect();
    sorted.sort_by_key(|held| {
        let span = held.end_ms.saturating_sub(held.start_ms);
        (Reverse(span), held.start_ms)
    });
    let mut minutes: BTreeMap<i32, Minute> = BTreeMap::new();
    for held in sorted {
        let mut at_ms = first_minute_ms(held.start_ms);
        while at_ms < held.end_ms {
            let minute = i32::try_from(at_ms.div_euclid(MINUTE_MS)).unwrap_or(i32::MAX);
            let said = Minute {
                minute,
                stage: held.episode.stage_at(at_ms),
                trust: held.trust,
                counts: held.ends_in(span),
            };
            minutes.insert(minute, said);
            at_ms = at_ms.saturating_add(MINUTE_MS);
        }
    }
    minutes.into_values().collect()
}

/// The first minute that starts at or after an instant.
fn first_minute_ms(at_ms: i64) -> i64 {
    let up = at_ms.saturating_add(MINUTE_MS).saturating_sub(1);
    up.div_euclid(MINUTE_MS).saturating_mul(MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        episode::{Episode, Segment},
        id::DeviceId,
        merge::Trust,
    };
    use alloc::vec;

    const MIN: i64 = MINUTE_MS;
    const DAY: (i64, i64) = (0, 1_440 * MIN);

    fn stages(stages: &[(i64, i64, Stage)]) -> Episode {
        let segment = |(start_ms, end_ms, stage): &(i64, i64, Stage)| Segment {
            start_ms: *start_ms,
            end_ms: *end_ms,
            stage: *stage,
        };
        Episode {
            segments: stages.iter().map(segment).collect(),
            ..Episode::default()
        }
    }

    fn sleeper(binding: u32, (start_ms, end_ms): (i64, i64), episode: &Episode) -> Recorded<'_> {
        Recorded {
            start_ms,
            end_ms,
            episode,
            trust: Trust::Sensed,
            binding,
            priority: 100,
            device: DeviceId([1; 16]),
        }
    }

    #[test]
    fn minutes_are_counted_by_the_stage_at_their_start() {
        let half = MIN / 2;
        let of = stages(&[
            (half, MIN + half, Stage::Light),
            (MIN + half, 2 * MIN + half, Stage::Awake),
            (2 * MIN + half, 4 * MIN + half, Stage::Deep),
        ]);
        let night = night(&[sleeper(0, (half, 4 * MIN + half), &of)], DAY).unwrap();
        assert_eq!((night.asleep(), night.in_bed()), (3, 4));
        assert_eq!((night.of(Stage::Awake), night.of(Stage::Deep)), (1, 2));
    }

    #[test]
    fn an_older_device_wins_its_minutes_and_a_second_fills_the_gaps() {
        let (deep, awake) = (
            stages(&[(0, 10 * MIN, Stage::Deep)]),
            stages(&[(0, 30 * MIN, Stage::Awake)]),
        );
        let both = [
            sleeper(1, (0, 30 * MIN), &awake),
            sleeper(0, (0, 10 * MIN), &deep),
        ];
        let night = night(&both, DAY).unwrap();
        assert_eq!(
            (night.episodes, night.asleep(), night.in_bed()),
            (2, 10, 30)
        );
    }

    #[test]
    fn of_one_devices_episodes_the_shorter_says_the_stage() {
        let (rem, light) = (
            stages(&[(5 * MIN, 10 * MIN, Stage::Rem)]),
            stages(&[(0, 30 * MIN, Stage::Light)]),
        );
        let both = vec![
            sleeper(0, (5 * MIN, 10 * MIN), &rem),
            sleeper(0, (0, 30 * MIN), &light),
        ];
        let counted = night(&both, DAY).unwrap();
        assert_eq!((counted.of(Stage::Rem), counted.of(Stage::Light)), (5, 25));
        assert_eq!(night(&[], DAY), None);
    }

    /// Who sleeps before midnight and after it, and has two devices of which one does not notice the break.
    #[test]
    fn a_minute_that_an_episode_of_another_day_says_counts_only_there() {
        let (evening, night_of_both) = (
            stages(&[(1_000 * MIN, 1_430 * MIN, Stage::Deep)]),
            stages(&[(1_000 * MIN, 1_500 * MIN, Stage::Light)]),
        );
        let both = [
            sleeper(0, (1_000 * MIN, 1_430 * MIN), &evening),
            sleeper(1, (1_000 * MIN, 1_500 * MIN), &night_of_both),
        ];
        let today = night(&both, DAY).unwrap();
        let tomorrow = night(&both, (DAY.1, 2 * DAY.1)).unwrap();
        assert_eq!(
            (today.asleep(), today.episodes, today.end_ms),
            (430, 1, 1_430 * MIN)
        );
        assert_eq!((tomorrow.asleep(), tomorrow.episodes), (70, 1));
        assert_eq!(night(&both, (2 * DAY.1, 3 * DAY.1)), None);
    }
}
