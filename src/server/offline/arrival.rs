//! Reads an export back into what a store takes: every line is checked, then whether they belong together. It touches no store.

use std::{
    io::{self, BufRead, Read as _},
    sync::Arc,
};

use minicbor::{Decode, bytes::ByteVec};
use streakline_core::{
    chunk,
    id::{Entity, PartitionId},
    limits,
    metric::Metric,
    records::StoredRecord,
    user::{
        Rules, User,
        portable::{self, Belongings, ChunkKey},
        snapshot::restore,
    },
};

use crate::{
    actors::shared::BITS,
    protocol::export::{Fault, Header, Kind, OwnMetric, Read, Reader},
    registry,
    zones::BundledZones,
};

/// Why a file is no user that can be taken in.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// A line of it is damaged, or not in its place.
    #[error(transparent)]
    Line(#[from] Fault),
    /// Every line is whole, and together they are no user.
    #[error("its lines do not belong together: {0}")]
    Apart(String),
}

/// A user who was exported, and is whole.
#[derive(Debug)]
pub struct Arrival {
    /// Where the user comes from.
    pub header: Header,
    /// The state, without its old server.
    pub user: User,
    /// Its partition, the same everywhere.
    pub partition: PartitionId,
    /// What is stored beside the state.
    pub belongings: Belongings,
    /// How many lines of each kind there were.
    pub counts: Vec<(&'static str, u64)>,
}

/// Rows on their way from lines to chunks and lists.
#[derive(Default)]
struct Gathering {
    belongings: Belongings,
    state: Vec<u8>,
    chunk: Option<(ChunkKey, Vec<StoredRecord>)>,
    bytes: usize,
}

impl Arrival {
    /// Reads a file to its end; `told` hears of every line.
    ///
    /// # Errors
    /// [`Refused`], with the line where there is one to name.
    pub fn read(mut from: impl BufRead, told: &mut dyn FnMut(u64)) -> Result<Self, Refused> {
        let (mut reader, mut gathering) = (Reader::default(), Gathering::default());
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut bounded = from.by_ref().take(limits::EXPORT_LINE_BYTES_MAX);
            if bounded.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let read = reader.line(&line)?;
            let number = reader.lines();
            let fault = |what| Fault::at(number, what);
            gathering.take(read).map_err(fault)?;
            told(number);
        }
        reader.finish()?;
        let apart = |why: String| Refused::Apart(why);
        let missing = || Refused::Apart("there is no header".into());
        let header = reader.header().ok_or_else(missing)?.clone();
        let counts = Kind::ALL.map(|kind| (kind.name(), reader.count(kind)));
        let (user, partition) = gathering.user(&header).map_err(apart)?;
        Ok(Self {
            header,
            user,
            partition,
            belongings: gathering.belongings,
            counts: counts.into(),
        })
    }
}

impl Gathering {
    fn take(&mut self, read: Read) -> Result<(), String> {
        if read.kind != Kind::Record {
            self.close_chunk()?;
        }
        let belongings = &mut self.belongings;
        match read.kind {
            Kind::Record => {
                let (key, copy) = decoded(&read.row)?;
                return self.record(key, copy);
            }
            Kind::Minutes => {
                let (key, bytes): (ChunkKey, ByteVec) = decoded(&read.row)?;
                belongings.minutes.insert(key, bytes.into());
            }
            Kind::Fact => belongings.facts.push(decoded(&read.row)?),
            Kind::Transfer => belongings.transfers.push(decoded(&read.row)?),
            Kind::Change => belongings.changes.push(decoded(&read.row)?),
            Kind::State => self.state.clone_from(&read.row),
            _ => {}
        }
        self.room(read.row.len())
    }

    /// Records of one chunk come together.
    fn record(&mut self, key: ChunkKey, copy: StoredRecord) -> Result<(), String> {
        if self.chunk.as_ref().is_some_and(|(held, _)| *held != key) {
            self.close_chunk()?;
        }
        let (_, rows) = self.chunk.get_or_insert_with(|| (key, Vec::new()));
        if rows.len() >= limits::CHUNK_ROWS_MAX {
            return Err("its chunk has more records than a chunk can have".into());
        }
        rows.push(copy);
        Ok(())
    }

    fn close_chunk(&mut self) -> Result<(), String> {
        let Some((key, rows)) = self.chunk.take() else {
            return Ok(());
        };
        let bytes = chunk::encode(&rows);
        let length = bytes.len();
        if self.belongings.records.insert(key, bytes).is_some() {
            return Err("the records of a chunk before it do not stand together".into());
        }
        self.room(length)
    }

    fn room(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(bytes);
        let fits = self.bytes <= limits::EXPORT_BYTES_MAX;
        let words = "up to it there is more than an export can have";
        fits.then_some(()).ok_or_else(|| words.to_owned())
    }

    /// The state, and whether all that was gathered is its own.
    fn user(&self, header: &Header) -> Result<(User, PartitionId), String> {
        let id = header.user()?;
        let rules = Rules {
            zones: Arc::new(BundledZones::new()),
            manual_policy: header.policy()?,
            retention: header.retention()?,
        };
        let user = restore(&self.state, &rules).map_err(|error| format!("the state: {error}"))?;
        let user = user.portable();
        if user.id != id {
            return Err(format!(
                "the state is of {} and the header of {id}",
                user.id
            ));
        }
        known_metrics(header, &user)?;
        let partition = Entity::User(id).partition(BITS);
        let checked = portable::check(&user, partition, &self.belongings);
        checked.map_err(|fault| fault.to_string())?;
        Ok((user, partition))
    }
}

/// Metrics of a deployment's own must be the same here: rows have their numbers only.
fn known_metrics(header: &Header, user: &User) -> Result<(), String> {
    let here = |number: u16| registry::metrics().get(Metric(number)).map(OwnMetric::of);
    for own in &header.metrics {
        if here(own.number).as_ref() != Some(own) {
            let OwnMetric { name, number, .. } = own;
            return Err(format!(
                "metric {name:?}, number {number}, is another one here, or none; name the file that defines it by metrics.file"
            ));
        }
    }
    let unknown = user.metrics().into_iter().find(|of| here(of.0).is_none());
    match unknown {
        Some(Metric(number)) => Err(format!("there is no metric of number {number}")),
        None => Ok(()),
    }
}

fn decoded<T: for<'b> Decode<'b, ()>>(row: &[u8]) -> Result<T, String> {
    minicbor::decode(row).map_err(|error| format!("its row: {error}"))
}
