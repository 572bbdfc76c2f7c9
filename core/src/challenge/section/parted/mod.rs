//! Sections of a board that is kept in parts: made of its first rows where those will do, else of rows that are gathered from the parts
//! first (ADR 0074).

use alloc::{sync::Arc, vec::Vec};

use super::{Rows, Section};
use crate::{
    challenge::{
        Board, Challenge,
        parts::{Known, Looked, Parted, Want},
        segments::Pick,
    },
    id::UserId,
    view::{LiveView, RowView},
};

/// What a section shows.
#[derive(Default)]
struct Told {
    rows: Vec<RowView>,
    percentile_bp: Option<u32>,
    error_bound: Option<u32>,
    /// How many rows there are of what is looked at, where that is not the board.
    participants: Option<u32>,
}

impl Challenge {
    /// What a section of the board shows now, or what its parts are to be asked first; a whole one asks nothing. `known`: what was
    /// gathered; `rows`: those that were shown of the same board before.
    #[must_use]
    pub fn live(
        &self,
        board: &Board,
        section: &Section,
        (known, rows): (&Known, &mut Rows),
        now_ms: i64,
    ) -> Looked<LiveView> {
        let Some(parted) = board.parted() else {
            return Looked::View(self.live_view(board, section, rows, now_ms));
        };
        let told = match self.section_of_parts((board, parted), section, known) {
            Looked::Ask(want) => return Looked::Ask(want),
            Looked::View(told) => told,
        };
        let shown = told.rows.into_iter().filter_map(|row| {
            let number = self.members.number_of(row.user.as_ref()?)?;
            Some(rows.keep(number, row))
        });
        Looked::View(LiveView {
            percentile_bp: told.percentile_bp,
            error_bound: told.error_bound,
            rows: shown.collect::<Vec<Arc<RowView>>>(),
            participants: told.participants.unwrap_or(board.len()),
            ..self.live_without_rows(board, now_ms)
        })
    }

    fn section_of_parts(
        &self,
        (board, parted): (&Board, &Parted),
        section: &Section,
        known: &Known,
    ) -> Looked<Told> {
        let pick = match section {
            Section::Top(count) => {
                let head = parted.head().iter().take(*count as usize);
                let rows = head.filter_map(|held| self.head_row(board, held));
                return Looked::View(Told {
                    rows: rows.collect(),
                    ..Told::default()
                });
            }
            Section::Percentile { user } => return self.share((board, parted), user, known),
            Section::Around { user, k } => Pick::Around {
                user: user.clone(),
                k: *k,
            },
            Section::AroundScore { score, k } => Pick::AroundScore {
                score: *score,
                k: *k,
            },
            Section::Friends(circle) => Pick::Friends(circle.clone()),
            // A challenge that has them is kept whole.
            Section::Teams | Section::Within { .. } => return Looked::View(Default::default()),
        };
        match self.seen_in_parts((board, parted), &pick, known) {
            Looked::Ask(want) => Looked::Ask(want),
            Looked::View(seen) => Looked::View(Told {
                rows: seen.items,
                percentile_bp: None,
                error_bound: seen.error_bound,
                participants: Some(seen.participants),
            }),
        }
    }

    /// The own row with its percentile.
    fn share(
        &self,
        (board, parted): (&Board, &Parted),
        user: &UserId,
        known: &Known,
    ) -> Looked<Told> {
        let own = known.own(user);
        if own.is_none() && !parted.is_in_head(user) {
            return Looked::Ask(Want::Of(Vec::from([user.clone()])));
        }
        let own = self.own_row(board, user, own.flatten());
        Looked::View(own.map_or_else(Told::default, |own| Told {
            rows: Vec::from([own.row]),
            percentile_bp: Some(own.percentile_bp),
            error_bound: own.error_bound,
            participants: None,
        }))
    }
}

#[cfg(test)]
mod tests;
