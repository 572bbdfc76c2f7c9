//! Answers in the compact form: a map is looked through for the numbers of its fields (`schema/stream.cddl`).

use minicbor::Decoder;
use minicbor::data::Type;
use minicbor::decode::Error;

use super::{Day, Reply, Welcome, fault};
use crate::compact::SPEED;
use crate::dates::day_number;

const TYPE: u64 = 0;
const ID: u64 = 1;
const BATCH_ID: u64 = 2;
const CREDITS: u64 = 15;
const RESULTS: u64 = 17;
const TOPIC: u64 = 19;
const STATUS: u64 = 32;
const CODE: u64 = 33;
const DISPLAY: u64 = 36;
const METRICS: u64 = 40;
const SCORE: u64 = 57;
const LAST_MS: u64 = 90;
const EPOCH: u64 = 99;
const ROWS: u64 = 102;
const RESUME_AFTER: u64 = 121;
const LIVE: u64 = 122;
const BACKFILL: u64 = 123;
const EVENTS: u64 = 128;
const NEXT_SEQ: u64 = 129;

/// Reads a message of the server.
pub(crate) fn read(bytes: &[u8]) -> Reply {
    reply(bytes).unwrap_or_else(|_| fault("not_cbor"))
}

fn reply(bytes: &[u8]) -> Result<Reply, Error> {
    let frame = Fields(bytes);
    match frame.number(TYPE)? {
        Some(8) => acknowledged(frame),
        Some(10) => Ok(day(frame)?.map_or(Reply::Other, Reply::Day)),
        Some(15) => board(frame),
        Some(7) => welcome(frame).map(Reply::Welcome),
        Some(12) => Ok(Reply::Error {
            code: frame.text(CODE)?.unwrap_or_default().to_owned(),
            batch: frame.number(BATCH_ID)?,
        }),
        Some(13) => Ok(Reply::Subscribed),
        Some(18) => Ok(fault(&format!(
            "bye_{}",
            frame.text(CODE)?.unwrap_or_default()
        ))),
        _ => Ok(Reply::Other),
    }
}

fn acknowledged(frame: Fields<'_>) -> Result<Reply, Error> {
    let mut refused = Vec::new();
    if let Some(results) = frame.value(RESULTS)? {
        for result in list(results)? {
            let code = result.text(CODE)?.or(result.text(STATUS)?);
            refused.push(code.unwrap_or("unnamed").to_owned());
        }
    }
    Ok(Reply::Acknowledged {
        batch: frame.number(BATCH_ID)?.unwrap_or(0),
        credits: frame.small(CREDITS)?,
        refused,
    })
}

fn day(frame: Fields<'_>) -> Result<Option<Day>, Error> {
    let topic = frame
        .text(TOPIC)?
        .and_then(|topic| topic.strip_prefix("me/day/"));
    let Some(day) = topic.and_then(day_number) else {
        return Ok(None);
    };
    let metrics = frame.value(METRICS)?.map(Fields);
    let speed = metrics
        .map(|metrics| metrics.value(SPEED))
        .transpose()?
        .flatten();
    let last_ms = speed
        .map(|speed| Fields(speed).number(LAST_MS))
        .transpose()?
        .flatten();
    Ok(Some(Day {
        day,
        display: frame.number(DISPLAY)?.unwrap_or(0),
        last_ms: last_ms.and_then(|ms| i64::try_from(ms).ok()),
    }))
}

fn board(frame: Fields<'_>) -> Result<Reply, Error> {
    let rows = frame
        .value(ROWS)?
        .map(list)
        .transpose()?
        .unwrap_or_default();
    let score = rows
        .first()
        .map(|row| row.number(SCORE))
        .transpose()?
        .flatten();
    Ok(Reply::Board {
        id: frame.number(ID)?.unwrap_or(0),
        score: score.unwrap_or(0),
        own: None,
    })
}

fn welcome(frame: Fields<'_>) -> Result<Welcome, Error> {
    let part = |field| Ok::<_, Error>(frame.value(field)?.map_or(Fields(&[0xa0]), Fields));
    let (resume_after, events) = (part(RESUME_AFTER)?, part(EVENTS)?);
    Ok(Welcome {
        resume_after: [
            resume_after.number(LIVE)?.unwrap_or(0),
            resume_after.number(BACKFILL)?.unwrap_or(0),
        ],
        credits: [frame.small(CREDITS)?, part(BACKFILL)?.small(CREDITS)?],
        epoch: events.text(EPOCH)?.unwrap_or_default().to_owned(),
        next_event: events.number(NEXT_SEQ)?.unwrap_or(0),
    })
}

/// The items of a list, each of which is a map.
fn list(bytes: &[u8]) -> Result<Vec<Fields<'_>>, Error> {
    let mut decoder = Decoder::new(bytes);
    let count = decoder.array()?;
    let mut items = Vec::new();
    while has_more(&decoder, count, items.len())? {
        items.push(Fields(&bytes[decoder.position()..]));
        decoder.skip()?;
    }
    Ok(items)
}

/// Whether another item comes: counted, or up to the break.
fn has_more(decoder: &Decoder<'_>, count: Option<u64>, taken: usize) -> Result<bool, Error> {
    match count {
        Some(count) => Ok((taken as u64) < count),
        None => Ok(decoder.datatype()? != Type::Break),
    }
}

/// Bytes that begin with a map.
#[derive(Clone, Copy)]
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    /// Bytes that begin with the value of that field.
    fn value(self, field: u64) -> Result<Option<&'b [u8]>, Error> {
        let mut decoder = Decoder::new(self.0);
        let count = decoder.map()?;
        let mut taken = 0;
        while has_more(&decoder, count, taken)? {
            taken += 1;
            let is_it = match decoder.datatype()? {
                Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64()? == field,
                _ => {
                    decoder.skip()?;
                    false
                }
            };
            if is_it {
                return Ok(Some(&self.0[decoder.position()..]));
            }
            decoder.skip()?;
        }
        Ok(None)
    }

    fn number(self, field: u64) -> Result<Option<u64>, Error> {
        let value = self.value(field)?;
        value.map(|value| Decoder::new(value).u64()).transpose()
    }

    /// A number that fits; nothing is 0.
    fn small(self, field: u64) -> Result<u32, Error> {
        let number = self.number(field)?.unwrap_or(0);
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn text(self, field: u64) -> Result<Option<&'b str>, Error> {
        let value = self.value(field)?;
        value.map(|value| Decoder::new(value).str()).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minicbor::Encoder;

    /// A map as its writer wants it.
    fn written(write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Option<()>) -> Reply {
        let mut out = Encoder::new(Vec::new());
        write(&mut out).unwrap();
        read(&out.into_writer())
    }

    fn field(out: &mut Encoder<Vec<u8>>, number: u64, value: u64) -> Option<()> {
        out.u64(number).ok()?.u64(value).ok().map(drop)
    }

    #[test]
    fn an_acknowledgement_tells_its_batch_and_what_was_refused() {
        let reply = written(|out| {
            out.map(4).ok()?;
            field(out, TYPE, 8)?;
            field(out, BATCH_ID, 7)?;
            field(out, CREDITS, 3)?;
            out.u64(RESULTS).ok()?.begin_array().ok()?.map(2).ok()?;
            field(out, 20, 172)?;
            out.u64(CODE).ok()?.str("range").ok()?.end().ok().map(drop)
        });
        let expected = Reply::Acknowledged {
            batch: 7,
            credits: 3,
            refused: vec!["range".to_owned()],
        };
        assert_eq!(reply, expected);
    }

    #[test]
    fn a_day_tells_its_date_and_the_newest_reading() {
        let reply = written(|out| {
            out.begin_map().ok()?;
            field(out, TYPE, 10)?;
            out.u64(TOPIC).ok()?.str("me/day/1970-01-02").ok()?;
            field(out, DISPLAY, 5)?;
            out.u64(METRICS).ok()?.map(1).ok()?;
            out.u64(SPEED).ok()?.map(1).ok()?;
            field(out, LAST_MS, 77)?;
            out.end().ok().map(drop)
        });
        let expected = Day {
            day: 1,
            display: 5,
            last_ms: Some(77),
        };
        assert_eq!(reply, Reply::Day(expected));
    }

    #[test]
    fn a_welcome_tells_where_to_resume() {
        let reply = written(|out| {
            out.map(5).ok()?;
            field(out, TYPE, 7)?;
            out.u64(RESUME_AFTER).ok()?.map(2).ok()?;
            field(out, LIVE, 170)?;
            field(out, BACKFILL, 6)?;
            field(out, CREDITS, 4)?;
            out.u64(BACKFILL).ok()?.map(1).ok()?;
            field(out, CREDITS, 2)?;
            out.u64(EVENTS).ok()?.map(2).ok()?;
            out.u64(EPOCH).ok()?.str("k3v9").ok()?;
            field(out, NEXT_SEQ, 42)
        });
        let expected = Welcome {
            resume_after: [170, 6],
            credits: [4, 2],
            epoch: "k3v9".to_owned(),
            next_event: 42,
        };
        assert_eq!(reply, Reply::Welcome(expected));
    }

    #[test]
    fn a_board_tells_its_first_row() {
        let reply = written(|out| {
            out.map(3).ok()?;
            field(out, TYPE, 15)?;
            field(out, ID, 7)?;
            out.u64(ROWS).ok()?.array(2).ok()?.map(1).ok()?;
            field(out, SCORE, 99)?;
            out.map(1).ok()?;
            field(out, SCORE, 98)
        });
        let (id, score, own) = (7, 99, None);
        assert_eq!(reply, Reply::Board { id, score, own });
    }

    #[test]
    fn what_is_no_cbor_is_an_error() {
        assert_eq!(read(&[0xa1, 0]), fault("not_cbor"));
        assert_eq!(read(b"{}"), fault("not_cbor"));
    }
}
