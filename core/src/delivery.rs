//! Delivery between actors: at least once, and harmless (design.md 2, law 6). The sender keeps the newest message a receiver
//! has not confirmed; the receiver drops what it already knows, by version or by enrolment number.

use alloc::{collections::BTreeMap, vec::Vec};

/// Messages to other actors, one a receiver: a newer one takes the place of an older one.
#[derive(Clone, Debug)]
pub struct Outbox<K, M> {
    slots: BTreeMap<K, Slot<M>>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Slot<M> {
    message: M,
    number: u64,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Waiting,
    Sent,
    /// Sent before the last round, and not confirmed since.
    Overdue,
}

impl<K, M> Default for Outbox<K, M> {
    fn default() -> Self {
        Self {
            slots: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<K: Ord + Clone, M: Clone + PartialEq> Outbox<K, M> {
    /// Leaves a message for a receiver.
    pub fn offer(&mut self, to: K, message: M) {
        self.next = self.next.saturating_add(1);
        self.slots.insert(
            to,
            Slot {
                message,
                number: self.next,
                way: Way::Waiting,
            },
        );
    }

    /// Up to `limit` messages to be sent now, each with the number to release it by.
    pub fn due(&mut self, limit: usize) -> Vec<(K, u64, M)> {
        let waiting = self
            .slots
            .iter_mut()
            .filter(|(_, slot)| slot.way == Way::Waiting)
            .take(limit);
        waiting
            .map(|(to, slot)| {
                slot.way = Way::Sent;
                (to.clone(), slot.number, slot.message.clone())
            })
            .collect()
    }

    /// The receiver has this message; another one to it stays. Compared by content, because a confirmation may be late by
    /// a life of its sender, whose numbers begin again.
    pub fn confirm(&mut self, to: &K, message: &M) {
        if self
            .slots
            .get(to)
            .is_some_and(|slot| slot.message == *message)
        {
            self.slots.remove(to);
        }
    }

    /// The receiver is gone for good.
    pub fn drop_for(&mut self, to: &K) {
        self.slots.remove(to);
    }

    /// It did not arrive: it falls due again.
    pub fn release(&mut self, to: &K, number: u64) {
        if let Some(slot) = self.slots.get_mut(to).filter(|slot| slot.number == number) {
            slot.way = Way::Waiting;
        }
    }

    /// A round has passed: what was sent before the last one and is not confirmed falls due again, because the message or
    /// its confirmation may be lost.
    pub fn round(&mut self) {
        for slot in self.slots.values_mut() {
            slot.way = match slot.way {
                Way::Sent => Way::Overdue,
                Way::Overdue | Way::Waiting => Way::Waiting,
            };
        }
    }

    /// Whether a message to this receiver is not confirmed.
    #[must_use]
    pub fn holds(&self, to: &K) -> bool {
        self.slots.contains_key(to)
    }

    /// Whether a message waits that is not on its way.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        self.slots.values().any(|slot| slot.way == Way::Waiting)
    }

    /// Messages that are not confirmed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether everything is confirmed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_message_wins_and_stays_until_it_is_confirmed() {
        let mut outbox = Outbox::default();
        outbox.offer("board", 1);
        let (_, _, first) = outbox.due(9).pop().unwrap();
        outbox.offer("board", 2);
        outbox.confirm(&"board", &first);
        assert!(
            outbox.holds(&"board"),
            "a late confirmation does not take the newer one away"
        );
        let (_, second, message) = outbox.due(9).pop().unwrap();
        assert_eq!(message, 2);
        assert!(outbox.due(9).is_empty(), "in flight");
        outbox.release(&"board", second);
        assert_eq!(outbox.due(9).len(), 1, "sent again");
        outbox.confirm(&"board", &message);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_message_that_nobody_confirms_falls_due_again_after_a_whole_round() {
        let mut outbox = Outbox::default();
        outbox.offer("board", 1);
        assert_eq!(outbox.due(9).len(), 1);
        outbox.round();
        assert!(outbox.due(9).is_empty(), "its answer may be on the way");
        outbox.round();
        assert_eq!(outbox.due(9).len(), 1);
    }
}
