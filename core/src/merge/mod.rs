//! From samples to minutes (domain.md 1.4): what one device says about each minute (step A,
//! `device` for amounts, `gauge` for readings, `night` for sleep, `workout`), and which of the user's devices is believed for a minute
//! (step B, `winners`). Days, goals
//! and totals are made from the result by the user's fold; which records win their identity, and
//! which of them are eligible, is decided before.
//!
//! Everything here is a function of the set of records: the order in which they came changes
//! nothing.

mod cells;
mod counter;
mod device;
mod gauge;
mod night;
mod portion;
mod recorded;
mod remainder;
mod winners;
mod workout;

use alloc::vec::Vec;
use core::borrow::Borrow;

use minicbor::{Decode, Encode};

use crate::sample::Method;

pub use cells::{Cells, Minutes};
pub use counter::day_total;
pub use device::{append, device_cells, device_parts};
pub use gauge::{Readings, Summary, append_reading, device_readings, merge_readings};
pub use night::{Night, night};
pub use recorded::Recorded;
pub use remainder::{DayTotal, with_remainder};
pub use winners::{Bidder, Stretch, Walk, Winners, winners};
pub use workout::{Workout, workouts};

/// How far a way of recording is trusted, least first (domain.md 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Trust {
    /// Typed in by the user.
    #[n(0)]
    Manual,
    /// Not said.
    #[n(1)]
    Unknown,
    /// Measured, whether the user started a workout (`active`) or not (`auto`).
    #[n(2)]
    Sensed,
}

impl From<Method> for Trust {
    fn from(method: Method) -> Self {
        match method {
            Method::Auto | Method::Active => Self::Sensed,
            Method::Unknown => Self::Unknown,
            Method::Manual => Self::Manual,
        }
    }
}

/// What one device says about one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Cell {
    /// Minutes since 1970-01-01T00:00 UTC.
    #[n(0)]
    pub minute: i32,
    /// How much of the minute its samples cover, 0 to 60,000 ms.
    #[n(1)]
    pub covered_ms: u16,
    /// Amount in store units.
    #[n(2)]
    pub value: u32,
    /// The lowest of the samples that own a part of the minute.
    #[n(3)]
    pub trust: Trust,
}

/// What a device says about one minute, as far as step B looks at it.
pub trait Said {
    /// Minutes since 1970-01-01T00:00 UTC.
    fn minute(&self) -> i32;
    /// How much of it is covered, ms; a reading at an instant covers nothing.
    fn covered_ms(&self) -> u16;
    /// How far it is trusted.
    fn trust(&self) -> Trust;
}

impl Said for Cell {
    fn minute(&self) -> i32 {
        self.minute
    }

    fn covered_ms(&self) -> u16 {
        self.covered_ms
    }

    fn trust(&self) -> Trust {
        self.trust
    }
}

/// One amount a minute, in order: that of the winning device, at most `cap` where one is given (domain.md 1.4, step B).
///
/// ```
/// use streakline_core::{id::DeviceId, merge::{Bidder, Cell, Trust, merge}};
/// let full = |minute, value| Cell { minute, covered_ms: 60_000, value, trust: Trust::Sensed };
/// let (watch, phone) = ([full(1, 100)], [full(1, 300), full(2, 300)]);
/// let bidders = [
///     Bidder { cells: watch.iter(), priority: 100, binding: 1, device: DeviceId([1; 16]) },
///     Bidder { cells: phone.iter(), priority: 50, binding: 0, device: DeviceId([2; 16]) },
/// ];
/// assert_eq!(merge(&bidders, Some(240)), [(1, 100), (2, 240)]);
/// ```
#[must_use]
pub fn merge<I: Walk<Item: Borrow<Cell>>>(
    bidders: &[Bidder<I>],
    cap: Option<u32>,
) -> Vec<(i32, u32)> {
    let (won, cap) = (winners(bidders), cap.unwrap_or(u32::MAX));
    let mut merged = Vec::with_capacity(won.size_hint().0);
    won.for_each(|(cell, _)| {
        let cell: &Cell = cell.borrow();
        merged.push((cell.minute, cell.value.min(cap)));
    });
    merged
}

/// What these amounts come to.
#[must_use]
pub fn sum<I: Walk<Item: Borrow<Cell>>>(bidders: &[Bidder<I>], cap: Option<u32>) -> i64 {
    let cap = cap.unwrap_or(u32::MAX);
    winners(bidders).fold(0, |sum, (cell, _)| {
        let cell: &Cell = cell.borrow();
        i64::from(cell.value.min(cap)).saturating_add(sum)
    })
}

#[cfg(test)]
mod tests;
