//! What one device says about each minute (domain.md 1.4, step A). It sees the winning records of
//! one device and one metric, and nothing of other devices.
//!
//! The sweep is done by claiming: the samples come in the order of their right, sensed before
//! manual and finer before coarser, and each one takes what is left of its interval. A sample that
//! has nothing left to give takes nothing.

use alloc::{collections::BTreeMap, vec::Vec};
use core::cmp::Reverse;

use super::{Cell, Trust};
use crate::{civil::MINUTE_MS, id::RecordId, sample::Record};

/// The minutes of a device, in order, from its winning records of one delta metric, in any order.
///
/// The time is O(n log n) for samples that do not overlap; a sample that overlaps others costs one
/// step more for each piece that they own inside it.
///
/// ```
/// use streakline_core::{id::RecordId, merge::device_cells, sample::{Method, Metric, Record}};
/// let record = Record {
///     id: RecordId::Number(1), version: 1, metric: Metric::Steps, value: 101,
///     start_ms: 30_000, end_ms: 90_000, offset_s: None, method: Method::Auto, worn: None,
/// };
/// let cells = device_cells(&[&record]);
/// assert_eq!([0, 1].map(|minute| cells[minute].value), [50, 51]);
/// ```
#[must_use]
pub fn device_cells(records: &[&Record]) -> Vec<Cell> {
    let mut samples: Vec<Sample> = records.iter().filter_map(|r| Sample::of(r)).collect();
    samples.sort_unstable_by_key(Sample::right);
    let mut line = TimeLine::default();
    for sample in samples.iter().rev() {
        line.claim(sample);
    }
    let mut cells = Vec::with_capacity(samples.len());
    line.pieces
        .values()
        .for_each(|piece| piece.write(&mut cells));
    cells
}

/// The fast road: adds a record that starts at or after everything the device has covered of this
/// metric so far, so that it owns its whole interval. Gives what [`device_cells`] gives for all the
/// records together.
pub fn append(cells: &mut Vec<Cell>, record: &Record) {
    let Some(sample) = Sample::of(record) else {
        return;
    };
    let Some(span) = sample.span().filter(|_| sample.claims(sample.value)) else {
        return;
    };
    let share = Share {
        amount: sample.value,
        span,
        passed: 0,
    };
    Piece {
        start_ms: sample.start_ms,
        end_ms: sample.end_ms,
        share,
        sample,
    }
    .write(cells);
}

/// A record that can claim time: not empty, and not a zero of a device that nobody is known to
/// wear.
#[derive(Clone, Copy)]
struct Sample {
    start_ms: i64,
    end_ms: i64,
    value: u64,
    trust: Trust,
    worn: bool,
    id: RecordId,
}

impl Sample {
    fn of(record: &Record) -> Option<Self> {
        let sample = Self {
            start_ms: record.start_ms,
            end_ms: record.end_ms,
            value: u64::try_from(record.value).unwrap_or(0),
            trust: Trust::from(record.method),
            worn: record.worn == Some(true),
            id: record.id,
        };
        (sample.span().is_some() && sample.claims(sample.value)).then_some(sample)
    }

    /// Its place in the sweep, the largest first. Trust stands before the id, so that samples which
    /// say the same by different methods do not change places when they are sent again under fresh
    /// ids.
    fn right(&self) -> (bool, Reverse<u64>, i64, u64, Trust, RecordId) {
        let sensed = self.trust != Trust::Manual;
        let span = Reverse(self.span().unwrap_or(0));
        (sensed, span, self.start_ms, self.value, self.trust, self.id)
    }

    fn span(&self) -> Option<u64> {
        u64::try_from(self.end_ms.checked_sub(self.start_ms)?)
            .ok()
            .filter(|span| *span > 0)
    }

    fn claims(&self, amount: u64) -> bool {
        amount > 0 || self.worn
    }

    /// Whether `finer` is a part of what this sample counts: inside it, shorter, and recorded as
    /// well or better.
    fn counts(&self, finer: &Self) -> bool {
        self.start_ms <= finer.start_ms
            && finer.end_ms <= self.end_ms
            && finer.span() < self.span()
            && finer.trust >= self.trust
    }
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
    sample: Sample,
}

impl Piece {
    fn amount(&self) -> u64 {
        self.share.between(0, self.end_ms.abs_diff(self.start_ms))
    }

    /// Cuts the piece at the minutes and adds the parts to the cells.
    fn write(&self, cells: &mut Vec<Cell>) {
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
            add(
                cells,
                Cell {
                    minute,
                    covered_ms,
                    value,
                    trust: self.sample.trust,
                },
            );
            from_ms = next_ms;
        }
    }
}

fn add(cells: &mut Vec<Cell>, part: Cell) {
    match cells.last_mut() {
        Some(last) if last.minute == part.minute => {
            last.covered_ms = last.covered_ms.saturating_add(part.covered_ms);
            last.value = last.value.saturating_add(part.value);
            last.trust = last.trust.min(part.trust);
        }
        _ => cells.push(part),
    }
}

/// What is owned so far: pieces by their start, never overlapping.
#[derive(Default)]
struct TimeLine {
    pieces: BTreeMap<i64, Piece>,
}

impl TimeLine {
    fn claim(&mut self, sample: &Sample) {
        let mut gaps = Vec::new();
        let (mut owned, mut spread) = (0_u64, 0_u64);
        let mut from_ms = sample.start_ms;
        for piece in self.inside(sample) {
            // Pieces may reach over the edges of the sample.
            let (start_ms, end_ms) = (piece.start_ms.max(from_ms), piece.end_ms.min(sample.end_ms));
            if from_ms < start_ms {
                gaps.push((from_ms, start_ms, spread));
                spread = spread.saturating_add(start_ms.abs_diff(from_ms));
            }
            if sample.counts(&piece.sample) {
                owned = owned.saturating_add(piece.amount());
            } else {
                spread = spread.saturating_add(end_ms.abs_diff(start_ms));
            }
            from_ms = end_ms;
        }
        if from_ms < sample.end_ms {
            gaps.push((from_ms, sample.end_ms, spread));
            spread = spread.saturating_add(sample.end_ms.abs_diff(from_ms));
        }
        let amount = sample.value.saturating_sub(owned);
        if !sample.claims(amount) {
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
                    sample: *sample,
                },
            );
        }
    }

    /// The pieces that overlap a sample, in order.
    fn inside(&self, sample: &Sample) -> impl Iterator<Item = &Piece> {
        let before = self.pieces.range(..sample.start_ms).next_back();
        let before = before.filter(|(_, piece)| piece.end_ms > sample.start_ms);
        before
            .into_iter()
            .chain(self.pieces.range(sample.start_ms..sample.end_ms))
            .map(|(_, p)| p)
    }
}
