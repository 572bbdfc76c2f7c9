//! Lists: pages, cursors and limits of every one, and what events, transfers and devices say.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{
    Band, CLOCK, challenge, device_of, draft, enrol_new, events, goal, make_user, published, utc,
    walk,
};
use crate::harness::{Server, block_on};

/// Three days with a met goal each, so that every list has several items.
async fn three_days(server: &Server, admin: &Http) -> String {
    let path = published(admin, &challenge("2016-04-13", "2016-04-20")).await;
    enrol_new(admin, &path, &["ann", "bob", "cat"]).await;
    for name in ["a", "b", "c"] {
        let path = format!("/v1/users/ann/goals/{name}");
        admin
            .put(&path, &goal(100, Some("2016-04-12")))
            .await
            .expect(201);
    }
    draft(admin, &challenge("2016-04-13", "2016-04-20")).await;
    draft(admin, &challenge("2016-04-13", "2016-04-20")).await;
    for date in ["2016-04-12", "2016-04-13", "2016-04-14"] {
        admin.advance(utc(date, 10, 0)).await;
        walk(server, "ann", utc(date, 9, 0), &[240; 10]).await;
    }
    admin.advance(utc("2016-04-15", 4, 0)).await;
    path
}

#[test]
fn every_list_comes_in_pages_that_cover_it_once_and_takes_no_other_lists_cursor() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let of = three_days(&server, &admin).await;
        let lists = [
            ("/v1/users/ann/goals".to_owned(), 3),
            ("/v1/users/ann/streaks".to_owned(), 3),
            (
                "/v1/users/ann/days?from=2016-04-12&to=2016-04-15".to_owned(),
                4,
            ),
            ("/v1/users/ann/ledger".to_owned(), 3),
            ("/v1/users/ann/events".to_owned(), 10),
            ("/v1/challenges".to_owned(), 3),
            (format!("{of}/enrolments"), 3),
            (format!("{of}/leaderboard"), 3),
        ];
        let mut cursors = Vec::new();
        for (path, at_least) in &lists {
            let whole = admin.all(path, 1_000).await;
            assert!(whole.len() >= *at_least, "{path}: {whole:?}");
            for limit in [1, 2, 3] {
                assert_eq!(&admin.all(path, limit).await, &whole, "{path} by {limit}");
            }
            let glue = if path.contains('?') { '&' } else { '?' };
            let first = admin.get(&format!("{path}{glue}limit=1")).await.json();
            cursors.push(first["next"].as_str().unwrap().to_owned());
            for limit in ["0", "1001", "-1", "x"] {
                let bad = admin.get(&format!("{path}{glue}limit={limit}")).await;
                assert_eq!(
                    bad.faults(422, "invalid"),
                    faults(&[("/query/limit", "range")])
                );
            }
        }
        for (at, (path, _)) in lists.iter().enumerate() {
            let glue = if path.contains('?') { '&' } else { '?' };
            let foreign = cursors.iter().enumerate().filter(|(of, _)| *of != at);
            for (_, cursor) in foreign {
                let bad = admin.get(&format!("{path}{glue}cursor={cursor}")).await;
                let wanted = [("/query/cursor", "bad_cursor")];
                assert_eq!(bad.faults(422, "bad_cursor"), faults(&wanted), "{path}");
            }
        }
        let other = format!("/v1/users/bob/goals?cursor={}", cursors[0]);
        admin.get(&other).await.problem(422, "bad_cursor");
    });
}

#[test]
fn events_are_dense_from_one_and_go_on_after_any_number() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        three_days(&server, &admin).await;
        let events = "/v1/users/ann/events";
        let all = admin.all(events, 2).await;
        let seqs: Vec<_> = all
            .iter()
            .map(|event| event["seq"].as_u64().unwrap())
            .collect();
        assert_eq!(seqs, (1..=all.len() as u64).collect::<Vec<_>>());
        let list = admin.get(events).await.expect(200).json();
        assert_eq!(list["next_seq"], all.len() as u64 + 1);
        assert!(
            list["epoch"]
                .as_str()
                .is_some_and(|epoch| !epoch.is_empty())
        );
        let rest = admin.all(&format!("{events}?after_seq=4"), 2).await;
        assert_eq!(rest, all[4..]);
        assert!(
            admin
                .all(&format!("{events}?after_seq=100000"), 2)
                .await
                .is_empty()
        );
        let completed: Vec<_> = all
            .iter()
            .filter(|event| event["kind"] == "goal.completed")
            .collect();
        assert_eq!(completed.len(), 9, "three goals on three days: {all:?}");
        let extended: Vec<&Value> = all
            .iter()
            .filter(|event| event["kind"] == "streak.extended" && event["goal"] == "a")
            .map(|event| &event["count"])
            .collect();
        assert_eq!(extended, [1, 2, 3]);
    });
}

/// T8.1, T8.2, I6, I8: every transfer names its rule and its evidence, no key comes twice, and the sums are those of the
/// transfers.
#[test]
fn transfers_add_up_to_the_balances_and_the_ledger_to_zero() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        three_days(&server, &admin).await;
        walk(&server, "bob", utc("2016-04-15", 1, 0), &[200; 30]).await;
        // Late steps of a soft-closed day are paid by a second transfer.
        walk(&server, "ann", utc("2016-04-14", 20, 0), &[200; 20]).await;
        // The same walk again under fresh ids, and the same time again, book nothing twice.
        walk(&server, "ann", utc("2016-04-14", 9, 0), &[240; 10]).await;
        admin.advance(utc("2016-04-20", 0, 0)).await;
        admin.advance(utc("2016-04-20", 0, 0)).await;
        let mut keys = std::collections::BTreeSet::new();
        let mut all = 0;
        let mut count = 0;
        for user in ["ann", "bob", "cat"] {
            let booked = admin.all(&format!("/v1/users/{user}/ledger"), 2).await;
            let sum: i64 = booked
                .iter()
                .map(|booked| booked["amount_micro"].as_i64().unwrap())
                .sum();
            let balance = admin
                .get(&format!("/v1/users/{user}/balance"))
                .await
                .expect(200)
                .json();
            assert_eq!(balance["available_micro"], sum, "{user}");
            let posted = events(&admin, user, "tokens.posted").await;
            assert_eq!(posted.len(), booked.len(), "{user}");
            let mut available = 0;
            for (transfer, told) in booked.iter().zip(&posted) {
                // The balance after each transfer is the sum of the transfers up to it.
                available += transfer["amount_micro"].as_i64().unwrap();
                assert_eq!(
                    (&told["transfer"], &told["seq"]),
                    (&transfer["id"], &transfer["event_seq"])
                );
                assert_eq!(told["available_micro"], available);
                assert!(keys.insert(transfer["key"].to_string()), "{transfer}");
                assert_eq!(
                    (&transfer["code"], &transfer["rule"]),
                    (&json!("steps"), &json!("steps@1"))
                );
                assert_eq!(
                    transfer["evidence"].as_str().map(str::len),
                    Some(64),
                    "{transfer}"
                );
                assert_eq!(transfer["credit"], format!("user:{user}:available"));
                assert!(transfer["amount_micro"].as_i64().unwrap() > 0);
            }
            (all, count) = (all + sum, count + booked.len());
        }
        assert_eq!(
            count, 5,
            "three days and one increment of Ann's, one day of Bob's"
        );
        let summary = admin.get("/v1/ledger/summary").await.expect(200).json();
        assert_eq!(
            (&summary["sum_micro"], &summary["transfers"]),
            (&json!(0), &json!(count))
        );
        assert_eq!(summary["treasury_micro"], -all, "{summary}");
    });
}

#[test]
fn devices_tell_how_far_they_are() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        assert!(admin.all("/v1/users/ann/devices", 10).await.is_empty());
        let mut band = Band::of(&server, "ann").await;
        let refused = band.walk(utc("2016-04-11", 9, 0), &[10, -1, 20]).await;
        assert_eq!(refused, ["range"]);
        let devices = admin.all("/v1/users/ann/devices", 10).await;
        assert_eq!(devices.len(), 1);
        let device = &devices[0];
        assert_eq!(
            (&device["device"], &device["class"]),
            (&json!(device_of("ann")), &json!("watch"))
        );
        assert_eq!(device["bound_ms"], utc("2016-04-12", 0, 0));
        let outbox = json!({"outbox_id": device_of("ann"), "live": 3, "backfill": 0});
        assert_eq!(device["resume_after"], json!([outbox]));
        assert_eq!(device["last_sample_ms"], utc("2016-04-11", 9, 3));
    });
}
