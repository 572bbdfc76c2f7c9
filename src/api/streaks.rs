//! `/v1/users/{user}/streaks`: one streak a goal.

use super::{answer, ask::Search, problem::Answer};
use crate::protocol::body::{Page, Streak};

/// List the streaks of a user, by goal
#[utoipa::path(get, path = "/v1/users/{user}/streaks", tag = "days",
    operation_id = "list_streaks",
    params(
        ("as_of" = Option<String>, Query, example = "2016-05-11",
            description = "Told for that day, unclosed met days counted; not after today"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of streaks", body = Page<Streak>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let as_of = query.date("as_of");
    let page = query.page(format!("streaks/{user}"), &ask.api.cursors);
    query.done()?;
    let streaks = ask.api.directory.streaks(&user, as_of).await?;
    let (streaks, last) = page.cut(streaks, |view| view.goal.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(streaks.iter().map(Streak::from).collect(), next)
}
