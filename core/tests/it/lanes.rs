//! Queues of a device under every weather (domain.md 1.5): two lanes at once, answers that are lost, sockets that end, outboxes
//! that are lost with everything in them, crashes and snapshots in between. Nothing acknowledged is lost, nothing counts twice.

use proptest::prelude::*;
use streakline_core::{civil::MINUTE_MS, id::OutboxId, record::Record, user::admit::Arrival};

use crate::{
    history::{History, device, steps},
    places::{at, date},
};

const NOON: &str = "2026-05-20T12:00Z";
const MIDNIGHT: &str = "2026-05-20T00:00Z";

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Weather {
    /// The next records of a lane are sent; whether the answer arrives.
    Send {
        lane: usize,
        count: usize,
        heard: bool,
    },
    /// The socket ends; the next hello says where to go on.
    Reconnect,
    /// The app is installed anew: its queues begin again, with everything that the phone still knows.
    Reinstall,
    Crash,
    Snapshot,
}

fn weather() -> impl Strategy<Value = Weather> {
    let send = (0..2_usize, 1..9_usize, prop::bool::weighted(0.7));
    prop_oneof![
        12 => send.prop_map(|(lane, count, heard)| Weather::Send { lane, count, heard }),
        2 => Just(Weather::Reconnect),
        1 => Just(Weather::Reinstall),
        2 => Just(Weather::Crash),
        2 => Just(Weather::Snapshot),
    ]
}

/// A phone with its two queues.
struct Phone {
    history: History,
    queues: [Vec<Record>; 2],
    /// How much of each it believes to be done with.
    done: [usize; 2],
    outbox: u8,
}

impl Phone {
    fn new(queues: [Vec<Record>; 2]) -> Self {
        Self {
            history: History::with_watch(at(NOON), "UTC"),
            queues,
            done: [0, 0],
            outbox: 1,
        }
    }

    fn live(&mut self, weather: Weather) {
        match weather {
            Weather::Send { lane, count, heard } => self.send(lane, count, heard),
            Weather::Reconnect => self.resume(),
            Weather::Reinstall => {
                self.outbox += 1;
                self.done = [0, 0];
            }
            Weather::Crash => {
                self.history.crash();
                self.resume();
            }
            Weather::Snapshot => self.history.snapshot(),
        }
    }

    fn resume(&mut self) {
        let outbox = OutboxId([self.outbox; 16]);
        let held = &self.history.user.devices[&device(1)];
        for (lane, done) in (0_u8..).zip(&mut self.done) {
            let up_to = usize::try_from(held.up_to_seq(outbox, lane)).unwrap();
            assert!(up_to >= *done, "{done} acknowledged, {up_to} kept");
            *done = up_to;
        }
    }

    fn send(&mut self, lane: usize, count: usize, heard: bool) {
        let from = self.done[lane];
        let rest = &self.queues[lane][from..];
        let records: Vec<Record> = rest.iter().take(count).cloned().collect();
        if records.is_empty() {
            return;
        }
        let to = from + records.len();
        let arrival = Arrival {
            device: device(1),
            outbox: OutboxId([self.outbox; 16]),
            lane: u8::try_from(lane).unwrap(),
            first_seq: from as u64 + 1,
            skewed: false,
            records: records.into_iter().map(Ok).collect(),
            unsigned: None,
        };
        let outcome = self
            .history
            .arrive(arrival)
            .expect("no gap: nothing acknowledged is lost");
        assert!(outcome.up_to_seq >= to as u64, "the batch is done with");
        if heard {
            self.done[lane] = usize::try_from(outcome.up_to_seq).unwrap();
        }
    }

    fn finish(&mut self) {
        for lane in 0..2 {
            while self.done[lane] < self.queues[lane].len() {
                self.send(lane, 7, true);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// T1.8, T1.11
    #[test]
    fn lanes_outboxes_reconnects_and_crashes_lose_nothing_and_count_nothing_twice(
        lanes in prop::collection::vec(0..2_usize, 1..60),
        weathers in prop::collection::vec(weather(), 0..60),
    ) {
        let mut queues = [Vec::new(), Vec::new()];
        let mut plain = History::with_watch(at(NOON), "UTC");
        for (minute, lane) in (0_i64..).zip(&lanes) {
            let start_ms = at(MIDNIGHT) + 2 * minute * MINUTE_MS;
            let record = steps(minute.unsigned_abs() + 1, start_ms, 1, 10 + minute);
            plain.send(1, vec![record.clone()]);
            queues[*lane].push(record);
        }
        let mut phone = Phone::new(queues);
        for weather in weathers {
            phone.live(weather);
        }
        phone.finish();
        let today = date("2026-05-20");
        let (one, other) = (plain.day(today), phone.history.day(today));
        prop_assert_eq!(one.state_hash, other.state_hash);
        prop_assert_eq!((one.display, one.eligible), (other.display, other.eligible));
        prop_assert_eq!(other.records as usize, lanes.len());
        let seen = |history: &History| history.user.devices[&device(1)].last_sample_ms;
        prop_assert_eq!(seen(&plain), seen(&phone.history));
    }
}
