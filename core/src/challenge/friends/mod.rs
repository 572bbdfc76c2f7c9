//! A member and its friends, ranked among themselves (domain.md 6.2). Who they are says whoever asks, and nothing of it is kept (ADR
//! 0079).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use super::{Board, Challenge, RowId, parts::PartRow};
use crate::{
    alias::HIDDEN,
    id::UserId,
    leaderboard::{Leaderboard, Row},
    limits,
    view::{BoardView, LiveView, RowView},
};

/// A user and its friends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Circle {
    user: UserId,
    friends: BTreeSet<UserId>,
}

impl Circle {
    /// Friends that are named twice, or are the user, count once; `None`: more than [`limits::FRIENDS_MAX`] are named.
    #[must_use]
    pub fn new(user: UserId, friends: &[UserId]) -> Option<Self> {
        if friends.len() > limits::FRIENDS_MAX {
            return None;
        }
        let others = friends.iter().filter(|friend| **friend != user);
        let friends = others.cloned().collect();
        Some(Self { user, friends })
    }

    /// Whose friends they are.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// Everybody in it.
    pub(super) fn all(&self) -> impl Iterator<Item = &UserId> {
        self.friends.iter().chain([&self.user])
    }

    /// Whether a row with that name is shown here: among a few friends a row without a name would have one.
    fn shows(&self, user: &UserId, alias: &str) -> bool {
        *user == self.user || alias != HIDDEN
    }
}

impl Challenge {
    /// The rows of a member and its friends, with their ranks among themselves; those who are hidden have none here.
    #[must_use]
    pub fn friends_rows(&self, board: &Board, circle: &Circle, now_ms: i64) -> BoardView {
        let items = self.among_friends(board, circle);
        BoardView {
            participants: count(items.len()),
            items,
            total: None,
            ..self.board_of(board, Vec::new(), false, now_ms)
        }
    }

    /// The same as rows of a live view.
    pub(super) fn live_friends(&self, board: &Board, circle: &Circle, now_ms: i64) -> LiveView {
        let rows = self.among_friends(board, circle);
        LiveView {
            participants: count(rows.len()),
            rows: rows.into_iter().map(Arc::new).collect(),
            ..self.live_without_rows(board, now_ms)
        }
    }

    /// The same rows of a board that is kept in parts, of what these have of everybody in the circle.
    pub(super) fn friends_of_parts(
        &self,
        board: &Board,
        circle: &Circle,
        found: &[&PartRow],
    ) -> Vec<RowView> {
        let (mut told, mut order) = (BTreeMap::new(), Leaderboard::new());
        for row in found {
            let (user, score) = (&row.key.id, row.key.score);
            let shown = self
                .member_of(row)
                .filter(|_| circle.shows(user, &row.alias));
            if let Some(number) = shown {
                let id = RowId::Live(user.clone());
                order.set(&id, score, row.key.achieved_at_ms);
                told.insert(id, (number, row));
            }
        }
        let item = |row: Row<RowId>| {
            let (number, told) = told.get(&row.id)?;
            let alias = told.alias.clone();
            Some(board.view_in_parts(row, (&told.key.id, *number), alias))
        };
        order.iter().filter_map(item).collect()
    }

    fn among_friends(&self, board: &Board, circle: &Circle) -> Vec<RowView> {
        let mut order = Leaderboard::ordered(board.order.order());
        for user in circle.all() {
            let row = self.row_id(user).and_then(|id| {
                let seat = board.seats.get(&id)?;
                let row = board.order.get(&id)?;
                circle.shows(user, &seat.alias).then_some((id, row))
            });
            if let Some((id, (score, achieved_at_ms))) = row {
                order.set(&id, score, achieved_at_ms);
            }
        }
        order.iter().map(|row| board.segment_view(row)).collect()
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
