//! The model and the core live through the same random histories: travel, clock changes, corrections, repeats, several
//! devices, wrong clocks, crashes. Whenever one looks, both say the same (domain.md 13, I1 to I3, I7).

mod asked;
mod life;
mod look;
mod measures;
mod random;
mod shrunk;
mod words;

use std::collections::BTreeMap;

use proptest::prelude::*;
use streakline_core::{
    civil::{Day, HOUR_MS},
    input::{NewProfile, UserInput},
    user::zone_admission,
};

use crate::{
    history::{History, goal},
    model::{acts::Act, goals::Shape, records::Sample, world::World},
};
use random::{DEVICES, Turn, any_turn, beginning_ms, live};

/// A history in both.
struct Pair {
    core: History,
    model: World,
    sent: Vec<(u8, Vec<Sample>)>,
    /// The day's hash in the core, by what the model says that the day is made of.
    hashes: BTreeMap<(Day, [u8; 32]), [u8; 32]>,
    /// Of what was walked on a day.
    versions: BTreeMap<Day, u32>,
}

impl Pair {
    /// A user in Berlin with three devices.
    fn arrive() -> Self {
        let mut pair = Self {
            core: History::at(beginning_ms()),
            model: World::new(beginning_ms()),
            sent: Vec::new(),
            hashes: BTreeMap::new(),
            versions: BTreeMap::new(),
        };
        for (device, class) in DEVICES {
            let zone = Some("Europe/Berlin");
            pair.act(&Act::Hello {
                device,
                class,
                zone,
            });
        }
        pair
    }

    fn begin() -> Self {
        let mut pair = Self::arrive();
        let today = pair.model.today();
        for (goal, target) in [("low", 300), ("high", 5_000)] {
            let shape = Shape::daily(target);
            let from = Some(today);
            pair.act(&Act::PutGoal { goal, shape, from });
        }
        pair
    }

    fn play(turns: &[Turn]) -> Self {
        let mut pair = Self::begin();
        turns.iter().for_each(|turn| pair.turn(turn));
        pair.look();
        pair.core.wait_until(pair.core.now_ms + 96 * HOUR_MS);
        pair.look();
        pair
    }

    fn turn(&mut self, turn: &Turn) {
        match turn {
            Turn::Act(act) => self.act(act),
            Turn::Live {
                device,
                minutes,
                value,
            } => {
                let samples = live(self.core.now_ms, *minutes, *value);
                self.send(*device, false, samples);
            }
            Turn::Travel(zone, ago_ms) => self.act(&Act::Travel(zone, self.core.now_ms - ago_ms)),
            Turn::Old {
                device,
                id,
                span_ms,
                after_ms,
            } => {
                let end_ms = self.core.now_ms - 30 * 24 * HOUR_MS + after_ms;
                let sample = Sample::steps(*id, end_ms - span_ms, end_ms, span_ms / 500);
                self.send(*device, false, vec![sample]);
            }
            Turn::Repeat(which) => {
                if let Some((device, samples)) =
                    self.sent.get(which % self.sent.len().max(1)).cloned()
                {
                    self.send(device, false, samples);
                }
            }
            Turn::Wait(ms) => self.core.wait_until(self.core.now_ms + ms),
            Turn::Look => self.look(),
            Turn::Snapshot => self.core.snapshot(),
            Turn::Crash => self.core.crash(),
        }
    }

    fn start_days_at(&mut self, minutes: i64) {
        let after_min = minutes as u16;
        let asked = zone_admission::day_start(&self.core.user, after_min, self.core.now_ms);
        self.model.run_until(self.core.now_ms);
        let wanted = self.model.takes_day_start(minutes);
        assert_eq!(
            matches!(asked, Ok(Some(_))),
            wanted,
            "days from {minutes}: {asked:?}"
        );
        if let Ok(Some(_)) = asked {
            let new = NewProfile {
                day_start_min: Some(after_min),
                ..NewProfile::default()
            };
            self.core.input(UserInput::Profile(new));
        }
    }

    fn send(&mut self, device: u8, skewed: bool, samples: Vec<Sample>) {
        self.act(&Act::Records {
            device,
            skewed,
            samples,
        });
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Hello {
                device,
                class,
                zone,
            } => self.core.hello(*device, *class, *zone),
            Act::Records {
                device,
                skewed,
                samples,
            } => {
                self.sent.push((*device, samples.clone()));
                let records = samples.iter().map(words::record).collect();
                let judged = match *skewed {
                    true => self.core.send_skewed(*device, records),
                    false => self.core.send(*device, records),
                };
                self.model.act(self.core.now_ms, act);
                let mut judged: Vec<&str> = judged
                    .iter()
                    .map(|(_, judged)| words::word(judged))
                    .collect();
                let mut wanted = self.model.said.clone();
                judged.resize(wanted.len(), "accepted");
                judged.sort_unstable();
                wanted.sort_unstable();
                assert_eq!(judged, wanted, "judgements of {samples:?}");
                return;
            }
            Act::Travel(zone, effective_ms) => {
                let taken = self.core.move_to(zone, *effective_ms);
                self.model.run_until(self.core.now_ms);
                let wanted = self.model.takes(zone, *effective_ms);
                assert_eq!(
                    taken == Ok(true),
                    wanted,
                    "{taken:?}: {zone} from {effective_ms}"
                );
            }
            Act::DayStart(minutes) => self.start_days_at(*minutes),
            Act::DeleteGoal(name) => self.core.input(UserInput::DeleteGoal(goal(name))),
            Act::Tick => self.core.tick(self.core.now_ms),
            Act::SundayWeeks(sunday) => self.start_weeks(*sunday),
            Act::PutGoal { .. } | Act::Own { .. } | Act::Rest(_) => self.goals(act),
            _ => self.streaks(act),
        }
        self.model.act(self.core.now_ms, act);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// I1, I2, I3, I7, T1.1, T1.6, T2.1, T4.1
    #[test]
    fn the_model_and_the_core_agree_on_every_day_and_streak(
        turns in prop::collection::vec(any_turn(4), 1..40)
    ) {
        Pair::play(&turns);
    }
}
