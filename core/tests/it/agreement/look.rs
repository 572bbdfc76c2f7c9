//! What both say of every day and streak.

use sha2::{Digest, Sha256};
use streakline_core::{
    civil::Day,
    view::{DayPhase, GoalProgress},
};

use super::{Pair, words};
use crate::{
    history::goal,
    model::{acts::Act, records::winners, streaks::Run},
};

impl Pair {
    /// Both say the same of every day and streak.
    pub(super) fn look(&mut self) {
        self.act(&Act::Tick);
        let today = self.model.today();
        assert_eq!(self.core.user.day_of(self.core.now_ms), today);
        for day in (self.model.first_day().0 - 32..=today.0 + 1).map(Day) {
            self.look_at_day(day);
        }
        for name in self.model.goals.keys() {
            self.look_at_streak(name);
        }
        self.look_at_balance();
    }

    fn look_at_day(&mut self, day: Day) {
        let (view, data) = (self.core.day(day), self.model.day(day));
        let label = day.iso();
        let records: u32 = data.records.values().sum();
        assert_eq!(
            view.display,
            data.total("steps", false),
            "display of {label}"
        );
        assert_eq!(
            view.eligible,
            data.total("steps", true),
            "eligible of {label}"
        );
        assert_eq!(view.records, records, "records of {label}");
        let days = self.model.days();
        if let Some(span) = days.span(day) {
            assert_eq!((view.start_ms, view.end_ms), span, "span of {label}");
        }
        if day < self.model.first_day() {
            return;
        }
        let phase = if self.model.archived.contains_key(&day) {
            DayPhase::Archived
        } else if self.model.hard.contains_key(&day) {
            DayPhase::HardClosed
        } else if self.model.soft.contains_key(&day) {
            DayPhase::SoftClosed
        } else {
            DayPhase::Open
        };
        assert_eq!(view.phase, phase, "phase of {label}");
        let posted = self.model.posted.get(&day).copied().unwrap_or(0);
        assert_eq!(view.posted_micro, posted, "posted for {label}");
        self.look_at_goals(day, &view.goals);
        let held = *self
            .hashes
            .entry((day, self.made_of(day)))
            .or_insert(view.state_hash);
        assert_eq!(held, view.state_hash, "hash of {label}");
    }

    fn look_at_goals(&self, day: Day, shown: &[GoalProgress]) {
        for progress in shown {
            let name = progress.goal.as_str();
            let held = &self.model.goals[name];
            let period = held.period_of(day);
            let label = format!("{name} on {}", day.iso());
            let parts = self.model.progress(name, period).expect(&label);
            assert_eq!(progress.first, period.0, "first day of {label}");
            let counted: Vec<(i64, i64)> = match progress.parts.len() {
                0 => vec![(progress.target, progress.progress)],
                _ => progress
                    .parts
                    .iter()
                    .map(|part| (part.target, part.progress))
                    .collect(),
            };
            let wanted: Vec<_> = parts
                .iter()
                .map(|part| (part.target, part.progress))
                .collect();
            assert_eq!(counted, wanted, "{label}");
            let status = self.model.status(name, period.1).unwrap();
            assert_eq!(progress.status, words::status(status), "status of {label}");
            let met_at_ms = self.model.met_at_ms(name, period);
            let kept = met_at_ms.is_none() && self.model.is_hard(period.1);
            assert!(
                kept || progress.met_at.map(|met| met.0) == met_at_ms,
                "minute of {label}"
            );
        }
        let asked = self
            .model
            .goals
            .iter()
            .filter(|(name, held)| self.model.progress(name, held.period_of(day)).is_some());
        assert_eq!(shown.len(), asked.count(), "goals on {}", day.iso());
    }

    /// What a day is made of: its span, and the winners, since a coarse one ties a day to what finer ones say of another.
    fn made_of(&self, day: Day) -> [u8; 32] {
        let span = self.model.days().span(day);
        let mut hash = Sha256::new();
        for winner in winners(&self.model.copies) {
            hash.update(winner.device.0);
            hash.update(format!(
                "{:?} {} {span:?}",
                winner.sample.id, winner.quarantined
            ));
            hash.update(winner.sample.digest());
        }
        hash.finalize().into()
    }

    fn look_at_streak(&self, name: &str) {
        let view = self
            .core
            .user
            .streak_view(&goal(name), None, self.core.now_ms)
            .unwrap();
        let closed = self.model.streak(name, self.model.last_soft());
        let with_today = {
            let running = self.model.goals[name].period_of(self.model.today());
            self.model.streak(name, running.1)
        };
        let length = |run: Option<Run>| run.map_or(0, |run| run.count);
        assert_eq!(view.count, length(closed.current), "count of {name}");
        assert_eq!(
            view.with_today,
            length(with_today.current),
            "with today of {name}"
        );
        let held = &self.model.goals[name];
        for (first, status) in &view.statuses {
            let last = held.period_of(*first).1;
            let wanted = self.model.status(name, last).map(words::status);
            assert_eq!(Some(*status), wanted, "status of {name} on {}", first.iso());
        }
        let first = |day: Day| held.period_of(day).0;
        let longest = closed.longest.map(|run| (first(run.from), first(run.to)));
        assert_eq!(
            view.longest,
            (length(closed.longest), longest),
            "longest of {name}"
        );
        self.look_at_inventory(name);
    }

    /// What is held of freezes, and which milestones were granted.
    fn look_at_inventory(&self, name: &str) {
        let first = |day: Day| self.model.goals[name].period_of(day).0;
        let wanted = self.model.grants.get(name).into_iter().flatten();
        let wanted: Vec<_> = wanted
            .map(|grant| {
                let reversed = self.model.is_reversed(name, grant);
                (
                    grant.milestone,
                    first(grant.first),
                    first(grant.event),
                    grant.micro,
                    reversed,
                )
            })
            .collect();
        let kept = self.core.user.streaks.get(&goal(name));
        let granted = kept.into_iter().flat_map(|kept| &kept.grants);
        let granted: Vec<_> = granted
            .map(|of| {
                (
                    of.milestone,
                    of.first,
                    of.event,
                    of.amount_micro,
                    of.reversed,
                )
            })
            .collect();
        assert_eq!(granted, wanted, "grants of {name}");
        let held = self
            .model
            .instruments
            .get(name)
            .cloned()
            .unwrap_or_default();
        let freezes = kept.map(|kept| kept.freezes.clone()).unwrap_or_default();
        let came = [freezes.earned, freezes.bought, freezes.returned];
        let went = [freezes.used, freezes.lost];
        assert_eq!(freezes.held(), held.held.len(), "freezes of {name}");
        let number = |count: usize| count as u32;
        assert_eq!(
            came,
            [held.earned, held.bought, held.returned].map(number),
            "{name}"
        );
        assert_eq!(went, [held.spent, held.lost].map(number), "{name}");
    }

    fn look_at_balance(&self) {
        let balance = self.core.user.balance_view();
        let net = self.model.balance_micro();
        assert_eq!(
            (balance.available_micro, balance.debt_micro),
            (net.max(0), (-net).max(0)),
            "balance"
        );
    }
}
