//! Pages of lists: a cursor is the last key of a page, sealed for one list.
//!
//! Sealed, because the key of a board's row names a user whom participants know by alias only; and the list is part of
//! the seal, so a cursor opens nothing else. The same key gives the same cursor, before and after a restart.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::protocol::error_code::{Code, Refusal};

/// Longer texts are not looked at; the longest key is two numbers and a name.
const CURSOR_CHARS_MAX: usize = 256;
/// GCM-SIV keeps its promises under a fixed nonce, but for showing that two cursors are equal, which is wanted.
const NONCE: [u8; 12] = *b"streakline.c";

/// What was asked of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Which list, and whose.
    pub(super) list: String,
    /// Most items.
    pub(super) limit: usize,
    /// Key of the last item that the client has.
    pub(super) after: Option<String>,
}

impl Page {
    /// Where a list that is numbered from 1 goes on; 0 for its first page.
    pub(super) fn after_number(&self) -> u64 {
        self.after
            .as_deref()
            .and_then(|key| key.parse().ok())
            .unwrap_or(0)
    }

    /// One page of a list that is in memory, with the key of its last item if more follow.
    pub(super) fn cut<T>(
        &self,
        mut items: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        items.sort_by_cached_key(&key);
        items.retain(|item| self.after.as_ref().is_none_or(|after| key(item) > *after));
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let last = items.last().filter(|_| more).map(key);
        (items, last)
    }
}

/// Seals and opens cursors.
pub(super) struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    /// Cursors sealed with a key that is derived from `secret`, which outlives the process.
    pub(super) fn new(secret: &str) -> Self {
        let derived = Sha256::new()
            .chain_update("streakline cursor 1:")
            .chain_update(secret);
        Self {
            key: derived.finalize().into(),
        }
    }

    /// The cursor after `key` in `list`.
    pub(super) fn seal(&self, list: &str, key: &str) -> Result<String, Refusal> {
        let mut bytes = key.as_bytes().to_vec();
        let sealed = self.cipher().and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(NONCE);
            cipher
                .seal_in_place_append_tag(nonce, Aad::from(list), &mut bytes)
                .ok()
        });
        sealed.ok_or_else(|| Refusal::new(Code::Internal, "no cursor could be made"))?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The cursor of the next page, if there is one.
    pub(super) fn next(
        &self,
        page: &Page,
        last: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        last.map(|key| self.seal(&page.list, &key)).transpose()
    }

    /// The key in a cursor of `list`; `None` for everything else.
    pub(super) fn open(&self, list: &str, cursor: &str) -> Option<String> {
        if cursor.len() > CURSOR_CHARS_MAX {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let nonce = Nonce::assume_unique_for_key(NONCE);
        let key = self
            .cipher()?
            .open_in_place(nonce, Aad::from(list), &mut bytes)
            .ok()?;
        String::from_utf8(key.to_vec()).ok()
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM_SIV, &self.key)
            .ok()
            .map(LessSafeKey::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: usize, after: Option<&str>) -> Page {
        Page {
            list: "goals/ann".into(),
            limit,
            after: after.map(Into::into),
        }
    }

    #[test]
    fn a_cursor_opens_its_own_list_only() {
        let cursors = Cursors::new("secret");
        let cursor = cursors.seal("ledger/ann", "44").unwrap();
        assert_eq!(cursors.open("ledger/ann", &cursor).as_deref(), Some("44"));
        assert_eq!(cursors.open("ledger/bob", &cursor), None);
        assert_eq!(cursors.open("events/ann", &cursor), None);
        assert_eq!(Cursors::new("other").open("ledger/ann", &cursor), None);
        assert_eq!(
            Cursors::new("secret").seal("ledger/ann", "44").unwrap(),
            cursor
        );
    }

    #[test]
    fn a_cursor_that_was_made_up_or_changed_is_refused() {
        let cursors = Cursors::new("secret");
        let cursor = cursors.seal("l", "44").unwrap();
        let changed = format!("A{}", &cursor[1..]);
        let long = "A".repeat(100_000);
        for bad in ["", "44", "!!", long.as_str(), changed.as_str()] {
            if bad != cursor {
                assert_eq!(cursors.open("l", bad), None, "{bad:.20}");
            }
        }
    }

    #[test]
    fn a_cursor_shows_nothing_of_the_key() {
        let cursor = Cursors::new("secret")
            .seal("board/1", "65210 146 ann")
            .unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        assert!(!bytes.windows(3).any(|part| part == b"ann"));
    }

    #[test]
    fn pages_of_a_list_cover_it_once_while_items_come_and_go() {
        let all = ["d", "a", "c", "b", "e"].map(String::from).to_vec();
        let (first, last) = page(2, None).cut(all.clone(), Clone::clone);
        assert_eq!(
            (first, last.as_deref()),
            (vec!["a".into(), "b".into()], Some("b"))
        );
        let without_b: Vec<String> = all.iter().filter(|item| *item != "b").cloned().collect();
        let (second, last) = page(2, Some("b")).cut(without_b, Clone::clone);
        assert_eq!(
            (second, last.as_deref()),
            (vec!["c".into(), "d".into()], Some("d"))
        );
        let (third, last) = page(2, Some("d")).cut(all, Clone::clone);
        assert_eq!((third, last), (vec![String::from("e")], None));
    }
}
