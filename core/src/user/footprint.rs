//! What a user takes in memory, about: enough to bound a server by it, not an account of every byte.
//!
//! Minutes and loaded records are what grows; everything else is counted with it because many small users are large together.
//! Asked by `actors::admission`, which bounds the sum.

use core::mem::size_of;

use super::{Device, User, resident::Resident};
use crate::{
    attest::Registration,
    attribute,
    change::Change,
    civil::Day,
    day::{Attested, DayState, DeviceCells, Head, HeldEpisode},
    episode::{Episode, Segment},
    event::{Fact, Transfer},
    goal::{Goal, Revision, WINDOW_DAYS, WindowDay},
    id::{DeviceId, OutboxId},
    merge::{Readings, Workout},
    metric::Metric,
    records::{RecordKey, StoredRecord},
    streak::{Cover, Grant, Keeping},
    user::Enrolment,
};

/// A node's share of an ordered map and the allocator's rounding, per entry.
const ENTRY_BYTES: usize = 48;

impl DeviceCells {
    fn bytes(&self) -> usize {
        let own = [&self.eligible, &self.goals].into_iter().flatten();
        let attested = match &self.attested {
            Some(Attested::Own(cells)) => cells.bytes(),
            _ => 0,
        };
        own.fold(self.display.bytes(), |sum, cells| {
            sum.saturating_add(cells.bytes())
        })
        .saturating_add(attested)
    }
}

impl Head {
    fn bytes(&self) -> usize {
        let amounts: usize = self.amounts.values().map(DeviceCells::bytes).sum();
        let readings: usize = self.readings.values().map(readings_bytes).sum();
        let held = self.episodes.iter().chain(&self.rivals);
        let episodes: usize = held.map(episode_bytes).sum();
        size_of::<Self>()
            .saturating_add(self.amounts.bytes())
            .saturating_add(amounts)
            .saturating_add(self.readings.bytes())
            .saturating_add(readings)
            .saturating_add(episodes)
            .saturating_add(self.totals.bytes())
            .saturating_add(self.wear.bytes())
    }
}

fn readings_bytes(minutes: &alloc::vec::Vec<Readings>) -> usize {
    minutes.capacity().saturating_mul(size_of::<Readings>())
}

fn episode_bytes(held: &HeldEpisode) -> usize {
    let segments = held.episode.segments.capacity();
    segments
        .saturating_mul(size_of::<Segment>())
        .saturating_add(size_of::<HeldEpisode>())
        .saturating_add(size_of::<Episode>())
}

impl DayState {
    fn head_bytes(&self) -> usize {
        self.head.as_deref().map_or(0, Head::bytes)
    }

    fn bytes(&self) -> usize {
        let window = size_of::<[WindowDay; WINDOW_DAYS]>();
        let named = |held: &Workout| held.sport.as_ref().map_or(0, alloc::string::String::len);
        let totals = |held: &Workout| held.totals.len().saturating_mul(size_of::<(Metric, i64)>());
        let workouts = self.workouts.iter().map(|held| {
            size_of::<Workout>()
                .saturating_add(named(held))
                .saturating_add(totals(held))
        });
        self.head_bytes()
            .saturating_add(size_of::<Self>())
            .saturating_add(ENTRY_BYTES)
            .saturating_add(self.goals.bytes())
            .saturating_add(self.links.bytes())
            .saturating_add(self.ids.bytes())
            .saturating_add(self.amounts.bytes())
            .saturating_add(self.for_goals.bytes())
            .saturating_add(self.gauges.bytes())
            .saturating_add(self.shares.bytes())
            .saturating_add(self.issued.bytes())
            .saturating_add(self.issued.len().saturating_mul(window))
            .saturating_add(workouts.sum())
    }
}

fn registration_bytes(held: &Registration) -> usize {
    let registered = held.registered.as_ref();
    let key = registered.map_or(0, |held| held.key.bytes.capacity());
    size_of::<Registration>().saturating_add(key)
}

impl Device {
    fn bytes(&self) -> usize {
        let outboxes = self.outboxes.capacity();
        size_of::<Self>()
            .saturating_add(ENTRY_BYTES)
            .saturating_add(outboxes.saturating_mul(size_of::<(OutboxId, [u64; 2])>()))
            .saturating_add(self.covered.bytes())
            .saturating_add(self.counters.bytes())
            .saturating_add(self.seen.bytes())
            .saturating_add(self.registration.as_deref().map_or(0, registration_bytes))
    }
}

impl User {
    /// Bytes of minutes at hand: the head of design.md 5.
    #[must_use]
    pub fn head_bytes(&self) -> usize {
        self.days.values().map(|day| day.head_bytes()).sum()
    }

    /// Bytes of the whole state.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let each =
            |count: usize, size: usize| count.saturating_mul(size.saturating_add(ENTRY_BYTES));
        let revisions = self.goals.values().map(|goal| goal.revisions.len()).sum();
        let days: usize = self.days.values().map(|day| day.bytes()).sum();
        let devices: usize = self.devices.values().map(|device| device.bytes()).sum();
        let ordered = self.device_orders.values().map(alloc::vec::Vec::len).sum();
        let counted: usize = self.counter_runs.values().map(|run| run.days.len()).sum();
        let streaks = self.streaks.values().map(|kept| {
            each(kept.covers.len(), size_of::<(Day, Cover)>())
                .saturating_add(each(kept.grants.len(), size_of::<Grant>()))
        });
        size_of::<Self>()
            .saturating_add(days)
            .saturating_add(self.tail.held_bytes())
            .saturating_add(attribute::bytes(&self.attributes))
            .saturating_add(devices)
            .saturating_add(each(ordered, size_of::<DeviceId>()))
            .saturating_add(each(self.goals.len(), size_of::<Goal>()))
            .saturating_add(each(revisions, size_of::<Revision>()))
            .saturating_add(each(self.rest_days.len(), size_of::<Day>()))
            .saturating_add(each(self.streaks.len(), size_of::<Keeping>()))
            .saturating_add(streaks.sum::<usize>())
            .saturating_add(each(self.enrolments.len(), size_of::<Enrolment>()))
            .saturating_add(each(self.facts.len(), size_of::<Fact>()))
            .saturating_add(each(self.transfers.len(), size_of::<Transfer>()))
            .saturating_add(each(self.changes.len(), size_of::<Change>()))
            .saturating_add(each(self.manifest.len(), ENTRY_BYTES))
            .saturating_add(each(counted, size_of::<Day>()))
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
    use crate::{
        id::UserId,
        merge::{Cell, Cells, Trust},
    };
    use alloc::boxed::Box;

    fn user(cells: i32) -> User {
        let cell = |minute: i32| Cell {
            minute,
            covered_ms: 60_000,
            value: 100,
            trust: Trust::Sensed,
        };
        let mut head = Head::default();
        let display: Cells = (0..cells).map(cell).collect();
        let cells = DeviceCells {
            display,
            ..DeviceCells::default()
        };
        head.amounts.insert((Metric::STEPS, 0), cells);
        let mut user = User::new(UserId::parse("ann").unwrap());
        let day = DayState {
            head: Some(Box::new(head)),
            ..DayState::default()
        };
        user.days.insert(Day(1), Box::new(day));
        user
    }

    #[test]
    fn minutes_weigh_what_they_take_and_nothing_once_they_are_let_go() {
        let (few, many) = (user(10), user(1_440));
        let grown = many.head_bytes() - few.head_bytes();
        assert!((1_430..1_900).contains(&grown), "{grown}");
        assert_eq!(many.bytes() - few.bytes(), grown);
        let mut cold = many;
        cold.days.values_mut().for_each(|day| drop(day.cool(&[])));
        assert_eq!(cold.head_bytes(), 0);
        assert!(cold.bytes() < few.bytes());
    }
}
