//! Entity tags: what an answer is tagged with, and what a request wants of the tag (RFC 9110).
//!
//! A tag is a hash of the body, behind the resource's version where it has one: `"3-9f86d081884c7d65"`. The hash makes
//! every change of the answer visible, those by the clock included; the version is what a PUT is compared by, in the
//! actor, in the same step that changes the resource.

use actix_web::http::header::{self, HeaderMap, HeaderName};
use sha2::{Digest as _, Sha256};

use super::fault::{Faults, Wrong};
use crate::{actors::message::Precondition, protocol::error_code::Refusal};

/// A version that no resource ever has: what a tag of somebody else stands for.
const NO_VERSION: u64 = u64::MAX;

/// The tag of an answer.
pub(super) fn tag(version: Option<u64>, body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    let hash: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match version {
        Some(version) => format!("\"{version}-{hash}\""),
        None => format!("\"{hash}\""),
    }
}

/// Whether the client of a GET already has the answer with that tag.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH);
    let mut tags = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    tags.any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

/// What a PUT wants to be true of the resource.
pub(super) fn precondition(headers: &HeaderMap) -> Result<Precondition, Refusal> {
    let faults = Faults::default();
    let only_create = read(headers, &header::IF_NONE_MATCH, &faults, |text| {
        let words = "a PUT takes only If-None-Match: *";
        (text == "*")
            .then_some(true)
            .ok_or_else(|| Wrong::shape(words))
    });
    let if_match = read(headers, &header::IF_MATCH, &faults, wanted_version);
    faults.none()?;
    Ok(Precondition {
        only_create: only_create.unwrap_or(false),
        if_match,
    })
}

fn read<T>(
    headers: &HeaderMap,
    name: &HeaderName,
    faults: &Faults,
    read: impl FnOnce(&str) -> Result<T, Wrong>,
) -> Option<T> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    let wrong = |wrong| faults.add(format!("/headers/{name}"), wrong);
    if values.next().is_some() {
        wrong(Wrong::shape("given more than once"));
        return None;
    }
    read(first.to_str().unwrap_or_default().trim())
        .map_err(wrong)
        .ok()
}

/// The version in `If-Match`; `Some(None)` is `*`. A weak tag never matches, nor does one that is not ours.
fn wanted_version(text: &str) -> Result<Option<u64>, Wrong> {
    if text == "*" {
        return Ok(None);
    }
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.filter(|inner| !inner.contains('"'));
    let inner = inner.ok_or_else(|| Wrong::shape("must be one entity tag in quotes, or *"))?;
    let version = inner
        .split_once('-')
        .and_then(|(version, _)| version.parse().ok());
    let strong = version.filter(|_| !text.starts_with("W/"));
    Ok(Some(strong.unwrap_or(NO_VERSION)))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;
    use crate::protocol::error_code::Code;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_tag_tells_every_change_of_the_body_and_carries_the_version() {
        let open = tag(Some(3), "{\"phase\":\"open\"}");
        assert!(open.starts_with("\"3-") && open.ends_with('"'), "{open}");
        assert_ne!(open, tag(Some(3), "{\"phase\":\"finalising\"}"));
        let mut sent = HeaderMap::new();
        sent.insert(header::IF_MATCH, HeaderValue::from_str(&open).unwrap());
        assert_eq!(precondition(&sent).unwrap().if_match, Some(Some(3)));
    }

    #[test]
    fn a_client_knows_an_answer_by_any_of_its_tags_weak_or_not() {
        for sent in ["\"a\"", "\"x\", \"a\"", "W/\"a\"", "*"] {
            assert!(
                is_known(&headers(&[(header::IF_NONE_MATCH, sent)]), "\"a\""),
                "{sent}"
            );
        }
        assert!(!is_known(
            &headers(&[(header::IF_NONE_MATCH, "\"b\"")]),
            "\"a\""
        ));
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }

    #[test]
    fn preconditions_are_read_or_refused_but_never_ignored() {
        let none = precondition(&HeaderMap::new()).unwrap();
        assert_eq!(none, Precondition::default());
        let create = precondition(&headers(&[(header::IF_NONE_MATCH, "*")])).unwrap();
        assert!(create.only_create);
        let any = precondition(&headers(&[(header::IF_MATCH, "*")])).unwrap();
        assert_eq!(any.if_match, Some(None));
        for foreign in ["\"abc\"", "\"x-3\"", "W/\"3-00\"", "\"\""] {
            let read = precondition(&headers(&[(header::IF_MATCH, foreign)])).unwrap();
            assert_eq!(read.if_match, Some(Some(NO_VERSION)), "{foreign}");
        }
    }

    #[test]
    fn ill_formed_preconditions_are_refused_with_their_place() {
        for bad in ["3", "", "\"a\", \"b\"", "\"a"] {
            let refusal = precondition(&headers(&[(header::IF_MATCH, bad)])).unwrap_err();
            assert_eq!(refusal.code, Code::BadFrame, "{bad}");
            assert_eq!(refusal.faults[0].pointer, "/headers/if-match");
        }
        let refusal = precondition(&headers(&[(header::IF_NONE_MATCH, "\"a\"")])).unwrap_err();
        assert_eq!(refusal.faults[0].pointer, "/headers/if-none-match");
    }
}
