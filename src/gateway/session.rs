//! The session actor: one socket, its timers and its frames. The only file that names actix-web-actors (ADR 0002).
//!
//! It carries the steps of a [`Conversation`] out and decides nothing itself. Made by `upgrade`.

use std::{fmt::Display, pin::Pin, sync::Arc, task, time::Duration};

use actix::{
    Actor, ActorContext as _, ActorFuture, AsyncContext as _, Handler, SpawnHandle, StreamHandler,
};
use actix_http::ws::Item;
use actix_web::{HttpRequest, HttpResponse, web::Payload};
use actix_web_actors::ws::{
    CloseCode, CloseReason as CloseFrame, Message, ProtocolError, WebsocketContext,
    WsResponseBuilder,
};
use futures_util::stream;

use super::{
    Gateway,
    addresses::Place,
    auth::Bearer,
    conversation::{Conversation, Received, Step},
    doors::Doors,
    fragments::Fragments,
    gate::{Fault, Gate, GateHandle},
    heartbeat::{Beat, Heartbeat},
    meters,
    tally::{self, Tally},
};
use crate::telemetry::series;
use crate::{
    clock,
    protocol::{
        error_code::Code,
        form::{Encoded, Form},
        server_frame::CloseReason,
    },
    push::{Line, Push, SessionHandle, count_close},
};

type Context = WebsocketContext<Session>;

/// Pushes that may wait for this socket; beyond it the pusher gets `Full`. Acks within credits are a small part of it.
const MAILBOX_PUSHES: usize = 256;
/// How long a closed socket waits for the peer's close frame.
const CLOSE_LINGER: Duration = Duration::from_secs(1);
/// Bytes of frames that are made at once; the next ones are made when the kernel has taken these.
const FRAMES_AT_ONCE_BYTES: usize = 64 * 1024;

/// One socket.
pub(super) struct Session {
    gateway: Gateway,
    form: Form,
    bearer: Bearer,
    request_id: Option<String>,
    /// `None` when the address has too many sockets: then this one only says so.
    place: Option<Place>,
    /// The connection's own place, which must last as long as the stream.
    _connection: Option<Arc<Place>>,
    conversation: Option<(SessionHandle, Conversation)>,
    line: Option<Arc<Line>>,
    gate: GateHandle,
    /// What comes, until the actor has started.
    incoming: Option<Box<Gate<Payload>>>,
    fragments: Fragments,
    heartbeat: Heartbeat,
    /// When to look at it next, ms of the machine's clock.
    beat_at_ms: u64,
    /// Until when the hello must have come, ms of the machine's clock; none once that was judged.
    hello_until_ms: Option<u64>,
    /// When the token ends.
    exp_s: i64,
    /// The session's one timer: whatever else it had would be looked at with every frame.
    alarm: Option<SpawnHandle>,
    closing: bool,
    begun_ms: u64,
    frames_in: u64,
    frames_out: u64,
    /// The first reason for its end.
    ended: Option<CloseReason>,
    /// Name and counts of the conversation, once it is over.
    done: (String, Tally),
    /// Bytes of frames that were made since the last ones were let out.
    unsent_bytes: usize,
}

/// Answers the upgrade and starts the session; the error says why it is no upgrade.
pub(super) fn start(
    mut session: Session,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, impl Display> {
    let (form, bytes_max) = (session.form, session.gateway.settings.max_bytes);
    let gate = Gate::new(payload, session.gate.clone(), bytes_max);
    session.incoming = Some(Box::new(gate));
    // What comes goes through the gate and not through the context's own decoder, which keeps a buffer for each socket.
    WsResponseBuilder::new(session, request, stream::empty())
        .protocols(&[form.subprotocol()])
        .start()
}

impl Session {
    /// A session that is about to start.
    pub(super) fn new(
        gateway: Gateway,
        (form, bearer): (Form, Bearer),
        request_id: Option<String>,
        (place, connection): (Option<Place>, Option<Arc<Place>>),
    ) -> Self {
        let interval_ms = gateway.settings.heartbeat_s.saturating_mul(1_000);
        let now_ms = clock::monotonic_ms();
        let heartbeat = Heartbeat::new(interval_ms, now_ms);
        let hello_ms = gateway.settings.hello_timeout_s.saturating_mul(1_000);
        Self {
            form,
            request_id,
            place,
            _connection: connection,
            conversation: None,
            line: None,
            gate: GateHandle::default(),
            incoming: None,
            fragments: Fragments::new(form, gateway.settings.max_bytes),
            heartbeat,
            beat_at_ms: now_ms.saturating_add(heartbeat.step_ms()),
            hello_until_ms: Some(now_ms.saturating_add(hello_ms)),
            exp_s: bearer.exp_s,
            alarm: None,
            closing: false,
            begun_ms: now_ms,
            frames_in: 0,
            frames_out: 0,
            ended: None,
            done: ("none".to_owned(), Tally::default()),
            unsent_bytes: 0,
            bearer,
            gateway,
        }
    }

    fn begin(&mut self, ctx: &mut Context) {
        let now_ms = clock::monotonic_ms();
        let recipient = ctx.address().recipient();
        let (handle, line) = self.gateway.sessions.register(recipient, now_ms);
        self.line = Some(line);
        let address = self.place.as_ref().and_then(Place::address);
        let rates = self.gateway.rates(&self.bearer.user, address, now_ms);
        let conversation = Conversation::new(
            (self.form, self.bearer.clone()),
            self.request_id.take(),
            handle,
            self.gateway.settings.clone(),
            rates,
        );
        self.conversation = Some((handle, conversation));
        self.set_alarm(ctx);
        // The keys may have changed between the check of the token and the registration.
        self.converse(ctx, |conversation, doors| {
            conversation.on_keys_changed(doors)
        });
    }

    /// Lets the conversation go on, and carries its steps out.
    fn converse(
        &mut self,
        ctx: &mut Context,
        go_on: impl FnOnce(&mut Conversation, &dyn Doors) -> Vec<Step>,
    ) {
        let Some((_, conversation)) = &mut self.conversation else {
            return;
        };
        for step in go_on(conversation, self.gateway.doors.as_ref()) {
            self.carry_out(step, ctx);
        }
    }

    fn carry_out(&mut self, step: Step, ctx: &mut Context) {
        match step {
            Step::Send(frame) => {
                meters::frame_out();
                self.frames_out = self.frames_out.saturating_add(1);
                self.unsent_bytes = self.unsent_bytes.saturating_add(frame.bytes());
                match frame {
                    Encoded::Text(text) => ctx.text(text),
                    Encoded::Binary(bytes) => ctx.binary(bytes),
                }
                if self.unsent_bytes > FRAMES_AT_ONCE_BYTES {
                    self.unsent_bytes = 0;
                    ctx.wait(UntilTaken::default());
                }
            }
            Step::Read(open) => self.gate.set_open(open),
            Step::ExpireAt(exp_s) => {
                self.exp_s = exp_s;
                self.set_alarm(ctx);
            }
            Step::AwaitAcks => {
                let drain = Duration::from_millis(self.gateway.settings.drain_ms);
                ctx.run_later(drain, |session, ctx| {
                    session.converse(ctx, |conversation, _| conversation.on_acks_timeout());
                });
            }
            Step::Wake(wait_ms) => {
                ctx.run_later(Duration::from_millis(wait_ms), |session, ctx| {
                    let now_ms = clock::monotonic_ms();
                    session.converse(ctx, |conversation, doors| {
                        conversation.on_wake(now_ms, doors)
                    });
                });
            }
            Step::Close(reason) => self.close(reason, ctx),
        }
    }

    /// Sends the close frame and waits a little for the peer's: a socket that is closed with unread bytes in it would
    /// be reset, and the peer might never see why.
    fn close(&mut self, reason: CloseReason, ctx: &mut Context) {
        if self.closing {
            return;
        }
        self.closing = true;
        self.count_end(reason);
        self.leave();
        self.gate.discard();
        ctx.close(Some(CloseFrame {
            code: CloseCode::from(reason.close),
            description: Some(reason.json()),
        }));
        ctx.run_later(CLOSE_LINGER, |_, ctx| ctx.stop());
    }

    /// Every session's end is counted once, by the first reason that there is: who ends it from outside counts it there.
    fn count_end(&mut self, reason: CloseReason) {
        if self.ended.is_some() {
            return;
        }
        let fate = self.line.as_ref().and_then(|line| line.fate());
        if fate.is_none() {
            count_close(reason);
        }
        self.ended = Some(fate.unwrap_or(reason));
    }

    /// Nothing more is pushed to this socket.
    fn leave(&mut self) {
        if let Some((handle, mut conversation)) = self.conversation.take() {
            self.gateway.sessions.deregister(handle);
            conversation.on_gone(self.gateway.doors.as_ref());
            self.done = conversation.done();
        }
    }

    /// The one line that the log has of a session.
    fn write(&self) {
        let (name, tally) = &self.done;
        tally.write(&tally::End {
            session: name,
            user: &self.bearer.user,
            code: self.ended.map_or(0, |reason| reason.close),
            duration_ms: clock::monotonic_ms().saturating_sub(self.begun_ms),
            frames_in: self.frames_in,
            frames_out: self.frames_out,
        });
    }

    /// Tells the client what was pushed.
    fn answer(&mut self, push: Push, ctx: &mut Context) {
        let now_ms = clock::monotonic_ms();
        self.converse(ctx, |conversation, doors| {
            conversation.tally().note(&push, now_ms);
            match push {
                Push::KeysChanged => conversation.on_keys_changed(doors),
                other => conversation.on_push(other),
            }
        });
    }

    fn beat(&mut self, ctx: &mut Context) {
        self.converse(ctx, |conversation, doors| {
            conversation.on_keys_changed(doors)
        });
        let (now_ms, reading) = (clock::monotonic_ms(), self.gate.is_open());
        if let Some(line) = &self.line {
            line.awake(now_ms);
        }
        match self.heartbeat.beat(now_ms, reading) {
            Beat::Rest => {}
            Beat::Ping => ctx.ping(b""),
            Beat::Silent => self.close(CloseReason::SILENT, ctx),
        }
    }

    /// Wakes the session when the next thing is due: a beat, the hello, the token's end.
    fn set_alarm(&mut self, ctx: &mut Context) {
        if let Some(earlier) = self.alarm.take() {
            ctx.cancel_future(earlier);
        }
        let left_s = u64::try_from(self.exp_s.saturating_sub(clock::unix_s())).unwrap_or(0);
        let next_ms = self.beat_at_ms.min(self.hello_until_ms.unwrap_or(u64::MAX));
        let wait_ms = next_ms.saturating_sub(clock::monotonic_ms());
        let wait = Duration::from_millis(wait_ms).min(Duration::from_secs(left_s));
        self.alarm = Some(ctx.run_later(wait, Self::on_alarm));
    }

    fn on_alarm(&mut self, ctx: &mut Context) {
        self.alarm = None;
        let now_ms = clock::monotonic_ms();
        if self.beat_at_ms <= now_ms {
            self.beat_at_ms = now_ms.saturating_add(self.heartbeat.step_ms());
            self.beat(ctx);
        }
        if self
            .hello_until_ms
            .is_some_and(|until_ms| until_ms <= now_ms)
        {
            self.hello_until_ms = None;
            self.converse(ctx, |conversation, _| conversation.on_hello_timeout());
        }
        if self.exp_s <= clock::unix_s() {
            self.converse(ctx, |conversation, _| conversation.on_expired());
        }
        if !self.closing {
            self.set_alarm(ctx);
        }
    }

    fn on_message(&mut self, message: Message, ctx: &mut Context) {
        let now_ms = clock::monotonic_ms();
        self.heartbeat.heard(now_ms);
        meters::frame_in();
        self.frames_in = self.frames_in.saturating_add(1);
        match message {
            Message::Text(text) => self.on_whole(Received::Text(&text), now_ms, ctx),
            Message::Binary(bytes) => self.on_whole(Received::Binary(&bytes), now_ms, ctx),
            Message::Continuation(fragment) => {
                self.count_frame(now_ms, ctx);
                self.on_fragment(fragment, now_ms, ctx);
            }
            Message::Ping(payload) => {
                ctx.pong(&payload);
                self.count_frame(now_ms, ctx);
            }
            Message::Pong(_) | Message::Nop => self.count_frame(now_ms, ctx),
            Message::Close(reason) => {
                self.count_end(CloseReason::LEFT);
                self.leave();
                ctx.close(reason);
                ctx.stop();
            }
        }
    }

    fn on_whole(&mut self, message: Received<'_>, now_ms: u64, ctx: &mut Context) {
        self.converse(ctx, |conversation, gateway| {
            conversation.on_message(message, now_ms, gateway)
        });
    }

    /// Frames that are no message count against the rate all the same.
    fn count_frame(&mut self, now_ms: u64, ctx: &mut Context) {
        self.converse(ctx, |conversation, _| {
            conversation.on_frame(now_ms).unwrap_or_default()
        });
    }

    fn on_fragment(&mut self, fragment: Item, now_ms: u64, ctx: &mut Context) {
        let joined = match fragment {
            Item::FirstText(bytes) => self.fragments.begin(Form::Json, &bytes).map(|()| None),
            Item::FirstBinary(bytes) => self.fragments.begin(Form::Cbor, &bytes).map(|()| None),
            Item::Continue(bytes) => self.fragments.push(&bytes).map(|()| None),
            Item::Last(bytes) => self.fragments.finish(&bytes).map(Some),
        };
        match joined {
            Ok(Some(Encoded::Text(text))) => self.on_whole(Received::Text(&text), now_ms, ctx),
            Ok(Some(Encoded::Binary(bytes))) => {
                self.on_whole(Received::Binary(&bytes), now_ms, ctx);
            }
            Ok(None) => {}
            Err(reason) => self.close(reason, ctx),
        }
    }

    fn on_fault(&mut self, fault: &Fault, ctx: &mut Context) {
        match fault {
            Fault::TooLarge => self.close(CloseReason::TOO_LARGE, ctx),
            Fault::Malformed => self.close(CloseReason::WEBSOCKET_FAULT, ctx),
            Fault::NotUtf8 => self.close(CloseReason::NOT_UTF8, ctx),
            Fault::Gone(error) => {
                // Every peer that vanishes gives one of these.
                tracing::debug!(%error, "a peer vanished");
                ctx.stop();
            }
        }
    }
}

impl Actor for Session {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        ctx.set_mailbox_capacity(MAILBOX_PUSHES);
        metrics::gauge!(series::STREAM_SESSIONS).increment(1);
        if let Some(incoming) = self.incoming.take() {
            ctx.add_stream(incoming);
        }
        if self.place.is_some() {
            self.begin(ctx);
        } else {
            let retry_after_ms = Some(self.gateway.settings.retry_after_ms);
            self.close(CloseReason::of(Code::RateLimited, retry_after_ms), ctx);
        }
    }

    fn stopped(&mut self, _: &mut Context) {
        metrics::gauge!(series::STREAM_SESSIONS).decrement(1);
        self.count_end(CloseReason::VANISHED);
        self.leave();
        self.write();
    }
}

impl StreamHandler<Result<Message, Fault>> for Session {
    fn handle(&mut self, message: Result<Message, Fault>, ctx: &mut Context) {
        match message {
            _ if self.closing => {}
            Ok(message) => self.on_message(message, ctx),
            Err(fault) => self.on_fault(&fault, ctx),
        }
    }
}

/// The context's own decoder, which gets nothing.
impl StreamHandler<Result<Message, ProtocolError>> for Session {
    fn handle(&mut self, _: Result<Message, ProtocolError>, _: &mut Context) {}

    fn finished(&mut self, _: &mut Context) {}
}

impl Handler<Push> for Session {
    type Result = ();

    fn handle(&mut self, push: Push, ctx: &mut Context) {
        match self.line.as_ref().and_then(|line| line.took()) {
            Some(reason) => self.close(reason, ctx),
            None => self.answer(push, ctx),
        }
    }
}

/// Lets what was written go out before more is made: the actor is polled again only when the kernel takes bytes, so a reader
/// that stops after a while has at most these frames in memory.
#[derive(Default)]
struct UntilTaken {
    handed_over: bool,
}

impl ActorFuture<Session> for UntilTaken {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        _: &mut Session,
        _: &mut Context,
        task: &mut task::Context<'_>,
    ) -> task::Poll<()> {
        if std::mem::replace(&mut self.handed_over, true) {
            return task::Poll::Ready(());
        }
        task.waker().wake_by_ref();
        task::Poll::Pending
    }
}
