//! One column: the form that tells it in the fewest bits, and its numbers.
//!
//! | form | for |
//! |---|---|
//! | 0 constant | what never changes: the device, the version, the metric |
//! | 1 runs of steps | what counts up: ids, the starts of minutes |
//! | 2 steps | what wanders: a heart rate, the times of its readings |
//! | 3 values | what jumps: the steps of a minute |
//! | 4 runs of values | what many rows share: when a batch was received |
//!
//! Steps and values are divided by what divides all of them, such as 1,000 where times are whole seconds.

use alloc::{vec, vec::Vec};
use minicbor::decode::Error as DecodeError;

use super::{
    coder::{Reader, Writer},
    numbers::{Numbers, bits, folded, unfolded},
};

const CONSTANT: u64 = 0;
const STEP_RUNS: u64 = 1;
const STEPS: u64 = 2;
const VALUES: u64 = 3;
const VALUE_RUNS: u64 = 4;

/// A column in one of the forms.
#[derive(Debug, Default)]
struct Told {
    form: u64,
    /// The first value, or the least.
    base: i64,
    /// What divides every number; not 0.
    scale: u64,
    /// One less than how often each number is meant; none: once.
    counts: Vec<u64>,
    numbers: Vec<u64>,
}

impl Told {
    /// About how many bits it takes.
    fn cost(&self) -> u64 {
        let all = self.numbers.iter().chain(&self.counts);
        let bits = all.map(|number| u64::from(bits(*number)).saturating_add(1));
        bits.fold(0, u64::saturating_add)
    }
}

/// Writes columns of the same rows.
pub(super) fn write_all<T, const N: usize>(
    rows: &[&T],
    columns: [&dyn Fn(&T) -> i64; N],
) -> Vec<u8> {
    let (mut writer, mut heads) = (Writer::new(), Numbers::new());
    for of in columns {
        let values: Vec<i64> = rows.iter().map(|row| of(row)).collect();
        write(&mut writer, &mut heads, &values);
    }
    writer.finish()
}

/// Reads what [`write_all`] has written.
pub(super) fn read_all<const N: usize>(
    bytes: &[u8],
    rows: usize,
) -> Result<[Vec<i64>; N], DecodeError> {
    let (mut reader, mut heads) = (Reader::new(bytes), Numbers::new());
    let mut columns = [const { Vec::new() }; N];
    for values in &mut columns {
        *values = read(&mut reader, &mut heads, rows).map_err(DecodeError::message)?;
    }
    if !reader.is_at_end() {
        let what = "columns and bytes do not end together";
        return Err(DecodeError::message(what));
    }
    Ok(columns)
}

/// The same row by row.
pub(super) fn rows<const N: usize>(
    columns: &[Vec<i64>; N],
    rows: usize,
) -> impl Iterator<Item = [i64; N]> {
    (0..rows).map(|at| {
        columns
            .each_ref()
            .map(|column| column.get(at).copied().unwrap_or_default())
    })
}

/// Writes a column. `heads`: the numbers in front of each column, which are much alike.
pub(super) fn write(writer: &mut Writer, heads: &mut Numbers, values: &[i64]) {
    let Some(told) = shortest(values) else {
        return;
    };
    heads.next(writer, told.form);
    heads.next(writer, folded(told.base));
    if told.form == CONSTANT {
        return;
    }
    heads.next(writer, told.scale);
    let (mut counts, mut numbers) = (Numbers::new(), Numbers::new());
    let mut often = told.counts.iter();
    for number in told.numbers {
        if let Some(count) = often.next() {
            counts.next(writer, *count);
        }
        numbers.next(writer, number);
    }
}

/// The form of the fewest bits; none for no values.
fn shortest(values: &[i64]) -> Option<Told> {
    let first = *values.first()?;
    let value_runs = runs(values);
    if value_runs.len() == 1 {
        return Some(Told {
            base: first,
            ..Told::default()
        });
    }
    let steps = steps(values);
    let scale = divisor(steps.iter().map(|step| step.unsigned_abs()));
    let told = |step: &i64| folded(divided(*step, scale));
    let of = |form: u64, (counts, numbers): (Vec<u64>, Vec<u64>)| Told {
        form,
        base: first,
        scale,
        counts,
        numbers,
    };
    let changes = steps_of_runs(&value_runs);
    let forms = [
        of(STEP_RUNS, counted(&runs(&steps), told)),
        of(STEPS, (Vec::new(), steps.iter().map(told).collect())),
        by_value(values),
        of(VALUE_RUNS, counted(&changes, told)),
    ];
    forms.into_iter().min_by_key(Told::cost)
}

fn by_value(values: &[i64]) -> Told {
    let least = values.iter().min().copied().unwrap_or_default();
    let above = |value: &i64| value.wrapping_sub(least).cast_unsigned();
    let scale = divisor(values.iter().map(above));
    let parts = values.iter().map(above);
    Told {
        form: VALUES,
        base: least,
        scale,
        counts: Vec::new(),
        numbers: parts
            .map(|part| part.checked_div(scale).unwrap_or(0))
            .collect(),
    }
}

fn steps(values: &[i64]) -> Vec<i64> {
    let pairs = values.iter().zip(values.iter().skip(1));
    pairs.map(|(a, b)| b.wrapping_sub(*a)).collect()
}

/// How often each comes in a row.
fn runs(values: &[i64]) -> Vec<(u64, i64)> {
    let mut runs: Vec<(u64, i64)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((count, same)) if same == value => *count = count.saturating_add(1),
            _ => runs.push((1, *value)),
        }
    }
    runs
}

/// The same runs by the step to each from the one before; the first is the base.
fn steps_of_runs(runs: &[(u64, i64)]) -> Vec<(u64, i64)> {
    let mut before = runs.first().map_or(0, |(_, value)| *value);
    let step = |(count, value): &(u64, i64)| {
        let step = value.wrapping_sub(before);
        before = *value;
        (*count, step)
    };
    runs.iter().map(step).collect()
}

fn counted(runs: &[(u64, i64)], told: impl Fn(&i64) -> u64) -> (Vec<u64>, Vec<u64>) {
    let counts = runs.iter().map(|(count, _)| count.saturating_sub(1));
    (
        counts.collect(),
        runs.iter().map(|(_, step)| told(step)).collect(),
    )
}

/// The greatest number that divides all; 1 where a step could not be divided by it, or there is none.
fn divisor(numbers: impl Iterator<Item = u64>) -> u64 {
    let common = numbers.fold(0, |mut a: u64, mut b: u64| {
        while let Some(rest) = a.checked_rem(b) {
            (a, b) = (b, rest);
        }
        a
    });
    if (1..=i64::MAX.unsigned_abs()).contains(&common) {
        common
    } else {
        1
    }
}

fn divided(step: i64, scale: u64) -> i64 {
    step.checked_div(scale.cast_signed()).unwrap_or(step)
}

/// Reads a column of so many rows.
pub(super) fn read(
    reader: &mut Reader<'_>,
    heads: &mut Numbers,
    rows: usize,
) -> Result<Vec<i64>, &'static str> {
    if rows == 0 {
        return Ok(Vec::new());
    }
    let form = heads.next(reader, 0);
    let base = unfolded(heads.next(reader, 0));
    if form == CONSTANT {
        return Ok(vec![base; rows]);
    }
    let scale = heads.next(reader, 0);
    let mut column = Reading {
        numbers: Numbers::new(),
        counts: Numbers::new(),
        scale,
        values: Vec::with_capacity(rows),
        rows,
    };
    match form {
        STEP_RUNS => column.step_runs(reader, base)?,
        STEPS => column.steps(reader, base)?,
        VALUES => column.values(reader, base)?,
        VALUE_RUNS => column.value_runs(reader, base)?,
        _ => return Err("a column of an unknown form"),
    }
    Ok(column.values)
}

/// A column that is being read.
struct Reading {
    numbers: Numbers,
    counts: Numbers,
    scale: u64,
    values: Vec<i64>,
    rows: usize,
}

impl Reading {
    fn left(&self, reader: &Reader<'_>) -> Result<usize, &'static str> {
        if reader.is_past_end() {
            return Err("a column ends early");
        }
        Ok(self.rows.saturating_sub(self.values.len()))
    }

    fn step(&mut self, reader: &mut Reader<'_>) -> i64 {
        unfolded(self.numbers.next(reader, 0)).wrapping_mul(self.scale.cast_signed())
    }

    fn count(&mut self, reader: &mut Reader<'_>) -> Result<usize, &'static str> {
        let left = self.left(reader)?;
        let count = usize::try_from(self.counts.next(reader, 0)).unwrap_or(usize::MAX);
        let count = count.saturating_add(1);
        if count > left {
            return Err("a run leaves its column");
        }
        Ok(count)
    }

    fn step_runs(&mut self, reader: &mut Reader<'_>, base: i64) -> Result<(), &'static str> {
        let mut value = base;
        self.values.push(value);
        while self.left(reader)? > 0 {
            let count = self.count(reader)?;
            let step = self.step(reader);
            for _ in 0..count {
                value = value.wrapping_add(step);
                self.values.push(value);
            }
        }
        Ok(())
    }

    fn steps(&mut self, reader: &mut Reader<'_>, base: i64) -> Result<(), &'static str> {
        let mut value = base;
        self.values.push(value);
        while self.left(reader)? > 0 {
            value = value.wrapping_add(self.step(reader));
            self.values.push(value);
        }
        Ok(())
    }

    fn values(&mut self, reader: &mut Reader<'_>, base: i64) -> Result<(), &'static str> {
        while self.left(reader)? > 0 {
            let part = self.numbers.next(reader, 0).wrapping_mul(self.scale);
            self.values.push(base.wrapping_add(part.cast_signed()));
        }
        Ok(())
    }

    fn value_runs(&mut self, reader: &mut Reader<'_>, base: i64) -> Result<(), &'static str> {
        let mut value = base;
        while self.left(reader)? > 0 {
            let count = self.count(reader)?;
            value = value.wrapping_add(self.step(reader));
            for _ in 0..count {
                self.values.push(value);
            }
        }
        Ok(())
    }
}
