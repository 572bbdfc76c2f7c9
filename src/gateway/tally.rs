//! What a session did, for its one log line at the end and for the latency of its acknowledgements.
//!
//! It counts records and never sees a value of one. `conversation` tells it of batches, `session` of frames and of the end.

use std::collections::VecDeque;

use streakline_core::id::{DeviceId, UserId};

use crate::push::Push;
use crate::telemetry::series;

/// Batches whose acknowledgement is measured at the same time; credits keep a good client far below.
const MEASURED_MAX: usize = 64;

/// What is known when a session has ended.
pub(super) struct End<'a> {
    /// Its name, as `welcome` says it; none if it never got that far.
    pub(super) session: &'a str,
    pub(super) user: &'a UserId,
    pub(super) code: u16,
    pub(super) duration_ms: u64,
    pub(super) frames_in: u64,
    pub(super) frames_out: u64,
}

/// Counts of one session.
#[derive(Debug, Default)]
pub(super) struct Tally {
    batches: u64,
    records: u64,
    device: Option<DeviceId>,
    /// Batches that wait for their acknowledgement: number, and machine time of their frame in ms.
    waiting: VecDeque<(u64, u64)>,
}

impl Tally {
    /// The hello was from a device.
    pub(super) fn is_of(&mut self, device: Option<DeviceId>) {
        self.device = device;
    }

    /// A batch was handed on.
    pub(super) fn batch(&mut self, batch_id: u64, records: usize, now_ms: u64) {
        self.batches = self.batches.saturating_add(1);
        self.records = self.records.saturating_add(records as u64);
        if self.waiting.len() < MEASURED_MAX {
            self.waiting.push_back((batch_id, now_ms));
        }
    }

    /// Something is about to be told to the client: if it answers a batch, that wait is over.
    pub(super) fn note(&mut self, push: &Push, now_ms: u64) {
        match push {
            Push::Ack { batch_id, .. } => self.answered(*batch_id, true, now_ms),
            Push::Refused {
                batch_id: Some(batch_id),
                ..
            } => self.answered(*batch_id, false, now_ms),
            _ => {}
        }
    }

    /// A batch is answered: how long that took counts if it was acknowledged.
    fn answered(&mut self, batch_id: u64, acknowledged: bool, now_ms: u64) {
        let place = self.waiting.iter().position(|(id, _)| *id == batch_id);
        let Some((_, begun_ms)) = place.and_then(|place| self.waiting.remove(place)) else {
            return;
        };
        if acknowledged {
            let seconds = now_ms.saturating_sub(begun_ms) as f64 / 1_000.0;
            metrics::histogram!(series::ACK_SECONDS).record(seconds);
        }
    }

    /// The line of a session that has ended.
    pub(super) fn write(&self, end: &End<'_>) {
        let device = self.device.map(|device| device.to_string());
        tracing::info!(
            session = end.session,
            user = %end.user,
            device = device.as_deref().unwrap_or("none"),
            code = end.code,
            duration_ms = end.duration_ms,
            frames_in = end.frames_in,
            frames_out = end.frames_out,
            batches = self.batches,
            records = self.records,
            "session"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_that_are_never_answered_do_not_pile_up() {
        let mut tally = Tally::default();
        for batch_id in 0..10_000 {
            tally.batch(batch_id, 3, 0);
        }
        assert_eq!((tally.batches, tally.records), (10_000, 30_000));
        assert_eq!(tally.waiting.len(), MEASURED_MAX);
        tally.answered(5, true, 9);
        tally.answered(5, true, 9);
        tally.answered(6, false, 9);
        assert_eq!(tally.waiting.len(), MEASURED_MAX - 2);
    }
}
