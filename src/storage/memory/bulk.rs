//! Whole tables of the store in memory. A cursor is how many rows of the table were read.

use super::{
    super::{
        Answer, Error, KeyRow,
        bulk::{Bulk, BulkPage, BulkRow, BulkTable, CopyMark, Setting},
        envelope::KeyId,
    },
    MemoryStore,
    rows::Tables,
};
use streakline_core::manual::ManualPolicy;

impl Bulk for MemoryStore {
    fn read_page(
        &self,
        table: BulkTable,
        cursor: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Answer<'_, BulkPage> {
        self.read(|tables| {
            let read = cursor.as_deref().map_or(Ok(0), parse_cursor)?;
            let mut page = BulkPage::default();
            let mut bytes = 0_usize;
            for row in tables.bulk_rows(table).skip(read) {
                if !page.rows.is_empty() && bytes >= bytes_max {
                    let read = read.saturating_add(page.rows.len()) as u64;
                    page.next = Some(read.to_be_bytes().to_vec());
                    break;
                }
                bytes = bytes.saturating_add(row.bytes());
                page.rows.push(row);
            }
            Ok(page)
        })
    }

    fn write_page(&self, rows: Vec<BulkRow>, mark: Option<CopyMark>) -> Answer<'_, ()> {
        self.write(move |tables| {
            for row in rows {
                tables.put_bulk(row)?;
            }
            match mark {
                Some(mark) => tables.copy.put((), mark),
                None => tables.copy.remove(&()),
            }
            Ok(())
        })
    }

    fn copy_mark(&self) -> Answer<'_, Option<CopyMark>> {
        self.read(|tables| Ok(tables.copy.rows().get(&()).cloned()))
    }
}

fn parse_cursor(cursor: &[u8]) -> Result<usize, Error> {
    let read = cursor.try_into().map(u64::from_be_bytes).ok();
    let read = read.and_then(|read| usize::try_from(read).ok());
    read.ok_or_else(|| Error::Refused("the cursor is of another store".into()))
}

type BulkRows<'a> = Box<dyn Iterator<Item = BulkRow> + 'a>;

impl Tables {
    fn bulk_rows(&self, table: BulkTable) -> BulkRows<'_> {
        match table {
            BulkTable::Settings => Box::new(self.settings()),
            BulkTable::Keys => {
                let rows = self.keys.rows().iter();
                let row = |(id, bytes): (&KeyId, &Vec<u8>)| KeyRow {
                    id: *id,
                    bytes: bytes.clone(),
                };
                Box::new(rows.map(move |key| BulkRow::Key(row(key))))
            }
            BulkTable::KeyOwners => {
                let rows = self.keys_of.rows().iter();
                Box::new(rows.map(|(user, id)| BulkRow::KeyOwner(user.clone(), *id)))
            }
            BulkTable::Partitions => {
                let rows = self.partitions.rows().iter();
                Box::new(rows.map(|(id, row)| BulkRow::Partition(*id, row.clone())))
            }
            BulkTable::Devices => {
                let rows = self.devices.rows().iter();
                Box::new(rows.map(|(id, user)| BulkRow::Device(*id, user.clone())))
            }
            BulkTable::Challenges => {
                let rows = self.challenges.rows().keys();
                Box::new(rows.map(|id| BulkRow::Challenge(*id)))
            }
            BulkTable::Idempotency => {
                let rows = self.idempotency.rows().iter();
                Box::new(
                    rows.map(|(key, record)| BulkRow::Idempotency(key.clone(), record.clone())),
                )
            }
            BulkTable::Snapshots => {
                let rows = self.snapshots.rows().iter();
                Box::new(rows.map(|(of, row)| BulkRow::Snapshot(of.clone(), row.clone())))
            }
            BulkTable::Stuck => {
                let rows = self.stuck.rows().iter();
                Box::new(rows.map(|(id, row)| BulkRow::Stuck(*id, row.clone())))
            }
            BulkTable::Due => {
                let rows = self.due.rows().keys();
                Box::new(rows.map(|(id, at_ms, of)| BulkRow::Due(*id, *at_ms, of.clone())))
            }
            BulkTable::Journal => {
                let rows = self.journal.rows().values();
                Box::new(rows.map(|row| BulkRow::Journal(row.clone())))
            }
            of_users => self.rows_of_users(of_users),
        }
    }

    fn rows_of_users(&self, table: BulkTable) -> BulkRows<'_> {
        match table {
            BulkTable::Chunks => {
                let rows = self.chunks.rows().iter();
                Box::new(
                    rows.map(|((user, id), row)| BulkRow::Chunk(user.clone(), *id, row.clone())),
                )
            }
            BulkTable::Facts => {
                let rows = self.facts.rows().iter();
                Box::new(rows.map(|((user, n), row)| BulkRow::Fact(user.clone(), *n, row.clone())))
            }
            BulkTable::Transfers => {
                let rows = self.transfers.rows().iter();
                Box::new(
                    rows.map(|((user, n), row)| BulkRow::Transfer(user.clone(), *n, row.clone())),
                )
            }
            BulkTable::Changes => {
                let rows = self.changes.rows().iter();
                Box::new(
                    rows.map(|((user, n), row)| BulkRow::Change(user.clone(), *n, row.clone())),
                )
            }
            BulkTable::Standings => {
                let rows = self.standings.rows().iter();
                Box::new(rows.filter_map(|((of, user), row)| {
                    Some(BulkRow::Standing(*of, user.clone()?, row.clone()))
                }))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    fn settings(&self) -> impl Iterator<Item = BulkRow> {
        let value = |setting| match setting {
            Setting::Bits => self.bits.rows().get(&()).map(|bits| u64::from(*bits)),
            Setting::ManualPolicy => self.manual_policy.rows().get(&()).map(|of| of.number()),
            Setting::Epoch => self.epoch.rows().get(&()).copied(),
            Setting::ClockMs => self.clock.rows().get(&()).map(|ms| ms.cast_unsigned()),
            Setting::Retention => self.retention.rows().get(&()).copied(),
        };
        let rows = Setting::ALL.map(|setting| Some(BulkRow::Setting(setting, value(setting)?)));
        let masters = self.master_keys.rows().get(&()).cloned();
        let masters = masters.map(BulkRow::MasterKeys);
        rows.into_iter().flatten().chain(masters)
    }

    fn put_bulk(&mut self, row: BulkRow) -> Result<(), Error> {
        match row {
            BulkRow::Setting(setting, value) => self.put_setting(setting, value)?,
            BulkRow::MasterKeys(row) => self.master_keys.put((), row),
            BulkRow::Key(key) => self.keys.put(key.id, key.bytes),
            BulkRow::KeyOwner(user, id) => self.keys_of.put(user, id),
            BulkRow::Partition(id, row) => self.partitions.put(id, row),
            BulkRow::Device(id, user) => self.devices.put(id, user),
            BulkRow::Challenge(id) => self.challenges.put(id, ()),
            BulkRow::Idempotency(key, record) => self.idempotency.put(key, record),
            BulkRow::Snapshot(of, row) => self.snapshots.put(of, row),
            BulkRow::Chunk(user, id, row) => self.chunks.put((user, id), row),
            BulkRow::Fact(user, number, row) => self.facts.put((user, number), row),
            BulkRow::Transfer(user, number, row) => self.transfers.put((user, number), row),
            BulkRow::Change(user, number, row) => self.changes.put((user, number), row),
            BulkRow::Standing(of, user, row) => self.standings.put((of, Some(user)), row),
            BulkRow::Due(id, at_ms, of) => self.due.put((id, at_ms, of), ()),
            BulkRow::Stuck(id, row) => self.stuck.put(id, row),
            BulkRow::Journal(row) => self.append(row)?,
        }
        Ok(())
    }

    fn put_setting(&mut self, setting: Setting, value: u64) -> Result<(), Error> {
        let unknown = || Error::Damaged(format!("{value} is no value of {setting:?}"));
        match setting {
            Setting::Bits => {
                let bits = u32::try_from(value).map_err(|_| unknown())?;
                self.bits.put((), bits);
            }
            Setting::ManualPolicy => {
                let policy = ManualPolicy::numbered(value).ok_or_else(unknown)?;
                self.manual_policy.put((), policy);
            }
            Setting::Epoch => self.epoch.put((), value),
            Setting::ClockMs => self.clock.put((), value.cast_signed()),
            Setting::Retention => self.retention.put((), value),
        }
        Ok(())
    }
}
