//! Confirmed fraud takes days from streaks and milestones from runs; an acquittal gives back exactly what was taken (domain.md
//! 4.3, T4.6).

use alloc::{collections::BTreeSet, vec::Vec};
use sha2::{Digest, Sha256};

use super::{changed, covers, extended, ids, is_first_met, keeping, milestones, settle, tell};
use crate::{
    civil::Day,
    event::StreakFact,
    id::GoalId,
    ledger::{self, About},
    streak::{Grant, Stage},
    user::{User, accounts, fold::Fold},
    view::DayStatus,
};

type Statuses = Vec<(GoalId, Day, Option<DayStatus>)>;

pub(super) fn give(user: &mut User, fold: &mut Fold<'_>, days: &BTreeSet<Day>) {
    if user.may_give_verdict(days).is_err() {
        return;
    }
    let today = user.day_of(fold.at_ms);
    let before = statuses(user, days);
    let verdict = user.verdicts.give(days.clone(), today, fold.at_ms);
    let stage = Stage::Open(fold.at_ms.saturating_add(crate::limits::APPEAL_MS));
    tell(user, fold, StreakFact::Verdict { verdict, stage });
    changed_by(user, fold, before);
    for id in ids(user) {
        reverse(user, fold, &id, (days, verdict));
    }
}

pub(super) fn decide(user: &mut User, fold: &mut Fold<'_>, verdict: u32, stage: Stage) {
    let days = user.verdicts.get(verdict).map(|held| held.days.clone());
    let days = days.unwrap_or_default();
    let before = statuses(user, &days);
    if !user.verdicts.advance(verdict, stage) {
        return;
    }
    tell(user, fold, StreakFact::Verdict { verdict, stage });
    match stage {
        Stage::Acquitted => {
            for id in ids(user) {
                restore(user, fold, &id, verdict);
                for day in &days {
                    let period = user.period_of(&id, *day);
                    covers::release(user, fold, &id, period);
                }
            }
            changed_by(user, fold, before);
            grant_held_back(user, fold);
        }
        Stage::Final => grant_held_back(user, fold),
        Stage::Open(_) | Stage::Appealed => {}
    }
}

/// What was held back is decided by the whole history as it is now.
fn grant_held_back(user: &mut User, fold: &mut Fold<'_>) {
    for id in ids(user) {
        let checkpoint = keeping(user, &id).checkpoint.take();
        milestones::grant_missing(user, fold, &id);
        keeping(user, &id).checkpoint = checkpoint;
    }
}

fn statuses(user: &User, days: &BTreeSet<Day>) -> Statuses {
    let of = |id: &GoalId| {
        let days = days.iter();
        let periods: BTreeSet<Day> = days.map(|day| user.period_of(id, *day)).collect();
        let status = |period| (id.clone(), period, user.status(id, period));
        periods.into_iter().map(status).collect::<Vec<_>>()
    };
    user.goals.keys().flat_map(of).collect()
}

/// Streaks whose days have another status now are folded again, each once, from the earliest. A week or month that goes on is not
/// part of a fold, and counts towards a freeze when it closes.
fn changed_by(user: &mut User, fold: &mut Fold<'_>, before: Statuses) {
    let mut last: Option<GoalId> = None;
    for (id, day, status) in before {
        if user.status(&id, day) == status {
            continue;
        }
        if user.last_of(&id, day) > user.soft_closed {
            changed(user, fold, &id);
        } else if last.as_ref() != Some(&id) {
            settle(user, fold, &id, day);
            last = Some(id);
        } else if is_first_met(user, &id, day) {
            covers::earn(user, fold, &id, day);
            extended(user, fold, &id, day);
        }
    }
}

/// Takes back the grants whose run goes through a day that is taken.
fn reverse(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: &GoalId,
    (days, verdict): (&BTreeSet<Day>, u32),
) {
    let mut grants = core::mem::take(&mut keeping(user, id).grants);
    for grant in grants.iter_mut().filter(|grant| !grant.reversed) {
        if !rests_on(user, (id, grant), &|day| days.contains(&day)) {
            continue;
        }
        grant.reversed = true;
        let evidence = evidence(user, id, grant, verdict);
        accounts::claw_back(user, fold, (grant.event, grant.amount_micro), evidence);
    }
    keeping(user, id).grants = grants;
}

/// Gives back the grants that no verdict in force touches any more.
fn restore(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, verdict: u32) {
    let mut grants = core::mem::take(&mut keeping(user, id).grants);
    for grant in grants.iter_mut().filter(|grant| grant.reversed) {
        if rests_on(user, (id, grant), &|day| user.verdicts.take(day)) {
            continue;
        }
        grant.reversed = false;
        let evidence = evidence(user, id, grant, verdict);
        accounts::restore(user, fold, (grant.event, grant.amount_micro), evidence);
    }
    keeping(user, id).grants = grants;
}

/// Whether a day that counts for the run of a grant is one of some.
fn rests_on(user: &User, (id, grant): (&GoalId, &Grant), of: &dyn Fn(Day) -> bool) -> bool {
    let Some(goal) = user.goals.get(id) else {
        return false;
    };
    let mut periods = user.periods(id, grant.first, user.last_of(id, grant.event));
    periods.any(|period| goal.counted_days(period).any(of))
}

/// SHA-256 over the transfer that is set right and the verdict that does it.
fn evidence(user: &User, id: &GoalId, grant: &Grant, verdict: u32) -> [u8; 32] {
    let number = (grant.event, i64::from(grant.milestone));
    let about = About {
        goal: Some(id),
        challenge: None,
    };
    let paid = ledger::key_id("streak", &user.id, about, number);
    let hash = Sha256::new().chain_update(paid);
    hash.chain_update(verdict.to_be_bytes()).finalize().into()
}
