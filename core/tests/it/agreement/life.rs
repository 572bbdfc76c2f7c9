//! Random lives with goals of every kind and streaks with every instrument: what is walked on which day, told in time or late,
//! corrected, taken back, and what is asked for meanwhile.

use proptest::prelude::*;
use streakline_core::civil::{Day, HOUR_MS};

use super::{
    Pair,
    random::{Turn, ZONES},
};
use crate::model::{
    acts::Act,
    adaptive::Adaptive,
    goals::{Kind, Part, Period, Shape},
    milestones::Stage,
    records::Sample,
    streaks::Allowed,
};

/// One turn of a life; days are told by how long ago they were.
#[derive(Clone, Debug)]
pub enum Step {
    /// What was walked on a day, anew; `None`: it is taken back.
    Walk(i32, Option<i64>),
    Put(usize, i64, Option<i32>),
    Own(i64, Option<i32>),
    Delete(usize),
    Allow(usize, Allowed),
    Buy(usize),
    Repair(usize, i32, bool),
    /// So much on each of some days, told at its end.
    Stroll(i64, i64),
    /// So many good days, a day of idleness, two days of so much, and then a repair.
    Slip(i64, i64, usize, bool),
    Rest(i32),
    Pause(i32, i32),
    EndPause,
    Verdict(i32, i32),
    Decide(usize, Stage),
    Sunday(bool),
    Other(Turn),
}

pub const NAMES: [&str; 8] = [
    "day", "byday", "mine", "both", "any", "week", "days", "month",
];

/// A goal's shape, so many per cent of the usual.
fn shape(name: &str, percent: i64) -> Shape {
    let of = |usual: i64| (usual * percent / 100).max(1);
    let part = |metric, usual| Part {
        metric,
        kind: Kind::Static(of(usual)),
    };
    let several = |period, any| Shape {
        period,
        any,
        parts: vec![part("steps", 1_000), part("distance", 700_000)],
    };
    match name {
        "byday" => {
            let usual = [1_000, 900, 1_100, 1_000, 700, 300, 500];
            Shape::of(Period::Day, Kind::Weekdays(usual.map(of)))
        }
        "mine" => Shape::of(
            Period::Day,
            Kind::Adaptive(Adaptive {
                onboarding: of(1_000),
                floor: 300,
                cap: 3_000,
            }),
        ),
        "both" => several(Period::Day, false),
        "any" => several(Period::Week, true),
        "week" => Shape::of(Period::Week, Kind::Static(of(5_000))),
        "days" => {
            let kind = Kind::DaysOf {
                days: 3,
                each: of(1_000),
            };
            Shape::of(Period::Week, kind)
        }
        "month" => Shape::of(Period::Month, Kind::Static(of(20_000))),
        _ => Shape::daily(of(1_000)),
    }
}

fn any_allowed() -> impl Strategy<Value = Allowed> {
    let repair = prop_oneof![Just(None), Just(Some(false)), Just(Some(true))];
    (0..3_usize, any::<bool>(), any::<bool>(), repair).prop_map(
        |(freezes, weekend_pass, near_miss, repair)| Allowed {
            freezes,
            weekend_pass,
            near_miss,
            repair,
            pays: [400, 700, 0, 30, 0, 0, 0, 0],
        },
    )
}

/// Which of the case's goals.
fn any_goal() -> impl Strategy<Value = usize> {
    0..3_usize
}

fn any_asked() -> impl Strategy<Value = Step> {
    let percent = prop_oneof![2 => Just(100_i64), 1 => 60..150_i64];
    let from = || prop::option::of(-1..9_i32);
    let stage = prop_oneof![
        Just(Stage::Appealed),
        Just(Stage::Final),
        Just(Stage::Acquitted)
    ];
    prop_oneof![
        4 => (any_goal(), percent, from()).prop_map(|(goal, percent, from)| Step::Put(goal, percent, from)),
        2 => (400..3_000_i64, from()).prop_map(|(target, from)| Step::Own(target, from)),
        1 => any_goal().prop_map(Step::Delete),
        2 => (any_goal(), any_allowed()).prop_map(|(goal, allowed)| Step::Allow(goal, allowed)),
        3 => any_goal().prop_map(Step::Buy),
        6 => (any_goal(), 1..4_i32, any::<bool>()).prop_map(|(goal, back, paid)| Step::Repair(goal, back, paid)),
        3 => (0..4_i32).prop_map(Step::Rest),
        2 => (-1..4_i32, 2..7_i32).prop_map(|(from, days)| Step::Pause(from, days)),
        1 => Just(Step::EndPause),
        3 => (1..9_i32, 1..3_i32).prop_map(|(back, days)| Step::Verdict(back, days)),
        3 => (0..3_usize, stage).prop_map(|(verdict, stage)| Step::Decide(verdict, stage)),
        1 => any::<bool>().prop_map(Step::Sunday),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let amount = prop_oneof![
        1 => Just(None),
        2 => Just(Some(0_i64)),
        2 => Just(Some(955)),
        8 => Just(Some(1_000)),
        3 => Just(Some(1_250)),
        1 => Just(Some(6_000)),
    ];
    let back = prop_oneof![8 => Just(0), 3 => 1..4_i32, 1 => 4..28_i32];
    let wait = prop_oneof![
        12 => (6..30_i64).prop_map(|hours| hours * HOUR_MS),
        1 => (30..300_i64).prop_map(|hours| hours * HOUR_MS),
    ];
    let ago = prop_oneof![2 => Just(0), 1 => 0..72 * HOUR_MS];
    let travel = (prop::sample::select(&ZONES[..]), ago)
        .prop_map(|(zone, ago_ms)| Step::Other(Turn::Travel(zone, ago_ms)));
    prop_oneof![
        20 => (back, amount).prop_map(|(back, amount)| Step::Walk(back, amount)),
        4 => (1..9_i64, prop_oneof![2 => Just(1_000_i64), 1 => Just(1_250)]).prop_map(|(days, amount)| Step::Stroll(days, amount)),
        2 => (1..5_i64, prop_oneof![1 => Just(1_000_i64), 2 => Just(1_250)], any_goal(), any::<bool>())
            .prop_map(|(days, amount, goal, paid)| Step::Slip(days, amount, goal, paid)),
        16 => wait.prop_map(|ms| Step::Other(Turn::Wait(ms))),
        9 => any_asked(),
        1 => travel,
        4 => Just(Step::Other(Turn::Look)),
        2 => Just(Step::Other(Turn::Snapshot)),
        1 => Just(Step::Other(Turn::Crash)),
    ]
}

/// A life: which goals it has from the first day, what their streaks allow, and what happens.
#[derive(Clone, Debug)]
pub struct Life {
    pub goals: Vec<usize>,
    pub allowed: Vec<Allowed>,
    pub steps: Vec<Step>,
}

fn any_life(most: usize) -> impl Strategy<Value = Life> {
    let goals = prop::sample::subsequence((0..NAMES.len()).collect::<Vec<_>>(), 3);
    let allowed = prop::collection::vec(any_allowed(), 3);
    let steps = prop::collection::vec(any_step(), 1..most);
    (goals, allowed, steps).prop_map(|(goals, allowed, steps)| Life {
        goals,
        allowed,
        steps,
    })
}

impl Pair {
    pub(super) fn live(life: &Life) -> Self {
        let mut pair = Self::arrive();
        let today = pair.model.today();
        for (goal, allowed) in life.goals.iter().zip(&life.allowed) {
            let goal = NAMES[*goal];
            pair.act(&Act::PutGoal {
                goal,
                shape: shape(goal, 100),
                from: Some(today),
            });
            pair.act(&Act::Allow(goal, allowed.clone()));
        }
        for step in &life.steps {
            pair.step(life, step);
        }
        pair.look();
        pair.core.wait_until(pair.core.now_ms + 96 * HOUR_MS);
        pair.look();
        pair
    }

    fn step(&mut self, life: &Life, step: &Step) {
        let today = {
            self.model.run_until(self.core.now_ms);
            self.model.today()
        };
        let name = |goal: &usize| NAMES[life.goals[*goal]];
        let on = |days: &i32| today.plus(*days);
        let act = match step {
            Step::Walk(back, amount) => return self.walk(today.plus(-back), *amount),
            Step::Stroll(days, amount) => return self.stroll(*days, *amount),
            Step::Slip(days, amount, goal, paid) => {
                self.stroll(*days, 1_000);
                self.stroll(1, 0);
                self.stroll(2, *amount);
                self.model.run_until(self.core.now_ms);
                Act::Repair {
                    goal: name(goal),
                    day: self.model.today().plus(-3),
                    paid: *paid,
                }
            }
            Step::Other(turn) => return self.turn(turn),
            Step::Put(goal, percent, from) => Act::PutGoal {
                goal: name(goal),
                shape: shape(name(goal), *percent),
                from: from.as_ref().map(on),
            },
            Step::Own(target, from) => Act::Own {
                goal: "mine",
                target: *target,
                from: from.as_ref().map(on),
            },
            Step::Delete(goal) => Act::DeleteGoal(name(goal)),
            Step::Allow(goal, allowed) => Act::Allow(name(goal), allowed.clone()),
            Step::Buy(goal) => Act::BuyFreeze(name(goal)),
            Step::Repair(goal, back, paid) => Act::Repair {
                goal: name(goal),
                day: today.plus(-back),
                paid: *paid,
            },
            Step::Rest(days) => Act::Rest(on(days)),
            Step::Pause(from, days) => Act::Pause(on(from), on(&(from + days))),
            Step::EndPause => Act::EndPause,
            Step::Verdict(back, days) => {
                let first = today.plus(-back);
                Act::Verdict((0..*days).map(|more| first.plus(more)).collect())
            }
            Step::Decide(verdict, stage) => Act::Decide(*verdict, *stage),
            Step::Sunday(sunday) => Act::SundayWeeks(*sunday),
        };
        self.act(&act);
    }

    fn stroll(&mut self, days: i64, amount: i64) {
        for _ in 0..days {
            self.model.run_until(self.core.now_ms);
            let today = self.model.today();
            let end_ms = self.model.days().end_ms(today);
            self.core.wait_until(end_ms - 1);
            self.walk(today, Some(amount));
            self.core.wait_until(end_ms);
        }
    }

    /// The band says what was walked in an hour of a day, each time with a higher version: steps, and how far that was.
    fn walk(&mut self, day: Day, amount: Option<i64>) {
        let Some((start_ms, end_ms)) = self.model.days().span(day) else {
            return;
        };
        let begin_ms = start_ms + (end_ms - start_ms) / 3;
        if begin_ms + HOUR_MS > self.core.now_ms.min(end_ms) {
            return;
        }
        let version = self.versions.entry(day).or_default();
        *version += 1;
        let id = day.0 as u64;
        let said = |id, metric, value: i64| match amount {
            None => Sample::deletion(id, *version),
            Some(_) => Sample {
                version: *version,
                metric,
                ..Sample::steps(id, begin_ms, begin_ms + HOUR_MS, value)
            },
        };
        let steps = amount.unwrap_or(0);
        let samples = vec![
            said(id, "steps", steps),
            said(id + 1_000_000, "distance", steps * 700),
        ];
        self.send(2, false, samples);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// I1, I3, I7, T3.5, T4.1, T4.2, T4.3
    #[test]
    fn the_model_and_the_core_agree_on_every_goal_and_instrument(life in any_life(90)) {
        Pair::live(&life);
    }
}
