//! Boundaries of a user's days and challenges: what happens because time passes (domain.md 2.3, 4.1, 8.2).
//!
//! A boundary runs at its own logical time, in order of (deadline, kind, id), however late the fold comes: a server that was
//! down catches up exactly once (design.md 2, law 8).

use alloc::vec::Vec;

use super::{User, accounts, enrolment, fold::Fold, goals, paying, prizes, standing, streaks};
use crate::{
    civil::{Day, HOUR_MS},
    event::Topic,
    id::ChallengeId,
    ledger::{Account, Posting},
    limits,
    period::Period,
    scoring,
    streak::Stage,
};

/// What falls due, in the order in which equal deadlines run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    TokenIncrement(Day),
    SoftClose(Day),
    HardClose(Day),
    IssueTargets(Day),
    ChallengeStart(ChallengeId),
    ChallengeEnd(ChallengeId),
    ChallengeSettle(ChallengeId),
    VerdictFinal(u32),
    PrizeRelease(ChallengeId),
    ChallengeRoll(ChallengeId),
}

/// Runs every boundary with a deadline at or before `up_to_ms`.
pub(super) fn run(user: &mut User, fold: &mut Fold<'_>, up_to_ms: i64) {
    while let Some((deadline_ms, kind)) = next(user).filter(|(at, _)| *at <= up_to_ms) {
        // A change of zone can move a deadline into the past: it is carried out at the change's own stamp.
        user.now_ms = user.now_ms.max(deadline_ms);
        fold.at_ms = user.now_ms;
        match kind {
            Kind::TokenIncrement(_) => post_increments(user, fold, deadline_ms),
            Kind::SoftClose(day) => soft_close(user, fold, day),
            Kind::HardClose(day) => hard_close(user, fold, day),
            Kind::IssueTargets(day) => goals::issue(user, fold, day),
            Kind::ChallengeStart(id) => enrolment::start(user, fold, id),
            Kind::ChallengeEnd(id) => enrolment::end(user, fold, id),
            Kind::ChallengeSettle(id) => enrolment::freeze(user, id),
            Kind::VerdictFinal(number) => streaks::decide(user, fold, number, Stage::Final),
            Kind::PrizeRelease(id) => prizes::release(user, fold, id),
            Kind::ChallengeRoll(id) => standing::roll(user, fold, id),
        }
        streaks::grant(user, fold);
    }
}

/// The earliest boundary, with its deadline in POSIX ms.
pub(super) fn next(user: &User) -> Option<(i64, Kind)> {
    user.created?;
    let calendar = user.calendar();
    let after = |day: Day, wait_ms: i64| calendar.end_ms(day).saturating_add(wait_ms);
    let (soft, hard) = (user.soft_closed.next(), user.hard_closed.next());
    let closes = [
        (
            after(soft, limits::SOFT_CLOSE_AFTER_MS),
            Kind::SoftClose(soft),
        ),
        (
            after(hard, limits::HARD_CLOSE_AFTER_MS),
            Kind::HardClose(hard),
        ),
    ];
    let challenges = user
        .enrolments
        .iter()
        .filter_map(|(id, held)| enrolment::next(*id, held));
    let held = user.enrolments.iter();
    let rolls = held.filter_map(|(id, held)| standing::next(calendar, *id, held));
    let verdict = user.verdicts.next();
    let verdict = verdict.map(|(at_ms, number)| (at_ms, Kind::VerdictFinal(number)));
    closes
        .into_iter()
        .chain(increments(user))
        .chain(challenges)
        .chain(rolls)
        .chain(goals::next_issue(user).map(|(at_ms, day)| (at_ms, Kind::IssueTargets(day))))
        .chain(verdict)
        .chain(prizes::next(user))
        .min()
}

/// Between soft and hard close, whenever more is earned than posted: at the next full hour after the soft close.
fn increments(user: &User) -> impl Iterator<Item = (i64, Kind)> {
    user.paying.after(user.hard_closed).filter_map(|day| {
        let closed = soft_closed_ms(user, day)?;
        if earned_micro(user, day) <= posted_micro(user, day) {
            return None;
        }
        let hours = user
            .now_ms
            .saturating_sub(closed)
            .div_euclid(HOUR_MS)
            .max(0)
            .saturating_add(1);
        Some((
            closed.saturating_add(hours.saturating_mul(HOUR_MS)),
            Kind::TokenIncrement(day),
        ))
    })
}

/// When the day was soft-closed, by its end as it was known then, POSIX ms.
fn soft_closed_ms(user: &User, day: Day) -> Option<i64> {
    let end_ms = user.paying.end_ms(day)?;
    Some(end_ms.saturating_add(limits::SOFT_CLOSE_AFTER_MS))
}

fn earned_micro(user: &User, day: Day) -> i64 {
    scoring::steps_micro(user.payable_steps(day))
}

fn posted_micro(user: &User, day: Day) -> i64 {
    user.days.get(&day).map_or(0, |state| state.posted_micro)
}

/// Days whose hours strike together are paid together: after the first of them, "the next full hour" of the others would be
/// an hour late.
fn post_increments(user: &mut User, fold: &mut Fold<'_>, deadline_ms: i64) {
    let days: Vec<Day> = user.paying.after(user.hard_closed).collect();
    for day in days {
        let Some(closed_ms) = soft_closed_ms(user, day) else {
            continue;
        };
        let waited_ms = deadline_ms.saturating_sub(closed_ms);
        if waited_ms.rem_euclid(HOUR_MS) == 0 && waited_ms > 0 {
            post_tokens(user, fold, day);
        }
    }
}

fn soft_close(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    paying::fix(user, day);
    user.soft_closed = day;
    streaks::soft_close(user, fold, day);
    post_tokens(user, fold, day);
    goals::soft_closed(user, fold, day);
    fold.changed(Topic::Day(day));
}

fn hard_close(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    post_tokens(user, fold, day);
    user.hard_closed = day;
    if let Some(state) = user.days.get_mut(&day) {
        state.scored = Some(state.eligible_steps());
    }
    standing::hard_closed(user, day);
    paying::settle(user, day);
    streaks::hard_close(user, fold, day);
    fold.changed(Topic::Day(day));
}

/// Books f(eligible of the day's range) - posted, where positive (domain.md 2.2, 8.2); the key holds the total after it.
fn post_tokens(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    let earned_micro = earned_micro(user, day);
    let amount_micro = earned_micro.saturating_sub(posted_micro(user, day));
    if amount_micro <= 0 {
        return;
    }
    let standings = user.standings(day);
    let state = user.days.entry(day).or_default();
    if !state.is_cold() {
        // Minutes of other days can pay for one that has none of its own.
        state.head.get_or_insert_default();
    }
    state.posted_micro = earned_micro;
    state.version = state.version.saturating_add(1);
    let evidence = state.state_hash(&standings);
    let posting = Posting {
        debit: Account::Treasury,
        credit: Account::Available,
        amount_micro,
        code: "steps",
        rule: scoring::STEPS_RULE,
        day,
        goal: None,
        challenge: None,
        number: earned_micro,
        evidence,
    };
    accounts::book(user, fold, posting);
    accounts::repay(user, fold, day);
    fold.changed(Topic::Day(day));
}

impl User {
    /// When the next boundary falls due, or something is no longer kept, POSIX ms; none on hold.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        let expiry_ms = self.next_expiry().filter(|_| !self.is_held());
        self.next_boundary().into_iter().chain(expiry_ms).min()
    }

    fn next_boundary(&self) -> Option<i64> {
        next(self)
            .filter(|_| !self.is_held())
            .map(|(deadline_ms, _)| deadline_ms)
    }

    /// When somebody else would see the effect of the next boundary, or something is no longer kept, so that a user who is not in
    /// memory must be woken; `None`: nothing of this user can change by time alone (design.md 4).
    #[must_use]
    pub fn visible_deadline(&self) -> Option<i64> {
        if self.is_releasing() {
            // What was kept waits to be folded: due at once, also after a start.
            return Some(self.now_ms);
        }
        self.created?;
        let days_open = self.days.range(self.hard_closed.next()..).next().is_some();
        let streaks = self.goals.iter().any(|(id, goal)| {
            // A streak that is lost is told at the hard close of the day that ended it.
            goal.streak.current.is_some() || self.streak_through(id, self.hard_closed).count() > 0
        });
        // A week or month may be met, or be lost, on a day of which nothing else is known.
        let periods = self.goals.iter().any(|(id, goal)| {
            let first = goal.period_of(self.hard_closed.next());
            let mut open = self.days.range(first..).map(|(_, state)| state);
            goal.period != Period::Day && open.any(|state| state.goals.contains_key(id))
        });
        let enrolled = self.enrolments.values().any(|held| held.awaits_boundary());
        let decided = self.verdicts.next().is_some() || !self.held_prizes.is_empty();
        let visible = days_open || streaks || periods || enrolled || decided;
        if visible {
            self.next_deadline()
        } else {
            self.next_expiry().filter(|_| !self.is_held())
        }
    }
}
