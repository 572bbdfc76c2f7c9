//! Settlement's two machines: the challenge that waits for every partition's barrier, and the partition that passes it
//! (design.md 4). After the barrier every later input of a partition has a stamp at or after the cut-off, and none of these
//! counts (ADR 0008).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use crate::id::{ChallengeId, PartitionId, Position};

/// The challenge's side: which partitions have yet to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    /// Cut-off, POSIX ms.
    pub cutoff_ms: i64,
    waiting: BTreeSet<PartitionId>,
    asked: BTreeSet<PartitionId>,
}

impl Roll {
    /// Asks the partitions of all participants.
    #[must_use]
    pub fn call(cutoff_ms: i64, partitions: BTreeSet<PartitionId>) -> Self {
        Self {
            cutoff_ms,
            waiting: partitions,
            asked: BTreeSet::new(),
        }
    }

    /// Partitions to be asked now.
    pub fn due(&mut self) -> Vec<PartitionId> {
        let due: Vec<_> = self.waiting.difference(&self.asked).copied().collect();
        self.asked.extend(&due);
        due
    }

    /// A question did not arrive: it falls due again.
    pub fn release(&mut self, partition: PartitionId) {
        self.asked.remove(&partition);
    }

    /// A question or its answer may be lost: whoever has not answered is asked again.
    pub fn ask_again(&mut self) {
        self.asked.clear();
    }

    /// A partition has passed its barrier.
    pub fn passed(&mut self, partition: PartitionId) {
        self.waiting.remove(&partition);
    }

    /// Whether all have: now, and only now, the challenge may journal its settlement.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// The partition's side: one barrier a cut-off, journaled once and shared by all challenges that ask for it.
#[derive(Clone, Debug, Default)]
pub struct Barriers {
    journaled: BTreeMap<i64, Position>,
    asking: BTreeSet<(i64, ChallengeId)>,
}

/// Cut-offs whose barrier a partition remembers; an older one that is asked for again is journaled again, which is harmless.
const REMEMBERED: usize = 64;

impl Barriers {
    /// A challenge asks; answers whether a barrier must be journaled first.
    #[must_use]
    pub fn ask(&mut self, cutoff_ms: i64, challenge: ChallengeId) -> bool {
        self.asking.insert((cutoff_ms, challenge));
        !self.journaled.contains_key(&cutoff_ms)
    }

    /// The barrier has its place in the journal.
    pub fn journaled(&mut self, cutoff_ms: i64, position: Position) {
        self.journaled.entry(cutoff_ms).or_insert(position);
        while self.journaled.len() > REMEMBERED {
            self.journaled.pop_first();
        }
    }

    /// Challenges that may be answered: the barrier is durable, every input before it is folded (`folded_to`), and no outbox
    /// of the partition holds a contribution to them (`held`).
    pub fn answers(
        &mut self,
        folded_to: Position,
        held: impl Fn(ChallengeId) -> bool,
    ) -> Vec<(i64, ChallengeId)> {
        let passed = |cutoff: &i64| {
            self.journaled
                .get(cutoff)
                .is_some_and(|at| *at <= folded_to)
        };
        let ready = self
            .asking
            .iter()
            .filter(|(cutoff, id)| passed(cutoff) && !held(*id));
        let ready: Vec<_> = ready.copied().collect();
        ready.iter().for_each(|asked| {
            self.asking.remove(asked);
        });
        ready
    }

    /// Whether anyone waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.asking.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barrier_is_journaled_once_and_answered_when_all_before_it_is_folded_and_delivered() {
        let (one, two) = (ChallengeId([1; 16]), ChallengeId([2; 16]));
        let at = |index| Position { epoch: 1, index };
        let mut barriers = Barriers::default();
        assert!(barriers.ask(1_000, one), "must be journaled");
        barriers.journaled(1_000, at(7));
        assert!(!barriers.ask(1_000, two), "shared");
        assert!(
            barriers.answers(at(6), |_| false).is_empty(),
            "an input before it is not folded"
        );
        assert_eq!(barriers.answers(at(7), |id| id == two), [(1_000, one)]);
        assert_eq!(barriers.answers(at(8), |_| false), [(1_000, two)]);
        assert!(barriers.is_idle());
    }

    #[test]
    fn a_challenge_settles_when_every_partition_has_answered() {
        let (a, b) = (PartitionId(256), PartitionId(300));
        let mut roll = Roll::call(1_000, BTreeSet::from([a, b]));
        assert_eq!(roll.due(), [a, b]);
        assert!(roll.due().is_empty(), "asked once");
        roll.release(b);
        assert_eq!(roll.due(), [b]);
        roll.passed(a);
        assert!(!roll.is_complete());
        roll.ask_again();
        assert_eq!(roll.due(), [b], "only who has not answered");
        roll.passed(b);
        assert!(roll.is_complete());
    }
}
