//! Everything that REST says about some users, so that two moments can be compared answer by answer.

use std::collections::BTreeMap;

use serde_json::Value;
use streakline::cli::client::Rest;

/// Answers by path.
pub(crate) type Dump = BTreeMap<String, Value>;

/// Every `GET` about `users` and all challenges; the days from `from` to `to`.
pub(crate) async fn dump(rest: &Rest, users: &[String], from: &str, to: &str) -> Dump {
    let mut all = Dump::new();
    for path in ["/v1/clock", "/v1/ledger/summary"] {
        all.insert(path.to_owned(), rest.get(path).await.unwrap());
    }
    let challenges = rest.list("/v1/challenges").await.unwrap();
    for challenge in &challenges {
        let path = format!("/v1/challenges/{}", challenge["id"].as_str().unwrap());
        all.insert(path.clone(), rest.get(&path).await.unwrap());
        for list in ["enrolments", "leaderboard"] {
            let path = format!("{path}/{list}");
            all.insert(path.clone(), Value::Array(rest.list(&path).await.unwrap()));
        }
    }
    all.insert("/v1/challenges".to_owned(), Value::Array(challenges));
    for user in users {
        dump_user(rest, &mut all, user, from, to).await;
    }
    all
}

async fn dump_user(rest: &Rest, all: &mut Dump, user: &str, from: &str, to: &str) {
    let path = format!("/v1/users/{user}");
    let Some(found) = rest.find(&path).await.unwrap() else {
        return;
    };
    all.insert(path.clone(), found);
    let balance = format!("{path}/balance");
    all.insert(balance.clone(), rest.get(&balance).await.unwrap());
    let days = format!("days?from={from}&to={to}");
    for list in [
        "goals",
        "devices",
        &days,
        "streaks",
        "ledger",
        "events?after_seq=0",
    ] {
        let path = format!("{path}/{list}");
        all.insert(path.clone(), Value::Array(rest.list(&path).await.unwrap()));
    }
}

/// Fails with the first answer that differs.
#[track_caller]
pub(crate) fn assert_same(before: &Dump, after: &Dump, when: &str) {
    for (path, value) in before {
        let now = after.get(path);
        if now != Some(value) {
            let now = now.map_or_else(|| "nothing".to_owned(), Value::to_string);
            panic!(
                "{when}: {path} differs\nbefore: {}\nafter:  {}",
                short(&value.to_string(), &now),
                short(&now, &value.to_string())
            );
        }
    }
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>(),
        "{when}"
    );
}

/// The part of `text` around its first difference from `other`.
fn short(text: &str, other: &str) -> String {
    let differ = text
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .count();
    text.chars()
        .skip(differ.saturating_sub(200))
        .take(600)
        .collect()
}
