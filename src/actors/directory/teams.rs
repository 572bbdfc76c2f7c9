//! The doors to the teams of a challenge: their board, and why a user does not come into one.

use streakline_core::{
    challenge::teams::WrongTeam,
    id::{ChallengeId, UserId},
    view::BoardView,
};

use super::{Directory, Outcome, boards::visible, fault};
use crate::protocol::error_code::Refusal;

impl Directory {
    /// The teams. `viewer`: as for a page.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` where there are no teams.
    pub async fn team_board(&self, id: ChallengeId, viewer: Option<UserId>) -> Outcome<BoardView> {
        let none = || fault("/query/by", "unsupported", WrongTeam::None.to_string());
        self.look(id, move |resident, now_ms| {
            visible(resident, viewer.as_ref())?;
            let board = resident.challenge().team_board(resident.board(), now_ms);
            board.ok_or_else(none)
        })
        .await
    }
}

/// A team that a user cannot come into.
pub(super) fn wrong(wrong: WrongTeam) -> Refusal {
    let code = match wrong {
        WrongTeam::Missing => "required",
        WrongTeam::Unknown => "unknown_team",
        WrongTeam::NotChosen => "unsupported",
        WrongTeam::None => "unknown_field",
    };
    fault("/team", code, wrong.to_string())
}
