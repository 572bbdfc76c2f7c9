//! The envelope around every stored row: what it is, by which rules it was made, and whether it is
//! intact.
//!
//! | bytes | field | meaning |
//! |---|---|---|
//! | 0 | format | [`FORMAT`]; another layout gets another number |
//! | 1 | kind | a [`Kind`]: a chunk is never taken for a snapshot |
//! | 2..4 | fold version | u16, big-endian: the version of the rules that made the payload |
//! | 4..8 | key id | u32, big-endian: the key that the payload is encrypted with; 0 = it is not |
//! | 8..14 | nonce header | with a key: what its nonce is derived from; zero without |
//! | 14..18 | checksum | u32, big-endian: CRC-32C over bytes 0..14 and the payload |
//! | 18.. | payload | |
//!
//! It does not encrypt and does not know what payloads mean. Called by the callers of `storage` for
//! their rows, and by `storage` for the few rows that are its own.

use super::Error;

/// The layout above; no text begins with this byte, and no zeroed page.
pub const FORMAT: u8 = 0xE1;
/// Bytes before the payload.
pub const HEADER_BYTES: usize = 18;

const CHECKED_HEADER_BYTES: usize = 14;

/// What a row is. Numbers are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The inputs of one flush.
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
}

/// What an intact envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// The version of the rules that made the payload.
    pub fold_version: u16,
    /// As it was given to [`seal`].
    pub payload: &'a [u8],
}

/// Puts a payload into an envelope, unencrypted.
///
/// ```
/// use streakline::storage::envelope::{Kind, open, seal};
/// let row = seal(Kind::Fact, 3, b"streak");
/// assert_eq!(open(Kind::Fact, &row).unwrap().payload, b"streak");
/// assert!(open(Kind::Chunk, &row).is_err());
/// ```
#[must_use]
pub fn seal(kind: Kind, fold_version: u16, payload: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(HEADER_BYTES + payload.len());
    row.extend([FORMAT, kind as u8]);
    row.extend(fold_version.to_be_bytes());
    row.resize(CHECKED_HEADER_BYTES, 0);
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&row), payload);
    row.extend(checksum.to_be_bytes());
    row.extend(payload);
    row
}

/// Checks an envelope and lends out its payload.
///
/// # Errors
/// [`Error::Damaged`], naming the kind that was asked for and what is wrong.
pub fn open(kind: Kind, row: &[u8]) -> Result<Opened<'_>, Error> {
    let damaged = |what: String| Error::Damaged(format!("{kind:?} row: {what}"));
    let Some((header, payload)) = row.split_first_chunk::<HEADER_BYTES>() else {
        return Err(damaged(format!(
            "{} bytes are less than a header",
            row.len()
        )));
    };
    let [
        format,
        stored_kind,
        f0,
        f1,
        k0,
        k1,
        k2,
        k3,
        nonce @ ..,
        c0,
        c1,
        c2,
        c3,
    ] = *header;
    if format != FORMAT {
        return Err(damaged(format!(
            "format {format:#04x} is not {FORMAT:#04x}"
        )));
    }
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&header[..CHECKED_HEADER_BYTES]), payload);
    if checksum != u32::from_be_bytes([c0, c1, c2, c3]) {
        return Err(damaged("its checksum is wrong".into()));
    }
    if stored_kind != kind as u8 {
        return Err(damaged(format!(
            "it is of kind {stored_kind}, not {}",
            kind as u8
        )));
    }
    let key_id = u32::from_be_bytes([k0, k1, k2, k3]);
    if key_id != 0 || nonce != [0; 6] {
        return Err(damaged(format!(
            "it is encrypted with key {key_id}, and there are no keys"
        )));
    }
    Ok(Opened {
        fold_version: u16::from_be_bytes([f0, f1]),
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 12] = [
        Kind::Journal,
        Kind::Chunk,
        Kind::Snapshot,
        Kind::Fact,
        Kind::Transfer,
        Kind::Standing,
        Kind::Partition,
        Kind::Idempotency,
        Kind::Device,
        Kind::Meta,
        Kind::Stuck,
        Kind::Change,
    ];

    fn complaint(kind: Kind, row: &[u8]) -> String {
        open(kind, row).unwrap_err().to_string()
    }

    #[test]
    fn what_is_sealed_is_opened() {
        for kind in KINDS {
            for payload in [&b""[..], b"x", &[0xE1; 300]] {
                let row = seal(kind, 513, payload);
                assert_eq!(row.len(), HEADER_BYTES + payload.len());
                assert_eq!(
                    open(kind, &row).unwrap(),
                    Opened {
                        fold_version: 513,
                        payload
                    }
                );
            }
        }
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let row = seal(Kind::Snapshot, 0x0102, b"ab");
        assert_eq!(row[..14], [0xE1, 3, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let checked = [&row[..14], b"ab"].concat();
        assert_eq!(row[14..18], crc32c::crc32c(&checked).to_be_bytes());
        assert_eq!(&row[18..], b"ab");
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let row = seal(Kind::Standing, 7, b"1234");
        for bit in 0..row.len() * 8 {
            let mut flipped = row.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                matches!(open(Kind::Standing, &flipped), Err(Error::Damaged(_))),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_row_that_lost_its_end_or_grew_is_found() {
        let row = seal(Kind::Chunk, 7, b"12345678");
        for end in 0..row.len() {
            assert!(open(Kind::Chunk, &row[..end]).is_err(), "{end} bytes");
        }
        assert!(open(Kind::Chunk, &[&row[..], b"\0"].concat()).is_err());
    }

    #[test]
    fn a_row_of_another_kind_is_refused() {
        for written in KINDS {
            for asked in KINDS {
                let row = seal(written, 1, b"x");
                assert_eq!(
                    open(asked, &row).is_ok(),
                    asked == written,
                    "{written:?} as {asked:?}"
                );
            }
        }
    }

    #[test]
    fn the_error_names_the_row_and_what_is_wrong() {
        let row = seal(Kind::Fact, 1, b"x");
        assert!(complaint(Kind::Fact, &row[..3]).contains("Fact row: 3 bytes"));
        assert!(complaint(Kind::Chunk, &row).contains("Chunk row: it is of kind 4, not 2"));
        assert!(complaint(Kind::Fact, &[0; 40]).contains("format 0x00"));
        let mut cut = row.clone();
        cut[18] = b'y';
        assert!(complaint(Kind::Fact, &cut).contains("checksum"));
    }

    #[test]
    fn an_encrypted_row_is_not_taken_for_a_plain_one() {
        let mut row = seal(Kind::Fact, 1, b"x");
        row[7] = 9;
        let checked = [&row[..14], b"x"].concat();
        row[14..18].copy_from_slice(&crc32c::crc32c(&checked).to_be_bytes());
        assert!(complaint(Kind::Fact, &row).contains("encrypted with key 9"));
    }
}
