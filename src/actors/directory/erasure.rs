//! The door to erasing a user (ADR 0031).

use std::collections::BTreeSet;

use streakline_core::{
    challenge::resident::Resident,
    id::{ChallengeId, Entity, UserId},
    input::ChallengeInput,
    user::User,
};
use tokio::sync::oneshot;

use super::{Directory, Outcome, answered, unknown_user};
use crate::{
    actors::{
        challenge::{ChallengeCommand, WriteChallenge},
        chores::{Chore, send_chore},
        host::{send_challenge, send_user},
        message::Caller,
        shared::BITS,
        user::UserCommand,
    },
    storage::Gone,
};

impl Directory {
    /// Deletes everything that is stored about a user; answers when no file of the store holds it any more, or until when one
    /// may. Who is erased may come again, as somebody new.
    ///
    /// # Errors
    /// `NotFound`; `Overloaded` when something is under way that does not end.
    pub async fn erase_user(&self, user: &UserId, caller: Caller) -> Outcome<Gone> {
        self.taking()?;
        let challenges = self.challenges_of(user).await?;
        for challenge in &challenges {
            self.forget_member(*challenge, user, caller.clone()).await?;
        }
        let (reply, answer) = oneshot::channel();
        let chore = Chore::Erase {
            user: user.clone(),
            left: challenges,
            reply,
        };
        send_chore(
            &self.shared,
            Entity::User(user.clone()).partition(BITS),
            chore,
        )?;
        answered(&self.shared, answer).await?;
        tracing::info!("a user was erased");
        let gone = self.shared.store.purge().await;
        gone.map_err(|error| self.store_refusal("the files", &error))
    }

    /// Challenges that know the user, also those that are over.
    async fn challenges_of(&self, user: &UserId) -> Outcome<BTreeSet<ChallengeId>> {
        let key = self.shared.store.key_of(user).await;
        let stored = key.map_err(|error| self.store_refusal("the keys", &error))?;
        let (reply, answer) = oneshot::channel();
        let read = move |state: Outcome<(&User, i64)>| {
            let found = state.and_then(|(user, _)| match (&user.created, &stored) {
                (None, None) => Err(unknown_user()),
                _ => Ok(user.enrolments.keys().copied().collect()),
            });
            let _ = reply.send(found);
        };
        let command = UserCommand::Read(Box::new(read));
        send_user(&self.shared, user.clone(), command)?;
        answered(&self.shared, answer).await
    }

    /// Takes the user out of a challenge, durably and out of its newest snapshot.
    async fn forget_member(&self, id: ChallengeId, user: &UserId, caller: Caller) -> Outcome<()> {
        let row = self.row_of(id, user).await?;
        let (reply, answer) = oneshot::channel();
        let forgotten = user.clone();
        let write = WriteChallenge {
            admit: Box::new(move |challenge, _| {
                let known = challenge.members.contains_key(&forgotten);
                Ok(known.then_some(ChallengeInput::Forget {
                    user: forgotten,
                    row,
                }))
            }),
            attach: Box::new(|_, _| Vec::new()),
            member: None,
            done: Box::new(move |state: Outcome<(&Resident, i64)>| {
                let _ = reply.send(state.map(drop));
            }),
            caller,
            while_stopped: true,
        };
        send_challenge(&self.shared, id, ChallengeCommand::Write(write))?;
        answered(&self.shared, answer).await?;
        let (reply, answer) = oneshot::channel();
        let chore = Chore::Cover {
            challenge: id,
            reply,
        };
        send_chore(&self.shared, Entity::Challenge(id).partition(BITS), chore)?;
        answered(&self.shared, answer).await
    }

    /// Score and achieved-at of the user's row on a board.
    async fn row_of(&self, id: ChallengeId, user: &UserId) -> Outcome<Option<(i64, i64)>> {
        let (reply, answer) = oneshot::channel();
        let user = user.clone();
        let read = move |state: Outcome<(&Resident, i64)>| {
            let row = state.map(|(resident, _)| resident.board().order().get(&user));
            let _ = reply.send(row);
        };
        send_challenge(&self.shared, id, ChallengeCommand::Read(Box::new(read)))?;
        answered(&self.shared, answer).await
    }
}
