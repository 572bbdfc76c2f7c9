//! The minutes of one device in one day, packed: a few bytes a minute instead of a [`Cell`]'s twelve, since most users have a day
//! of them in memory.
//!
//! Minutes that follow each other with equal coverage and trust are one run, and a run keeps its amounts in as many bytes as the
//! largest of them needs. A day of full minutes with ordinary steps is one run of 1,440 bytes. It is stored as a `Vec<Cell>` is.

use alloc::vec::Vec;
use core::slice;

use minicbor::{Decode, Decoder, Encode, Encoder, decode::Error as DecodeError, encode};

use super::{Cell, Stretch, Trust, Walk};

/// Room that a vector begins with and grows by at least, bytes: by less it would move too often.
const STEP_BYTES: usize = 64;

/// Minutes that follow each other, with equal coverage and trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: i32,
    count: u16,
    covered_ms: u16,
    trust: Trust,
    /// Bytes of each amount, 1 to 4.
    width: u8,
}

impl Run {
    /// No minute, before the first run.
    const NONE: Self = Self {
        first: 0,
        count: 0,
        covered_ms: 0,
        trust: Trust::Manual,
        width: 1,
    };

    /// Whether a minute is its next one.
    fn takes(&self, cell: &Cell) -> bool {
        self.first.checked_add(i32::from(self.count)) == Some(cell.minute)
            && self.covered_ms == cell.covered_ms
            && self.trust == cell.trust
            && self.count < u16::MAX
    }

    fn cell(&self, minute: i32, value: u32) -> Cell {
        Cell {
            minute,
            covered_ms: self.covered_ms,
            value,
            trust: self.trust,
        }
    }

    fn bytes(&self) -> usize {
        usize::from(self.count).saturating_mul(usize::from(self.width))
    }

    /// Folds its minutes with their amounts.
    fn fold<B>(
        &self,
        values: impl Iterator<Item = u32>,
        init: B,
        f: &mut impl FnMut(B, Cell) -> B,
    ) -> B {
        let minutes = (0_i32..).map(|more| self.first.saturating_add(more));
        minutes.zip(values).fold(init, |sum, (minute, value)| {
            f(sum, self.cell(minute, value))
        })
    }
}

/// Minutes of one device, in the order in which they were put in.
///
/// ```
/// use streakline_core::merge::{Cell, Cells, Trust};
/// let full = |minute| Cell { minute, covered_ms: 60_000, value: 100, trust: Trust::Sensed };
/// let mut cells = Cells::default();
/// cells.add(full(7));
/// cells.add(full(8));
/// cells.add(Cell { covered_ms: 0, value: 5, ..full(8) });
/// assert_eq!(cells.iter().map(|cell| cell.value).collect::<Vec<_>>(), [100, 105]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cells {
    runs: Vec<Run>,
    /// Amounts of all runs, lowest byte first.
    values: Vec<u8>,
}

impl Cells {
    /// No minute.
    pub const NONE: Self = Self {
        runs: Vec::new(),
        values: Vec::new(),
    };

    /// Puts a minute behind all others.
    pub fn push(&mut self, cell: Cell) {
        let needed = width(cell.value);
        let width = match self.runs.last_mut() {
            Some(run) if run.takes(&cell) => {
                let held = *run;
                run.count = run.count.saturating_add(1);
                if needed > held.width {
                    self.widen(held, needed);
                }
                needed.max(held.width)
            }
            _ => {
                make_room(&mut self.runs, 1);
                self.runs.push(Run {
                    first: cell.minute,
                    count: 1,
                    covered_ms: cell.covered_ms,
                    trust: cell.trust,
                    width: needed,
                });
                needed
            }
        };
        make_room(&mut self.values, usize::from(width));
        let [a, b, c, d] = cell.value.to_le_bytes();
        match width {
            1 => self.values.push(a),
            2 => self.values.extend_from_slice(&[a, b]),
            3 => self.values.extend_from_slice(&[a, b, c]),
            _ => self.values.extend_from_slice(&[a, b, c, d]),
        }
    }

    /// Adds a part of a minute: to the last one where that is the same minute, else behind it.
    pub fn add(&mut self, part: Cell) {
        let whole = match self.take_last_if(part.minute) {
            Some(last) => Cell {
                minute: part.minute,
                covered_ms: last.covered_ms.saturating_add(part.covered_ms),
                value: last.value.saturating_add(part.value),
                trust: last.trust.min(part.trust),
            },
            None => part,
        };
        self.push(whole);
    }

    /// The minutes.
    #[must_use = "walking does nothing by itself"]
    pub fn iter(&self) -> Minutes<'_> {
        Minutes {
            run: Run::NONE,
            later: self.runs.iter(),
            values: &self.values,
        }
    }

    /// How many minutes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let runs = self.runs.capacity().saturating_mul(size_of::<Run>());
        runs.saturating_add(self.values.capacity())
    }

    fn take_last_if(&mut self, minute: i32) -> Option<Cell> {
        let run = self.runs.last_mut()?;
        let before = run.count.saturating_sub(1);
        if run.first.checked_add(i32::from(before)) != Some(minute) {
            return None;
        }
        let at = self.values.len().saturating_sub(usize::from(run.width));
        let cell = run.cell(minute, number(self.values.get(at..).unwrap_or_default()));
        self.values.truncate(at);
        run.count = before;
        if before == 0 {
            self.runs.pop();
        }
        Some(cell)
    }

    /// Gives the amounts of the last run, as it was, more bytes each. A run is widened three times at most.
    fn widen(&mut self, run: Run, width: u8) {
        let (narrow, wide) = (usize::from(run.width), usize::from(width));
        let from = self.values.len().saturating_sub(run.bytes());
        let held = self.values.split_off(from);
        make_room(
            &mut self.values,
            usize::from(run.count).saturating_mul(wide),
        );
        for value in held.chunks_exact(narrow) {
            self.values.extend(value);
            self.values.extend((narrow..wide).map(|_| 0));
        }
        if let Some(run) = self.runs.last_mut() {
            run.width = width;
        }
    }
}

/// How many bytes an amount needs.
fn width(value: u32) -> u8 {
    match value {
        0..=0xFF => 1,
        0x100..=0xFFFF => 2,
        0x1_0000..=0xFF_FFFF => 3,
        _ => 4,
    }
}

/// The amount in some bytes, lowest first.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |value, byte| (value << 8) | u32::from(*byte))
}

/// Makes room for `more`, and for a quarter of what is there: doubling would have half a day stand empty.
fn make_room<T>(items: &mut Vec<T>, more: usize) {
    if items.capacity().saturating_sub(items.len()) < more {
        let step = STEP_BYTES.checked_div(size_of::<T>()).unwrap_or(1);
        let spare = items.len().div_euclid(4);
        items.reserve_exact(more.max(step).max(spare));
    }
}

/// Walks minutes.
#[derive(Clone, Debug)]
pub struct Minutes<'a> {
    /// What is left of the run that is walked.
    run: Run,
    later: slice::Iter<'a, Run>,
    /// Amounts that are left.
    values: &'a [u8],
}

impl Minutes<'_> {
    /// The next amount of the run.
    fn value(&mut self) -> Option<u32> {
        let (value, rest) = match self.run.width {
            1 => self
                .values
                .split_first()
                .map(|(byte, rest)| (u32::from(*byte), rest)),
            2 => self
                .values
                .split_first_chunk()
                .map(|(bytes, rest)| (u32::from(u16::from_le_bytes(*bytes)), rest)),
            width => self
                .values
                .split_at_checked(usize::from(width))
                .map(|(bytes, rest)| (number(bytes), rest)),
        }?;
        self.values = rest;
        Some(value)
    }
}

impl Iterator for Minutes<'_> {
    type Item = Cell;

    fn next(&mut self) -> Option<Cell> {
        if self.run.count == 0 {
            self.run = *self.later.next()?;
        }
        let value = self.value()?;
        let cell = self.run.cell(self.run.first, value);
        self.run.first = self.run.first.saturating_add(1);
        self.run.count = self.run.count.saturating_sub(1);
        Some(cell)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let runs = self.later.as_slice().iter();
        let counts = runs.map(|run| usize::from(run.count));
        let left = counts.fold(usize::from(self.run.count), usize::saturating_add);
        (left, Some(left))
    }

    /// Run by run, which is much faster than asking for one minute after the other.
    fn fold<B, F: FnMut(B, Cell) -> B>(self, init: B, mut f: F) -> B {
        let (mut sum, mut values) = (init, self.values);
        for run in core::iter::once(&self.run).chain(self.later) {
            let (own, rest) = values
                .split_at_checked(run.bytes())
                .unwrap_or((values, &[]));
            values = rest;
            sum = match run.width {
                1 => run.fold(own.iter().map(|byte| u32::from(*byte)), sum, &mut f),
                2 => {
                    let (own, _) = own.as_chunks();
                    let own = own
                        .iter()
                        .map(|bytes| u32::from(u16::from_le_bytes(*bytes)));
                    run.fold(own, sum, &mut f)
                }
                width => run.fold(
                    own.chunks_exact(usize::from(width)).map(number),
                    sum,
                    &mut f,
                ),
            };
        }
        sum
    }
}

impl ExactSizeIterator for Minutes<'_> {}

impl Walk for Minutes<'_> {
    fn ahead(&self) -> Option<Stretch> {
        let run = match self.run.count {
            0 => self.later.as_slice().first()?,
            _ => &self.run,
        };
        Some(Stretch {
            minute: run.first,
            count: run.count,
            covered_ms: run.covered_ms,
            trust: run.trust,
        })
    }

    fn cut(&mut self, count: u16) -> Self {
        if self.run.count == 0 {
            self.run = self.later.next().copied().unwrap_or(Run::NONE);
        }
        let count = count.min(self.run.count);
        let run = Run { count, ..self.run };
        self.run.count = self.run.count.saturating_sub(count);
        self.run.first = self.run.first.saturating_add(i32::from(count));
        let (values, rest) = self
            .values
            .split_at_checked(run.bytes())
            .unwrap_or((self.values, &[]));
        self.values = rest;
        Self {
            run,
            later: [].iter(),
            values,
        }
    }
}

impl<'a> IntoIterator for &'a Cells {
    type Item = Cell;
    type IntoIter = Minutes<'a>;

    fn into_iter(self) -> Minutes<'a> {
        self.iter()
    }
}

impl FromIterator<Cell> for Cells {
    fn from_iter<I: IntoIterator<Item = Cell>>(minutes: I) -> Self {
        let mut cells = Self::default();
        minutes.into_iter().for_each(|cell| cells.push(cell));
        cells
    }
}

/// Equal minutes, however they came: a run keeps the width of an amount that has left it.
impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        (self.runs == other.runs && self.values == other.values) || self.iter().eq(other.iter())
    }
}

impl Eq for Cells {}

impl<C> Encode<C> for Cells {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.array(u64::try_from(self.len()).unwrap_or(u64::MAX))?;
        let mut written = Ok(());
        self.iter().for_each(|cell| {
            if written.is_ok() {
                written = cell.encode(e, ctx);
            }
        });
        written
    }
}

impl<'b, C> Decode<'b, C> for Cells {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        d.array_iter_with(ctx)?.collect()
    }
}

#[cfg(test)]
mod tests;
