//! The series that every frame moves, with handles that are looked up once a thread: the registry finds a series by hashing its
//! name and labels, twelve times a batch.

use metrics::{Counter, Gauge};

use crate::{push::Lane, telemetry::series};

/// Handles of one thread.
struct Meters {
    frames_in: Counter,
    frames_out: Counter,
    live: Unacknowledged,
    backfill: Unacknowledged,
}

/// What is not acknowledged in one lane, over all sockets.
struct Unacknowledged {
    batches: Gauge,
    bytes: Gauge,
}

thread_local! {
    static METERS: Meters = Meters {
        frames_in: metrics::counter!(series::STREAM_FRAMES, "direction" => "in"),
        frames_out: metrics::counter!(series::STREAM_FRAMES, "direction" => "out"),
        live: Unacknowledged::of(Lane::Live),
        backfill: Unacknowledged::of(Lane::Backfill),
    };
}

impl Unacknowledged {
    fn of(lane: Lane) -> Self {
        Self {
            batches: metrics::gauge!(series::STREAM_UNACKNOWLEDGED_BATCHES, "lane" => lane.name()),
            bytes: metrics::gauge!(series::STREAM_UNACKNOWLEDGED_BYTES, "lane" => lane.name()),
        }
    }
}

/// A frame has come.
pub(super) fn frame_in() {
    METERS.with(|meters| meters.frames_in.increment(1));
}

/// A frame goes out.
pub(super) fn frame_out() {
    METERS.with(|meters| meters.frames_out.increment(1));
}

/// A batch was taken from a socket, or was answered.
pub(super) fn unacknowledged(lane: Lane, bytes: usize, taken: bool) {
    METERS.with(|meters| {
        let of_lane = match lane {
            Lane::Live => &meters.live,
            Lane::Backfill => &meters.backfill,
        };
        // Exact far beyond what memory can hold.
        let bytes = bytes as f64;
        if taken {
            of_lane.batches.increment(1);
            of_lane.bytes.increment(bytes);
        } else {
            of_lane.batches.decrement(1);
            of_lane.bytes.decrement(bytes);
        }
    });
}
