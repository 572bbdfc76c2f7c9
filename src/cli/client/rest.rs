//! REST with JSON, problems as errors, and lists followed to their end.

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use streakline_core::limits;

use super::{Address, ClientError};
use crate::{clock, entropy, keys::install_crypto_provider};

/// Longest that one request may take: moving the clock waits for every boundary that it passes.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Longest that a long answer may take to be read: as long as the server lets it.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_millis(limits::EXPORT_WITHIN_MS);
/// How long and how often a request is repeated that an earlier, broken connection still has running.
const IN_PROGRESS_PAUSE: Duration = Duration::from_millis(200);
const IN_PROGRESS_TRIES: u32 = 300;
const PAGE_ROWS: u32 = 1_000;
/// No list of this client is longer; a server that never ends one is at fault.
const PAGES_MAX: u32 = 10_000;

/// One principal's way to one server.
#[derive(Clone)]
pub struct Rest {
    http: reqwest::Client,
    base: String,
    bearer: String,
}

/// What `GET /v1/clock` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClock {
    /// POSIX ms.
    pub now_ms: i64,
    /// Whether it only moves when told to.
    pub is_virtual: bool,
}

/// An idempotency key that nobody has used.
#[must_use]
pub fn fresh_key() -> String {
    let key = entropy::uuid_v7(clock::unix_ms());
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How a `PUT` treats what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Makes it; what is there stays as it is.
    Create,
    /// No condition: for resources that need none.
    Plain,
}

impl Rest {
    /// A client for `server` (`http://host:port` or `https://host:port`) with a JWT or the admin key.
    ///
    /// # Errors
    /// As [`Address::of`], and [`ClientError::Transport`] when no client can be made.
    pub fn new(server: &str, bearer: &str) -> Result<Self, ClientError> {
        Self::at(&Address::of(server)?, bearer)
    }

    /// The same for an address that is known already.
    ///
    /// # Errors
    /// [`ClientError::Transport`] when no client can be made.
    pub fn at(server: &Address, bearer: &str) -> Result<Self, ClientError> {
        install_crypto_provider();
        let mut http = reqwest::Client::builder().timeout(TIMEOUT);
        if let Some(tls) = server.tls() {
            http = http.tls_backend_preconfigured(tls.as_ref().clone());
        }
        Ok(Self {
            http: http.build().map_err(|e| transport("HTTP client", &e))?,
            base: server.http(),
            bearer: bearer.to_owned(),
        })
    }

    /// The same server for another principal.
    #[must_use]
    pub fn with_bearer(&self, bearer: &str) -> Self {
        Self {
            bearer: bearer.to_owned(),
            ..self.clone()
        }
    }

    /// One resource.
    ///
    /// # Errors
    /// [`ClientError`]: a problem, a broken connection, or an answer that is not JSON.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.send(Method::GET, path, None, &[])
            .await
            .map(|(_, body)| body)
    }

    /// One resource, or none where the server says 404.
    ///
    /// # Errors
    /// As [`Rest::get`], but for 404.
    pub async fn find(&self, path: &str) -> Result<Option<Value>, ClientError> {
        match self.get(path).await {
            Ok(body) => Ok(Some(body)),
            Err(ClientError::Problem { status: 404, .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// All items of a list, page after page; `path` may have a query.
    ///
    /// # Errors
    /// As [`Rest::get`].
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, ClientError> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let mut page = format!("{path}{glue}limit={PAGE_ROWS}");
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut body = self.get(&page).await?;
            match body.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => all.extend(items),
                _ => return Err(odd(path, "a list without items")),
            }
            let Some(next) = body.get("next").and_then(Value::as_str) else {
                return Ok(all);
            };
            page = format!("{path}{glue}limit={PAGE_ROWS}&cursor={}", escaped(next));
        }
        Err(odd(path, "a list without end"))
    }

    /// Makes or replaces a resource. True if it was made, false if it was there (also where [`Write::Create`] left it).
    ///
    /// # Errors
    /// As [`Rest::get`].
    pub async fn put(
        &self,
        path: &str,
        body: Option<&Value>,
        write: Write,
    ) -> Result<bool, ClientError> {
        let create = [("if-none-match", "*")];
        let headers: &[(&str, &str)] = if write == Write::Create { &create } else { &[] };
        match self.send(Method::PUT, path, body, headers).await {
            Ok((status, _)) => Ok(status == StatusCode::CREATED),
            Err(ClientError::Problem { status: 412, .. }) if write == Write::Create => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Deletes a resource; answers what the server says to it, mostly nothing.
    ///
    /// # Errors
    /// As [`Rest::get`].
    pub async fn delete(&self, path: &str) -> Result<Value, ClientError> {
        self.send(Method::DELETE, path, None, &[])
            .await
            .map(|(_, body)| body)
    }

    /// Reads a long answer as it comes, piece by piece; `take` says whether to go on.
    ///
    /// # Errors
    /// As [`Rest::get`]; [`ClientError::Answer`] with what `take` says.
    pub async fn download(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), ClientError> {
        let what = format!("GET {path}");
        let request = self.http.get(format!("{}{path}", self.base));
        let request = request.timeout(DOWNLOAD_TIMEOUT).bearer_auth(&self.bearer);
        let mut response = request.send().await.map_err(|e| transport(&what, &e))?;
        let status = response.status();
        if !status.is_success() {
            let bytes = response.bytes().await.map_err(|e| transport(&what, &e))?;
            return Err(problem(what, status, &bytes));
        }
        while let Some(piece) = response.chunk().await.map_err(|e| transport(&what, &e))? {
            take(&piece).map_err(|why| odd(&what, &why))?;
        }
        Ok(())
    }

    /// Posts `body` under an idempotency key. A request of an earlier connection that still runs is waited for.
    ///
    /// # Errors
    /// As [`Rest::get`].
    pub async fn post(&self, path: &str, body: &Value, key: &str) -> Result<Value, ClientError> {
        for _ in 0..IN_PROGRESS_TRIES {
            let headers = [("idempotency-key", key)];
            match self.send(Method::POST, path, Some(body), &headers).await {
                Err(e) if e.code() == Some("in_progress") => {
                    tokio::time::sleep(IN_PROGRESS_PAUSE).await;
                }
                other => return other.map(|(_, answer)| answer),
            }
        }
        Err(odd(path, "the same request has been running for a minute"))
    }

    /// The server's clock, and whether it is a virtual one.
    ///
    /// # Errors
    /// As [`Rest::get`], and when the answer has no time.
    pub async fn clock(&self) -> Result<ServerClock, ClientError> {
        let body = self.get("/v1/clock").await?;
        let now_ms = body.get("now_ms").and_then(Value::as_i64);
        let now_ms = now_ms.ok_or_else(|| odd("/v1/clock", &body.to_string()))?;
        let is_virtual = body.get("clock").and_then(Value::as_str) == Some("virtual");
        Ok(ServerClock { now_ms, is_virtual })
    }

    /// Moves a virtual clock to `to_ms` (POSIX ms) and waits for everything that is due until then.
    ///
    /// # Errors
    /// As [`Rest::get`].
    pub async fn move_clock(&self, to_ms: i64) -> Result<(), ClientError> {
        let body = json!({ "to_ms": to_ms });
        self.post("/v1/clock", &body, &format!("clock:{to_ms}"))
            .await
            .map(|_| ())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<(StatusCode, Value), ClientError> {
        let what = format!("{method} {path}");
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.bearer));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|e| transport(&what, &e))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|e| transport(&what, &e))?;
        if !status.is_success() {
            return Err(problem(what, status, &bytes));
        }
        if bytes.is_empty() {
            return Ok((status, Value::Null));
        }
        let body = serde_json::from_slice(&bytes).map_err(|e| odd(&what, &e.to_string()))?;
        Ok((status, body))
    }
}

fn problem(what: String, status: StatusCode, bytes: &[u8]) -> ClientError {
    let body: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut detail = text("detail").unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    if let Some(faults) = body.get("errors") {
        detail = format!("{detail} {faults}");
    }
    let code = text("code").unwrap_or_default();
    ClientError::Problem {
        what,
        status: status.as_u16(),
        code,
        detail,
    }
}

fn transport(what: &str, error: &dyn std::error::Error) -> ClientError {
    let mut detail = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        detail = format!("{detail}: {inner}");
        cause = inner.source();
    }
    ClientError::Transport {
        what: what.to_owned(),
        detail,
    }
}

fn odd(what: &str, detail: &str) -> ClientError {
    ClientError::Answer {
        what: what.to_owned(),
        detail: detail.to_owned(),
    }
}

/// `text` as a value in a query.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_escaped_in_a_query() {
        assert_eq!(escaped("aZ9-_.~"), "aZ9-_.~");
        assert_eq!(escaped("a+b/c=&é"), "a%2Bb%2Fc%3D%26%C3%A9");
    }

    #[test]
    fn a_problem_is_told_with_its_code_and_its_faults() {
        let body = br#"{"code":"invalid","detail":"1 fault","errors":[{"pointer":"/zone"}]}"#;
        let error = problem(
            "PUT /v1/users/a".into(),
            StatusCode::UNPROCESSABLE_ENTITY,
            body,
        );
        let told = r#"PUT /v1/users/a: 422 invalid: 1 fault [{"pointer":"/zone"}]"#;
        assert_eq!(error.to_string(), told);
        assert_eq!(error.code(), Some("invalid"));
        let error = problem("GET /".into(), StatusCode::BAD_GATEWAY, b"<html>");
        assert_eq!(error.to_string(), "GET /: 502 : <html>");
    }
}
