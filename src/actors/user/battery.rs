//! What devices say of their batteries: the newest word of each socket, journaled when it is news, and not too often.
//!
//! Called by `command`, by the rounds, and when a socket ends.

use streakline_core::{
    id::DeviceId,
    input::{BatteryReport, Origin, Source},
    limits,
    user::seen,
};

use super::{Cell, UserCell, Waiter};
use crate::{clock, protocol::client_frame::Report, push::SessionHandle};

/// What waits of one socket.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    newest: Option<BatteryReport>,
    /// Machine time from which it may be journaled.
    not_before_ms: u64,
}

impl Waiting {
    /// Whether there is any.
    pub(super) fn is_some(&self) -> bool {
        self.newest.is_some()
    }

    /// What may be journaled now; `last`: the socket ends, so nothing newer comes.
    fn take(&mut self, now_ms: u64, last: bool) -> Option<BatteryReport> {
        if now_ms < self.not_before_ms && !last {
            return None;
        }
        let newest = self.newest.take()?;
        self.not_before_ms = now_ms.saturating_add(limits::BATTERY_EVERY_MS);
        Some(newest)
    }
}

/// A device has told of its battery.
pub(super) fn report(cell: &Cell, session: SessionHandle, report: Report) {
    let mut held = cell.borrow_mut();
    if let Some(client) = held.clients.get_mut(&session)
        && let Some((device, _)) = client.device
    {
        client.battery.newest = Some(reported(device, report));
    }
    note(&mut held, session, false);
    if held.owes() {
        held.attend();
    }
}

fn reported(device: DeviceId, report: Report) -> BatteryReport {
    BatteryReport {
        device,
        percent: report.percent,
        charging: report.charging,
    }
}

/// Journals what waits and may go.
pub(super) fn round(held: &mut UserCell) {
    let waits = held.clients.iter();
    let waits = waits.filter(|(_, client)| client.battery.is_some());
    let waiting: Vec<SessionHandle> = waits.map(|(session, _)| *session).collect();
    for session in waiting {
        note(held, session, false);
    }
}

/// Journals the newest word of a socket, where it is news. What finds the queue full waits for the next round.
pub(super) fn note(held: &mut UserCell, session: SessionHandle, last: bool) {
    if !held.resident().is_some_and(|resident| resident.has_room()) {
        return;
    }
    let now_ms = clock::monotonic_ms();
    let Some(client) = held.clients.get_mut(&session) else {
        return;
    };
    let Some(report) = client.battery.take(now_ms, last) else {
        return;
    };
    let stamp_ms = held.host.now_ms();
    let input = held
        .user()
        .and_then(|user| seen::admit(user, report, stamp_ms));
    if let Some(input) = input {
        let origin = Origin {
            source: Source::Stream,
            principal: format!("user:{}", held.id),
            request_id: String::new(),
        };
        held.offer(origin, (input, Vec::new()), Waiter::None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_word_goes_out_at_most_every_ten_seconds_and_when_its_socket_ends() {
        let say = |percent| {
            Some(reported(
                DeviceId([7; 16]),
                Report {
                    percent,
                    charging: None,
                },
            ))
        };
        let mut waiting = Waiting {
            newest: say(80),
            not_before_ms: 0,
        };
        assert_eq!(waiting.take(5, false), say(80));
        waiting.newest = say(79);
        assert_eq!(waiting.take(10_004, false), None);
        waiting.newest = say(78);
        assert_eq!(waiting.take(10_005, false), say(78));
        waiting.newest = say(77);
        assert_eq!(waiting.take(10_006, true), say(77));
        assert_eq!(waiting.take(90_000, true), None);
    }
}
