//! From samples to minutes (domain.md 1.4): what one device says about each minute (step A,
//! `device`), and which of the user's devices is believed for a minute (step B, here). Days, goals
//! and totals are made from the result by the user's fold; which records win their identity, and
//! which of them are eligible, is decided before.
//!
//! Everything here is a function of the set of records: the order in which they came changes
//! nothing.

mod device;

use alloc::vec::Vec;
use core::cmp::Reverse;

use minicbor::{Decode, Encode};

use crate::{id::DeviceId, sample::Method};

pub use device::{append, device_cells};

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

/// A device that may be believed for a minute.
#[derive(Clone, Copy, Debug)]
pub struct Bidder<'a> {
    /// Its minutes, in order, from [`device_cells`].
    pub cells: &'a [Cell],
    /// Priority of its class; the larger wins.
    pub priority: u8,
    /// When it was bound, as a number that grows with time; the smaller is the older and wins.
    pub binding: u32,
    /// Which.
    pub device: DeviceId,
}

/// One value a minute, in order: that of the device with the largest (covered >= 30 s, trust, class
/// priority, older binding, covered seconds, device), at most `cap` where one is given (domain.md
/// 1.4, step B).
///
/// ```
/// use streakline_core::{id::DeviceId, merge::{Bidder, Cell, Trust, merge}};
/// let full = |minute, value| Cell { minute, covered_ms: 60_000, value, trust: Trust::Sensed };
/// let (watch, phone) = ([full(1, 100)], [full(1, 300), full(2, 300)]);
/// let bidders = [
///     Bidder { cells: &watch, priority: 100, binding: 1, device: DeviceId([1; 16]) },
///     Bidder { cells: &phone, priority: 50, binding: 0, device: DeviceId([2; 16]) },
/// ];
/// assert_eq!(merge(&bidders, Some(240)), [(1, 100), (2, 240)]);
/// ```
#[must_use]
pub fn merge(bidders: &[Bidder<'_>], cap: Option<u32>) -> Vec<(i32, u32)> {
    let longest = bidders
        .iter()
        .map(|bidder| bidder.cells.len())
        .max()
        .unwrap_or(0);
    let mut rest: Vec<Bidder<'_>> = bidders.to_vec();
    let mut merged = Vec::with_capacity(longest);
    let cap = cap.unwrap_or(u32::MAX);
    while let Some(minute) = first_minute(&rest) {
        let mut best = None;
        for bidder in &mut rest {
            let Some((cell, later)) = bidder.cells.split_first() else {
                continue;
            };
            if cell.minute == minute {
                bidder.cells = later;
                best = best.max(Some((bid(bidder, cell), cell.value)));
            }
        }
        merged.extend(best.map(|(_, value)| (minute, value.min(cap))));
    }
    merged
}

fn first_minute(rest: &[Bidder<'_>]) -> Option<i32> {
    rest.iter()
        .filter_map(|bidder| bidder.cells.first())
        .map(|cell| cell.minute)
        .min()
}

type Bid = (bool, Trust, u8, Reverse<u32>, u16, DeviceId);

fn bid(bidder: &Bidder<'_>, cell: &Cell) -> Bid {
    let covered_s = cell.covered_ms.div_euclid(1_000);
    let mostly = cell.covered_ms >= MOSTLY_COVERED_MS;
    (
        mostly,
        cell.trust,
        bidder.priority,
        Reverse(bidder.binding),
        covered_s,
        bidder.device,
    )
}

#[cfg(test)]
mod tests;
