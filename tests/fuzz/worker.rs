//! One worker: a number of inputs for one target, in a process of its own, so that an abort or a stack overflow ends only it.
//!
//! The input in hand is always in a file, which the caller reads when the worker dies. Called by `main` and `campaign`.

use std::{
    cell::Cell,
    fs::File,
    os::unix::fs::FileExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    rc::Rc,
    thread,
};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use sha2::{Digest as _, Sha256};

use crate::{
    corpus,
    mutate::{BYTES_MAX, cases},
    targets::{Judged, Seen, Target},
};

/// Half of what a thread of the server has: what needs more is too deep.
const STACK_BYTES: usize = 1024 * 1024;
/// Valid encodings that faults are put into, besides the corpus.
const POOL: u64 = 64;
/// Steps in which proptest leaves faults out of a failing input.
const SHRINKS_MAX: u32 = 2_000;

/// Which inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) seed: u64,
    /// Of the target, from 0; the first one begins with the corpus.
    pub(crate) number: u64,
    pub(crate) inputs: u32,
}

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) taken: u64,
    pub(crate) refused: u64,
}

/// A fault that was found: what is wrong, and the smallest input that shows it.
pub(crate) struct Found {
    pub(crate) what: String,
    pub(crate) bytes: Vec<u8>,
}

/// Runs a block on a small stack; `trace` is the file that holds the input in hand.
pub(crate) fn run(target: &'static Target, block: Block, trace: &Path) -> Result<Tally, Found> {
    let trace = File::create(trace).expect("a file for the input in hand");
    // What goes wrong is told once, with its input.
    std::panic::set_hook(Box::new(|_| {}));
    on_a_small_stack(move || Worker::new(target, trace).block(block))
}

/// Whether one input is taken or refused as it must be.
pub(crate) fn one(target: &'static Target, bytes: Vec<u8>) -> bool {
    on_a_small_stack(move || (target.check)(&bytes).is_ok())
}

fn on_a_small_stack<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(STACK_BYTES);
    thread.spawn(body).unwrap().join().unwrap()
}

struct Worker {
    target: &'static Target,
    trace: File,
    tally: Rc<Cell<(u64, u64)>>,
}

impl Worker {
    fn new(target: &'static Target, trace: File) -> Self {
        let tally = Rc::default();
        Self {
            target,
            trace,
            tally,
        }
    }

    fn block(&self, block: Block) -> Result<Tally, Found> {
        let mut pool = corpus::read(self.target.name);
        if block.number == 0 {
            for bytes in &pool {
                self.judge(bytes, false)
                    .map_err(|what| self.found(what, bytes.clone()))?;
            }
        }
        pool.extend((0..POOL).map(|seed| (self.target.valid)(block.seed ^ seed)));
        pool.retain(|bytes| bytes.len() <= BYTES_MAX);
        let mut runner = TestRunner::new_with_rng(config(block.inputs), self.random(block));
        let outcome = runner.run(&cases(self.target, pool), |case| {
            let judged = self.judge(&case.bytes, case.is_valid);
            judged.map_err(TestCaseError::fail)
        });
        match outcome {
            Ok(()) => {
                let (taken, refused) = self.tally.get();
                Ok(Tally { taken, refused })
            }
            Err(TestError::Fail(what, case)) if case.is_valid => Err(Found {
                what: format!("a valid encoding: {what}"),
                bytes: case.bytes,
            }),
            Err(TestError::Fail(what, case)) => Err(self.found(what.to_string(), case.bytes)),
            Err(TestError::Abort(why)) => panic!("proptest gave up: {why}"),
        }
    }

    /// The same numbers for the same seed, target and block.
    fn random(&self, block: Block) -> TestRng {
        let digest = Sha256::new()
            .chain_update(block.seed.to_be_bytes())
            .chain_update(block.number.to_be_bytes())
            .chain_update(self.target.name);
        TestRng::from_seed(RngAlgorithm::ChaCha, &digest.finalize())
    }

    /// What is wrong with what the target makes of an input.
    fn judge(&self, bytes: &[u8], is_valid: bool) -> Result<(), String> {
        self.trace.set_len(bytes.len() as u64).unwrap();
        self.trace.write_all_at(bytes, 0).unwrap();
        let seen = catch_unwind(AssertUnwindSafe(|| (self.target.check)(bytes)));
        let seen = match seen {
            Ok(seen) => seen?,
            Err(panic) => panicked(&words_of(&*panic))?,
        };
        let (taken, refused) = self.tally.get();
        match seen {
            Seen::Taken(Some(again)) if is_valid && again != bytes => {
                return Err("it is written otherwise than it was read".into());
            }
            Seen::Taken(_) => self.tally.set((taken + 1, refused)),
            Seen::Refused if is_valid => return Err("it is refused".into()),
            Seen::Refused => self.tally.set((taken, refused + 1)),
        }
        Ok(())
    }

    /// Leaves out bytes as long as something is still wrong.
    fn found(&self, what: String, bytes: Vec<u8>) -> Found {
        let mut found = Found { what, bytes };
        shrink(&mut found.bytes, |bytes| match self.judge(bytes, false) {
            Ok(()) => false,
            Err(what) => {
                found.what = what;
                true
            }
        });
        found
    }
}

/// A panic is a fault, unless the content of the input has asked for it: these samples are in every test's binary.
fn panicked(words: &str) -> Judged {
    if words.ends_with("as a test asked for") {
        return Ok(Seen::Taken(None));
    }
    Err(format!("a panic: {words}"))
}

/// Leaves out ever smaller parts for as long as `fails`.
pub(crate) fn shrink(bytes: &mut Vec<u8>, mut fails: impl FnMut(&[u8]) -> bool) {
    let mut part = bytes.len() / 2;
    while part > 0 {
        let mut at = 0;
        while at < bytes.len() {
            let mut fewer = bytes.clone();
            fewer.drain(at..bytes.len().min(at + part));
            if fails(&fewer) {
                *bytes = fewer;
            } else {
                at += part;
            }
        }
        part /= 2;
    }
}

fn config(inputs: u32) -> Config {
    Config {
        cases: inputs,
        failure_persistence: None,
        max_shrink_iters: SHRINKS_MAX,
        ..Config::default()
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without words").to_owned()
}
