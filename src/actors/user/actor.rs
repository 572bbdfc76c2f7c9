//! The actor of a user: it reads the state when it comes into memory, and takes commands in order. Made and called by the host.

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, WrapFuture as _,
    dev::SendError,
};
use streakline_core::{
    id::Entity,
    input::Input,
    user::{User, resident::Resident, snapshot::restore},
};

use super::{Cell, UserCommand, advance, command, guarded, snapshot::read};
use crate::{
    actors::{admission, host::UserEntry, shared::Token},
    protocol::error_code::{Code, Refusal},
    storage::Error,
};

/// Commands that may wait for one user's actor.
const MAILBOX: usize = 256;

/// The actor: it owns the cell and takes its commands in order.
pub(in crate::actors) struct UserActor {
    cell: Cell,
}

impl UserActor {
    pub(in crate::actors) fn new(cell: Cell) -> Self {
        Self { cell }
    }
}

impl Actor for UserActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        let (host, id) = {
            let held = self.cell.borrow();
            (held.host.clone(), held.id.clone())
        };
        let read = read(host.clone(), Entity::User(id.clone()));
        let activate = read.into_actor(self).map(move |read, actor, _| {
            activate(&actor.cell, read);
            admission::done(&host, &id);
        });
        ctx.wait(activate);
    }
}

/// The snapshot is read: what an earlier start journaled after it is folded, then commands are taken.
pub(super) fn activate(cell: &Cell, read: Result<Option<Vec<u8>>, Error>) {
    let mut held = cell.borrow_mut();
    let rules = held.host.shared.rules.clone();
    let decode = |state: Vec<u8>| {
        let damaged = |error: minicbor::decode::Error| Error::Damaged(error.to_string());
        restore(&state, &rules).map_err(damaged)
    };
    let user = match read.and_then(|state| state.map(decode).transpose()) {
        Ok(Some(user)) => user,
        Ok(None) => {
            let mut user = User::new(held.id.clone());
            user.resolve(&rules);
            user
        }
        Err(error) => {
            held.leave();
            if matches!(error, Error::Damaged(_)) {
                held.host.set_aside(&held.entity(), "snapshot", &error);
            } else {
                tracing::error!(user = %held.id, %error, "a user cannot be read");
            }
            return;
        }
    };
    let mut resident = Resident::new(user);
    let entity = held.entity();
    let tail = held
        .host
        .with(&entity, |partition| partition.tails.remove(&entity));
    for (header, input) in tail.flatten().unwrap_or_default() {
        if let Input::User(_, input) = input {
            resident.enqueue(header, input);
        }
    }
    if resident.pending() == 0 {
        let covered = resident.user().position;
        held.host.with(&entity, |partition| {
            partition.covered(&entity, covered, false)
        });
    }
    held.resident = Some(resident);
    drop(held);
    advance(cell);
}

/// A command with the count of work that it is.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct Routed(UserCommand, Token);

/// Whether a user takes a command at once: it is read, and nothing waits before it.
pub(in crate::actors) fn is_at_hand(cell: &Cell) -> bool {
    let held = cell.borrow();
    held.mailbox == 0 && held.resident.is_some()
}

/// Takes a command past the mailbox, as a flush that has become durable is folded: host and actor share a thread.
pub(in crate::actors) fn take_now(cell: &Cell, command: UserCommand, token: Token) {
    cell.borrow_mut().used();
    handle(cell, command, token);
}

impl UserEntry {
    /// Puts a command into the actor's mailbox; where that is full, who asked is told.
    pub(in crate::actors) fn deliver(&self, command: UserCommand, token: Token) {
        // Noted before it is handled, so that nobody leaves memory with a command in the mailbox.
        self.cell.borrow_mut().used();
        if let Err(SendError::Full(Routed(command, _)) | SendError::Closed(Routed(command, _))) =
            self.addr.try_send(Routed(command, token))
        {
            let busy = Refusal::new(
                Code::Overloaded,
                "this user has too much waiting; try again",
            );
            let mut held = self.cell.borrow_mut();
            held.mailbox = held.mailbox.saturating_sub(1);
            command.refuse(&held.host, held.id.clone(), busy);
        }
    }
}

/// Handles one command. An actor that ends by it stops when its last address is gone, at the latest.
fn handle(cell: &Cell, command: UserCommand, token: Token) {
    {
        let mut held = cell.borrow_mut();
        held.mailbox = held.mailbox.saturating_sub(1);
    }
    guarded(cell, || command::take(cell, command));
    drop(token);
}

impl Handler<Routed> for UserActor {
    type Result = ();

    fn handle(&mut self, Routed(command, token): Routed, ctx: &mut Self::Context) {
        handle(&self.cell, command, token);
        if self.cell.borrow().ended {
            actix::ActorContext::stop(ctx);
        }
    }
}
