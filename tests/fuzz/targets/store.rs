//! Keys and values of the embedded store: what is read back is what was written, and keys sort as their meaning does.

use std::{cell::OnceCell, fs, path::PathBuf};

use streakline::storage::{
    JournalRow,
    embedded::fuzzing::{Key, bytes_of, engine_log, keys_of, made, segment, segment_of, values_of},
};
use streakline_core::id::{ChallengeId, Entity, PartitionId, Position};

use xxhash_rust::xxh3::xxh3_64;

use super::{Judged, Seen, Target, bounded, hold};
use crate::{
    mutate::Form,
    random::Random,
    values::{self, FROM_MS},
};

/// A key of any table, or a value.
pub(super) const STORE: Target = Target {
    name: "store_rows",
    form: Form::Plain,
    share: 5,
    valid: |seed| {
        let random = &mut Random::new(seed, 80);
        let entity = values::entity(random);
        let at_ms = random.within(-1, 1) * FROM_MS;
        let mut keys = made(&entity, values::position(random), at_ms);
        keys.swap_remove(random.index(keys.len())).0
    },
    check,
};

fn check(bytes: &[u8]) -> Judged {
    let keys = bounded((bytes, 64, 8_192), || keys_of(bytes))?;
    for key in &keys {
        remade(bytes, key)?;
    }
    let at = made(&Entity::Partition(PartitionId(256)), Position::default(), 0);
    let under = at.first().map_or(&[][..], |(key, _)| key.as_slice());
    let values = bounded((bytes, 64, 16_384), || values_of(under, bytes))?;
    let mut taken = !keys.is_empty();
    for value in values.iter().flatten() {
        let again = bytes_of(value);
        let reread = values_of(under, &again);
        hold(reread.iter().flatten().any(|other| other == value), || {
            format!("{value:?} is lost")
        })?;
        taken = true;
    }
    Ok(if taken {
        Seen::Taken(None)
    } else {
        Seen::Refused
    })
}

/// The key that is made of what was read is read the same.
fn remade(bytes: &[u8], key: &Key) -> Result<(), String> {
    let partition = |id: PartitionId| Entity::Partition(id);
    let candidates = match key {
        Key::Journal(id, position) => made(&partition(*id), *position, 0),
        Key::Entity(entity) => made(entity, Position::default(), 0),
        Key::Due(at_ms, entity) => made(entity, Position::default(), *at_ms),
        Key::Standing(user) => made(&Entity::User(user.clone()), Position::default(), 0),
        Key::Challenge(id) => made(
            &Entity::Challenge(ChallengeId(id.0)),
            Position::default(),
            0,
        ),
        Key::Number(_) | Key::Expiry(_) => return Ok(()),
    };
    let found = candidates.iter().find(|(_, other)| other == key);
    let (again, _) = found.ok_or_else(|| format!("{key:?} cannot be made"))?;
    hold(keys_of(again).contains(key), || {
        format!("{key:?} of {bytes:?} is lost")
    })
}

/// A file of the engine's log, looked through before the engine does.
pub(super) const ENGINE_LOG: Target = Target {
    name: "engine_log",
    form: Form::Plain,
    share: 2,
    valid: |seed| {
        let random = &mut Random::new(seed, 81);
        let batches = u64::try_from(random.within(1, 3)).unwrap();
        (1..=batches)
            .flat_map(|number| batch(random, number))
            .collect()
    },
    check: log,
};

/// A whole batch of that number.
fn batch(random: &mut Random, number: u64) -> Vec<u8> {
    let count = u32::try_from(random.within(1, 3)).unwrap();
    let mut items = Vec::new();
    for _ in 0..count {
        let (key, value) = (values::name(random), values::words(random, 40));
        items.extend([2, 0, 0]);
        items.extend(random.next().to_le_bytes());
        items.extend(u16::try_from(key.len()).unwrap().to_le_bytes());
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        items.extend([length, length].concat());
        items.extend([key.as_bytes(), value.as_bytes()].concat());
    }
    let start = [&[1][..], &count.to_le_bytes(), &number.to_le_bytes()].concat();
    let checksum = xxh3_64(&items).to_le_bytes();
    [&start[..], &items, &[3], &checksum, b"FJL\x03"].concat()
}

thread_local! {
    static FILE: OnceCell<(tempfile::TempDir, PathBuf)> = const { OnceCell::new() };
}

/// A file in a directory that goes with the thread.
fn file() -> PathBuf {
    FILE.with(|file| {
        let (_, path) = file.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("log");
            (dir, path)
        });
        path.clone()
    })
}

/// What is whole is whole without the rest, too.
fn log(bytes: &[u8]) -> Judged {
    let path = file();
    fs::write(&path, bytes).unwrap();
    let read = || engine_log(&path, None).map_err(|error| error.to_string());
    let (end, last, ends) = bounded((bytes, 4, 16_384), read)??;
    let whole = usize::try_from(end).ok().and_then(|end| bytes.get(..end));
    let whole = whole.ok_or_else(|| format!("it ends at {end}"))?;
    fs::write(&path, whole).unwrap();
    let again = read()?;
    hold(again == (end, last, true), || {
        format!("without the rest: {again:?}")
    })?;
    let taken = ends && last.is_some();
    Ok(if taken {
        Seen::Taken(Some(whole.to_vec()))
    } else {
        Seen::Refused
    })
}

/// A segment file of the journal, as a start reads it.
pub(super) const SEGMENT: Target = Target {
    name: "journal_segment",
    form: Form::Plain,
    share: 2,
    valid: |seed| {
        let random = &mut Random::new(seed, 82);
        let groups = (0..random.within(1, 3)).map(|_| {
            let rows = 0..random.within(1, 3);
            rows.map(|_| flush(random)).collect()
        });
        let groups: Vec<Vec<JournalRow>> = groups.collect();
        segment_of(&groups, random.next().to_be_bytes())
    },
    check: segment_file,
};

fn flush(random: &mut Random) -> JournalRow {
    JournalRow {
        partition: PartitionId(256 + u32::try_from(random.within(0, 2)).unwrap()),
        first: values::position(random),
        last: values::position(random),
        bytes: values::words(random, 40).into_bytes(),
        attachments: Vec::new(),
    }
}

/// The room for what is read at once, and twice that for what is behind the groups.
const WINDOW_BYTES: u64 = 4 * 1024 * 1024;

/// What is whole is whole without the rest, too, with all of its rows.
fn segment_file(bytes: &[u8]) -> Judged {
    let path = file();
    fs::write(&path, bytes).unwrap();
    let read = || segment(&path).map_err(|error| error.to_string());
    let Ok(Some((end, last, rows, ends))) = bounded((bytes, 64, WINDOW_BYTES), read)? else {
        return Ok(Seen::Refused);
    };
    let whole = usize::try_from(end).ok().and_then(|end| bytes.get(..end));
    let whole = whole.ok_or_else(|| format!("it ends at {end}"))?;
    fs::write(&path, whole).unwrap();
    let again = read()?;
    hold(again == Some((end, last, rows, true)), || {
        format!("without the rest: {again:?}")
    })?;
    Ok(if ends && rows > 0 {
        Seen::Taken(Some(whole.to_vec()))
    } else {
        Seen::Refused
    })
}
