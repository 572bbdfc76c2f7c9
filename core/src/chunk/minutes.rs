//! The minutes of a day as a chunk: what is kept of it when its records are not (ADR 0034).
//!
//! A CBOR array:
//!
//! | place | what |
//! |---|---|
//! | 0 | [`FORMAT`] |
//! | 1 | of each metric and device with amounts: metric, binding, and how many minutes the display run has, the eligible one and the goals' one where they are runs of their own |
//! | 2 | of each metric and device with readings: metric, binding, how many minutes |
//! | 3..7 | totals of the day, episodes, wear, rival episodes, as the head has them |
//! | 7 | columns of all minutes with amounts: minute, covered, value, trust |
//! | 8 | columns of all minutes with readings: minute, last instant, count, min, max, last, sum, trust |
//!
//! The run of signed samples is not among them: nothing but a score reads it, and no score is made of such a day.

use alloc::vec::Vec;
use minicbor::{Decoder, decode::Error as DecodeError};

use super::column;
use crate::{
    day::{DeviceCells, Head},
    limits,
    merge::{Cell, Cells, Readings, Trust},
    metric::Metric,
};

/// The layout above.
pub const FORMAT: u8 = 1;

/// A metric and device with the lengths of its runs.
type Series = (Metric, u32, u64, Option<u64>, Option<u64>);

/// Whether a day has so few minutes that they can be read back; days that devices make have far fewer.
#[must_use]
pub fn fit(head: &Head) -> bool {
    let runs = head.amounts.values().map(|cells| {
        let own = [&cells.eligible, &cells.goals].into_iter().flatten();
        own.fold(cells.display.len(), |sum, run| {
            sum.saturating_add(run.len())
        })
    });
    let read = head.readings.values().map(Vec::len);
    let all = |lengths: &mut dyn Iterator<Item = usize>| lengths.fold(0, usize::saturating_add);
    let most = limits::CHUNK_ROWS_MAX;
    all(&mut runs.into_iter()) <= most && all(&mut read.into_iter()) <= most
}

/// Writes the minutes of a day.
#[must_use]
pub fn encode(head: &Head) -> Vec<u8> {
    let length = |run: &Cells| u64::try_from(run.len()).unwrap_or(u64::MAX);
    let series = |((metric, binding), cells): (&(Metric, u32), &DeviceCells)| -> Series {
        let own = [&cells.eligible, &cells.goals].map(|run| run.as_ref().map(length));
        let [eligible, goals] = own;
        (*metric, *binding, length(&cells.display), eligible, goals)
    };
    let amounts: Vec<Series> = head.amounts.iter().map(series).collect();
    let runs = head.amounts.values().flat_map(|cells| {
        let own = [&cells.eligible, &cells.goals].into_iter().flatten();
        core::iter::once(&cells.display).chain(own)
    });
    let cells: Vec<Cell> = runs.flatten().collect();
    let cells: Vec<&Cell> = cells.iter().collect();
    let readings: Vec<(Metric, u32, u64)> = head
        .readings
        .iter()
        .map(|((metric, binding), held)| {
            let count = u64::try_from(held.len()).unwrap_or(u64::MAX);
            (*metric, *binding, count)
        })
        .collect();
    let read: Vec<&Readings> = head.readings.values().flatten().collect();
    let mut bytes = Vec::new();
    let mut e = minicbor::Encoder::new(&mut bytes);
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = e.array(9).and_then(|e| {
        e.u8(FORMAT)?.encode(&amounts)?.encode(&readings)?;
        e.encode(&head.totals)?.encode(&head.episodes)?;
        e.encode(&head.wear)?.encode(&head.rivals)?;
        e.bytes(&amount_columns(&cells))?;
        e.bytes(&reading_columns(&read))
    });
    bytes
}

fn amount_columns(cells: &[&Cell]) -> Vec<u8> {
    column::write_all(
        cells,
        [
            &|cell| i64::from(cell.minute),
            &|cell| i64::from(cell.covered_ms),
            &|cell| i64::from(cell.value),
            &|cell| trust(cell.trust),
        ],
    )
}

fn reading_columns(read: &[&Readings]) -> Vec<u8> {
    column::write_all(
        read,
        [
            &|held| i64::from(held.minute),
            &|held| i64::from(held.last_ms),
            &|held| i64::from(held.count),
            &|held| i64::from(held.min),
            &|held| i64::from(held.max),
            &|held| i64::from(held.last),
            &|held| held.sum,
            &|held| trust(held.trust),
        ],
    )
}

fn trust(trust: Trust) -> i64 {
    match trust {
        Trust::Manual => 0,
        Trust::Unknown => 1,
        Trust::Sensed => 2,
    }
}

fn read_trust(number: i64) -> Result<Trust, DecodeError> {
    match number {
        0 => Ok(Trust::Manual),
        1 => Ok(Trust::Unknown),
        2 => Ok(Trust::Sensed),
        _ => Err(DecodeError::message("unknown trust")),
    }
}

/// Reads the minutes of a day back.
///
/// # Errors
/// When the bytes are not such a chunk of this format.
pub fn decode(bytes: &[u8]) -> Result<Head, DecodeError> {
    let d = &mut Decoder::new(bytes);
    let refuse = |what: &'static str| Err(DecodeError::message(what));
    if d.array()? != Some(9) || d.u8()? != FORMAT {
        return refuse("not the minutes of a day in format 1");
    }
    let amounts: Vec<Series> = d.decode()?;
    let readings: Vec<(Metric, u32, u64)> = d.decode()?;
    let mut head = Head {
        totals: d.decode()?,
        episodes: d.decode()?,
        wear: d.decode()?,
        rivals: d.decode()?,
        ..Head::default()
    };
    let lengths = amounts.iter().flat_map(|(_, _, display, eligible, goals)| {
        [Some(*display), *eligible, *goals].into_iter().flatten()
    });
    let mut cells = read_cells(d.bytes()?, rows(lengths)?)?.into_iter();
    let counts = readings.iter().map(|(_, _, count)| *count);
    let mut read = read_readings(d.bytes()?, rows(counts)?)?.into_iter();
    if d.position() != bytes.len() {
        return refuse("more bytes than the minutes of a day");
    }
    for (metric, binding, display, eligible, goals) in amounts {
        let mut take = |count: u64| -> Cells { taken(&mut cells, count) };
        let runs = DeviceCells {
            display: take(display),
            eligible: eligible.map(&mut take),
            goals: goals.map(&mut take),
            attested: None,
        };
        head.amounts.insert((metric, binding), runs);
    }
    for (metric, binding, count) in readings {
        let held = taken(&mut read, count);
        head.readings.insert((metric, binding), held);
    }
    Ok(head)
}

fn taken<T, C: FromIterator<T>>(all: &mut impl Iterator<Item = T>, count: u64) -> C {
    all.take(usize::try_from(count).unwrap_or(usize::MAX))
        .collect()
}

/// How many rows some runs have together.
fn rows(lengths: impl Iterator<Item = u64>) -> Result<usize, DecodeError> {
    let all = lengths.fold(0, u64::saturating_add);
    let all = usize::try_from(all).unwrap_or(usize::MAX);
    if all > limits::CHUNK_ROWS_MAX {
        return Err(DecodeError::message("more minutes than a chunk can have"));
    }
    Ok(all)
}

fn narrow<T: TryFrom<i64>>(number: i64) -> Result<T, DecodeError> {
    T::try_from(number).map_err(|_| DecodeError::message("out of range"))
}

fn read_cells(bytes: &[u8], rows: usize) -> Result<Vec<Cell>, DecodeError> {
    let columns = column::read_all::<4>(bytes, rows)?;
    column::rows(&columns, rows)
        .map(|[minute, covered_ms, value, trust]| {
            Ok(Cell {
                minute: narrow(minute)?,
                covered_ms: narrow(covered_ms)?,
                value: narrow(value)?,
                trust: read_trust(trust)?,
            })
        })
        .collect()
}

fn read_readings(bytes: &[u8], rows: usize) -> Result<Vec<Readings>, DecodeError> {
    let columns = column::read_all::<8>(bytes, rows)?;
    column::rows(&columns, rows)
        .map(|[minute, last_ms, count, min, max, last, sum, trust]| {
            Ok(Readings {
                minute: narrow(minute)?,
                last_ms: narrow(last_ms)?,
                count: narrow(count)?,
                min: narrow(min)?,
                max: narrow(max)?,
                last: narrow(last)?,
                sum,
                trust: read_trust(trust)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, option, prelude::*};

    fn any_trust() -> impl Strategy<Value = Trust> {
        prop_oneof![
            Just(Trust::Manual),
            Just(Trust::Unknown),
            Just(Trust::Sensed)
        ]
    }

    fn cells() -> impl Strategy<Value = Cells> {
        let cell = (any::<i32>(), any::<u16>(), any::<u32>(), any_trust());
        let cell = cell.prop_map(|(minute, covered_ms, value, trust)| Cell {
            minute,
            covered_ms,
            value,
            trust,
        });
        vec(cell, 0..20).prop_map(Cells::from_iter)
    }

    fn readings() -> impl Strategy<Value = Vec<Readings>> {
        let numbers = (any::<[i32; 4]>(), any::<u16>(), any::<u32>(), any::<i64>());
        let held = (numbers, any_trust()).prop_map(|((lows, last_ms, count, sum), trust)| {
            let [minute, min, max, last] = lows;
            Readings {
                minute,
                last_ms,
                count,
                min,
                max,
                last,
                sum,
                trust,
            }
        });
        vec(held, 0..20)
    }

    fn any_head() -> impl Strategy<Value = Head> {
        let runs = (cells(), option::of(cells()), option::of(cells()));
        let key = || (0_u16..4, 0_u32..3);
        let amounts = vec((key(), runs), 0..5);
        let read = vec((key(), readings()), 0..5);
        (amounts, read, 0_i64..9).prop_map(|(amounts, read, worn)| {
            let mut head = Head::default();
            for ((metric, binding), (display, eligible, goals)) in amounts {
                let cells = DeviceCells {
                    display,
                    eligible,
                    goals,
                    attested: None,
                };
                head.amounts.insert((Metric(metric), binding), cells);
            }
            for ((metric, binding), held) in read {
                head.readings.insert((Metric(metric), binding), held);
            }
            head.wear.add((0, worn * 60_000), (0, 600_000));
            head
        })
    }

    proptest! {
        #[test]
        fn minutes_give_back_what_was_put_in(head in any_head()) {
            prop_assert!(fit(&head));
            let bytes = encode(&head);
            prop_assert_eq!(&decode(&bytes).unwrap(), &head);
            for end in [0, bytes.len() / 2, bytes.len() - 1] {
                prop_assert!(decode(&bytes[..end]).is_err(), "{} bytes", end);
            }
        }

        #[test]
        fn bytes_that_are_no_minutes_are_refused_without_harm(bytes in vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn minutes_of_another_format_or_of_too_many_rows_are_refused() {
        let mut bytes = encode(&Head::default());
        bytes[1] = FORMAT + 1;
        assert!(decode(&bytes).is_err());
        let many: [Series; 1] = [(Metric::STEPS, 0, u64::MAX, None, None)];
        let mut e = minicbor::Encoder::new(Vec::new());
        let written = e
            .array(9)
            .and_then(|e| e.u8(FORMAT))
            .and_then(|e| e.encode(many));
        written.unwrap();
        let head = encode(&Head::default());
        let bytes = [&e.into_writer()[..], &head[3..]].concat();
        let told = decode(&bytes).unwrap_err();
        assert!(alloc::format!("{told}").contains("more minutes"), "{told}");
    }
}
