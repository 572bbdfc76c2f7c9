//! A board that is kept in parts, and how it becomes a whole one.

use alloc::vec::Vec;

use super::{PartRow, Parted};
use crate::challenge::{Board, Challenge, RowId};

impl Board {
    /// What a part has said of a member who was seated.
    pub(in crate::challenge) fn seat_as_told(
        &mut self,
        id: &RowId,
        told: PartRow,
    ) -> Option<(i64, i64)> {
        let seat = self.seats.get_mut(id)?;
        (seat.alias, seat.version) = (told.alias, told.version);
        Some((told.key.score, told.key.achieved_at_ms))
    }

    /// Its parts have handed over all their rows: it is a whole one from now on.
    pub(in crate::challenge) fn gather(&mut self, challenge: &Challenge, rows: Vec<PartRow>) {
        let (offset, partial) = (self.offset().saturating_add(1), self.partial);
        let rows = rows.into_iter().map(|row| (row.key.id.clone(), row));
        let mut whole = Self::of(challenge, rows.collect());
        (whole.offset, whole.partial) = (offset, partial);
        *self = whole;
    }

    /// What is known of its parts, while it is kept in parts.
    #[must_use]
    pub fn parted(&self) -> Option<&Parted> {
        self.parted.as_deref()
    }

    pub(in crate::challenge) fn parted_mut(&mut self) -> Option<&mut Parted> {
        self.parted.as_deref_mut()
    }
}
