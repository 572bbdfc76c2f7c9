//! `/metrics`: every series on it is in the catalogue with its labels, whatever clients do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use streakline::telemetry::series::{self, Kind, Series};

use crate::harness::{Server, TestStream, Wire, block_on, stream::batch, wire};

const CLOCK: &str = "2016-04-12T10:00:00Z";
const NOON_MS: i64 = 1_460_455_200_000;
const DEVICE: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11";
const OTHER_DEVICE: &str = "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c12";
const METHODS: [&str; 7] = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "other"];

/// How often the page is read until a line must be there.
const READS: u32 = 600;
const READ_EVERY: Duration = Duration::from_millis(50);

/// One line of the page: its name, its labels, its value.
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
        None => (series, ""),
    };
    // Routes hold braces and commas, but never a quote.
    let pairs = labels
        .split("\",")
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once("=\"").unwrap();
            (name.to_owned(), value.trim_end_matches('"').to_owned())
        });
    Sample {
        name: name.to_owned(),
        labels: pairs.collect(),
        value: value.parse().unwrap(),
    }
}

/// The series of a line, and the labels that its form adds.
fn catalogued(name: &str) -> Option<(&'static Series, &'static [&'static str])> {
    let find = |name: &str| series::ALL.iter().find(|series| series.name == name);
    if let Some(series) = find(name) {
        return (series.kind != Kind::Histogram).then_some((series, &[]));
    }
    let parts: [(&str, &[&str]); 3] = [("_bucket", &["le"]), ("_sum", &[]), ("_count", &[])];
    parts.into_iter().find_map(|(part, labels)| {
        let series = find(name.strip_suffix(part)?)?;
        (series.kind == Kind::Histogram).then_some((series, labels))
    })
}

async fn ask(
    client: &Client,
    server: &Server,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> String {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = client
        .request(method, format!("{}{path}", server.url()))
        .bearer_auth(server.admin_key())
        .header("idempotency-key", path);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    request.send().await.unwrap().text().await.unwrap()
}

async fn page(client: &Client, server: &Server) -> Vec<String> {
    let text = ask(client, server, "GET", "/metrics", None).await;
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The page once the server has heard that the band left.
async fn page_after_goodbyes(client: &Client, server: &Server) -> Vec<String> {
    for _ in 0..READS {
        let page = page(client, server).await;
        let left = "streakline_stream_closes_total{code=\"1000\"}";
        if page.iter().any(|line| line.starts_with(left)) {
            return page;
        }
        tokio::time::sleep(READ_EVERY).await;
    }
    panic!("nobody has left");
}

/// A bit of everything: people, goals, a challenge, samples, sockets that end in several ways, time that passes.
async fn live(client: &Client, server: &Server) {
    let goal = json!({"metric": "steps", "period": "day", "kind": "static", "target": 5});
    let challenge = json!({"title": "April steps", "type": "most", "metric": "steps",
        "window": {"clock": "user_local", "starts": "2016-04-12", "ends": "2016-04-14"}});
    ask(
        client,
        server,
        "PUT",
        "/v1/users/ann",
        Some(json!({"zone": "UTC"})),
    )
    .await;
    ask(client, server, "PUT", "/v1/users/ann/goals/g1", Some(goal)).await;
    let made = ask(client, server, "POST", "/v1/challenges", Some(challenge)).await;
    let made: Value = serde_json::from_str(&made).unwrap();
    let path = format!("/v1/challenges/{}", made["id"].as_str().unwrap());
    ask(
        client,
        server,
        "POST",
        &format!("{path}/publish"),
        Some(json!({})),
    )
    .await;
    let (mut band, _) = TestStream::device(server, "ann", DEVICE).await;
    band.send(&batch(1, NOON_MS - 600_000, &[10, 20, 30])).await;
    band.ack().await;
    band.close().await;
    let mut rude = Wire::upgrade(server, &server.token("bob")).await.unwrap();
    rude.send(&wire::hello(OTHER_DEVICE, NOON_MS)).await;
    rude.expect("welcome").await;
    rude.send_frame(wire::BINARY, b"x").await;
    rude.closed().await;
    ask(
        client,
        server,
        "POST",
        "/v1/clock",
        Some(json!({"to": "2016-04-13T10:00:00Z"})),
    )
    .await;
}

/// Paths, methods and ids that only a client can think of.
async fn invent(client: &Client, server: &Server, seed: u32) {
    for n in 0..20 {
        let odd = seed * 100 + n;
        ask(
            client,
            server,
            "GET",
            &format!("/v1/users/user-{odd}"),
            None,
        )
        .await;
        ask(
            client,
            server,
            "GET",
            &format!("/v1/users/user-{odd}/days/2016-04-{:02}", n + 1),
            None,
        )
        .await;
        ask(
            client,
            server,
            "GET",
            &format!("/nowhere/{odd}?x={odd}"),
            None,
        )
        .await;
        ask(client, server, &format!("BREW{odd}"), "/v1/me", None).await;
        ask(client, server, "GET", &format!("/docs/{odd}"), None).await;
    }
}

/// Checks one line of the page against the catalogue; the name of its series.
fn check(line: &str, page: &[String], routes: &BTreeSet<&str>) -> &'static str {
    let sample = sample(line);
    let series = catalogued(&sample.name);
    let (series, extra) = series.unwrap_or_else(|| panic!("not in the catalogue: {line}"));
    let labels: BTreeSet<&str> = sample.labels.keys().map(String::as_str).collect();
    let known = series.labels.iter().chain(extra).copied();
    assert_eq!(labels, known.collect(), "{line}");
    assert!(sample.value.is_finite(), "{line}");
    if let Some(route) = sample.labels.get("route") {
        assert!(routes.contains(route.as_str()), "{line}");
        assert!(
            METHODS.contains(&sample.labels["method"].as_str()),
            "{line}"
        );
    }
    let (name, kind) = (series.name, series.kind.name());
    for head in [
        format!("# TYPE {name} {kind}"),
        format!("# HELP {name} {}", series.meaning()),
    ] {
        assert!(page.contains(&head), "no {head}");
    }
    name
}

#[test]
fn every_series_on_the_page_is_catalogued_and_its_labels_are_bounded() {
    let server = Server::virtual_at(CLOCK);
    let client = Client::new();
    let lines = block_on(async {
        live(&client, &server).await;
        invent(&client, &server, 0).await;
        let first = page(&client, &server).await;
        for seed in 1..4 {
            invent(&client, &server, seed).await;
        }
        let names = |lines: &[String]| -> BTreeSet<String> {
            let told = lines.iter().filter(|line| !line.starts_with('#'));
            told.map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
                .collect()
        };
        let later = page(&client, &server).await;
        // The scrape itself is a request that the first page could not show; upkeep tells its own numbers when it runs.
        let new: Vec<String> = names(&later).difference(&names(&first)).cloned().collect();
        let of_clients = ["streakline_http_", "streakline_stream_"];
        let invented = new.iter().filter(|name| {
            let of_clients = of_clients.iter().any(|start| name.starts_with(start));
            of_clients && !name.contains("route=\"/metrics\"")
        });
        assert_eq!(invented.collect::<Vec<_>>(), [""; 0], "clients make series");
        later
    });

    let patterns = block_on(ask(&client, &server, "GET", "/v1/openapi.json", None));
    let openapi: Value = serde_json::from_str(&patterns).unwrap();
    let routes = openapi["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str);
    let routes: BTreeSet<&str> = routes
        .chain(["unknown", "/v1/stream", "/docs/{_:.*}"])
        .collect();
    let told = lines.iter().filter(|line| !line.starts_with('#'));
    let seen: BTreeSet<&str> = told.map(|line| check(line, &lines, &routes)).collect();
    let plain = series::ALL
        .iter()
        .filter(|series| series.labels.is_empty())
        .map(|series| series.name);
    let missing: Vec<&str> = plain.filter(|name| !seen.contains(name)).collect();
    assert_eq!(
        missing, [""; 0],
        "a series without labels is there from the start"
    );
}

#[test]
fn the_metrics_name_the_process_and_how_long_things_took() {
    let server = Server::virtual_at(CLOCK);
    let client = Client::new();
    let lines = block_on(async {
        live(&client, &server).await;
        page_after_goodbyes(&client, &server).await
    });
    let value = |series: &str| -> f64 {
        let line = lines
            .iter()
            .find(|line| line.rsplit_once(' ').unwrap().0 == series);
        sample(line.unwrap_or_else(|| panic!("no {series}"))).value
    };
    assert!(value("process_resident_memory_bytes") > 1_000_000.0);
    assert!(value("process_open_fds") > 3.0);
    assert!(value("process_cpu_seconds_total") > 0.0);
    assert!(value("streakline_uptime_seconds") > 0.0);
    let version = format!(
        "streakline_build_info{{version=\"{}\"}}",
        env!("CARGO_PKG_VERSION")
    );
    assert!((value(&version) - 1.0).abs() < f64::EPSILON);
    assert!((value("streakline_ack_seconds_count") - 1.0).abs() < f64::EPSILON);
    assert!(value("streakline_journal_flush_seconds_count") >= 2.0);
    assert!(value("streakline_journal_flush_seconds_bucket{le=\"+Inf\"}") >= 2.0);
    let of_put = "streakline_http_request_seconds_count{method=\"PUT\",route=\"/v1/users/{user}\"}";
    assert!((value(of_put) - 1.0).abs() < f64::EPSILON);
    for code in ["1000", "1003"] {
        let closes = format!("streakline_stream_closes_total{{code=\"{code}\"}}");
        assert!((value(&closes) - 1.0).abs() < f64::EPSILON, "{closes}");
    }
}
