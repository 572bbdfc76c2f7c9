//! Where a sealed row belongs: it opens nowhere else.

use streakline_core::id::{ChallengeId, MemberNumber, PartitionId, Position, UserId};

use super::{
    super::{ChunkId, IdempotencyKey, StuckId},
    KeyId,
};

/// The place of a row among those of its user and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Inputs: the flush whose first position this is.
    Flush(PartitionId, Position),
    /// A snapshot: what it covers.
    Covered(Position),
    /// A chunk.
    Chunk(ChunkId),
    /// A fact, a transfer or a change: its number.
    Number(u64),
    /// A standing: in which challenge.
    Challenge(ChallengeId),
    /// An input that was put aside.
    Stuck(StuckId),
    /// A stored answer.
    Answer(&'a IdempotencyKey),
    /// The data key of that name.
    DataKey(KeyId),
    /// The name of a member: in which challenge, under which number.
    Member(ChallengeId, MemberNumber),
}

impl Place<'_> {
    /// What a row is bound to: the beginning of its header, its user, and the place. The user is closed by a zero byte,
    /// which no id contains; each place has a number and a length of its own.
    pub(super) fn bound(&self, header: &[u8], user: &UserId) -> Vec<u8> {
        let mut bound = header.to_vec();
        bound.extend(user.as_str().as_bytes());
        bound.push(0);
        match self {
            Self::Flush(partition, first) => {
                bound.push(1);
                bound.extend(partition.0.to_be_bytes());
                bound.extend(position(*first));
            }
            Self::Covered(covered) => {
                bound.push(2);
                bound.extend(position(*covered));
            }
            Self::Chunk(id) => {
                bound.push(3);
                bound.extend(id.day.0.to_be_bytes());
                bound.extend(id.number.to_be_bytes());
            }
            Self::Number(number) => {
                bound.push(4);
                bound.extend(number.to_be_bytes());
            }
            Self::Challenge(challenge) => {
                bound.push(5);
                bound.extend(challenge.0);
            }
            Self::Stuck(id) => {
                bound.push(6);
                bound.extend(id.partition.0.to_be_bytes());
                bound.extend(position(id.position));
            }
            Self::Answer(key) => {
                bound.push(7);
                let chars = u64::try_from(key.principal.len()).unwrap_or(u64::MAX);
                bound.extend(chars.to_be_bytes());
                bound.extend(key.principal.as_bytes());
                bound.extend(key.key.as_bytes());
            }
            Self::DataKey(id) => {
                bound.push(8);
                bound.extend(id.0);
            }
            Self::Member(challenge, number) => {
                bound.push(9);
                bound.extend(challenge.0);
                bound.extend(number.0.to_be_bytes());
            }
        }
        bound
    }
}

fn position(of: Position) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&of.epoch.to_be_bytes());
    bytes[8..].copy_from_slice(&of.index.to_be_bytes());
    bytes
}
