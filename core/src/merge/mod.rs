//! From samples to minutes (domain.md 1.4): what one device says about each minute (step A,
//! `device` for amounts, `gauge` for readings, `night` for sleep, `workout`), and which of the user's devices is believed for a minute
//! (step B, here). Days, goals
//! and totals are made from the result by the user's fold; which records win their identity, and
//! which of them are eligible, is decided before.
//!
//! Everything here is a function of the set of records: the order in which they came changes
//! nothing.

mod counter;
mod device;
mod gauge;
mod night;
mod portion;
mod recorded;
mod remainder;
mod workout;

use alloc::vec::Vec;
use core::cmp::Reverse;

use minicbor::{Decode, Encode};

use crate::{id::DeviceId, sample::Method};

pub use counter::day_total;
pub use device::{append, device_cells, device_parts};
pub use gauge::{Readings, Summary, append_reading, device_readings, merge_readings};
pub use night::{Night, night};
pub use recorded::Recorded;
pub use remainder::{DayTotal, with_remainder};
pub use workout::{Workout, workouts};

/// A device owns a minute against any other class once it covers this much of it, in ms.
const MOSTLY_COVERED_MS: u16 = 30_000;

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

/// A device that may be believed for a minute.
#[derive(Debug)]
pub struct Bidder<'a, T = Cell> {
    /// Its minutes, in order.
    pub cells: &'a [T],
    /// Priority of its class; the larger wins.
    pub priority: u8,
    /// When it was bound, as a number that grows with time; the smaller is the older and wins.
    pub binding: u32,
    /// Which.
    pub device: DeviceId,
}

impl<T> Clone for Bidder<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Bidder<'_, T> {}

/// For each minute, in order, what the device says that wins it, and that device's binding: the largest (covered >= 30 s,
/// trust, class priority, older binding, covered seconds, device), domain.md 1.4, step B.
#[must_use]
pub fn winners<'a, T: Said>(bidders: &[Bidder<'a, T>]) -> Vec<(&'a T, u32)> {
    let longest = bidders
        .iter()
        .map(|bidder| bidder.cells.len())
        .max()
        .unwrap_or(0);
    let mut rest: Vec<Bidder<'a, T>> = bidders.to_vec();
    let mut won = Vec::with_capacity(longest);
    while let Some(minute) = first_minute(&rest) {
        let mut best: Option<(Bid, (&'a T, u32))> = None;
        for bidder in &mut rest {
            let Some((cell, later)) = bidder.cells.split_first() else {
                continue;
            };
            if cell.minute() == minute {
                bidder.cells = later;
                let bid = bid(bidder, cell);
                if best.as_ref().is_none_or(|(held, _)| bid > *held) {
                    best = Some((bid, (cell, bidder.binding)));
                }
            }
        }
        won.extend(best.map(|(_, winner)| winner));
    }
    won
}

/// One amount a minute, in order: that of the winning device, at most `cap` where one is given (domain.md 1.4, step B).
///
/// ```
/// use streakline_core::{id::DeviceId, merge::{Bidder, Cell, Trust, merge}};
/// let full = |minute, value| Cell { minute, covered_ms: 60_000, value, trust: Trust::Sensed };
/// let (watch, phone) = ([full(1, 100)], [full(1, 300), full(2, 300)]);
/// let bidders = [
///     Bidder { cells: &watch[..], priority: 100, binding: 1, device: DeviceId([1; 16]) },
///     Bidder { cells: &phone[..], priority: 50, binding: 0, device: DeviceId([2; 16]) },
/// ];
/// assert_eq!(merge(&bidders, Some(240)), [(1, 100), (2, 240)]);
/// ```
#[must_use]
pub fn merge(bidders: &[Bidder<'_>], cap: Option<u32>) -> Vec<(i32, u32)> {
    let cap = cap.unwrap_or(u32::MAX);
    let won = winners(bidders).into_iter();
    won.map(|(cell, _)| (cell.minute, cell.value.min(cap)))
        .collect()
}

fn first_minute<T: Said>(rest: &[Bidder<'_, T>]) -> Option<i32> {
    rest.iter()
        .filter_map(|bidder| bidder.cells.first())
        .map(Said::minute)
        .min()
}

type Bid = (bool, Trust, u8, Reverse<u32>, u16, DeviceId);

fn bid<T: Said>(bidder: &Bidder<'_, T>, cell: &T) -> Bid {
    let covered_s = cell.covered_ms().div_euclid(1_000);
    let mostly = cell.covered_ms() >= MOSTLY_COVERED_MS;
    (
        mostly,
        cell.trust(),
        bidder.priority,
        Reverse(bidder.binding),
        covered_s,
        bidder.device,
    )
}

#[cfg(test)]
mod tests;
