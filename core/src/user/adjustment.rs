//! A balance that is set right by hand, with a reason (domain.md 8.1).

use sha2::{Digest, Sha256};

use super::{User, accounts, fold::Fold};
use crate::{input::Adjustment, ledger::Account};

/// What its transfer is called.
pub const CODE: &str = "adjustment";

/// Rule of every adjustment, with its version.
const ADJUSTMENT_RULE: &str = "adjustment@1";

/// The user has only so much that can be spent, 10^-6 token: nobody is taken below 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only {0} micro-tokens can be taken")]
pub struct Lacking(pub i64);

impl User {
    /// Whether the balance may be adjusted by so much, 10^-6 token.
    ///
    /// # Errors
    /// [`Lacking`] where less is there than is to be taken.
    pub fn may_adjust(&self, amount_micro: i64) -> Result<(), Lacking> {
        let left = self.available_micro.checked_add(amount_micro);
        if left.is_some_and(|left| left >= 0) {
            Ok(())
        } else {
            Err(Lacking(self.available_micro))
        }
    }
}

/// Gives or takes tokens; what is owed is repaid from what is given. Boundaries that ran since it was admitted may have left less: then
/// that is taken.
pub(super) fn adjust(user: &mut User, fold: &mut Fold<'_>, adjustment: &Adjustment) {
    let day = user.day_of(fold.at_ms);
    let why = (ADJUSTMENT_RULE, Sha256::digest(&adjustment.reason).into());
    let amount_micro = adjustment.amount_micro;
    if amount_micro > 0 {
        let accounts = (Account::Treasury, Account::Available);
        accounts::correct(user, fold, accounts, (CODE, day, amount_micro), why);
        accounts::repay(user, fold, day);
    } else {
        let taken_micro = amount_micro
            .saturating_neg()
            .min(user.available_micro.max(0));
        let accounts = (Account::Available, Account::Treasury);
        accounts::correct(user, fold, accounts, (CODE, day, taken_micro), why);
    }
}
