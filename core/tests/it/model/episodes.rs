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

/// The episode of a device that speaks for an instant: the shorter, then the later start.
fn speaking<'a>(episodes: &[&'a Sample], at_ms: i64) -> Option<&'a Sample> {
    let open = episodes
        .iter()
        .filter(|e| e.start_ms() <= at_ms && at_ms < e.end_ms());
    let rank = |e: &&&Sample| (Reverse(e.end_ms() - e.start_ms()), e.start_ms(), e.id);
    open.max_by_key(rank).copied()
}

/// A night without stages is slept through.
fn is_asleep(episode: &Sample, at_ms: i64) -> bool {
    let inside = |(_, start_ms, end_ms): &&(_, i64, i64)| (*start_ms..*end_ms).contains(&at_ms);
    let stage = episode
        .segments
        .iter()
        .find(inside)
        .map(|(stage, ..)| *stage);
    episode.segments.is_empty() || stage.is_some_and(|stage| ASLEEP.contains(&stage))
}

/// Minutes asleep of each night: an episode belongs to the day in which it ends.
pub fn minutes_asleep(
    winners: &[Winner],
    bound: &Bound,
    eligible: bool,
    days: &Partition,
) -> BTreeMap<Day, i64> {
    let mut by_device: BTreeMap<DeviceId, Vec<&Sample>> = BTreeMap::new();
    for winner in of_metric(winners, "sleep", eligible) {
        by_device
            .entry(winner.device)
            .or_default()
            .push(&winner.sample);
    }
    let all = || by_device.values().flatten();
    let from_ms = all().map(|e| e.start_ms()).min().unwrap_or(0);
    let to_ms = all().map(|e| e.end_ms()).max().unwrap_or(0);
    let mut asleep = BTreeMap::new();
    for minute in from_ms.div_euclid(MINUTE_MS)..=to_ms.div_euclid(MINUTE_MS) {
        let at_ms = minute * MINUTE_MS;
        let bids = by_device.iter().filter_map(|(device, episodes)| {
            let touching = |e: &&&Sample| e.start_ms() < at_ms + MINUTE_MS && e.end_ms() > at_ms;
            let lowest = episodes
                .iter()
                .filter(touching)
                .map(|e| trust(e.method))
                .min()?;
            let in_one = |ms: &i64| {
                episodes
                    .iter()
                    .any(|e| (e.start_ms()..e.end_ms()).contains(ms))
            };
            let covered_ms = (at_ms..at_ms + MINUTE_MS)
                .step_by(1_000)
                .filter(in_one)
                .count() as i64
                * 1_000;
            Some((*device, (covered_ms, lowest)))
        });
        let best = bids.max_by_key(|(device, cover)| bid(*cover, "sleep", bound, *device));
        let episode = best.and_then(|(device, _)| speaking(&by_device[&device], at_ms));
        if let Some(episode) = episode.filter(|e| is_asleep(e, at_ms)) {
            *asleep.entry(days.day_of(episode.end_ms() - 1)).or_default() += 1;
        }
    }
    asleep
}
