//! What both say of every day and streak.

use sha2::{Digest, Sha256};
use streakline_core::{
    civil::Day,
    view::{DayPhase, DayStatus},
};

use super::{Pair, random::GOALS};
use crate::{
    history::goal,
    model::{acts::Act, records::winners, statuses::Status, streaks::Run},
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
        for name in GOALS
            .into_iter()
            .filter(|name| self.model.goals.contains_key(*name))
        {
            self.look_at_streak(name);
        }
    }

    fn look_at_day(&mut self, day: Day) {
        let (view, data) = (self.core.day(day), self.model.day(day));
        let label = day.iso();
        let records = data.records.get("steps").copied().unwrap_or(0);
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
        for progress in &view.goals {
            let name = progress.goal.as_str();
            let part = self.model.progress(name, (day, day)).unwrap()[0];
            let label = format!("{name} on {label}");
            assert_eq!(
                (progress.target, progress.progress),
                (part.target, part.progress),
                "{label}"
            );
            let status = self.model.status(name, day).unwrap();
            assert_eq!(Some(progress.status), told(status), "status of {label}");
            let kept = part.met_at_ms.is_none() && status == Status::Met;
            assert!(
                kept || progress.met_at.map(|met| met.0) == part.met_at_ms,
                "minute of {label}"
            );
        }
        let in_force = self
            .model
            .goals
            .values()
            .filter(|goal| goal.on(day).is_some());
        assert_eq!(view.goals.len(), in_force.count(), "goals on {label}");
        let held = *self
            .hashes
            .entry((day, self.made_of(day)))
            .or_insert(view.state_hash);
        assert_eq!(held, view.state_hash, "hash of {label}");
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
        let with_today = self.model.streak(name, self.model.today());
        let length = |run: Option<Run>| run.map_or(0, |run| run.count);
        assert_eq!(view.count, length(closed.current), "count of {name}");
        assert_eq!(
            view.with_today,
            length(with_today.current),
            "with today of {name}"
        );
        for (day, status) in &view.statuses {
            let wanted = self.model.status(name, *day).and_then(told);
            assert_eq!(Some(*status), wanted, "status of {name} on {}", day.iso());
        }
        let longest = closed.longest.map(|run| (run.from, run.to));
        assert_eq!(
            view.longest,
            (length(closed.longest), longest),
            "longest of {name}"
        );
    }
}

/// The core's word for a status.
fn told(status: Status) -> Option<DayStatus> {
    Some(match status {
        Status::Met => DayStatus::Met,
        Status::Missed => DayStatus::Missed,
        Status::Void => DayStatus::Void,
        Status::Pending => DayStatus::Pending,
        _ => return None,
    })
}
