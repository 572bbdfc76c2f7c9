//! What a user takes in memory, about: enough to bound a server by it, not an account of every byte.
//!
//! Minutes and loaded records are what grows; everything else is counted with it because many small users are large together.
//! Asked by `actors::admission`, which bounds the sum.

use core::mem::size_of;

use super::{Device, User, resident::Resident};
use crate::{
    day::{DayState, DeviceCells, GoalDay},
    event::{Fact, Transfer},
    goal::Goal,
    id::{GoalId, RecordId},
    merge::Cell,
    records::{RecordKey, StoredRecord},
    user::Enrolment,
};

/// A node's share of an ordered map and the allocator's rounding, per entry.
const ENTRY_BYTES: usize = 48;

impl DeviceCells {
    fn bytes(&self) -> usize {
        let eligible = self.eligible.as_ref().map_or(0, alloc::vec::Vec::capacity);
        let cells = self.display.capacity().saturating_add(eligible);
        cells
            .saturating_mul(size_of::<Cell>())
            .saturating_add(size_of::<Self>())
            .saturating_add(ENTRY_BYTES)
    }
}

impl DayState {
    fn head_bytes(&self) -> usize {
        let heads = self.head.iter().flat_map(|head| head.devices.values());
        heads.map(DeviceCells::bytes).sum()
    }

    fn bytes(&self) -> usize {
        let goal = size_of::<(GoalId, GoalDay)>().saturating_add(ENTRY_BYTES);
        let ids = size_of::<(u32, RecordId, RecordId)>().saturating_add(ENTRY_BYTES);
        self.head_bytes()
            .saturating_add(size_of::<Self>())
            .saturating_add(ENTRY_BYTES)
            .saturating_add(self.goals.len().saturating_mul(goal))
            .saturating_add(self.ids.len().saturating_mul(ids))
    }
}

impl User {
    /// Bytes of minutes at hand: the head of design.md 5.
    #[must_use]
    pub fn head_bytes(&self) -> usize {
        self.days.values().map(DayState::head_bytes).sum()
    }

    /// Bytes of the whole state.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let each =
            |count: usize, size: usize| count.saturating_mul(size.saturating_add(ENTRY_BYTES));
        let days: usize = self.days.values().map(DayState::bytes).sum();
        size_of::<Self>()
            .saturating_add(days)
            .saturating_add(self.tail.bytes())
            .saturating_add(each(self.devices.len(), size_of::<Device>()))
            .saturating_add(each(self.goals.len(), size_of::<Goal>()))
            .saturating_add(each(self.enrolments.len(), size_of::<Enrolment>()))
            .saturating_add(each(self.facts.len(), size_of::<Fact>()))
            .saturating_add(each(self.transfers.len(), size_of::<Transfer>()))
            .saturating_add(each(self.manifest.len(), ENTRY_BYTES))
    }
}

impl Resident {
    /// Bytes of the state and of the stored records that are kept at hand for late samples.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let one = size_of::<(RecordKey, StoredRecord)>().saturating_add(ENTRY_BYTES);
        self.user()
            .bytes()
            .saturating_add(self.loaded_records().saturating_mul(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{civil::Day, day::Head, id::UserId, merge::Trust};

    fn user(cells: usize) -> User {
        let cell = Cell {
            minute: 0,
            covered_ms: 60_000,
            value: 100,
            trust: Trust::Sensed,
        };
        let mut head = Head::default();
        let display = alloc::vec![cell; cells];
        let eligible = None;
        head.devices.insert(0, DeviceCells { display, eligible });
        let mut user = User::new(UserId::parse("ann").unwrap());
        let day = DayState {
            head: Some(head),
            ..DayState::default()
        };
        user.days.insert(Day(1), day);
        user
    }

    #[test]
    fn minutes_weigh_what_they_take_and_nothing_once_they_are_let_go() {
        let (few, many) = (user(10), user(1_440));
        let grown = many.head_bytes() - few.head_bytes();
        assert_eq!(grown, 1_430 * size_of::<Cell>());
        assert_eq!(many.bytes() - few.bytes(), grown);
        let mut cold = many;
        cold.days.values_mut().for_each(|day| day.cool(&[]));
        assert_eq!(cold.head_bytes(), 0);
        assert!(cold.bytes() < few.bytes());
    }
}
