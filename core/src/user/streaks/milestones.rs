//! Milestones of a streak are granted once per run, on time or late, and paid by the treasury (domain.md 4.3).

use alloc::vec::Vec;
use sha2::{Digest, Sha256};

use super::{keeping, tell};
use crate::{
    civil::Day,
    event::StreakFact,
    id::GoalId,
    ledger::{Account, Posting},
    streak::{Grant, Hit, Hits, is_milestone, may_grant},
    user::{User, accounts, fold::Fold},
};

/// Rule that pays milestones, with its version.
const RULE: &str = "streak@1";

/// The newest closed day has made the current run longer.
pub(super) fn reached(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, day: Day) {
    let current = user.goals.get(id).and_then(|goal| goal.streak.current);
    if let Some(run) = current.filter(|run| run.to == day && is_milestone(run.count)) {
        let hit = Hit {
            milestone: run.count,
            event: day,
            run,
        };
        grant(user, fold, id, &hit);
    }
}

/// Grants what a changed history has come to.
pub(super) fn grant_missing(user: &mut User, fold: &mut Fold<'_>, id: &GoalId) {
    for hit in hits(user, id) {
        grant(user, fold, id, &hit);
    }
}

/// Every milestone of the closed days from the checkpoint on, by rising day.
fn hits(user: &User, id: &GoalId) -> Vec<Hit> {
    let (from, mut streak) = user.fold_begins(id, user.soft_closed);
    let mut hits = Hits::default();
    for day in user.periods(id, from, user.soft_closed) {
        if let Some(status) = user.status(id, day) {
            let before = streak.current;
            streak.step(day, status);
            hits.step(before, streak.current);
        }
    }
    hits.end(streak.current)
}

fn grant(user: &mut User, fold: &mut Fold<'_>, id: &GoalId, hit: &Hit) {
    let held = keeping(user, id);
    let amount_micro = held.definition.amounts.of(hit.milestone);
    let may = may_grant(&held.grants, hit);
    let may = may && !user.verdicts.withhold(user.last_of(id, hit.event));
    if !may || !stands_without_verdicts(user, id, hit) {
        return;
    }
    let (milestone, first, day) = (hit.milestone, hit.run.from, hit.event);
    keeping(user, id).grants.push(Grant {
        milestone,
        first,
        event: day,
        amount_micro,
        reversed: false,
    });
    let fact = StreakFact::MilestoneReached {
        goal: id.clone(),
        milestone,
        first,
        day,
        amount_micro,
    };
    tell(user, fold, fact);
    if amount_micro > 0 {
        let posting = Posting {
            debit: Account::Treasury,
            credit: Account::Available,
            amount_micro,
            code: "streak",
            rule: RULE,
            day,
            goal: Some(id.clone()),
            challenge: None,
            number: i64::from(milestone),
            evidence: evidence(user, id, (first, day)),
        };
        accounts::book(user, fold, posting);
        accounts::repay(user, fold, day);
    }
}

/// Whether a milestone would be granted too, were every verdict acquitted that is not decided: none of them brings about a grant
/// that its acquittal would have to take back (T4.6).
fn stands_without_verdicts(user: &mut User, id: &GoalId, hit: &Hit) -> bool {
    let Some(acquitted) = user.verdicts.acquitted() else {
        return true;
    };
    let verdicts = core::mem::replace(&mut user.verdicts, acquitted);
    let checkpoint = keeping(user, id).checkpoint.take();
    let hits = hits(user, id);
    user.verdicts = verdicts;
    let held = keeping(user, id);
    held.checkpoint = checkpoint;
    let same = |other: &Hit| (other.milestone, other.event) == (hit.milestone, hit.event);
    hits.iter()
        .any(|other| same(other) && may_grant(&held.grants, other))
}

/// SHA-256 over the statuses of a run: what a grant rests on.
fn evidence(user: &User, id: &GoalId, (first, last): (Day, Day)) -> [u8; 32] {
    let mut hash = Sha256::new();
    for day in user.periods(id, first, user.last_of(id, last)) {
        let status = user.status(id, day).map_or(u8::MAX, |status| status as u8);
        hash.update(day.0.to_be_bytes());
        hash.update([status]);
    }
    hash.finalize().into()
}
