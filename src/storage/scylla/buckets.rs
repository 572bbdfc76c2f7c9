//! Long sorted lists as many CQL partitions: which buckets of a list have rows.
//!
//! A bucket is noted before its first row, and known buckets are remembered, so that this costs a write once a bucket. One that has
//! become empty is taken off the list by who reads it, under the care of `due` and `catalogue`. Called by everything that keeps a
//! list without bounds.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use streakline_core::id::{PartitionId, UserId};

use super::{super::Error, Inner};

/// Buckets that are remembered, at most.
const KNOWN_MAX: usize = 65_536;

/// A list in buckets.
#[derive(Clone, Debug)]
pub(super) enum List {
    /// Challenges by the first 16 bits of their ids.
    Challenges,
    /// Answers to idempotency keys by the hour that they are forgotten in.
    Expiries,
    /// Journal partitions with inputs that were put aside.
    Stuck,
    /// Deadlines of a journal partition by the UTC day.
    Due(PartitionId),
    /// Numbered rows of a user, of a kind, by 4,096.
    UserRows(UserId, i8),
    /// Chunks of a user by 32 days.
    Chunks(UserId),
}

impl List {
    fn key(&self) -> Vec<u8> {
        match self {
            Self::Challenges => b"challenges".to_vec(),
            Self::Expiries => b"expiries".to_vec(),
            Self::Stuck => b"stuck".to_vec(),
            Self::Due(partition) => [&b"due/"[..], &partition.0.to_be_bytes()].concat(),
            Self::Chunks(user) => [b"chunks/", user.as_str().as_bytes()].concat(),
            Self::UserRows(user, kind) => {
                [&b"rows/"[..], &kind.to_be_bytes(), user.as_str().as_bytes()].concat()
            }
        }
    }
}

/// Buckets that are on their list for sure.
#[derive(Default)]
pub(super) struct Known(Mutex<HashSet<(Vec<u8>, i64)>>);

impl Known {
    fn has(&self, key: &(Vec<u8>, i64)) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(key)
    }

    fn add(&self, key: (Vec<u8>, i64)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key);
    }

    fn forget(&self, list: &[u8]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(of, _)| of != list);
    }

    fn remove(&self, key: &(Vec<u8>, i64)) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }
}

impl Inner {
    pub(super) async fn note_bucket(&self, list: &List, bucket: i64) -> Result<(), Error> {
        let key = (list.key(), bucket);
        if self.known.has(&key) {
            return Ok(());
        }
        let at_us = self.stamp().await?;
        self.cql
            .write(
                &self.statements.bucket_insert,
                (key.0.as_slice(), bucket, at_us),
            )
            .await?;
        self.known.add(key);
        Ok(())
    }

    /// Buckets from one on, in order.
    pub(super) async fn buckets(&self, list: &List, from: i64) -> Result<Vec<i64>, Error> {
        let rows: Vec<(i64,)> = self
            .cql
            .rows(&self.statements.buckets, (list.key(), from))
            .await?;
        Ok(rows.into_iter().map(|(bucket,)| bucket).collect())
    }

    /// Takes a bucket off its list; the caller knows that it is empty and stays so.
    pub(super) async fn forget_bucket(&self, list: &List, bucket: i64) -> Result<(), Error> {
        let key = (list.key(), bucket);
        self.known.remove(&key);
        let at_us = self.stamp().await?;
        self.cql
            .write(
                &self.statements.bucket_drop,
                (at_us, key.0.as_slice(), bucket),
            )
            .await
    }

    /// Takes a whole list away.
    pub(super) async fn erase_list(&self, list: &List) -> Result<(), Error> {
        let key = list.key();
        self.known.forget(&key);
        let at_us = self.stamp().await?;
        let values = (at_us, key);
        self.cql.write(&self.statements.buckets_erase, values).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_a_key_of_its_own() {
        let ann = UserId::parse("ann").unwrap();
        let lists = [
            List::Challenges,
            List::Expiries,
            List::Stuck,
            List::Due(PartitionId(0x100)),
            List::Due(PartitionId(0x101)),
            List::UserRows(ann.clone(), 1),
            List::UserRows(ann.clone(), 2),
            List::Chunks(ann),
            List::UserRows(UserId::parse("anna").unwrap(), 1),
        ];
        let keys: HashSet<_> = lists.iter().map(List::key).collect();
        assert_eq!(keys.len(), lists.len());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let known = Known::default();
        for bucket in 0..=i64::try_from(KNOWN_MAX).unwrap() {
            known.add((Vec::new(), bucket));
        }
        assert!(known.0.lock().unwrap().len() <= KNOWN_MAX);
        assert!(known.has(&(Vec::new(), i64::try_from(KNOWN_MAX).unwrap())));
    }
}
