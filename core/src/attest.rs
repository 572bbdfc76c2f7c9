//! Samples that a device has signed: the keys that are registered for devices, the bytes that are signed, and what a signature says of
//! a sample (domain.md 1.2, 9.1 S12; ADR 0077).
//!
//! No signature is verified here: the shell does that once, when a sample is admitted, and the journal keeps what it found.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    id::{DeviceId, RecordId, UserId},
    record::Record,
};

/// What stands first in what is signed, so that a signature of anything else is none of a sample.
pub const DOMAIN: &str = "streakline.record.v1";

/// How a device signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    #[n(0)]
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    #[n(1)]
    Es256,
}

impl Algorithm {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Ed25519, Self::Es256];

    /// The one of that name.
    ///
    /// ```
    /// use streakline_core::attest::Algorithm;
    /// assert_eq!(Algorithm::parse("es256"), Some(Algorithm::Es256));
    /// assert_eq!(Algorithm::parse("rsa"), None);
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Es256 => "es256",
        }
    }

    /// Length of a public key in bytes: the key itself, or a point without compression (SEC 1).
    #[must_use]
    pub fn key_bytes(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::Es256 => 65,
        }
    }
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PublicKey {
    /// How it is used.
    #[n(0)]
    pub algorithm: Algorithm,
    /// [`Algorithm::key_bytes`] of them.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

impl PublicKey {
    /// What it is called: the first 8 bytes of SHA-256 over it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash = Sha256::digest(&self.bytes);
        let mut id = [0; 8];
        for (byte, of) in id.iter_mut().zip(hash) {
            *byte = of;
        }
        KeyId(id)
    }
}

/// What a key is called; shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct KeyId(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 8],
);

impl core::fmt::Display for KeyId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A key that is registered for a device, and since when, POSIX ms.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Registered {
    /// The key.
    #[n(0)]
    pub key: PublicKey,
    /// Stamp of the input that registered it.
    #[n(1)]
    pub since_ms: i64,
}

/// What is registered for a device that ever had a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Registration {
    /// Counts the changes (ETag).
    #[n(0)]
    pub version: u64,
    /// The key, unless it was taken away.
    #[n(1)]
    pub registered: Option<Registered>,
}

/// A key is registered for a device, replaced or taken away: the journaled input of its user.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeyChange {
    /// Of which device.
    #[n(0)]
    pub device: DeviceId,
    /// The key; `None`: the device has none any more.
    #[n(1)]
    pub key: Option<PublicKey>,
}

/// What a signature says of a copy of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Attest {
    /// Nothing: the device had no key then, or the copy needs none.
    #[default]
    #[n(0)]
    Unasked,
    /// It is that of the device's key.
    #[n(1)]
    Signed,
    /// It is missing or not that of the device's key: the copy is quarantined (domain.md 9.1, S12).
    #[n(2)]
    Unsigned,
}

/// The bytes that a device signs for a sample: a CBOR array of [`DOMAIN`], the user, the device, the id, and the canonical payload
/// (domain.md 1.3), so that the signature is of nobody else's, no other device's and no other sample. RFC 8949 deterministic.
#[must_use]
pub fn message(user: &UserId, device: DeviceId, record: &Record) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let mut e = minicbor::Encoder::new(&mut bytes);
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = e.array(5).and_then(|e| {
        e.str(DOMAIN)?.str(user.as_str())?.bytes(&device.0)?;
        match record.id {
            RecordId::Number(number) => e.u64(number)?,
            RecordId::Uuid(uuid) => e.bytes(&uuid)?,
        };
        record.write_canonical(e)
    });
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metric::Metric, record::Content, sample::Method};
    use alloc::string::{String, ToString};
    use std::{format, vec};

    fn record() -> Record {
        Record {
            id: RecordId::Number(8812),
            version: 1,
            metric: Metric::STEPS,
            start_ms: 1_460_534_400_000,
            end_ms: 1_460_534_460_000,
            offset_s: None,
            content: Content::Delta(87),
            method: Method::Auto,
            worn: Some(true),
        }
    }

    fn ann() -> UserId {
        UserId::parse("ann").unwrap()
    }

    #[test]
    fn what_is_signed_begins_with_whose_it_is_and_ends_with_the_canonical_payload() {
        let bytes = message(&ann(), DeviceId([7; 16]), &record());
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let wanted = [
            "85",
            "74",
            "73747265616b6c696e652e7265636f72642e7631",
            "63616e6e",
            "50",
            "07070707070707070707070707070707",
            "19226c",
            "a9",
            "64776f726ef5",
            "65636c6173736564656c7461",
            "6576616c75651857",
            "66656e645f6d731b",
        ];
        assert!(hex.starts_with(&wanted.concat()), "{hex}");
        let start = format!("6873746172745f6d731b{:016x}", record().start_ms);
        assert!(hex.ends_with(&start), "{hex}");
    }

    #[test]
    fn another_user_device_id_or_content_is_another_message() {
        let (own, device) = (record(), DeviceId([7; 16]));
        let of = |record: &Record| message(&ann(), device, record);
        let mut others = vec![
            message(&UserId::parse("bob").unwrap(), device, &own),
            message(&ann(), DeviceId([8; 16]), &own),
        ];
        let id = RecordId::Number(8813);
        others.push(of(&Record { id, ..own.clone() }));
        let id = RecordId::Uuid([1; 16]);
        others.push(of(&Record { id, ..own.clone() }));
        let content = Content::Delta(88);
        others.push(of(&Record {
            content,
            ..own.clone()
        }));
        others.push(of(&Record {
            version: 2,
            ..own.clone()
        }));
        others.push(of(&Record {
            worn: None,
            ..own.clone()
        }));
        assert!(others.iter().all(|other| *other != of(&own)));
        others.sort();
        others.dedup();
        assert_eq!(others.len(), 7);
    }

    #[test]
    fn a_key_is_called_by_its_hash() {
        let key = PublicKey {
            algorithm: Algorithm::Ed25519,
            bytes: vec![0; 32],
        };
        assert_eq!(key.id().to_string(), "66687aadf862bd77");
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
        }
    }
}
