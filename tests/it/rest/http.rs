//! Plain HTTP for tests: any method, header and body, and the whole answer.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::harness::Server;

static KEYS: AtomicU64 = AtomicU64::new(0);

/// One bearer's way to a server, or nobody's.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    base: String,
    bearer: Option<String>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) what: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Http {
    /// Without credentials.
    pub(crate) fn bare(server: &Server) -> Self {
        Self {
            client: reqwest::Client::new(),
            base: server.url().to_owned(),
            bearer: None,
        }
    }

    pub(crate) fn bearing(server: &Server, bearer: &str) -> Self {
        Self {
            bearer: Some(bearer.to_owned()),
            ..Self::bare(server)
        }
    }

    /// With the admin key.
    pub(crate) fn admin(server: &Server) -> Self {
        Self::bearing(server, &server.admin_key())
    }

    pub(crate) fn user(server: &Server, user: &str) -> Self {
        Self::bearing(server, &server.token(user))
    }

    /// The same from another address of this machine.
    pub(crate) fn at_address(&self, address: std::net::IpAddr) -> Self {
        let client = reqwest::Client::builder().local_address(address);
        Self {
            client: client.build().unwrap(),
            ..self.clone()
        }
    }

    /// Any request; the body is sent as it is, its media type is the caller's to name.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let what = format!("{method} {path}");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(bearer) = &self.bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer {
            what,
            status,
            headers,
            text,
        }
    }

    /// Any request with a JSON body.
    pub(crate) async fn json(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let media = [("content-type", "application/json")];
        let headers = [&media[..], headers].concat();
        self.ask(method, path, &headers, Some(body.to_string()))
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], None).await
    }

    /// A PUT without a condition.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.json("PUT", path, &[], body).await
    }

    /// A PUT of what exists, whatever its version.
    pub(crate) async fn replace(&self, path: &str, body: &Value) -> Answer {
        self.json("PUT", path, &[("if-match", "*")], body).await
    }

    /// A PUT without a body.
    pub(crate) async fn enrol(&self, path: &str) -> Answer {
        self.ask("PUT", path, &[], None).await
    }

    /// A POST under a key of its own.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let key = format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        self.post_as(&key, path, body).await
    }

    /// A POST under that key.
    pub(crate) async fn post_as(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.json("POST", path, &[("idempotency-key", key)], body)
            .await
    }

    /// Moves the clock and waits for all that is due.
    pub(crate) async fn advance(&self, to_ms: i64) {
        let answer = self.post("/v1/clock", &json!({"to_ms": to_ms})).await;
        assert_eq!(answer.expect(200).json()["now_ms"], to_ms);
    }

    /// Every item of a list, in pages of `limit`.
    pub(crate) async fn all(&self, path: &str, limit: u32) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = String::new();
        for _ in 0..1_000 {
            let page = format!("{path}{glue}limit={limit}{cursor}");
            let page = self.get(&page).await.expect(200).json();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else {
                return items;
            };
            cursor = format!("&cursor={next}");
        }
        panic!("{path} has no end");
    }
}

impl Answer {
    /// Itself, if it has that status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|e| panic!("{}: {e}: {}", self.what, self.text))
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Checks the whole shape of a problem and returns it.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let what = format!("{}: {} {}", self.what, self.status, self.text);
        assert_eq!(self.status, status, "{what}");
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{what}"
        );
        let body = self.json();
        assert_eq!(body["code"], code, "{what}");
        assert_eq!(body["status"], status, "{what}");
        assert_eq!(
            body["type"],
            format!("urn:streakline:problem:{code}"),
            "{what}"
        );
        assert_eq!(body["request_id"], self.header("x-request-id"), "{what}");
        assert!(
            body["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty()),
            "{what}"
        );
        body
    }

    /// The places and codes of a problem's faults, in the order of their places.
    #[track_caller]
    pub(crate) fn faults(&self, status: u16, code: &str) -> Vec<(String, String)> {
        let body = self.problem(status, code);
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        let listed = body["errors"].as_array().into_iter().flatten();
        let mut faults: Vec<_> = listed
            .map(|fault| (text(fault, "pointer"), text(fault, "code")))
            .collect();
        faults.sort();
        faults
    }
}

/// Faults as [`Answer::faults`] tells them.
pub(crate) fn faults(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut wanted: Vec<_> = wanted
        .iter()
        .map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned()))
        .collect();
    wanted.sort();
    wanted
}
