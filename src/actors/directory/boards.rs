//! The doors to boards: pages of one, the rows around a member or a score, and one row.

use streakline_core::{
    challenge::{RowId, resident::Resident},
    id::{ChallengeId, UserId},
    leaderboard::RowKey,
    view::{BoardView, RankState, RowView},
};

use super::{Directory, Outcome, unknown_challenge};
use crate::protocol::{
    body::quantity::units,
    error_code::{Code, Refusal},
};

impl Directory {
    /// Rows after the key. `viewer`: a user's token must be a participant's; `None` is an admin.
    ///
    /// # Errors
    /// `NotFound`, also for a board that is not the viewer's to see.
    pub async fn board(
        &self,
        id: ChallengeId,
        viewer: Option<UserId>,
        after: Option<RowKey<RowId>>,
        limit: usize,
    ) -> Outcome<BoardView> {
        self.look(id, move |resident, now_ms| {
            visible(resident, viewer.as_ref())?;
            Ok(resident
                .challenge()
                .board_page(resident.board(), after, limit, now_ms))
        })
        .await
    }

    /// Up to `k` rows on each side of a participant.
    ///
    /// # Errors
    /// `NotFound`, `NotEnrolled`.
    pub async fn around(
        &self,
        id: ChallengeId,
        viewer: Option<UserId>,
        user: UserId,
        k: u32,
    ) -> Outcome<BoardView> {
        self.look(id, move |resident, now_ms| {
            visible(resident, viewer.as_ref())?;
            if !resident.challenge().is_member(&user) {
                return Err(Refusal::new(
                    Code::NotEnrolled,
                    "the user has no row on this board",
                ));
            }
            Ok(resident
                .challenge()
                .board_around(resident.board(), &user, k, now_ms))
        })
        .await
    }

    /// Up to `k` rows on each side of a score in the metric's unit. `viewer`: as for a page.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn around_score(
        &self,
        id: ChallengeId,
        viewer: Option<UserId>,
        (score, k): (i64, u32),
    ) -> Outcome<BoardView> {
        self.look(id, move |resident, now_ms| {
            visible(resident, viewer.as_ref())?;
            let (challenge, board) = (resident.challenge(), resident.board());
            let score = units(challenge.measure(), score);
            Ok(challenge.board_around_score(board, score, k, now_ms))
        })
        .await
    }

    /// One participant's row, its percentile in basis points, and how final its rank is.
    ///
    /// # Errors
    /// `NotFound`, `NotEnrolled`.
    pub async fn row(&self, id: ChallengeId, user: UserId) -> Outcome<(RowView, u32, RankState)> {
        let absent = || Refusal::new(Code::NotEnrolled, "the user has no row on this board");
        self.look(id, move |resident, now_ms| {
            let (challenge, board) = (resident.challenge(), resident.board());
            let row = challenge.board_row(board, &user).ok_or_else(absent)?;
            let percentile_bp = challenge.percentile_bp(board, &user).ok_or_else(absent)?;
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
