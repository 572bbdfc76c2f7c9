//! What can be asked of a user: every answer is a function of the state and of the clock, and changes nothing.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{Device, Enrolment, EnrolmentState, User};
use crate::{
    civil::Day,
    day::DayState,
    goal::Goal,
    id::{ChallengeId, DeviceId, GoalId},
    limits,
    metric::Metric,
    scoring,
    streak::{Pause, Verdict},
    view::{
        BalanceView, DayPhase, DayStatus, DayTopic, DayView, DeviceView, GoalProgress, GoalView,
        InventoryView, KeyView, PauseView, SnapshotView, StreakView, UserView, VerdictView,
    },
};

/// Days of statuses in a streak's answer (protocol.md 7).
const STATUS_DAYS: i32 = 30;

impl User {
    /// The profile; `None`: nobody made the user.
    #[must_use]
    pub fn profile(&self) -> Option<UserView> {
        let (created_ms, _) = self.created?;
        Some(UserView {
            user: self.id.clone(),
            zone: self.zone().into(),
            zone_set: !self.zones.is_empty(),
            zones: self.zones.clone(),
            day_start: self.day_start(),
            week_starts: self.week_starts,
            device_order: self.device_order().to_vec(),
            alias: self.own_alias(),
            hidden: self.hidden,
            attributes: self.attributes.clone(),
            created_ms,
            version: self.version,
        })
    }

    /// Every goal, by id.
    #[must_use]
    pub fn goal_views(&self, now_ms: i64) -> Vec<GoalView> {
        let today = self.day_of(now_ms);
        let goals = self.goals.iter();
        goals
            .filter_map(|(id, goal)| self.goal_view(id, goal, today))
            .collect()
    }

    fn goal_view(&self, id: &GoalId, goal: &Goal, today: Day) -> Option<GoalView> {
        let (from, terms) = goal.newest()?;
        let state = self.days.get(&today);
        Some(GoalView {
            goal: id.clone(),
            period: goal.period,
            week_start: goal.week_start,
            terms: terms.clone(),
            from,
            until: goal.until(),
            today,
            now: self.goal_progress(id, today),
            issued: state.and_then(|state| state.issued.get(id)).cloned(),
            streak: self.streak_definition(id),
            version: goal.version,
        })
    }

    /// Every device, in order of binding.
    #[must_use]
    pub fn device_views(&self, now_ms: i64) -> Vec<DeviceView> {
        let mut devices: Vec<_> = self.devices.iter().collect();
        devices.sort_by_key(|(_, held)| held.binding);
        let all = devices.into_iter();
        all.map(|(device, held)| device_view(*device, held, now_ms))
            .collect()
    }

    /// One device.
    #[must_use]
    pub fn device_view(&self, device: DeviceId, now_ms: i64) -> Option<DeviceView> {
        let held = self.devices.get(&device)?;
        Some(device_view(device, held, now_ms))
    }

    /// One day as its topic tells it; a day without data has zeros.
    #[must_use]
    pub fn day_topic(&self, day: Day, now_ms: i64) -> DayTopic {
        let empty = DayState::default();
        let state = self.days.get(&day).map_or(&empty, |state| state);
        DayTopic {
            day,
            phase: self.day_phase(day, now_ms),
            display: state.amount(Metric::STEPS).display,
            eligible: state.eligible_steps(),
            amounts: state.amounts.clone(),
            for_goals: state.for_goals.clone(),
            gauges: state.gauges.clone(),
            night: state.night,
            workouts: state.workouts.clone(),
            goals: self.goals_on(day),
            pending_micro: self.pending_micro(day),
            version: state.version,
        }
    }

    /// One day; a day without data has zeros.
    #[must_use]
    pub fn day_view(&self, day: Day, now_ms: i64) -> DayView {
        let empty = DayState::default();
        let state = self.days.get(&day).map_or(&empty, |state| state);
        let start_ms = self.calendar().start_ms(day);
        let booked_only = day <= self.hard_closed;
        // A day without a record at its hard close has nothing frozen, whatever came later.
        let unfrozen = if booked_only {
            0
        } else {
            state.eligible_steps()
        };
        let topic = self.day_topic(day, now_ms);
        DayView {
            day,
            start_ms,
            end_ms: self.calendar().end_ms(day),
            zone: self.calendar().zone_at(start_ms).name().into(),
            phase: topic.phase,
            display: topic.display,
            eligible: topic.eligible,
            scored: state.scored.unwrap_or(unfrozen),
            amounts: topic.amounts,
            for_goals: topic.for_goals,
            gauges: topic.gauges,
            night: topic.night,
            workouts: topic.workouts,
            records: state.records,
            goals: topic.goals,
            pending_micro: topic.pending_micro,
            posted_micro: state.posted_micro,
            state_hash: state.state_hash(&self.standings(day)),
            version: topic.version,
        }
    }

    fn day_phase(&self, day: Day, now_ms: i64) -> DayPhase {
        if self.is_archived(day, now_ms) {
            DayPhase::Archived
        } else if day <= self.hard_closed {
            DayPhase::HardClosed
        } else if day <= self.soft_closed {
            DayPhase::SoftClosed
        } else {
            DayPhase::Open
        }
    }

    fn goals_on(&self, day: Day) -> Vec<GoalProgress> {
        let goals = self.goals.keys();
        goals.filter_map(|id| self.goal_progress(id, day)).collect()
    }

    /// One streak. Without `as_of`: as of today, `count` over the soft-closed days. With it, `count` takes the unclosed met days
    /// up to it in too (protocol.md 7).
    #[must_use]
    pub fn streak_view(&self, id: &GoalId, as_of: Option<Day>, now_ms: i64) -> Option<StreakView> {
        let goal = self.goals.get(id)?;
        let today = self.day_of(now_ms);
        let last = as_of.unwrap_or(today);
        let running = goal.period.last_day(goal.period_of(last));
        let all = self.streak_through(id, running);
        let closed = self.streak_through(id, last.min(self.soft_closed));
        let shown = if as_of.is_some() { all } else { closed };
        let oldest = last.plus(1_i32.saturating_sub(STATUS_DAYS));
        let recent = goal.period.between(oldest, last, goal.week_start);
        let statuses = recent.filter_map(|day| Some((day, self.status(id, day)?)));
        Some(StreakView {
            goal: id.clone(),
            as_of: last,
            count: shown.count(),
            with_today: all.count(),
            start: shown.current.map(|run| run.from),
            longest: (
                shown.longest_count(),
                shown.longest.map(|run| (run.from, run.to)),
            ),
            provisional: self.is_provisional(id, last),
            statuses: statuses.collect(),
            version: goal.streak_version,
            definition: self.streak_definition(id),
            inventory: self.inventory(id, today),
        })
    }

    fn inventory(&self, id: &GoalId, today: Day) -> InventoryView {
        let Some(kept) = self.streaks.get(id) else {
            return InventoryView::default();
        };
        let allowed = kept.definition;
        let over = kept.freezes.met.checked_rem(limits::FREEZE_EARNED_BY);
        let passes = kept.passes_near(today, limits::PASS_DAYS);
        let passes = limits::PASSES_MAX.saturating_sub(passes);
        let repairs = allowed.repair.is_some() && !kept.repaired_lately(today);
        InventoryView {
            freezes: u32::try_from(kept.freezes.held()).unwrap_or(u32::MAX),
            next_freeze_in: (allowed.freezes > 0)
                .then(|| limits::FREEZE_EARNED_BY.saturating_sub(over.unwrap_or(0))),
            passes: if allowed.has_passes() {
                u32::try_from(passes).unwrap_or(u32::MAX)
            } else {
                0
            },
            repairs: u32::from(repairs),
        }
    }

    /// The pause that is planned or running.
    #[must_use]
    pub fn pause_view(&self, now_ms: i64) -> Option<PauseView> {
        let today = self.day_of(now_ms);
        let Pause { from, to, .. } = self.pauses.current(today)?;
        Some(PauseView {
            from,
            to,
            running: from <= today,
            version: self.pause_version,
        })
    }

    /// Every verdict, oldest first.
    #[must_use]
    pub fn verdict_views(&self) -> Vec<VerdictView> {
        let view = |(verdict, held): (u32, &Verdict)| VerdictView {
            verdict,
            days: held.days.iter().copied().collect(),
            given: held.given,
            stage: held.stage,
        };
        self.verdicts.iter().map(view).collect()
    }

    /// A missed day that is not hard-closed may still be met by late data.
    fn is_provisional(&self, id: &GoalId, last: Day) -> bool {
        let Some(goal) = self.goals.get(id) else {
            return false;
        };
        let open = goal.period.between(
            self.hard_closed.next(),
            last.min(self.soft_closed),
            goal.week_start,
        );
        open.filter(|first| goal.period.last_day(*first) > self.hard_closed)
            .any(|day| self.status(id, day) == Some(DayStatus::Missed))
    }

    /// Balances: pending is what open and soft-closed days would add.
    #[must_use]
    pub fn balance_view(&self) -> BalanceView {
        let known = self.days.range(self.hard_closed.next()..);
        let mut days: BTreeSet<Day> = known.map(|(day, _)| *day).collect();
        days.extend(self.paying.after(self.hard_closed));
        let pending = days.into_iter().map(|day| self.pending_micro(day));
        BalanceView {
            available_micro: self.available_micro,
            pending_micro: pending.fold(0, i64::saturating_add),
            held_micro: self.accounts.held_micro,
            debt_micro: self.accounts.debt_micro,
        }
    }

    /// What a day that is not hard-closed would add to the balance, 10^-6 token; what was before the user pays nothing.
    fn pending_micro(&self, day: Day) -> i64 {
        let before = self.created.is_some_and(|(_, first)| day < first);
        if day <= self.hard_closed || before {
            return 0;
        }
        let posted_micro = self.days.get(&day).map_or(0, |state| state.posted_micro);
        let earned_micro = scoring::steps_micro(self.payable_steps(day));
        earned_micro.saturating_sub(posted_micro).max(0)
    }

    /// What a client is told that knows nothing.
    #[must_use]
    pub fn snapshot_view(&self, now_ms: i64) -> SnapshotView {
        let streaks = self
            .goals
            .keys()
            .filter_map(|id| self.streak_view(id, None, now_ms));
        SnapshotView {
            day: self.day_view(self.day_of(now_ms), now_ms),
            streaks: streaks.collect(),
            balance: self.balance_view(),
            challenges: self.joined().collect(),
        }
    }

    /// Challenges that the user is or was in, and has not left.
    pub fn joined(&self) -> impl Iterator<Item = ChallengeId> {
        let taken_in = |held: &Enrolment| {
            !matches!(held.state, EnrolmentState::Left | EnrolmentState::Waiting)
        };
        self.enrolments
            .iter()
            .filter(move |(_, held)| taken_in(held))
            .map(|(id, _)| *id)
    }
}

fn device_view(device: DeviceId, held: &Device, as_of_ms: i64) -> DeviceView {
    DeviceView {
        device,
        class: held.class,
        bound_ms: held.bound_ms,
        last_sample_ms: held.last_sample_ms,
        metrics: held.seen.iter().map(|(of, seen)| (*of, *seen)).collect(),
        battery: held.battery,
        key: held.registration.as_deref().and_then(KeyView::of),
        as_of_ms,
        version: held.version,
        resume_after: held.outboxes.clone(),
    }
}
