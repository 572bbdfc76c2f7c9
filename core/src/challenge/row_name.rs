//! What rows of a board go by, so that they can be told apart and name nobody (domain.md 6.4).

use alloc::{format, string::String};
use sha2::{Digest, Sha256};

use crate::id::{ChallengeId, MemberNumber};

/// What a member's row is called: the same on this board for ever, and it tells nothing of the user elsewhere.
pub(super) fn opaque(challenge: ChallengeId, number: MemberNumber) -> String {
    let hash = Sha256::new()
        .chain_update(b"row")
        .chain_update(challenge.0)
        .chain_update(number.0.to_be_bytes())
        .finalize();
    let mut opaque = String::with_capacity(16);
    for byte in hash.iter().take(8) {
        opaque.push_str(&format!("{byte:02x}"));
    }
    opaque
}
