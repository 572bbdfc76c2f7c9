//! How many bytes a sample takes in a chunk, and what writing and reading it costs, against other ways to store the same records
//! (ADR 0033, docs/performance.md). `script/bench --chunks` runs it. It asserts only that every way reads back what it wrote.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints its table, and should panic if it cannot go on"
)]

mod forms;
mod recording;

use std::{hint::black_box, time::Instant};

use forms::Form;
use recording::{Chunks, heart_rate, in_tails, steps};

/// Of so many rounds of each chunk the fastest counts.
const ROUNDS: usize = 5;

fn main() {
    // Cargo compiles benchmarks as tests too, and runs them so with `--test`.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for (name, days) in [("heart rate", heart_rate()), ("steps", steps())] {
        let tails = in_tails(&days);
        table(&format!("{name}, a chunk a day"), &days);
        table(&format!("{name}, a chunk for every full tail"), &tails);
    }
}

fn table(name: &str, chunks: &Chunks) {
    let samples: usize = chunks.iter().map(Vec::len).sum();
    println!("{name}: {samples} samples in {} chunks\n", chunks.len());
    println!("| form | bytes a sample | writing, of the first | reading, of the first |");
    println!("|---|---|---|---|");
    let mut first = None;
    for form in forms::all() {
        let (bytes, write, read) = measured(&form, chunks);
        let (first_write, first_read) = *first.get_or_insert((write, read));
        let a_sample = bytes as f64 / samples as f64;
        println!(
            "| {} | {a_sample:.3} | {:.2} | {:.2} |",
            form.name,
            write / first_write,
            read / first_read
        );
    }
    println!();
}

/// Bytes of all chunks, and the seconds that writing and reading all of them take.
fn measured(form: &Form, chunks: &Chunks) -> (usize, f64, f64) {
    let written: Vec<Vec<u8>> = chunks.iter().map(|rows| (form.write)(rows)).collect();
    for (bytes, rows) in written.iter().zip(chunks) {
        assert!(
            (form.read)(bytes) == *rows,
            "{} reads back others",
            form.name
        );
    }
    let write = chunks.iter().map(|rows| {
        fastest(|| {
            black_box((form.write)(black_box(rows)));
        })
    });
    let read = written.iter().map(|bytes| {
        fastest(|| {
            black_box((form.read)(black_box(bytes)));
        })
    });
    let (write, read) = (write.sum(), read.sum());
    (written.iter().map(Vec::len).sum(), write, read)
}

/// Seconds that it takes undisturbed: other work of the machine seldom interrupts every round of one chunk.
fn fastest(round: impl Fn()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        round();
        begun.elapsed().as_secs_f64()
    });
    rounds.fold(f64::MAX, f64::min)
}
