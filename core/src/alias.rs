//! A name to show for users who gave none: two words derived from the id, so that it never changes and tells nothing.

use alloc::{format, string::String};
use sha2::{Digest, Sha256};

use crate::id::UserId;

const FIRST: [&str; 16] = [
    "Swift", "Calm", "Bright", "Merry", "Bold", "Quiet", "Early", "Sunny", "Brisk", "Gentle",
    "Clever", "Nimble", "Steady", "Lucky", "Proud", "Wild",
];
const SECOND: [&str; 16] = [
    "Heron", "Otter", "Falcon", "Badger", "Lynx", "Swallow", "Marten", "Plover", "Hare", "Kestrel",
    "Beaver", "Robin", "Ibex", "Curlew", "Fox", "Wren",
];

/// What boards show of a user who is hidden.
pub const HIDDEN: &str = "Anonymous";

/// The derived name, such as `Swift Heron 4c`.
///
/// ```
/// use streakline_core::{alias::derived, id::UserId};
/// let ann = UserId::parse("ann").unwrap();
/// assert_eq!(derived(&ann), derived(&ann));
/// assert!(!derived(&ann).contains("ann"));
/// ```
#[must_use]
pub fn derived(user: &UserId) -> String {
    let hash = Sha256::new()
        .chain_update(b"alias")
        .chain_update(user.as_str())
        .finalize();
    let mut bytes = hash.iter().copied();
    let mut word = |words: [&'static str; 16]| {
        let at = usize::from(bytes.next().unwrap_or(0) & 15);
        words.get(at).copied().unwrap_or("Walker")
    };
    let (first, second) = (word(FIRST), word(SECOND));
    format!("{first} {second} {:02x}", bytes.next().unwrap_or(0))
}
