//! The state of one civil day: minutes of each device while they are at hand, totals always, and what was told of it.
//!
//! Which day an instant belongs to is `calendar`'s; when a day closes is `user`'s.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    civil::Day,
    id::{DeviceId, GoalId, RecordId},
    merge::{Bidder, Cell},
};

/// Order-independent digest of a set of identities: the sum of their SHA-256 modulo 2^256, so that one can be added or taken
/// out without the others (ADR 0010).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Identities(#[n(0)] [u64; 4]);

impl Identities {
    /// Adds one identity.
    pub fn add(&mut self, device: DeviceId, id: RecordId, version: u32) {
        let mut carry = false;
        for (sum, part) in self.0.iter_mut().zip(words(device, id, version)) {
            let (partial, over) = sum.overflowing_add(part);
            let (full, over_again) = partial.overflowing_add(u64::from(carry));
            *sum = full;
            carry = over | over_again;
        }
    }

    fn bytes(self) -> impl Iterator<Item = [u8; 8]> {
        self.0.into_iter().map(u64::to_be_bytes)
    }
}

/// The hash of one identity, as four words with the lowest first.
fn words(device: DeviceId, id: RecordId, version: u32) -> [u64; 4] {
    let mut hash = Sha256::new().chain_update(device.0);
    match id {
        RecordId::Number(number) => hash.update(number.to_be_bytes()),
        RecordId::Uuid(bytes) => hash.update(bytes),
    }
    let hash = hash.chain_update(version.to_be_bytes()).finalize();
    let mut words = [0_u64; 4];
    for (word, bytes) in words.iter_mut().zip(hash.chunks_exact(8)) {
        *word = bytes
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    }
    words
}

/// Minutes of one device: all methods, and without what is not eligible where that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct DeviceCells {
    /// From every winning record.
    #[n(0)]
    pub display: Vec<Cell>,
    /// Without manual and quarantined records; `None`: the same.
    #[n(1)]
    pub eligible: Option<Vec<Cell>>,
}

impl DeviceCells {
    /// Whether the device says nothing. A coarse record may count only where the finer ones inside it are not eligible, so
    /// either part can be empty alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.display.is_empty() && self.eligible.as_ref().is_none_or(Vec::is_empty)
    }
}

/// What a merge must know of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub device: DeviceId,
    /// Priority of its class.
    pub priority: u8,
    /// Its place in the order of binding.
    pub binding: u32,
}

/// The minutes of a day, by binding of the device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// Cells by binding.
    #[n(0)]
    pub devices: BTreeMap<u32, DeviceCells>,
}

impl Head {
    /// Bidders for a merge: of the display run or of the eligible run (domain.md 1.4).
    #[must_use]
    pub fn bidders(&self, devices: &[Standing], eligible: bool) -> Vec<Bidder<'_>> {
        let bidder = |(binding, cells): (&u32, _)| Self::bidder(devices, *binding, cells, eligible);
        self.devices.iter().filter_map(bidder).collect()
    }

    fn bidder<'a>(
        devices: &[Standing],
        binding: u32,
        cells: &'a DeviceCells,
        eligible: bool,
    ) -> Option<Bidder<'a>> {
        let of = devices.iter().find(|device| device.binding == binding)?;
        let own = cells.eligible.as_ref().filter(|_| eligible);
        let cells = own.unwrap_or(&cells.display);
        Some(Bidder {
            cells,
            priority: of.priority,
            binding,
            device: of.device,
        })
    }

    /// SHA-256 over every cell, devices in order of their id, so that the order of binding does not show.
    #[must_use]
    pub fn hash(&self, devices: &[Standing]) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut order: Vec<&Standing> = devices.iter().collect();
        order.sort_by_key(|standing| standing.device);
        for standing in order {
            let Some(cells) = self.devices.get(&standing.binding) else {
                continue;
            };
            if cells.is_empty() {
                continue;
            }
            hash.update(standing.device.0);
            hash_cells(&mut hash, &cells.display);
            hash_cells(&mut hash, cells.eligible.as_ref().unwrap_or(&cells.display));
        }
        hash.finalize().into()
    }
}

fn hash_cells(hash: &mut Sha256, cells: &[Cell]) {
    let mut bytes = Vec::with_capacity(cells.len().saturating_mul(11).saturating_add(8));
    bytes.extend(u64::try_from(cells.len()).unwrap_or(u64::MAX).to_be_bytes());
    for cell in cells {
        bytes.extend(cell.minute.to_be_bytes());
        bytes.extend(cell.covered_ms.to_be_bytes());
        bytes.extend(cell.value.to_be_bytes());
        bytes.push(cell.trust as u8);
    }
    hash.update(&bytes);
}

/// What was found and told of one goal on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct GoalDay {
    /// Start of the minute in which the running sum reached the target, POSIX ms; `None`: not met.
    #[n(0)]
    pub met_at_ms: Option<i64>,
    /// `goal.completed` was told: it comes once per goal and day, however progress moves.
    #[n(1)]
    pub completed: bool,
    /// `streak.extended` was told.
    #[n(2)]
    pub extended: bool,
    /// `streak.lost` was told.
    #[n(3)]
    pub lost: bool,
}

/// The state of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct DayState {
    /// All methods, unclamped.
    #[n(0)]
    pub display: i64,
    /// What goals, streaks, challenges and tokens read.
    #[n(1)]
    pub eligible: i64,
    /// Accepted winning records that start in it.
    #[n(2)]
    pub records: u32,
    /// Their identities.
    #[n(3)]
    pub identities: Identities,
    /// Counts the changes.
    #[n(4)]
    pub version: u64,
    /// Latest end of a record that starts in it, POSIX ms.
    #[n(5)]
    pub reach_ms: i64,
    /// Tokens booked for it, 10^-6.
    #[n(6)]
    pub posted_micro: i64,
    /// Eligible as frozen at hard close.
    #[n(7)]
    pub scored: Option<i64>,
    /// Smallest and largest id by binding: where a known id may be.
    #[n(8)]
    pub ids: BTreeMap<u32, (RecordId, RecordId)>,
    /// By goal.
    #[n(9)]
    pub goals: BTreeMap<GoalId, GoalDay>,
    /// Hash of the cells as they were when they were let go.
    #[cbor(n(10), with = "minicbor::bytes")]
    pub cells_hash: [u8; 32],
    /// The minutes, while they are at hand.
    #[n(11)]
    pub head: Option<Head>,
    /// Records of one device that overlap each other span it from border to border: what changes on one side of it can change
    /// the other.
    #[n(12)]
    pub bridged: bool,
    /// Days that hold the winners of copies which begin in this one.
    #[n(13)]
    pub moved_to: BTreeSet<Day>,
}

impl DayState {
    /// Whether its minutes must be rebuilt from records before they can be changed.
    #[must_use]
    pub fn is_cold(&self) -> bool {
        self.head.is_none() && self.version > 0
    }

    /// SHA-256 over its cells and the identities of its accepted records: the same for every order of arrival.
    #[must_use]
    pub fn state_hash(&self, devices: &[Standing]) -> [u8; 32] {
        let cells = match &self.head {
            Some(head) => head.hash(devices),
            None if self.version > 0 => self.cells_hash,
            None => Head::default().hash(devices),
        };
        let mut hash = Sha256::new().chain_update(cells);
        self.identities.bytes().for_each(|word| hash.update(word));
        hash.finalize().into()
    }

    /// Lets the minutes go, keeping their hash.
    pub fn cool(&mut self, devices: &[Standing]) {
        if let Some(head) = self.head.take() {
            self.cells_hash = head.hash(devices);
        }
    }

    /// Puts rebuilt minutes in; answers whether they, or the records that they come from, are others than before.
    pub fn replace(&mut self, head: Head, rows: (u32, Identities), devices: &[Standing]) -> bool {
        let empty = head.devices.is_empty();
        let same = match &self.head {
            Some(held) => *held == head,
            None if self.version > 0 => self.cells_hash == head.hash(devices),
            None => empty,
        };
        let changed = !same || (self.records, self.identities) != rows;
        if changed || self.version > 0 {
            self.head = Some(head);
        }
        (self.records, self.identities) = rows;
        changed
    }

    /// Notes that a record with this id and end starts here.
    pub fn note(&mut self, binding: u32, id: RecordId, end_ms: i64) {
        self.reach_ms = self.reach_ms.max(end_ms);
        let range = self.ids.entry(binding).or_insert((id, id));
        *range = (range.0.min(id), range.1.max(id));
    }
}
