//! `/v1/users/{user}/balance`: what a user has, owes and will get.

use super::{answer, ask::Ask, problem::Answer};
use crate::protocol::body::Balance;

/// Read the balances of a user
#[utoipa::path(get, path = "/v1/users/{user}/balance", tag = "ledger",
    operation_id = "read_balance",
    responses((status = 200, description = "The balances, 10^-6 token", body = Balance)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let view = ask.api.directory.balance(&user).await?;
    answer::one(&ask.request, None, &Balance::of(&user, &view))
}
