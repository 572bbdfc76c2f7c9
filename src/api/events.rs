//! `/v1/users/{user}/events`: the events of the stream, for who was not listening.

use super::{answer, ask::Search, problem::Answer};
use crate::protocol::body::{Event, Events};

/// List the events of a user, the same as on the stream
#[utoipa::path(get, path = "/v1/users/{user}/events", tag = "events",
    operation_id = "list_events",
    params(
        ("after_seq" = Option<u64>, Query, description = "Only events with a larger number"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of events", body = Events)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let after_seq = query.integer("after_seq", 0..=u64::MAX);
    let page = query.page(format!("events/{user}"), &ask.api.cursors);
    query.done()?;
    // A client that follows `next` may leave `after_seq` where it is: what it has seen, it has seen.
    let after = after_seq.unwrap_or(0).max(page.after_number());
    let found = ask.api.directory.events(&user, after, page.limit).await?;
    let last = found
        .items
        .last()
        .filter(|_| found.more)
        .map(|fact| fact.seq.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    let items = found
        .items
        .iter()
        .map(|fact| Event::from(&**fact))
        .collect();
    answer::plain(&Events {
        items,
        next,
        epoch: found.epoch,
        next_seq: found.next_seq,
    })
}
