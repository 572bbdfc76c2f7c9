//! Counts and digests of the lines of an export, kept alike by who writes it and who reads it back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::line::Kind;
use crate::protocol::body::hex;

/// What the last line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// Lines by type.
    pub(super) counts: BTreeMap<String, u64>,
    /// SHA-256 over the lines of each type with their newlines, in hexadecimal.
    pub(super) sha256: BTreeMap<String, String>,
    /// SHA-256 over everything before this line.
    pub(super) sha256_all: String,
}

/// The lines so far.
#[derive(Clone, Default)]
pub(super) struct Tally {
    kinds: BTreeMap<Kind, (u64, Sha256)>,
    all: Sha256,
}

impl Tally {
    /// Takes one more line in, its newline included.
    pub(super) fn add(&mut self, kind: Kind, line: &[u8]) {
        let (count, digest) = self.kinds.entry(kind).or_default();
        *count = count.saturating_add(1);
        digest.update(line);
        self.all.update(line);
    }

    /// How many there are of a kind.
    pub(super) fn count(&self, kind: Kind) -> u64 {
        self.kinds.get(&kind).map_or(0, |(count, _)| *count)
    }

    /// What the last line must say.
    pub(super) fn end(&self) -> End {
        let name = |kind: &Kind| kind.name().to_owned();
        let counts = self
            .kinds
            .iter()
            .map(|(kind, (count, _))| (name(kind), *count));
        let digest = |digest: &Sha256| hex(&digest.clone().finalize());
        let digests = self
            .kinds
            .iter()
            .map(|(kind, (_, of))| (name(kind), digest(of)));
        End {
            counts: counts.collect(),
            sha256: digests.collect(),
            sha256_all: digest(&self.all),
        }
    }
}

impl End {
    /// The first difference from what was counted.
    pub(super) fn difference(&self, counted: &Self) -> Option<String> {
        for kind in Kind::ALL.map(Kind::name) {
            let of = |end: &Self| end.counts.get(kind).copied().unwrap_or(0);
            if of(self) != of(counted) {
                let (stated, there) = (of(self), of(counted));
                return Some(format!(
                    "it says {stated} lines of type {kind:?} and there are {there}"
                ));
            }
            if self.sha256.get(kind) != counted.sha256.get(kind) {
                return Some(format!("the lines of type {kind:?} have another digest"));
            }
        }
        (self != counted).then(|| "the lines before it have another digest".to_owned())
    }
}
