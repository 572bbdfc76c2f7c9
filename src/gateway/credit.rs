//! Credits of one socket: how many batches, and how many of their bytes, may be unacknowledged in each lane (protocol.md 3).
//!
//! The lane `backfill` has half of what `live` has, so that no backlog takes the place of what happens now. Counts only; the
//! gate does the holding back. Called by `conversation`.

use std::collections::VecDeque;

use super::meters;
use crate::push::Lane;

/// How much of one lane may be unacknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) batches: u32,
    pub(super) bytes: usize,
}

/// The windows and what is in them.
#[derive(Debug, Default)]
pub(super) struct Credit {
    windows: [Window; 2],
    /// Batches that are not answered: number, lane and bytes, in order of arrival.
    unacknowledged: VecDeque<(u64, Lane, usize)>,
}

impl Credit {
    /// Sets how much may be unacknowledged: the batches of the lane `live`, and their part of the `bytes` that belong to `all`
    /// batches (`limits.credits`). At least one batch, or nothing could ever be sent.
    pub(super) fn set_window(&mut self, credits: u32, (all, bytes): (u32, usize)) {
        let of = |share: u32| {
            let batches = share.max(1);
            // Below 64 batches and 2^32 bytes, so the product fits.
            let bytes = bytes.saturating_mul(batches as usize) / all.max(1) as usize;
            Window { batches, bytes }
        };
        self.windows = [of(credits), of(credits / 2)];
    }

    /// How much of a lane may be unacknowledged.
    pub(super) fn window(&self, lane: Lane) -> Window {
        self.windows[index(lane)]
    }

    /// A batch was taken from the socket.
    pub(super) fn spend(&mut self, batch_id: u64, lane: Lane, bytes: usize) {
        meters::unacknowledged(lane, bytes, true);
        self.unacknowledged.push_back((batch_id, lane, bytes));
    }

    /// A batch was answered; an answer to none changes nothing.
    pub(super) fn restore(&mut self, batch_id: u64) {
        let mut waiting = self.unacknowledged.iter();
        let place = waiting.position(|(id, ..)| *id == batch_id);
        if let Some((_, lane, bytes)) = place.and_then(|place| self.unacknowledged.remove(place)) {
            meters::unacknowledged(lane, bytes, false);
        }
    }

    /// Whether another frame may be read. The lane `live` stops at its window. A backlog that stands at its window does not
    /// stop what happens now; only one that goes beyond it does.
    pub(super) fn is_left(&self) -> bool {
        let (live, window) = (self.taken(Lane::Live), self.window(Lane::Live));
        let has_room =
            live.batches < window.batches && (live.bytes < window.bytes || live.batches == 0);
        let (kept, window) = (self.taken(Lane::Backfill), self.window(Lane::Backfill));
        let beyond = kept.batches > window.batches || kept.bytes > window.bytes;
        has_room && (kept.batches <= 1 || !beyond)
    }

    /// Whether every batch was answered.
    pub(super) fn is_settled(&self) -> bool {
        self.unacknowledged.is_empty()
    }

    fn taken(&self, lane: Lane) -> Window {
        let of_lane = self.unacknowledged.iter().filter(|(_, of, _)| *of == lane);
        of_lane.fold(Window::default(), |taken, (_, _, bytes)| Window {
            batches: taken.batches.saturating_add(1),
            bytes: taken.bytes.saturating_add(*bytes),
        })
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        for (_, lane, bytes) in self.unacknowledged.drain(..) {
            meters::unacknowledged(lane, bytes, false);
        }
    }
}

fn index(lane: Lane) -> usize {
    match lane {
        Lane::Live => 0,
        Lane::Backfill => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credit(credits: u32, bytes: usize) -> Credit {
        let mut credit = Credit::default();
        credit.set_window(credits, (4, bytes));
        credit
    }

    #[test]
    fn reading_stops_at_the_window_and_goes_on_after_an_answer() {
        let mut credit = credit(2, 1_000);
        credit.spend(1, Lane::Live, 10);
        assert!(credit.is_left());
        credit.spend(2, Lane::Live, 10);
        assert!(!credit.is_left());
        credit.restore(1);
        assert!(credit.is_left() && !credit.is_settled());
        credit.restore(2);
        credit.restore(2);
        assert!(credit.is_settled(), "an answer too many changes nothing");
    }

    #[test]
    fn reading_stops_at_the_bytes_too_but_one_batch_is_always_taken() {
        let mut credit = credit(4, 1_000);
        credit.spend(1, Lane::Live, 999);
        assert!(credit.is_left());
        credit.spend(2, Lane::Live, 1);
        assert!(!credit.is_left());
        credit.restore(1);
        credit.restore(2);
        credit.spend(3, Lane::Live, 5_000);
        assert!(!credit.is_left());
        credit.restore(3);
        assert!(credit.is_left());
    }

    #[test]
    fn a_backlog_within_its_credits_never_stops_what_happens_now() {
        let mut credit = credit(4, 1_000);
        let window = credit.window(Lane::Backfill);
        assert_eq!((window.batches, window.bytes), (2, 500));
        credit.spend(1, Lane::Backfill, 250);
        credit.spend(2, Lane::Backfill, 250);
        assert!(credit.is_left());
        credit.spend(3, Lane::Live, 100);
        assert!(credit.is_left());
        credit.spend(4, Lane::Backfill, 1);
        assert!(!credit.is_left(), "one beyond them does");
        credit.restore(1);
        assert!(credit.is_left());
    }

    #[test]
    fn a_crowded_server_gives_less_and_never_nothing() {
        let mut credit = credit(1, 1_000);
        let windows = [Lane::Live, Lane::Backfill].map(|lane| credit.window(lane));
        let least = Window {
            batches: 1,
            bytes: 250,
        };
        assert_eq!(windows, [least; 2]);
        credit.spend(1, Lane::Backfill, 5_000);
        assert!(credit.is_left(), "one of a backlog is not beyond it");
    }
}
