//! A batch of samples, as far as it was admitted.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use crate::{
    attest::Attest,
    id::{DeviceId, OutboxId},
    record::Record,
};

/// The admitted part of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ingest {
    /// From which device.
    #[n(0)]
    pub device: DeviceId,
    /// From which of its queues.
    #[n(1)]
    pub outbox: OutboxId,
    /// 0 live, 1 backfill.
    #[n(2)]
    pub lane: u8,
    /// Number of the batch's first record.
    #[n(3)]
    pub first_seq: u64,
    /// Records of the batch, refused ones included.
    #[n(4)]
    pub count: u32,
    /// The session's clock was off (domain.md 2.4): its records are quarantined.
    #[n(5)]
    pub skewed: bool,
    /// The admitted records, each with its place in the batch.
    #[n(6)]
    pub records: Vec<(u32, Record)>,
    /// Places of records without the signature that they need, rising; `None`: the device had no key, and nobody looked.
    #[n(7)]
    pub unsigned: Option<Vec<u32>>,
}

impl Ingest {
    /// What the signature of one of its records says. A deletion needs none: it can take away, and never add.
    #[must_use]
    pub fn attest(&self, place: u32, record: &Record) -> Attest {
        match &self.unsigned {
            Some(unsigned) if !record.is_deleted() => match unsigned.binary_search(&place) {
                Ok(_) => Attest::Unsigned,
                Err(_) => Attest::Signed,
            },
            _ => Attest::Unasked,
        }
    }

    /// Number of the batch's last record.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.first_seq
            .saturating_add(u64::from(self.count))
            .saturating_sub(1)
    }
}
