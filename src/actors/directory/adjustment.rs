//! The door to a balance that is set right by hand.

use streakline_core::{
    event::Transfer,
    id::UserId,
    input::{Adjustment, UserInput},
    user::{User, adjustment::CODE},
};

use super::{Directory, Outcome};
use crate::{
    actors::message::{Caller, IdempotentOf},
    protocol::error_code::{Code, Refusal},
    storage::IdempotencyRecord,
};

impl Directory {
    /// Gives tokens to a user, or takes some.
    ///
    /// # Errors
    /// `NotFound`, `Limit` where less is there than is to be taken.
    pub async fn adjust(
        &self,
        user: &UserId,
        adjustment: Adjustment,
        caller: Caller,
        once: IdempotentOf<Transfer>,
    ) -> Outcome<IdempotencyRecord> {
        let admit = move |user: &User, _: i64| {
            let may = user.may_adjust(adjustment.amount_micro);
            may.map_err(|lacking| Refusal::new(Code::Limit, lacking.to_string()))?;
            Ok(UserInput::Adjust(adjustment))
        };
        let view = |user: &User, _: i64| {
            let made = user.transfers.iter().rev().find(|made| made.code == CODE);
            let lost = || Refusal::new(Code::Internal, "nothing was booked");
            made.cloned().ok_or_else(lost)
        };
        self.write_once((user, caller), admit, view, once).await
    }
}
