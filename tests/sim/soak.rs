//! Many seeds, several at a time: what happened in their worlds, one digest a thousand seeds, and which seeds failed.
//!
//! It knows no worlds: it is handed what to do with one seed. The number of seeds is the tests' own; `script/soak` asks for more.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Mutex, PoisonError},
    thread,
};

use sha2::{Digest as _, Sha256};

/// Seeds that one digest covers.
const GROUP: u64 = 1_000;

/// What happened in a world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) steps: u64,
    pub(crate) crashes: u64,
    /// Crashes that took what was not synced with them.
    pub(crate) power_losses: u64,
    /// Crashes because the store refused.
    pub(crate) store_faults: u64,
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.crashes += other.crashes;
        self.power_losses += other.power_losses;
        self.store_faults += other.store_faults;
        self.lost += other.lost;
        self.repeated += other.repeated;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            steps,
            crashes,
            power_losses,
            store_faults,
            lost,
            repeated,
        } = self;
        write!(
            f,
            "{steps} steps, {crashes} crashes ({power_losses} with a loss of power, {store_faults} after "
        )?;
        write!(
            f,
            "a fault of the store), {lost} messages lost, {repeated} repeated"
        )
    }
}

/// What a seed came to: a digest of its outcome and what happened, or what is wrong.
pub(crate) type Came = Result<([u8; 32], Tally), String>;

/// Which seeds are run, and how many at a time.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seeds: Range<u64>,
    pub(crate) threads: usize,
}

impl Plan {
    /// As many seeds as a test run has time for, or those that the environment names: `script/soak` sets it.
    pub(crate) fn from_environment(seeds: u64) -> Self {
        let first = number("STREAKLINE_SIM_FIRST").unwrap_or(0);
        let count = number("STREAKLINE_SIM_SEEDS").unwrap_or(seeds);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            seeds: first..first.saturating_add(count),
            threads: cores,
        }
    }
}

impl Plan {
    /// The first of so many parts; at least one seed.
    pub(crate) fn part(self, of: u64) -> Self {
        let Range { start, end } = self.seeds;
        let count = (end - start).div_ceil(of);
        Self {
            seeds: start..start + count,
            ..self
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, not a setting of the server"
)]
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is not a whole number: {text}")))
}

/// Seeds that are under way or done.
struct Progress {
    next: u64,
    /// Groups that are not complete, by their first seed: digests by seed.
    open: BTreeMap<u64, BTreeMap<u64, [u8; 32]>>,
    tallies: BTreeMap<u64, Tally>,
    all: Tally,
    failed: Vec<(u64, String)>,
}

/// Runs every seed, tells of each thousand, and answers which failed.
pub(crate) fn run(plan: &Plan, each: impl Fn(u64) -> Came + Sync) -> Vec<(u64, String)> {
    let progress = Mutex::new(Progress {
        next: plan.seeds.start,
        open: BTreeMap::new(),
        tallies: BTreeMap::new(),
        all: Tally::default(),
        failed: Vec::new(),
    });
    let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    let take = || {
        let mut progress = lock();
        let seed = progress.next;
        progress.next += 1;
        (seed < plan.seeds.end).then_some(seed)
    };
    thread::scope(|scope| {
        for _ in 0..plan.threads {
            scope.spawn(|| {
                while let Some(seed) = take() {
                    let came = each(seed);
                    lock().note(&plan.seeds, seed, came);
                }
            });
        }
    });
    let progress = lock();
    let (seeds, failed) = (&plan.seeds, progress.failed.len());
    println!(
        "seeds {}..{}: {failed} failed; {}",
        seeds.start, seeds.end, progress.all
    );
    progress.failed.clone()
}

impl Progress {
    fn note(&mut self, seeds: &Range<u64>, seed: u64, came: Came) {
        let from = seed - seed % GROUP;
        let group = self.open.entry(from).or_default();
        match came {
            Ok((digest, tally)) => {
                group.insert(seed, digest);
                self.tallies.entry(from).or_default().add(&tally);
                self.all.add(&tally);
            }
            Err(wrong) => {
                group.insert(seed, [0; 32]);
                println!("seed {seed} FAILED: {wrong}\n  again alone: script/soak --seed {seed}");
                self.failed.push((seed, wrong));
            }
        }
        let (first, end) = (from.max(seeds.start), (from + GROUP).min(seeds.end));
        if group.len() as u64 == end - first {
            let digest = group
                .values()
                .fold(Sha256::new(), Sha256::chain_update)
                .finalize();
            let digest: String = digest
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let tally = self.tallies.remove(&from).unwrap_or_default();
            println!("seeds {first}..{end}: digest {digest}; {tally}");
            self.open.remove(&from);
        }
    }
}

#[test]
fn every_seed_is_run_once_and_failures_keep_their_seed() {
    let plan = Plan {
        seeds: 990..1_010,
        threads: 3,
    };
    let each = |seed: u64| match seed {
        1_003 => Err("as asked".to_owned()),
        _ => Ok((
            [7; 32],
            Tally {
                steps: 1,
                ..Tally::default()
            },
        )),
    };
    assert_eq!(run(&plan, each), [(1_003, "as asked".to_owned())]);
}
