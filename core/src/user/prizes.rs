//! What a user wins in challenges: paid once by the campaign's part of this partition, and held for a while where it is much
//! (domain.md 5.1, 8.1; ADR 0057).
//!
//! Who wins what is `challenge::prizes`'s. That it is paid once is the enrolment's: a conclusion that is told again changes nothing.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::{User, accounts, closing::Kind, fold::Fold};
use crate::{
    challenge::prizes::Prize,
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
        let posting = Posting {
            debit: Account::Campaign(campaign),
            credit,
            amount_micro: prize.amount_micro,
            code: "prize",
            rule: PRIZE_RULE,
            day,
            goal: None,
            challenge: Some(challenge),
            number: i64::from(prize.reward),
            evidence: evidence(challenge, prizes),
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
    let Some(held) = user.held_prizes.remove(&challenge) else {
        return;
    };
    let day = user.day_of(fold.at_ms);
    let posting = Posting {
        debit: Account::Held,
        credit: Account::Available,
        amount_micro: held.amount_micro,
        code: "prize_release",
        rule: PRIZE_RULE,
        day,
        goal: None,
        challenge: Some(challenge),
        number: 0,
        evidence: evidence(challenge, &[]),
    };
    accounts::book(user, fold, posting);
    accounts::repay(user, fold, day);
}

/// SHA-256 of what the payment rests on: the challenge, and all that it pays this user.
fn evidence(challenge: ChallengeId, prizes: &[Prize]) -> [u8; 32] {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = minicbor::encode(prizes, &mut bytes);
    let hash = Sha256::new_with_prefix(challenge.0);
    hash.chain_update(bytes).finalize().into()
}
