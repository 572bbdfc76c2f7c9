//! What has changed in one view of a board since a client saw it (protocol.md 4, ADR 0051): the view as it was shown last, when
//! each of its rows changed, and which rows have left it.
//!
//! It knows no socket, no frame and no clock: whoever makes views shows it every one of them, and asks what a client lacks. A
//! row is told by its opaque name and has its place in its own `ordinal`, so what changed in a view has no order of its own.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    sync::Arc,
    vec::Vec,
};

use crate::view::{LiveView, RowView};

/// What a client that saw a view earlier does not know of it yet, beside what every message says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Rows that are new in the view or are not what they were, in board order.
    pub rows: Vec<Arc<RowView>>,
    /// Opaque names of rows that are not in it any more; the client need not have seen them.
    pub gone: Vec<String>,
}

/// A view as it was shown last, with its history. Every view that is another has the next offset, from 1.
#[derive(Clone, Debug)]
pub struct Shown {
    view: Arc<LiveView>,
    offset: u64,
    /// The offset with which each row came to be what it is, in the order of the rows.
    stamps: Vec<u64>,
    /// Rows that have left and not come back, with the offset since which they are gone, oldest first.
    gone: VecDeque<(u64, String)>,
    /// From this offset on everything that is gone is known.
    horizon: u64,
}

impl Shown {
    /// A view that nobody has seen yet.
    #[must_use]
    pub fn new(view: Arc<LiveView>) -> Self {
        let offset = 1;
        Self {
            stamps: view.rows.iter().map(|_| offset).collect(),
            view,
            offset,
            gone: VecDeque::new(),
            horizon: offset,
        }
    }

    /// The view.
    #[must_use]
    pub fn view(&self) -> &Arc<LiveView> {
        &self.view
    }

    /// Rises with every view that is another.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes in the view as it is now, and answers whether it is another.
    pub fn show(&mut self, view: Arc<LiveView>) -> bool {
        if is_same_view(&self.view, &view) {
            return false;
        }
        let offset = self.offset.saturating_add(1);
        let (stamps, came, left) = compared(&self.view, &self.stamps, &view, offset);
        if !came.is_empty() {
            self.gone.retain(|(_, row)| !came.contains(row.as_str()));
        }
        let left = left.into_iter().map(|row| (offset, String::from(row)));
        self.gone.extend(left);
        // A client that lacks more than that is as well off with the whole view.
        let kept = view.rows.len().max(self.view.rows.len());
        while self.gone.len() > kept {
            if let Some((since, _)) = self.gone.pop_front() {
                self.horizon = self.horizon.max(since);
            }
        }
        (self.view, self.stamps, self.offset) = (view, stamps, offset);
        true
    }

    /// Whether it is known what has changed since that offset.
    #[must_use]
    pub fn knows(&self, from: u64) -> bool {
        (self.horizon..=self.offset).contains(&from)
    }

    /// What a client lacks that saw the view with the offset `from`; `None` where that is not known any more.
    #[must_use]
    pub fn since(&self, from: u64) -> Option<Delta> {
        if !self.knows(from) {
            return None;
        }
        let rows = self.view.rows.iter().zip(&self.stamps);
        let rows = rows.filter(|(_, stamp)| **stamp > from);
        let gone = self.gone.iter().filter(|(since, _)| *since > from);
        Some(Delta {
            rows: rows.map(|(row, _)| row.clone()).collect(),
            gone: gone.map(|(_, row)| row.clone()).collect(),
        })
    }
}

fn is_same_view(one: &LiveView, other: &LiveView) -> bool {
    let mut rows = one.rows.iter().zip(&other.rows);
    one.beside() == other.beside()
        && one.rows.len() == other.rows.len()
        && rows.all(|(one, other)| is_same(one, other))
}

/// A row that nothing happened to is mostly held once for all views.
fn is_same(one: &Arc<RowView>, other: &Arc<RowView>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// The stamps of the newer view's rows, and the names of the rows that came and that left.
fn compared<'a>(
    older: &'a LiveView,
    stamps: &[u64],
    newer: &'a LiveView,
    offset: u64,
) -> (Vec<u64>, BTreeSet<&'a str>, Vec<&'a str>) {
    let stamped = || older.rows.iter().zip(stamps.iter().copied());
    let stays = |at: usize, row: &Arc<RowView>| {
        let now = newer.rows.get(at);
        now.is_some_and(|now| is_same(now, row))
    };
    // Only what does not stand where it stood is looked up.
    let moved = stamped()
        .enumerate()
        .filter(|(at, (row, _))| !stays(*at, row));
    let mut moved: BTreeMap<&str, (&Arc<RowView>, u64)> = moved
        .map(|(_, (row, stamp))| (row.row.as_str(), (row, stamp)))
        .collect();
    let mut before = stamped();
    let mut came = BTreeSet::new();
    let mut now = Vec::with_capacity(newer.rows.len());
    for row in &newer.rows {
        let stood = before.next().filter(|(was, _)| is_same(was, row));
        let stamp = stood.map(|(_, stamp)| stamp).or_else(|| {
            let Some((was, stamp)) = moved.remove(row.row.as_str()) else {
                came.insert(row.row.as_str());
                return None;
            };
            Some(stamp).filter(|_| is_same(was, row))
        });
        now.push(stamp.unwrap_or(offset));
    }
    (now, came, moved.into_keys().collect())
}

#[cfg(test)]
mod tests;
