//! The doors to users: reads see everything that was acknowledged before, changes are judged by the user's actor.

use streakline_core::{
    civil::Day,
    event::Transfer,
    id::UserId,
    input::{NewProfile, UserInput},
    user::{
        Rules, User,
        device_order::{self, OrderRefusal},
        zone_admission::{self, ZoneRefusal},
    },
    view::{BalanceView, DayView, DeviceView, StreakView, UserView},
};
use tokio::sync::oneshot;

use super::{Directory, EventsPage, Outcome, answered, check, fault, unknown_user};
use crate::{
    actors::{
        host::send_user,
        message::{Caller, Precondition, PutUser, Written},
        user::{History, UserCommand, WriteUser},
    },
    protocol::error_code::{Fault, Refusal},
};

/// What becomes of a profile; every fault is told at once.
fn judge_profile(user: &User, rules: &Rules, put: PutUser, now_ms: i64) -> Outcome<UserInput> {
    let mut faults = Vec::new();
    let mut fault = |pointer: &str, code: &'static str, detail: String| {
        let pointer = pointer.into();
        faults.push(Fault {
            pointer,
            code,
            detail,
        });
    };
    let zone = put.zone.map(|proposal| {
        let judged = zone_admission::zone(user, rules, proposal, now_ms);
        judged.unwrap_or_else(|refusal| {
            let of_time = matches!(refusal, ZoneRefusal::OutOfTime(_) | ZoneRefusal::Settled(_));
            let pointer = if of_time { "/effective_ms" } else { "/zone" };
            fault(pointer, refusal.code(), refusal.to_string());
            None
        })
    });
    let day_start = put.day_start_min.map(|after_min| {
        let judged = zone_admission::day_start(user, after_min, now_ms);
        judged.unwrap_or_else(|refusal| {
            fault("/day_start_min", "limit", refusal.to_string());
            None
        })
    });
    let device_order = put.device_order.map(|order| {
        let judged = device_order::admit(user, order, now_ms);
        judged.unwrap_or_else(|refusal| {
            let (pointer, code) = match refusal {
                OrderRefusal::Unknown(at) => (format!("/device_order/{at}"), "not_found"),
                OrderRefusal::Limit => ("/device_order".into(), "limit"),
            };
            fault(&pointer, code, refusal.to_string());
            None
        })
    });
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults));
    }
    Ok(UserInput::Profile(NewProfile {
        zone: zone.flatten(),
        alias: put.alias,
        day_start_min: day_start.flatten(),
        week_starts: put.week_starts,
        device_order: device_order.flatten(),
        hidden: put.hidden,
        attributes: put.attributes,
    }))
}

impl Directory {
    pub(super) async fn read<T: Send + 'static>(
        &self,
        user: &UserId,
        read: impl FnOnce(&User, i64) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (reply, answer) = oneshot::channel();
        let read = move |state: Outcome<(&User, i64)>| {
            let outcome = state.and_then(|(user, now_ms)| {
                if user.created.is_none() {
                    Err(unknown_user())
                } else {
                    read(user, now_ms)
                }
            });
            let _ = reply.send(outcome);
        };
        send_user(
            &self.shared,
            user.clone(),
            UserCommand::Read(Box::new(read)),
        )?;
        answered(&self.shared, answer).await
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        user: &UserId,
        caller: Caller,
        admit: impl FnOnce(&User, i64) -> Outcome<Option<UserInput>> + Send + 'static,
        view: impl FnOnce(&User, i64) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        self.taking()?;
        let (reply, answer) = oneshot::channel();
        let done = move |state: Outcome<(&User, i64)>| {
            let _ = reply.send(state.and_then(|(user, now_ms)| view(user, now_ms)));
        };
        let admit = move |user: &User, now_ms: i64| {
            let input = admit(user, now_ms)?;
            Ok(input.map(|input| (input, Vec::new())))
        };
        let (admit, done) = (Box::new(admit), Box::new(done));
        let command = UserCommand::Write(WriteUser {
            admit,
            done,
            caller,
            while_held: false,
        });
        send_user(&self.shared, user.clone(), command)?;
        answered(&self.shared, answer).await
    }

    /// A user.
    ///
    /// # Errors
    /// `NotFound` when nobody made it.
    pub async fn user(&self, user: &UserId) -> Outcome<UserView> {
        self.read(user, |user, _| user.profile().ok_or_else(unknown_user))
            .await
    }

    /// Makes or changes a user.
    ///
    /// # Errors
    /// `Invalid` for a zone or a start of the day that is not taken, or the precondition's.
    pub async fn put_user(
        &self,
        user: &UserId,
        put: PutUser,
        pre: Precondition,
        caller: Caller,
    ) -> Outcome<Written<UserView>> {
        let rules = self.shared.rules.clone();
        let admit = move |user: &User, now_ms: i64| {
            check(pre, user.profile().map(|profile| profile.version))?;
            judge_profile(user, &rules, put, now_ms).map(Some)
        };
        let view = |user: &User, _: i64| {
            let value = user.profile().ok_or_else(unknown_user)?;
            let created = value.version == 1;
            Ok(Written { value, created })
        };
        self.write(user, caller, admit, view).await
    }

    /// Every device of a user.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn devices(&self, user: &UserId) -> Outcome<Vec<DeviceView>> {
        self.read(user, |user, now_ms| Ok(user.device_views(now_ms)))
            .await
    }

    /// Days `from..=to` that the user's calendar has.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn days(&self, user: &UserId, from: Day, to: Day) -> Outcome<Vec<DayView>> {
        self.read(user, move |user, now_ms| {
            let days = (from.0..=to.0)
                .map(Day)
                .filter(|day| !user.calendar().is_void(*day));
            Ok(days.map(|day| user.day_view(day, now_ms)).collect())
        })
        .await
    }

    /// Every streak of a user.
    ///
    /// # Errors
    /// `NotFound`, or `Invalid` for a day after the user's today.
    pub async fn streaks(&self, user: &UserId, as_of: Option<Day>) -> Outcome<Vec<StreakView>> {
        self.read(user, move |user, now_ms| {
            let today = user.day_of(now_ms);
            if let Some(late) = as_of.filter(|day| *day > today) {
                let detail = format!("{} is after the user's today, {}", late.iso(), today.iso());
                return Err(fault("/query/as_of", "range", detail));
            }
            let streaks = user.goals.keys();
            Ok(streaks
                .filter_map(|goal| user.streak_view(goal, as_of, now_ms))
                .collect())
        })
        .await
    }

    /// Balances of a user.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn balance(&self, user: &UserId) -> Outcome<BalanceView> {
        self.read(user, |user, _| Ok(user.balance_view())).await
    }

    /// Transfers whose event_seq is above `after_seq`, oldest first; the flag says that more follow.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn ledger(
        &self,
        user: &UserId,
        after_seq: u64,
        limit: usize,
    ) -> Outcome<(Vec<Transfer>, bool)> {
        self.read(user, |_, _| Ok(())).await?;
        let (reply, answer) = oneshot::channel();
        let limit_and_one = limit.saturating_add(1);
        let history = History::Transfers {
            after: after_seq,
            limit: limit_and_one,
            reply,
        };
        send_user(&self.shared, user.clone(), UserCommand::History(history))?;
        let mut transfers = answered(&self.shared, answer).await?;
        let more = transfers.len() > limit;
        transfers.truncate(limit);
        Ok((transfers, more))
    }

    /// Facts numbered above `after_seq`, in order.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn events(&self, user: &UserId, after_seq: u64, limit: usize) -> Outcome<EventsPage> {
        self.read(user, |_, _| Ok(())).await?;
        let (reply, answer) = oneshot::channel();
        let limit_and_one = limit.saturating_add(1);
        let history = History::Facts {
            after: after_seq,
            limit: limit_and_one,
            reply,
        };
        send_user(&self.shared, user.clone(), UserCommand::History(history))?;
        let (mut items, epoch, last_seq) = answered(&self.shared, answer).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        Ok(EventsPage {
            items,
            epoch,
            next_seq: last_seq.saturating_add(1),
            more,
        })
    }
}
