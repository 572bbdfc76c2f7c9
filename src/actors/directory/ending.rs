//! The door through which admins end a challenge before its time, or annul how it ended.

use streakline_core::{id::ChallengeId, input::ChallengeInput, view::ChallengeView};

use super::{
    Directory, Outcome,
    challenges::{Admit, refused, stored_answer, view},
};
use crate::actors::message::{Caller, Idempotent};

/// How an admin ends a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Before it is settled.
    Cancel,
    /// After that: its settlement is annulled.
    Void,
}

impl Directory {
    /// Ends a challenge, with the admin's words; one that has ended so already answers the same.
    ///
    /// # Errors
    /// `NotFound`, `Phase`.
    pub async fn end(
        &self,
        id: ChallengeId,
        (ending, reason): (Ending, String),
        caller: Caller,
        once: Idempotent,
    ) -> Outcome<ChallengeView> {
        let admit: Admit = Box::new(move |challenge, now_ms| {
            let (may, input) = match ending {
                Ending::Cancel => (challenge.may_cancel(now_ms), ChallengeInput::Cancel(reason)),
                Ending::Void => (challenge.may_void(now_ms), ChallengeInput::Void(reason)),
            };
            Ok(may.map_err(refused)?.then_some(input))
        });
        self.change(id, (admit, stored_answer(once), None), caller, view)
            .await
    }
}
