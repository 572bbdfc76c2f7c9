//! Pauses of a user: illness or travel stops every streak, for a while (domain.md 4.2).

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use crate::{civil::Day, limits};

/// Days on which no goal is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pause {
    /// Its first day.
    #[n(0)]
    pub from: Day,
    /// Its last day.
    #[n(1)]
    pub to: Day,
    /// It began on the day on which it was asked for.
    #[n(2)]
    pub at_once: bool,
    /// It was ended before its last day, which is now the day of that.
    #[n(3)]
    pub cut: bool,
}

impl Pause {
    /// Its days.
    #[must_use]
    pub fn days(&self) -> i32 {
        self.to.since(self.from).saturating_add(1).max(0)
    }

    /// Days of it in the year that ends with a day; one that was ended early counts as three.
    fn counted(&self, last: Day) -> i32 {
        let first = last.plus(1_i32.saturating_sub(limits::PAUSE_YEAR_DAYS));
        let end = self
            .to
            .max(self.from.plus(limits::PAUSE_DAYS_MIN.saturating_sub(1)));
        let (from, to) = (self.from.max(first), end.min(last));
        to.since(from).saturating_add(1).max(0)
    }
}

/// Why a pause is not taken, or cannot end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PauseRefusal {
    /// Too short or too long.
    #[error("a pause has 3 to 90 days")]
    Length,
    /// It would begin in the past.
    #[error("a pause begins tomorrow or later, or today")]
    Past,
    /// Another one is running.
    #[error("a pause is running; it must end first")]
    Running,
    /// Begun at once twice within 90 days.
    #[error("a pause begins on the day itself at most twice in 90 days; begin it tomorrow")]
    AtOnce,
    /// A daily goal is met today.
    #[error("a daily goal is met today; begin the pause tomorrow")]
    Met,
    /// More than 120 days of 365.
    #[error("at most 120 days of 365 can be paused")]
    Year,
    /// One that began at once ends on its third day at the earliest.
    #[error("a pause that began on the day itself ends on its third day at the earliest")]
    TooEarly,
    /// There is none.
    #[error("no pause is planned or running")]
    None,
}

/// Every pause of a user, rising; at most the last one is planned or running.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Pauses(#[n(0)] Vec<Pause>);

impl Pauses {
    /// Whether a day is paused.
    #[must_use]
    pub fn holds(&self, day: Day) -> bool {
        let mut newest_first = self.0.iter().rev();
        newest_first.any(|pause| pause.from <= day && day <= pause.to)
    }

    /// The one that is planned or running on a day.
    #[must_use]
    pub fn current(&self, today: Day) -> Option<Pause> {
        self.0.last().copied().filter(|pause| today <= pause.to)
    }

    /// The one that runs out with a day; one that was ended is told to end then.
    #[must_use]
    pub fn ending(&self, day: Day) -> Option<Pause> {
        let mut whole = self.0.iter().copied().filter(|pause| !pause.cut);
        whole.find(|pause| pause.to == day)
    }

    /// Every pause, rising.
    pub fn iter(&self) -> impl Iterator<Item = &Pause> {
        self.0.iter()
    }

    /// Judges a pause that is asked for on a day; one that has not begun is replaced.
    ///
    /// # Errors
    /// [`PauseRefusal`].
    pub fn admit(
        &self,
        (from, to): (Day, Day),
        today: Day,
        met_today: bool,
    ) -> Result<Pause, PauseRefusal> {
        let at_once = from == today;
        let pause = Pause {
            from,
            to,
            at_once,
            cut: false,
        };
        let days = limits::PAUSE_DAYS_MIN..=limits::PAUSE_DAYS_MAX;
        let others = || self.0.iter().filter(|held| held.from <= today);
        let recent = today.plus(limits::PAUSE_AT_ONCE_DAYS.saturating_neg());
        let sudden = others().filter(|held| held.at_once && held.from > recent);
        let counted = others().map(|held| held.counted(to));
        let year = counted.fold(pause.days(), i32::saturating_add);
        if from < today {
            Err(PauseRefusal::Past)
        } else if !days.contains(&pause.days()) {
            Err(PauseRefusal::Length)
        } else if others().any(|held| held.to >= today) {
            Err(PauseRefusal::Running)
        } else if at_once && met_today {
            Err(PauseRefusal::Met)
        } else if at_once && sudden.count() >= limits::PAUSES_AT_ONCE_MAX {
            Err(PauseRefusal::AtOnce)
        } else if year > limits::PAUSED_DAYS_MAX {
            Err(PauseRefusal::Year)
        } else {
            Ok(pause)
        }
    }

    /// Takes in a pause that was admitted on a day.
    pub fn begin(&mut self, pause: Pause, today: Day) {
        self.0.retain(|held| held.from <= today);
        self.0.push(pause);
    }

    /// What would be left of the pause, were it to end on a day; `None`: nothing, as it has not begun.
    ///
    /// # Errors
    /// [`PauseRefusal::None`], [`PauseRefusal::TooEarly`].
    pub fn ended(&self, today: Day) -> Result<Option<Pause>, PauseRefusal> {
        let pause = self.current(today).ok_or(PauseRefusal::None)?;
        let third = pause.from.plus(limits::PAUSE_DAYS_MIN.saturating_sub(1));
        if pause.at_once && today < third {
            return Err(PauseRefusal::TooEarly);
        }
        let begun = pause.from <= today;
        let cut = Pause {
            to: today,
            cut: true,
            ..pause
        };
        Ok(begun.then_some(cut))
    }

    /// Ends the pause with a day; answers what it was.
    pub fn end(&mut self, today: Day) -> Option<Pause> {
        let left = self.ended(today).ok()?;
        let pause = self.0.pop();
        self.0.extend(left);
        left.or(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Day = Day(1_000);

    fn asked(pauses: &Pauses, from: i32, to: i32) -> Result<Pause, PauseRefusal> {
        pauses.admit((Day(from), Day(to)), TODAY, false)
    }

    fn past(pauses: &[(i32, i32, bool)]) -> Pauses {
        let pause = |(from, to, at_once): &(i32, i32, bool)| Pause {
            from: Day(*from),
            to: Day(*to),
            at_once: *at_once,
            cut: false,
        };
        Pauses(pauses.iter().map(pause).collect())
    }

    #[test]
    fn a_pause_has_3_to_90_days_and_begins_today_or_later() {
        let none = Pauses::default();
        assert!(asked(&none, 1_001, 1_003).is_ok() && asked(&none, 1_001, 1_090).is_ok());
        assert_eq!(asked(&none, 1_001, 1_002), Err(PauseRefusal::Length));
        assert_eq!(asked(&none, 1_001, 1_091), Err(PauseRefusal::Length));
        assert_eq!(asked(&none, 999, 1_003), Err(PauseRefusal::Past));
    }

    #[test]
    fn a_pause_begins_today_twice_in_90_days_and_not_on_a_met_day() {
        let once = past(&[(930, 935, true)]);
        let twice = past(&[(930, 935, true), (950, 955, true)]);
        assert!(asked(&once, 1_000, 1_004).unwrap().at_once);
        assert_eq!(asked(&twice, 1_000, 1_004), Err(PauseRefusal::AtOnce));
        assert!(asked(&twice, 1_001, 1_004).is_ok());
        let earlier = past(&[(909, 915, true), (950, 955, true)]);
        assert!(asked(&earlier, 1_000, 1_004).is_ok());
        let met = once.admit((TODAY, Day(1_004)), TODAY, true);
        assert_eq!(met, Err(PauseRefusal::Met));
    }

    #[test]
    fn at_most_120_days_of_365_are_paused_and_a_short_one_counts_as_three() {
        let held = past(&[(700, 789, false), (800, 800, false)]);
        assert!(asked(&held, 1_001, 1_027).is_ok(), "90 + 3 + 27");
        assert_eq!(asked(&held, 1_001, 1_028), Err(PauseRefusal::Year));
        let long_ago = past(&[(600, 689, false), (800, 802, false)]);
        assert!(
            asked(&long_ago, 1_001, 1_060).is_ok(),
            "most of it is over a year ago"
        );
    }

    #[test]
    fn a_pause_ends_with_the_day_and_one_that_began_at_once_not_before_its_third() {
        let mut planned = past(&[(1_001, 1_010, false)]);
        assert_eq!(planned.ended(TODAY), Ok(None));
        planned.end(TODAY);
        assert_eq!(planned, Pauses::default());
        let mut running = past(&[(999, 1_010, false)]);
        running.end(TODAY);
        assert_eq!(running.iter().last().unwrap().to, TODAY);
        assert_eq!(
            past(&[(999, 1_010, true)]).ended(TODAY),
            Err(PauseRefusal::TooEarly)
        );
        assert!(past(&[(998, 1_010, true)]).ended(TODAY).is_ok());
        assert_eq!(
            past(&[(900, 999, false)]).ended(TODAY),
            Err(PauseRefusal::None)
        );
    }

    #[test]
    fn a_planned_pause_is_replaced_and_a_running_one_is_not() {
        let mut pauses = past(&[(1_001, 1_010, false)]);
        let other = asked(&pauses, 1_005, 1_008).unwrap();
        pauses.begin(other, TODAY);
        assert_eq!(pauses.iter().count(), 1);
        let running = past(&[(1_000, 1_010, false)]);
        assert_eq!(asked(&running, 1_020, 1_030), Err(PauseRefusal::Running));
    }
}
