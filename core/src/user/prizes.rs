//! What a user wins in challenges: paid once by the campaign's part of this partition, and held for a while where it is much
//! (domain.md 5.1, 8.1; ADR 0057).
//!
//! Who wins what is `challenge::prizes`'s. That it is paid once, and taken back once, is the enrolment's: a conclusion that is told again
//! changes nothing.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::{User, accounts, closing::Kind, fold::Fold};
use crate::{
    challenge::prizes::Prize,
    civil::Day,
    id::{CampaignId, ChallengeId},
    ledger::{Account, Posting},
    limits,
};

/// Rule of every prize, with its version.
const PRIZE_RULE: &str = "prize@1";

/// What one challenge has paid that cannot be spent yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HeldPrize {
    /// When it can be spent, POSIX ms.
    #[n(0)]
    pub until_ms: i64,
    /// Amount, 10^-6 token, above 0.
    #[n(1)]
    pub amount_micro: i64,
    /// The campaign that has paid it.
    #[n(2)]
    pub campaign: CampaignId,
}

/// Pays the prizes of a settled challenge; what is owed is repaid from what can be spent at once.
pub(super) fn pay(
    user: &mut User,
    fold: &mut Fold<'_>,
    (challenge, campaign): (ChallengeId, CampaignId),
    prizes: &[Prize],
) {
    let day = user.day_of(fold.at_ms);
    let until_ms = fold.at_ms.saturating_add(limits::HELD_MS);
    let mut held_micro = 0_i64;
    for prize in prizes.iter().filter(|prize| prize.amount_micro > 0) {
        let is_held = prize.amount_micro >= limits::HELD_PRIZE_MICRO;
        let credit = if is_held {
            Account::Held
        } else {
            Account::Available
        };
        let accounts = (Account::Campaign(campaign), credit);
        let posting = Posting {
            number: i64::from(prize.reward),
            evidence: evidence(challenge, prizes),
            ..posting(challenge, accounts, ("prize", prize.amount_micro), day)
        };
        let until_ms = is_held.then_some(until_ms);
        accounts::book_prize(user, fold, (challenge, prize.reward), (posting, until_ms));
        if is_held {
            held_micro = held_micro.saturating_add(prize.amount_micro);
        } else {
            accounts::repay(user, fold, day);
        }
    }
    if held_micro > 0 {
        let held = HeldPrize {
            until_ms,
            amount_micro: held_micro,
            campaign,
        };
        user.held_prizes.insert(challenge, held);
    }
}

/// When the next prize can be spent.
pub(super) fn next(user: &User) -> Option<(i64, Kind)> {
    let held = user.held_prizes.iter();
    held.map(|(id, held)| (held.until_ms, Kind::PrizeRelease(*id)))
        .min()
}

/// A prize can be spent from now on.
pub(super) fn release(user: &mut User, fold: &mut Fold<'_>, challenge: ChallengeId) {
    let day = user.day_of(fold.at_ms);
    set_free(user, fold, (challenge, day));
    accounts::repay(user, fold, day);
}

fn set_free(user: &mut User, fold: &mut Fold<'_>, (challenge, day): (ChallengeId, Day)) {
    let Some(held) = user.held_prizes.remove(&challenge) else {
        return;
    };
    let accounts = (Account::Held, Account::Available);
    let set_free = ("prize_release", held.amount_micro);
    accounts::book(user, fold, posting(challenge, accounts, set_free, day));
}

/// Gives back to its campaign what a challenge has paid. What is not there any more the treasury lends, and the user owes.
pub(super) fn take_back(
    user: &mut User,
    fold: &mut Fold<'_>,
    (challenge, campaign): (ChallengeId, CampaignId),
    won_micro: i64,
) {
    let day = user.day_of(fold.at_ms);
    set_free(user, fold, (challenge, day));
    let lacks_micro = won_micro.saturating_sub(user.available_micro.max(0));
    if lacks_micro > 0 {
        for (credit, code) in [(Account::Available, "loan"), (Account::Debt, "debt")] {
            let accounts = (Account::Treasury, credit);
            let lent = posting(challenge, accounts, (code, lacks_micro), day);
            accounts::book(user, fold, lent);
        }
    }
    let accounts = (Account::Available, Account::Campaign(campaign));
    let back = posting(challenge, accounts, ("prize_void", won_micro), day);
    accounts::book(user, fold, back);
}

/// A transfer about a challenge, the only one with its code.
fn posting(
    challenge: ChallengeId,
    (debit, credit): (Account, Account),
    (code, amount_micro): (&'static str, i64),
    day: Day,
) -> Posting {
    Posting {
        debit,
        credit,
        amount_micro,
        code,
        rule: PRIZE_RULE,
        day,
        goal: None,
        challenge: Some(challenge),
        number: 0,
        evidence: evidence(challenge, &[]),
    }
}

/// SHA-256 of what the payment rests on: the challenge, and all that it pays this user.
fn evidence(challenge: ChallengeId, prizes: &[Prize]) -> [u8; 32] {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = minicbor::encode(prizes, &mut bytes);
    let hash = Sha256::new_with_prefix(challenge.0);
    hash.chain_update(bytes).finalize().into()
}
