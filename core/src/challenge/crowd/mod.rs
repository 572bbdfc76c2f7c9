//! What comes to a board from many members: their contributions, one or many at once, and how it tells many of them where they
//! stand. At once costs less than one after the other, and comes to the same (ADR 0075).

use alloc::vec::Vec;

use super::{Board, Challenge, RowId};
use crate::{
    definition::{Measure, Scale},
    event::Contribution,
    id::UserId,
    view::RowView,
};

/// Rows that wait to be set together, at most.
const AT_ONCE: usize = 256;

/// What a contribution's sender is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The board shows it.
    Shown,
    /// The board knew it, or something newer.
    Known,
    /// It does not count any more: settled, cancelled, left.
    Closed,
    /// A part of the board keeps the row.
    Elsewhere,
}

/// Where a member stands, as it is told itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its rank in the challenge's style.
    pub rank: u32,
    /// In units of the measure.
    pub score: i64,
    /// What the score counts.
    pub measure: Measure,
}

impl Standing {
    /// That of a row.
    #[must_use]
    pub fn of(row: &RowView) -> Self {
        Self {
            rank: row.rank,
            score: row.score,
            measure: row.measure,
        }
    }
}

impl Board {
    /// Takes a contribution in; `open` says whether scores still move.
    pub fn take(&mut self, contribution: &Contribution, open: bool) -> Answer {
        match self.accept(contribution, open) {
            Err(answer) => answer,
            Ok(row) => {
                self.order.set(&row.id, row.score, row.achieved_at_ms);
                Answer::Shown
            }
        }
    }

    /// Takes contributions in one after the other, as [`Board::take`] does each.
    pub fn take_all(&mut self, contributions: &[&Contribution], open: bool) {
        // Sums and teams ask for the row as it was before.
        if self.scale == Scale::Sum || self.teams.is_some() {
            for contribution in contributions {
                self.take(contribution, open);
            }
            return;
        }
        for some in contributions.chunks(AT_ONCE) {
            let rows = some.iter().filter_map(|of| self.accept(of, open).ok());
            let rows: Vec<_> = rows.collect();
            self.order.set_all(&rows);
        }
    }

    /// Where rows stand; `None` where there is none.
    fn standings(&self, ids: &[RowId]) -> Vec<Option<Standing>> {
        let places = self.order.places(ids).into_iter().zip(ids);
        let standings = places.map(|(place, id)| {
            let (place, (key, _)) = place.zip(self.order.get(id))?;
            Some(Standing {
                rank: self.style.of(place),
                score: self.scale.reached(key, place.rank).score,
                measure: self.measure,
            })
        });
        standings.collect()
    }
}

impl Challenge {
    /// Where members stand, each as [`Challenge::board_row`] says; `None` where one has no row.
    #[must_use]
    pub fn standings<'a>(
        &self,
        board: &Board,
        users: impl Iterator<Item = &'a UserId>,
    ) -> Vec<Option<Standing>> {
        let ids: Vec<_> = users.map(|user| self.row_id(user)).collect();
        let known: Vec<_> = ids.iter().flatten().cloned().collect();
        let mut standings = board.standings(&known).into_iter();
        let of = |id: &Option<RowId>| id.as_ref().and_then(|_| standings.next().flatten());
        ids.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests;
