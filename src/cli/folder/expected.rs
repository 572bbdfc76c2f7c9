//! `expected.json`: the window, the goals, the weeks, and what an independent program computed of the same minutes.
//!
//! Only the `minute` series is read; other series and other kinds of answer are passed over.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};
use streakline_core::civil::Day;

/// Name of the board over the whole window.
pub const WINDOW_BOARD: &str = "window_steps";
const WEEK_BOARD_PREFIX: &str = "week_steps_";

/// A span of civil dates, both in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First date.
    pub starts: Day,
    /// Last date.
    pub ends: Day,
}

/// The file.
#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    window: [String; 2],
    /// Steps a day; each is a goal of every person.
    pub goals: Vec<u32>,
    /// Answers by person.
    #[serde(default)]
    pub users: BTreeMap<String, Person>,
    #[serde(default)]
    leaderboards: Leaderboards,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Leaderboards {
    #[serde(default)]
    minute: BTreeMap<String, Vec<BoardRow>>,
}

/// Answers of one person.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Person {
    /// One entry a date that any series has.
    #[serde(default)]
    pub daily: Vec<Daily>,
    #[serde(default)]
    steps: Series,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Series {
    minute: Option<Stats>,
}

/// One date of one person.
#[derive(Clone, Debug, Deserialize)]
pub struct Daily {
    /// `2016-04-13`.
    pub date: String,
    /// Steps of its minutes; none where there are no minutes of that date.
    pub minute: Option<i64>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Answers over all dates of one person.
#[derive(Clone, Debug, Deserialize)]
pub struct Stats {
    /// First date.
    pub first: String,
    /// Last date.
    pub last: String,
    /// How many dates.
    pub days: i64,
    /// Steps of all dates.
    pub total: i64,
    /// Steps of the dates in the window.
    pub window_total: i64,
    /// The most on seven dates in a row.
    pub best7: Best7,
    /// The date with the most, the earliest of equals.
    pub best_day: BestDay,
    /// By goal, such as `"7500"`.
    pub goals: BTreeMap<String, GoalStats>,
}

/// The most on seven dates in a row.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Best7 {
    /// Their steps.
    pub steps: i64,
    /// First of them.
    pub from: String,
    /// Last of them.
    pub to: String,
}

/// The date with the most.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct BestDay {
    /// Its steps.
    pub steps: i64,
    /// Which.
    pub date: String,
}

/// One goal of one person.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct GoalStats {
    /// Dates on which it was met.
    pub days_met: i64,
    /// The same within the window.
    pub window_days_met: i64,
    /// Longest run of dates.
    pub longest_streak: i64,
    /// Its first date.
    pub longest_from: Option<String>,
    /// Its last date.
    pub longest_to: Option<String>,
    /// The run that ends on the person's last date.
    pub current_at_last_day: i64,
    /// The run that ends with the window.
    pub current_at_window_end: i64,
    /// The same, or the run that ends the day before.
    pub current_at_window_end_grace: i64,
}

/// A row of a board.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct BoardRow {
    /// Who.
    pub id: String,
    /// Steps.
    pub value: i64,
    /// 1 + rows with more (1, 2, 2, 4).
    pub competition: i64,
    /// 1 + different values above (1, 2, 2, 3).
    pub dense: i64,
}

impl Expected {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or is not of this form.
    pub fn open(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot open {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// When it is not of this form.
    pub fn parse(text: &str) -> Result<Self> {
        let expected: Self = serde_json::from_str(text)?;
        let window = expected.window()?;
        ensure!(
            window.starts <= window.ends,
            "the window ends before it starts"
        );
        expected.boards()?;
        Ok(expected)
    }

    /// The dates that count.
    ///
    /// # Errors
    /// When they are no dates.
    pub fn window(&self) -> Result<Window> {
        let [starts, ends] = &self.window;
        Ok(Window {
            starts: day(starts)?,
            ends: day(ends)?,
        })
    }

    /// Every board whose rows a challenge can give: the window's, present or not, and one a week; by name.
    ///
    /// # Errors
    /// When a week's name has no date.
    pub fn boards(&self) -> Result<BTreeMap<String, Window>> {
        let mut boards = BTreeMap::from([(WINDOW_BOARD.to_owned(), self.window()?)]);
        for name in self.leaderboards.minute.keys() {
            if let Some(monday) = name.strip_prefix(WEEK_BOARD_PREFIX) {
                let starts = day(monday).with_context(|| format!("in leaderboard `{name}`"))?;
                boards.insert(
                    name.clone(),
                    Window {
                        starts,
                        ends: starts.plus(6),
                    },
                );
            }
        }
        Ok(boards)
    }

    /// The rows of a board.
    #[must_use]
    pub fn rows(&self, board: &str) -> &[BoardRow] {
        self.leaderboards
            .minute
            .get(board)
            .map_or(&[], Vec::as_slice)
    }
}

impl Person {
    /// Answers over all dates, for people with minutes.
    #[must_use]
    pub fn stats(&self) -> Option<&Stats> {
        self.steps.minute.as_ref()
    }
}

impl Daily {
    /// The minute in which the goal was met, as `2016-04-13T18:18`.
    #[must_use]
    pub fn goal_met_at(&self, goal: u32) -> Option<&str> {
        let text = self.more.get(&format!("goal_met_at_{goal}"))?.as_str()?;
        Some(text.get(..16).unwrap_or(text))
    }
}

/// Reads a date.
///
/// # Errors
/// When `text` is none.
pub fn day(text: &str) -> Result<Day> {
    Day::parse(text).with_context(|| format!("`{text}` is not a date such as 2016-04-13"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_little_that_a_replay_needs_is_enough() {
        let expected =
            Expected::parse(r#"{"window":["2016-04-13","2016-05-11"],"goals":[7500]}"#).unwrap();
        let boards = expected.boards().unwrap();
        assert_eq!(boards.keys().collect::<Vec<_>>(), ["window_steps"]);
        assert_eq!(boards["window_steps"].ends.iso(), "2016-05-11");
        assert!(expected.rows("window_steps").is_empty());
    }

    #[test]
    fn weeks_run_from_monday_to_sunday() {
        let text = r#"{"window":["2016-04-13","2016-05-11"],"goals":[],"leaderboards":{"minute":{
            "week_steps_2016-04-18":[{"id":"a","value":5,"competition":1,"dense":1}],"longest_streak_7500":[]}}}"#;
        let expected = Expected::parse(text).unwrap();
        let boards = expected.boards().unwrap();
        assert_eq!(boards.len(), 2);
        assert_eq!(boards["week_steps_2016-04-18"].ends.iso(), "2016-04-24");
        assert_eq!(expected.rows("week_steps_2016-04-18")[0].value, 5);
    }

    #[test]
    fn a_window_must_be_two_dates_in_order() {
        for (window, why) in [
            (r#"["2016-05-11","2016-04-13"]"#, "ends before it starts"),
            (r#"["2016-05-32","2016-06-13"]"#, "is not a date"),
            (r#"["2016-05-11"]"#, "expected"),
        ] {
            let told =
                Expected::parse(&format!(r#"{{"window":{window},"goals":[]}}"#)).unwrap_err();
            assert!(format!("{told:#}").contains(why), "{told:#}");
        }
    }
}
