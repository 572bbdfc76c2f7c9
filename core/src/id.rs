//! Names of things: users, goals, challenges, devices, records, and the partition that each entity lives in.
//!
//! Ids are parsed once at the edge and then only compared and copied. No id is made here: random ones come from the shell.

use alloc::sync::Arc;
use core::fmt;
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use sha2::{Digest, Sha256};

use crate::limits;

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not `[A-Za-z0-9._:-]{1,64}` (protocol.md 1).
    #[error("must be 1 to 64 characters of A-Z a-z 0-9 . _ : -")]
    Name,
    /// Not a hyphenated UUID.
    #[error("must be a UUID such as 5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11")]
    Uuid,
    /// Neither a UUID nor a u64 in decimal.
    #[error("must be a UUID or an unsigned 64-bit integer")]
    Record,
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses `[A-Za-z0-9._:-]{1,64}`; names compare as bytes.
            ///
            /// # Errors
            /// [`IdError::Name`] when the text is empty, too long or has another character.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let fits = (1..=limits::NAME_CHARS_MAX).contains(&text.len());
                let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b));
                if fits && clean { Ok(Self(Arc::from(text))) } else { Err(IdError::Name) }
            }

            /// The name as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
                Self::parse(d.str()?).map_err(|_| DecodeError::message("ill-formed name"))
            }
        }
    };
}

name_id! {
    /// A user, named by the caller.
    ///
    /// ```
    /// use streakline_core::id::UserId;
    /// assert_eq!(UserId::parse("ann").unwrap().as_str(), "ann");
    /// assert!(UserId::parse("ann smith").is_err());
    /// ```
    UserId
}
name_id! {
    /// A goal of one user, named by the caller.
    GoalId
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// Parses the hyphenated form, in either case.
            ///
            /// # Errors
            /// [`IdError::Uuid`] for any other text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse_uuid(text).map(Self).ok_or(IdError::Uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(f, &self.0)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
                let bytes = d.bytes()?.try_into();
                bytes.map(Self).map_err(|_| DecodeError::message("an id has 16 bytes"))
            }
        }
    };
}

uuid_id! {
    /// A challenge; the server makes these (UUIDv7).
    ChallengeId
}

uuid_id! {
    /// A template; the server makes these (UUIDv7), and no challenge has the same.
    TemplateId
}

impl ChallengeId {
    /// The id of a cycle of this series, the same whoever asks.
    #[must_use]
    pub fn of_cycle(self, number: u32) -> Self {
        Self(derived(&self.0, &[b"cycle", &number.to_be_bytes()]))
    }
}

impl TemplateId {
    /// The id of what a user makes of this template by a request of that name.
    #[must_use]
    pub fn challenge(self, user: &UserId, request: &str) -> ChallengeId {
        let user = Sha256::digest(user.as_str());
        ChallengeId(derived(&self.0, &[b"made", &user, request.as_bytes()]))
    }
}

/// A UUIDv8 that begins with the time of another id.
fn derived(of: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new_with_prefix(of);
    for part in parts {
        hash.update(part);
    }
    let mut id = [0_u8; 16];
    let hash = hash.finalize();
    let bytes = of.iter().take(6).chain(hash.iter());
    id.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut id;
    *version = (*version & 0x0F) | 0x80;
    *variant = (*variant & 0x3F) | 0x80;
    id
}

uuid_id! {
    /// A campaign: a budget that challenges draw on. Whoever makes it chooses the id; no challenge has the same.
    CampaignId
}
uuid_id! {
    /// A device, bound to the first user that says hello with it.
    DeviceId
}
uuid_id! {
    /// A client's queue; renewed when the queue is lost, so numbering starts again.
    OutboxId
}

/// Identity of a sample within its device: numbers first (as integers), then UUIDs (as bytes), domain.md 1.4.
///
/// ```
/// use streakline_core::id::RecordId;
/// assert!(RecordId::parse("9").unwrap() < RecordId::parse("10").unwrap());
/// assert!(RecordId::parse("10").unwrap() < RecordId::parse("5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11").unwrap());
/// ```
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
)]
pub enum RecordId {
    /// A u64 in decimal on the wire.
    #[n(0)]
    Number(#[n(0)] u64),
    /// A UUID on the wire.
    #[n(1)]
    Uuid(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]),
}

impl RecordId {
    /// Parses a u64 in decimal without leading zeros, or a hyphenated UUID.
    ///
    /// # Errors
    /// [`IdError::Record`] for any other text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let plain = text == "0" || !text.starts_with(['0', '+']);
        match text.parse::<u64>() {
            Ok(number) if plain => Ok(Self::Number(number)),
            _ => parse_uuid(text).map(Self::Uuid).ok_or(IdError::Record),
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Uuid(bytes) => write_uuid(f, bytes),
        }
    }
}

/// A member of one challenge: from 1 in the order of first joining, for ever the same and never used again (ADR 0039).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(transparent)]
pub struct MemberNumber(#[n(0)] pub u32);

/// What a journal row belongs to: everything with a state of its own.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
)]
pub enum Entity {
    /// A user.
    #[n(1)]
    User(#[n(0)] UserId),
    /// A challenge.
    #[n(2)]
    Challenge(#[n(0)] ChallengeId),
    /// The partition itself (barriers).
    #[n(3)]
    Partition(#[n(0)] PartitionId),
}

impl Entity {
    /// The partition that owns this entity: the first `bits` bits of SHA-256 over (kind, id), design.md 5.
    #[must_use]
    pub fn partition(&self, bits: u32) -> PartitionId {
        match self {
            Self::User(id) => PartitionId::of(1, id.as_str().as_bytes(), bits),
            Self::Challenge(id) => PartitionId::of(2, &id.0, bits),
            Self::Partition(id) => *id,
        }
    }
}

/// A journal partition: `(1 << bits) | prefix`, so that a later split never uses a number again (design.md 5).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
)]
#[cbor(transparent)]
pub struct PartitionId(#[n(0)] pub u32);

impl PartitionId {
    fn of(kind: u8, id: &[u8], bits: u32) -> Self {
        let hash = Sha256::new()
            .chain_update([kind])
            .chain_update(id)
            .finalize();
        let mut slot = [0_u8; 2];
        slot.iter_mut()
            .zip(hash.iter())
            .for_each(|(to, from)| *to = *from);
        let prefix = u32::from(u16::from_be_bytes(slot)).checked_shr(16_u32.saturating_sub(bits));
        Self(1_u32.wrapping_shl(bits) | prefix.unwrap_or(0))
    }

    /// Every partition at `bits` bits, in order.
    pub fn all(bits: u32) -> impl Iterator<Item = Self> {
        let first = 1_u32.wrapping_shl(bits);
        (first..first.saturating_mul(2)).map(Self)
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Place of an input in its partition's journal: the epoch of the owner, then the index within it, from 1.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    minicbor::Encode,
    minicbor::Decode,
)]
pub struct Position {
    /// Rises at every start or take-over of the partition.
    #[n(0)]
    pub epoch: u64,
    /// Rises by one with every input of the epoch.
    #[n(1)]
    pub index: u64,
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0_u8; 16];
    let mut digits = text
        .bytes()
        .enumerate()
        .filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23));
    let hyphens = text
        .bytes()
        .enumerate()
        .filter(|(_, b)| *b == b'-')
        .map(|(at, _)| at);
    if text.len() != 36 || !hyphens.eq([8, 13, 18, 23]) {
        return None;
    }
    for byte in &mut bytes {
        let high = hex_digit(digits.next()?.1)?;
        let low = hex_digit(digits.next()?.1)?;
        *byte = (high << 4) | low;
    }
    Some(bytes)
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

fn write_uuid(f: &mut fmt::Formatter<'_>, bytes: &[u8; 16]) -> fmt::Result {
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            f.write_str("-")?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn uuids_survive_text() {
        let text = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
        assert_eq!(DeviceId::parse(text).unwrap().to_string(), text);
        assert_eq!(
            DeviceId::parse(&text.to_uppercase()).unwrap().to_string(),
            text
        );
        for bad in [
            "",
            "5f2c4c1e8f4e5d0a9a530d7a5f3b2c11",
            "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c1g",
        ] {
            assert_eq!(DeviceId::parse(bad), Err(IdError::Uuid), "{bad}");
        }
    }

    #[test]
    fn record_ids_are_canonical_numbers_or_uuids() {
        assert_eq!(RecordId::parse("0"), Ok(RecordId::Number(0)));
        assert_eq!(
            RecordId::parse("18446744073709551615"),
            Ok(RecordId::Number(u64::MAX))
        );
        for bad in ["", "007", "+7", "-1", "18446744073709551616", "x"] {
            assert_eq!(RecordId::parse(bad), Err(IdError::Record), "{bad}");
        }
    }

    #[test]
    fn partitions_are_numbered_from_a_leading_one() {
        let user = Entity::User(UserId::parse("ann").unwrap());
        let partition = user.partition(8);
        assert!((0x100..0x200).contains(&partition.0));
        assert_eq!(
            user.partition(4).0,
            partition.0 >> 4,
            "a split keeps the prefix"
        );
        assert_eq!(PartitionId::all(8).count(), 256);
    }
}
