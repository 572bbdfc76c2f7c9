//! Who is being erased: such a user is taken into no challenge (ADR 0039).
//!
//! An enrolment takes a ticket, then looks whether the user is there, then the challenge journals it where the ticket still
//! holds; an erasure is noted here, then looks which challenges know the user. So one of the two sees the other, whatever
//! arbiters and threads they run on.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use streakline_core::id::UserId;

use crate::protocol::error_code::{Code, Refusal};

#[derive(Default)]
struct Book {
    users: BTreeSet<UserId>,
    begun: u64,
}

/// The erasures that are under way, and how many have begun since the start.
#[derive(Default)]
pub struct Erasures(Mutex<Book>);

/// How many erasures had begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// An erasure that is under way, until this is dropped.
pub(super) struct UnderWay {
    erasures: Arc<Erasures>,
    user: UserId,
}

/// What a user who is being erased answers.
pub(super) fn refusal() -> Refusal {
    Refusal::new(Code::Overloaded, "this user is being erased")
}

impl Erasures {
    fn book<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        // Each change is one step, so a panic elsewhere leaves nothing half done.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes an erasure.
    ///
    /// # Errors
    /// `Overloaded` when one of this user is under way.
    pub(super) fn begin(self: &Arc<Self>, user: &UserId) -> Result<UnderWay, Refusal> {
        let first = self.book(|book| {
            book.begun = book.begun.saturating_add(1);
            book.users.insert(user.clone())
        });
        let under_way = || UnderWay {
            erasures: self.clone(),
            user: user.clone(),
        };
        first.then(under_way).ok_or_else(refusal)
    }

    /// A ticket for what is about no user that can be named yet.
    pub(super) fn now(&self) -> Ticket {
        Ticket(self.book(|book| book.begun))
    }

    /// A ticket for something about a user.
    ///
    /// # Errors
    /// `Overloaded` when the user is being erased.
    pub(super) fn ticket(&self, user: &UserId) -> Result<Ticket, Refusal> {
        let free = |book: &mut Book| (!book.users.contains(user)).then_some(Ticket(book.begun));
        self.book(free).ok_or_else(refusal)
    }

    /// Whether no erasure has begun since the ticket was taken. They are rare, so nobody counts whose it was.
    ///
    /// # Errors
    /// `Overloaded` when one has.
    pub(super) fn honour(&self, ticket: Ticket) -> Result<(), Refusal> {
        let words = "a user was erased meanwhile; try again";
        let refused = || Refusal::new(Code::Overloaded, words);
        let holds = self.now() == ticket;
        holds.then_some(()).ok_or_else(refused)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.erasures.book(|book| book.users.remove(&self.user));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_being_erased_joins_nothing_and_an_earlier_ticket_is_void_for_ever() {
        let erasures = Arc::new(Erasures::default());
        let [ann, bob] = ["ann", "bob"].map(|name| UserId::parse(name).unwrap());
        let (early, other) = (erasures.ticket(&ann).unwrap(), erasures.now());
        assert_eq!(erasures.honour(early), Ok(()));
        let under_way = erasures.begin(&ann).unwrap();
        assert!(erasures.begin(&ann).is_err(), "one at a time");
        assert_eq!(erasures.ticket(&ann), Err(refusal()));
        let during = erasures.ticket(&bob).unwrap();
        assert_eq!(erasures.honour(during), Ok(()));
        drop(under_way);
        for ticket in [early, other] {
            let refused = erasures.honour(ticket).unwrap_err();
            assert_eq!(refused.code, Code::Overloaded);
        }
        let again = erasures.ticket(&ann).unwrap();
        assert_eq!(erasures.honour(again), Ok(()), "somebody new");
    }
}
