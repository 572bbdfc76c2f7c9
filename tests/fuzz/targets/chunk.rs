//! Chunks: stored records, or the minutes of a day, column by column. Few bytes may name many rows, so the bound in memory is that
//! of the rows.

use streakline::storage::envelope::Kind;
use streakline_core::{
    chunk::{decode, encode, minutes},
    limits::CHUNK_ROWS_MAX,
    records::{Records, StoredRecord, file, winner},
};

use super::{Judged, Seen, Target, bounded, hold, opened};
use crate::{lives, mutate::Form, random::Random, values};

pub(super) const CHUNK: Target = Target {
    name: "chunk",
    form: Form::Cbor,
    share: 6,
    valid,
    check,
};

fn valid(seed: u64) -> Vec<u8> {
    let random = &mut Random::new(seed, 8);
    let lived = &lives::life(random.next()).snapshots;
    let chunks: Vec<&Vec<u8>> = lived
        .iter()
        .flat_map(|parts| parts.chunks.iter().chain(&parts.minutes))
        .map(|(_, bytes)| bytes)
        .collect();
    if !chunks.is_empty() && random.permille(300) {
        return chunks[random.index(chunks.len())].clone();
    }
    let count = random.within(0, 30);
    let rows: Vec<StoredRecord> = (0..count).map(|_| values::stored_record(random)).collect();
    encode(&rows)
}

fn check(bytes: &[u8]) -> Judged {
    let payload = opened(Kind::Chunk, bytes)?;
    // Thirteen columns of numbers, the ids and the rows themselves, for as many rows as there may be.
    let most = 512 * CHUNK_ROWS_MAX as u64;
    if let Ok(head) = bounded((bytes, 512, most), || minutes::decode(&payload))? {
        let again = minutes::encode(&head);
        let reread = minutes::decode(&again);
        let reread = reread.map_err(|error| format!("minutes written, unreadable: {error}"))?;
        hold(reread == head, || {
            "minutes read again, they are others".into()
        })?;
        return Ok(Seen::Taken(Some(again)));
    }
    let rows = match bounded((bytes, 512, most), || decode(&payload))? {
        Ok(rows) => rows,
        Err(error) => {
            hold(!error.to_string().is_empty(), || "no words".into())?;
            return Ok(Seen::Refused);
        }
    };
    let again = encode(&rows);
    let mut reread = decode(&again).map_err(|error| format!("written, unreadable: {error}"))?;
    hold(encode(&reread) == again, || {
        "written twice, it differs".into()
    })?;
    // Whatever the order: a chunk has one of its own.
    let key = |row: &StoredRecord| minicbor::to_vec(row).unwrap_or_default();
    let mut sorted = rows.clone();
    sorted.sort_by_cached_key(key);
    reread.sort_by_cached_key(key);
    hold(reread == sorted, || "read again, they are others".into())?;
    let mut records = Records::new();
    file(&mut records, rows);
    for copies in records.values() {
        hold(winner(copies).is_some(), || {
            "copies without a winner".into()
        })?;
    }
    Ok(Seen::Taken(Some(again)))
}
