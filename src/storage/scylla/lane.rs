//! One journal partition as this server writes it: where its journal ends, and whose turn it is to write a snapshot.
//!
//! Snapshots of a partition are written one after the other, in the order in which they were asked for: each brings the partition's
//! sums along, which hold those before it. Called by `journal` and `snapshots`.

use std::sync::{Mutex as Short, PoisonError};

use tokio::sync::{Mutex, oneshot};

use super::segments::Segment;

/// A partition.
#[derive(Default)]
pub(super) struct Lane {
    pub(super) journal: Mutex<Option<Written>>,
    pub(super) snapshots: Turns,
}

/// The journal of a partition, as far as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// In order.
    pub(super) segments: Vec<Segment>,
    /// The epoch that is written.
    pub(super) epoch: u64,
    /// Index of the last input in it.
    pub(super) last: u64,
    /// Bytes in its newest segment.
    pub(super) bytes: usize,
}

/// Who waits for whom.
#[derive(Default)]
pub(super) struct Turns(Short<Option<oneshot::Receiver<()>>>);

/// A place in the row; dropped, the next one's turn begins.
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    _after: oneshot::Sender<()>,
}

impl Turns {
    /// Takes the last place.
    pub(super) fn take(&self) -> Turn {
        let (after, next) = oneshot::channel();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Turn {
            before: last.replace(next),
            _after: after,
        }
    }
}

impl Turn {
    /// Waits for all that were there before.
    pub(super) async fn begin(&mut self) {
        if let Some(before) = self.before.take() {
            // Its sender is never used, only dropped.
            let _ended = before.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn turns_come_in_the_order_in_which_they_were_taken() {
        let turns = Turns::default();
        let seen = Arc::new(Short::new(Vec::new()));
        let taken: Vec<_> = (0..5).map(|number| (number, turns.take())).collect();
        let tasks = taken.into_iter().rev().map(|(number, mut turn)| {
            let seen = seen.clone();
            tokio::spawn(async move {
                turn.begin().await;
                tokio::task::yield_now().await;
                seen.lock().unwrap().push(number);
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(*seen.lock().unwrap(), [0, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn who_gives_up_its_place_holds_nobody_up() {
        let turns = Turns::default();
        let (first, mut second) = (turns.take(), turns.take());
        drop(first);
        second.begin().await;
        turns.take().before.expect("the second is still there");
    }
}
