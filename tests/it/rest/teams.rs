//! Teams against teams (protocol.md 7): who comes into which, what stays of who leaves, and that a team's members win together.

use serde_json::{Value, json};

use super::http::{Http, faults};
use super::people::{CLOCK, challenge, draft, events, make_user, utc, walk};
use crate::harness::{Server, Wire, block_on};

const CAMPAIGN: &str = "0196aaaa-0000-4000-8000-000000000002";
const TOKEN: i64 = 1_000_000;

/// Red against blue over the 13th and 14th: 10 tokens for every member of the best team.
fn red_against_blue() -> Value {
    let mut body = challenge("2016-04-13", "2016-04-14");
    body["type"] = json!("team_vs_team");
    body["teams"] =
        json!([{"key": "red", "name": "Red Foxes"}, {"key": "blue", "name": "Blue Owls"}]);
    body["join"] = json!({"late": "no"});
    body["capacity"] = json!(10);
    body["campaign"] = json!(CAMPAIGN);
    body["rewards"] = json!([{"rank": 1, "tokens_micro": 10 * TOKEN}]);
    body
}

async fn publish(admin: &Http, body: &Value) -> String {
    let of = draft(admin, body).await;
    let publish = format!("{of}/publish");
    admin.post(&publish, &json!({})).await.expect(200);
    of
}

async fn join(admin: &Http, of: &str, user: &str, team: &str) {
    make_user(admin, user).await;
    let path = format!("{of}/enrolments/{user}");
    let joined = admin.put(&path, &json!({"team": team})).await.expect(201);
    assert_eq!(joined.json()["team"], team);
}

/// Of each team: key, rank, score, members.
fn standings(board: &Value) -> Vec<Value> {
    let rows = board["items"].as_array().unwrap().iter();
    rows.map(|row| json!([row["row"], row["rank"], row["score"], row["members"]]))
        .collect()
}

async fn teams(admin: &Http, of: &str) -> Value {
    let path = format!("{of}/leaderboard?by=team");
    admin.get(&path).await.expect(200).json()
}

#[test]
fn a_team_has_the_mean_of_its_members_keeps_who_leaves_and_wins_together() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let budget = json!({"title": "Teams", "budget_micro": 100 * TOKEN});
        let campaign = format!("/v1/campaigns/{CAMPAIGN}");
        admin.put(&campaign, &budget).await.expect(201);
        let of = publish(&admin, &red_against_blue()).await;
        let reserved = admin.get(&campaign).await.expect(200).json();
        assert_eq!(
            reserved["reserved_micro"],
            100 * TOKEN,
            "all ten may be in one team"
        );
        for user in ["ann", "bob", "cat"] {
            join(&admin, &of, user, "red").await;
        }
        for user in ["dan", "eve", "fay", "gus"] {
            join(&admin, &of, user, "blue").await;
        }
        let again = format!("{of}/enrolments/ann");
        let again = admin
            .put(&again, &json!({"team": "blue"}))
            .await
            .expect(200);
        assert_eq!(again.json()["team"], "red", "who is in is in");
        admin.advance(utc("2016-04-13", 12, 0)).await;
        walk(&server, "ann", utc("2016-04-13", 9, 0), &[90, 10]).await;
        walk(&server, "dan", utc("2016-04-13", 9, 0), &[75, 45]).await;
        let board = teams(&admin, &of).await;
        let wanted = [json!(["red", 1, 33.333, 3]), json!(["blue", 2, 30, 4])];
        assert_eq!(standings(&board), wanted);
        assert_eq!(board["items"][0]["alias"], "Red Foxes");
        admin
            .delete(&format!("{of}/enrolments/ann"))
            .await
            .expect(204);
        walk(&server, "ann", utc("2016-04-13", 10, 0), &[50]).await;
        assert_eq!(standings(&teams(&admin, &of).await), wanted);
        let own = admin
            .get(&format!("{of}/leaderboard/bob"))
            .await
            .expect(200);
        assert_eq!(own.json()["team"], "red");
        let before = teams(&admin, &of).await["items"].clone();
        admin.advance(utc("2016-04-16", 12, 0)).await;
        assert_eq!(teams(&admin, &of).await["items"], before);
        let told = events(&admin, "bob", "challenge.settled").await;
        assert_eq!(
            (&told[0]["team"], &told[0]["team_rank"]),
            (&json!("red"), &json!(1))
        );
        for (user, prizes) in [("ann", 0), ("bob", 1), ("cat", 1), ("dan", 0)] {
            let won = events(&admin, user, "prize.won").await;
            assert_eq!(won.len(), prizes, "{user}");
        }
        let spent = admin.get(&campaign).await.expect(200).json();
        assert_eq!(
            (&spent["reserved_micro"], &spent["spent_micro"]),
            (&json!(0), &json!(20 * TOKEN))
        );
    });
}

#[test]
fn a_team_that_cannot_be_joined_or_read_is_refused_at_its_place() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = red_against_blue();
        for unpaid in ["campaign", "rewards"] {
            body.as_object_mut().unwrap().remove(unpaid);
        }
        let of = publish(&admin, &body).await;
        make_user(&admin, "ann").await;
        let path = format!("{of}/enrolments/ann");
        let refused = admin.put(&path, &json!({"team": "pink"})).await;
        assert_eq!(
            refused.faults(422, "invalid"),
            faults(&[("/team", "unknown_team")])
        );
        let refused = admin.enrol(&path).await;
        assert_eq!(
            refused.faults(422, "invalid"),
            faults(&[("/team", "required")])
        );
        body["roster"] = json!("balanced");
        let balanced = publish(&admin, &body).await;
        let path = format!("{balanced}/enrolments/ann");
        let refused = admin.put(&path, &json!({"team": "red"})).await;
        assert_eq!(
            refused.faults(422, "invalid"),
            faults(&[("/team", "unsupported")])
        );
        let joined = admin.enrol(&path).await.expect(201).json();
        assert_eq!(joined["team"], "red");
        let most = publish(&admin, &challenge("2016-04-13", "2016-04-14")).await;
        let path = format!("{most}/leaderboard?by=team");
        let refused = admin.get(&path).await;
        assert_eq!(
            refused.faults(422, "invalid"),
            faults(&[("/query/by", "unsupported")])
        );
        body["teams"][1]["key"] = json!("red");
        body["capacity"] = json!(5);
        body["best"] = json!(3);
        let refused = admin.post("/v1/challenges", &body).await;
        let found = refused.faults(422, "invalid");
        let wanted = [
            ("/best", "needs_best"),
            ("/capacity", "range"),
            ("/teams/1/key", "repeated"),
        ];
        assert_eq!(found, faults(&wanted));
    });
}

#[test]
fn a_subscriber_of_teams_is_told_when_one_overtakes_another() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        let mut body = red_against_blue();
        for unpaid in ["campaign", "rewards"] {
            body.as_object_mut().unwrap().remove(unpaid);
        }
        body["team_score"] = json!("sum");
        let of = publish(&admin, &body).await;
        for (number, user) in ["ann", "bob", "cat", "dan", "eve", "fay"]
            .iter()
            .enumerate()
        {
            join(&admin, &of, user, ["red", "blue"][number % 2]).await;
        }
        let (mut wire, _) = Wire::hello(&server, "ann", &json!({"type": "hello"})).await;
        let topic = format!("board/{}", of.rsplit('/').next().unwrap());
        let subscribe =
            json!({"type": "subscribe", "id": 1, "topic": topic, "view": {"teams": true}});
        wire.send(&subscribe).await;
        let shown = |frame: &Value| -> Vec<Value> {
            let rows = frame["rows"].as_array().into_iter().flatten();
            rows.map(|row| json!([row["row"], row["score"]])).collect()
        };
        let none = [json!(["red", 0]), json!(["blue", 0])];
        wire.until("all teams", |frame| shown(frame) == none).await;
        admin.advance(utc("2016-04-13", 12, 0)).await;
        walk(&server, "bob", utc("2016-04-13", 9, 0), &[75]).await;
        let wanted = [json!(["blue", 75]), json!(["red", 0])];
        let told = wire
            .until("the change", |frame| shown(frame) == wanted)
            .await;
        assert_eq!(told["rows"][0]["rank"], 1);
    });
}
