//! The door for older history: judged by `core::user::import`, journaled with its answer (ADR 0007).

use std::sync::{Arc, OnceLock};

use streakline_core::{
    id::UserId,
    user::{
        User,
        import::{self, Arrival},
    },
};
use tokio::sync::oneshot;

use super::{Directory, Outcome, answered, fault, unknown_user};
use crate::{
    actors::{
        host::send_user,
        message::{Caller, IdempotentImport, Imported},
        user::{UserCommand, WriteUser},
    },
    protocol::error_code::{Code, Refusal},
    storage::{Attachment, IdempotencyRecord},
};

impl Directory {
    /// Brings older history of one device.
    ///
    /// # Errors
    /// `NotFound` for an unknown user, `DeviceBound` for another user's device, `Invalid`, `Limit`.
    pub async fn import(
        &self,
        user: &UserId,
        arrival: Arrival,
        caller: Caller,
        once: IdempotentImport,
    ) -> Outcome<IdempotencyRecord> {
        self.taking()?;
        self.claim(user, &arrival).await?;
        let told = Arc::new(OnceLock::new());
        let journaled = told.clone();
        let (reply, answer) = oneshot::channel();
        let admit = move |user: &User, now_ms: i64| {
            if user.created.is_none() {
                return Err(unknown_user());
            }
            let (device, count) = (arrival.device, arrival.records.len());
            let admission = import::admit(user, arrival, now_ms).map_err(refused)?;
            let imported = Imported {
                user: user.id.clone(),
                device,
                accepted: count.saturating_sub(admission.refused.len()),
                refused: admission.refused,
            };
            let record = (once.answer)(&imported);
            let _ = told.set(record.clone());
            let answer = Attachment::Idempotency(once.key, record.unsealed());
            Ok(admission.input.map(|input| (input, vec![answer])))
        };
        let done = move |state: Outcome<(&User, i64)>| {
            // What was journaled is answered even where its fold has panicked: it is durable.
            let unjournaled = || Refusal::new(Code::Internal, "nothing was imported");
            let outcome = match (journaled.get(), state) {
                (Some(record), _) => Ok(IdempotencyRecord::clone(record)),
                (None, Err(refusal)) => Err(refusal),
                (None, Ok(_)) => Err(unjournaled()),
            };
            let _ = reply.send(outcome);
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

    /// A device that the user does not have yet is claimed first, so that it has one user for ever.
    async fn claim(&self, user: &UserId, arrival: &Arrival) -> Outcome<()> {
        let device = arrival.device;
        let has = move |user: &User, _: i64| Ok(user.devices.contains_key(&device));
        if self.read(user, has).await? || arrival.introduction.is_none() {
            return Ok(());
        }
        let owner = self.shared.store.claim_device(device, user).await;
        if owner.map_err(|error| self.store_refusal("the owners of devices", &error))? == *user {
            return Ok(());
        }
        let detail = "the device is another user's";
        Err(Refusal::new(Code::DeviceBound, detail))
    }
}

fn refused(refusal: import::Refusal) -> Refusal {
    let detail = refusal.to_string();
    match refusal {
        import::Refusal::UnknownDevice => fault("/class", "required", detail),
        import::Refusal::TooManyDays(_) => fault("/records", "range", detail),
        import::Refusal::TooManyDevices => Refusal::new(Code::Limit, detail),
    }
}
