//! Fuzzing of every decoder of bytes that come from outside or from the store: its own program, started by `script/fuzz`.
//!
//! What an input is made of is in `mutate`, `json` and `cbor`; what a decoder owes for every input is in `targets`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that tells what it does, and may stop at the first surprise"
)]

mod attributes;
mod campaign;
mod cbor;
mod contests;
mod corpus;
mod cycles;
mod goals;
mod instruments;
mod json;
mod kinds;
mod lives;
mod mutate;
#[path = "../sim/random.rs"]
mod random;
mod targets;
mod templates;
mod terms;
mod told;
mod values;
mod worker;

use std::{path::Path, process::ExitCode, thread};

use campaign::Plan;
use targets::{TARGETS, Target};
use worker::{Block, Found};

/// Inputs when nothing is said: enough for `cargo test` to notice a broken decoder.
const INPUTS: u64 = 20_000;

const USAGE: &str = "\
usage: script/fuzz [N] [--seed S] [--target NAME]... [--jobs J]
       script/fuzz --list

Gives N inputs (default 20000) to the decoders of everything that comes from outside or is read from the store: random
bytes, valid encodings, and encodings with structured faults. Each input must be refused by a typed error or taken, never
end the process, never take more memory than its bound, and what is taken must be sound: it can be written and read again,
a restored state goes on. The corpus in tests/fixtures/fuzz/TARGET comes first; what is found is made small and added.

  --seed S       which inputs (default 1); the same seed and N make the same inputs
  --target NAME  only this decoder; may be repeated
  --jobs J       workers at a time (default: one a core)
  --list         print the targets

Ends by itself; the exit code is 1 when something was found, 2 when the arguments are wrong.

example: script/fuzz 1000000 --seed 7
example: script/fuzz 50000 --target user_snapshot";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--worker", name, seed, number, inputs, trace] => {
            let block = Block {
                seed: seed.parse().unwrap(),
                number: number.parse().unwrap(),
                inputs: inputs.parse().unwrap(),
            };
            work(target(name).unwrap(), block, Path::new(trace))
        }
        ["--one", name, file] => {
            let bytes = std::fs::read(file).unwrap();
            let well = worker::one(target(name).unwrap(), bytes);
            println!("ended {well}");
            code(well)
        }
        ["--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        ["--list"] => {
            TARGETS
                .iter()
                .for_each(|target| println!("{}: test", target.name));
            ExitCode::SUCCESS
        }
        words => match plan(words) {
            Ok(plan) => code(campaign::run(&plan)),
            Err(wrong) => {
                println!("{wrong}\n\n{USAGE}");
                ExitCode::from(2)
            }
        },
    }
}

fn code(well: bool) -> ExitCode {
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn work(target: &'static Target, block: Block, trace: &Path) -> ExitCode {
    match worker::run(target, block, trace) {
        Ok(tally) => {
            println!("done {} {}", tally.taken, tally.refused);
            ExitCode::SUCCESS
        }
        Err(Found { what, bytes }) => {
            let kept = corpus::keep(target.name, &bytes);
            println!("{}; {}", what.replace('\n', " "), kept.display());
            ExitCode::FAILURE
        }
    }
}

fn target(name: &str) -> Result<&'static Target, String> {
    let found = TARGETS.iter().find(|target| target.name == name);
    found.ok_or_else(|| format!("there is no target {name}; --list prints them"))
}

/// What the arguments ask for. `cargo test` hands its own to every program: a filter that fits nothing here asks for nothing.
fn plan(words: &[&str]) -> Result<Plan, String> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut plan = Plan {
        targets: Vec::new(),
        inputs: INPUTS,
        seed: 1,
        jobs: cores,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: &str| {
            text.parse()
                .map_err(|_| format!("{text} is not a whole number"))
        };
        match *word {
            "--seed" => plan.seed = number(value()?)?,
            "--target" => plan.targets.push(target(value()?)?),
            "--jobs" => plan.jobs = usize::try_from(number(value()?)?.max(1)).unwrap_or(cores),
            "--quiet" | "-q" | "--nocapture" => {}
            text if text.starts_with(|first: char| first.is_ascii_digit()) => {
                plan.inputs = number(text)?;
            }
            text if text.starts_with('-') => return Err(format!("there is no option {text}")),
            filter => {
                let fits = TARGETS.iter().filter(|target| target.name.contains(filter));
                plan.targets.extend(fits);
                if plan.targets.is_empty() {
                    plan.inputs = 0;
                }
            }
        }
    }
    if plan.targets.is_empty() && plan.inputs > 0 {
        plan.targets.extend(&TARGETS);
    }
    Ok(plan)
}
