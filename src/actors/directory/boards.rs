//! The doors to boards: rows of one, or of a segment of it, and the row of one member. What a board in parts does not know itself is
//! asked of its parts (ADR 0074).

use streakline_core::{
    challenge::{
        parts::{Known, Looked, Own, Want},
        resident::Resident,
        segments::{Pick, Segment},
    },
    id::{ChallengeId, UserId},
    view::{BoardView, RankState},
};

use super::{Directory, Outcome, fault, unknown_challenge};
use crate::{
    actors::parts,
    clock,
    protocol::{
        body::quantity::units,
        error_code::{Code, Refusal},
    },
};

/// How often the parts of a board are asked, which are not there while they are opened and once they have ended.
const TRIES: u32 = 100;
/// Ms between two tries.
const RETRY_MS: u64 = 50;

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
        let mut known = Known::default();
        for _ in 0..TRIES {
            let asked = (viewer.clone(), (segment.clone(), pick.clone()));
            let want = match self.seen(id, asked, known.clone()).await? {
                Looked::View(view) => return Ok(view),
                Looked::Ask(want) => want,
            };
            match parts::find(&self.shared, id, want.clone()).await {
                Some(found) => known.take(&want, found),
                None => clock::pause_ms(RETRY_MS).await,
            }
        }
        Err(no_parts())
    }

    /// The rows, or what must be gathered for them first.
    async fn seen(
        &self,
        id: ChallengeId,
        (viewer, (segment, pick)): (Option<UserId>, (Option<Segment>, Pick)),
        known: Known,
    ) -> Outcome<Looked<BoardView>> {
        self.look(id, move |resident, now_ms| {
            visible(resident, viewer.as_ref())?;
            let (challenge, board) = (resident.challenge(), resident.board());
            let pick = match pick {
                Pick::Around { user, .. } if !challenge.is_member(&user) => return Err(no_row()),
                Pick::Friends(circle) if !challenge.is_member(circle.user()) => {
                    return Err(no_row());
                }
                Pick::AroundScore { score, k } => Pick::AroundScore {
                    score: units(challenge.measure(), score),
                    k,
                },
                pick => pick,
            };
            let Some(segment) = segment else {
                return Ok(challenge.look(board, &pick, &known, now_ms));
            };
            if challenge.segment_place(&segment.name).is_none() {
                let words = "the challenge has no segments by that attribute".to_owned();
                return Err(fault("/query/segment", "not_found", words));
            }
            let seen = (&segment, viewer.as_ref());
            Ok(Looked::View(
                challenge.segment_rows(board, seen, pick, now_ms),
            ))
        })
        .await
    }

    /// One participant's row, its percentile in basis points, and how final its rank is.
    ///
    /// # Errors
    /// `NotFound`, `NotEnrolled`.
    pub async fn row(&self, id: ChallengeId, user: UserId) -> Outcome<(Own, RankState)> {
        let mut found = None;
        for _ in 0..TRIES {
            let (of, row) = (user.clone(), found.take());
            let own = self.look(id, move |resident, now_ms| {
                let (challenge, board) = (resident.challenge(), resident.board());
                let own = challenge.own_row(board, &of, row.as_ref());
                let is_unknown = own.is_none() && row.is_none() && resident.is_parted();
                if is_unknown && challenge.is_member(&of) {
                    return Ok(None);
                }
                let own = own.ok_or_else(no_row)?;
                Ok(Some((own, challenge.rank_state(board, now_ms))))
            });
            if let Some(own) = own.await? {
                return Ok(own);
            }
            let want = Want::Of(vec![user.clone()]);
            let answer = parts::find(&self.shared, id, want).await;
            found = answer.and_then(|answer| answer.after.into_iter().next());
            if found.is_none() {
                clock::pause_ms(RETRY_MS).await;
            }
        }
        Err(no_parts())
    }
}

fn no_parts() -> Refusal {
    let words = "parts of the board are still being read; try again";
    Refusal::new(Code::Overloaded, words)
}

pub(super) fn visible(resident: &Resident, viewer: Option<&UserId>) -> Outcome<()> {
    let hidden = viewer.is_some_and(|viewer| !resident.challenge().is_member(viewer));
    if hidden {
        Err(unknown_challenge())
    } else {
        Ok(())
    }
}
