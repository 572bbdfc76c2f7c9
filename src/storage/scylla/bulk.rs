//! Whole tables of the CQL store. A cursor is the server's own, of a scan; of the journal and of inputs that were put aside, which are
//! read as a server reads them, the last place.
//!
//! All that a copy writes has one timestamp, the first there is: a page that is written twice changes nothing, and whatever a server
//! writes later wins, whatever the clocks say. Called by `storage::copy` and by the audit, while no server owns the keyspace.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use scylla::{deserialize::row::DeserializeRow, response::PagingState};
use streakline_core::id::{ChallengeId, DeviceId, PartitionId, Position};

use super::{
    super::{
        Answer, Attachment, ChunkId, Error, IdempotencyKey, KeyRow, StoredAnswer, StuckId,
        bulk::{Bulk, BulkPage, BulkRow, BulkTable, CopyMark, Setting},
    },
    Inner, ScyllaStore,
    cql::Statement,
    data_keys::key_id,
    entities::parse_entity,
    number,
    ownership::{BITS, EPOCH, setting_name},
    rows::{Kind, user_of},
    snapshots::Begun,
};

/// The timestamp of everything that a copy writes, us.
const COPIED_US: i64 = 1;
/// Rows that are written, states that are read, and partitions that are sealed at once.
const AT_ONCE: usize = 32;
/// About what a row of inputs that were put aside takes, bytes.
const STUCK_BYTES: usize = 256;

impl Inner {
    async fn read_page(
        &self,
        table: BulkTable,
        cursor: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Result<BulkPage, Error> {
        let all = &self.statements;
        match table {
            BulkTable::Settings => self.settings().await,
            BulkTable::Journal => self.journal_page(cursor, bytes_max).await,
            BulkTable::Stuck => self.stuck_page(cursor, bytes_max).await,
            BulkTable::Snapshots => self.snapshots_page(cursor).await,
            BulkTable::Keys => self.table_page(&all.data_keys_all, cursor, key_row).await,
            BulkTable::KeyOwners => {
                self.table_page(&all.key_owners_all, cursor, key_owner_row)
                    .await
            }
            BulkTable::Partitions => {
                self.table_page(&all.partitions_all, cursor, partition_row)
                    .await
            }
            BulkTable::Devices => self.table_page(&all.devices_all, cursor, device_row).await,
            BulkTable::Challenges => {
                self.table_page(&all.challenges_all, cursor, challenge_row)
                    .await
            }
            BulkTable::Idempotency => self.table_page(&all.answers_all, cursor, answer_row).await,
            BulkTable::Chunks => self.table_page(&all.chunks_all, cursor, chunk_row).await,
            BulkTable::Facts => self.user_rows_page(Kind::Fact, cursor).await,
            BulkTable::Transfers => self.user_rows_page(Kind::Transfer, cursor).await,
            BulkTable::Changes => self.user_rows_page(Kind::Change, cursor).await,
            BulkTable::Standings => {
                self.table_page(&all.standings_all, cursor, standing_row)
                    .await
            }
            BulkTable::Due => self.table_page(&all.due_all, cursor, due_row).await,
        }
    }

    /// A page of a table of one kind of rows.
    async fn table_page<R>(
        &self,
        statement: &Statement,
        cursor: Option<Vec<u8>>,
        parse: impl Fn(R) -> Result<Option<BulkRow>, Error>,
    ) -> Result<BulkPage, Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let (rows, next) = self.scan(statement, cursor, parse).await?;
        Ok(BulkPage { rows, next })
    }

    /// The first page of a scan from a cursor on that has rows which `parse` takes, and the cursor after it.
    async fn scan<R, T>(
        &self,
        statement: &Statement,
        cursor: Option<Vec<u8>>,
        parse: impl Fn(R) -> Result<Option<T>, Error>,
    ) -> Result<(Vec<T>, Option<Vec<u8>>), Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let mut state = cursor.map_or_else(PagingState::start, PagingState::new_from_raw_bytes);
        loop {
            let (rows, next) = self.cql.page(statement, &(), &state).await?;
            let rows = rows.into_iter().map(&parse).filter_map(Result::transpose);
            let rows: Vec<T> = rows.collect::<Result<_, Error>>()?;
            match next {
                Some(next) if rows.is_empty() => state = next,
                next => {
                    let next = next.as_ref().and_then(PagingState::as_bytes_slice);
                    return Ok((rows, next.map(|bytes| bytes.to_vec())));
                }
            }
        }
    }

    async fn user_rows_page(&self, kind: Kind, cursor: Option<Vec<u8>>) -> Result<BulkPage, Error> {
        let row = |(user, of, row, bytes): (String, i8, i64, Vec<u8>)| {
            if of != kind as i8 {
                return Ok(None);
            }
            let (user, row) = (user_of(&user)?, number(row));
            Ok(Some(match kind {
                Kind::Fact => BulkRow::Fact(user, row, bytes),
                Kind::Transfer => BulkRow::Transfer(user, row, bytes),
                Kind::Change => BulkRow::Change(user, row, bytes),
            }))
        };
        self.table_page(&self.statements.user_rows_all, cursor, row)
            .await
    }

    /// Newest states that count, of the entities of one page.
    async fn snapshots_page(&self, cursor: Option<Vec<u8>>) -> Result<BulkPage, Error> {
        let named = |(kind, id): (i8, Vec<u8>)| parse_entity(kind, &id).map(Some);
        let statement = &self.statements.snapshots_all;
        let (entities, next) = self.scan(statement, cursor, named).await?;
        let read = |of| async move {
            let newest = self.snapshot(&of).await?;
            Ok::<_, Error>(newest.map(|newest| BulkRow::Snapshot(of, newest)))
        };
        let rows = stream::iter(entities).map(read).buffered(AT_ONCE);
        let rows: Vec<Option<BulkRow>> = rows.try_collect().await?;
        let rows = rows.into_iter().flatten().collect();
        Ok(BulkPage { rows, next })
    }

    async fn settings(&self) -> Result<BulkPage, Error> {
        let mut page = BulkPage::default();
        for setting in Setting::ALL {
            let value = match setting_name(setting) {
                Some(name) => self.stored_setting(name).await?,
                None => self.clock().await?.map(i64::cast_unsigned),
            };
            let row = value.map(|value| BulkRow::Setting(setting, value));
            page.rows.extend(row);
        }
        let masters = self.needed_masters().await?;
        page.rows.extend(masters.map(BulkRow::MasterKeys));
        Ok(page)
    }

    /// Every journal partition of the keyspace; none of one that is empty.
    async fn partitions(&self) -> Result<impl Iterator<Item = PartitionId>, Error> {
        let bits = self.stored_setting(BITS).await?;
        let bits = bits.and_then(|bits| u32::try_from(bits).ok());
        Ok(bits.into_iter().flat_map(PartitionId::all))
    }

    /// Rows of the partition where the last page ended, or of the next one that has any.
    async fn journal_page(
        &self,
        cursor: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Result<BulkPage, Error> {
        let at = cursor.as_deref().map(parse_place).transpose()?;
        let begun = |id: &PartitionId| at.is_none_or(|at| *id >= at.partition);
        for partition in self.partitions().await?.filter(begun) {
            let after = at.filter(|at| at.partition == partition);
            let after = after.map(|at| at.position);
            let tail = self.tail(partition, after, bytes_max).await?;
            if let Some(last) = tail.last() {
                let next = place(StuckId {
                    partition,
                    position: last.last,
                });
                let rows = tail.into_iter().map(BulkRow::Journal).collect();
                return Ok(BulkPage {
                    rows,
                    next: Some(next),
                });
            }
        }
        Ok(BulkPage::default())
    }

    async fn stuck_page(
        &self,
        cursor: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Result<BulkPage, Error> {
        let after = cursor.as_deref().map(parse_place).transpose()?;
        let rows = self.stuck(after, (bytes_max / STUCK_BYTES).max(1)).await?;
        Ok(BulkPage {
            next: rows.last().map(|(id, _)| place(*id)),
            rows: rows
                .into_iter()
                .map(|(id, row)| BulkRow::Stuck(id, row))
                .collect(),
        })
    }

    async fn write_page(&self, rows: Vec<BulkRow>, mark: Option<CopyMark>) -> Result<(), Error> {
        self.stamps.stand_at(COPIED_US);
        let (journal, others): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| matches!(row, BulkRow::Journal(_)));
        let put = |row| self.put_bulk(row);
        let puts = stream::iter(others).map(put).buffer_unordered(AT_ONCE);
        puts.try_collect::<()>().await?;
        for row in journal {
            self.put_bulk(row).await?; // In order: a gap ends an epoch.
        }
        if mark.is_none() {
            self.seal_copied().await?;
        }
        self.set_bytes(COPY, mark.map(|mark| mark.row())).await
    }

    async fn put_bulk(&self, row: BulkRow) -> Result<(), Error> {
        let attached = match row {
            BulkRow::Setting(setting, value) => return self.put_setting(setting, value).await,
            BulkRow::MasterKeys(row) => return self.need_masters(&row).await,
            BulkRow::Key(key) => return self.put_data_key(&key).await,
            BulkRow::KeyOwner(user, id) => return self.put_key_owner(&user, id).await,
            BulkRow::Partition(id, row) => return self.put_partition(id, &row, COPIED_US).await,
            BulkRow::Device(id, user) => return self.claim_device(id, &user).await.map(drop),
            BulkRow::Idempotency(key, answer) => {
                return self.put_answer(&key, &answer, COPIED_US).await;
            }
            BulkRow::Snapshot(of, row) => {
                return self
                    .put_state((&of, row.covered), &row.state, COPIED_US)
                    .await;
            }
            BulkRow::Chunk(user, id, row) => return self.put_chunk(&user, id, &row).await,
            BulkRow::Fact(user, at, row) => {
                return self.put_user_rows(&user, Kind::Fact, &[(at, row)]).await;
            }
            BulkRow::Transfer(user, at, row) => {
                let rows = &[(at, row)];
                return self.put_user_rows(&user, Kind::Transfer, rows).await;
            }
            BulkRow::Change(user, at, row) => {
                return self.put_user_rows(&user, Kind::Change, &[(at, row)]).await;
            }
            BulkRow::Standing(of, user, row) => {
                return self.put_standing((of, &user), Some(&row), COPIED_US).await;
            }
            BulkRow::Due(id, at_ms, of) => {
                return self
                    .put_due(&Begun::nothing(of, id, COPIED_US), at_ms)
                    .await;
            }
            BulkRow::Journal(row) => return self.append(row).await,
            BulkRow::Challenge(id) => Attachment::ChallengeListed(id),
            BulkRow::Stuck(id, row) => Attachment::Stuck(id, row),
        };
        self.write_attachments(&[attached], COPIED_US).await
    }

    async fn put_setting(&self, setting: Setting, value: u64) -> Result<(), Error> {
        match setting_name(setting) {
            Some(name) => self.fix_setting(name, value).await.map(drop),
            None => self.set_clock(value.cast_signed(), None).await,
        }
    }

    /// Nobody writes in the last epoch of a copy any more: the server that takes over has nothing to look after in it.
    async fn seal_copied(&self) -> Result<(), Error> {
        let epoch = self.stored_setting(EPOCH).await?;
        let Some(epoch) = epoch else { return Ok(()) };
        let seal = |partition| async move {
            let last = self.read_written(partition, epoch).await?.last;
            self.seal(partition, (epoch, last)).await
        };
        let partitions = stream::iter(self.partitions().await?).map(seal);
        partitions
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await
    }

    async fn copy_mark(&self) -> Result<Option<CopyMark>, Error> {
        let row = self.bytes_of(COPY).await?;
        row.map(|row| CopyMark::read(&row)).transpose()
    }

    /// While a copy into the keyspace is not whole, no server starts on it.
    pub(super) async fn refuse_unfinished_copy(&self) -> Result<(), Error> {
        let mark = self.bytes_of(COPY).await?;
        mark.map_or(Ok(()), |_| Err(Error::unfinished_copy()))
    }
}

/// Name of the row that says how far a copy is.
const COPY: &str = "copy";

fn sixteen(bytes: Vec<u8>) -> Result<[u8; 16], Error> {
    let damaged = |_| Error::Damaged("an id has not 16 bytes".into());
    bytes.try_into().map_err(damaged)
}

fn key_row((id, bytes): (Vec<u8>, Vec<u8>)) -> Result<Option<BulkRow>, Error> {
    let id = key_id(id)?;
    Ok(Some(BulkRow::Key(KeyRow { id, bytes })))
}

fn key_owner_row((user, id): (String, Vec<u8>)) -> Result<Option<BulkRow>, Error> {
    let user = user_of(&user)?;
    Ok(Some(BulkRow::KeyOwner(user, key_id(id)?)))
}

fn partition_row((id, bytes): (i32, Vec<u8>)) -> Result<Option<BulkRow>, Error> {
    let id = PartitionId(id.cast_unsigned());
    Ok(Some(BulkRow::Partition(id, bytes)))
}

fn device_row((id, user): (Vec<u8>, String)) -> Result<Option<BulkRow>, Error> {
    let id = DeviceId(sixteen(id)?);
    Ok(Some(BulkRow::Device(id, user_of(&user)?)))
}

fn challenge_row((id,): (Vec<u8>,)) -> Result<Option<BulkRow>, Error> {
    let id = ChallengeId(sixteen(id)?);
    Ok(Some(BulkRow::Challenge(id)))
}

fn answer_row(
    (principal, key, expires_ms, bytes): (String, String, i64, Vec<u8>),
) -> Result<Option<BulkRow>, Error> {
    let key = IdempotencyKey { principal, key };
    let answer = StoredAnswer { expires_ms, bytes };
    Ok(Some(BulkRow::Idempotency(key, answer)))
}

fn chunk_row(
    (user, day, at, bytes): (String, i32, i64, Vec<u8>),
) -> Result<Option<BulkRow>, Error> {
    let id = ChunkId {
        day: streakline_core::civil::Day(day),
        number: number(at),
    };
    Ok(Some(BulkRow::Chunk(user_of(&user)?, id, bytes)))
}

fn standing_row((of, user, bytes): (Vec<u8>, String, Vec<u8>)) -> Result<Option<BulkRow>, Error> {
    let of = ChallengeId(sixteen(of)?);
    Ok(Some(BulkRow::Standing(of, user_of(&user)?, bytes)))
}

fn due_row((id, at_ms, kind, of): (i32, i64, i8, Vec<u8>)) -> Result<Option<BulkRow>, Error> {
    let id = PartitionId(id.cast_unsigned());
    Ok(Some(BulkRow::Due(id, at_ms, parse_entity(kind, &of)?)))
}

/// A place in a journal as a cursor.
fn place(of: StuckId) -> Vec<u8> {
    let Position { epoch, index } = of.position;
    let mut bytes = of.partition.0.to_be_bytes().to_vec();
    bytes.extend(epoch.to_be_bytes());
    bytes.extend(index.to_be_bytes());
    bytes
}

fn parse_place(cursor: &[u8]) -> Result<StuckId, Error> {
    let strange = || Error::Refused("the cursor is of another store".into());
    let (partition, rest) = cursor.split_first_chunk::<4>().ok_or_else(strange)?;
    let (epoch, rest) = rest.split_first_chunk::<8>().ok_or_else(strange)?;
    let index: [u8; 8] = rest.try_into().map_err(|_| strange())?;
    Ok(StuckId {
        partition: PartitionId(u32::from_be_bytes(*partition)),
        position: Position {
            epoch: u64::from_be_bytes(*epoch),
            index: u64::from_be_bytes(index),
        },
    })
}

impl Bulk for ScyllaStore {
    fn read_page(
        &self,
        table: BulkTable,
        cursor: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Answer<'_, BulkPage> {
        Box::pin(self.0.read_page(table, cursor, bytes_max))
    }

    fn write_page(&self, rows: Vec<BulkRow>, mark: Option<CopyMark>) -> Answer<'_, ()> {
        Box::pin(self.0.write_page(rows, mark))
    }

    fn copy_mark(&self) -> Answer<'_, Option<CopyMark>> {
        Box::pin(self.0.copy_mark())
    }
}
