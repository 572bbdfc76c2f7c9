//! A plain record in one pass: an amount or a reading, whatever class. Episodes, deletions and everything that is wrong are left
//! to the reader of JSON.

use minicbor::{Decoder, data::Type};
use streakline_core::{
    decimal,
    id::RecordId,
    limits,
    metric::{Class, Definition, Metric, unit},
    record::{Content, Epoch, Record},
    sample::Method,
};

use super::{
    batch::{Fields, signed, unsigned, word},
    fields::METHODS,
    table,
    walk::{Walk, is_integer},
};
use crate::{
    protocol::client_frame::{Signature, WORD_CHARS_MAX, end_of},
    registry,
};

const ID: u64 = table::number("id");
const VERSION: u64 = table::number("version");
const DELETED: u64 = table::number("deleted");
const METRIC: u64 = table::number("metric");
const CLASS: u64 = table::number("class");
const UNIT: u64 = table::number("unit");
const START_MS: u64 = table::number("start_ms");
const END_MS: u64 = table::number("end_ms");
const OFFSET_S: u64 = table::number("offset_s");
const VALUE: u64 = table::number("value");
const METHOD: u64 = table::number("method");
const WORN: u64 = table::number("worn");
const EPOCH_ID: u64 = table::number("epoch_id");
const SEGMENTS: u64 = table::number("segments");
const SPORT: u64 = table::number("sport");
const TOTALS: u64 = table::number("totals");
pub(super) const ATTEST: u64 = table::number("attest");

/// Depth of a record: in a list, in a frame.
const DEPTH: usize = 2;

/// An amount as it was written.
enum Amount {
    Whole(i64),
    Decimal(String),
}

#[derive(Default)]
struct Said<'b> {
    id: Option<RecordId>,
    version: Option<u32>,
    metric: Option<&'static Definition>,
    class: Option<Class>,
    unit: Option<&'b str>,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    offset_s: Option<i32>,
    value: Option<Amount>,
    method: Method,
    worn: Option<bool>,
    epoch: Option<Epoch>,
    signature: Option<Signature>,
}

/// A record that is taken as it stands, with what signs it.
pub(super) fn read(walk: &mut Walk<'_>) -> Option<(Record, Option<Signature>)> {
    let mut said = Said::default();
    let mut fields = Fields::of(walk, DEPTH)?;
    while let Some(number) = fields.next(walk)? {
        match number {
            ID => said.id = Some(id(walk)?),
            VERSION => said.version = Some(u32::try_from(unsigned(walk)?).ok()?),
            METRIC => said.metric = Some(metric(walk)?),
            CLASS => said.class = Some(Class::parse(text(walk, WORD_CHARS_MAX)?)?),
            UNIT => said.unit = Some(text(walk, WORD_CHARS_MAX)?),
            START_MS => said.start_ms = Some(signed(walk)?),
            END_MS => said.end_ms = Some(signed(walk)?),
            OFFSET_S => said.offset_s = Some(i32::try_from(signed(walk)?).ok()?),
            VALUE => said.value = Some(amount(walk)?),
            METHOD => said.method = Method::parse(word(walk, &METHODS)?)?,
            WORN => said.worn = Some(walk.read(Decoder::bool).ok()?),
            EPOCH_ID => {
                let name = text(walk, limits::SAMPLE_TEXT_CHARS_MAX)?;
                said.epoch = Some(Epoch::parse(name));
            }
            ATTEST => said.signature = Some(signature(walk)?),
            DELETED | SEGMENTS | SPORT | TOTALS => return None,
            _ => fields.pass(walk)?,
        }
    }
    let signature = said.signature.take();
    said.record().map(|record| (record, signature))
}

impl Said<'_> {
    fn record(self) -> Option<Record> {
        let of = self.metric?;
        let class = self.class.unwrap_or(of.class);
        of.takes(class).then_some(())?;
        let start_ms = self.start_ms?;
        let end_ms = end_of(class, start_ms, self.end_ms)?;
        let record = Record {
            id: self.id?,
            version: self.version.unwrap_or(1),
            metric: of.metric,
            start_ms,
            end_ms,
            offset_s: self.offset_s,
            content: content(class, value(of, &self.value?, self.unit)?, self.epoch)?,
            method: self.method,
            worn: self.worn,
        };
        let sound = record.version > 0 && end_ms >= start_ms && record.check(of).is_ok();
        sound.then_some(record)
    }
}

fn content(class: Class, value: i64, epoch: Option<Epoch>) -> Option<Content> {
    match (class, epoch) {
        (Class::Delta, None) => Some(Content::Delta(value)),
        (Class::Gauge, None) => Some(Content::Gauge(value)),
        (Class::Cumulative, Some(epoch)) => Some(Content::Cumulative { value, epoch }),
        _ => None,
    }
}

/// In store units.
fn value(of: &Definition, amount: &Amount, unit: Option<&str>) -> Option<i64> {
    match (amount, unit) {
        (Amount::Whole(whole), None) => whole.checked_mul(i64::from(of.store_per_unit)),
        (Amount::Whole(whole), Some(_)) => exact(of, &whole.to_string(), unit),
        (Amount::Decimal(text), unit) => exact(of, text, unit),
    }
}

fn exact(of: &Definition, text: &str, unit: Option<&str>) -> Option<i64> {
    let ratio = unit::ratio(&of.unit, unit.unwrap_or(&of.unit))?;
    decimal::read(text, ratio.times(of.store_per_unit)).ok()
}

fn amount(walk: &mut Walk<'_>) -> Option<Amount> {
    match walk.kind().ok()? {
        Type::F32 | Type::F64 => {
            let float = walk.float().ok()?;
            let whole = float.whole().map(Amount::Whole);
            whole.or_else(|| Some(Amount::Decimal(float.shortest())))
        }
        kind if is_integer(kind) => {
            let number = i64::try_from(walk.integer().ok()?).ok()?;
            Some(Amount::Whole(number))
        }
        _ => None,
    }
}

fn id(walk: &mut Walk<'_>) -> Option<RecordId> {
    match walk.kind().ok()? {
        Type::Bytes => {
            let bytes = walk.read(Decoder::bytes).ok()?;
            bytes.try_into().ok().map(RecordId::Uuid)
        }
        Type::String => RecordId::parse(text(walk, WORD_CHARS_MAX)?).ok(),
        _ => unsigned(walk).map(RecordId::Number),
    }
}

fn metric(walk: &mut Walk<'_>) -> Option<&'static Definition> {
    match walk.kind().ok()? {
        Type::String => registry::metrics().named(text(walk, WORD_CHARS_MAX)?),
        _ => {
            let number = u16::try_from(unsigned(walk)?).ok()?;
            registry::metrics().get(Metric(number))
        }
    }
}

fn signature(walk: &mut Walk<'_>) -> Option<Signature> {
    let bytes = walk.read(Decoder::bytes).ok()?;
    (1..=limits::ATTEST_BYTES_MAX)
        .contains(&bytes.len())
        .then(|| bytes.into())
}

fn text<'b>(walk: &mut Walk<'b>, chars_max: usize) -> Option<&'b str> {
    let text = walk.read(Decoder::str).ok()?;
    let count = text.chars().take(chars_max + 1).count();
    (1..=chars_max).contains(&count).then_some(text)
}
