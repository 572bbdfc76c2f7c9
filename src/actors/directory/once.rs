//! Changes of a user whose answer is stored with them, so that a repeated request gets the same one (ADR 0007).

use std::sync::{Arc, OnceLock};

use streakline_core::{
    id::{Entity, UserId},
    input::UserInput,
    user::{User, fold::foreseen},
};
use tokio::sync::oneshot;

use super::{Directory, Outcome, answered, unknown_user};
use crate::{
    actors::{
        host::send_user,
        message::{Caller, IdempotentOf},
        shared::BITS,
        user::{UserCommand, WriteUser},
    },
    protocol::error_code::{Code, Refusal},
    storage::{Attachment, IdempotencyRecord},
};

impl Directory {
    /// Changes a user once: the answer is made from the state as the input will leave it, and is durable with it.
    pub(super) async fn write_once<T: Send + 'static>(
        &self,
        (user, caller): (&UserId, Caller),
        admit: impl FnOnce(&User, i64) -> Outcome<UserInput> + Send + 'static,
        view: impl FnOnce(&User, i64) -> Outcome<T> + Send + 'static,
        once: IdempotentOf<T>,
    ) -> Outcome<IdempotencyRecord> {
        self.taking()?;
        let rules = self.shared.rules.clone();
        let partition = Entity::User(user.clone()).partition(BITS);
        let told = Arc::new(OnceLock::new());
        let journaled = Arc::clone(&told);
        let admit = move |user: &User, now_ms: i64| {
            if user.created.is_none() {
                return Err(unknown_user());
            }
            let input = admit(user, now_ms)?;
            let after = foreseen(user, &rules, &input, (partition, now_ms));
            let record = (once.answer)(&view(&after, now_ms)?);
            let _ = told.set(record.clone());
            let answer = Attachment::Idempotency(once.key, record.unsealed());
            Ok(Some((input, vec![answer])))
        };
        let (reply, answer) = oneshot::channel();
        let done = move |state: Outcome<(&User, i64)>| {
            let failed = || Refusal::new(Code::Internal, "nothing was journaled");
            let record = journaled.get().cloned();
            let _ = reply.send(state.and_then(|_| record.ok_or_else(failed)));
        };
        let write = WriteUser {
            admit: Box::new(admit),
            done: Box::new(done),
            caller,
            while_held: false,
        };
        send_user(&self.shared, user.clone(), UserCommand::Write(write))?;
        answered(&self.shared, answer).await
    }
}
