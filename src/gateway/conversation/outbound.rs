//! The server's half of a conversation: how pushes become frames.

use super::{Conversation, Phase, Step};
use crate::{
    protocol::{
        body::Audience,
        error_code::{Code, Refusal},
        server_frame::{
            self, Bye, Credits, Error, ResumeAfter, Subscribed, Welcome, WelcomeBackfill,
            WelcomeEvents, ZoneRefused,
        },
    },
    push::{Lane, Push, Welcomed},
};

impl Conversation {
    /// Something is to be told to the client.
    pub(in crate::gateway) fn on_push(&mut self, push: Push) -> Vec<Step> {
        if self.phase == Phase::Closed {
            return Vec::new();
        }
        let form = self.form;
        match push {
            Push::Welcomed(welcomed) => self.on_welcomed(&welcomed),
            Push::Snapshot(view, at) => {
                let user = &self.bearer.user;
                let frame = server_frame::snapshot(form, user, &view, (&at.epoch, at.next_seq));
                vec![Step::Send(frame)]
            }
            Push::Fact(fact) => vec![Step::Send(server_frame::event(form, &fact))],
            Push::Day(view) => vec![Step::Send(server_frame::day(form, &view))],
            Push::Streak(view) => vec![Step::Send(server_frame::streak(form, &view))],
            Push::Rank(view) => vec![Step::Send(server_frame::rank(form, &view))],
            Push::Device(view) => vec![Step::Send(server_frame::device(form, &view))],
            Push::End(reason) => self.close(reason),
            Push::Drain { retry_after_ms } => self.on_drain(retry_after_ms),
            answer => self.on_answer(answer),
        }
    }

    fn on_answer(&mut self, answer: Push) -> Vec<Step> {
        match answer {
            Push::Ack {
                batch_id,
                lane,
                outcome,
                changes,
                credits,
            } => {
                self.credit.set_window(credits, self.settings.window());
                let batch = (batch_id, lane.name());
                let frame =
                    server_frame::ack(self.form, batch, &outcome, &changes, self.credits(lane));
                self.on_batch_answered(batch_id, Step::Send(frame))
            }
            Push::Refused {
                refusal,
                batch_id,
                id,
                expected_seq,
            } => self.on_refused(refusal, (batch_id, id), expected_seq),
            Push::Subscribed {
                id,
                epoch,
                offset,
                recovered,
            } if self.subscriptions.contains_key(&id) => {
                let subscribed = Subscribed {
                    id,
                    epoch: &epoch,
                    offset,
                    recovered,
                };
                vec![self.send(&subscribed)]
            }
            Push::Board {
                id, epoch, update, ..
            } if self.subscriptions.get(&id) == Some(&update.challenge()) => {
                let audience = Audience {
                    you: Some(&self.bearer.user),
                    names_users: self.bearer.admin,
                };
                let board = update.frame(self.form, (id, epoch.as_ref()), audience);
                vec![Step::Send(board)]
            }
            // A view that was on its way when its subscription ended.
            _ => Vec::new(),
        }
    }

    /// What may be unacknowledged of a lane, as frames tell it.
    fn credits(&self, lane: Lane) -> Credits {
        let window = self.credit.window(lane);
        Credits {
            credits: window.batches,
            credit_bytes: window.bytes,
        }
    }

    fn on_welcomed(&mut self, welcomed: &Welcomed) -> Vec<Step> {
        if self.phase != Phase::Opening {
            return Vec::new();
        }
        self.phase = Phase::Open;
        let all = self.settings.window();
        self.credit.set_window(welcomed.credits, all);
        let [live, backfill] = welcomed.resume_after;
        let welcome = Welcome {
            server_time_ms: welcomed.server_time_ms,
            user: self.bearer.user.as_str(),
            zone: &welcomed.zone,
            zone_refused: welcomed.zone_refused.as_ref().map(ZoneRefused::from),
            session: &self.name,
            resume_after: ResumeAfter { live, backfill },
            credits: self.credits(Lane::Live),
            backfill: WelcomeBackfill {
                credits: self.credits(Lane::Backfill),
                batches_per_min: self.settings.backfill_batches_per_min,
            },
            max_records: self.settings.max_records,
            max_bytes: self.settings.max_bytes,
            heartbeat_s: self.settings.heartbeat_s,
            events: WelcomeEvents {
                epoch: &welcomed.events.epoch,
                next_seq: welcomed.events.next_seq,
                recovered: welcomed.events.recovered,
            },
        };
        vec![self.send(&welcome), Step::Read(true)]
    }

    fn on_refused(
        &mut self,
        refusal: Refusal,
        (batch_id, id): (Option<u64>, Option<u64>),
        expected_seq: Option<u64>,
    ) -> Vec<Step> {
        if self.phase == Phase::Opening {
            return self.on_hello_refused(refusal);
        }
        if refusal.code.close().is_some() {
            return self.end(refusal);
        }
        if let Some(id) = id {
            self.subscriptions.remove(&id);
        }
        let error = Error {
            batch_id,
            id,
            expected_seq,
            ..Error::of(&refusal)
        };
        let step = self.send(&error);
        match batch_id {
            Some(batch_id) => self.on_batch_answered(batch_id, step),
            None => vec![step],
        }
    }

    /// The device may say another hello, unless it is not its user's at all.
    fn on_hello_refused(&mut self, refusal: Refusal) -> Vec<Step> {
        if refusal.code == Code::Forbidden {
            return self.end(refusal);
        }
        self.phase = Phase::AwaitHello;
        let mut steps = self.refuse(refusal, None, None);
        if self.phase == Phase::AwaitHello {
            steps.push(Step::Read(true));
        }
        steps
    }

    /// An answer to a batch makes room for the next one, or is the last one before the end.
    fn on_batch_answered(&mut self, batch_id: u64, answer: Step) -> Vec<Step> {
        self.credit.restore(batch_id);
        let mut steps = vec![answer];
        match self.phase {
            Phase::Draining { retry_after_ms } if self.credit.is_settled() => {
                steps.extend(self.close_drained(retry_after_ms));
            }
            Phase::Open if self.credit.is_left() => steps.push(Step::Read(true)),
            _ => {}
        }
        steps
    }

    fn on_drain(&mut self, retry_after_ms: u64) -> Vec<Step> {
        self.phase = Phase::Draining { retry_after_ms };
        // Nobody waits for what was not handed on: the client sends it to the next server.
        for batch_id in self.backfill.give_up() {
            self.credit.restore(batch_id);
        }
        let bye = Bye {
            code: Code::Draining.name(),
            retry_after_ms,
        };
        let mut steps = vec![self.send(&bye), Step::Read(false)];
        if self.credit.is_settled() {
            steps.extend(self.close_drained(retry_after_ms));
        } else {
            steps.push(Step::AwaitAcks);
        }
        steps
    }
}
