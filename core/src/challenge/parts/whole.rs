//! What a challenge knows of its board while that is kept in parts: the first rows, as the parts have reported them, and where every
//! other score stands, about.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use super::Report;
use crate::{
    challenge::RowId,
    id::UserId,
    leaderboard::{
        Order, Row, RowKey,
        shards::{Estimate, Root},
    },
    limits,
};

/// What a part has told.
#[derive(Clone, Debug, Default)]
struct Told {
    number: u64,
    aliases: BTreeMap<UserId, String>,
}

/// A row of the head.
#[derive(Clone, Debug)]
pub(in crate::challenge) struct HeadRow {
    pub(in crate::challenge) row: Row<RowId>,
    pub(in crate::challenge) alias: String,
}

/// The whole of a board in parts.
#[derive(Clone, Debug)]
pub struct Parted {
    root: Root<UserId>,
    parts: Vec<Told>,
    head: Vec<HeadRow>,
    places: BTreeMap<UserId, usize>,
    offset: u64,
}

impl Default for Parted {
    fn default() -> Self {
        Self {
            root: Root::new(Order::Descending, 0),
            parts: Vec::new(),
            head: Vec::new(),
            places: BTreeMap::new(),
            offset: 0,
        }
    }
}

impl Parted {
    /// Takes the report of a part in, and answers whether it is known now: one of what has changed since a report that never came is
    /// not, and the part tells everything in its turn.
    pub fn take(&mut self, part: usize, report: Report) -> bool {
        if part >= limits::BOARD_PARTS_MAX {
            return false;
        }
        self.root.expect(part.saturating_add(1));
        while self.parts.len() <= part {
            self.parts.push(Told::default());
        }
        let Some(told) = self.parts.get_mut(part) else {
            return false;
        };
        if report.number <= told.number {
            return true;
        }
        if !report.is_whole && report.number != told.number.saturating_add(1) {
            return false;
        }
        told.number = report.number;
        if report.is_whole {
            told.aliases.clear();
            self.root.forget(part);
        }
        let is_head = report.is_whole || report.rows.head.is_some();
        if let Some(head) = &report.rows.head {
            let users = head.iter().map(|row| row.id.clone());
            told.aliases = users.zip(report.aliases).collect();
        }
        self.root.take(part, report.rows);
        if is_head {
            self.show_head();
        }
        self.offset = self.offset.saturating_add(1);
        true
    }

    /// The first rows anew, with their ranks.
    fn show_head(&mut self) {
        self.head.clear();
        self.places.clear();
        let mut last: Option<(i64, u32, u32)> = None;
        for (place, key) in self.root.head().iter().enumerate() {
            let ordinal = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
            let (rank, dense) = match last {
                Some((score, rank, dense)) if score == key.score => (rank, dense),
                Some((_, _, dense)) => (ordinal, dense.saturating_add(1)),
                None => (1, 1),
            };
            last = Some((key.score, rank, dense));
            let mut aliases = self.parts.iter().map(|told| told.aliases.get(&key.id));
            self.head.push(HeadRow {
                row: Row {
                    rank,
                    dense,
                    ordinal,
                    score: key.score,
                    achieved_at_ms: key.achieved_at_ms,
                    id: RowId::Live(key.id.clone()),
                },
                alias: aliases
                    .find_map(Option::<&String>::cloned)
                    .unwrap_or_default(),
            });
            self.places.insert(key.id.clone(), place);
        }
    }

    /// Rises with every report.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Rows in all, as reported.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.root.rows()
    }

    pub(in crate::challenge) fn head(&self) -> &[HeadRow] {
        &self.head
    }

    /// Whether no row stands behind the first ones.
    pub(super) fn is_all_head(&self) -> bool {
        usize::try_from(self.rows()).is_ok_and(|rows| rows <= self.head.len())
    }

    /// Where a user stands among the first rows, from 0.
    pub(super) fn place_of(&self, user: &UserId) -> Option<usize> {
        self.places.get(user).copied()
    }

    /// The row of the head that is exactly this one.
    pub(super) fn exactly(&self, key: &RowKey<UserId>) -> Option<&HeadRow> {
        let held = self.head.get(self.place_of(&key.id)?)?;
        let is_it = (held.row.score, held.row.achieved_at_ms) == (key.score, key.achieved_at_ms);
        is_it.then_some(held)
    }

    /// Whether the own row of a user is among the first ones, so that its rank is exact.
    #[must_use]
    pub fn is_in_head(&self, user: &UserId) -> bool {
        self.place_of(user).is_some()
    }

    /// About where a score stands.
    #[must_use]
    pub fn rank(&self, score: i64) -> Estimate {
        self.root.rank(score)
    }
}
