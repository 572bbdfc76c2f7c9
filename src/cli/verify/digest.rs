//! One number for everything that two runs over the same recording must agree on.
//!
//! Left out is what may differ between such runs: ids that a server draws (challenges, rows), aliases, and when an
//! answer was given.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::fetched::{Fetched, FetchedBoard, FetchedPerson};
use super::ledger::paid_by_day;

/// SHA-256 in hex over days, goals, streaks, boards, balances and per-day sums of transfers.
#[must_use]
pub fn digest(fetched: &Fetched) -> String {
    let people = fetched
        .people
        .iter()
        .map(|(user, one)| (user.clone(), person(user, one)));
    let boards = fetched
        .boards
        .iter()
        .map(|(name, one)| (name.clone(), board(one)));
    let all = json!({
        "people": people.collect::<Map<_, _>>(),
        "boards": boards.collect::<Map<_, _>>(),
    });
    let mut hash = Sha256::new();
    write(&mut hash, &all);
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn person(user: &str, person: &FetchedPerson) -> Value {
    json!({
        "days": person.days,
        "goals": person.goals,
        "streaks": person.streaks.iter().map(|one| without(one, "as_of")).collect::<Vec<_>>(),
        "balance": person.balance,
        "paid": paid_by_day(user, person),
    })
}

fn without(value: &Value, name: &str) -> Value {
    let kept = value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != name);
    Value::Object(
        kept.map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn board(board: &FetchedBoard) -> Value {
    const COMPARED: [&str; 5] = ["rank", "ordinal", "score", "achieved_at_ms", "user"];
    let row = |row: &Value| -> Map<String, Value> {
        let value = |name: &str| row.get(name).cloned().unwrap_or_default();
        COMPARED
            .iter()
            .map(|name| ((*name).to_owned(), value(name)))
            .collect()
    };
    json!({"phase": board.phase, "rows": board.rows.iter().map(row).collect::<Vec<_>>()})
}

/// Feeds the hash with a text that does not depend on the order of an object's fields.
fn write(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(fields) => {
            hash.update(b"{");
            for (name, value) in fields.iter().collect::<BTreeMap<_, _>>() {
                hash.update(Value::from(name.as_str()).to_string());
                hash.update(b":");
                write(hash, value);
                hash.update(b",");
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            for item in items {
                write(hash, item);
                hash.update(b",");
            }
            hash.update(b"]");
        }
        plain => hash.update(plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(day: Value, row: Value) -> Fetched {
        let person = FetchedPerson {
            days: BTreeMap::from([("2016-04-13".to_owned(), day)]),
            streaks: vec![json!({"as_of": "2016-05-01", "count": 3})],
            ..FetchedPerson::default()
        };
        let board = FetchedBoard {
            rows: vec![row],
            ..FetchedBoard::default()
        };
        Fetched {
            people: BTreeMap::from([("ann".to_owned(), person)]),
            boards: BTreeMap::from([("window_steps".to_owned(), board)]),
            ledger_sum_micro: Some(0),
        }
    }

    #[test]
    fn a_digest_ignores_the_order_of_fields_and_what_a_server_draws() {
        let one = fetched(
            json!({"a": 1, "b": [1, 2]}),
            json!({"rank": 1, "row": "c81f", "alias": "X"}),
        );
        let mut two = fetched(
            json!({"b": [1, 2], "a": 1}),
            json!({"alias": "Y", "row": "0", "rank": 1}),
        );
        two.people.get_mut("ann").unwrap().streaks[0]["as_of"] = json!("2016-05-02");
        assert_eq!(digest(&one), digest(&two));
        assert_eq!(digest(&one).len(), 64);
    }

    #[test]
    fn a_digest_sees_every_number() {
        let base = digest(&fetched(json!({"a": 1, "b": [1, 2]}), json!({"rank": 1})));
        for (day, row) in [
            (json!({"a": 2, "b": [1, 2]}), json!({"rank": 1})),
            (json!({"a": 1, "b": [12]}), json!({"rank": 1})),
            (json!({"a": 1, "b": [1, 2]}), json!({"rank": 2})),
            (json!({"a": 1, "b": ["1", 2]}), json!({"rank": 1})),
        ] {
            assert_ne!(digest(&fetched(day, row)), base);
        }
    }
}
