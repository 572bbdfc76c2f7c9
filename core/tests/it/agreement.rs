//! The model and the core live through the same random histories: travel, clock changes, corrections, repeats, several
//! devices, wrong clocks, crashes. Whenever one looks, both say the same (domain.md 13, I1 to I3, I7).

use std::collections::BTreeMap;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    event::Judgement,
    input::UserInput,
    sample::{DeviceClass, Method, Record},
    view::{DayPhase, DayStatus},
    zone::Zones,
};

use crate::{
    history::{History, goal},
    model::{
        acts::Act,
        goals::Shape,
        records::{Sample, winners},
        statuses::Status,
        world::World,
    },
    places::at,
};

/// One turn of a history.
#[derive(Clone, Debug)]
enum Turn {
    Act(Act),
    /// Whole minutes up to now.
    Live {
        device: u8,
        minutes: i64,
        value: i64,
    },
    /// A sample that ends so long after what is just too old.
    Old {
        device: u8,
        id: u64,
        span_ms: i64,
        after_ms: i64,
    },
    /// The records of an earlier turn again, through a session with a good clock.
    Repeat(usize),
    Wait(i64),
    Look,
    Snapshot,
    Crash,
}

/// A history in both.
struct Pair {
    core: History,
    model: World,
    sent: Vec<(u8, Vec<Sample>)>,
    /// The day's hash in the core, by what the model says that the day is made of.
    hashes: BTreeMap<(Day, [u8; 32]), [u8; 32]>,
}

const DEVICES: [(u8, DeviceClass); 3] = [
    (2, DeviceClass::Watch),
    (3, DeviceClass::Phone),
    (1, DeviceClass::Phone),
];
const GOALS: [&str; 3] = ["low", "high", "new"];
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "America/New_York",
    "America/Los_Angeles",
    "Pacific/Auckland",
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
];

/// Berlin, the day before the clocks go back.
fn beginning_ms() -> i64 {
    at("2026-10-24T00:10+2")
}

fn record(sample: &Sample) -> Record {
    let (start_ms, end_ms) = sample.span.unwrap();
    Record {
        id: sample.id,
        version: sample.version,
        metric: streakline_core::sample::Metric::Steps,
        start_ms,
        end_ms,
        offset_s: sample.offset_s,
        value: sample.amount(),
        method: sample.method,
        worn: sample.worn,
    }
}

impl Pair {
    fn begin() -> Self {
        let mut pair = Self {
            core: History::at(beginning_ms()),
            model: World::new(beginning_ms()),
            sent: Vec::new(),
            hashes: BTreeMap::new(),
        };
        for (device, class) in DEVICES {
            let zone = Some("Europe/Berlin");
            pair.act(&Act::Hello {
                device,
                class,
                zone,
            });
        }
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
            Turn::Act(Act::Zone(zone)) if self.shortens(zone) => {}
            Turn::Act(act) => self.act(act),
            Turn::Live {
                device,
                minutes,
                value,
            } => {
                let samples = live(self.core.now_ms, *minutes, *value);
                self.send(*device, false, samples);
            }
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

    /// Whether a move to that zone may make a day shorter than 20 h: a rule that the core has yet to learn.
    fn shortens(&self, zone: &str) -> bool {
        let offset_s = |zone: &str| {
            self.model
                .places
                .zone(zone)
                .unwrap()
                .offset_s(self.core.now_ms)
        };
        let now = self.model.timeline.zone_at(self.core.now_ms);
        offset_s(zone) - offset_s(now) > 3 * 3_600
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
                let records = samples.iter().map(record).collect();
                let judged = match *skewed {
                    true => self.core.send_skewed(*device, records),
                    false => self.core.send(*device, records),
                };
                self.model.act(self.core.now_ms, act);
                let mut judged: Vec<&str> = judged.iter().map(|(_, judged)| word(judged)).collect();
                let mut wanted = self.model.said.clone();
                judged.resize(wanted.len(), "accepted");
                judged.sort_unstable();
                wanted.sort_unstable();
                assert_eq!(judged, wanted, "judgements of {samples:?}");
                return;
            }
            Act::Zone(zone) => self.core.zone(zone),
            Act::PutGoal { goal, shape, from } => {
                let asked = match shape.parts[0].kind {
                    crate::model::goals::Kind::Static(target) => target,
                    _ => unreachable!("only static goals are put so far"),
                };
                let taken = self.core.put_goal(goal, asked, *from).ok();
                self.model.run_until(self.core.now_ms);
                let wanted = self.model.first_day_of(goal, shape, *from);
                assert_eq!(taken, wanted, "first day of {goal} with {asked}");
            }
            Act::DeleteGoal(name) => self.core.input(UserInput::DeleteGoal(goal(name))),
            Act::Tick => self.core.tick(self.core.now_ms),
            other => unreachable!("the core has yet to learn {other:?}"),
        }
        self.model.act(self.core.now_ms, act);
    }

    /// Both say the same of every day and streak.
    fn look(&mut self) {
        self.act(&Act::Tick);
        let today = self.model.today();
        assert_eq!(self.core.user.day_of(self.core.now_ms), today);
        for day in (self.model.first_day().0 - 32..=today.0 + 1).map(Day) {
            self.look_at_day(day);
        }
        for name in GOALS
            .into_iter()
            .filter(|name| self.model.goals.contains_key(*name))
        {
            self.look_at_streak(name);
        }
    }

    fn look_at_day(&mut self, day: Day) {
        let (view, data) = (self.core.day(day), self.model.day(day));
        let label = day.iso();
        let records = data.records.get("steps").copied().unwrap_or(0);
        assert_eq!(
            view.display,
            data.total("steps", false),
            "display of {label}"
        );
        assert_eq!(
            view.eligible,
            data.total("steps", true),
            "eligible of {label}"
        );
        assert_eq!(view.records, records, "records of {label}");
        let days = self.model.days();
        if let Some(span) = days.span(day) {
            assert_eq!((view.start_ms, view.end_ms), span, "span of {label}");
        }
        if day < self.model.first_day() {
            return;
        }
        let phase = if self.model.archived.contains_key(&day) {
            DayPhase::Archived
        } else if self.model.hard.contains_key(&day) {
            DayPhase::HardClosed
        } else if self.model.soft.contains_key(&day) {
            DayPhase::SoftClosed
        } else {
            DayPhase::Open
        };
        assert_eq!(view.phase, phase, "phase of {label}");
        let posted = self.model.posted.get(&day).copied().unwrap_or(0);
        assert_eq!(view.posted_micro, posted, "posted for {label}");
        for progress in &view.goals {
            let name = progress.goal.as_str();
            let part = self.model.progress(name, (day, day)).unwrap()[0];
            let label = format!("{name} on {label}");
            assert_eq!(
                (progress.target, progress.progress),
                (part.target, part.progress),
                "{label}"
            );
            let status = self.model.status(name, day).unwrap();
            assert_eq!(Some(progress.status), told(status), "status of {label}");
            let kept = part.met_at_ms.is_none() && status == Status::Met;
            assert!(
                kept || progress.met_at.map(|met| met.0) == part.met_at_ms,
                "minute of {label}"
            );
        }
        let in_force = self
            .model
            .goals
            .values()
            .filter(|goal| goal.on(day).is_some());
        assert_eq!(view.goals.len(), in_force.count(), "goals on {label}");
        let held = *self
            .hashes
            .entry((day, self.made_of(day)))
            .or_insert(view.state_hash);
        assert_eq!(held, view.state_hash, "hash of {label}");
    }

    /// What a day is made of: its span, and the winners, since a coarse one ties a day to what finer ones say of another.
    fn made_of(&self, day: Day) -> [u8; 32] {
        let span = self.model.days().span(day);
        let mut hash = Sha256::new();
        for winner in winners(&self.model.copies) {
            hash.update(winner.device.0);
            hash.update(format!(
                "{:?} {} {span:?}",
                winner.sample.id, winner.quarantined
            ));
            hash.update(winner.sample.digest());
        }
        hash.finalize().into()
    }

    fn look_at_streak(&self, name: &str) {
        let view = self
            .core
            .user
            .streak_view(&goal(name), None, self.core.now_ms)
            .unwrap();
        let closed = self.model.streak(name, self.model.last_soft());
        let with_today = self.model.streak(name, self.model.today());
        let length = |run: Option<crate::model::streaks::Run>| run.map_or(0, |run| run.count);
        assert_eq!(view.count, length(closed.current), "count of {name}");
        assert_eq!(
            view.with_today,
            length(with_today.current),
            "with today of {name}"
        );
        for (day, status) in &view.statuses {
            let wanted = self.model.status(name, *day).and_then(told);
            assert_eq!(Some(*status), wanted, "status of {name} on {}", day.iso());
        }
        let longest = closed.longest.map(|run| (run.from, run.to));
        assert_eq!(
            view.longest,
            (length(closed.longest), longest),
            "longest of {name}"
        );
    }
}

fn word(judgement: &Judgement) -> &'static str {
    match judgement {
        Judgement::Duplicate => "duplicate",
        Judgement::StaleVersion => "stale_version",
        Judgement::Clamped => "clamped",
        Judgement::Quarantined => "quarantined",
        Judgement::Kept => "kept",
        Judgement::Rejected(_) => "rejected",
    }
}

/// The core's word for a status.
fn told(status: Status) -> Option<DayStatus> {
    Some(match status {
        Status::Met => DayStatus::Met,
        Status::Missed => DayStatus::Missed,
        Status::Void => DayStatus::Void,
        Status::Pending => DayStatus::Pending,
        _ => return None,
    })
}

/// Whole minutes up to now; the id is the minute, so that sending one again is a repeat or a correction.
fn live(now_ms: i64, minutes: i64, value: i64) -> Vec<Sample> {
    let last = now_ms.div_euclid(MINUTE_MS);
    let sample = |minute: i64| {
        let value = (value + minute % 7 * 10) * (minute % 5 % 3);
        Sample::steps(
            minute as u64,
            minute * MINUTE_MS,
            (minute + 1) * MINUTE_MS,
            value,
        )
    };
    (last - minutes..last).map(sample).collect()
}

fn any_sample(days: i64) -> impl Strategy<Value = Sample> {
    let minutes = days * 1_440;
    let start = prop_oneof![
        4 => (0..minutes).prop_map(|minute| minute * MINUTE_MS),
        1 => 0..minutes * MINUTE_MS,
        3 => (0..days + 1, -40..40_i64).prop_map(|(day, minute)| day * 24 * HOUR_MS + minute * MINUTE_MS),
    ];
    let span = prop_oneof![
        4 => Just(MINUTE_MS),
        3 => (2..90_i64).prop_map(|minutes| minutes * MINUTE_MS),
        2 => (2..24_i64).prop_map(|hours| hours * HOUR_MS),
        1 => 1..3 * HOUR_MS,
        1 => Just(24 * HOUR_MS),
    ];
    let value = prop_oneof![1 => Just(0), 4 => 1..400_i64, 3 => 1..12_000_i64];
    let method = prop_oneof![
        6 => Just(Method::Auto), 1 => Just(Method::Active), 2 => Just(Method::Unknown), 2 => Just(Method::Manual)
    ];
    let worn = prop_oneof![4 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (1..60_u64, start, span, value, method, worn).prop_map(
        |(id, start, span, value, method, worn)| {
            let start_ms = beginning_ms() + start;
            Sample {
                method,
                worn,
                ..Sample::steps(id, start_ms, start_ms + span, value)
            }
        },
    )
}

fn any_device() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(2_u8), 2 => Just(3_u8), 1 => Just(1_u8)]
}

fn any_turn(days: i64) -> impl Strategy<Value = Turn> {
    let batch = prop::collection::vec(any_sample(days), 1..6);
    let send =
        (any_device(), batch, prop::bool::weighted(0.15)).prop_map(|(device, samples, skewed)| {
            Act::Records {
                device,
                skewed,
                samples,
            }
        });
    let live =
        (any_device(), 1..40_i64, 0..300_i64).prop_map(|(device, minutes, value)| Turn::Live {
            device,
            minutes,
            value,
        });
    let old = (
        any_device(),
        1..60_u64,
        1..24 * HOUR_MS,
        -HOUR_MS..30 * HOUR_MS,
    )
        .prop_map(|(device, id, span_ms, after_ms)| Turn::Old {
            device,
            id,
            span_ms,
            after_ms,
        });
    let wait = prop_oneof![
        3 => (1..90_i64).prop_map(|minutes| minutes * MINUTE_MS),
        3 => (1..30_i64).prop_map(|hours| hours * HOUR_MS),
        1 => 1..HOUR_MS,
        1 => (2..12_i64).prop_map(|days| days * 24 * HOUR_MS),
    ];
    let name = || prop::sample::select(&GOALS[..]);
    let put =
        (name(), 1..9_000_i64, prop::option::of(-1..3_i32)).prop_map(|(goal, target, in_days)| {
            Act::PutGoal {
                goal,
                shape: Shape::daily(target),
                from: in_days.map(|days| Day::of_utc_ms(beginning_ms()).plus(days + 1)),
            }
        });
    let act = prop_oneof![
        5 => send,
        1 => prop::sample::select(&ZONES[..]).prop_map(Act::Zone),
        1 => put,
        1 => name().prop_map(Act::DeleteGoal),
    ];
    prop_oneof![
        8 => act.prop_map(Turn::Act),
        5 => live,
        1 => old,
        1 => (0..20_usize).prop_map(Turn::Repeat),
        6 => wait.prop_map(Turn::Wait),
        3 => Just(Turn::Look),
        2 => Just(Turn::Snapshot),
        1 => Just(Turn::Crash),
    ]
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
