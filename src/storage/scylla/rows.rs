//! Rows that are read in pages: a user's numbered rows by 4,096, and the standings of a challenge in 16 buckets.
//!
//! Called by `snapshots`, which writes them, and by `answers`.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use streakline_core::id::{ChallengeId, UserId};

use super::{super::Error, Inner, buckets::List, number, signed};

/// Numbers of one bucket.
const NUMBERS: i64 = 4_096;
/// Buckets of a challenge's standings.
const STANDINGS: u8 = 16;
/// Rows that are written, and buckets that are read, at once.
const AT_ONCE: usize = 16;
const BUCKETS_AT_ONCE: usize = 4;

/// Kinds of numbered rows; numbers are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub(super) enum Kind {
    Fact = 1,
    Transfer = 2,
    Change = 3,
}

impl Inner {
    pub(super) async fn put_user_rows(
        &self,
        user: &UserId,
        kind: Kind,
        rows: &[(u64, Vec<u8>)],
    ) -> Result<(), Error> {
        let list = List::UserRows(user.clone(), kind as i8);
        for (row, _) in rows {
            self.note_bucket(&list, signed(*row)?.div_euclid(NUMBERS))
                .await?;
        }
        let put = |(row, bytes): &'_ (u64, Vec<u8>)| {
            let (row, bytes) = (*row, bytes.clone());
            async move {
                let row = signed(row)?;
                let values = (
                    user.as_str(),
                    kind as i8,
                    row.div_euclid(NUMBERS),
                    row,
                    bytes,
                    self.stamp().await?,
                );
                self.cql
                    .write(&self.statements.user_row_insert, values)
                    .await
            }
        };
        stream::iter(rows.iter().map(put))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    pub(super) async fn user_rows(
        &self,
        user: &UserId,
        kind: Kind,
        (after, limit): (u64, usize),
    ) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let list = List::UserRows(user.clone(), kind as i8);
        let mut page = Vec::new();
        for bucket in self.buckets(&list, after.div_euclid(NUMBERS)).await? {
            let room = limit.saturating_sub(page.len());
            if room == 0 {
                break;
            }
            let values = (user.as_str(), kind as i8, bucket, after, limited(room));
            let rows: Vec<(i64, Vec<u8>)> =
                self.cql.rows(&self.statements.user_rows, values).await?;
            page.extend(rows.into_iter().map(|(row, bytes)| (number(row), bytes)));
        }
        Ok(page)
    }

    /// By bucket, then by user.
    pub(super) async fn standings(
        &self,
        challenge: ChallengeId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, Vec<u8>)>, Error> {
        let begin = after.map_or(0, standing_bucket);
        let read = |bucket: u8| {
            let after = after.filter(|_| bucket == begin).map_or("", UserId::as_str);
            async move {
                let values = (
                    challenge.0.as_slice(),
                    bucket.cast_signed(),
                    after,
                    limited(limit),
                );
                let rows: Vec<(String, Vec<u8>)> =
                    self.cql.rows(&self.statements.standings, values).await?;
                Ok::<_, Error>(rows)
            }
        };
        let mut buckets = std::pin::pin!(
            stream::iter(begin..STANDINGS)
                .map(read)
                .buffered(BUCKETS_AT_ONCE)
        );
        let mut page = Vec::new();
        while page.len() < limit {
            let Some(rows) = buckets.try_next().await? else {
                break;
            };
            for (user, bytes) in rows.into_iter().take(limit.saturating_sub(page.len())) {
                page.push((user_of(&user)?, bytes));
            }
        }
        Ok(page)
    }

    pub(super) async fn put_standing(
        &self,
        (challenge, user): (ChallengeId, &UserId),
        bytes: Option<&[u8]>,
        at_us: i64,
    ) -> Result<(), Error> {
        let (id, bucket) = (challenge.0.as_slice(), standing_bucket(user).cast_signed());
        match bytes {
            Some(bytes) => {
                let values = (id, bucket, user.as_str(), bytes, at_us);
                self.cql.write(&self.statements.standing_put, values).await
            }
            None => {
                let values = (at_us, id, bucket, user.as_str());
                self.cql.write(&self.statements.standing_drop, values).await
            }
        }
    }
}

fn standing_bucket(user: &UserId) -> u8 {
    let hash = Sha256::digest(user.as_str().as_bytes());
    hash.first().copied().unwrap_or(0) % STANDINGS
}

pub(super) fn user_of(text: &str) -> Result<UserId, Error> {
    UserId::parse(text)
        .map_err(|_| Error::Damaged(format!("a row names the user {text:?}, which is no id")))
}

/// What CQL takes for a limit: at least 1.
pub(super) fn limited(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX).max(1)
}
