//! What is said on a socket: upgrade, hello, batches, and what the answers mean. When a batch is sent is `pace`'s.

use serde_json::json;

use super::connection::{Connection, Covers, Flight, Phase, Received};
use super::{Member, clock, names};
use crate::compact;
use crate::dates::DAY_MS;
use crate::frame::{self, Incoming};
use crate::plan::{Plan, Wire};
use crate::profile::Profile;
use crate::reply::{self, Day, Reply, Welcome};
use crate::template::Numbers;
use crate::upgrade;

/// A record that was repeated after a cut is known already; that is no fault.
const DUPLICATE: &str = "duplicate";

impl Member {
    /// The socket takes bytes: what has waited goes first, and a new socket asks for its upgrade.
    pub(super) fn on_writable(&mut self, index: usize) {
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        if connection.asked {
            return self.flush(index);
        }
        connection.asked = true;
        match self.upgrade_request(index) {
            Ok(request) => self.send(index, request.as_bytes()),
            Err(error) => self.end(index, format!("token: {error}")),
        }
    }

    fn flush(&mut self, index: usize) {
        if let Err(error) = self.connections[index].flush() {
            self.end(index, format!("socket_{:?}", error.kind()));
        }
    }

    fn send(&mut self, index: usize, bytes: &[u8]) {
        if let Err(error) = self.connections[index].send(bytes) {
            self.end(index, format!("socket_{:?}", error.kind()));
        }
    }

    fn upgrade_request(&self, index: usize) -> anyhow::Result<String> {
        let plan = &self.plan;
        let of = match plan.around {
            Some(_) if !self.is_device(index) => self.followed(index),
            _ => index,
        };
        let user = names::user(&plan.run, self.connections[of].number);
        let token = plan.signer.user(&user, clock::unix_ms())?;
        let host = plan.address.to_string();
        Ok(upgrade::request(&host, plan.wire.subprotocol(), &token))
    }

    /// Reads all that has come, and acts on it.
    pub(super) fn on_readable(&mut self, index: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Some(connection) = self.connections.get_mut(index) {
            if connection.phase == Phase::Ended {
                break;
            }
            match connection.receive(&mut buffer) {
                Received::Bytes(count) => {
                    self.take_in(index, &buffer[..count]);
                    // Less than there was room for: the kernel has no more, and tells when it has.
                    if count > 0 && count < buffer.len() {
                        break;
                    }
                }
                Received::Nothing => break,
                Received::End(why) => self.end(index, why),
            }
        }
        self.buffer = buffer;
    }

    fn take_in(&mut self, index: usize, bytes: &[u8]) {
        let connection = &mut self.connections[index];
        if connection.unread.is_empty() {
            let taken = self.messages(index, bytes);
            self.connections[index]
                .unread
                .extend_from_slice(&bytes[taken..]);
            return;
        }
        connection.unread.extend_from_slice(bytes);
        let mut unread = std::mem::take(&mut connection.unread);
        let taken = self.messages(index, &unread);
        unread.drain(..taken);
        if !unread.is_empty() {
            self.connections[index].unread = unread;
        }
    }

    /// Acts on every whole message; the bytes that they took.
    fn messages(&mut self, index: usize, bytes: &[u8]) -> usize {
        let mut taken = 0;
        if self.connections[index].phase == Phase::Upgrading {
            match upgrade::agreed(bytes) {
                Ok(None) => return 0,
                Ok(Some(head)) => taken = head,
                Err(why) => {
                    self.end(index, why);
                    return bytes.len();
                }
            }
            self.connections[index].phase = Phase::Greeting;
            self.greet(index);
        }
        loop {
            match frame::next(&bytes[taken..]) {
                Ok(None) => return taken,
                Ok(Some(message)) => {
                    taken += message.length;
                    self.on_message(index, &message);
                }
                Err(why) => {
                    self.end(index, why.0.to_owned());
                    return bytes.len();
                }
            }
        }
    }

    fn on_message(&mut self, index: usize, message: &Incoming<'_>) {
        let now_ns = clock::now_ns();
        if self.is_measured(now_ns) {
            self.figures.messages_measured += 1;
            self.figures.bytes_in_measured += message.length as u64;
        }
        match message.opcode {
            frame::TEXT | frame::BINARY if self.plan.is_floor => self.on_floor(index, now_ns),
            frame::TEXT | frame::BINARY => {
                let reply = match self.plan.wire {
                    Wire::Json => reply::of_json(message.payload),
                    Wire::Cbor => reply::of_compact(message.payload),
                };
                if matches!(reply, Reply::Board { .. }) && self.is_measured(now_ns) {
                    self.figures.board_bytes_measured += message.length as u64;
                }
                self.on_reply(index, reply, now_ns);
            }
            frame::PING => {
                let (pong, _) = frame::masked(frame::PONG, message.payload);
                self.send(index, &pong);
            }
            frame::CLOSE => {
                let code = message
                    .payload
                    .first_chunk()
                    .map_or(1005, |code| u16::from_be_bytes(*code));
                self.end(index, format!("close_{code}"));
            }
            _ => {}
        }
    }

    pub(super) fn is_measured(&self, ns: u64) -> bool {
        (self.window.0..self.window.1).contains(&ns)
    }

    /// The first frame of a socket.
    fn greet(&mut self, index: usize) {
        let (plan, connection) = (&self.plan, &self.connections[index]);
        let events = connection.events.as_ref();
        let events = events.map(|(epoch, seq)| json!({"epoch": epoch, "after_seq": seq}));
        let mut hello =
            json!({"type": "hello", "zone": plan.zone, "client_time_ms": clock::unix_ms()});
        if self.is_device(index) {
            hello["device_id"] = names::device(plan.run_number, connection.number).into();
            hello["outbox_id"] = names::outbox(plan.run_number, connection.number).into();
            hello["class"] = plan.profile.class().into();
            hello["vendor"] = "swarm".into();
        }
        if let Some(events) = events {
            hello["events"] = events;
        }
        self.send_value(index, &hello);
    }

    fn send_value(&mut self, index: usize, value: &serde_json::Value) {
        let frame = match self.plan.wire {
            Wire::Json => Ok(frame::masked(frame::TEXT, value.to_string().as_bytes())),
            Wire::Cbor => {
                compact::write(value).map(|written| frame::masked(frame::BINARY, &written.bytes))
            }
        };
        match frame {
            Ok((frame, _)) => self.send(index, &frame),
            Err(error) => self.end(index, format!("unwritten: {error}")),
        }
    }

    /// The floor answers everything with the same: first the hello, then the oldest frame.
    fn on_floor(&mut self, index: usize, now_ns: u64) {
        if self.connections[index].phase == Phase::Greeting {
            self.connections[index].credits = u32::MAX;
            return self.opened(index);
        }
        if let Some(flight) = self.connections[index].in_flight.pop_front() {
            self.acknowledged(index, flight, now_ns);
        }
    }

    fn on_reply(&mut self, index: usize, reply: Reply, now_ns: u64) {
        match reply {
            Reply::Welcome(welcome) => self.on_welcome(index, welcome),
            Reply::Acknowledged {
                batch,
                credits,
                refused,
            } => self.on_acknowledgement(index, (batch, credits), &refused, now_ns),
            Reply::Day(day) => self.on_day(index, day, now_ns),
            Reply::Subscribed => self.on_subscribed(index),
            Reply::Board { id, score, own } => {
                let score = if self.plan.around.is_some() {
                    own
                } else {
                    Some(score)
                };
                self.on_board(index, (id, score.unwrap_or(0)), now_ns);
            }
            Reply::Error { code, batch } => {
                self.forget(index, batch);
                self.figures.error(code);
            }
            Reply::Other => {}
        }
    }

    fn on_welcome(&mut self, index: usize, welcome: Welcome) {
        let lane = usize::from(self.plan.profile.lane() == "backfill");
        let connection = &mut self.connections[index];
        connection.credits = welcome.credits[lane].max(1);
        connection.next_seq = welcome.resume_after[lane] + 1;
        connection.events = Some((welcome.epoch, welcome.next_event.saturating_sub(1)));
        if self.is_device(index) {
            return self.opened(index);
        }
        for id in 0..self.plan.boards.len() {
            let topic = format!("board/{}", self.plan.boards[id]);
            let view = match self.plan.around {
                Some(rows) => json!({"around": {"k": rows}}),
                None => json!({"top": self.plan.top}),
            };
            let mut subscribe =
                json!({"type": "subscribe", "id": id, "topic": topic, "view": view});
            if self.plan.deltas {
                subscribe["deltas"] = true.into();
            }
            self.send_value(index, &subscribe);
        }
    }

    fn on_subscribed(&mut self, index: usize) {
        let boards = self.plan.boards.len();
        let connection = &mut self.connections[index];
        connection.subscribed += 1;
        connection.scores.resize(boards, 0);
        if connection.subscribed == boards {
            self.opened(index);
        }
    }

    fn opened(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        if connection.phase == Phase::Greeting {
            connection.phase = Phase::Open;
            self.open += 1;
        }
        if self.cut_ns.is_some() {
            self.resume(index);
        }
    }

    fn on_acknowledgement(
        &mut self,
        index: usize,
        of: (u64, u32),
        refused: &[String],
        now_ns: u64,
    ) {
        let (batch, credits) = of;
        for code in refused {
            if self.cut_ns.is_none() || code != DUPLICATE {
                self.figures.error(format!("record_{code}"));
            }
        }
        self.connections[index].credits = credits.max(1);
        match self.forget(index, Some(batch)) {
            Some(flight) => self.acknowledged(index, flight, now_ns),
            None => self.figures.error("acknowledged_twice"),
        }
    }

    /// Takes a frame out of those that wait for an answer.
    fn forget(&mut self, index: usize, batch: Option<u64>) -> Option<Flight> {
        let in_flight = &mut self.connections[index].in_flight;
        let place = in_flight
            .iter()
            .position(|flight| Some(flight.batch) == batch)?;
        let flight = in_flight.remove(place);
        self.in_flight = self.in_flight.saturating_sub(u64::from(flight.is_some()));
        flight
    }

    /// A frame is durable; the device may send its next.
    fn acknowledged(&mut self, index: usize, flight: Flight, now_ns: u64) {
        if self.plan.is_floor {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        self.figures.frames_acknowledged += 1;
        self.connections[index].acknowledged += flight.records;
        if self.is_measured(now_ns) {
            self.figures.frames_measured += 1;
        }
        if self.is_measured(flight.intended_ns) {
            let took_ns = now_ns.saturating_sub(flight.intended_ns);
            self.times.acknowledgement.record_ns(took_ns);
        }
        self.go_on(index, now_ns);
    }

    fn on_day(&mut self, index: usize, day: Day, now_ns: u64) {
        let is_covered = |covers: Covers| match covers {
            Covers::Reading(last_ms) => day.last_ms.is_some_and(|newest| newest >= last_ms),
            Covers::Steps { day: of, total } => day.day == of && day.display >= total,
        };
        while let Some((covers, sent_ns)) = self.connections[index].uncovered.front().copied() {
            if !is_covered(covers) {
                return;
            }
            self.connections[index].uncovered.pop_front();
            if self.is_measured(sent_ns) {
                self.times.push.record_ns(now_ns.saturating_sub(sent_ns));
            }
        }
    }

    fn on_board(&mut self, index: usize, (id, score): (u64, u64), now_ns: u64) {
        if self.is_measured(now_ns) {
            self.figures.deliveries_measured += 1;
        }
        // A board may come before the answer that its subscription stands.
        let newest = self.connections[index].scores.get_mut(id as usize);
        // Rows of others may come without the one that is looked at: only a higher score is its next.
        let is_news = newest.is_some_and(|newest| {
            let is_news = *newest < score;
            *newest = score.max(*newest);
            is_news
        });
        let followed = &self.connections[self.followed(index)];
        let steps = self.plan.profile.value(followed.number, 1) * u64::from(self.plan.records);
        let sent = score
            .checked_div(steps)
            .and_then(|frames| frames.checked_sub(1));
        let sent_ns = sent.and_then(|frame| followed.sent_ns.get(frame as usize).copied());
        if let Some(sent_ns) = sent_ns.filter(|sent_ns| is_news && self.is_measured(*sent_ns)) {
            self.times.board.record_ns(now_ns.saturating_sub(sent_ns));
        }
    }

    /// Sends the device's next frame, which was meant to be sent at `intended_ns`.
    pub(super) fn send_batch(&mut self, index: usize, intended_ns: u64) {
        let plan = &self.plan;
        let connection = &mut self.connections[index];
        let (records, number) = (self.template.records(), connection.number);
        let numbers = Numbers {
            batch: connection.next_batch,
            first_seq: connection.next_seq,
            start_ms: self.start_ms + (connection.next_seq as i64 - 1) * plan.step_ms,
            step_ms: plan.step_ms,
            span_ms: plan.span_ms(),
        };
        let last_ms = numbers.start_ms + (records as i64 - 1) * plan.step_ms;
        if last_ms > plan.end_ms {
            return self.figures.error("no_time_left_for_samples");
        }
        let profile = plan.profile;
        let covers = covers(connection, &numbers, records, plan);
        let now_ns = clock::now_ns();
        connection.next_batch += 1;
        connection.next_seq += records;
        connection.in_flight.push_back(Flight {
            batch: numbers.batch,
            intended_ns,
            records,
        });
        // The floor tells no states.
        if !plan.is_floor {
            connection.uncovered.push_back((covers, now_ns));
        }
        let frame = self
            .template
            .fill(numbers, |seq| profile.value(number, seq));
        if let Err(error) = connection.send(frame) {
            let why = format!("socket_{:?}", error.kind());
            return self.end(index, why);
        }
        self.in_flight += 1;
        self.figures.frames_sent += 1;
        let is_followed = number == 0 || self.plan.around.is_some();
        if is_followed && profile == Profile::Board {
            self.connections[index].sent_ns.push(now_ns);
        }
    }
}

/// What a state must say to cover this frame.
fn covers(connection: &mut Connection, of: &Numbers, records: u64, plan: &Plan) -> Covers {
    let count = records as i64;
    if plan.profile.is_vehicle() {
        return Covers::Reading(of.start_ms + (count - 1) * of.step_ms);
    }
    for record in 0..count {
        let day = (of.start_ms + record * of.step_ms).div_euclid(DAY_MS);
        let seq = of.first_seq + record as u64;
        let before = if connection.steps.0 == day {
            connection.steps.1
        } else {
            0
        };
        connection.steps = (day, before + plan.profile.value(connection.number, seq));
    }
    let (day, total) = connection.steps;
    Covers::Steps { day, total }
}
