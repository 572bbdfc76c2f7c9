//! Envelopes: what is damage, what opens where, and that nothing else does.

use streakline_core::{
    civil::Day,
    id::{ChallengeId, MemberNumber, PartitionId, Position},
};

use super::{
    super::{ChunkId, IdempotencyKey, StuckId},
    *,
};

const KINDS: [Kind; 16] = [
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
    Kind::Inputs,
    Kind::DataKey,
    Kind::MasterKeys,
    Kind::Name,
];

fn cipher(number: u8) -> Cipher {
    Cipher::new(KeyId([number; 16]), &[number; 32]).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn sealed(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let place = (&user("ann"), Place::Number(7));
    seal(
        (&cipher(1), &Nonces::default()),
        place,
        (kind, 513),
        payload,
    )
    .unwrap()
}

fn opened(row: &[u8], key: u8, name: &str, place: Place<'_>) -> Result<Vec<u8>, Error> {
    match read(Kind::Fact, row)? {
        Envelope::Sealed(sealed) => sealed.open(&cipher(key), (&user(name), place)),
        Envelope::Plain(_) => panic!("it was sealed"),
    }
}

fn complaint(kind: Kind, row: &[u8]) -> String {
    open_plain(kind, row).unwrap_err().to_string()
}

#[test]
fn what_is_put_into_an_envelope_is_read_again() {
    for kind in KINDS {
        for payload in [&b""[..], b"x", &[0xE2; 300]] {
            let row = plain(kind, 513, payload);
            assert_eq!(row.len(), PLAIN_HEADER_BYTES + payload.len());
            let opened = open_plain(kind, &row).unwrap();
            assert_eq!((opened.fold_version, opened.payload), (513, payload));
        }
    }
}

#[test]
fn what_is_sealed_is_opened_and_cannot_be_read_otherwise() {
    let payload = b"4,000 steps from 07:00 to 07:40";
    let row = sealed(Kind::Fact, payload);
    assert_eq!(row.len(), SEALED_HEADER_BYTES + payload.len() + TAG_BYTES);
    assert!(
        !row.windows(8)
            .any(|part| payload.windows(8).any(|p| p == part))
    );
    let Envelope::Sealed(read) = read(Kind::Fact, &row).unwrap() else {
        panic!("it was sealed");
    };
    assert_eq!((read.key, read.fold_version), (KeyId([1; 16]), 513));
    assert_eq!(opened(&row, 1, "ann", Place::Number(7)).unwrap(), payload);
    assert!(complaint(Kind::Fact, &row).contains("it is sealed"));
}

#[test]
fn the_layouts_are_the_documented_ones() {
    let row = plain(Kind::Snapshot, 0x0102, b"ab");
    assert_eq!(row[..4], [0xE2, 3, 1, 2]);
    let checked = [&row[..4], b"ab"].concat();
    assert_eq!(row[4..8], crc32c::crc32c(&checked).to_be_bytes());
    assert_eq!(&row[8..], b"ab");
    let nonces = Nonces::after(0x0102_0304);
    let place = (&user("ann"), Place::Number(7));
    let seal = |payload| seal((&cipher(9), &nonces), place, (Kind::Fact, 0x0102), payload);
    let (row, next) = (seal(b"ab").unwrap(), seal(b"ab").unwrap());
    assert_eq!(row[..4], [0xE3, 4, 1, 2]);
    assert_eq!(row[4..20], [9; 16]);
    assert_eq!(row[20..26], next[20..26], "drawn once by the process");
    assert_eq!(row[26..32], [0, 0, 1, 2, 3, 4]);
    assert_eq!(next[26..32], [0, 0, 1, 2, 3, 5]);
    let checked = [&row[..32], &row[36..]].concat();
    assert_eq!(row[32..36], crc32c::crc32c(&checked).to_be_bytes());
}

#[test]
fn every_flipped_bit_is_found() {
    for row in [plain(Kind::Fact, 7, b"1234"), sealed(Kind::Fact, b"1234")] {
        for bit in 0..row.len() * 8 {
            let mut flipped = row.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let read = read(Kind::Fact, &flipped);
            assert!(matches!(read, Err(Error::Damaged(_))), "bit {bit}");
        }
    }
}

#[test]
fn a_row_that_lost_its_end_or_grew_is_found() {
    for row in [plain(Kind::Fact, 7, b"12345"), sealed(Kind::Fact, b"12345")] {
        for end in 0..row.len() {
            assert!(read(Kind::Fact, &row[..end]).is_err(), "{end} bytes");
        }
        assert!(read(Kind::Fact, &[&row[..], b"\0"].concat()).is_err());
    }
}

#[test]
fn a_row_of_another_kind_is_refused() {
    for written in KINDS {
        for row in [plain(written, 1, b"x"), sealed(written, b"x")] {
            for asked in KINDS {
                let taken = read(asked, &row).is_ok();
                assert_eq!(taken, asked == written, "{written:?} as {asked:?}");
            }
        }
    }
}

#[test]
fn the_error_names_the_row_and_what_is_wrong() {
    let row = plain(Kind::Fact, 1, b"x");
    assert!(complaint(Kind::Fact, &row[..3]).contains("Fact row: 3 bytes"));
    assert!(complaint(Kind::Fact, &row[..7]).contains("Fact row: 7 bytes"));
    assert!(complaint(Kind::Chunk, &row).contains("Chunk row: it is of kind 4, not 2"));
    assert!(complaint(Kind::Fact, &[0; 40]).contains("format 0x00"));
    let mut cut = row.clone();
    cut[8] = b'y';
    assert!(complaint(Kind::Fact, &cut).contains("checksum"));
}

#[test]
fn a_row_opens_only_with_its_key_for_its_user_at_its_place() {
    let row = sealed(Kind::Fact, b"x");
    let key = IdempotencyKey {
        principal: "user:ann".into(),
        key: "7".into(),
    };
    let at = Position { epoch: 0, index: 7 };
    let stuck = StuckId {
        partition: PartitionId(0),
        position: at,
    };
    let chunk = ChunkId {
        day: Day(0),
        number: 7,
    };
    let elsewhere = [
        Place::Number(8),
        Place::Covered(at),
        Place::Flush(PartitionId(0), at),
        Place::Chunk(chunk),
        Place::Challenge(ChallengeId([7; 16])),
        Place::Stuck(stuck),
        Place::Answer(&key),
        Place::DataKey(KeyId([1; 16])),
        Place::Member(ChallengeId([7; 16]), MemberNumber(7)),
    ];
    for place in elsewhere {
        let refused = opened(&row, 1, "ann", place).unwrap_err().to_string();
        assert!(
            refused.contains("does not open where it was found"),
            "{refused}"
        );
    }
    assert!(
        opened(&row, 2, "ann", Place::Number(7)).is_err(),
        "another key"
    );
    assert!(
        opened(&row, 1, "bob", Place::Number(7)).is_err(),
        "another user"
    );
}

#[test]
fn who_puts_the_checksum_right_still_cannot_change_a_sealed_row() {
    let row = sealed(Kind::Fact, b"1234");
    let free = (CHECKED_SEALED_BYTES..SEALED_HEADER_BYTES).chain(0..2);
    let free: Vec<usize> = free.collect();
    for byte in (0..row.len()).filter(|byte| !free.contains(byte)) {
        let mut changed = row.clone();
        changed[byte] ^= 1;
        let checksum = sealed_checksum(&changed).to_be_bytes();
        changed[CHECKED_SEALED_BYTES..SEALED_HEADER_BYTES].copy_from_slice(&checksum);
        assert!(
            opened(&changed, 1, "ann", Place::Number(7)).is_err(),
            "byte {byte}"
        );
    }
}

#[test]
fn no_nonce_is_used_twice_and_they_end() {
    let nonces = Nonces::after((1 << 48) - 2);
    let (first, second) = (nonces.take().unwrap(), nonces.take().unwrap());
    assert_ne!(first, second);
    for _ in 0..3 {
        let ended = nonces.take().unwrap_err().to_string();
        assert!(ended.contains("start it again"), "{ended}");
    }
}
