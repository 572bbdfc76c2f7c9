//! A challenge is played with what is stored: it ends as the real one did, and changes nothing.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, challenge, draft, enrol_new, make_user, phase, published, utc, walk};
use crate::harness::{Server, block_on};

const FIRST: [&str; 2] = ["2016-04-13", "2016-04-14"];
/// Two weeks later, on the same days of the week.
const SECOND: [&str; 2] = ["2016-04-27", "2016-04-28"];

/// Two people in a settled challenge, and one who walked beside it.
async fn history(server: &Server, admin: &Http) -> String {
    let first = published(admin, &challenge(FIRST[0], FIRST[1])).await;
    enrol_new(admin, &first, &["ann", "bob"]).await;
    make_user(admin, "cat").await;
    admin.advance(utc(FIRST[1], 12, 0)).await;
    walk(server, "ann", utc(FIRST[0], 9, 0), &[50, 50]).await;
    walk(server, "bob", utc(FIRST[1], 9, 0), &[70, 60]).await;
    walk(server, "cat", utc(FIRST[1], 10, 0), &[110]).await;
    admin.advance(utc("2016-04-20", 0, 0)).await;
    assert_eq!(phase(admin, &first).await, "settled");
    first
}

/// Who stands where, with which score and since when.
fn standing(rows: &Value) -> Vec<[Value; 4]> {
    let rows = rows["items"].as_array().unwrap().iter();
    let told = ["user", "rank", "score", "achieved_at_ms"];
    rows.map(|row| told.map(|name| row[name].clone())).collect()
}

#[test]
fn what_is_played_with_the_same_history_ends_as_the_real_challenge_did() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let first = history(&server, &admin).await;
        let second = draft(&admin, &challenge(SECOND[0], SECOND[1])).await;
        let before = admin.get(&second).await.expect(200).json();
        let simulate = format!("{second}/simulate");
        let of = json!({"participants_of": first.rsplit('/').next().unwrap()});
        let played = admin.post(&simulate, &of).await.expect(200).json();
        let real = admin.get(&format!("{first}/leaderboard")).await;
        assert_eq!(standing(&played), standing(&real.expect(200).json()));
        assert_eq!(
            (&played["participants"], &played["excluded"]),
            (&json!(2), &json!([]))
        );
        let window = json!({"clock": "user_local", "starts": FIRST[0], "ends": FIRST[1]});
        assert_eq!(
            played["window"], window,
            "the newest that is over, on the same days"
        );
        assert_eq!(admin.get(&second).await.expect(200).json(), before);
        let enrolments = admin.all(&format!("{second}/enrolments"), 10).await;
        assert_eq!(enrolments, Vec::<Value>::new());
    });
}

#[test]
fn everybody_can_be_a_candidate_and_who_would_be_left_out_is_told_with_the_reason() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        history(&server, &admin).await;
        let mut small = challenge(SECOND[0], SECOND[1]);
        small["capacity"] = json!(2);
        let simulate = format!("{}/simulate", draft(&admin, &small).await);
        let of = json!({"users": ["cat", "nobody", "bob", "ann"], "limit": 1});
        let played = admin.post(&simulate, &of).await.expect(200).json();
        let first = [
            json!("bob"),
            json!(1),
            json!(130),
            json!(utc(FIRST[1], 9, 1)),
        ];
        assert_eq!(standing(&played), [first]);
        assert_eq!(played["participants"], 2);
        let excluded = played["excluded"].as_array().unwrap();
        let told: Vec<_> = excluded
            .iter()
            .map(|one| (&one["user"], &one["code"]))
            .collect();
        let wanted = [
            (json!("nobody"), json!("not_found")),
            (json!("ann"), json!("full")),
        ];
        assert_eq!(told, wanted.each_ref().map(|(user, code)| (user, code)));
        // Another time: the 12th and the 13th, when only ann had walked.
        let of = json!({"users": ["ann", "bob"], "starts": "2016-04-12"});
        let played = admin.post(&simulate, &of).await.expect(200).json();
        let scores: Vec<_> = standing(&played)
            .into_iter()
            .map(|[user, _, score, _]| (user, score))
            .collect();
        assert_eq!(
            scores,
            [(json!("ann"), json!(100)), (json!("bob"), json!(0))]
        );
    });
}

#[test]
fn only_admins_play_and_only_what_is_over() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let simulate = format!(
            "{}/simulate",
            draft(&admin, &challenge(SECOND[0], SECOND[1])).await
        );
        let ahead = json!({"users": ["ann"], "starts": "2016-04-12"});
        let told = admin.post(&simulate, &ahead).await.faults(422, "invalid");
        assert_eq!(told, faults(&[("/starts", "range")]));
        let absent = json!({"participants_of": "01968b1c-0000-7000-8000-000000000000"});
        let told = admin.post(&simulate, &absent).await.faults(422, "invalid");
        assert_eq!(told, faults(&[("/participants_of", "not_found")]));
        let ann = Http::user(&server, "ann");
        ann.post(&simulate, &json!({"users": ["ann"]}))
            .await
            .problem(403, "forbidden");
    });
}

#[test]
fn what_a_challenge_would_have_cost_is_told_without_a_budget() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        history(&server, &admin).await;
        let mut paying = challenge(SECOND[0], SECOND[1]);
        paying["capacity"] = json!(3);
        paying["campaign"] = json!("0196aaaa-0000-4000-8000-000000000001");
        paying["rewards"] =
            json!([{"rank": 1, "tokens_micro": 40}, {"threshold": 1, "tokens_micro": 5}]);
        let of = json!({"users": ["ann", "bob"]});
        let simulate = format!("{}/simulate", draft(&admin, &paying).await);
        let played = admin.post(&simulate, &of).await.expect(200).json();
        let prizes =
            json!([{"user": "bob", "amount_micro": 45}, {"user": "ann", "amount_micro": 5}]);
        assert_eq!(played["prizes"], prizes);
        let told = ["cost_micro", "reserve_micro", "cancelled"].map(|name| played[name].clone());
        assert_eq!(told, [json!(50), json!(55), json!(false)]);
        paying["min_participants"] = json!(3);
        let simulate = format!("{}/simulate", draft(&admin, &paying).await);
        let played = admin.post(&simulate, &of).await.expect(200).json();
        let told = ["cost_micro", "cancelled"].map(|name| played[name].clone());
        assert_eq!(told, [json!(0), json!(true)]);
    });
}
