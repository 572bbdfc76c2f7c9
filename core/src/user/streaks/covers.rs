//! What makes a missed day neutral: freezes and passes, used by themselves, and repairs (domain.md 4.2).

use alloc::vec::Vec;
use sha2::{Digest, Sha256};

use super::{changed, keeping, settle, tell};
use crate::{
    civil::Day,
    event::{FreezeChange, StreakFact},
    id::GoalId,
    ledger::{Account, Posting},
    limits,
    period::Period,
    streak::{Cover, Keeping},
    user::{User, accounts, fold::Fold},
    view::DayStatus,
};

/// Uses passes, then freezes, for the missed days from `open` on, the oldest first, each only where something is to be kept;
/// answers which days are covered now that were not.
pub(super) fn cover(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, open: Day) -> Vec<Day> {
    let mut covered = Vec::new();
    let has_any = |held: &Keeping| held.freezes.held() > 0 || held.definition.has_passes();
    if !user.streaks.get(id).is_some_and(|held| has_any(held)) {
        return covered;
    }
    for cover in [pass, freeze] {
        let first = user.period_of(id, open);
        let mut streak = user.streak_through(id, first.prev());
        for day in user.periods(id, first, user.soft_closed) {
            let Some(mut status) = user.status(id, day) else {
                continue;
            };
            let breaks = status == DayStatus::Missed && streak.count() > 0;
            if breaks && !user.is_taken(id, day) && cover(user, fold, id, day) {
                covered.push(day);
                status = user.status(id, day).unwrap_or(status);
            }
            streak.step(day, status);
        }
    }
    covered.sort_unstable();
    covered
}

fn pass(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) -> bool {
    // Of a week or month nothing passes.
    if user.rhythm(id).0 != Period::Day {
        return false;
    }
    let near = user.share_percent(id, day) >= limits::NEAR_MISS_PERCENT;
    let held = keeping(user, id);
    let allowed = held.definition;
    let may = allowed.weekend_pass && is_weekend(day) || allowed.near_miss && near;
    let free = held.passes_near(day, limits::PASS_DAYS) < limits::PASSES_MAX;
    if !may || !free || held.since.is_none_or(|since| day < since) {
        return false;
    }
    held.covers.insert(day, Cover::Pass);
    let goal = id.clone();
    tell(user, fold, StreakFact::PassUsed { goal, day });
    true
}

/// 1970-01-01 was a Thursday.
fn is_weekend(day: Day) -> bool {
    day.0.saturating_add(3).rem_euclid(7) >= 5
}

fn freeze(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) -> bool {
    let last = user.last_of(id, day);
    let held = keeping(user, id);
    let Some(acquired) = held.freezes.take(last) else {
        return false;
    };
    held.covers.insert(day, Cover::Frozen(acquired));
    tell_freeze(user, fold, id, (FreezeChange::Used, day));
    true
}

fn tell_freeze(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: &GoalId,
    (change, day): (FreezeChange, Day),
) {
    let held = keeping(user, id).freezes.held();
    let fact = StreakFact::Freeze {
        goal: id.clone(),
        change,
        day,
        held: u32::try_from(held).unwrap_or(u32::MAX),
    };
    tell(user, fold, fact);
}

/// A met day needs no cover: a freeze comes back, a pass is free again.
pub(super) fn release(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    if !user.is_met(id, day) || user.is_taken(id, day) {
        return;
    }
    let held = keeping(user, id);
    match held.covers.get(&day).copied() {
        Some(Cover::Frozen(acquired)) => {
            held.covers.remove(&day);
            held.freezes.give_back(acquired, held.definition.freezes);
            tell_freeze(user, fold, id, (FreezeChange::Returned, day));
        }
        Some(Cover::Pass) => {
            held.covers.remove(&day);
            let goal = id.clone();
            tell(user, fold, StreakFact::PassReturned { goal, day });
        }
        // What was paid for, or earned back, stays the day's should it be missed again.
        Some(Cover::Repaired) | None => {}
    }
}

/// Counts a met day towards the next freeze, where freezes are held at all.
pub(super) fn earn(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    let most = user.streak_definition(id).freezes;
    let today = user.day_of(fold.at_ms);
    if most > 0 && keeping(user, id).freezes.count(today, most) {
        tell_freeze(user, fold, id, (FreezeChange::Earned, day));
    }
}

/// Buys a freeze.
pub(super) fn buy(user: &mut User, fold: &mut Fold<'_>, id: &GoalId) {
    if user.may_buy_freeze(id).is_err() {
        return;
    }
    let today = user.day_of(fold.at_ms);
    let most = user.streak_definition(id).freezes;
    keeping(user, id).freezes.buy(today, most);
    let number = keeping(user, id).freezes.bought;
    let bought = (today, i64::from(number));
    pay(
        user,
        fold,
        id,
        ("freeze", limits::FREEZE_PRICE_MICRO),
        bought,
    );
    tell_freeze(user, fold, id, (FreezeChange::Bought, today));
    changed(user, fold, id);
}

/// Repairs a missed day.
pub(super) fn repair(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, (day, paid): (Day, bool)) {
    if user.may_repair(id, (day, paid), fold.at_ms).is_err() {
        return;
    }
    let today = user.day_of(fold.at_ms);
    let held = keeping(user, id);
    held.covers.insert(day, Cover::Repaired);
    held.repairs.push(today);
    let number = i64::try_from(held.repairs.len()).unwrap_or(i64::MAX);
    if paid {
        pay(
            user,
            fold,
            id,
            ("repair", limits::REPAIR_PRICE_MICRO),
            (day, number),
        );
    }
    let count = user.streak_through(id, user.soft_closed).count();
    let fact = StreakFact::Repaired {
        goal: id.clone(),
        day,
        paid,
        count,
    };
    tell(user, fold, fact);
    settle(user, fold, id, day);
}

/// Tokens go from the user to the partition's revenue.
fn pay(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: &GoalId,
    (code, price_micro): (&'static str, i64),
    (day, number): (Day, i64),
) {
    let state = minicbor::to_vec(user.streaks.get(id)).unwrap_or_default();
    let posting = Posting {
        debit: Account::Available,
        credit: Account::Revenue,
        amount_micro: price_micro,
        code,
        rule: "instruments@1",
        day,
        goal: Some(id.clone()),
        challenge: None,
        number,
        evidence: Sha256::digest(state).into(),
    };
    accounts::book(user, fold, posting);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saturday_and_sunday_are_the_weekend() {
        let monday = Day::parse("2016-04-18").unwrap();
        let weekend = [0, 1, 2, 3, 4, 5, 6].map(|days| is_weekend(monday.plus(days)));
        assert_eq!(weekend, [false, false, false, false, false, true, true]);
    }
}
