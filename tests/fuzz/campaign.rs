//! One run: its inputs cut into blocks, as many workers as there are cores, and what they found.
//!
//! It watches workers from outside: one that dies or never ends has left the input in hand in its file.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::{
    corpus,
    targets::Target,
    worker::{Block, Tally, shrink},
};

/// Inputs of one worker.
const BLOCK_INPUTS: u64 = 20_000;
/// A worker takes seconds; one that takes this long is stuck on its input.
const PATIENCE_MS: u64 = 900_000;
/// The same for one input alone.
const PATIENCE_ONE_MS: u64 = 20_000;
const POLL_MS: u64 = 5;
/// Address space of a worker, so that an allocation bomb ends it and not the machine.
const MEMORY_KIB_MAX: u64 = 4 * 1024 * 1024;
/// Tries to make the input of a dead worker smaller.
const TRIES_MAX: usize = 200;

/// What a run does.
pub(crate) struct Plan {
    pub(crate) targets: Vec<&'static Target>,
    pub(crate) inputs: u64,
    pub(crate) seed: u64,
    pub(crate) jobs: usize,
}

struct Job {
    target: &'static Target,
    block: Block,
}

/// What is known so far.
#[derive(Default)]
struct Known {
    done: u64,
    told_percent: u64,
    tallies: BTreeMap<&'static str, Tally>,
    faults: BTreeMap<&'static str, u32>,
}

/// Runs the plan and tells what came of it; whether nothing was found.
pub(crate) fn run(plan: &Plan) -> bool {
    let jobs = Mutex::new(jobs(plan));
    let total: u64 = lock(&jobs)
        .iter()
        .map(|job| u64::from(job.block.inputs))
        .sum();
    println!(
        "fuzz: {total} inputs for {} targets, seed {}, {} at a time",
        plan.targets.len(),
        plan.seed,
        plan.jobs
    );
    let known = Mutex::new(Known::default());
    let traces = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for number in 0..plan.jobs {
            let trace = traces.path().join(number.to_string());
            let (jobs, known) = (&jobs, &known);
            scope.spawn(move || {
                while let Some(job) = next(jobs, known) {
                    let outcome = work(&job, &trace);
                    note(&mut lock(known), (&job, outcome), total);
                }
            });
        }
    });
    let known = lock(&known);
    summary(plan, &known)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The blocks of every target, by its share of the inputs.
fn jobs(plan: &Plan) -> VecDeque<Job> {
    let shares: u64 = plan.targets.iter().map(|target| target.share).sum();
    let mut jobs = VecDeque::new();
    for target in &plan.targets {
        let mut left = (plan.inputs * target.share).div_ceil(shares.max(1));
        for number in 0.. {
            if left == 0 {
                break;
            }
            let inputs = left.min(BLOCK_INPUTS);
            left -= inputs;
            let inputs = u32::try_from(inputs).unwrap();
            let seed = plan.seed;
            let block = Block {
                seed,
                number,
                inputs,
            };
            jobs.push_back(Job { target, block });
        }
    }
    jobs
}

/// The next block; none of a target that a fault is known of.
fn next(jobs: &Mutex<VecDeque<Job>>, known: &Mutex<Known>) -> Option<Job> {
    loop {
        let job = lock(jobs).pop_front()?;
        if !lock(known).faults.contains_key(job.target.name) {
            return Some(job);
        }
    }
}

type Outcome = Result<Tally, String>;

fn work(job: &Job, trace: &Path) -> Outcome {
    let block = job.block;
    let arguments = [
        "--worker",
        job.target.name,
        &block.seed.to_string(),
        &block.number.to_string(),
        &block.inputs.to_string(),
        &trace.display().to_string(),
    ];
    match watch(&arguments, PATIENCE_MS) {
        Ended::Told(line) => told(&line),
        Ended::Died(how) => Err(autopsy(job.target, trace, &how)),
    }
}

fn told(line: &str) -> Outcome {
    let mut words = line.split_whitespace();
    if words.next() != Some("done") {
        return Err(line.to_owned());
    }
    let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let (taken, refused) = (number(), number());
    Ok(Tally { taken, refused })
}

/// How a worker ended.
enum Ended {
    /// By itself, with its last line.
    Told(String),
    /// Otherwise.
    Died(String),
}

fn watch(arguments: &[&str], patience_ms: u64) -> Ended {
    let script = format!("ulimit -v {MEMORY_KIB_MAX}; ulimit -c 0; exec \"$0\" \"$@\"");
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    if !ends(&mut child, patience_ms) {
        child.kill().unwrap();
        child.wait().unwrap();
        return Ended::Died("it never ends".into());
    }
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match text.lines().last() {
        Some(line) if output.status.code().is_some_and(|code| code < 2) => Ended::Told(line.into()),
        _ => Ended::Died(format!("the process ended with {}", output.status)),
    }
}

fn ends(child: &mut Child, patience_ms: u64) -> bool {
    for _ in 0..patience_ms / POLL_MS {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        thread::sleep(Duration::from_millis(POLL_MS));
    }
    false
}

/// Makes the input that a worker died of smaller and keeps it.
fn autopsy(target: &'static Target, trace: &Path, how: &str) -> String {
    let mut bytes = fs::read(trace).unwrap();
    let one: PathBuf = trace.with_extension("one");
    let name = one.display().to_string();
    let mut tries = 0;
    shrink(&mut bytes, |fewer| {
        tries += 1;
        fs::write(&one, fewer).unwrap();
        let arguments = ["--one", target.name, &name];
        tries < TRIES_MAX && matches!(watch(&arguments, PATIENCE_ONE_MS), Ended::Died(_))
    });
    let kept = corpus::keep(target.name, &bytes);
    format!("{how}; {}", kept.display())
}

fn note(known: &mut Known, (job, outcome): (&Job, Outcome), total: u64) {
    let name = job.target.name;
    match outcome {
        Ok(tally) => {
            let sum = known.tallies.entry(name).or_default();
            sum.taken += tally.taken;
            sum.refused += tally.refused;
        }
        Err(what) => {
            *known.faults.entry(name).or_default() += 1;
            println!("fuzz: FOUND in {name}, block {}: {what}", job.block.number);
        }
    }
    known.done += u64::from(job.block.inputs);
    let percent = known.done * 100 / total.max(1);
    if percent >= known.told_percent + 5 {
        known.told_percent = percent;
        println!("fuzz: {percent:3} %, {} inputs", known.done);
    }
}

fn summary(plan: &Plan, known: &Known) -> bool {
    println!(
        "\n{:<18} {:>10} {:>10} {:>10}",
        "target", "inputs", "taken", "refused"
    );
    let mut sums = Tally::default();
    for target in &plan.targets {
        let tally = known.tallies.get(target.name).cloned().unwrap_or_default();
        let found = known.faults.contains_key(target.name);
        let inputs = tally.taken + tally.refused;
        let mark = if found { "  FOUND" } else { "" };
        println!(
            "{:<18} {inputs:>10} {:>10} {:>10}{mark}",
            target.name, tally.taken, tally.refused
        );
        sums.taken += tally.taken;
        sums.refused += tally.refused;
    }
    let inputs = sums.taken + sums.refused;
    println!(
        "{:<18} {inputs:>10} {:>10} {:>10}",
        "all", sums.taken, sums.refused
    );
    let (passed, failed) = (plan.targets.len() - known.faults.len(), known.faults.len());
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; seed {}",
        plan.seed
    );
    failed == 0
}
