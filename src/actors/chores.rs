//! Tasks for an arbiter itself, beside the commands to its actors.

use std::collections::BTreeMap;

use actix::{Handler, Message};
use streakline_core::id::{ChallengeId, PartitionId, Position, UserId};
use tokio::sync::oneshot;

use super::{
    host::{HostActor, offer},
    shared::{Shared, Token},
};
use crate::protocol::error_code::Refusal;

/// A task for the arbiter itself.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum Chore {
    /// A challenge asks a partition for its barrier.
    Barrier {
        partition: PartitionId,
        cutoff_ms: i64,
        challenge: ChallengeId,
        token: Token,
    },
    /// A challenge has been activated: everyone who is enrolled sends its score again, unless that was asked before;
    /// answers how far that is.
    Resend {
        challenge: ChallengeId,
        sent: bool,
        reply: oneshot::Sender<super::barrier::Resent>,
    },
    /// Wakes everybody who is due; answers how many were.
    WakeDue { reply: oneshot::Sender<usize> },
    /// The first position that each partition must keep.
    FirstUncovered {
        reply: oneshot::Sender<BTreeMap<PartitionId, Position>>,
    },
    /// The sums of the arbiter's partitions.
    Totals {
        reply: oneshot::Sender<Vec<streakline_core::ledger::Totals>>,
    },
    /// A challenge asks the arbiter of its part of the board.
    Part {
        challenge: ChallengeId,
        task: Box<super::parts::PartTask>,
    },
    /// A step of an erasure.
    Erasing(super::erasing::Step),
    /// Sees to it that a snapshot covers everything that is durable of a user.
    CoverUser {
        user: UserId,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// How many have inputs that no snapshot covers, and the bytes of journal behind them.
    Uncovered {
        reply: oneshot::Sender<(usize, u64)>,
    },
    /// Snapshots everybody; answers when all is written.
    SnapshotAll { reply: oneshot::Sender<()> },
}

impl Handler<Chore> for HostActor {
    type Result = ();

    fn handle(&mut self, chore: Chore, _: &mut Self::Context) {
        let host = self.host.clone();
        match chore {
            Chore::Barrier {
                partition,
                cutoff_ms,
                challenge,
                token,
            } => {
                super::barrier::ask(&host, partition, (cutoff_ms, challenge));
                drop(token);
            }
            Chore::Resend {
                challenge,
                sent,
                reply,
            } => {
                let _ = reply.send(super::barrier::resend(&host, challenge, sent));
            }
            Chore::WakeDue { reply } => {
                actix::spawn(async move {
                    // Who is due is not known before the recovered tails are folded.
                    super::recovery::tails_taken(&host).await;
                    let woken = super::upkeep::wake_due(&host).await;
                    let _ = reply.send(woken);
                });
            }
            Chore::FirstUncovered { reply } => {
                let _ = reply.send(super::upkeep::first_uncovered(&host));
            }
            Chore::Totals { reply } => {
                let partitions = host.partitions.borrow();
                let _ = reply.send(partitions.values().map(|held| held.totals).collect());
            }
            Chore::Part { challenge, task } => super::parts::run(&host, challenge, *task),
            Chore::Erasing(step) => super::erasing::take(&host, step),
            Chore::CoverUser { user, reply } => {
                actix::spawn(async move {
                    let _ = reply.send(super::exporting::cover(&host, user).await);
                });
            }
            Chore::Uncovered { reply } => {
                let _ = reply.send(super::upkeep::uncovered(&host));
            }
            Chore::SnapshotAll { reply } => {
                actix::spawn(async move {
                    super::upkeep::snapshot_all(&host).await;
                    let _ = reply.send(());
                });
            }
        }
    }
}

/// Sends a chore to the arbiter of a partition.
pub(super) fn send_chore(
    shared: &Shared,
    partition: PartitionId,
    chore: Chore,
) -> Result<(), Refusal> {
    offer(shared.host_of(partition), chore)
}
