//! Double-entry transfers with derived keys (domain.md 8.1): what a transfer is called, and what both sides sum to.
//!
//! A transfer is decided in a user's fold; here is only its form. Nothing here reads or writes a store.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    civil::Day,
    event::Transfer,
    id::{PartitionId, UserId},
    scoring::STEPS_RULE,
    view::LedgerSummary,
};

/// The partition's own treasury account: both sides of a transfer have one owner.
#[must_use]
pub fn treasury(partition: PartitionId) -> String {
    format!("treasury/{partition}")
}

/// A user's account that can be spent from.
#[must_use]
pub fn available(user: &UserId) -> String {
    format!("user:{user}:available")
}

/// What a steps transfer is made of, besides its parties.
#[derive(Clone, Copy, Debug)]
pub struct Posting {
    /// The civil day that it pays for.
    pub day: Day,
    /// Amount, 10^-6 token.
    pub amount_micro: i64,
    /// Total posted for the day after it.
    pub cumulative_micro: i64,
    /// SHA-256 of the day state that it rests on.
    pub evidence: [u8; 32],
    /// Number of the fact that tells of it.
    pub event_seq: u64,
    /// Logical time, POSIX ms.
    pub created_ms: i64,
}

/// The transfer from the partition's treasury to a user for a day's steps.
#[must_use]
pub fn steps_transfer(partition: PartitionId, user: &UserId, posting: Posting) -> Transfer {
    Transfer {
        id: key_id("steps", user, posting.day, posting.cumulative_micro),
        debit: treasury(partition),
        credit: available(user),
        amount_micro: posting.amount_micro,
        code: "steps".to_string(),
        rule: STEPS_RULE.to_string(),
        subject: user.clone(),
        day: posting.day,
        cumulative_micro: posting.cumulative_micro,
        evidence: posting.evidence,
        event_seq: posting.event_seq,
        created_ms: posting.created_ms,
    }
}

/// 128-bit hash of the idempotency key (code, user, day, total posted after this transfer): derived, never random, so a
/// replay makes the same transfer and an increment has its own (design.md 2, law 6).
#[must_use]
pub fn key_id(code: &str, user: &UserId, day: Day, cumulative_micro: i64) -> [u8; 16] {
    let mut key = Vec::with_capacity(96);
    let mut encoder = minicbor::Encoder::new(&mut key);
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = encoder.array(4).and_then(|e| {
        e.str(code)?
            .str(user.as_str())?
            .str(&day.iso())?
            .i64(cumulative_micro)?
            .ok()
    });
    let mut id = [0_u8; 16];
    id.iter_mut()
        .zip(Sha256::digest(&key))
        .for_each(|(to, from)| *to = from);
    id
}

/// What one partition's transfers sum to; `/v1/ledger/summary` adds up 256 of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Totals {
    /// Transfers booked.
    #[n(0)]
    pub transfers: u64,
    /// Users with an available account.
    #[n(1)]
    pub user_accounts: u64,
    /// Balance of the treasury account, 10^-6 token; never above 0.
    #[n(2)]
    pub treasury_micro: i64,
    /// Balance of all available accounts, 10^-6 token.
    #[n(3)]
    pub available_micro: i64,
}

impl Totals {
    /// Books one transfer: both sides, so the sum stays zero.
    pub fn book(&mut self, transfer: &Transfer, first_of_user: bool) {
        self.transfers = self.transfers.saturating_add(1);
        self.user_accounts = self.user_accounts.saturating_add(u64::from(first_of_user));
        self.treasury_micro = self.treasury_micro.saturating_sub(transfer.amount_micro);
        self.available_micro = self.available_micro.saturating_add(transfer.amount_micro);
    }

    /// Sums of transfers to one user, in order; `available_micro` is the user's balance after the last. The first transfer that a
    /// user ever gets opens the account: then the balance is all that was added.
    #[must_use]
    pub fn of<'a>(
        transfers: impl Iterator<Item = &'a Transfer> + Clone,
        available_micro: i64,
    ) -> Self {
        let amounts = transfers.clone().map(|transfer| transfer.amount_micro);
        let opens_account = amounts.fold(0, i64::saturating_add) == available_micro;
        let mut totals = Self::default();
        for (at, transfer) in transfers.enumerate() {
            totals.book(transfer, at == 0 && opens_account);
        }
        totals
    }

    /// Adds what another part of the ledger holds.
    pub fn add(&mut self, other: &Self) {
        self.transfers = self.transfers.saturating_add(other.transfers);
        self.user_accounts = self.user_accounts.saturating_add(other.user_accounts);
        self.treasury_micro = self.treasury_micro.saturating_add(other.treasury_micro);
        self.available_micro = self.available_micro.saturating_add(other.available_micro);
    }

    /// Takes back what a state had booked that is let go before it was written.
    pub fn take_back(&mut self, other: &Self) {
        self.transfers = self.transfers.saturating_sub(other.transfers);
        self.user_accounts = self.user_accounts.saturating_sub(other.user_accounts);
        self.treasury_micro = self.treasury_micro.saturating_sub(other.treasury_micro);
        self.available_micro = self.available_micro.saturating_sub(other.available_micro);
    }

    /// These totals as one partition's part of the summary.
    #[must_use]
    pub fn summary(&self) -> LedgerSummary {
        LedgerSummary {
            accounts: self
                .user_accounts
                .saturating_add(u64::from(self.transfers > 0)),
            transfers: self.transfers,
            sum_micro: self.treasury_micro.saturating_add(self.available_micro),
            treasury_micro: self.treasury_micro,
            available_micro: self.available_micro,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(amount_micro: i64, cumulative_micro: i64) -> Posting {
        let day = Day::parse("2016-04-13").unwrap();
        Posting {
            day,
            amount_micro,
            cumulative_micro,
            evidence: [0; 32],
            event_seq: 1,
            created_ms: 0,
        }
    }

    #[test]
    fn an_increment_has_its_own_key_and_a_replay_has_the_same() {
        let ann = UserId::parse("ann").unwrap();
        let first = steps_transfer(PartitionId(412), &ann, posting(5, 5));
        assert_eq!(
            first.id,
            steps_transfer(PartitionId(412), &ann, posting(5, 5)).id
        );
        assert_ne!(
            first.id,
            steps_transfer(PartitionId(412), &ann, posting(5, 10)).id
        );
        assert_eq!(
            (first.debit.as_str(), first.credit.as_str()),
            ("treasury/412", "user:ann:available")
        );
    }

    #[test]
    fn both_sides_of_every_transfer_sum_to_zero() {
        let ann = UserId::parse("ann").unwrap();
        let mut totals = Totals::default();
        totals.book(&steps_transfer(PartitionId(412), &ann, posting(5, 5)), true);
        totals.book(
            &steps_transfer(PartitionId(412), &ann, posting(2, 7)),
            false,
        );
        let summary = totals.summary();
        assert_eq!(
            (summary.sum_micro, summary.treasury_micro, summary.accounts),
            (0, -7, 2)
        );
    }

    #[test]
    fn only_the_first_transfer_of_a_user_opens_an_account() {
        let ann = UserId::parse("ann").unwrap();
        let transfer =
            |amount, total| steps_transfer(PartitionId(412), &ann, posting(amount, total));
        let (first, second) = (transfer(5, 5), transfer(2, 7));
        assert_eq!(
            Totals::of([&first, &second].into_iter(), 7).user_accounts,
            1
        );
        let mut apart = Totals::of([&first].into_iter(), 5);
        apart.add(&Totals::of([&second].into_iter(), 7));
        assert_eq!(apart, Totals::of([&first, &second].into_iter(), 7));
    }
}
