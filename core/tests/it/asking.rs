//! How a history asks for goals, as PUT does.

use streakline_core::{
    civil::Day,
    goal::Terms,
    metric::Metric,
    period::Period,
    streak,
    user::goals::{
        self,
        admit::{GoalRefusal, Wish},
    },
};

use crate::history::{History, goal};

impl History {
    /// Asks for a goal as PUT does; answers the first day of the target.
    pub fn put_goal(
        &mut self,
        name: &str,
        target: i64,
        from: Option<Day>,
    ) -> Result<Day, GoalRefusal> {
        let terms = Terms::fixed(Metric::STEPS, target);
        self.put_terms(name, Period::Day, terms, from)
    }

    /// Asks for a goal of any kind as PUT does; answers the first day of the terms.
    pub fn put_terms(
        &mut self,
        name: &str,
        period: Period,
        terms: Terms,
        from: Option<Day>,
    ) -> Result<Day, GoalRefusal> {
        let wish = Wish {
            period,
            week_start: None,
            terms,
            own: None,
            from,
        };
        self.wish(name, &wish)
    }

    /// The same, with everything that a PUT may ask for.
    pub fn wish(&mut self, name: &str, wish: &Wish) -> Result<Day, GoalRefusal> {
        let input = goals::admit::goal(&self.user, &goal(name), wish, self.now_ms)?;
        self.input(input);
        let (from, _) = self.user.goals[&goal(name)].newest().unwrap();
        Ok(from)
    }

    /// Sets the goal "g" from today, or from when its new target may hold, with what its streak allows.
    pub fn put_goal_with(&mut self, target: i64, definition: streak::Definition) {
        let wish = Wish {
            period: Period::Day,
            week_start: None,
            terms: Terms::fixed(Metric::STEPS, target),
            own: None,
            from: Some(self.user.day_of(self.now_ms)),
        };
        self.wish_with("g", &wish, definition);
    }

    /// Sets a goal with what its streak allows.
    pub fn wish_with(&mut self, name: &str, wish: &Wish, definition: streak::Definition) {
        let input = goals::admit::goal(&self.user, &goal(name), wish, self.now_ms).unwrap();
        self.input(input.with_streak(Some(definition)));
    }
}
