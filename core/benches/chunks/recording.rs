//! The records that the people of `tests/fixtures/fitbit` would have sent: every reading and every minute of theirs, under ids that count
//! up, in batches of a minute (heart rate) and of ten (steps), each received some two seconds late at most.

use std::{collections::BTreeMap, fs::File, io::Read, path::Path};

use flate2::read::GzDecoder;
use streakline_core::{
    civil::Day,
    id::RecordId,
    limits,
    metric::Metric,
    record::{Content, Record},
    records::StoredRecord,
    sample::Method,
    tail::Tail,
};

/// Rows of each chunk.
pub(crate) type Chunks = Vec<Vec<StoredRecord>>;

const MINUTE_MS: i64 = 60_000;

/// Readings of the heart rate, by person and day.
pub(crate) fn heart_rate() -> Chunks {
    let mut days = Days::default();
    for line in text("heartrate_seconds_merged.csv.gz").lines().skip(1) {
        let [person, time, value] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("three columns");
        };
        let at_ms = moment(time);
        let beats = Content::Gauge(value.trim().parse::<i64>().unwrap() * 10);
        let interval = (at_ms, at_ms);
        days.push(person, (Metric::HEART_RATE, interval, beats), MINUTE_MS);
    }
    days.chunks()
}

/// Steps by the minute, by person and day.
pub(crate) fn steps() -> Chunks {
    let mut days = Days::default();
    for line in text("minuteStepsWide_merged.csv.gz").lines().skip(1) {
        let mut fields = line.trim().split(',');
        let (person, hour_ms) = (fields.next().unwrap(), moment(fields.next().unwrap()));
        for (minute, value) in (0_i64..).zip(fields) {
            let start_ms = hour_ms + minute * MINUTE_MS;
            if let Ok(value) = value.parse() {
                let interval = (start_ms, start_ms + MINUTE_MS);
                let sample = (Metric::STEPS, interval, Content::Delta(value));
                days.push(person, sample, 10 * MINUTE_MS);
            }
        }
    }
    days.chunks()
}

/// The same records as snapshots write them that a full tail forces (design.md 5).
pub(crate) fn in_tails(days: &Chunks) -> Chunks {
    let mut chunks = Chunks::new();
    for rows in days {
        let (mut tail, mut held) = (Tail::default(), Vec::new());
        for row in rows {
            tail.push(Day(0), row);
            held.push(row.clone());
            if tail.bytes() > limits::TAIL_BYTES_MAX {
                chunks.push(core::mem::take(&mut held));
                tail = Tail::default();
            }
        }
        chunks.extend(Some(held).filter(|held| !held.is_empty()));
    }
    chunks
}

#[derive(Default)]
struct Days(BTreeMap<(String, i64), Vec<StoredRecord>>);

impl Days {
    fn push(
        &mut self,
        person: &str,
        (metric, (start_ms, end_ms), content): (Metric, (i64, i64), Content),
        batch_ms: i64,
    ) {
        let day = start_ms.div_euclid(86_400_000);
        let rows = self.0.entry((person.to_owned(), day)).or_default();
        let batch = end_ms.div_euclid(batch_ms) + 1;
        let record = Record {
            id: RecordId::Number(1_000 + rows.len() as u64),
            version: 1,
            metric,
            start_ms,
            end_ms,
            offset_s: None,
            content,
            method: Method::Auto,
            worn: None,
        };
        rows.push(StoredRecord {
            binding: 0,
            record,
            received_ms: batch * batch_ms + lateness_ms(batch),
            skewed: false,
            attest: streakline_core::attest::Attest::Unasked,
        });
    }

    fn chunks(self) -> Chunks {
        self.0.into_values().collect()
    }
}

/// 0..2,047 ms that no difference of batches foretells (the mixer of SplitMix64).
fn lateness_ms(batch: i64) -> i64 {
    let mut mixed = batch.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 53).cast_signed()
}

fn text(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/fitbit");
    let mut text = String::new();
    let file = File::open(folder.join(file)).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// `4/12/2016 7:21:05 AM` as if it were UTC, POSIX ms.
fn moment(text: &str) -> i64 {
    let parts: Vec<&str> = text.split(' ').collect();
    let numbers = |text: &str, at: char| -> Vec<i64> {
        text.split(at).map(|part| part.parse().unwrap()).collect()
    };
    let (date, time) = (numbers(parts[0], '/'), numbers(parts[1], ':'));
    let month_and_day = [date[0], date[1]].map(|part| u32::try_from(part).unwrap());
    let year = i32::try_from(date[2]).unwrap();
    let day = Day::from_ymd(year, month_and_day[0], month_and_day[1]).unwrap();
    let hour = time[0] % 12 + if parts[2] == "PM" { 12 } else { 0 };
    day.utc_ms() + ((hour * 60 + time[1]) * 60 + time[2]) * 1_000
}
