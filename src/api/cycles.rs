//! `/v1/challenges/{id}/cycles`: every cycle of a challenge that begins anew.

use super::{answer, ask::Search, problem::Answer};
use crate::protocol::body::{Cycle, Page};

/// List the cycles of a challenge that begins anew, oldest first; any other has none
#[utoipa::path(get, path = "/v1/challenges/{id}/cycles", tag = "challenges",
    operation_id = "list_cycles",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of cycles", body = Page<Cycle>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let id = ask.challenge()?;
    let page = query.page(format!("cycles/{id}"), &ask.api.cursors);
    query.done()?;
    let after = u32::try_from(page.after_number()).unwrap_or(u32::MAX);
    let (views, more) = ask.api.directory.cycles(id, after, page.limit).await?;
    let last = views.last().filter(|_| more);
    let last = last.map(|(view, _)| view.number.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(views.iter().map(Cycle::of).collect(), next)
}
