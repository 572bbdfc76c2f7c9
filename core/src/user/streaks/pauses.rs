//! Pauses of a user: taken, ended, cancelled, run out (domain.md 4.2). What may be is `streak::Pauses`'s to say.

use super::{changed, ids, tell};
use crate::{
    civil::Day,
    event::{PauseChange, StreakFact},
    period::Period,
    streak::{Pause, PauseRefusal},
    user::{User, fold::Fold},
};

impl User {
    /// Judges a pause that is asked for at a time.
    ///
    /// # Errors
    /// [`PauseRefusal`].
    pub fn may_pause(&self, days: (Day, Day), now_ms: i64) -> Result<Pause, PauseRefusal> {
        let today = self.day_of(now_ms);
        let daily = self
            .goals
            .iter()
            .filter(|(_, goal)| goal.period == Period::Day);
        let met = daily.into_iter().any(|(id, _)| self.is_met(id, today));
        self.pauses.admit(days, today, met)
    }
}

pub(super) fn begin(user: &mut User, fold: &mut Fold<'_>, days: (Day, Day)) {
    let Ok(pause) = user.may_pause(days, fold.at_ms) else {
        return;
    };
    let (from, to) = days;
    user.pauses.begin(pause, user.day_of(fold.at_ms));
    let change = PauseChange::Started;
    tell(user, fold, StreakFact::Pause { change, from, to });
    told(user, fold);
}

pub(super) fn end(user: &mut User, fold: &mut Fold<'_>) {
    let today = user.day_of(fold.at_ms);
    let Some(Pause { from, to, .. }) = user.pauses.end(today) else {
        return;
    };
    let change = if from <= today {
        PauseChange::Ended
    } else {
        PauseChange::Cancelled
    };
    tell(user, fold, StreakFact::Pause { change, from, to });
    told(user, fold);
}

/// A pause that ends with a day is told to be over at its soft close, unless it was ended early and told then.
pub(super) fn day_ends(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    if let Some(Pause { from, to, .. }) = user.pauses.ending(day) {
        let change = PauseChange::Ended;
        tell(user, fold, StreakFact::Pause { change, from, to });
    }
}

fn told(user: &mut User, fold: &mut Fold<'_>) {
    user.pause_version = user.pause_version.saturating_add(1);
    for id in ids(user) {
        changed(user, fold, &id);
    }
}
