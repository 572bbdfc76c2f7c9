//! A leaderboard (domain.md 6.1): who stands where, and who stands around a row, in O(log n) for
//! up to a million rows. It knows no challenge, window or alias; the challenge sets scores, says what
//! tells rows apart (`K`), and asks for rows.
//!
//! Rows stand in slots, a tree orders the slots' numbers, a map finds a row's slot by its id. A row is
//! a function of what was set last for its id, so the order of updates changes nothing.

mod tree;

use alloc::{collections::BTreeMap, vec::Vec};
use core::cmp::Ordering;

use self::tree::Tree;

/// What rows are ordered by: score, largest first; then who reached it first; then by id, such as the user's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey<K> {
    /// Store units.
    pub score: i64,
    /// Minute of event time in which the score was reached, POSIX ms.
    pub achieved_at_ms: i64,
    /// Whose.
    pub id: K,
}

impl<K: Ord> Ord for RowKey<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.score.cmp(&self.score);
        by_score
            .then_with(|| self.achieved_at_ms.cmp(&other.achieved_at_ms))
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl<K: Ord> PartialOrd for RowKey<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// 1 + rows with a larger score ("1224").
    pub rank: u32,
    /// Number of the row, from 1.
    pub ordinal: u32,
}

/// A row as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<K> {
    /// 1 + rows with a larger score.
    pub rank: u32,
    /// Number of the row, from 1.
    pub ordinal: u32,
    /// Store units.
    pub score: i64,
    /// Minute of event time in which the score was reached, POSIX ms.
    pub achieved_at_ms: i64,
    /// Whose.
    pub id: K,
}

impl<K: Clone> Row<K> {
    /// Its key, with which the next page begins.
    #[must_use]
    pub fn key(&self) -> RowKey<K> {
        let (score, achieved_at_ms) = (self.score, self.achieved_at_ms);
        RowKey {
            score,
            achieved_at_ms,
            id: self.id.clone(),
        }
    }
}

/// Rows in the order of [`RowKey`].
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
    slots: Vec<Option<RowKey<K>>>,
    free: Vec<u32>,
    by_id: BTreeMap<K, u32>,
    tree: Tree,
}

impl<K: Ord + Clone> Default for Leaderboard<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Clone> Leaderboard<K> {
    /// A board without rows.
    #[must_use]
    pub fn new() -> Self {
        let (slots, free, by_id) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self {
            slots,
            free,
            by_id,
            tree: Tree::new(),
        }
    }

    /// Puts a row where it belongs now, and says whether that changed anything.
    pub fn set(&mut self, id: &K, score: i64, achieved_at_ms: i64) -> bool {
        let key = RowKey {
            score,
            achieved_at_ms,
            id: id.clone(),
        };
        let old = self.by_id.get(id).copied();
        if old.is_some_and(|slot| self.key(slot) == Some(&key)) {
            return false;
        }
        if let Some(slot) = old {
            self.take_out(slot);
        }
        let Some(slot) = old.or_else(|| self.vacant()) else {
            return false;
        };
        let slots = &self.slots;
        self.tree.insert(slot, &|other| side(slots, other, &key));
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(key);
        }
        if old.is_none() {
            self.by_id.insert(id.clone(), slot);
        }
        true
    }

    /// Takes a row away, and says whether there was one.
    pub fn remove(&mut self, id: &K) -> bool {
        let Some(slot) = self.by_id.remove(id) else {
            return false;
        };
        self.take_out(slot);
        self.free.push(slot);
        true
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Score and achieved-at (POSIX ms) of a row.
    #[must_use]
    pub fn get(&self, id: &K) -> Option<(i64, i64)> {
        self.key_of(id).map(|key| (key.score, key.achieved_at_ms))
    }

    /// Where a row stands.
    #[must_use]
    pub fn place(&self, id: &K) -> Option<Place> {
        let key = self.key_of(id)?;
        let before = self.tree.count_before(|slot| side(&self.slots, slot, key));
        Some(Place {
            rank: self.rank(key.score),
            ordinal: before.saturating_add(1),
        })
    }

    /// The row with that number, from 1.
    #[must_use]
    pub fn select(&self, ordinal: u32) -> Option<Row<K>> {
        self.rows_after(ordinal.checked_sub(1)?, 1).pop()
    }

    /// Up to `limit` rows after a key, which need not stand on the board any more; without a key
    /// the first rows.
    #[must_use]
    pub fn page(&self, after: Option<&RowKey<K>>, limit: usize) -> Vec<Row<K>> {
        let skipped = after.map_or(0, |key| {
            // The row with the key itself counts as passed.
            self.tree
                .count_before(|slot| side(&self.slots, slot, key).then(Ordering::Less))
        });
        self.rows_after(skipped, limit)
    }

    /// A row with up to `k` rows on each side.
    #[must_use]
    pub fn around(&self, id: &K, k: u32) -> Vec<Row<K>> {
        let Some(place) = self.place(id) else {
            return Vec::new();
        };
        let before = place.ordinal.saturating_sub(1);
        let first = before.saturating_sub(k);
        let rows = before
            .saturating_sub(first)
            .saturating_add(k)
            .saturating_add(1);
        self.rows_after(first, rows as usize)
    }

    /// Every row, in order.
    pub fn iter(&self) -> impl Iterator<Item = Row<K>> {
        self.rows(0)
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

    fn rows_after(&self, skipped: u32, limit: usize) -> Vec<Row<K>> {
        let mut rows = Vec::with_capacity(limit.min(self.len()));
        rows.extend(self.rows(skipped).take(limit));
        rows
    }

    fn rows(&self, skipped: u32) -> impl Iterator<Item = Row<K>> {
        let keys = self.tree.walk(skipped).filter_map(|slot| self.key(slot));
        let mut last: Option<(i64, u32)> = None;
        keys.zip(skipped.saturating_add(1)..)
            .map(move |(key, ordinal)| {
                // Only the first row asks the tree: below it, equal scores share a rank and the others
                // have their number.
                let rank = match last {
                    Some((score, rank)) if score == key.score => rank,
                    Some(_) => ordinal,
                    None => self.rank(key.score),
                };
                last = Some((key.score, rank));
                let (score, achieved_at_ms) = (key.score, key.achieved_at_ms);
                Row {
                    rank,
                    ordinal,
                    score,
                    achieved_at_ms,
                    id: key.id.clone(),
                }
            })
    }

    fn rank(&self, score: i64) -> u32 {
        let larger = |slot| self.key(slot).is_some_and(|key| key.score > score);
        let before = |slot| {
            if larger(slot) {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        };
        self.tree.count_before(before).saturating_add(1)
    }

    fn key(&self, slot: u32) -> Option<&RowKey<K>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn key_of(&self, id: &K) -> Option<&RowKey<K>> {
        self.key(*self.by_id.get(id)?)
    }

    /// Takes a slot out of the order and empties it.
    fn take_out(&mut self, slot: u32) {
        if let Some(key) = self.key(slot).cloned() {
            let slots = &self.slots;
            self.tree.remove(&|other| side(slots, other, &key));
        }
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = None;
        }
    }

    /// An empty slot; none beyond 2^32 rows.
    fn vacant(&mut self) -> Option<u32> {
        if let Some(slot) = self.free.pop() {
            return Some(slot);
        }
        let slot = u32::try_from(self.slots.len()).ok()?;
        self.slots.push(None);
        Some(slot)
    }
}

/// On which side of `key` the row in a slot stands.
fn side<K: Ord>(slots: &[Option<RowKey<K>>], slot: u32, key: &RowKey<K>) -> Ordering {
    let row = slots.get(slot as usize).and_then(Option::as_ref);
    row.map_or(Ordering::Greater, |row| row.cmp(key))
}

#[cfg(test)]
mod tests;
