//! What one device says about each minute (domain.md 1.4, step A). It sees the winning records of
//! one device and one metric, and nothing of other devices.
//!
//! The sweep is done by claiming: the samples come in the order of their right, sensed before
//! manual and finer before coarser, and each one takes what is left of its interval. A sample that
//! has nothing left to give takes nothing.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Cell, Cells, counter, portion::Portion};
use crate::{civil::MINUTE_MS, id::RecordId, record::Record};

/// The minutes of a device, in order, from its winning records of one metric, in any order: delta samples, and what lies
/// between the readings of its counters. Totals of days are `day_total`'s.
///
/// The time is O(n log n) for samples that do not overlap; a sample that overlaps others costs one
/// step more for each piece that they own inside it.
///
/// ```
/// use streakline_core::{id::RecordId, merge::device_cells, metric::Metric, record::{Content, Record}, sample::Method};
/// let record = Record {
///     id: RecordId::Number(1), version: 1, metric: Metric::STEPS, content: Content::Delta(101),
///     start_ms: 30_000, end_ms: 90_000, offset_s: None, method: Method::Auto, worn: None,
/// };
/// let cells = device_cells(&[&record]);
/// assert!(cells.iter().map(|cell| cell.value).eq([50, 51]));
/// ```
#[must_use]
pub fn device_cells(records: &[&Record]) -> Cells {
    let line = sweep(records);
    let mut cells = Cells::default();
    line.pieces
        .values()
        .for_each(|piece| piece.write(&mut cells));
    cells
}

/// The same minutes, told by the samples that own them: the parts of a minute sum to its cell.
#[must_use]
pub fn device_parts(records: &[&Record]) -> Vec<(RecordId, Cells)> {
    let line = sweep(records);
    let part = |piece: &Piece| {
        let mut cells = Cells::default();
        piece.write(&mut cells);
        (piece.portion.id, cells)
    };
    line.pieces.values().map(part).collect()
}

fn sweep(records: &[&Record]) -> TimeLine {
    let deltas = records.iter().filter_map(|record| Portion::of(record));
    let all = deltas.chain(counter::differences(records));
    let claims = |portion: &Portion| portion.span().is_some() && portion.claims(portion.value);
    let mut portions: Vec<Portion> = all.filter(claims).collect();
    portions.sort_unstable_by_key(Portion::right);
    let mut line = TimeLine::default();
    for portion in portions.iter().rev() {
        line.claim(portion);
    }
    line
}

/// The fast road: adds a record that starts at or after everything the device has covered of this
/// metric so far, so that it owns its whole interval; `before` is the reading, (value, instant), that a counter's reading
/// counts from. Gives what [`device_cells`] gives for all the records together.
pub fn append(cells: &mut Cells, before: Option<(i64, i64)>, record: &Record) {
    let portion = Portion::of(record).or_else(|| counter::difference(before, record));
    let claims = |portion: &Portion| portion.claims(portion.value);
    let Some(portion) = portion.filter(claims) else {
        return;
    };
    let Some(span) = portion.span() else {
        return;
    };
    let share = Share {
        amount: portion.value,
        span,
        passed: 0,
    };
    Piece {
        start_ms: portion.start_ms,
        end_ms: portion.end_ms,
        share,
        portion,
    }
    .write(cells);
}

/// An amount spread evenly over `span` ms, as seen from a point at which `passed` of them lie
/// behind.
#[derive(Clone, Copy)]
struct Share {
    amount: u64,
    span: u64,
    passed: u64,
}

impl Share {
    /// floor(V * (y - s) / D) - floor(V * (x - s) / D), with x and y told from the point.
    fn between(self, x: u64, y: u64) -> u64 {
        self.until(y).saturating_sub(self.until(x))
    }

    fn until(self, at: u64) -> u64 {
        let passed = self.passed.saturating_add(at);
        match self.amount.checked_mul(passed) {
            Some(product) => product.checked_div(self.span).unwrap_or(0),
            None => {
                let product = u128::from(self.amount).saturating_mul(u128::from(passed));
                let floor = product.checked_div(u128::from(self.span)).unwrap_or(0);
                u64::try_from(floor).unwrap_or(u64::MAX)
            }
        }
    }
}

/// Time that one sample owns without a break.
#[derive(Clone, Copy)]
struct Piece {
    start_ms: i64,
    end_ms: i64,
    share: Share,
    portion: Portion,
}

impl Piece {
    fn amount(&self) -> u64 {
        self.share.between(0, self.end_ms.abs_diff(self.start_ms))
    }

    /// Cuts the piece at the minutes and adds the parts to the cells.
    fn write(&self, cells: &mut Cells) {
        let mut from_ms = self.start_ms;
        while from_ms < self.end_ms {
            let minute = from_ms.div_euclid(MINUTE_MS);
            let next_ms = minute
                .saturating_add(1)
                .saturating_mul(MINUTE_MS)
                .min(self.end_ms);
            let value = self.share.between(
                from_ms.abs_diff(self.start_ms),
                next_ms.abs_diff(self.start_ms),
            );
            let covered_ms = u16::try_from(next_ms.abs_diff(from_ms)).unwrap_or(u16::MAX);
            let value = u32::try_from(value).unwrap_or(u32::MAX);
            let minute = i32::try_from(minute).unwrap_or(i32::MAX);
            cells.add(Cell {
                minute,
                covered_ms,
                value,
                trust: self.portion.trust,
            });
            from_ms = next_ms;
        }
    }
}

/// What is owned so far: pieces by their start, never overlapping.
#[derive(Default)]
struct TimeLine {
    pieces: BTreeMap<i64, Piece>,
}

impl TimeLine {
    fn claim(&mut self, portion: &Portion) {
        let mut gaps = Vec::new();
        let (mut owned, mut spread) = (0_u64, 0_u64);
        let mut from_ms = portion.start_ms;
        for piece in self.inside(portion) {
            // Pieces may reach over the edges of the portion.
            let (start_ms, end_ms) = (
                piece.start_ms.max(from_ms),
                piece.end_ms.min(portion.end_ms),
            );
            if from_ms < start_ms {
                gaps.push((from_ms, start_ms, spread));
                spread = spread.saturating_add(start_ms.abs_diff(from_ms));
            }
            if portion.counts(&piece.portion) {
                owned = owned.saturating_add(piece.amount());
            } else {
                spread = spread.saturating_add(end_ms.abs_diff(start_ms));
            }
            from_ms = end_ms;
        }
        if from_ms < portion.end_ms {
            gaps.push((from_ms, portion.end_ms, spread));
            spread = spread.saturating_add(portion.end_ms.abs_diff(from_ms));
        }
        let amount = portion.value.saturating_sub(owned);
        if !portion.claims(amount) {
            return;
        }
        for (start_ms, end_ms, passed) in gaps {
            let share = Share {
                amount,
                span: spread,
                passed,
            };
            self.pieces.insert(
                start_ms,
                Piece {
                    start_ms,
                    end_ms,
                    share,
                    portion: *portion,
                },
            );
        }
    }

    /// The pieces that overlap a portion, in order.
    fn inside(&self, portion: &Portion) -> impl Iterator<Item = &Piece> {
        let before = self.pieces.range(..portion.start_ms).next_back();
        let before = before.filter(|(_, piece)| piece.end_ms > portion.start_ms);
        before
            .into_iter()
            .chain(self.pieces.range(portion.start_ms..portion.end_ms))
            .map(|(_, p)| p)
    }
}
