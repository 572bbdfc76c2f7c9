//! Records as they arrive, and which copy of a key wins (domain.md 1.2, 1.3, 2.4).

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use streakline_core::{
    civil::Day,
    id::{DeviceId, RecordId},
    sample::Method,
};

/// The four classes of domain.md 1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Delta,
    Cumulative,
    Gauge,
    Episode,
}

/// One part of an episode: what, from, to.
pub type Segment = (&'static str, i64, i64);

/// What a device says, once parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub id: RecordId,
    pub version: u32,
    pub deleted: bool,
    pub metric: &'static str,
    pub class: Class,
    /// Start and end; a deletion by id alone has none.
    pub span: Option<(i64, i64)>,
    pub offset_s: Option<i32>,
    pub value: Option<i64>,
    pub method: Method,
    pub worn: Option<bool>,
    pub epoch: Option<String>,
    pub segments: Vec<Segment>,
}

impl Sample {
    /// What a band recorded by itself.
    pub fn steps(id: u64, start_ms: i64, end_ms: i64, value: i64) -> Self {
        Self {
            id: RecordId::Number(id),
            version: 1,
            deleted: false,
            metric: "steps",
            class: Class::Delta,
            span: Some((start_ms, end_ms)),
            offset_s: None,
            value: Some(value),
            method: Method::Auto,
            worn: None,
            epoch: None,
            segments: Vec::new(),
        }
    }

    /// The deletion of a sample by its id.
    pub fn deletion(id: u64, version: u32) -> Self {
        Self {
            version,
            deleted: true,
            span: None,
            value: None,
            method: Method::Unknown,
            ..Self::steps(id, 0, 0, 0)
        }
    }

    pub fn start_ms(&self) -> i64 {
        self.span.unwrap().0
    }

    pub fn end_ms(&self) -> i64 {
        self.span.unwrap().1
    }

    pub fn amount(&self) -> i64 {
        self.value.unwrap_or(0)
    }

    /// The date whose total a reading tells, where it tells one.
    pub fn total_of(&self) -> Option<Day> {
        let told = self.class == Class::Cumulative;
        told.then(|| self.epoch.as_deref().and_then(Day::parse))?
    }

    /// SHA-256 over the deterministic CBOR of the payload (domain.md 1.3, RFC 8949 4.2.1), written by hand.
    pub fn digest(&self) -> [u8; 32] {
        let class = match self.class {
            Class::Delta => "delta",
            Class::Cumulative => "cumulative",
            Class::Gauge => "gauge",
            Class::Episode => "episode",
        };
        let flag = |is: bool| vec![0xf4 + u8::from(is)];
        let mut entries = vec![
            ("version", integer(self.version.into())),
            ("deleted", flag(self.deleted)),
            ("metric", text(self.metric)),
        ];
        // A deletion says nothing else, whatever was sent with it (ADR 0026).
        if self.deleted {
            return Sha256::digest(map(entries)).into();
        }
        entries.push(("class", text(class)));
        entries.push(("method", text(self.method.name())));
        if let Some((start_ms, end_ms)) = self.span {
            entries.push(("start_ms", integer(start_ms)));
            entries.push(("end_ms", integer(end_ms)));
        }
        let optional = [
            ("offset_s", self.offset_s.map(|s| integer(s.into()))),
            ("value", self.value.map(integer)),
            ("worn", self.worn.map(flag)),
            ("epoch_id", self.epoch.as_deref().map(text)),
        ];
        entries.extend(optional.into_iter().filter_map(|(key, v)| Some((key, v?))));
        if !self.segments.is_empty() {
            let mut bytes = head(4, self.segments.len() as u64);
            for (stage, start_ms, end_ms) in &self.segments {
                bytes.extend(map(vec![
                    ("stage", text(stage)),
                    ("start_ms", integer(*start_ms)),
                    ("end_ms", integer(*end_ms)),
                ]));
            }
            entries.push(("segments", bytes));
        }
        Sha256::digest(map(entries)).into()
    }
}

fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    let (extra, from) = match argument {
        0..=23 => return vec![major << 5 | bytes[7]],
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    [&[major << 5 | extra], &bytes[from..]].concat()
}

fn integer(value: i64) -> Vec<u8> {
    match u64::try_from(value) {
        Ok(positive) => head(0, positive),
        Err(_) => head(1, value.unsigned_abs() - 1),
    }
}

fn text(value: &str) -> Vec<u8> {
    [head(3, value.len() as u64), value.as_bytes().to_vec()].concat()
}

fn map(entries: Vec<(&str, Vec<u8>)>) -> Vec<u8> {
    let sorted: BTreeMap<Vec<u8>, Vec<u8>> =
        entries.into_iter().map(|(key, v)| (text(key), v)).collect();
    let mut bytes = head(5, sorted.len() as u64);
    sorted
        .into_iter()
        .for_each(|(key, v)| bytes.extend([key, v].concat()));
    bytes
}

/// A copy as it was received and admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub at_ms: i64,
    pub device: DeviceId,
    pub skewed: bool,
    pub sample: Sample,
}

/// The winning copy of a key, with whether every copy of it came through a session whose clock was off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    pub device: DeviceId,
    pub sample: Sample,
    pub quarantined: bool,
}

/// Of two copies of a key the larger wins.
pub fn rank(sample: &Sample) -> impl Ord + use<> {
    (sample.version, sample.deleted, sample.digest())
}

/// The winner of every key, deletions too.
pub fn all_winners<'a>(copies: impl IntoIterator<Item = &'a Copy>) -> Vec<Winner> {
    let mut keys: BTreeMap<(DeviceId, RecordId), Vec<&Copy>> = BTreeMap::new();
    for copy in copies {
        keys.entry((copy.device, copy.sample.id))
            .or_default()
            .push(copy);
    }
    let winner = |copies: Vec<&Copy>| {
        let best = copies.iter().max_by_key(|copy| rank(&copy.sample)).unwrap();
        Winner {
            device: best.device,
            sample: best.sample.clone(),
            quarantined: copies.iter().all(|c| c.skewed || c.sample != best.sample),
        }
    };
    keys.into_values().map(winner).collect()
}

/// The winners that count: a deletion is as if its sample had never been.
pub fn winners<'a>(copies: impl IntoIterator<Item = &'a Copy>) -> Vec<Winner> {
    let mut winners = all_winners(copies);
    winners.retain(|winner| !winner.sample.deleted);
    winners
}
