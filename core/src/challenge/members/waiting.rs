//! The order of those who wait for a place (domain.md 5.1): by ticket, so by when they asked. Who is taken in when is
//! [`waiting`](super::super::waiting)'s.

use super::{Member, Members};
use crate::id::MemberNumber;

impl Members {
    /// A ticket behind all others.
    pub(in crate::challenge) fn next_ticket(&mut self) -> u64 {
        self.last_ticket = self.last_ticket.saturating_add(1);
        self.last_ticket
    }

    /// Takes a member off the list, and says whether it was on it.
    pub(in crate::challenge) fn stop_waiting(&mut self, number: MemberNumber) -> bool {
        let member = self.by_number.get_mut(&number);
        let ticket = member.and_then(|member| member.ticket.take());
        ticket.is_some_and(|ticket| self.by_ticket.remove(&ticket).is_some())
    }

    /// Who waits, longest first, behind a ticket: 0 is in front of all.
    pub fn waiting(&self, after: u64) -> impl Iterator<Item = (u64, MemberNumber, &Member)> {
        let rest = self.by_ticket.range(after.saturating_add(1)..);
        rest.filter_map(|(ticket, number)| Some((*ticket, *number, self.by_number.get(number)?)))
    }

    /// How many wait.
    #[must_use]
    pub fn waiting_len(&self) -> usize {
        self.by_ticket.len()
    }

    /// How many wait in front of and with a ticket: 1 is next.
    #[must_use]
    pub fn place_of(&self, ticket: u64) -> u32 {
        u32::try_from(self.by_ticket.range(..=ticket).count()).unwrap_or(u32::MAX)
    }
}
