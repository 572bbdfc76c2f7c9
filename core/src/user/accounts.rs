//! The accounts of a user: what is booked, what is owed, and that later earnings repay first (domain.md 8.1, 8.3).
//!
//! How a transfer is keyed and summed is `ledger`'s.

use alloc::string::ToString;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::{User, fold::Fold};
use crate::{
    civil::Day,
    event::{AccountFact, Event, FactKind, Transfer, WonPrize},
    id::ChallengeId,
    ledger::{self, Account, Posting},
};

/// Rule of everything that sets a grant right, with its version.
pub(super) const VERDICT_RULE: &str = "verdict@1";

/// What is known of a user's accounts besides the available balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Accounts {
    /// Owed after a claw-back, 10^-6 token.
    #[n(0)]
    pub debt_micro: i64,
    /// Correcting transfers so far: what makes the key of the next one unique.
    #[n(1)]
    pub corrections: u32,
    /// Whether a transfer has touched the available account.
    #[n(2)]
    pub available_open: bool,
    /// Whether a transfer has touched the debt account.
    #[n(3)]
    pub debt_open: bool,
    /// Prizes that cannot be spent yet, 10^-6 token.
    #[n(4)]
    #[cbor(default)]
    pub held_micro: i64,
    /// Whether a transfer has touched the held account.
    #[n(5)]
    #[cbor(default)]
    pub held_open: bool,
}

/// Books a transfer between accounts of the user and the partition's, and tells it. The caller sees to it that no account of
/// the user falls below zero.
pub(super) fn book(user: &mut User, fold: &mut Fold<'_>, posting: Posting) {
    let (debit, credit) = (posting.debit, posting.credit);
    let (day, amount_micro) = (posting.day, posting.amount_micro);
    let transfer = transfer(user, fold, posting);
    let available_micro = user.available_micro;
    let fact = if credit == Account::Available {
        FactKind::TokensPosted {
            day,
            rule: transfer.rule.clone(),
            amount_micro,
            available_micro,
            transfer: transfer.id,
        }
    } else if debit == Account::Available {
        FactKind::Account(AccountFact::TokensCharged {
            day,
            code: transfer.code.to_string(),
            amount_micro,
            available_micro,
            transfer: transfer.id,
        })
    } else {
        let more = credit == Account::Debt;
        FactKind::Account(AccountFact::DebtChanged {
            day,
            change_micro: if more {
                amount_micro
            } else {
                amount_micro.saturating_neg()
            },
            debt_micro: user.accounts.debt_micro,
            transfer: transfer.id,
        })
    };
    tell(user, fold, (transfer, fact));
}

/// Makes a transfer and moves its amount; [`tell`] comes next.
fn transfer(user: &mut User, fold: &Fold<'_>, posting: Posting) -> Transfer {
    let (debit, credit) = (posting.debit, posting.credit);
    let amount_micro = posting.amount_micro;
    let mut transfer = ledger::transfer(fold.header.partition, &user.id, posting);
    transfer.opens = touch(user, debit).saturating_add(touch(user, credit));
    transfer.event_seq = user.last_seq.saturating_add(1);
    transfer.created_ms = fold.at_ms;
    add(user, debit, amount_micro.saturating_neg());
    add(user, credit, amount_micro);
    transfer
}

/// Tells a transfer by its fact.
fn tell(user: &mut User, fold: &mut Fold<'_>, (transfer, fact): (Transfer, FactKind)) {
    fold.tell(user, fact);
    user.transfers.push(transfer.clone());
    fold.emit(Event::Transfer(transfer));
}

/// Books a prize and tells of it; what is held until an instant cannot be spent before (domain.md 5.1).
pub(super) fn book_prize(
    user: &mut User,
    fold: &mut Fold<'_>,
    (challenge, reward): (ChallengeId, u32),
    (posting, held_until_ms): (Posting, Option<i64>),
) {
    let (day, amount_micro) = (posting.day, posting.amount_micro);
    let transfer = transfer(user, fold, posting);
    let fact = FactKind::PrizeWon(WonPrize {
        challenge,
        reward,
        day,
        amount_micro,
        held_until_ms,
        available_micro: user.available_micro,
        transfer: transfer.id,
    });
    tell(user, fold, (transfer, fact));
}

/// How many accounts of the user are touched for the first time.
fn touch(user: &mut User, account: Account) -> u8 {
    let open = match account {
        Account::Available => &mut user.accounts.available_open,
        Account::Debt => &mut user.accounts.debt_open,
        Account::Held => &mut user.accounts.held_open,
        Account::Treasury | Account::Revenue | Account::Campaign(_) => return 0,
    };
    u8::from(!core::mem::replace(open, true))
}

fn add(user: &mut User, account: Account, amount_micro: i64) {
    let balance = match account {
        Account::Available => &mut user.available_micro,
        Account::Debt => &mut user.accounts.debt_micro,
        Account::Held => &mut user.accounts.held_micro,
        Account::Treasury | Account::Revenue | Account::Campaign(_) => return,
    };
    *balance = balance.saturating_add(amount_micro);
}

/// A transfer that sets something right; nothing where the amount is 0.
pub(super) fn correct(
    user: &mut User,
    fold: &mut Fold<'_>,
    (debit, credit): (Account, Account),
    (code, day, amount_micro): (&'static str, Day, i64),
    (rule, evidence): (&'static str, [u8; 32]),
) {
    if amount_micro <= 0 {
        return;
    }
    user.accounts.corrections = user.accounts.corrections.saturating_add(1);
    let posting = Posting {
        debit,
        credit,
        amount_micro,
        code,
        rule,
        day,
        goal: None,
        challenge: None,
        number: i64::from(user.accounts.corrections),
        evidence,
    };
    book(user, fold, posting);
}

/// Takes back what a grant has paid; what is not there any more is owed.
pub(super) fn claw_back(
    user: &mut User,
    fold: &mut Fold<'_>,
    (day, amount_micro): (Day, i64),
    evidence: [u8; 32],
) {
    let why = (VERDICT_RULE, evidence);
    let there = amount_micro.min(user.available_micro).max(0);
    let owed = amount_micro.saturating_sub(there);
    let back = (Account::Available, Account::Treasury);
    correct(user, fold, back, ("clawback", day, there), why);
    let owing = (Account::Treasury, Account::Debt);
    correct(user, fold, owing, ("debt", day, owed), why);
}

/// Gives back what was taken: what is owed falls first, as if it had never been.
pub(super) fn restore(
    user: &mut User,
    fold: &mut Fold<'_>,
    (day, amount_micro): (Day, i64),
    evidence: [u8; 32],
) {
    let why = (VERDICT_RULE, evidence);
    let owed = amount_micro.min(user.accounts.debt_micro).max(0);
    let paid = amount_micro.saturating_sub(owed);
    let owing = (Account::Debt, Account::Treasury);
    correct(user, fold, owing, ("release", day, owed), why);
    let back = (Account::Treasury, Account::Available);
    correct(user, fold, back, ("restore", day, paid), why);
}

/// After every earning: what is owed is paid first (domain.md 8.3).
pub(super) fn repay(user: &mut User, fold: &mut Fold<'_>, day: Day) {
    let amount_micro = user.accounts.debt_micro.min(user.available_micro).max(0);
    let last = user
        .transfers
        .last()
        .map_or([0; 16], |transfer| transfer.id);
    let why = (VERDICT_RULE, Sha256::digest(last).into());
    let back = (Account::Available, Account::Treasury);
    correct(user, fold, back, ("repay", day, amount_micro), why);
    let owing = (Account::Debt, Account::Treasury);
    correct(user, fold, owing, ("release", day, amount_micro), why);
}
