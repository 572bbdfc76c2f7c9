//! A leaf: up to 64 rows in order, and which of them are the first of their score. Rows of one leaf are near
//! each other, so score and time are told as differences from the leaf's own (12 bytes a row with the slot); a leaf
//! whose rows are too far apart for that tells them whole. It knows no other leaf but the next one.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::entry::{Entry, Want};
use crate::{
    civil::MINUTE_MS,
    leaderboard::chunks::{self, lines, room_bytes},
};

/// Most rows of a leaf: a bit each.
pub(super) const LEAF_MAX: usize = 64;
/// By how many rows its room grows.
const ROOM: usize = 8;

/// A row as differences from its leaf's frame.
#[derive(Clone, Copy, Debug)]
struct Cell {
    score: u32,
    /// In the frame's units.
    at: u32,
    slot: u32,
}

/// What the cells of a leaf are differences from.
#[derive(Clone, Copy, Debug)]
struct Frame {
    score: i64,
    at_ms: i64,
    /// A minute where all times are whole minutes apart, else 1 ms.
    unit_ms: i64,
}

#[derive(Clone, Debug)]
enum Rows {
    Near(Frame, Vec<Cell>),
    Far(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    rows: Rows,
    /// A bit for each row, the lowest for the first: whether the row before it has another score or is not in
    /// this leaf.
    starts: u64,
    /// The leaf behind this one.
    pub(super) next: Option<u32>,
}

impl Default for Leaf {
    fn default() -> Self {
        Self::pack(&[], None)
    }
}

impl Leaf {
    /// A leaf of up to [`LEAF_MAX`] rows in order, without room for more.
    pub(super) fn pack(entries: &[Entry], next: Option<u32>) -> Self {
        let near = |unit_ms| {
            let frame = Frame::of(entries, unit_ms)?;
            Some(Rows::Near(frame, frame.cells(entries)?))
        };
        let rows = near(MINUTE_MS)
            .or_else(|| near(1))
            .unwrap_or_else(|| Rows::Far(entries.to_vec()));
        let mut leaf = Self {
            rows,
            starts: 0,
            next,
        };
        for at in 0..entries.len() {
            leaf.mark(at);
        }
        leaf
    }

    pub(super) fn len(&self) -> usize {
        match &self.rows {
            Rows::Near(_, cells) => cells.len(),
            Rows::Far(entries) => entries.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<Entry> {
        match &self.rows {
            Rows::Near(frame, cells) => cells.get(at).map(|cell| frame.entry(cell)),
            Rows::Far(entries) => entries.get(at).copied(),
        }
    }

    pub(super) fn last(&self) -> Option<Entry> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Looks at what it has besides its rows.
    pub(super) fn approach_frame(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    /// Looks at rows that lie a line of memory apart.
    pub(super) fn approach_rows(&self) -> u32 {
        let all = |all, slot| all ^ slot;
        match &self.rows {
            Rows::Near(_, cells) => lines(cells).map(|cell| cell.slot).fold(0, all),
            Rows::Far(entries) => lines(entries).map(|entry| entry.slot).fold(0, all),
        }
    }

    /// Where the row of a slot stands.
    pub(super) fn position(&self, slot: u32) -> Option<usize> {
        match &self.rows {
            Rows::Near(_, cells) => cells.iter().position(|cell| cell.slot == slot),
            Rows::Far(entries) => entries.iter().position(|entry| entry.slot == slot),
        }
    }

    /// How many rows stand before a gap.
    pub(super) fn count_before<F: Fn(&Entry) -> Ordering>(&self, want: &Want<F>) -> usize {
        match &self.rows {
            Rows::Near(frame, cells) => want.count_in(cells, |cell| frame.entry(cell)),
            Rows::Far(entries) => want.count_in(entries, |entry| *entry),
        }
    }

    /// Every row, in order.
    pub(super) fn entries(&self) -> Vec<Entry> {
        match &self.rows {
            Rows::Near(frame, cells) => cells.iter().map(|cell| frame.entry(cell)).collect(),
            Rows::Far(entries) => entries.clone(),
        }
    }

    /// Puts a row in; there must be fewer than [`LEAF_MAX`].
    pub(super) fn insert(&mut self, at: usize, entry: Entry) {
        match &mut self.rows {
            Rows::Far(entries) => chunks::insert(entries, at, entry, ROOM),
            Rows::Near(frame, cells) => match frame.cell(&entry) {
                Some(cell) => chunks::insert(cells, at, cell, ROOM),
                None => return self.insert_outside(at, entry),
            },
        }
        let before = self.starts & first_bits(at);
        self.starts = before | ((self.starts & !first_bits(at)) << 1);
        self.mark(at);
        self.mark(at.saturating_add(1));
    }

    /// Puts in a row that its frame cannot tell.
    fn insert_outside(&mut self, at: usize, entry: Entry) {
        let mut entries = self.entries();
        entries.insert(at.min(entries.len()), entry);
        *self = Self::pack(&entries, self.next);
    }

    pub(super) fn remove(&mut self, at: usize) {
        if at >= self.len() {
            return;
        }
        match &mut self.rows {
            Rows::Near(_, cells) => {
                cells.remove(at);
                chunks::trim(cells, ROOM);
            }
            Rows::Far(entries) => {
                entries.remove(at);
                chunks::trim(entries, ROOM);
            }
        }
        let before = self.starts & first_bits(at);
        self.starts = before | ((self.starts >> 1) & !first_bits(at));
        self.mark(at);
    }

    /// How many different scores the first rows have.
    pub(super) fn scores_of_first(&self, rows: usize) -> u32 {
        (self.starts & first_bits(rows)).count_ones()
    }

    /// How many different scores its rows have.
    pub(super) fn scores(&self) -> i32 {
        self.starts.count_ones().cast_signed()
    }

    /// The number, from 0, of the first row that has the score of the one before `at` and stands in this leaf.
    pub(super) fn run_start(&self, at: usize) -> usize {
        let starts = self.starts & first_bits(at);
        starts.checked_ilog2().unwrap_or(0) as usize
    }

    /// Bytes that it has allocated.
    pub(super) fn bytes(&self) -> usize {
        match &self.rows {
            Rows::Near(_, cells) => room_bytes(cells),
            Rows::Far(entries) => room_bytes(entries),
        }
    }

    /// Sets the bit of a row anew, or clears it where there is no row.
    fn mark(&mut self, at: usize) {
        let bit = first_bits(at.saturating_add(1)) & !first_bits(at);
        let score = |at| self.get(at).map(|entry| entry.score);
        let own = score(at);
        let is_start = own.is_some() && (at == 0 || score(at.saturating_sub(1)) != own);
        self.starts = if is_start {
            self.starts | bit
        } else {
            self.starts & !bit
        };
    }
}

impl Frame {
    /// A frame for rows in order, with as much left below the smallest as above the largest; `None` where
    /// scores or times are too far apart.
    fn of(entries: &[Entry], unit_ms: i64) -> Option<Self> {
        let first = entries.first().map_or(0, |entry| entry.score);
        let last = entries.last().map_or(0, |entry| entry.score);
        let times = entries.iter().map(|entry| entry.at_ms);
        let earliest = times.clone().min().unwrap_or(0);
        let latest = times.max().unwrap_or(0);
        Some(Self {
            score: centred(first, last, 1)?,
            at_ms: centred(earliest, latest, unit_ms)?,
            unit_ms,
        })
    }

    fn cells(&self, entries: &[Entry]) -> Option<Vec<Cell>> {
        let mut cells = Vec::with_capacity(entries.len());
        for entry in entries {
            cells.push(self.cell(entry)?);
        }
        Some(cells)
    }

    fn cell(&self, entry: &Entry) -> Option<Cell> {
        let score = entry.score.checked_sub(self.score)?;
        let above_ms = entry.at_ms.checked_sub(self.at_ms)?;
        let is_whole = above_ms.checked_rem(self.unit_ms)? == 0;
        let at = is_whole.then(|| above_ms.checked_div(self.unit_ms))??;
        Some(Cell {
            score: u32::try_from(score).ok()?,
            at: u32::try_from(at).ok()?,
            slot: entry.slot,
        })
    }

    fn entry(&self, cell: &Cell) -> Entry {
        let above_ms = i64::from(cell.at).wrapping_mul(self.unit_ms);
        Entry {
            score: self.score.wrapping_add(i64::from(cell.score)),
            at_ms: self.at_ms.wrapping_add(above_ms),
            slot: cell.slot,
        }
    }
}

/// Where 32 bits of units should begin so that `low` to `high` are in their middle.
fn centred(low: i64, high: i64, unit: i64) -> Option<i64> {
    let span = high.checked_sub(low)?.checked_div(unit)?;
    let spare = i64::from(u32::MAX)
        .checked_sub(span)
        .filter(|spare| *spare >= 0)?;
    let below = spare.div_euclid(2).checked_mul(unit)?;
    Some(low.checked_sub(below).unwrap_or(low))
}

/// The lowest bits, one for each of the first rows.
fn first_bits(rows: usize) -> u64 {
    let others = LEAF_MAX.saturating_sub(rows);
    u64::MAX.unbounded_shr(u32::try_from(others).unwrap_or(u64::BITS))
}
