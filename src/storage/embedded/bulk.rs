//! Whole tables of the embedded store. A cursor is the key of the last row that was read; of the journal, which lies in segments,
//! partition by partition, the partition and the last position.

use std::{
    iter,
    ops::Bound::{Excluded, Unbounded},
};

use streakline_core::{
    civil::Day,
    id::{DeviceId, PartitionId, UserId},
};

use super::{
    super::{
        Answer, ChunkId, Error, IdempotencyKey, KeyRow, StuckId,
        bulk::{Bulk, BulkPage, BulkRow, BulkTable, CopyMark, Setting},
        envelope::KeyId,
    },
    EmbeddedStore, Shared,
    group::{Command, Group},
    keys,
    tables::{Table, meta},
    values,
};

impl Bulk for EmbeddedStore {
    fn read_page(
        &self,
        table: BulkTable,
        cursor: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Answer<'_, BulkPage> {
        self.read(move |shared| match table {
            BulkTable::Settings => settings(shared),
            BulkTable::Journal => journal(shared, cursor, bytes_max),
            other => match place(other) {
                Some((table, parse)) => rows(shared, table, parse, (cursor, bytes_max)),
                None => Ok(BulkPage::default()),
            },
        })
    }

    fn write_page(&self, rows: Vec<BulkRow>, mark: Option<CopyMark>) -> Answer<'_, ()> {
        self.write(move |reply| Command::Import(rows, mark.map(Box::new), reply))
    }

    fn copy_mark(&self) -> Answer<'_, Option<CopyMark>> {
        self.read(|shared| {
            let row = shared.tables.get(Table::Meta, meta::COPY)?;
            row.map(|row| CopyMark::read(&row)).transpose()
        })
    }
}

type Parse = fn(&[u8], &[u8]) -> Result<BulkRow, Error>;

/// Where the rows of a table are, and what they say.
fn place(table: BulkTable) -> Option<(Table, Parse)> {
    let placed: (Table, Parse) = match table {
        BulkTable::Settings | BulkTable::Journal => return None,
        BulkTable::Keys => (Table::Keys, |key, value| {
            let (id, _) = keys::split::<16>(key)?;
            let (id, bytes) = (KeyId(id), value.to_vec());
            Ok(BulkRow::Key(KeyRow { id, bytes }))
        }),
        BulkTable::KeyOwners => (Table::KeysOf, |key, value| {
            let id = values::parse_key_id(value)?;
            Ok(BulkRow::KeyOwner(keys::user(key)?, id))
        }),
        BulkTable::Partitions => (Table::Partitions, |key, value| {
            let (id, _) = keys::split::<4>(key)?;
            let id = PartitionId(u32::from_be_bytes(id));
            Ok(BulkRow::Partition(id, value.to_vec()))
        }),
        BulkTable::Devices => (Table::Devices, |key, value| {
            let (id, _) = keys::split::<16>(key)?;
            Ok(BulkRow::Device(DeviceId(id), values::parse_device(value)?))
        }),
        BulkTable::Challenges => (Table::Challenges, |key, _| {
            keys::challenge(key).map(BulkRow::Challenge)
        }),
        BulkTable::Idempotency => (Table::Idempotency, |key, value| {
            let record = values::parse_idempotency(value)?;
            Ok(BulkRow::Idempotency(parse_answer_key(key)?, record))
        }),
        BulkTable::Snapshots => (Table::Snapshots, |key, value| {
            let snapshot = values::parse_snapshot(value)?;
            Ok(BulkRow::Snapshot(keys::parse_entity(key)?, snapshot))
        }),
        BulkTable::Chunks => (Table::Chunks, |key, value| {
            let (user, id) = parse_chunk(key)?;
            Ok(BulkRow::Chunk(user, id, value.to_vec()))
        }),
        BulkTable::Facts => (Table::Facts, |key, value| {
            let (user, number) = parse_numbered(key)?;
            Ok(BulkRow::Fact(user, number, value.to_vec()))
        }),
        BulkTable::Transfers => (Table::Transfers, |key, value| {
            let (user, number) = parse_numbered(key)?;
            Ok(BulkRow::Transfer(user, number, value.to_vec()))
        }),
        BulkTable::Changes => (Table::Changes, |key, value| {
            let (user, number) = parse_numbered(key)?;
            Ok(BulkRow::Change(user, number, value.to_vec()))
        }),
        BulkTable::Standings => (Table::Standings, |key, value| {
            let (of, user) = keys::split::<16>(key)?;
            let of = keys::challenge(&of)?;
            Ok(BulkRow::Standing(of, keys::user(user)?, value.to_vec()))
        }),
        BulkTable::Due => (Table::Due, |key, _| {
            let (id, _) = keys::split::<4>(key)?;
            let (at_ms, of) = keys::parse_due(key)?;
            let id = PartitionId(u32::from_be_bytes(id));
            Ok(BulkRow::Due(id, at_ms, of))
        }),
        BulkTable::Stuck => (Table::Stuck, |key, value| {
            let (partition, position) = keys::parse_journal(key)?;
            let id = StuckId {
                partition,
                position,
            };
            Ok(BulkRow::Stuck(id, value.to_vec()))
        }),
    };
    Some(placed)
}

fn rows(
    shared: &Shared,
    table: Table,
    parse: Parse,
    (cursor, bytes_max): (Option<Vec<u8>>, usize),
) -> Result<BulkPage, Error> {
    let from = cursor.map_or(Unbounded, Excluded);
    let mut found = shared.tables.iter(table, (from, Unbounded)).peekable();
    let mut page = BulkPage::default();
    let mut bytes = 0_usize;
    while let Some(row) = found.next() {
        let (key, value) = row?;
        let row = parse(&key, &value)?;
        bytes = bytes.saturating_add(row.bytes());
        page.rows.push(row);
        if bytes >= bytes_max {
            page.next = found.peek().map(|_| key);
            break;
        }
    }
    Ok(page)
}

/// The few rows of the store itself; what only its own files know of stays here.
fn settings(shared: &Shared) -> Result<BulkPage, Error> {
    let mut page = BulkPage::default();
    for setting in Setting::ALL {
        if let Some(row) = shared.tables.get(Table::Meta, setting_key(setting))? {
            let value = values::parse_meta(&row)?;
            page.rows.push(BulkRow::Setting(setting, value));
        }
    }
    let masters = shared.tables.get(Table::Meta, meta::MASTER_KEYS)?;
    page.rows.extend(masters.map(BulkRow::MasterKeys));
    Ok(page)
}

fn setting_key(setting: Setting) -> &'static [u8] {
    match setting {
        Setting::Bits => meta::BITS,
        Setting::ManualPolicy => meta::MANUAL_POLICY,
        Setting::Epoch => meta::EPOCH,
        Setting::ClockMs => meta::CLOCK_MS,
        Setting::Retention => meta::RETENTION,
    }
}

/// Rows of the partition where the last page ended, or of the next one that has any.
fn journal(shared: &Shared, cursor: Option<Vec<u8>>, bytes_max: usize) -> Result<BulkPage, Error> {
    let at = cursor.map(|key| keys::parse_journal(&key)).transpose()?;
    let begun = at.map(|(partition, last)| (partition, Some(last)));
    let partitions = shared.journaled_partitions().into_iter();
    let later = partitions.filter(|id| at.is_none_or(|(begun, _)| *id > begun));
    let begun = begun.into_iter().chain(later.zip(iter::repeat(None)));
    for (partition, after) in begun {
        let tail = shared.tail(partition, after, bytes_max)?;
        if let Some(last) = tail.last() {
            return Ok(BulkPage {
                next: Some(keys::journal(partition, last.last)),
                rows: tail.into_iter().map(BulkRow::Journal).collect(),
            });
        }
    }
    Ok(BulkPage::default())
}

/// user, zero, number u64.
fn parse_numbered(key: &[u8]) -> Result<(UserId, u64), Error> {
    let user = key.len().checked_sub(9).and_then(|end| key.get(..end));
    let user = keys::user(user.unwrap_or_default())?;
    Ok((user, keys::parse_number(key)?))
}

/// user, zero, day i32 with its sign flipped, number u64.
fn parse_chunk(key: &[u8]) -> Result<(UserId, ChunkId), Error> {
    let end = key.len().saturating_sub(13);
    let user = keys::user(key.get(..end).unwrap_or_default())?;
    let (day, _) = keys::split::<4>(key.get(end.saturating_add(1)..).unwrap_or_default())?;
    let day = Day((u32::from_be_bytes(day) ^ (1 << 31)).cast_signed());
    let number = keys::parse_number(key)?;
    Ok((user, ChunkId { day, number }))
}

/// length of the principal u32, principal, key.
fn parse_answer_key(key: &[u8]) -> Result<IdempotencyKey, Error> {
    let (chars, rest) = keys::split::<4>(key)?;
    let chars = usize::try_from(u32::from_be_bytes(chars)).unwrap_or(usize::MAX);
    let parts = rest.split_at_checked(chars);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let parts = parts.and_then(|(principal, key)| Some((text(principal)?, text(key)?)));
    let (principal, key) =
        parts.ok_or_else(|| Error::Damaged("the key of a stored answer is no text".into()))?;
    Ok(IdempotencyKey { principal, key })
}

impl Group<'_> {
    /// Rows of a copy, and how far it is.
    pub(super) fn import(
        &mut self,
        rows: Vec<BulkRow>,
        mark: Option<Box<CopyMark>>,
    ) -> Result<(), Error> {
        let mark = mark.map(|mark| mark.row());
        for row in rows {
            self.import_row(row)?;
        }
        match mark {
            Some(row) => self.put(Table::Meta, meta::COPY.to_vec(), row),
            None => self.remove(Table::Meta, meta::COPY.to_vec()),
        }
        Ok(())
    }

    fn import_row(&mut self, row: BulkRow) -> Result<(), Error> {
        let (table, key, value) = match row {
            BulkRow::Journal(row) => return self.append(row),
            BulkRow::Idempotency(key, answer) => {
                self.put_answer(&key, &answer);
                return Ok(());
            }
            BulkRow::Setting(setting, value) => {
                let value = values::meta(value);
                (Table::Meta, setting_key(setting).to_vec(), value)
            }
            BulkRow::MasterKeys(row) => (Table::Meta, meta::MASTER_KEYS.to_vec(), row),
            BulkRow::Key(key) => (Table::Keys, key.id.0.to_vec(), key.bytes),
            BulkRow::KeyOwner(user, id) => {
                let user = user.as_str().as_bytes().to_vec();
                (Table::KeysOf, user, values::key_id(id))
            }
            BulkRow::Partition(id, row) => (Table::Partitions, keys::partition(id), row),
            BulkRow::Device(id, user) => (Table::Devices, id.0.to_vec(), values::device(&user)),
            BulkRow::Challenge(id) => (Table::Challenges, id.0.to_vec(), Vec::new()),
            BulkRow::Snapshot(of, row) => {
                let value = values::snapshot(row.covered, &row.state);
                (Table::Snapshots, keys::entity(&of), value)
            }
            BulkRow::Chunk(user, id, row) => (Table::Chunks, keys::chunk(&user, id), row),
            BulkRow::Fact(user, number, row) => (Table::Facts, keys::numbered(&user, number), row),
            BulkRow::Transfer(user, number, row) => {
                (Table::Transfers, keys::numbered(&user, number), row)
            }
            BulkRow::Change(user, number, row) => {
                (Table::Changes, keys::numbered(&user, number), row)
            }
            BulkRow::Standing(of, user, row) => (Table::Standings, keys::standing(of, &user), row),
            BulkRow::Due(id, at_ms, of) => (Table::Due, keys::due(id, at_ms, &of), Vec::new()),
            BulkRow::Stuck(id, row) => {
                let key = keys::journal(id.partition, id.position);
                (Table::Stuck, key, row)
            }
        };
        self.put(table, key, value);
        Ok(())
    }

    /// While a copy into the store is not whole, no server starts on it.
    pub(super) fn refuse_unfinished_copy(&self) -> Result<(), Error> {
        let mark = self.get(Table::Meta, meta::COPY)?;
        mark.map_or(Ok(()), |_| Err(Error::unfinished_copy()))
    }
}
