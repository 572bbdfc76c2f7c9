//! Many rows of a board at once. What an operation on a large board costs is waiting for memory: the id's page, slot and text, its
//! row's leaf, the leaf that the row goes to. Here each of these steps is taken for a whole group before the next step, so that
//! the waits of a group run side by side. What comes out is what the same operations do one after the other.

use alloc::vec::Vec;
use core::{hash::Hash, hint::black_box};

use super::{
    Leaderboard, Place, RowKey, exactly,
    tree::{Entry, Spot, Want},
};

/// Rows that are waited for together: more would push each other's lines out of the nearest cache.
const GROUP: usize = 16;
/// Of what is left then.
const FEW: usize = 4;

impl<K: Ord + Clone + Hash> Leaderboard<K> {
    /// Sets rows one after the other, as [`Leaderboard::set`] does each, and says how many of them changed anything. On a
    /// large board that costs much less than setting each alone.
    ///
    /// ```
    /// use streakline_core::leaderboard::{Leaderboard, RowKey};
    /// let mut board = Leaderboard::new();
    /// let rows = [(1, 30), (2, 20), (1, 10)];
    /// let rows = rows.map(|(id, score)| RowKey { id, score, achieved_at_ms: 0 });
    /// assert_eq!(board.set_all(&rows), 3);
    /// assert_eq!((board.len(), board.get(&1)), (2, Some((10, 0))));
    /// ```
    pub fn set_all(&mut self, rows: &[RowKey<K>]) -> usize {
        let (groups, rest) = rows.as_chunks::<GROUP>();
        let (fews, rest) = rest.as_chunks::<FEW>();
        let mut changed = 0_usize;
        for group in groups {
            changed = changed.saturating_add(self.set_group(group));
        }
        for few in fews {
            changed = changed.saturating_add(self.set_group(few));
        }
        for row in rest {
            let is_changed = self.set(&row.id, row.score, row.achieved_at_ms);
            changed = changed.saturating_add(usize::from(is_changed));
        }
        changed
    }

    /// Where rows stand, as [`Leaderboard::place`] tells each: in the order of the ids, `None` where there is no row. On a large
    /// board that costs much less than asking for each alone.
    ///
    /// ```
    /// use streakline_core::leaderboard::Leaderboard;
    /// let mut board = Leaderboard::new();
    /// [(1, 30), (2, 20)].map(|(id, score)| board.set(&id, score, 0));
    /// let ranks = board.places(&[2, 3, 1]).into_iter().map(|place| Some(place?.rank));
    /// assert!(ranks.eq([Some(2), None, Some(1)]));
    /// ```
    #[must_use]
    pub fn places(&self, ids: &[K]) -> Vec<Option<Place>> {
        let (groups, rest) = ids.as_chunks::<GROUP>();
        let (fews, rest) = rest.as_chunks::<FEW>();
        let mut places = Vec::with_capacity(ids.len());
        for group in groups {
            places.extend(self.place_group(group));
        }
        for few in fews {
            places.extend(self.place_group(few));
        }
        places.extend(rest.iter().map(|id| self.place(id)));
        places
    }

    fn set_group<const N: usize>(&mut self, rows: &[RowKey<K>; N]) -> usize {
        let slots = self.ids.find_some(rows.each_ref().map(|row| &row.id));
        self.tree.approach_rows(slots);
        let scores = rows.each_ref().map(|row| self.order.turned(row.score));
        self.tree.approach_gaps(scores);
        let mut changed = 0_usize;
        for ((row, slot), score) in rows.iter().zip(slots).zip(scores) {
            let is_changed = match slot {
                Some(slot) => self.change(slot, &row.id, (score, row.achieved_at_ms)),
                // It may have got a row from one before it.
                None => self.set(&row.id, row.score, row.achieved_at_ms),
            };
            changed = changed.saturating_add(usize::from(is_changed));
        }
        changed
    }

    fn place_group<const N: usize>(&self, ids: &[K; N]) -> [Option<Place>; N] {
        let slots = self.ids.find_some(ids.each_ref());
        self.tree.approach_rows(slots);
        let found = slots.map(|slot| self.tree.row(slot?));
        let mut rows = [const { None }; N];
        for ((row, id), found) in rows.iter_mut().zip(ids).zip(found) {
            let want = |entry: Entry| exactly(&self.ids, (entry.score, entry.at_ms), id);
            *row = found.map(|(at, entry)| (at, want(entry)));
        }
        let spots = self.tree.locate_some(&rows);
        let mut places = [None; N];
        for ((place, spot), row) in places.iter_mut().zip(spots).zip(rows) {
            let of =
                |(spot, (_, want)): (Spot, (usize, Want<_>))| self.tree.place(&spot, want.score);
            *place = spot.zip(row).map(of);
        }
        places
    }
}

/// Looks at something of each, in a way that the compiler does not leave out though nobody needs the answers: what was looked
/// at is at hand afterwards. None of the looks depends on another, so the processor waits for all of them together.
pub(super) fn bring<T, const N: usize>(each: [T; N], look: impl Fn(T) -> u32) {
    let seen = each.into_iter().map(look).fold(0, |all, one| all ^ one);
    black_box(seen);
}
