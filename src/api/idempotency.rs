//! Repeated POSTs: the same key with the same request gets the stored answer (protocol.md 7, ADR 0007).
//!
//! The answer is stored by the actor, in the same durable step as the effect; refusals are not stored. Here is only what
//! comes before: reading the key, finding the stored answer, and keeping a repetition out while the first one runs.

use std::{future::Future, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, http::header::HeaderMap, rt};
use sha2::{Digest as _, Sha256};
use streakline_core::limits::{IDEMPOTENCY_KEY_CHARS_MAX, IDEMPOTENCY_MS};

use super::{
    answer,
    ask::Ask,
    body::Body,
    etag,
    fault::{Faults, Wrong},
    problem::Answer,
};
use crate::{
    clock,
    protocol::error_code::{Code, Refusal},
    storage::{IdempotencyKey, IdempotencyRecord},
};

/// Requests that may run at a time; each holds a key of at most 128 characters and the name of its principal.
const RUNNING_MAX: usize = 10_000;

/// A POST, told apart from all others.
#[derive(Clone, Debug)]
pub(super) struct Once {
    pub(super) key: IdempotencyKey,
    digest: [u8; 32],
    now_ms: i64,
}

impl Once {
    /// Reads the key of a POST.
    pub(super) fn of(ask: &Ask, body: &Body) -> Result<Self, Refusal> {
        let key = key_of(ask.request.headers())?;
        let principal = ask.principal.name();
        let digest = digest(&ask.request, &body.bytes);
        Ok(Self {
            key: IdempotencyKey { principal, key },
            digest,
            now_ms: clock::unix_ms(),
        })
    }

    /// The answer as it is stored; `version` is that of the resource, where it has one.
    pub(super) fn record(
        &self,
        status: u16,
        location: Option<String>,
        version: Option<u64>,
        body: String,
    ) -> IdempotencyRecord {
        IdempotencyRecord {
            request_digest: self.digest,
            status,
            location,
            etag: Some(etag::tag(version, &body)),
            body,
            expires_ms: self.now_ms.saturating_add(IDEMPOTENCY_MS),
        }
    }

    /// What a stored answer means for this request: answered, refused, or `None`: to be done.
    fn judge(
        &self,
        stored: Option<IdempotencyRecord>,
    ) -> Result<Option<IdempotencyRecord>, Refusal> {
        let words = "this Idempotency-Key was used for another request";
        match stored.filter(|record| record.expires_ms > self.now_ms) {
            Some(record) if record.request_digest == self.digest => Ok(Some(record)),
            Some(_) => Err(Refusal::new(Code::IdempotencyConflict, words)),
            None => Ok(None),
        }
    }

    /// Answers from the store, or runs `effect`, which must store the record that it returns. The effect goes on when the
    /// client hangs up, and keeps its key until it is done: else a repetition would do it a second time.
    pub(super) async fn run<F>(self, ask: Ask, effect: F) -> Answer
    where
        F: Future<Output = Result<IdempotencyRecord, Refusal>> + 'static,
    {
        let guard = ask.api.running.enter(&self.key)?;
        let stored = ask.api.directory.idempotency(&self.key).await?;
        if let Some(record) = self.judge(stored)? {
            return Ok(answer::recorded(record, true));
        }
        let effect = rt::spawn(async move {
            let _guard = guard;
            effect.await
        });
        let done = effect
            .await
            .map_err(|_| Refusal::new(Code::Internal, "the request failed"))?;
        Ok::<HttpResponse, _>(answer::recorded(done?, false))
    }
}

pub(super) fn key_of(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut values = headers.get_all("Idempotency-Key");
    let (first, second) = (values.next(), values.next());
    let key = first
        .filter(|_| second.is_none())
        .map(|value| value.as_bytes());
    let printable = |key: &&[u8]| {
        let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len());
        fits && key.iter().all(|byte| (b' '..=b'~').contains(byte))
    };
    let faults = Faults::default();
    let key = key
        .filter(printable)
        .and_then(|key| String::from_utf8(key.to_vec()).ok());
    if key.is_none() {
        let words = "send one Idempotency-Key of 1 to 128 printable characters";
        faults.add("/headers/idempotency-key", Wrong::shape(words));
    }
    faults.none()?;
    Ok(key.unwrap_or_default())
}

fn digest(request: &HttpRequest, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [
        request.method().as_str().as_bytes(),
        request.path().as_bytes(),
        body,
    ] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The keys of requests that are being done.
#[derive(Default)]
pub(super) struct Running(Arc<papaya::HashSet<IdempotencyKey>>);

impl Running {
    /// Takes a key; it is free again when the guard goes.
    fn enter(&self, key: &IdempotencyKey) -> Result<Guard, Refusal> {
        let keys = self.0.pin();
        if keys.len() >= RUNNING_MAX {
            return Err(Refusal::new(
                Code::Overloaded,
                "too many requests are running",
            ));
        }
        if !keys.insert(key.clone()) {
            let words = "a request with this Idempotency-Key is still running";
            return Err(Refusal::new(Code::InProgress, words));
        }
        Ok(Guard {
            keys: Arc::clone(&self.0),
            key: key.clone(),
        })
    }
}

#[derive(Debug)]
struct Guard {
    keys: Arc<papaya::HashSet<IdempotencyKey>>,
    key: IdempotencyKey,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.keys.pin().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        http::{
            Method,
            header::{HeaderName, HeaderValue},
        },
        test::TestRequest,
    };

    use super::*;

    fn once(digest: u8) -> Once {
        let key = IdempotencyKey {
            principal: "admin-key".into(),
            key: "k".into(),
        };
        Once {
            key,
            digest: [digest; 32],
            now_ms: 1_000,
        }
    }

    #[test]
    fn the_same_request_gets_the_stored_answer_until_it_expires() {
        let stored = once(1).record(201, None, Some(1), "{}".into());
        assert_eq!(
            once(1).judge(Some(stored.clone())).unwrap(),
            Some(stored.clone())
        );
        assert_eq!(once(1).judge(None).unwrap(), None);
        let conflict = once(2).judge(Some(stored.clone())).unwrap_err();
        assert_eq!(conflict.code, Code::IdempotencyConflict);
        let late = Once {
            now_ms: 1_000 + IDEMPOTENCY_MS,
            ..once(2)
        };
        assert_eq!(late.judge(Some(stored)).unwrap(), None);
    }

    #[test]
    fn a_key_runs_once_at_a_time_for_each_principal() {
        let running = Running::default();
        let key = once(1).key;
        let other = IdempotencyKey {
            principal: "user:ann".into(),
            ..key.clone()
        };
        let guard = running.enter(&key).unwrap();
        assert_eq!(running.enter(&key).unwrap_err().code, Code::InProgress);
        assert!(running.enter(&other).is_ok());
        drop(guard);
        assert!(running.enter(&key).is_ok());
    }

    #[test]
    fn running_requests_are_bounded() {
        let running = Running::default();
        let key = |n: usize| IdempotencyKey {
            principal: "p".into(),
            key: n.to_string(),
        };
        let held: Vec<Guard> = (0..RUNNING_MAX)
            .map(|n| running.enter(&key(n)).unwrap())
            .collect();
        assert_eq!(
            running.enter(&key(RUNNING_MAX)).unwrap_err().code,
            Code::Overloaded
        );
        drop(held);
        assert!(running.enter(&key(RUNNING_MAX)).is_ok());
    }

    #[test]
    fn a_key_has_1_to_128_printable_characters() {
        let headers = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static("idempotency-key");
            headers.insert(name, HeaderValue::from_bytes(value).unwrap());
            headers
        };
        assert_eq!(key_of(&headers(b"a b~")).unwrap(), "a b~");
        assert!(key_of(&headers(&[b'x'; 128])).is_ok());
        for bad in [&b""[..], &[b'x'; 129], "ä".as_bytes(), b"a\tb"] {
            let refusal = key_of(&headers(bad)).unwrap_err();
            assert_eq!(refusal.code, Code::BadFrame, "{bad:?}");
            assert_eq!(refusal.faults[0].pointer, "/headers/idempotency-key");
        }
        assert_eq!(key_of(&HeaderMap::new()).unwrap_err().code, Code::BadFrame);
    }

    #[test]
    fn the_digest_covers_method_path_and_body() {
        let made = |method, path: &str, body: &str| {
            let request = TestRequest::default()
                .method(method)
                .uri(path)
                .to_http_request();
            digest(&request, body.as_bytes())
        };
        let first = made(Method::POST, "/v1/challenges", "{}");
        assert_eq!(first, made(Method::POST, "/v1/challenges", "{}"));
        assert_ne!(first, made(Method::POST, "/v1/clock", "{}"));
        assert_ne!(first, made(Method::PUT, "/v1/challenges", "{}"));
        assert_ne!(first, made(Method::POST, "/v1/challenges", "{} "));
    }
}
