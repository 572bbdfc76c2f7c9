//! The door to erasing a user (ADR 0031).

use std::collections::BTreeSet;

use streakline_core::{
    challenge::resident::Resident,
    id::{ChallengeId, Entity, UserId},
    user::User,
};
use tokio::sync::oneshot;

use super::{Directory, Outcome, answered, unknown_user};
use crate::{
    actors::{
        challenge::{ChallengeCommand, WriteChallenge},
        chores::{Chore, send_chore},
        erasing::Step,
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
        let under_way = self.shared.erasures.begin(user)?;
        let mut left = self.challenges_of(user).await?;
        for found in self.every(|reply| find(user, reply)).await {
            left.extend(found?);
        }
        for challenge in &left {
            self.forget_member(*challenge, user, caller.clone()).await?;
        }
        let (reply, answer) = oneshot::channel();
        let delete = Step::Delete {
            user: user.clone(),
            left,
            under_way,
            reply,
        };
        let partition = Entity::User(user.clone()).partition(BITS);
        send_chore(&self.shared, partition, Chore::Erasing(delete))?;
        answered(&self.shared, answer).await?;
        tracing::info!("a user was erased");
        let gone = self.shared.store.purge().await;
        gone.map_err(|error| self.store_refusal("the files", &error))
    }

    /// Challenges that the user knows, also those that are over.
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
        let (reply, answer) = oneshot::channel();
        let forgotten = user.clone();
        let write = WriteChallenge {
            admit: Box::new(move |challenge, _| Ok(challenge.forgetting(&forgotten))),
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
        let cover = Step::Cover {
            challenge: id,
            reply,
        };
        let partition = Entity::Challenge(id).partition(BITS);
        send_chore(&self.shared, partition, Chore::Erasing(cover))?;
        answered(&self.shared, answer).await
    }
}

fn find(user: &UserId, reply: oneshot::Sender<Outcome<BTreeSet<ChallengeId>>>) -> Chore {
    let user = user.clone();
    Chore::Erasing(Step::Find { user, reply })
}
