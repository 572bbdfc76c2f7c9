//! The lane `backfill`: at most so many batches of a device within any minute of machine time (domain.md 1.5), and those of a
//! socket that wait until they may go on.
//!
//! A phone that was offline for days must not starve who is here now. What is over the rate is not refused: it waits, its
//! answer with it, and the credits of its lane keep the client from sending more. Called by `conversation`.

use std::{collections::VecDeque, sync::Arc};

use streakline_core::id::{DeviceId, UserId};

use super::floods::{Rate, Shared, Shares};
use crate::{actors::message::Batch, telemetry::series};

const WINDOW_MS: u64 = 60_000;

/// When batches of one device went on, within the last minute.
#[derive(Debug)]
pub(super) struct Minute {
    max: usize,
    at_ms: VecDeque<u64>,
}

impl Minute {
    fn new(max: u32) -> Self {
        Self {
            max: usize::try_from(max).unwrap_or(usize::MAX).max(1),
            at_ms: VecDeque::new(),
        }
    }

    fn forget(&mut self, now_ms: u64) {
        let is_old = |at_ms: &u64| now_ms.saturating_sub(*at_ms) >= WINDOW_MS;
        while self.at_ms.front().is_some_and(is_old) {
            self.at_ms.pop_front();
        }
    }

    /// Lets one batch go on, or tells how long it must wait, in ms.
    fn admit(&mut self, now_ms: u64) -> Result<(), u64> {
        self.forget(now_ms);
        if self.at_ms.len() < self.max {
            self.at_ms.push_back(now_ms);
            return Ok(());
        }
        let oldest_ms = self.at_ms.front().copied().unwrap_or(now_ms);
        Err(oldest_ms.saturating_add(WINDOW_MS).saturating_sub(now_ms))
    }
}

impl Rate for Minute {
    fn is_unused(&mut self, now_ms: u64) -> bool {
        self.forget(now_ms);
        self.at_ms.is_empty()
    }
}

/// The rates of all devices: a new socket is no new allowance. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Backfills(Shares<(UserId, DeviceId), Minute>);

impl Backfills {
    /// The queue of a device's new socket.
    pub(super) fn of_device(
        &self,
        device: (UserId, DeviceId),
        per_min: u32,
        now_ms: u64,
    ) -> Backfill {
        let minute = self.0.share(&device, || Minute::new(per_min), now_ms);
        Backfill {
            minute: Some(minute),
            waiting: VecDeque::new(),
            expected: false,
        }
    }
}

/// What a socket has sent of the lane and what waits of it, in order.
#[derive(Debug, Default)]
pub(super) struct Backfill {
    /// `None` before a device's hello, and for viewers.
    minute: Option<Arc<Shared<Minute>>>,
    /// Bounded by the credits of the lane.
    waiting: VecDeque<Batch>,
    /// Somebody will ask when the next one may go on.
    expected: bool,
}

/// What is next of a backlog.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// This batch goes on now.
    Batch(Batch),
    /// Ask again after so many ms.
    Wait(u64),
    /// Nothing waits, or somebody will ask anyway.
    Nothing,
}

impl Backfill {
    /// A batch came.
    pub(super) fn push(&mut self, batch: Batch) {
        metrics::gauge!(series::BACKFILL_WAITING).increment(1);
        self.waiting.push_back(batch);
    }

    /// The time that [`Next::Wait`] asked for is over.
    pub(super) fn woken(&mut self) {
        self.expected = false;
    }

    /// What is next.
    pub(super) fn next(&mut self, now_ms: u64) -> Next {
        let (Some(minute), false) = (&self.minute, self.waiting.is_empty()) else {
            return Next::Nothing;
        };
        match minute.lock(|minute| minute.admit(now_ms)) {
            Ok(()) => self.pop().map_or(Next::Nothing, Next::Batch),
            Err(_) if self.expected => Next::Nothing,
            Err(wait_ms) => {
                self.expected = true;
                Next::Wait(wait_ms)
            }
        }
    }

    /// Takes back everything that waits: the client sends it again on another socket.
    pub(super) fn give_up(&mut self) -> Vec<u64> {
        let mut given_up = Vec::new();
        while let Some(batch) = self.pop() {
            given_up.push(batch.batch_id);
        }
        given_up
    }

    fn pop(&mut self) -> Option<Batch> {
        let batch = self.waiting.pop_front()?;
        metrics::gauge!(series::BACKFILL_WAITING).decrement(1);
        Some(batch)
    }
}

impl Drop for Backfill {
    fn drop(&mut self) {
        self.give_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::Lane;

    fn batch(batch_id: u64) -> Batch {
        Batch {
            batch_id,
            lane: Lane::Backfill,
            first_seq: batch_id,
            bytes: 100,
            records: vec![],
            signatures: vec![],
        }
    }

    fn device() -> (UserId, DeviceId) {
        (UserId::parse("ann").unwrap(), DeviceId([7; 16]))
    }

    /// Batches that go on at once.
    fn passed(backfill: &mut Backfill, now_ms: u64) -> Vec<u64> {
        let next = || match backfill.next(now_ms) {
            Next::Batch(batch) => Some(batch.batch_id),
            Next::Wait(_) | Next::Nothing => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn any_minute_has_so_many_and_the_next_one_waits_for_the_oldest_to_pass() {
        let backfills = Backfills::default();
        let mut backfill = backfills.of_device(device(), 3, 0);
        for number in 1..=5 {
            backfill.push(batch(number));
        }
        assert_eq!(passed(&mut backfill, 1_000), [1, 2, 3]);
        assert_eq!(backfill.next(2_000), Next::Nothing, "the wait is known");
        backfill.woken();
        assert_eq!(backfill.next(2_000), Next::Wait(59_000));
        backfill.woken();
        assert_eq!(passed(&mut backfill, 60_999), [0; 0]);
        backfill.woken();
        assert_eq!(passed(&mut backfill, 61_000), [4, 5]);
    }

    #[test]
    fn a_new_socket_of_the_device_is_no_new_allowance() {
        let backfills = Backfills::default();
        let mut first = backfills.of_device(device(), 2, 0);
        (1..=2).for_each(|number| first.push(batch(number)));
        assert_eq!(passed(&mut first, 0), [1, 2]);
        drop(first);
        let mut second = backfills.of_device(device(), 2, 1);
        second.push(batch(3));
        assert_eq!(second.next(1), Next::Wait(59_999));
        let other = (UserId::parse("bob").unwrap(), DeviceId([7; 16]));
        let mut other = backfills.of_device(other, 2, 1);
        other.push(batch(1));
        assert_eq!(passed(&mut other, 1), [1], "nor is it anybody else's");
    }

    #[test]
    fn what_waits_is_given_up_with_its_numbers() {
        let mut backfill = Backfills::default().of_device(device(), 1, 0);
        (1..=3).for_each(|number| backfill.push(batch(number)));
        assert_eq!(passed(&mut backfill, 0), [1]);
        assert_eq!(backfill.give_up(), [2, 3]);
        assert_eq!(backfill.next(60_000), Next::Nothing);
    }
}
