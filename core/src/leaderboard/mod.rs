//! A leaderboard (domain.md 6.1): who stands where, and who stands around a row or a score, in O(log n) for
//! up to ten million rows. It knows no challenge, window or alias; the challenge sets scores, says what
//! tells rows apart (`K`), and asks for rows.
//!
//! An id has a slot, a tree orders the slots, and leaf and slot know each other. A row is a function of
//! what was set last for its id, so the order of updates changes nothing.

mod batch;
mod chunks;
mod ids;
mod index;
mod row;
pub mod shards;
mod tree;
mod views;

pub use row::{AroundScore, Order, Place, RankStyle, Row, RowKey};

use alloc::vec::Vec;
use core::{cmp::Ordering, hash::Hash};

use self::{
    batch::bring,
    ids::Ids,
    tree::{Builder, Entry, Tree, Want},
};

/// Rows in an [`Order`].
///
/// ```
/// use streakline_core::{id::UserId, leaderboard::Leaderboard};
/// let [ann, bob] = ["ann", "bob"].map(|name| UserId::parse(name).unwrap());
/// let mut board = Leaderboard::new();
/// board.set(&ann, 12_000, 2);
/// board.set(&bob, 12_000, 1);
/// let place = board.place(&ann).unwrap();
/// assert_eq!((place.rank, place.ordinal), (1, 2));
/// ```
#[derive(Clone, Debug)]
pub struct Leaderboard<K> {
    order: Order,
    ids: Ids<K>,
    tree: Tree,
}

/// Bytes that a board has allocated, by capacity and not by length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// The order: the tree, and each slot's id and leaf. What an id points to, such as its text, is shared with others.
    pub rows: usize,
    /// The map from an id to its slot.
    pub id_map: usize,
}

impl<K: Ord + Clone + Hash> Default for Leaderboard<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Clone + Hash> Leaderboard<K> {
    /// A board without rows, larger scores first.
    #[must_use]
    pub fn new() -> Self {
        Self::ordered(Order::default())
    }

    /// A board without rows.
    #[must_use]
    pub fn ordered(order: Order) -> Self {
        Self {
            order,
            ids: Ids::new(),
            tree: Tree::new(),
        }
    }

    /// A board of rows that come in its order, each id once: no row is searched for or moved. A row that comes out of
    /// order, or whose id has come before, is set afterwards as by [`Leaderboard::set`].
    #[must_use]
    pub fn from_sorted(order: Order, rows: impl IntoIterator<Item = RowKey<K>>) -> Self {
        let (mut ids, mut builder) = (Ids::new(), Builder::new());
        let mut late = Vec::new();
        let mut last: Option<RowKey<K>> = None;
        for row in rows {
            let follows = last
                .as_ref()
                .is_none_or(|last| order.compare(last, &row).is_lt());
            let slot = if follows && ids.find(&row.id).is_none() {
                ids.insert(&row.id)
            } else {
                None
            };
            let Some(slot) = slot else {
                late.push(row);
                continue;
            };
            builder.push(entry(order, &row, slot));
            last = Some(row);
        }
        let tree = builder.finish();
        let mut board = Self { order, ids, tree };
        for row in late {
            board.set(&row.id, row.score, row.achieved_at_ms);
        }
        board
    }

    /// Which scores are better here.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// Puts a row where it belongs now, and says whether that changed anything. A board that is full
    /// (2^30 rows) takes no further one.
    pub fn set(&mut self, id: &K, score: i64, achieved_at_ms: i64) -> bool {
        let score = self.order.turned(score);
        let Some(slot) = self.ids.find(id) else {
            return self.put(id, score, achieved_at_ms);
        };
        self.change(slot, id, (score, achieved_at_ms))
    }

    /// Changes the row of an id that has one; the score is turned.
    fn change(&mut self, slot: u32, id: &K, (score, at_ms): (i64, i64)) -> bool {
        let Some(old) = self.tree.entry(slot) else {
            return false;
        };
        if (old.score, old.at_ms) == (score, at_ms) {
            return false;
        }
        let from = exactly(&self.ids, (old.score, old.at_ms), id);
        let to = exactly(&self.ids, (score, at_ms), id);
        let entry = Entry { score, at_ms, slot };
        self.tree.relocate(entry, &from, &to);
        true
    }

    /// Puts in a row whose id has none; the score is turned.
    fn put(&mut self, id: &K, score: i64, at_ms: i64) -> bool {
        let Some(slot) = self.ids.insert(id) else {
            return false;
        };
        let entry = Entry { score, at_ms, slot };
        let to = exactly(&self.ids, (score, at_ms), id);
        self.tree.insert(entry, &to);
        true
    }

    /// Takes a row away, and says whether there was one.
    pub fn remove(&mut self, id: &K) -> bool {
        let Some((slot, entry)) = self.found(id) else {
            return false;
        };
        let key = (entry.score, entry.at_ms);
        self.tree.remove(&exactly(&self.ids, key, id));
        self.ids.remove(id, slot);
        true
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.len() == 0
    }

    /// Score and achieved-at (POSIX ms) of a row.
    #[must_use]
    pub fn get(&self, id: &K) -> Option<(i64, i64)> {
        let (_, entry) = self.found(id)?;
        Some((self.order.turned(entry.score), entry.at_ms))
    }

    /// Where a row stands.
    #[must_use]
    pub fn place(&self, id: &K) -> Option<Place> {
        let (_, entry) = self.found(id)?;
        let want = exactly(&self.ids, (entry.score, entry.at_ms), id);
        let spot = self.tree.locate(&want);
        Some(self.tree.place(&spot, entry.score))
    }

    /// What it has allocated.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        let (slots, id_map) = self.ids.bytes();
        Bytes {
            rows: slots.saturating_add(self.tree.bytes()),
            id_map,
        }
    }

    /// Tree nodes read or written since the last [`Leaderboard::reset_visits`]; a node that is
    /// touched twice counts twice.
    #[must_use]
    pub fn visits(&self) -> u64 {
        self.tree.visits().get()
    }

    /// Begins to count anew.
    pub fn reset_visits(&self) {
        self.tree.visits().set(0);
    }

    /// The slot of an id and its row.
    fn found(&self, id: &K) -> Option<(u32, Entry)> {
        let slot = self.ids.find(id)?;
        Some((slot, self.tree.entry(slot)?))
    }
}

/// What the tree keeps of a row.
fn entry<K>(order: Order, row: &RowKey<K>, slot: u32) -> Entry {
    Entry {
        score: order.turned(row.score),
        at_ms: row.achieved_at_ms,
        slot,
    }
}

/// The place of exactly this row; the score is turned.
fn exactly<'a, K: Ord>(
    ids: &'a Ids<K>,
    (score, at_ms): (i64, i64),
    id: &'a K,
) -> Want<impl Fn(&Entry) -> Ordering> {
    let tie = move |row: &Entry| {
        row.at_ms
            .cmp(&at_ms)
            .then_with(|| ids.get(row.slot).cmp(&Some(id)))
    };
    Want { score, tie }
}

#[cfg(test)]
mod tests;
