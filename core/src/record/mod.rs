//! A sample as it is kept: its identity, its interval, what it says, and the digest that decides between two that claim one
//! identity (domain.md 1.2, 1.3).
//!
//! It is checked here without knowing the user; admissibility in time is `user::admit`'s, identity is decided in the fold.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    civil::Day,
    episode::Episode,
    id::RecordId,
    limits,
    metric::{Class, Definition, Metric},
    sample::{Method, RecordCode, RecordRefusal},
};

/// One run of a counter: readings of one epoch count from each other (domain.md 1.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Epoch {
    /// Total of a civil day, that of the user's own partition; a later reading replaces an earlier one.
    #[n(0)]
    Day(#[n(0)] Day),
    /// Anything else: a fall within it is a reset.
    #[n(1)]
    Run(#[n(0)] Box<str>),
}

impl Epoch {
    /// The epoch of that name: a civil date is a day.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        Day::parse(name).map_or_else(|| Self::Run(name.into()), Self::Day)
    }

    /// A short number for it: the first 8 bytes of SHA-256 over its name.
    #[must_use]
    pub fn number(&self) -> u64 {
        let hash = Sha256::digest(self.name().as_bytes());
        let first = hash.iter().take(8);
        first.fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Day(day) => day.iso(),
            Self::Run(name) => String::from(&**name),
        }
    }
}

/// What a sample says, by class. Amounts are in store units.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Content {
    /// An amount spread over the interval.
    #[n(0)]
    Delta(#[n(0)] i64),
    /// A reading of a counter at the end of the interval.
    #[n(1)]
    Cumulative {
        /// What the counter shows.
        #[n(0)]
        value: i64,
        /// Which run of the counter.
        #[n(1)]
        epoch: Epoch,
    },
    /// A value at the start, which is the end.
    #[n(2)]
    Gauge(#[n(0)] i64),
    /// An interval with segments inside.
    #[n(3)]
    Episode(#[n(0)] Box<Episode>),
    /// Takes back what an earlier version said. It has no times of its own: those of the copy that it deletes are filled in,
    /// and where that is unknown, 0.
    #[n(4)]
    Deleted,
}

/// A sample as it is kept: defaults filled in, amounts in store units.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// Identity within the device; never used again for another sample.
    #[n(0)]
    pub id: RecordId,
    /// From 1; a higher version corrects a lower one.
    #[n(1)]
    pub version: u32,
    /// What was measured.
    #[n(2)]
    pub metric: Metric,
    /// Start, POSIX ms.
    #[n(3)]
    pub start_ms: i64,
    /// End, POSIX ms.
    #[n(4)]
    pub end_ms: i64,
    /// Offset of the device's wall clock in seconds; shown only, never picks a day.
    #[n(5)]
    pub offset_s: Option<i32>,
    /// What it says.
    #[n(6)]
    pub content: Content,
    /// How it was recorded.
    #[n(7)]
    pub method: Method,
    /// Whether the device was worn, where it says.
    #[n(8)]
    pub worn: Option<bool>,
}

impl Record {
    /// Checks what needs no user, in the order of protocol.md 3: interval, overlong, range.
    ///
    /// # Errors
    /// The first fault, with its code.
    pub fn check(&self, of: &Definition) -> Result<(), RecordRefusal> {
        self.check_interval()?;
        if self.span_ms() > limits::SAMPLE_SPAN_MS_MAX {
            let detail = "a sample lasts at most 24 h";
            return Err(RecordRefusal::new(RecordCode::Overlong, detail));
        }
        self.check_range(of)
    }

    fn check_interval(&self) -> Result<(), RecordRefusal> {
        let refuse = |detail: &str| Err(RecordRefusal::new(RecordCode::BadSample, detail));
        if self.version == 0 {
            return refuse("version counts from 1");
        }
        match self.content {
            Content::Delta(_) | Content::Episode(_) if self.end_ms <= self.start_ms => {
                refuse("end_ms must be after start_ms")
            }
            Content::Cumulative { .. } if self.end_ms < self.start_ms => {
                refuse("end_ms must not be before start_ms")
            }
            Content::Gauge(_) if self.end_ms != self.start_ms => {
                refuse("a gauge is read at an instant: leave end_ms out")
            }
            _ => Ok(()),
        }
    }

    fn check_range(&self, of: &Definition) -> Result<(), RecordRefusal> {
        let Some(value) = self.value() else {
            return Ok(());
        };
        let (low, high) = of.range;
        let refuse = |detail: String| Err(RecordRefusal::new(RecordCode::Range, detail));
        if !(low..=high).contains(&value) {
            return refuse(of.outside(value));
        }
        // Nobody is active for longer than the time that passes (domain.md 1.1).
        let longest_s = self.span_ms().div_euclid(1_000).saturating_add(1);
        if self.metric == Metric::ACTIVE_MINUTES
            && matches!(self.content, Content::Delta(_))
            && value > longest_s
        {
            return refuse(format!("{} is longer than its interval", of.name));
        }
        Ok(())
    }

    /// Length in ms.
    #[must_use]
    pub fn span_ms(&self) -> i64 {
        self.end_ms.saturating_sub(self.start_ms)
    }

    /// Its amount, reading or value; `None` for an episode and a deletion.
    #[must_use]
    pub fn value(&self) -> Option<i64> {
        match &self.content {
            Content::Delta(value) | Content::Cumulative { value, .. } | Content::Gauge(value) => {
                Some(*value)
            }
            Content::Episode(_) | Content::Deleted => None,
        }
    }

    /// Its class; `None` for a deletion.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        match self.content {
            Content::Delta(_) => Some(Class::Delta),
            Content::Cumulative { .. } => Some(Class::Cumulative),
            Content::Gauge(_) => Some(Class::Gauge),
            Content::Episode(_) => Some(Class::Episode),
            Content::Deleted => None,
        }
    }

    /// Whether it takes an earlier version back.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.content == Content::Deleted
    }

    /// Whether it says the same as another of its identity; the times of a deletion are not its own.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        if self.is_deleted() && other.is_deleted() {
            return (self.version, self.metric) == (other.version, other.metric);
        }
        self == other
    }

    /// SHA-256 over the canonical payload: RFC 8949 deterministic CBOR with the text keys of protocol.md 3 (domain.md 1.3). A
    /// deployment's own metric stands there by its number, which never changes, where a built-in one stands by its name.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(160);
        let mut encoder = minicbor::Encoder::new(&mut bytes);
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = self.write_canonical(&mut encoder);
        Sha256::digest(&bytes).into()
    }

    /// Keys stand in the order of their encoded bytes: shorter first, then by letters.
    pub(crate) fn write_canonical(&self, e: &mut Canonical<'_>) -> Written {
        let timed = !self.is_deleted();
        e.map(self.canonical_keys())?;
        if let Some(worn) = self.worn.filter(|_| timed) {
            e.str("worn")?.bool(worn)?;
        }
        if let Some(class) = self.class() {
            e.str("class")?.str(class.name())?;
        }
        if let Some(sport) = self.episode().and_then(|held| held.sport.as_deref()) {
            e.str("sport")?.str(sport)?;
        }
        if let Some(value) = self.value() {
            e.str("value")?.i64(value)?;
        }
        if timed {
            e.str("end_ms")?.i64(self.end_ms)?;
            e.str("method")?.str(self.method.name())?;
        }
        write_metric(e.str("metric")?, self.metric)?;
        if let Some(held) = self.episode().filter(|held| !held.totals.is_empty()) {
            write_totals(e.str("totals")?, held)?;
        }
        e.str("deleted")?.bool(self.is_deleted())?;
        e.str("version")?.u32(self.version)?;
        if let Content::Cumulative { epoch, .. } = &self.content {
            e.str("epoch_id")?.str(&epoch.name())?;
        }
        if let Some(offset) = self.offset_s.filter(|_| timed) {
            e.str("offset_s")?.i32(offset)?;
        }
        if let Some(held) = self.episode().filter(|held| !held.segments.is_empty()) {
            write_segments(e.str("segments")?, held)?;
        }
        if timed {
            e.str("start_ms")?.i64(self.start_ms)?;
        }
        Ok(())
    }

    /// How many keys the canonical payload has.
    fn canonical_keys(&self) -> u64 {
        let timed = !self.is_deleted();
        let held = self.episode();
        let there = [
            timed && self.worn.is_some(),
            timed && self.offset_s.is_some(),
            self.class().is_some(),
            self.value().is_some(),
            matches!(self.content, Content::Cumulative { .. }),
            held.is_some_and(|held| !held.segments.is_empty()),
            held.is_some_and(|held| held.sport.is_some()),
            held.is_some_and(|held| !held.totals.is_empty()),
        ];
        let optional = there.into_iter().filter(|there| *there).count();
        let always = if timed { 6 } else { 3 };
        u64::try_from(optional)
            .unwrap_or(u64::MAX)
            .saturating_add(always)
    }

    /// What is inside an episode.
    #[must_use]
    pub fn episode(&self) -> Option<&Episode> {
        match &self.content {
            Content::Episode(held) => Some(held),
            _ => None,
        }
    }
}

pub(crate) type Canonical<'a> = minicbor::Encoder<&'a mut Vec<u8>>;
pub(crate) type Written = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

fn write_metric(e: &mut Canonical<'_>, metric: Metric) -> Written {
    match metric.built_in_name() {
        Some(name) => e.str(name)?.ok(),
        None => e.u16(metric.0)?.ok(),
    }
}

fn write_totals(e: &mut Canonical<'_>, held: &Episode) -> Written {
    e.array(length(held.totals.len()))?;
    for (metric, value) in &held.totals {
        write_metric(e.array(2)?, *metric)?;
        e.i64(*value)?;
    }
    Ok(())
}

fn write_segments(e: &mut Canonical<'_>, held: &Episode) -> Written {
    e.array(length(held.segments.len()))?;
    for segment in &held.segments {
        e.map(3)?.str("stage")?.str(segment.stage.name())?;
        e.str("end_ms")?.i64(segment.end_ms)?;
        e.str("start_ms")?.i64(segment.start_ms)?;
    }
    Ok(())
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
