//! What was told last of a day, so that the next fact about it can name its cause (design.md 4, "Identity of everything").
//!
//! Names of journal places only: nothing is decided by them, and they are no part of what two histories are compared by.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use crate::{
    event::{EventId, FactKind},
    id::GoalId,
    small_map::SmallMap,
};

/// The causes that a fact about a day may name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Links {
    /// The input that changed its amounts last.
    #[n(0)]
    changed: Option<EventId>,
    /// The last posting of its tokens.
    #[n(1)]
    posted: Option<EventId>,
    /// By goal: the last fact about the period that begins with it.
    #[n(2)]
    goals: SmallMap<GoalId, EventId>,
}

impl Links {
    /// An input changed the day's amounts.
    pub fn change(&mut self, input: EventId) {
        self.changed = Some(input);
    }

    /// The input that changed its amounts last.
    #[must_use]
    pub fn changed(&self) -> Option<EventId> {
        self.changed
    }

    /// A fact about the day is told under this id; answers what caused it.
    pub fn tell(&mut self, kind: &FactKind, id: EventId) -> Vec<EventId> {
        let before = match kind.of_goal() {
            Some((goal, _)) => self.goals.insert(goal.clone(), id),
            None => self.posted.replace(id),
        };
        let own = |cause: &EventId| {
            (cause.partition, cause.position) != (id.partition, id.position)
                || cause.sub != EventId::INPUT
        };
        let causes = before.into_iter().chain(self.changed);
        causes.filter(own).collect()
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.goals.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        civil::Day,
        id::{PartitionId, Position},
    };

    fn id(index: u64, sub: u32) -> EventId {
        let position = Position { epoch: 1, index };
        EventId {
            partition: PartitionId(256),
            position,
            sub,
        }
    }

    fn extended() -> FactKind {
        FactKind::StreakExtended {
            goal: GoalId::parse("steps").unwrap(),
            day: Day(1),
            count: 1,
            longest: 1,
        }
    }

    #[test]
    fn a_fact_names_the_one_before_it_and_the_input_that_moved_the_day() {
        let mut links = Links::default();
        links.change(id(7, EventId::INPUT));
        assert_eq!(
            links.tell(&extended(), id(7, 0)),
            [],
            "its own input is in its id"
        );
        assert_eq!(
            links.tell(&extended(), id(9, 0)),
            [id(7, 0), id(7, EventId::INPUT)]
        );
    }
}
