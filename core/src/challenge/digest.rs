//! What a settlement says of its rows in 32 bytes (design.md 4).

use alloc::collections::BTreeMap;
use sha2::{Digest, Sha256};

use super::Board;

impl Board {
    /// SHA-256 over 256 digests, one per first byte of the user's hash, each over that group's rows in board order, so that
    /// groups can be summed up apart (design.md 4). A row is its score, its achieved-at and its member's number. Where there are
    /// teams, what each of them comes to follows.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut groups: BTreeMap<u8, Sha256> =
            (0..=u8::MAX).map(|byte| (byte, Sha256::new())).collect();
        for row in self.order().iter() {
            let Some(seat) = self.seat_of(&row.id) else {
                continue;
            };
            if let Some(group) = groups.get_mut(&seat.group) {
                group.update(row.score.to_be_bytes());
                group.update(row.achieved_at_ms.to_be_bytes());
                group.update(seat.number.0.to_be_bytes());
            }
        }
        let digests = groups.into_values().map(Sha256::finalize);
        let mut sum = digests.fold(Sha256::new(), Sha256::chain_update);
        if let Some(teams) = self.tallies() {
            teams.sum_up(&mut sum);
        }
        sum.finalize().into()
    }
}
