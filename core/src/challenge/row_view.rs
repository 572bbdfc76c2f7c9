//! What a row of a board looks like to others (domain.md 6.2, 6.4). Whose it is, the shell shows to admins only.

use alloc::string::String;

use super::{Board, RowId, row_name::opaque};
use crate::{
    definition::kind::teams::TeamNumber,
    id::{MemberNumber, UserId},
    leaderboard::Row,
    view::RowView,
};

impl Board {
    /// One member's row.
    #[must_use]
    pub fn row(&self, id: &RowId) -> Option<RowView> {
        let place = self.order.place(id)?;
        self.order.select(place.ordinal).map(|row| self.view(row))
    }

    /// A row as others see it.
    #[must_use]
    pub fn view(&self, row: Row<RowId>) -> RowView {
        let number = self.seats.get(&row.id).map(|seat| seat.number);
        let name = opaque(self.challenge, number.unwrap_or_default());
        self.view_named(row, name)
    }

    /// A row as others see it, by an opaque name that was made before.
    pub(super) fn view_named(&self, row: Row<RowId>, opaque: String) -> RowView {
        let rank = row.rank;
        self.view_of(row, opaque, rank)
    }

    /// A row of a segment, with its ranks there; who has finished is the whole board's to say.
    pub(super) fn segment_view(&self, row: Row<RowId>) -> RowView {
        let number = self.seats.get(&row.id).map(|seat| seat.number);
        let name = opaque(self.challenge, number.unwrap_or_default());
        let whole = self.order.place(&row.id);
        let rank = whole.map_or(row.rank, |place| place.rank);
        self.view_of(row, name, rank)
    }

    /// A row of a board in parts, as others see it.
    pub(super) fn view_in_parts(
        &self,
        row: Row<RowId>,
        (user, number): (&UserId, MemberNumber),
        alias: String,
    ) -> RowView {
        let (name, rank) = (opaque(self.challenge, number), row.rank);
        RowView {
            alias,
            user: Some(user.clone()),
            ..self.view_of(row, name, rank)
        }
    }

    fn view_of(&self, row: Row<RowId>, opaque: String, rank: u32) -> RowView {
        let seat = self.seats.get(&row.id);
        let reached = self.scale.reached(row.score, rank);
        RowView {
            rank: self.style.of(row.place()),
            ordinal: row.ordinal,
            key: row.score,
            score: reached.score,
            measure: self.measure,
            achieved_at_ms: row.achieved_at_ms,
            finished_at_ms: reached.finished.then_some(row.achieved_at_ms),
            after_min: reached.after_min,
            alias: seat.map_or_else(String::new, |seat| seat.alias.clone()),
            row: opaque,
            user: seat.and_then(|seat| seat.user.clone()),
            team: seat.and_then(|seat| self.team_key(seat.team?)),
            roster: None,
        }
    }

    /// The key of a team.
    fn team_key(&self, team: TeamNumber) -> Option<String> {
        let teams = self.teams.as_ref()?.teams();
        teams.get(team).map(|team| team.key.clone())
    }
}
