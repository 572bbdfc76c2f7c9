//! The identities of a day's records, as a digest that does not depend on their order (ADR 0010).

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::id::{DeviceId, RecordId};

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

    pub(super) fn bytes(self) -> impl Iterator<Item = [u8; 8]> {
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
