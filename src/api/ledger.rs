//! `/v1/users/{user}/ledger` and `/v1/ledger/summary`: transfers, and the sums of all accounts.

use super::{
    answer,
    ask::{Ask, Search},
    problem::Answer,
};
use crate::protocol::body::{LedgerSummary, Page, Transfer};

/// List the transfers of a user, oldest first
#[utoipa::path(get, path = "/v1/users/{user}/ledger", tag = "ledger",
    operation_id = "list_transfers",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of transfers", body = Page<Transfer>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let page = query.page(format!("ledger/{user}"), &ask.api.cursors);
    query.done()?;
    let after = page.after_number();
    let (transfers, more) = ask.api.directory.ledger(&user, after, page.limit).await?;
    let last = transfers
        .last()
        .filter(|_| more)
        .map(|transfer| transfer.event_seq.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(transfers.iter().map(Transfer::from).collect(), next)
}

/// Read the sums over all accounts
#[utoipa::path(get, path = "/v1/ledger/summary", tag = "ledger",
    operation_id = "read_ledger_summary",
    responses((status = 200, description = "The sums, 10^-6 token", body = LedgerSummary)))]
pub(super) async fn summary(ask: Ask) -> Answer {
    ask.principal.must_be_admin()?;
    let view = ask.api.directory.ledger_summary().await?;
    answer::one(&ask.request, None, &LedgerSummary::from(&view))
}
