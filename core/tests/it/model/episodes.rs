//! Episodes: each minute belongs to one device, and within it to one episode (domain.md 1.4).

use std::{cmp::Reverse, collections::BTreeMap};

use streakline_core::{
    civil::{Day, MINUTE_MS},
    id::DeviceId,
};

use super::{
    days::Partition,
    merge::{Bound, bid, of_metric},
    records::{Sample, Winner},
    sweep::trust,
};

const ASLEEP: [&str; 4] = ["asleep", "light", "deep", "rem"];

/// What the sleep that ends in a day comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Night {
    pub episodes: i64,
    /// From the first start to the last end.
    pub span: Option<(i64, i64)>,
    /// Minutes by stage.
    pub stages: BTreeMap<&'static str, i64>,
}

impl Night {
    pub fn asleep(&self) -> i64 {
        let asleep = self.stages.iter().filter(|(of, _)| ASLEEP.contains(of));
        asleep.map(|(_, minutes)| minutes).sum()
    }

    fn take(&mut self, episode: &Sample) {
        let (start_ms, end_ms) = (episode.start_ms(), episode.end_ms());
        let (from_ms, to_ms) = self.span.unwrap_or((start_ms, end_ms));
        self.span = Some((from_ms.min(start_ms), to_ms.max(end_ms)));
        self.episodes += 1;
    }
}

/// The episode of a device that speaks for an instant: the shorter, then the later start.
fn speaking<'a>(episodes: &[&'a Sample], at_ms: i64) -> Option<&'a Sample> {
    let open = episodes
        .iter()
        .filter(|e| e.start_ms() <= at_ms && at_ms < e.end_ms());
    let rank = |e: &&&Sample| (Reverse(e.end_ms() - e.start_ms()), e.start_ms(), e.id);
    open.max_by_key(rank).copied()
}

/// What an episode says of an instant; a night without stages is slept through.
fn stage(episode: &Sample, at_ms: i64) -> &'static str {
    let inside = |(_, start_ms, end_ms): &&(_, i64, i64)| (*start_ms..*end_ms).contains(&at_ms);
    let said = episode.segments.iter().find(inside);
    match said {
        Some((stage, ..)) => stage,
        None if episode.segments.is_empty() => "asleep",
        None => "unknown",
    }
}

/// The day that an episode belongs to: that in which it ends.
pub fn day_of(episode: &Sample, days: &Partition) -> Day {
    days.day_of(episode.end_ms() - 1)
}

/// The nights: every minute is told by the device that is believed among those with an episode open at its start, and counted in the
/// day of the episode that says it.
pub fn nights(
    winners: &[Winner],
    bound: &Bound,
    eligible: bool,
    days: &Partition,
) -> BTreeMap<Day, Night> {
    let mut by_device: BTreeMap<DeviceId, Vec<&Sample>> = BTreeMap::new();
    let mut nights: BTreeMap<Day, Night> = BTreeMap::new();
    for winner in of_metric(winners, "sleep", eligible) {
        let episodes = by_device.entry(winner.device).or_default();
        episodes.push(&winner.sample);
        let night = nights.entry(day_of(&winner.sample, days)).or_default();
        night.take(&winner.sample);
    }
    let all = || by_device.values().flatten();
    let from_ms = all().map(|e| e.start_ms()).min().unwrap_or(0);
    let to_ms = all().map(|e| e.end_ms()).max().unwrap_or(0);
    for minute in from_ms.div_euclid(MINUTE_MS)..=to_ms.div_euclid(MINUTE_MS) {
        let at_ms = minute * MINUTE_MS;
        let open = by_device.iter().filter_map(|(device, episodes)| {
            let episode = speaking(episodes, at_ms)?;
            let bid = bid((0, trust(episode.method)), "sleep", bound, *device);
            Some((bid, episode))
        });
        let best = open.max_by(|(one, _), (other, _)| one.cmp(other));
        if let Some((_, episode)) = best {
            let night = nights.entry(day_of(episode, days)).or_default();
            *night.stages.entry(stage(episode, at_ms)).or_default() += 1;
        }
    }
    nights
}
