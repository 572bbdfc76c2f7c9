//! This server's row among the owners of the keyspace, and the read by which it confirms that it still is one (design.md 9).
//!
//! What was written is acknowledged only after a quorum read of the own row that began later and shows no obituary; all that waits
//! shares one read. A clock decides nothing here. Called by everything that acknowledges.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::Mutex;
use uuid::Uuid;

use super::{super::Error, Inner, stamps::AHEAD_US};

/// Which server this is in the list of owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) id: Uuid,
    pub(super) epoch: u64,
}

/// The own row; none before the epoch was raised: who only looks owns nothing.
#[derive(Default)]
pub(super) struct Owner {
    node: RwLock<Option<Node>>,
    /// Held during a read.
    reading: Mutex<()>,
    begun: AtomicU64,
    done: AtomicU64,
    left: AtomicBool,
}

impl Owner {
    pub(super) fn node(&self) -> Option<Node> {
        *self.node.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn become_node(&self, node: Node) {
        *self.node.write().unwrap_or_else(PoisonError::into_inner) = Some(node);
    }
}

impl Inner {
    /// Answers when a read that began after this call has shown that no other server has taken over.
    ///
    /// # Errors
    /// [`Error::Refused`] when one has; then everything later is refused too.
    pub(super) async fn confirm(&self) -> Result<(), Error> {
        let Some(node) = self.owner.node() else {
            return Ok(());
        };
        let wanted = self.owner.begun.load(Ordering::Acquire).saturating_add(1);
        let _reading = self.owner.reading.lock().await;
        if self.owner.done.load(Ordering::Acquire) >= wanted {
            return self.check();
        }
        self.owner.begun.fetch_add(1, Ordering::AcqRel);
        let row: Option<(Option<bool>,)> =
            self.cql.first(&self.statements.node, (node.id,)).await?;
        if row != Some((Some(false),)) {
            return Err(match self.has_left() {
                true => Error::Refused("this server has left the keyspace".into()),
                false => self.depose(),
            });
        }
        self.owner.done.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn depose(&self) -> Error {
        let who = "another server has taken this keyspace over: what this one acknowledged is there, and it takes nothing more";
        self.poison(Error::Refused(who.into()))
    }

    /// Writes this server's own obituary: it writes nothing more.
    pub(super) async fn leave(&self) -> Result<(), Error> {
        let Some(node) = self.owner.node() else {
            return Ok(());
        };
        self.confirm().await?;
        self.owner.left.store(true, Ordering::Release);
        self.conditionally(&self.statements.node_obituary, (node.id,))
            .await
    }

    /// Whether this server has written its own obituary.
    pub(super) fn has_left(&self) -> bool {
        self.owner.left.load(Ordering::Acquire)
    }

    /// Refuses a keyspace whose rows may change, or be half written.
    pub(super) async fn refuse_owned(&self) -> Result<(), Error> {
        let statement = &self.statements.nodes_decided;
        let listed: Vec<(Uuid, i64, Option<bool>)> = self.cql.rows(statement, ()).await?;
        if listed.iter().any(|(_, _, dead)| *dead == Some(false)) {
            return Err(Error::Refused(
                "a server owns this keyspace, or was killed before it could leave it; stop it by SIGTERM, or start one and stop it"
                    .into(),
            ));
        }
        Ok(())
    }

    /// A timestamp for a write.
    pub(super) async fn stamp(&self) -> Result<i64, Error> {
        match self.stamps.next() {
            Ok(at_us) => Ok(at_us),
            Err(at_us) => self.raise_ceiling(at_us).await,
        }
    }

    /// The ceiling is stored, and this server confirmed after that, before a timestamp above the old one is used.
    async fn raise_ceiling(&self, at_us: i64) -> Result<i64, Error> {
        let _raising = self.stamps.raising.lock().await;
        if self.stamps.allows(at_us) {
            return Ok(at_us);
        }
        let ceiling_us = at_us.saturating_add(AHEAD_US);
        if let Some(node) = self.owner.node() {
            self.store_ceiling(node, ceiling_us).await?;
            self.confirm().await?;
        }
        self.stamps.allow(ceiling_us);
        Ok(at_us)
    }

    pub(super) async fn store_ceiling(&self, node: Node, ceiling_us: i64) -> Result<(), Error> {
        let values = (ceiling_us, ceiling_us, node.id);
        self.cql.write(&self.statements.ceiling_raise, values).await
    }
}
