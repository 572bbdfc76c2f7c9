//! What may be asked of a streak: a freeze, a repair, a verdict, its decision. Asked at admission, and again when the input is
//! folded.

use alloc::collections::BTreeSet;

use super::User;
use crate::{
    civil::Day,
    id::GoalId,
    limits,
    period::Period,
    streak::{Definition, Keeping, Repair},
    view::DayStatus,
};

/// Why something is not done for a streak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreakRefusal {
    /// No such goal in force.
    #[error("there is no such goal")]
    NoGoal,
    /// Its streak does not allow it.
    #[error("the streak's definition does not allow it")]
    NotAllowed,
    /// As many freezes are held as may be.
    #[error("as many freezes are held as may be")]
    Full,
    /// Too few tokens: the price and what there is, 10^-6 token.
    #[error("it costs {0} micro-tokens; {1} are available")]
    Price(i64, i64),
    /// The day is not one that was missed and ended a streak.
    #[error("only a missed day that ended a streak can be repaired")]
    NotMissed,
    /// Another day was missed too.
    #[error("more than one day was missed")]
    NotOne,
    /// Too long ago.
    #[error("a day can be repaired within 72 hours of its soft close")]
    Late,
    /// Repaired lately.
    #[error("a streak can be repaired once in 30 days")]
    Repaired,
    /// The two next days are not enough.
    #[error("both next days must reach 120 % of the goal")]
    NotEarned,
    /// Not the days of a verdict.
    #[error("a verdict names 1 to 31 soft-closed days")]
    Days,
    /// Too many verdicts.
    #[error("a user has at most 100 verdicts")]
    Verdicts,
}

impl User {
    fn kept(&self, id: &GoalId) -> Result<&Keeping, StreakRefusal> {
        let open = self
            .goals
            .get(id)
            .is_some_and(|goal| goal.until().is_none());
        let kept = self.streaks.get(id).ok_or(StreakRefusal::NotAllowed);
        if open {
            kept.map(|kept| &**kept)
        } else {
            Err(StreakRefusal::NoGoal)
        }
    }

    fn can_pay(&self, price_micro: i64) -> Result<(), StreakRefusal> {
        let there = self.available_micro;
        let enough = price_micro <= there;
        enough
            .then_some(())
            .ok_or(StreakRefusal::Price(price_micro, there))
    }

    /// Whether a freeze may be bought.
    ///
    /// # Errors
    /// [`StreakRefusal`].
    pub fn may_buy_freeze(&self, id: &GoalId) -> Result<(), StreakRefusal> {
        let kept = self.kept(id)?;
        let most = usize::from(kept.definition.freezes);
        if most == 0 {
            return Err(StreakRefusal::NotAllowed);
        }
        if kept.freezes.held() >= most {
            return Err(StreakRefusal::Full);
        }
        self.can_pay(limits::FREEZE_PRICE_MICRO)
    }

    /// Whether a missed day may be repaired, by tokens or by both next days.
    ///
    /// # Errors
    /// [`StreakRefusal`].
    pub fn may_repair(
        &self,
        id: &GoalId,
        (day, paid): (Day, bool),
        now_ms: i64,
    ) -> Result<(), StreakRefusal> {
        let kept = self.kept(id)?;
        let today = self.day_of(now_ms);
        // Asked by the goal: the last day of a month, taken for a period, would be one of a single day.
        if self.rhythm(id).0 != Period::Day {
            return Err(StreakRefusal::NotAllowed);
        }
        self.repair_allowed(kept, (day, paid))?;
        self.ended_a_streak(id, day)?;
        let closed_ms = self.calendar().end_ms(day);
        let closed_ms = closed_ms.saturating_add(limits::SOFT_CLOSE_AFTER_MS);
        if now_ms > closed_ms.saturating_add(limits::REPAIR_WITHIN_MS) {
            return Err(StreakRefusal::Late);
        }
        if kept.repaired_lately(today) {
            return Err(StreakRefusal::Repaired);
        }
        let next = [day.next(), day.next().next()];
        let reached = |day: &Day| self.share_percent(id, *day) >= limits::EARN_BACK_PERCENT;
        if paid {
            self.can_pay(limits::REPAIR_PRICE_MICRO)
        } else if next.iter().all(reached) {
            Ok(())
        } else {
            Err(StreakRefusal::NotEarned)
        }
    }

    fn repair_allowed(
        &self,
        kept: &Keeping,
        (day, paid): (Day, bool),
    ) -> Result<(), StreakRefusal> {
        let Definition { repair, .. } = kept.definition;
        let way = repair.is_some_and(|way| !paid || way == Repair::EarnBackOrTokens);
        let since = kept.since.is_some_and(|since| since <= day);
        (way && since)
            .then_some(())
            .ok_or(StreakRefusal::NotAllowed)
    }

    /// Exactly one missed day stands between the streak that was and now.
    fn ended_a_streak(&self, id: &GoalId, day: Day) -> Result<(), StreakRefusal> {
        let missed = |day: Day| self.status(id, day) == Some(DayStatus::Missed);
        let before = self.streak_through(id, day.prev()).count();
        if day > self.soft_closed || !missed(day) || before == 0 || self.is_taken(id, day) {
            return Err(StreakRefusal::NotMissed);
        }
        let mut later = (day.next().0..=self.soft_closed.0).map(Day);
        if later.any(missed) {
            return Err(StreakRefusal::NotOne);
        }
        Ok(())
    }

    /// Whether a verdict may be given on some days.
    ///
    /// # Errors
    /// [`StreakRefusal`].
    pub fn may_give_verdict(&self, days: &BTreeSet<Day>) -> Result<(), StreakRefusal> {
        let first = self.created.map_or(Day(i32::MAX), |(_, first)| first);
        let closed = |day: &Day| first <= *day && *day <= self.soft_closed;
        if days.is_empty() || days.len() > limits::VERDICT_DAYS_MAX || !days.iter().all(closed) {
            return Err(StreakRefusal::Days);
        }
        if self.verdicts.len() >= limits::VERDICTS_PER_USER_MAX {
            return Err(StreakRefusal::Verdicts);
        }
        Ok(())
    }
}
