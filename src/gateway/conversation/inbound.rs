//! The client's half of a conversation: what each frame leads to.

use std::collections::btree_map::Entry;

use streakline_core::{
    challenge::{section::Section, segments::Segment},
    limits,
};

use super::{Conversation, Phase, Received, Step};
use crate::{
    actors::message::{self, Caller, DeviceHello},
    gateway::{
        auth::{Bearer, refuse_token},
        backfill::Next,
        doors::Doors,
    },
    protocol::{
        cbor,
        client_frame::{self, ClientFrame, Refused, View},
        error_code::{Code, Refusal},
        server_frame::{Authenticated, CloseReason, Pong, Unsubscribed},
    },
    push::Lane,
};

impl Conversation {
    /// A message came. `now_ms` is machine time.
    pub(in crate::gateway) fn on_message(
        &mut self,
        message: Received<'_>,
        now_ms: u64,
        doors: &dyn Doors,
    ) -> Vec<Step> {
        if message.form() != self.form {
            return self.close(CloseReason::OTHER_FORM);
        }
        if matches!(self.phase, Phase::Closed | Phase::Draining { .. }) {
            return Vec::new();
        }
        if let Some(steps) = self.on_frame(now_ms) {
            return steps;
        }
        let max_records = self.settings.max_records;
        let frame = match message {
            Received::Text(text) => client_frame::decode(text, max_records),
            Received::Binary(bytes) => cbor::decode(bytes, max_records),
        };
        match frame {
            Ok(frame) => self.on_client_frame(frame, now_ms, doors),
            Err(refused) => self.on_bad_frame(refused, now_ms),
        }
    }

    /// Any frame counts against the rate, whole messages, fragments and pings alike.
    pub(in crate::gateway) fn on_frame(&mut self, now_ms: u64) -> Option<Vec<Step>> {
        if self.rates.admit(now_ms) {
            return None;
        }
        let reason = CloseReason::of(Code::RateLimited, Some(self.settings.retry_after_ms));
        Some(self.close(reason))
    }

    fn on_client_frame(&mut self, frame: ClientFrame, now_ms: u64, doors: &dyn Doors) -> Vec<Step> {
        match (self.phase, frame) {
            (Phase::AwaitHello, ClientFrame::Hello(hello)) => self.on_hello(*hello, now_ms, doors),
            (Phase::AwaitHello, _) => {
                let detail = "the first frame must be a hello";
                self.end(Refusal::new(Code::HelloExpected, detail))
            }
            (_, ClientFrame::Hello(_)) => {
                let refusal = Refusal::new(Code::HelloRepeated, "hello was said already");
                self.on_bad_frame(refusal.into(), now_ms)
            }
            (_, ClientFrame::Batch(batch)) => self.on_batch(batch_of(batch), now_ms, doors),
            (_, ClientFrame::Device(report)) => self.on_report(report, doors),
            (_, ClientFrame::Subscribe(subscribe)) => self.on_subscribe(subscribe, doors),
            (_, ClientFrame::Unsubscribe { id }) => self.on_unsubscribe(id, doors),
            (_, ClientFrame::Ping { id }) => {
                let server_time_ms = doors.now_ms();
                vec![self.send(&Pong { id, server_time_ms })]
            }
            (_, ClientFrame::Auth { token }) => self.on_auth(&token, doors),
        }
    }

    /// A frame that means nothing here; too many of them end the socket.
    fn on_bad_frame(&mut self, refused: Refused, now_ms: u64) -> Vec<Step> {
        let Refused {
            refusal,
            batch_id,
            id,
        } = refused;
        let code = refusal.code;
        // An unknown topic is a wrong question in a right frame.
        let counts = code != Code::NotFound;
        let mut steps = if self.phase == Phase::AwaitHello && code == Code::NotFound {
            let detail = "the first frame must be a hello";
            return self.end(Refusal::new(Code::HelloExpected, detail));
        } else {
            self.refuse(refusal, batch_id, id)
        };
        if counts && self.bad_frames.add(now_ms) {
            steps.extend(self.close(CloseReason::of(code, None)));
        }
        steps
    }

    fn on_hello(
        &mut self,
        hello: client_frame::Hello,
        now_ms: u64,
        doors: &dyn Doors,
    ) -> Vec<Step> {
        let device = hello.device.as_ref().map(|device| device.device);
        if self.bearer.device.is_some() && self.bearer.device != device {
            let detail = "the token is for another device";
            return self.end(Refusal::new(Code::Forbidden, detail));
        }
        self.is_device = device.is_some();
        if let Some(device) = device {
            let (whose, per_min) = (
                (self.bearer.user.clone(), device),
                self.settings.backfill_batches_per_min,
            );
            self.backfill = self.rates.backfills.of_device(whose, per_min, now_ms);
        }
        self.tally.is_of(device);
        let caller = Caller {
            principal: self.bearer.principal(),
            request_id: self.request_id.clone(),
        };
        match doors.open(&self.bearer.user, self.handle, hello_of(hello), caller) {
            Ok(()) => {
                self.phase = Phase::Opening;
                // What follows the hello waits until it is known what it follows.
                vec![Step::Read(false)]
            }
            Err(refusal) => self.refuse(refusal, None, None),
        }
    }

    /// A batch of the lane `live` goes on at once; one of the other waits for its rate.
    fn on_batch(&mut self, batch: message::Batch, now_ms: u64, doors: &dyn Doors) -> Vec<Step> {
        let (batch_id, lane, bytes) = (batch.batch_id, batch.lane, batch.bytes);
        if !self.is_device {
            let refusal = Refusal::new(Code::NoDevice, "a viewer may not send samples");
            return self.refuse(refusal, Some(batch_id), None);
        }
        self.credit.spend(batch_id, lane, bytes);
        let mut steps = match lane {
            Lane::Live => self.hand_on(batch, now_ms, doors),
            Lane::Backfill => {
                self.backfill.push(batch);
                self.go_on(now_ms, doors)
            }
        };
        if !self.credit.is_left() {
            steps.push(Step::Read(false));
        }
        steps
    }

    /// Hands on what the rate lets through of the backlog.
    pub(super) fn go_on(&mut self, now_ms: u64, doors: &dyn Doors) -> Vec<Step> {
        let mut steps = Vec::new();
        while self.phase == Phase::Open {
            match self.backfill.next(now_ms) {
                Next::Batch(batch) => steps.extend(self.hand_on(batch, now_ms, doors)),
                Next::Wait(wait_ms) => {
                    steps.push(Step::Wake(wait_ms));
                    break;
                }
                Next::Nothing => break,
            }
        }
        steps
    }

    /// Hands a batch on; one that is refused at the door is answered by that.
    fn hand_on(&mut self, batch: message::Batch, now_ms: u64, doors: &dyn Doors) -> Vec<Step> {
        let (batch_id, records) = (batch.batch_id, batch.records.len());
        match doors.ingest(&self.bearer.user, self.handle, batch) {
            Ok(()) => {
                self.tally.batch(batch_id, records, now_ms);
                Vec::new()
            }
            Err(refusal) => {
                self.credit.restore(batch_id);
                self.refuse(refusal, Some(batch_id), None)
            }
        }
    }

    /// The newest report is what counts, so one that finds no room is as good as one that was lost on the way.
    fn on_report(&mut self, report: client_frame::Report, doors: &dyn Doors) -> Vec<Step> {
        if !self.is_device {
            let refusal = Refusal::new(Code::NoDevice, "a viewer has no battery");
            return self.refuse(refusal, None, None);
        }
        doors.report(&self.bearer.user, self.handle, report);
        Vec::new()
    }

    fn on_subscribe(&mut self, wanted: client_frame::Subscribe, doors: &dyn Doors) -> Vec<Step> {
        let (id, challenge) = (wanted.id, wanted.challenge);
        let section = match self.section_of((wanted.view, wanted.segment), doors) {
            Ok(section) => section,
            Err(refusal) => return self.refuse(refusal, None, Some(id)),
        };
        let standing = self.subscriptions.len();
        let Entry::Vacant(place) = self.subscriptions.entry(id) else {
            let detail = format!("/id {id} is in use");
            let refusal = client_frame::bad_frame("/id", detail);
            return self.refuse(refusal, None, Some(id));
        };
        if standing >= limits::SUBSCRIPTIONS_PER_SESSION_MAX {
            let detail = format!("a socket has at most {standing} subscriptions");
            return self.refuse(Refusal::new(Code::Limit, detail), None, Some(id));
        }
        let subscribe = message::Subscribe {
            session: self.handle,
            id,
            challenge,
            section,
            deltas: wanted.deltas,
            user: self.bearer.user.clone(),
            admin: self.bearer.admin,
            since: wanted.since.map(|since| (since.epoch, since.offset)),
        };
        match doors.subscribe(subscribe) {
            Ok(()) => {
                place.insert(challenge);
                Vec::new()
            }
            Err(refusal) => self.refuse(refusal, None, Some(id)),
        }
    }

    /// Around somebody else a user may not look: that would tell whose alias is whose.
    fn section_of(
        &self,
        (view, segment): (View, Option<Segment>),
        doors: &dyn Doors,
    ) -> Result<Section, Refusal> {
        let own = &self.bearer.user;
        let section = match view {
            View::Top(count) => Section::Top(count),
            View::Around { user, k } => {
                let user = user.unwrap_or_else(|| own.clone());
                if user != *own && !self.bearer.admin {
                    let pointer = "/view/around/user";
                    let detail = format!("{pointer} must be left out: only admins follow others");
                    return Err(client_frame::bad_frame(pointer, detail));
                }
                Section::Around { user, k }
            }
            View::AroundScore { score, k } => Section::AroundScore { score, k },
            View::Percentile => Section::Percentile { user: own.clone() },
            View::Teams => Section::Teams,
            View::Friends(token) => self.friends(&token, doors)?,
        };
        Ok(match segment {
            Some(segment) => Section::Within {
                segment,
                of: Box::new(section),
                viewer: (!self.bearer.admin).then(|| own.clone()),
            },
            None => section,
        })
    }

    fn friends(&self, token: &str, doors: &dyn Doors) -> Result<Section, Refusal> {
        let asker = Some(&self.bearer.user).filter(|_| !self.bearer.admin);
        let circle = doors.verify_friends(token, asker);
        let pointer = "/view/friends";
        let refused = |why| client_frame::bad_frame(pointer, format!("{pointer}: {why}"));
        circle.map(Section::Friends).map_err(refused)
    }

    fn on_unsubscribe(&mut self, id: u64, doors: &dyn Doors) -> Vec<Step> {
        let Some(challenge) = self.subscriptions.remove(&id) else {
            let refusal = Refusal::new(Code::NotFound, format!("there is no subscription {id}"));
            return self.refuse(refusal, None, Some(id));
        };
        doors.unsubscribe(self.handle, id, challenge);
        vec![self.send(&Unsubscribed { id })]
    }

    /// A newer token of the same user; whatever is wrong with it ends the socket, as an old one would.
    fn on_auth(&mut self, token: &str, doors: &dyn Doors) -> Vec<Step> {
        let bearer = doors.verify(token).map_err(refuse_token);
        let bearer = match bearer.and_then(|(claims, key)| Bearer::of(&claims, key)) {
            Ok(bearer) => bearer,
            Err(refusal) => return self.end(refusal),
        };
        if bearer.user != self.bearer.user || bearer.device != self.bearer.device {
            let detail = "a renewal must be for the same user and device";
            return self.end(Refusal::new(Code::Unauthenticated, detail));
        }
        let exp_s = bearer.exp_s;
        self.bearer = bearer;
        let exp_ms = exp_s.saturating_mul(1_000);
        vec![Step::ExpireAt(exp_s), self.send(&Authenticated { exp_ms })]
    }
}

fn hello_of(hello: client_frame::Hello) -> message::Hello {
    message::Hello {
        device: hello.device.map(|device| DeviceHello {
            device: device.device,
            outbox: device.outbox,
            class: device.class,
            vendor: device.vendor,
            model: device.model,
        }),
        zone: hello.zone,
        zone_since_ms: hello.zone_since_ms,
        client_time_ms: hello.client_time_ms,
        events: hello.events,
    }
}

fn batch_of(batch: client_frame::Batch) -> message::Batch {
    message::Batch {
        batch_id: batch.batch_id,
        lane: match batch.lane {
            client_frame::Lane::Live => Lane::Live,
            client_frame::Lane::Backfill => Lane::Backfill,
        },
        first_seq: batch.first_seq,
        bytes: batch.bytes,
        records: batch.records,
        signatures: batch.signatures,
    }
}
