//! A server that is right agrees with everything; any other number, on either side, is found and named.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fetched::{Fetched, FetchedBoard, FetchedPerson};
use super::report::Report;
use super::*;

/// Ann walks 8,000 and 6,000 steps, Bob 8,000 on the first day only; Cy has no minutes.
fn expected_json() -> Value {
    let goals = |met, from: Option<&str>, last| {
        json!({"7500": {"days_met": met, "window_days_met": met, "longest_streak": met, "longest_from": from,
            "longest_to": from, "current_at_last_day": last, "current_at_window_end": 0,
            "current_at_window_end_grace": 1}})
    };
    let stats = |last, days, total, last_streak| {
        json!({"minute": {"first": "2016-04-18", "last": last, "days": days, "total": total, "window_total": total,
            "best7": {"steps": total, "from": "2016-04-18", "to": last},
            "best_day": {"steps": 8000, "date": "2016-04-18"},
            "goals": goals(1, Some("2016-04-18"), last_streak)}})
    };
    let daily = |date, minute: Option<i64>, met: Option<&str>| json!({"date": date, "minute": minute, "hourly": 1, "vendor": 2, "goal_met_at_7500": met});
    let met = Some("2016-04-18T19:58:00");
    let row =
        |id, value, rank| json!({"id": id, "value": value, "competition": rank, "dense": rank});
    json!({
        "window": ["2016-04-18", "2016-04-19"], "goals": [7500],
        "users": {
            "ann": {"steps": stats("2016-04-19", 2, 14_000, 0), "daily": [
                daily("2016-04-18", Some(8000), met), daily("2016-04-19", Some(6000), None)]},
            "bob": {"steps": stats("2016-04-18", 1, 8_000, 1), "daily": [
                daily("2016-04-17", None, None), daily("2016-04-18", Some(8000), met)]},
            "cy": {"steps": {}, "daily": []},
        },
        "leaderboards": {"minute": {
            "window_steps": [row("ann", 14_000, 1), row("bob", 8_000, 2)],
            "week_steps_2016-04-18": [row("ann", 14_000, 1), row("bob", 8_000, 2)],
        }},
    })
}

fn day(date: &str, steps: i64, met: bool) -> (String, Value) {
    let records = if steps > 0 { 1_440 } else { 0 };
    let goal = json!({"goal": "steps-7500", "target": 7500, "progress": steps,
        "status": if met { "met" } else { "missed" },
        "met_at_local": met.then(|| format!("{date}T19:58"))});
    let value = json!({"day": date, "display": steps, "eligible": steps, "scored": steps, "records": records,
        "goals": [goal]});
    (date.to_owned(), value)
}

fn streak(count: i64) -> Vec<Value> {
    let longest = json!({"count": 1, "from": "2016-04-18", "to": "2016-04-18"});
    vec![json!({"goal": "steps-7500", "count": count, "longest": longest})]
}

fn transfer(user: &str, date: &str, micro: i64, total: i64) -> Value {
    json!({"id": format!("{user}{date}{total}"), "debit": "treasury/412", "credit": format!("user:{user}:available"),
        "amount_micro": micro, "day": date, "key": ["steps", user, date, total]})
}

fn person(user: &str, second: i64, paid: &[(&str, i64, i64)]) -> FetchedPerson {
    let settled = |challenge: &str| {
        let (rank, score) = if user == "ann" {
            (1, 14_000)
        } else {
            (2, 8_000)
        };
        (
            challenge.to_owned(),
            json!({"challenge": challenge, "rank": rank, "score": score}),
        )
    };
    FetchedPerson {
        days: [
            day("2016-04-17", 0, false),
            day("2016-04-18", 8000, true),
            day("2016-04-19", second, false),
        ]
        .into(),
        goals: vec![],
        streaks: streak(0),
        streaks_as_of: BTreeMap::from([
            ("2016-04-18".to_owned(), streak(1)),
            ("2016-04-19".to_owned(), streak(0)),
        ]),
        balance: json!({"available_micro": paid.iter().map(|(_, micro, _)| micro).sum::<i64>()}),
        transfers: paid
            .iter()
            .map(|(date, micro, total)| transfer(user, date, *micro, *total))
            .collect(),
        settled: ["0196-w", "0196-k"].map(settled).into(),
    }
}

fn board(challenge: &str) -> FetchedBoard {
    let row =
        |user, rank, score| json!({"user": user, "rank": rank, "ordinal": rank, "score": score});
    FetchedBoard {
        challenge: challenge.to_owned(),
        phase: "settled".to_owned(),
        rows: vec![row("ann", 1, 14_000), row("bob", 2, 8_000), row("cy", 3, 0)],
    }
}

fn right() -> Fetched {
    let ann = person(
        "ann",
        6000,
        &[
            ("2016-04-18", 5_000_000, 5_000_000),
            ("2016-04-18", 1_500_000, 6_500_000),
            ("2016-04-19", 5_500_000, 5_500_000),
        ],
    );
    let bob = person("bob", 0, &[("2016-04-18", 6_500_000, 6_500_000)]);
    Fetched {
        people: BTreeMap::from([
            ("ann".to_owned(), ann),
            ("bob".to_owned(), bob),
            (
                "cy".to_owned(),
                FetchedPerson {
                    balance: json!({"available_micro": 0}),
                    ..Default::default()
                },
            ),
        ]),
        boards: BTreeMap::from([
            ("window_steps".to_owned(), board("0196-w")),
            ("week_steps_2016-04-18".to_owned(), board("0196-k")),
        ]),
        ledger_sum_micro: Some(0),
    }
}

fn compared(expected: &Value, fetched: &Fetched) -> Report {
    compare(&Expected::parse(&expected.to_string()).unwrap(), fetched).unwrap()
}

#[test]
fn a_server_that_is_right_agrees_and_every_kind_is_counted() {
    let report = compared(&expected_json(), &right());
    assert_eq!(report.disagreements(), [] as [String; 0]);
    assert!(report.agrees());
    let wanted = [
        ("person-days", 3),
        ("goal minutes", 3),
        ("longest streaks", 2),
        ("current streaks at the last day", 2),
        ("current streaks at the window's end", 2),
        ("people's totals", 2),
        ("leaderboard rows", 4),
        ("settled ranks", 4),
        ("person-days paid", 3),
        ("transfers with a key of their own", 4),
        ("balances", 3),
        ("sums of all accounts", 1),
    ];
    for (kind, count) in wanted {
        assert_eq!(report.count(kind), Some((count, count)), "{kind}");
    }
    let text = report.text();
    assert!(
        text.contains("3 of 3 agree (skipped: 1 dates without minutes, 1 people without any)"),
        "{text}"
    );
    assert!(
        text.contains("goal minutes: 3 of 3 agree (2 met)"),
        "{text}"
    );
}

#[test]
fn an_empty_server_agrees_with_nothing() {
    let report = compared(&expected_json(), &Fetched::default());
    assert!(!report.agrees());
    assert_eq!(report.count("person-days"), Some((0, 3)));
    assert_eq!(report.count("goal minutes"), Some((0, 3)));
    assert!(
        report
            .text()
            .contains("window_steps: there is no such challenge")
    );
}

/// Every number and text of `value` as a path of pointers, but for the series that are not compared.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        // A date without minutes is skipped by design.
        Value::Object(fields) if fields.get("minute") == Some(&Value::Null) => {}
        Value::Object(fields) => {
            for (name, value) in fields
                .iter()
                .filter(|(name, _)| *name != "hourly" && *name != "vendor")
            {
                leaves(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, &format!("{path}/{index}"), found);
            }
        }
        Value::Number(_) | Value::String(_) => found.push(path.to_owned()),
        Value::Null | Value::Bool(_) => {}
    }
}

fn changed(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        // Another date, minute or name of the same form.
        Value::String(text) if text.contains('-') => {
            json!(text.replacen("2016-04-1", "2016-04-2", 1))
        }
        other => json!(format!("{}x", other.as_str().unwrap())),
    }
}

#[test]
fn any_other_number_or_date_in_the_expected_file_is_named() {
    let base = expected_json();
    let mut paths = Vec::new();
    leaves(&base, "", &mut paths);
    assert!(paths.len() > 60, "{}", paths.len());
    for path in paths {
        let mut other = base.clone();
        let leaf = other.pointer_mut(&path).unwrap();
        *leaf = changed(leaf);
        let Ok(expected) = Expected::parse(&other.to_string()) else {
            continue;
        };
        let report = compare(&expected, &right()).unwrap();
        assert!(!report.agrees(), "{path} may be anything");
        let who = path.split('/').nth(2).unwrap_or_default();
        let told = report.text();
        if path.starts_with("/users/") {
            assert!(
                told.contains(&format!("disagrees: {who}")),
                "{path}: {told}"
            );
        }
        if path.starts_with("/leaderboards/") {
            assert!(told.contains("disagrees: w"), "{path}: {told}");
        }
    }
}

#[test]
fn any_other_answer_of_the_server_is_named() {
    type Change = fn(&mut Fetched);
    let cases: [(&str, Change); 16] = [
        ("ann on 2016-04-18: steps", |f| {
            ann(f).days.get_mut("2016-04-18").unwrap()["eligible"] = json!(7999)
        }),
        ("ann on 2016-04-18: steps", |f| {
            ann(f).days.get_mut("2016-04-18").unwrap()["records"] = json!(0)
        }),
        ("ann on 2016-04-18: goal 7500", |f| {
            ann(f).days.get_mut("2016-04-18").unwrap()["goals"][0]["met_at_local"] =
                json!("2016-04-18T19:59");
        }),
        ("ann on 2016-04-19: goal 7500", |f| {
            ann(f).days.get_mut("2016-04-19").unwrap()["goals"][0]["status"] = json!("met");
        }),
        ("ann on 2016-04-18: goal 7500", |f| {
            ann(f).days.get_mut("2016-04-18").unwrap()["goals"] = json!([]);
        }),
        ("ann: longest streak", |f| {
            ann(f).streaks[0]["longest"]["count"] = json!(2)
        }),
        ("ann: longest streak", |f| {
            ann(f).streaks[0]["longest"]["to"] = json!("2016-04-19")
        }),
        ("ann: streak of goal 7500 at 2016-04-19", |f| {
            ann(f).streaks_as_of.insert("2016-04-19".into(), streak(2));
        }),
        ("window_steps: row of ann", |f| {
            board_of(f).rows[0]["score"] = json!(14_001)
        }),
        ("window_steps: row of bob", |f| {
            board_of(f).rows[1]["rank"] = json!(1)
        }),
        ("window_steps: an unexpected row", |f| {
            board_of(f).rows[2]["score"] = json!(1)
        }),
        ("window_steps: settled", |f| {
            board_of(f).phase = "finalising".into()
        }),
        ("window_steps: settled", |f| {
            ann(f).settled.get_mut("0196-w").unwrap()["rank"] = json!(2);
        }),
        ("ann on 2016-04-19: tokens", |f| {
            ann(f).transfers[2]["amount_micro"] = json!(5_400_000)
        }),
        ("own key", |f| {
            ann(f).transfers[1] = ann(f).transfers[0].clone()
        }),
        ("ann: available balance", |f| {
            ann(f).balance = json!({"available_micro": 1})
        }),
    ];
    for (place, change) in cases {
        let mut fetched = right();
        change(&mut fetched);
        let text = compared(&expected_json(), &fetched).text();
        assert!(
            text.contains(&format!("disagrees: {place}")) || text.contains(place),
            "{place}: {text}"
        );
        assert_ne!(text, compared(&expected_json(), &right()).text(), "{place}");
    }
}

#[test]
fn books_that_do_not_balance_and_pay_for_nothing_are_named() {
    let mut fetched = right();
    fetched.ledger_sum_micro = Some(-1);
    ann(&mut fetched)
        .transfers
        .push(transfer("ann", "2016-04-17", 100_000, 100_000));
    let text = compared(&expected_json(), &fetched).text();
    assert!(
        text.contains("disagrees: ledger: expected 0, the server has -1"),
        "{text}"
    );
    assert!(
        text.contains("ann on 2016-04-17: 100000 are paid for a day without steps"),
        "{text}"
    );
}

fn ann(fetched: &mut Fetched) -> &mut FetchedPerson {
    fetched.people.get_mut("ann").unwrap()
}

fn board_of(fetched: &mut Fetched) -> &mut FetchedBoard {
    fetched.boards.get_mut("window_steps").unwrap()
}
