//! The export of one user through REST: who may, what is in it, what must not be, and that it is whole whatever goes on meanwhile.

use serde_json::{Value, json};
use streakline::protocol::export::{Kind, Reader};
use streakline::server::offline::Arrival;

use super::http::{Answer, Http};
use super::people::{
    Band, CLOCK, challenge, device_of, enrol_new, make_user, published, utc, walk,
};
use crate::harness::{Server, block_on};

const EXPORT: &str = "/v1/users/ann/export";
const DAY_MS: i64 = 86_400_000;

/// The lines of an export, each of them checked.
pub(crate) fn lines(text: &str) -> Vec<(Kind, Value)> {
    let mut reader = Reader::default();
    let line = |line: &str| {
        let read = reader.line(line.as_bytes()).unwrap();
        (read.kind, serde_json::from_str(line).unwrap())
    };
    let lines = text.split_inclusive('\n').map(line).collect();
    reader.finish().unwrap();
    lines
}

/// The objects of one kind of line.
pub(crate) fn of_kind(text: &str, kind: Kind) -> Vec<Value> {
    let lines = lines(text).into_iter();
    lines
        .filter(|(of, _)| *of == kind)
        .map(|(of, line)| line[of.name()].clone())
        .collect()
}

async fn exported(who: &Http) -> Answer {
    who.get(EXPORT).await.expect(200)
}

/// Ann and Bob walk in one challenge; Ann's alias was changed by an admin who has a name.
async fn lived(server: &Server) -> Http {
    let admin = Http::admin(server);
    let path = published(&admin, &challenge("2016-04-12", "2016-04-30")).await;
    enrol_new(&admin, &path, &["ann", "bob"]).await;
    let alias = json!({"alias": "Rohrdommel"});
    let bobs = admin.replace("/v1/users/bob", &alias).await;
    bobs.expect(200);
    let carol = streakline::keys::Claims::new(
        "carol",
        streakline::keys::Role::Admin,
        streakline::clock::unix_s(),
        3_600,
    );
    let carol = Http::bearing(server, &server.token_with(&carol));
    let alias = json!({"alias": "Swift Heron"});
    carol.replace("/v1/users/ann", &alias).await.expect(200);
    admin.advance(utc("2016-04-12", 12, 0)).await;
    for (user, steps) in [("ann", 90), ("bob", 80)] {
        walk(server, user, utc("2016-04-12", 9, 0), &[steps; 60]).await;
    }
    admin.advance(utc("2016-04-14", 12, 0)).await;
    admin
}

#[test]
fn an_export_says_what_the_routes_say_and_names_nobody_else() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = lived(&server).await;
        let answer = exported(&Http::user(&server, "ann")).await;
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        let disposition = "attachment; filename=\"ann.streakline.jsonl\"";
        assert_eq!(answer.header("content-disposition"), disposition);
        let text = &answer.text;
        let header = &of_kind(text, Kind::Header)[0];
        assert_eq!(
            (&header["user"], &header["exported_at"], &header["format"]),
            (&json!("ann"), &json!("2016-04-14T12:00:00Z"), &json!(1))
        );
        let all = async |of: &str| admin.all(&format!("/v1/users/ann/{of}"), 1_000).await;
        let days = all("days?from=2016-04-12&to=2016-04-14").await;
        assert_eq!(of_kind(text, Kind::Day), days);
        assert_eq!(of_kind(text, Kind::Fact), all("events").await);
        assert_eq!(of_kind(text, Kind::Transfer), all("ledger").await);
        let profile = admin.get("/v1/users/ann").await.expect(200).json();
        assert_eq!(of_kind(text, Kind::Profile), [profile]);
        let balance = admin.get("/v1/users/ann/balance").await.expect(200).json();
        assert_eq!(of_kind(text, Kind::Balance), [balance]);
        let records = of_kind(text, Kind::Record);
        assert_eq!(records.len(), 60);
        let first = &records[0];
        assert_eq!(
            (&first["metric"], &first["value"], &first["unit"]),
            (&json!("steps"), &json!(90), &json!("{steps}"))
        );
        assert_eq!(first["start_at"], "2016-04-12T09:00:00Z");
        assert_eq!(first["device"], device_of("ann"));
        let enrolment = &of_kind(text, Kind::Challenge)[0];
        assert_eq!(
            (
                &enrolment["title"],
                &enrolment["score"],
                &enrolment["state"]
            ),
            (&json!("April steps"), &json!(5_400), &json!("active"))
        );
        let changes = of_kind(text, Kind::Change);
        let by: Vec<&Value> = changes
            .iter()
            .map(|change| &change["by"]["principal"])
            .collect();
        assert!(
            by.contains(&&json!("admin")) && by.contains(&&json!("admin-key")),
            "{by:?}"
        );
        // Rows are bytes in base64: what they hold must not name anybody else either.
        let arrival = Arrival::read(text.as_bytes(), &mut |_| {}).unwrap();
        let inside = format!("{arrival:?}");
        for name in ["bob", "Rohrdommel", "carol"] {
            assert!(!text.contains(name) && !inside.contains(name), "{name}");
        }
        for key in [server.admin_key(), server.token("ann")] {
            assert!(!text.contains(&key));
        }
    });
    let log = server.log();
    let told = log
        .lines()
        .find(|line| line.contains("a user was exported"));
    let told = told.unwrap_or_else(|| panic!("{log}"));
    assert!(told.contains("ann") && told.contains("user:ann"), "{told}");
}

#[test]
fn an_export_is_for_admins_and_the_user_itself_and_of_who_is_there() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        exported(&admin).await;
        exported(&Http::user(&server, "ann")).await;
        let other = Http::user(&server, "bob");
        other.get(EXPORT).await.problem(403, "forbidden");
        let nobody = admin.get("/v1/users/nobody/export").await;
        nobody.problem(404, "not_found");
        admin.delete("/v1/users/ann").await.expect(204);
        admin.get(EXPORT).await.problem(404, "not_found");
        let metrics = admin.get("/metrics").await.expect(200).text;
        let counted = metrics.lines().find(|line| {
            line.starts_with("streakline_http_requests_total{")
                && line.contains("route=\"/v1/users/{user}/export\"")
                && line.contains("status=\"200\"")
        });
        assert!(
            counted.is_some_and(|line| line.ends_with(" 2")),
            "{counted:?}"
        );
    });
}

#[test]
fn exports_while_samples_come_in_are_each_whole_and_miss_nothing_that_was_acknowledged() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        admin.advance(utc("2016-04-13", 0, 0)).await;
        let mut band = Band::of(&server, "ann").await;
        let acknowledged = std::cell::Cell::new(0_usize);
        let walking = async {
            for minute in 0..200 {
                // Every fourth comes late, into what is stored already.
                let late = if minute % 4 == 3 { 1_000 } else { 0 };
                let start_ms = utc("2016-04-12", 3, 0) + (minute * 5 + late) * 60_000 / 2;
                band.walk(start_ms, &[50, 51]).await;
                acknowledged.set(acknowledged.get() + 2);
            }
        };
        let exporting = async {
            let mut exports = 0;
            while acknowledged.get() < 400 {
                let before = acknowledged.get();
                let text = exported(&admin).await.text;
                let arrival = Arrival::read(text.as_bytes(), &mut |_| {}).unwrap();
                let records = of_kind(&text, Kind::Record).len();
                assert!(
                    records >= before,
                    "{records} records, {before} acknowledged"
                );
                assert!(records <= acknowledged.get() + 2);
                let days: i64 = of_kind(&text, Kind::Day)
                    .iter()
                    .map(|day| day["records"].as_i64().unwrap())
                    .sum();
                assert_eq!(days, records as i64, "state and rows are of one position");
                assert_eq!(arrival.user.id.as_str(), "ann");
                exports += 1;
            }
            exports
        };
        let (_, exports) = tokio::join!(walking, exporting);
        assert!(exports > 3, "{exports}");
    });
}

#[test]
fn minutes_stand_in_for_samples_that_are_no_longer_kept() {
    let short = [
        "--history-records-days",
        "70",
        "--history-minutes-days",
        "80",
    ];
    let server = Server::start(&format!("virtual:{CLOCK}"), &short);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        walk(&server, "ann", utc("2016-04-11", 22, 0), &[100; 20]).await;
        let path = "/v1/users/ann/days/2016-04-11/minutes";
        let minutes = admin.all(path, 1_000).await;
        admin.advance(utc("2016-04-12", 0, 0) + 78 * DAY_MS).await;
        let text = exported(&admin).await.text;
        assert_eq!(of_kind(&text, Kind::Record), [Value::Null; 0]);
        let told = &of_kind(&text, Kind::Minutes)[0];
        assert_eq!(told["day"], "2016-04-11");
        let steps = &told["metrics"][0];
        assert_eq!(steps["columns"], json!(["start_ms", "display", "eligible"]));
        let rows = minutes.iter().map(|minute| {
            let members = ["start_ms", "display", "eligible"];
            json!(members.map(|member| minute[member].clone()))
        });
        assert_eq!(steps["rows"].as_array().unwrap(), &rows.collect::<Vec<_>>());
        Arrival::read(text.as_bytes(), &mut |_| {}).unwrap();
        admin.advance(utc("2016-04-12", 0, 0) + 90 * DAY_MS).await;
        let text = exported(&admin).await.text;
        assert_eq!(of_kind(&text, Kind::Minutes), [Value::Null; 0]);
        assert_eq!(of_kind(&text, Kind::Day)[0]["display"], 2_000);
    });
}
