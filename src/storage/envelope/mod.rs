//! The envelope around every stored row: what it is, by which rules it was made, and whether it is intact; and, where a row
//! holds personal data, the one place that seals and opens it (ADR 0030).
//!
//! A plain row:
//!
//! | bytes | field | meaning |
//! |---|---|---|
//! | 0 | format | [`PLAIN`] |
//! | 1 | kind | a [`Kind`]: a chunk is never taken for a snapshot |
//! | 2..4 | fold version | u16, big-endian: the version of the rules that made the payload |
//! | 4..8 | checksum | u32, big-endian: CRC-32C over bytes 0..4 and the payload |
//! | 8.. | payload | |
//!
//! A sealed row:
//!
//! | bytes | field | meaning |
//! |---|---|---|
//! | 0..4 | | as above, with the format [`SEALED`] |
//! | 4..20 | key id | of the data key that it is sealed with |
//! | 20..26 | nonce header | random, drawn once by the process that sealed it |
//! | 26..32 | counter | u48, big-endian: rises with every seal of that process |
//! | 32..36 | checksum | u32, big-endian: CRC-32C over bytes 0..32 and what follows |
//! | 36.. | payload | ChaCha20-Poly1305, its tag at the end |
//!
//! What a sealed row is bound to, besides its bytes 0..20: its user and its [`Place`], so that a row which was copied to
//! another user or another place does not open. The checksum tells damage from a wrong key without any key.
//!
//! It does not know what payloads mean, nor where keys are kept (`data_keys`). Called by the callers of `storage` for their
//! rows, and by `storage` for the few rows that are its own.

mod cipher;
mod place;

use streakline_core::id::UserId;

use super::Error;

pub use cipher::{Cipher, KEY_BYTES, Nonces, SECRET_BYTES, TAG_BYTES};
pub use place::Place;

/// The layout of a plain row; no text begins with this byte, and no zeroed page.
pub const PLAIN: u8 = 0xE2;
/// The layout of a sealed row.
pub const SEALED: u8 = 0xE3;
/// Bytes before the payload of a plain row.
pub const PLAIN_HEADER_BYTES: usize = 8;
/// Bytes before the payload of a sealed row.
pub const SEALED_HEADER_BYTES: usize = 36;

const COMMON_BYTES: usize = 4;
const BOUND_BYTES: usize = 20;
const CHECKED_SEALED_BYTES: usize = 32;

/// Names a data key. It says nothing of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 16]);

/// What a row is. Numbers are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The inputs of one flush, in groups.
    Journal = 1,
    /// Records of one user-day.
    Chunk = 2,
    /// State of an entity.
    Snapshot = 3,
    /// A fact of a user.
    Fact = 4,
    /// A ledger transfer.
    Transfer = 5,
    /// A row of a leaderboard.
    Standing = 6,
    /// A partition's own row.
    Partition = 7,
    /// The answer to a request with an idempotency key.
    Idempotency = 8,
    /// The user that a device belongs to.
    Device = 9,
    /// A setting of the store itself: bits, epoch, clock.
    Meta = 10,
    /// An input that was put aside.
    Stuck = 11,
    /// A change that somebody made to a user.
    Change = 12,
    /// The inputs of one flush that are about one user, or about nobody.
    Inputs = 13,
    /// A user's data key, wrapped, or what is left of it.
    DataKey = 14,
    /// Which master keys the store needs.
    MasterKeys = 15,
    /// Who a member of a challenge is; in the challenge's snapshot.
    Name = 16,
}

/// What an intact plain envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// The version of the rules that made the payload.
    pub fold_version: u16,
    /// As it was given to [`plain`].
    pub payload: &'a [u8],
}

/// An intact sealed envelope, not opened yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The data key that it takes.
    pub key: KeyId,
    /// The version of the rules that made the payload.
    pub fold_version: u16,
    kind: Kind,
    row: &'a [u8],
}

/// An intact envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope<'a> {
    /// Everybody can read it.
    Plain(Opened<'a>),
    /// It takes a data key.
    Sealed(Sealed<'a>),
}

/// Puts a payload into an envelope, unencrypted.
///
/// ```
/// use streakline::storage::envelope::{Kind, open_plain, plain};
/// let row = plain(Kind::Partition, 3, b"sums");
/// assert_eq!(open_plain(Kind::Partition, &row).unwrap().payload, b"sums");
/// assert!(open_plain(Kind::Meta, &row).is_err());
/// ```
#[must_use]
pub fn plain(kind: Kind, fold_version: u16, payload: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(PLAIN_HEADER_BYTES + payload.len());
    row.extend([PLAIN, kind as u8]);
    row.extend(fold_version.to_be_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&row), payload);
    row.extend(checksum.to_be_bytes());
    row.extend(payload);
    row
}

/// Encrypts a payload about a user, for one place.
///
/// # Errors
/// [`Error::Unavailable`] when the process has no nonce left or the cipher refuses.
pub fn seal(
    (cipher, nonces): (&Cipher, &Nonces),
    (user, place): (&UserId, Place<'_>),
    (kind, fold_version): (Kind, u16),
    payload: &[u8],
) -> Result<Vec<u8>, Error> {
    let nonce = nonces.take()?;
    let mut row = Vec::with_capacity(SEALED_HEADER_BYTES + payload.len() + TAG_BYTES);
    row.extend([SEALED, kind as u8]);
    row.extend(fold_version.to_be_bytes());
    row.extend(cipher.id().0);
    let bound = place.bound(&row, user);
    row.extend(nonce);
    row.resize(SEALED_HEADER_BYTES, 0);
    row.extend(payload);
    let tag = cipher.encrypt(nonce, &bound, &mut row[SEALED_HEADER_BYTES..])?;
    row.extend(tag.as_ref());
    let checksum = sealed_checksum(&row).to_be_bytes();
    row[CHECKED_SEALED_BYTES..SEALED_HEADER_BYTES].copy_from_slice(&checksum);
    Ok(row)
}

fn sealed_checksum(row: &[u8]) -> u32 {
    let header = crc32c::crc32c(&row[..CHECKED_SEALED_BYTES]);
    crc32c::crc32c_append(header, &row[SEALED_HEADER_BYTES..])
}

fn damaged(kind: Kind, what: impl std::fmt::Display) -> Error {
    Error::Damaged(format!("{kind:?} row: {what}"))
}

/// Checks an envelope.
///
/// # Errors
/// [`Error::Damaged`], naming the kind that was asked for and what is wrong.
pub fn read(kind: Kind, row: &[u8]) -> Result<Envelope<'_>, Error> {
    let Some(&[format, stored_kind, f0, f1]) = row.first_chunk::<COMMON_BYTES>() else {
        let bytes = row.len();
        return Err(damaged(
            kind,
            format!("{bytes} bytes are less than a header"),
        ));
    };
    let header_bytes = match format {
        PLAIN => PLAIN_HEADER_BYTES,
        SEALED => SEALED_HEADER_BYTES,
        _ => {
            let what = format!("format {format:#04x} is neither {PLAIN:#04x} nor {SEALED:#04x}");
            return Err(damaged(kind, what));
        }
    };
    let Some((header, payload)) = row.split_at_checked(header_bytes) else {
        let bytes = row.len();
        return Err(damaged(
            kind,
            format!("{bytes} bytes are less than a header"),
        ));
    };
    let (checked, checksum) = header.split_at(header_bytes - 4);
    let found = crc32c::crc32c_append(crc32c::crc32c(checked), payload);
    if checksum != found.to_be_bytes() {
        return Err(damaged(kind, "its checksum is wrong"));
    }
    if stored_kind != kind as u8 {
        let asked = kind as u8;
        return Err(damaged(
            kind,
            format!("it is of kind {stored_kind}, not {asked}"),
        ));
    }
    let fold_version = u16::from_be_bytes([f0, f1]);
    Ok(
        match header
            .get(COMMON_BYTES..)
            .and_then(|rest| rest.first_chunk())
        {
            Some(key) if format == SEALED => Envelope::Sealed(Sealed {
                key: KeyId(*key),
                fold_version,
                kind,
                row,
            }),
            _ => Envelope::Plain(Opened {
                fold_version,
                payload,
            }),
        },
    )
}

/// Checks a plain envelope and lends out its payload.
///
/// # Errors
/// As [`read`]; and when it is sealed.
pub fn open_plain(kind: Kind, row: &[u8]) -> Result<Opened<'_>, Error> {
    match read(kind, row)? {
        Envelope::Plain(opened) => Ok(opened),
        Envelope::Sealed(_) => Err(damaged(kind, "it is sealed, and rows of its place are not")),
    }
}

impl Sealed<'_> {
    /// Decrypts it with the key that it names.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is another user's, was made for another place, or was changed by somebody who could put
    /// its checksum right.
    pub fn open(
        &self,
        cipher: &Cipher,
        (user, place): (&UserId, Place<'_>),
    ) -> Result<Vec<u8>, Error> {
        let changed = || damaged(self.kind, "it does not open where it was found");
        let bound = self.row.get(..BOUND_BYTES).ok_or_else(changed)?;
        let nonce = self
            .row
            .get(BOUND_BYTES..)
            .and_then(|rest| rest.first_chunk());
        let nonce = nonce.ok_or_else(changed)?;
        let mut payload = self.row[SEALED_HEADER_BYTES..].to_vec();
        let bound = place.bound(bound, user);
        let length = cipher
            .decrypt(*nonce, &bound, &mut payload)
            .ok_or_else(changed)?;
        payload.truncate(length);
        Ok(payload)
    }
}

#[cfg(test)]
mod tests;
