//! What people do in a seed's world: who they are, which challenges they take part in, and what their devices send when.
//! The same seed gives the same script; what the network and the machines do to it is `world`'s.

mod devices;

use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    definition::{
        Definition, Kind, LateJoin,
        rewards::{Basis, Reward, TieRule},
    },
    id::{CampaignId, ChallengeId, DeviceId, UserId},
    record::Record,
    sample::DeviceClass,
};

use self::devices::{Wearing, bursts, poison};
use crate::{
    contests::{Contests, Move, with_contests},
    random::Random,
};

pub(crate) use devices::is_poison;

/// One that turns its clocks within the script, one far east, one far west.
const ZONES: [&str; 4] = [
    "Europe/Berlin",
    "UTC",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];
const CLASSES: [DeviceClass; 3] = [DeviceClass::Watch, DeviceClass::Phone, DeviceClass::Band];
/// The campaign that pays for every challenge of a script.
pub(crate) const CAMPAIGN: CampaignId = CampaignId([0xca; 16]);
pub(crate) const FIRST_DAY: &str = "2026-03-26";
const SPAN_MS: i64 = 10 * 24 * HOUR_MS;

/// Someone with one device or two.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) zone: &'static str,
    pub(crate) devices: Vec<(DeviceId, DeviceClass)>,
    pub(crate) target: i64,
    pub(crate) pause: Option<(Day, Day)>,
}

/// Samples that a device puts into one of its queues at once.
#[derive(Clone, Debug)]
pub(crate) struct Burst {
    pub(crate) device: DeviceId,
    pub(crate) lane: u8,
    pub(crate) skewed: bool,
    pub(crate) records: Vec<Record>,
}

/// Something that is done at an instant.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Open { person: usize, device: usize },
    Goal { person: usize },
    Pause { person: usize },
    Make { challenge: usize },
    Publish { challenge: usize },
    Join { challenge: usize, person: usize },
    Leave { challenge: usize, person: usize },
    Erase { person: usize },
    MakeContest { at: usize },
    PublishContest { at: usize },
    Move(Move),
    Send(Burst),
}

/// Everything that is done at one instant; the order within it is not given.
#[derive(Clone, Debug)]
pub(crate) struct Instant {
    pub(crate) at_ms: i64,
    pub(crate) actions: Vec<Action>,
}

impl Instant {
    /// Whether somebody is erased then.
    pub(crate) fn erases(&self) -> bool {
        let mut actions = self.actions.iter();
        actions.any(|action| matches!(action, Action::Erase { .. }))
    }

    /// Whether nothing else may be under way then.
    pub(crate) fn rests(&self) -> bool {
        let mut actions = self.actions.iter();
        actions.any(|action| matches!(action, Action::Erase { .. } | Action::Move(_)))
    }
}

/// A whole history.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) people: Vec<Person>,
    pub(crate) challenges: Vec<(ChallengeId, Definition)>,
    pub(crate) instants: Vec<Instant>,
    /// What is played besides.
    pub(crate) contests: Option<Contests>,
}

/// The script of a seed.
pub(crate) fn script(seed: u64) -> Script {
    let mut random = Random::new(seed, 1);
    let people = people(&mut random);
    let poisoned = random.permille(400);
    let challenges = challenges(&mut random);
    let from_ms = Day::parse(FIRST_DAY).unwrap().utc_ms() - 14 * HOUR_MS;
    let mut instants = openings(&people, challenges.len(), from_ms);
    let mut wearing: Vec<Vec<Wearing>> = people
        .iter()
        .map(|person| person.devices.iter().map(|_| Wearing::default()).collect())
        .collect();
    let start = instants.last().map_or(from_ms, |instant| instant.at_ms);
    wearing
        .iter_mut()
        .flatten()
        .for_each(|device| device.cursor_ms = start - 5 * HOUR_MS);
    let mut at_ms = start;
    while at_ms < start + SPAN_MS {
        at_ms += pause_ms(&mut random);
        let mut actions = Vec::new();
        for (person, devices) in people.iter().zip(&mut wearing) {
            for ((device, _), worn) in person.devices.iter().zip(devices) {
                actions.extend(bursts(&mut random, *device, worn, at_ms));
                actions.extend(poison(&mut random, *device, worn, at_ms).filter(|_| poisoned));
            }
        }
        for challenge in 0..challenges.len() {
            for person in 0..people.len() {
                match random.within(0, 99) {
                    0..7 => actions.push(Action::Join { challenge, person }),
                    7 => actions.push(Action::Leave { challenge, person }),
                    _ => {}
                }
            }
        }
        instants.push(Instant { at_ms, actions });
    }
    let script = Script {
        people,
        challenges,
        instants,
        contests: None,
    };
    let script = with_erasures(script, &mut Random::new(seed, 7));
    let script = with_types(script, &mut Random::new(seed, 8));
    with_contests(script, &mut Random::new(seed, 9))
}

/// In some worlds challenges are won in other ways than by the largest sum.
fn with_types(mut script: Script, random: &mut Random) -> Script {
    let erases = script.instants.iter().any(Instant::erases);
    for (_, definition) in &mut script.challenges {
        let target = random.within(2, 20) * 1_000;
        let finishers = random.permille(300).then_some(2);
        let kind = match random.within(0, 11) {
            0..2 => Kind::Target { target },
            2..4 => Kind::Race { target, finishers },
            4..6 => Kind::LastStanding { bar: target / 4 },
            // Who is erased is missing among those of whom the lowest are out.
            6..8 if !erases => Kind::Elimination { lowest_percent: 30 },
            _ => continue,
        };
        definition.won_by(kind);
        assert_eq!(definition.faults(), [], "an admin could publish it");
    }
    script.nobody_leaves_between_rounds();
    script
}

/// What a type asks of the rest of its challenge.
trait WonBy {
    fn won_by(&mut self, kind: Kind);
}

impl WonBy for Definition {
    fn won_by(&mut self, kind: Kind) {
        match kind {
            Kind::Target { .. } => self.rewards.retain(|of| of.places(1).is_none()),
            Kind::LastStanding { .. } => self.late = LateJoin::No,
            Kind::Elimination { .. } => {
                self.late = LateJoin::No;
                self.finalisation_h = 72;
                self.tie_rule = TieRule::Share;
            }
            _ => {}
        }
        self.kind = kind;
    }
}

/// In some worlds one person or two are erased, while everybody may be asking that they join something.
fn with_erasures(mut script: Script, random: &mut Random) -> Script {
    let count = [0, 0, 1, 1, 2][random.index(5)];
    let openings = 3;
    for person in 0..count {
        let at = openings + random.index(script.instants.len() - openings);
        let challenges = 0..script.challenges.len();
        let joins = challenges.map(|challenge| Action::Join { challenge, person });
        let last = &mut script.instants[at].actions;
        last.extend(joins.filter(|_| random.permille(700)));
        last.push(Action::Erase { person });
        script.is_heard_of_until(person, at);
    }
    script
}

impl Script {
    /// Who is erased.
    pub(crate) fn erased(&self) -> Vec<UserId> {
        let actions = self.instants.iter().flat_map(|instant| &instant.actions);
        let erased = actions.filter_map(|action| match action {
            Action::Erase { person } => Some(self.people[*person].user.clone()),
            _ => None,
        });
        erased.collect()
    }

    /// Whoever leaves between a round's close and its decision is not among those of whom the lowest are out: chance would say which
    /// of them it is.
    fn nobody_leaves_between_rounds(&mut self) {
        let challenges = &self.challenges;
        for instant in &mut self.instants {
            instant.actions.retain(|action| match action {
                Action::Leave { challenge, .. } => challenges[*challenge].1.eliminates().is_none(),
                _ => true,
            });
        }
    }

    /// Nothing is sent by a person at an instant or after it, and nothing is asked for the person after it.
    fn is_heard_of_until(&mut self, person: usize, instant: usize) {
        let devices: Vec<DeviceId> = self.people[person].devices.iter().map(|of| of.0).collect();
        for (at, later) in self.instants.iter_mut().enumerate().skip(instant) {
            later.actions.retain(|action| match action {
                Action::Send(burst) => !devices.contains(&burst.device),
                Action::Join { person: who, .. } | Action::Leave { person: who, .. } => {
                    *who != person || at == instant
                }
                _ => true,
            });
        }
    }
}

/// The same script, whose erased people are no more heard of and stay where they are; nothing where nobody is erased.
pub(crate) fn without_erasures(script: &Script) -> Option<Script> {
    let mut spared = script.clone();
    let mut found = false;
    for instant in &mut spared.instants {
        let actions = instant.actions.iter();
        let erased = actions.filter_map(|action| match action {
            Action::Erase { person } => Some(*person),
            _ => None,
        });
        let erased: Vec<usize> = erased.collect();
        found |= !erased.is_empty();
        instant.actions.retain(|action| match action {
            Action::Erase { .. } => false,
            Action::Join { person, .. } | Action::Leave { person, .. } => !erased.contains(person),
            _ => true,
        });
    }
    found.then_some(spared)
}

/// Mostly short enough to see each boundary alone, sometimes long enough to jump over several.
fn pause_ms(random: &mut Random) -> i64 {
    let minutes = match random.within(0, 9) {
        0..4 => random.within(20, 180),
        4..9 => random.within(180, 480),
        _ => random.within(480, 1_800),
    };
    minutes * MINUTE_MS + random.within(0, 59_999)
}

fn id(random: &mut Random) -> [u8; 16] {
    let (high, low) = (random.next().to_be_bytes(), random.next().to_be_bytes());
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high);
    bytes[8..].copy_from_slice(&low);
    bytes
}

fn people(random: &mut Random) -> Vec<Person> {
    let count = random.within(5, 8);
    let person = |number: i64| {
        let devices = if random.permille(400) { 2 } else { 1 };
        Person {
            user: UserId::parse(&format!("person-{number}")).unwrap(),
            zone: ZONES[random.index(ZONES.len())],
            devices: (0..devices)
                .map(|_| (DeviceId(id(random)), CLASSES[random.index(CLASSES.len())]))
                .collect(),
            target: random.within(2, 9) * 1_000,
            pause: random.permille(300).then(|| away(random)),
        }
    };
    (0..count).map(person).collect()
}

/// Far enough ahead that nothing on the way of the request can make it late.
fn away(random: &mut Random) -> (Day, Day) {
    let from = i32::try_from(random.within(3, 5)).unwrap();
    let from = Day::parse(FIRST_DAY).unwrap().plus(from);
    (from, from.plus(i32::try_from(random.within(2, 4)).unwrap()))
}

/// The first two win so much that it is held; everybody who scores wins a little.
fn rewards() -> Vec<Reward> {
    let reward = |basis, tokens_micro| Reward {
        basis,
        tokens_micro,
    };
    let first = Basis::Rank { first: 1, last: 2 };
    vec![
        reward(first, 1_500_000_000),
        reward(Basis::Threshold(1), 5_000_000),
    ]
}

fn challenges(random: &mut Random) -> Vec<(ChallengeId, Definition)> {
    let first = Day::parse(FIRST_DAY).unwrap().plus(1);
    let challenge = |number: i32| {
        let starts = first.plus(number);
        let ends = starts.plus(i32::try_from(random.within(0, 2)).unwrap());
        let title = format!("Challenge {number}");
        let definition = Definition {
            per_day_cap: random.permille(500).then_some(6_000),
            finalisation_h: [0, 6, 24, 72][random.index(4)],
            capacity: Some(1_000),
            rewards: rewards(),
            tie_rule: [TieRule::Share, TieRule::Earliest][usize::try_from(number).unwrap()],
            campaign: Some(CAMPAIGN),
            ..Definition::new(&title, (starts, ends))
        };
        (ChallengeId(id(random)), definition)
    };
    (0..2).map(challenge).collect()
}

/// Devices of one person are bound one after the other, so that the order of binding is given.
fn openings(people: &[Person], challenges: usize, from_ms: i64) -> Vec<Instant> {
    let open = |device: usize| {
        let owners = people
            .iter()
            .enumerate()
            .filter(move |(_, person)| person.devices.len() > device);
        owners.map(move |(person, _)| Action::Open { person, device })
    };
    let goals = (0..people.len()).map(|person| Action::Goal { person });
    let away = (0..people.len()).filter(|at| people[*at].pause.is_some());
    let pauses = away.map(|person| Action::Pause { person });
    let made = (0..challenges).map(|challenge| Action::Make { challenge });
    let published = (0..challenges).map(|challenge| Action::Publish { challenge });
    let instant = |step: i64, actions: Vec<Action>| Instant {
        at_ms: from_ms + step * 10 * MINUTE_MS,
        actions,
    };
    vec![
        instant(0, open(0).chain(made).collect()),
        instant(1, open(1).chain(published).collect()),
        instant(2, goals.chain(pauses).collect()),
    ]
}

/// The same script without what cannot be folded; nothing where there is none of it.
pub(crate) fn without_poison(script: &Script) -> Option<Script> {
    let mut sound = script.clone();
    let mut found = false;
    for action in sound.instants.iter_mut().flat_map(|i| &mut i.actions) {
        if let Action::Send(burst) = action {
            let before = burst.records.len();
            burst.records.retain(|record| !is_poison(record));
            found |= burst.records.len() < before;
        }
    }
    found.then_some(sound)
}
