//! The doors through which admins end a challenge before its time, or annul how it ended.

use streakline_core::{id::ChallengeId, input::ChallengeInput, view::ChallengeView};

use super::{
    Directory, Outcome,
    challenges::{Admit, refused, stored_answer, view},
};
use crate::actors::message::{Caller, Idempotent};

impl Directory {
    /// Cancels a challenge; one that is cancelled already answers the same.
    ///
    /// # Errors
    /// `NotFound`, `Phase`.
    pub async fn cancel(
        &self,
        id: ChallengeId,
        reason: String,
        caller: Caller,
        once: Idempotent,
    ) -> Outcome<ChallengeView> {
        let admit: Admit = Box::new(move |challenge, now_ms| {
            let news = challenge.may_cancel(now_ms).map_err(refused)?;
            Ok(news.then_some(ChallengeInput::Cancel(reason)))
        });
        self.change(id, (admit, stored_answer(once), None), caller, view)
            .await
    }

    /// Annuls a settlement; one that is annulled already answers the same.
    ///
    /// # Errors
    /// `NotFound`, `Phase`.
    pub async fn void(
        &self,
        id: ChallengeId,
        reason: String,
        caller: Caller,
        once: Idempotent,
    ) -> Outcome<ChallengeView> {
        let admit: Admit = Box::new(move |challenge, now_ms| {
            let news = challenge.may_void(now_ms).map_err(refused)?;
            Ok(news.then_some(ChallengeInput::Void(reason)))
        });
        self.change(id, (admit, stored_answer(once), None), caller, view)
            .await
    }
}
