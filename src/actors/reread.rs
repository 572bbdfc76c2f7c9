//! Reads one entity's inputs out of the journal that no snapshot covers and that are not in memory: after a fold that panicked,
//! or a state that was let go otherwise. Called before a snapshot is read: rows that are dropped meanwhile are in it then.

use std::{rc::Rc, sync::Arc};

use streakline_core::{
    id::{Entity, Position},
    input::{Header, Input},
    journal,
};

use super::{host::Host, shared::BITS};
use crate::{
    clock,
    storage::{
        Error, Store,
        envelope::{Kind, open},
    },
};

/// Bytes of a tail that are read at once.
const READ_BYTES: usize = 1024 * 1024;
/// Ms between two looks whether everything is durable.
const POLL_MS: u64 = 1;

/// Leaves the entity's tail in its partition, where activation takes it; nothing to do for one whose tail is there, or that
/// has none. The entity takes nothing new until it is active.
///
/// # Errors
/// When the journal cannot be read.
pub(super) async fn tail_at_hand(host: &Rc<Host>, entity: &Entity) -> Result<(), Error> {
    let missing = host.with(entity, |held| {
        let missing = held.coverage.holds(entity) && !held.tails.contains_key(entity);
        missing.then(|| held.journal.newest())
    });
    let Some(newest) = missing.flatten() else {
        return Ok(());
    };
    while host.durable(entity) < newest {
        clock::pause_ms(POLL_MS).await;
    }
    let tail = read(&host.shared.store, entity).await?;
    host.with(entity, |held| held.tails.insert(entity.clone(), tail));
    Ok(())
}

async fn read(store: &Arc<dyn Store>, entity: &Entity) -> Result<Vec<(Header, Input)>, Error> {
    let own = |input: &Input| match (input, entity) {
        (Input::User(of, _), Entity::User(id)) => of == id,
        (Input::Challenge(of, _), Entity::Challenge(id)) => of == id,
        _ => false,
    };
    let damaged = |error: minicbor::decode::Error| Error::Damaged(error.to_string());
    let (mut inputs, mut after): (Vec<_>, Option<Position>) = (Vec::new(), None);
    loop {
        let rows = store
            .tail(entity.partition(BITS), after, READ_BYTES)
            .await?;
        let Some(last) = rows.last().map(|row| row.last) else {
            return Ok(inputs);
        };
        for row in &rows {
            let opened = open(Kind::Journal, &row.bytes)?;
            let all = journal::inputs(opened.payload).map_err(damaged)?;
            inputs.extend(all.into_iter().filter(|(_, input)| own(input)));
        }
        after = Some(last);
    }
}
