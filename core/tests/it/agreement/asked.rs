//! What is asked for in both: goals and rest days, instruments, pauses, verdicts. Both take it or both refuse.

use streakline_core::{
    civil::Day,
    input::{NewProfile, UserInput},
    period::WeekStart,
    user::goals::{self, admit::Wish},
};

use super::{Pair, words};
use crate::{
    history::goal,
    model::{acts::Act, goals::Shape},
};

impl Pair {
    pub(super) fn start_weeks(&mut self, sunday: bool) {
        let week_starts = match sunday {
            true => WeekStart::Sunday,
            false => WeekStart::Monday,
        };
        self.core.input(UserInput::Profile(NewProfile {
            week_starts: Some(week_starts),
            ..NewProfile::default()
        }));
    }

    /// Time is told before anything is asked, as an actor does.
    fn tell_time(&mut self) {
        self.core.tick(self.core.now_ms);
        self.model.act(self.core.now_ms, &Act::Tick);
    }

    pub(super) fn goals(&mut self, act: &Act) {
        self.tell_time();
        match act {
            Act::PutGoal { goal, shape, from } => {
                let asked = self.wish(goal, (shape, None), *from);
                let wanted = self.model.revisions(goal, shape, *from).is_some();
                assert_eq!(asked, wanted, "{goal} {shape:?} {from:?}");
            }
            Act::Own { goal, target, from } => {
                let shape = self.model.goals.get(*goal).and_then(|held| {
                    let newest = held.revisions.last()?;
                    newest.1.clone()
                });
                if let Some(shape) = shape {
                    let asked = self.wish(goal, (&shape, Some(*target)), *from);
                    let wanted = self.model.own_from(goal, *target, *from).is_some();
                    assert_eq!(asked, wanted, "{goal}: {target} from {from:?}");
                }
            }
            Act::Rest(day) => self.rest(*day),
            other => unreachable!("{other:?}"),
        }
    }

    fn wish(&mut self, name: &str, (shape, own): (&Shape, Option<i64>), from: Option<Day>) -> bool {
        let wish = Wish {
            period: words::period(shape),
            week_start: None,
            terms: words::terms(shape),
            own,
            from,
        };
        self.core.wish(name, &wish).is_ok()
    }

    fn rest(&mut self, day: Day) {
        let asked = goals::admit::rest_day(&self.core.user, day, self.core.now_ms);
        let known = self.model.rests.contains(&day);
        let wanted = self.model.may_rest(day) && !known;
        assert_eq!(
            matches!(asked, Ok(Some(_))),
            wanted,
            "rest on {}",
            day.iso()
        );
        if let Ok(Some(input)) = asked {
            self.core.input(input);
        }
    }

    pub(super) fn streaks(&mut self, act: &Act) {
        self.tell_time();
        let (user, now_ms) = (&self.core.user, self.core.now_ms);
        let (taken, wanted) = match act {
            Act::Allow(..) => (true, true),
            Act::BuyFreeze(name) => (
                user.may_buy_freeze(&goal(name)).is_ok(),
                self.model.may_buy(name),
            ),
            Act::Repair {
                goal: name,
                day,
                paid,
            } => (
                user.may_repair(&goal(name), (*day, *paid), now_ms).is_ok(),
                self.model.may_repair(name, *day, *paid),
            ),
            Act::Pause(from, to) => (
                user.may_pause((*from, *to), now_ms).is_ok(),
                self.model.may_pause(*from, *to).is_some(),
            ),
            Act::EndPause => (
                user.pauses.ended(user.day_of(now_ms)).is_ok(),
                self.model.may_end_pause(),
            ),
            Act::Verdict(days) => (
                user.may_give_verdict(&days.iter().copied().collect())
                    .is_ok(),
                self.model.may_give_verdict(days),
            ),
            Act::Decide(verdict, stage) => (
                user.verdicts
                    .may_advance(*verdict as u32 + 1, words::stage(*stage)),
                self.model.may_decide(*verdict, *stage),
            ),
            other => unreachable!("{other:?}"),
        };
        assert_eq!(taken, wanted, "{act:?}");
        let input = self.input_of(act);
        self.core.input(input);
    }

    fn input_of(&self, act: &Act) -> UserInput {
        match act {
            Act::Allow(name, allowed) => {
                let held = &self.core.user.goals[&goal(name)];
                UserInput::PutGoal {
                    goal: goal(name),
                    period: held.period,
                    week_start: held.week_start,
                    revisions: Vec::new(),
                    own: None,
                    streak: Some(words::definition(allowed)),
                }
            }
            Act::BuyFreeze(name) => UserInput::BuyFreeze(goal(name)),
            Act::Repair {
                goal: name,
                day,
                paid,
            } => UserInput::Repair {
                goal: goal(name),
                day: *day,
                paid: *paid,
            },
            Act::Pause(from, to) => UserInput::Pause {
                from: *from,
                to: *to,
            },
            Act::EndPause => UserInput::EndPause,
            Act::Verdict(days) => UserInput::Verdict(days.iter().copied().collect()),
            Act::Decide(verdict, stage) => UserInput::Decide {
                verdict: *verdict as u32 + 1,
                stage: words::stage(*stage),
            },
            other => unreachable!("{other:?}"),
        }
    }
}
