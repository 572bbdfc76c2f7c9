//! The doors to boards: rows of one, or of a segment of it, and the row of one member.

use streakline_core::{
    challenge::{
        resident::Resident,
        segments::{Pick, Segment},
    },
    id::{ChallengeId, UserId},
    view::{BoardView, RankState, RowView},
};

use super::{Directory, Outcome, fault, unknown_challenge};
use crate::protocol::{
    body::quantity::units,
    error_code::{Code, Refusal},
};

fn no_row() -> Refusal {
    Refusal::new(Code::NotEnrolled, "the user has no row on this board")
}

impl Directory {
    /// Rows of a board, or of a segment of it. `viewer`: a user's token must be a participant's; `None` is an admin.
    ///
    /// # Errors
    /// `NotFound`, also for a board that is not the viewer's to see; `NotEnrolled` around somebody who has no row; `Invalid` for a
    /// segment that it does not have.
    pub async fn board(
        &self,
        id: ChallengeId,
        viewer: Option<UserId>,
        (segment, pick): (Option<Segment>, Pick),
    ) -> Outcome<BoardView> {
        self.look(id, move |resident, now_ms| {
            visible(resident, viewer.as_ref())?;
            let (challenge, board) = (resident.challenge(), resident.board());
            let pick = match pick {
                Pick::Around { user, .. } if !challenge.is_member(&user) => return Err(no_row()),
                Pick::AroundScore { score, k } => Pick::AroundScore {
                    score: units(challenge.measure(), score),
                    k,
                },
                pick => pick,
            };
            let Some(segment) = segment else {
                return Ok(challenge.board_rows(board, pick, now_ms));
            };
            if challenge.segment_place(&segment.name).is_none() {
                let words = "the challenge has no segments by that attribute".to_owned();
                return Err(fault("/query/segment", "not_found", words));
            }
            let seen = (&segment, viewer.as_ref());
            Ok(challenge.segment_rows(board, seen, pick, now_ms))
        })
        .await
    }

    /// One participant's row, its percentile in basis points, and how final its rank is.
    ///
    /// # Errors
    /// `NotFound`, `NotEnrolled`.
    pub async fn row(&self, id: ChallengeId, user: UserId) -> Outcome<(RowView, u32, RankState)> {
        self.look(id, move |resident, now_ms| {
            let (challenge, board) = (resident.challenge(), resident.board());
            let row = challenge.board_row(board, &user).ok_or_else(no_row)?;
            let percentile_bp = challenge.percentile_bp(board, &user).ok_or_else(no_row)?;
            Ok((row, percentile_bp, challenge.rank_state(board, now_ms)))
        })
        .await
    }
}

pub(super) fn visible(resident: &Resident, viewer: Option<&UserId>) -> Outcome<()> {
    let hidden = viewer.is_some_and(|viewer| !resident.challenge().is_member(viewer));
    if hidden {
        Err(unknown_challenge())
    } else {
        Ok(())
    }
}
