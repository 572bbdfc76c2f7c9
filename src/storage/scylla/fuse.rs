//! Faults of single statements, for tests: the process ends between any two of them, or one is done and its answer lost.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{super::Error, cql::Failure};

/// Nothing fails until a test says so.
pub(in super::super) struct Fuse {
    /// Statements until the server is dead.
    left: AtomicI64,
    /// Statements so far, odd or even ones of which are done and their answers lost; negative: none are.
    lost: AtomicI64,
}

impl Default for Fuse {
    fn default() -> Self {
        Self {
            left: AtomicI64::new(i64::MAX),
            lost: AtomicI64::new(-1),
        }
    }
}

impl Fuse {
    /// After so many statements nothing is sent any more.
    pub(in super::super) fn kill_after(&self, statements: i64) {
        self.left.store(statements, Ordering::Release);
    }

    /// The answers of every second statement get lost, from the first (1) or the second (0) on; negative: none do.
    pub(in super::super) fn lose_every_second(&self, from: i64) {
        self.lost.store(from, Ordering::Release);
    }

    pub(super) fn before(&self) -> Result<(), Failure> {
        if self.left.fetch_sub(1, Ordering::AcqRel) <= 0 {
            let dead = "the server is dead, as a test asked for";
            return Err(Failure::Lasting(Error::Unavailable(dead.into())));
        }
        Ok(())
    }

    pub(super) fn after(&self) -> Result<(), Failure> {
        let number = self.lost.load(Ordering::Acquire);
        if number < 0 {
            return Ok(());
        }
        self.lost.store(number + 1, Ordering::Release);
        if number % 2 == 1 {
            return Err(Failure::Passing(
                "its answer is lost, as a test asked for".into(),
            ));
        }
        Ok(())
    }
}
