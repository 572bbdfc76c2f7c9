//! What the demo shows: a line of news for every event, and under them a line a person that changes with every state.
//! Where stdout is no terminal, only the news are printed.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use anyhow::Result;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use streakline_core::civil::Local;
use tokio::sync::mpsc;

use crate::cli::client::Rest;
use crate::cli::replay::sender::Push;

/// What is known of one person, from pushes alone.
#[derive(Default)]
struct Person {
    name: String,
    day: String,
    steps: i64,
    score: i64,
    rank: i64,
    streak: i64,
    available_micro: i64,
    pending_micro: i64,
}

/// Everybody's lines.
pub(super) struct Board {
    people: BTreeMap<String, Person>,
    lines: BTreeMap<String, ProgressBar>,
    screen: Option<MultiProgress>,
    streak_topic: String,
    rank_topic: String,
}

impl Board {
    /// Lines for `people` (user and name) who want to reach `goal` steps and take part in `challenge`.
    pub(super) fn new(people: &[(String, &str)], goal: u32, challenge: &str) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let screen =
            is_terminal.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stdout()));
        let mut board = Self {
            people: BTreeMap::new(),
            lines: BTreeMap::new(),
            screen,
            streak_topic: format!("me/streak/steps-{goal}"),
            rank_topic: format!("me/rank/{challenge}"),
        };
        for (user, name) in people {
            let person = Person {
                name: (*name).to_owned(),
                ..Person::default()
            };
            board.people.insert(user.clone(), person);
            if let Some(screen) = &board.screen {
                let line = screen.add(ProgressBar::new(0));
                if let Ok(style) = ProgressStyle::with_template("{msg}") {
                    line.set_style(style);
                }
                board.lines.insert(user.clone(), line);
            }
        }
        board
    }

    /// Shows everything that is pushed until all sockets are closed.
    pub(super) async fn show(mut self, mut pushes: mpsc::Receiver<Push>) {
        while let Some((user, frame)) = pushes.recv().await {
            let Some(person) = self.people.get_mut(&user) else {
                continue;
            };
            match text(&frame, "type") {
                "event" => {
                    if let Some(news) = person.hear(&frame) {
                        let at = Local(int(&frame, "at_ms")).iso_minute();
                        self.print(&format!("{at}Z  {news}"));
                    }
                }
                "state" => person.see(&frame, &self.streak_topic, &self.rank_topic),
                _ => {}
            }
            if let (Some(line), Some(person)) = (self.lines.get(&user), self.people.get(&user)) {
                line.set_message(person.line());
            }
        }
        for line in self.lines.values() {
            line.finish();
        }
    }

    fn print(&self, line: &str) {
        match &self.screen {
            // A terminal that went away is no reason to stop.
            Some(screen) => drop(screen.println(line)),
            None => println!("{line}"),
        }
    }
}

impl Person {
    /// An event in words, if it is one to tell.
    fn hear(&mut self, event: &Value) -> Option<String> {
        let name = &self.name;
        Some(match text(event, "kind") {
            "goal.completed" => {
                let target = int(event, "target");
                let at = text(event, "met_at_local")
                    .get(11..)
                    .unwrap_or_default()
                    .to_owned();
                format!("{name} reached {target} steps at {at}")
            }
            "streak.extended" => format!("{name}'s streak is now {}", int(event, "count")),
            "streak.lost" => format!("{name} lost a streak of {}", int(event, "count")),
            "tokens.posted" => {
                self.available_micro = int(event, "available_micro");
                let (amount, day) = (int(event, "amount_micro"), text(event, "day"));
                let available = tokens(self.available_micro);
                format!(
                    "{name} got {} tokens for {day} and has {available}",
                    tokens(amount)
                )
            }
            "challenge.settled" => format!(
                "{name} finished the challenge at rank {} with {} steps",
                int(event, "rank"),
                int(event, "score")
            ),
            _ => return None,
        })
    }

    fn see(&mut self, state: &Value, streak_topic: &str, rank_topic: &str) {
        let topic = text(state, "topic");
        if topic == streak_topic {
            self.streak = int(state, "with_today");
        } else if topic == rank_topic {
            (self.rank, self.score) = (int(state, "rank"), int(state, "score"));
        } else if let Some(day) = topic.strip_prefix("me/day/") {
            // An older day may change after a newer one has begun.
            if day >= self.day.as_str() {
                day.clone_into(&mut self.day);
                self.steps = int(state, "eligible");
                self.pending_micro = int(state, "pending_micro");
            }
        }
    }

    fn line(&self) -> String {
        let rank = match self.rank {
            0 => "-".to_owned(),
            rank => format!("{rank}."),
        };
        format!(
            "{rank:3}{:5} {:>6} steps on {:10}  {:>6} in all  streak {}  {:>5} tokens (+{} pending)",
            self.name,
            self.steps,
            self.day,
            self.score,
            self.streak,
            tokens(self.available_micro),
            tokens(self.pending_micro)
        )
    }
}

/// Prints the settled board as REST gives it.
pub(super) async fn print_final(rest: &Rest, challenge: &str) -> Result<()> {
    println!("\nrank  name   steps");
    for row in rest
        .list(&format!("/v1/challenges/{challenge}/leaderboard"))
        .await?
    {
        println!(
            "{:>4}  {:5} {:>6}",
            int(&row, "rank"),
            text(&row, "alias"),
            int(&row, "score")
        );
    }
    Ok(())
}

/// A tenth is the smallest amount that the formula gives.
fn tokens(micro: i64) -> String {
    format!("{}.{}", micro / 1_000_000, micro % 1_000_000 / 100_000)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn int(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_i64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ada() -> Person {
        Person {
            name: "Ada".into(),
            ..Person::default()
        }
    }

    #[test]
    fn events_become_news() {
        let mut ada = ada();
        let goal =
            json!({"kind": "goal.completed", "target": 7500, "met_at_local": "2016-04-13T18:18"});
        assert_eq!(ada.hear(&goal).unwrap(), "Ada reached 7500 steps at 18:18");
        let paid = json!({"kind": "tokens.posted", "day": "2016-04-13", "amount_micro": 6_700_000,
            "available_micro": 31_200_000});
        assert_eq!(
            ada.hear(&paid).unwrap(),
            "Ada got 6.7 tokens for 2016-04-13 and has 31.2"
        );
        assert_eq!(ada.available_micro, 31_200_000);
        assert!(ada.hear(&json!({"kind": "challenge.joined"})).is_none());
    }

    #[test]
    fn states_become_one_line_and_an_older_day_does_not_hide_a_newer() {
        let mut ada = ada();
        let day = |day: &str, steps: i64| json!({"topic": format!("me/day/{day}"), "eligible": steps, "pending_micro": 6_700_000});
        for state in [
            day("2016-04-14", 8400),
            day("2016-04-13", 1),
            json!({"topic": "me/streak/steps-7500", "with_today": 13}),
            json!({"topic": "me/rank/0196", "rank": 3, "score": 65_210}),
            json!({"topic": "me/rank/other", "rank": 9, "score": 9}),
        ] {
            ada.see(&state, "me/streak/steps-7500", "me/rank/0196");
        }
        let line = "3. Ada     8400 steps on 2016-04-14   65210 in all  streak 13    0.0 tokens (+6.7 pending)";
        assert_eq!(ada.line(), line);
    }
}
