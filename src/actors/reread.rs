//! Gets one entity's inputs that no snapshot covers out of the journal where they are not in memory: because they were deferred at
//! the start, after a fold that panicked, or because the state was let go otherwise. Called before a snapshot is read: rows that
//! are dropped meanwhile are in it then.

use std::rc::Rc;

use streakline_core::{id::Entity, input::Input};

use super::{
    host::Host,
    recovery::{before, owner, recall, tail},
    shared::BITS,
};
use crate::{clock, storage::Error};

/// Ms to wait before a state whose fold panicked is read again: a fault of the moment may be over then.
pub(super) const READ_AGAIN_AFTER_MS: u64 = 1_000;
/// Ms between two looks whether everything is durable.
const POLL_MS: u64 = 1;

/// Leaves the entity's tail in its partition, where activation takes it; nothing to do for one whose tail is there, or that
/// has none. The entity takes nothing new until it is active.
///
/// # Errors
/// When the journal cannot be read.
pub(super) async fn tail_at_hand(host: &Rc<Host>, entity: &Entity) -> Result<(), Error> {
    recall(host, entity).await;
    let missing = host.with(entity, |held| {
        let first = held.coverage.position(entity)?;
        let missing = !held.tails.contains_key(entity);
        missing.then(|| (before(first), held.journal.newest()))
    });
    let Some((after, newest)) = missing.flatten() else {
        return Ok(());
    };
    while host.durable(entity.partition(BITS)) < newest {
        clock::pause_ms(POLL_MS).await;
    }
    let own = |input: &Input| owner(input).as_ref() == Some(entity);
    let seals = &host.shared.seals;
    let (tail, _) = tail(seals, entity.partition(BITS), Some(after), own).await?;
    host.with(entity, |held| held.tails.insert(entity.clone(), tail));
    Ok(())
}
