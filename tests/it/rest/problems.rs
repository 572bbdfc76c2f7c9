//! What every route shares: problem details for all that goes wrong, request ids, headers, and the server's own pages.

use serde_json::json;

use super::http::Http;
use super::people::{Band, CLOCK, make_user, utc};
use crate::harness::{Server, block_on};

#[test]
fn whatever_is_refused_is_told_as_a_problem() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        for path in [
            "/",
            "/v1",
            "/v1/nothing",
            "/v1/users",
            "/v2/me",
            "/v1/users/ann/goals/a/b",
        ] {
            admin.get(path).await.problem(404, "not_found");
        }
        let wrong = admin.ask("PATCH", "/v1/users/ann", &[], None).await;
        wrong.problem(405, "method_not_allowed");
        assert_eq!(wrong.header("allow"), "GET, PUT, DELETE");
        let wrong = admin.ask("PATCH", "/v1/clock", &[], None).await;
        wrong.problem(405, "method_not_allowed");
        assert_eq!(wrong.header("allow"), "GET, POST");
        let path = "/v1/users/ann";
        let json = [("content-type", "application/json")];
        for text in ["", "{", "{}}", "NaN", "{\"zone\": NaN}"] {
            let bad = admin.ask("PUT", path, &json, Some(text.to_owned())).await;
            bad.problem(400, "bad_json");
        }
        for value in ["[]", "null", "\"x\""] {
            let bad = admin.ask("PUT", path, &json, Some(value.to_owned())).await;
            assert!((400..=422).contains(&bad.status), "{value}: {}", bad.text);
            assert_eq!(bad.json()["errors"][0]["pointer"], "", "{value}");
        }
        let large = format!("{{\"alias\": \"{}\"}}", "x".repeat(65_536));
        admin
            .ask("PUT", path, &json, Some(large))
            .await
            .problem(413, "too_large");
        for media in [
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
        ] {
            let body = json!({"zone": "UTC"}).to_string();
            let bad = admin
                .ask("PUT", path, &[("content-type", media)], Some(body))
                .await;
            bad.problem(415, "unsupported_media");
        }
        admin.get(path).await.problem(404, "not_found");
    });
}

#[test]
fn every_answer_has_a_request_id_and_is_not_sniffed() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        for path in [
            "/healthz",
            "/v1/clock",
            "/v1/users/nobody",
            "/nothing",
            "/metrics",
        ] {
            let named = admin
                .ask("GET", path, &[("x-request-id", "my-own-1")], None)
                .await;
            assert_eq!(named.header("x-request-id"), "my-own-1", "{path}");
            let (first, second) = (admin.get(path).await, admin.get(path).await);
            assert!(!first.header("x-request-id").is_empty(), "{path}");
            assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
            assert_eq!(first.header("x-content-type-options"), "nosniff", "{path}");
        }
        let long = "x".repeat(129);
        let made = admin
            .ask("GET", "/healthz", &[("x-request-id", &long)], None)
            .await;
        assert_ne!(made.header("x-request-id"), long);
    });
    block_on(async {
        let admin = Http::admin(&server);
        let lost = admin
            .ask(
                "GET",
                "/v1/users/nobody",
                &[("x-request-id", "find-me-7")],
                None,
            )
            .await;
        lost.problem(404, "not_found");
    });
    assert!(
        server.log().contains("find-me-7"),
        "the log names the request"
    );
}

#[test]
fn the_document_and_its_page_are_served() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let nobody = Http::bare(&server);
        let document = nobody.get("/v1/openapi.json").await.expect(200);
        assert!(
            document
                .header("content-type")
                .starts_with("application/json")
        );
        assert!(
            document.json()["openapi"]
                .as_str()
                .unwrap()
                .starts_with("3.1")
        );
        let page = nobody.get("/docs/").await.expect(200);
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{:?}",
            page.headers
        );
        assert!(page.text.contains("swagger-ui"));
        let script = nobody.get("/docs/swagger-initializer.js").await.expect(200);
        assert!(script.text.contains("/v1/openapi.json"), "{}", script.text);
    });
}

#[test]
fn the_metrics_have_the_series_that_an_operator_watches() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let mut band = Band::of(&server, "ann").await;
        band.walk(utc("2016-04-11", 9, 0), &[10, 20, 30]).await;
        let metrics = admin.get("/metrics").await.expect(200);
        assert!(metrics.header("content-type").starts_with("text/plain"));
        let value = |series: &str| -> f64 {
            let line = metrics.text.lines().find(|line| line.starts_with(series));
            let line = line.unwrap_or_else(|| panic!("no {series} in\n{}", metrics.text));
            line.rsplit(' ').next().unwrap().parse().unwrap()
        };
        assert!((value("streakline_samples_total ") - 3.0).abs() < f64::EPSILON);
        assert!((value("streakline_stream_sessions ") - 1.0).abs() < f64::EPSILON);
        assert!(value("streakline_journal_flushes_total ") >= 2.0);
        assert!(value("streakline_activations_total{kind=\"user\"}") >= 1.0);
        assert!(value("streakline_stream_frames_total{direction=\"in\"}") >= 2.0);
        assert!(value("streakline_http_requests_total{") >= 1.0);
        assert!(value("streakline_http_request_seconds") >= 0.0);
    });
}
