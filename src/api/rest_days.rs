//! `/v1/users/{user}/rest-days`: days without daily goals, chosen before they begin. No body, no precondition: both may be
//! repeated.

use serde::Serialize;
use streakline_core::civil::Day;
use utoipa::ToSchema;

use super::{
    answer,
    ask::{Ask, Search},
    problem::Answer,
};
use crate::protocol::body::Page;

/// A day without daily goals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct RestDay {
    /// The date.
    #[schema(format = Date, example = "2016-04-17")]
    day: String,
}

impl From<&Day> for RestDay {
    fn from(day: &Day) -> Self {
        Self { day: day.iso() }
    }
}

/// List the rest days of a user, past ones too
#[utoipa::path(get, path = "/v1/users/{user}/rest-days", tag = "goals",
    operation_id = "list_rest_days",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of rest days", body = Page<RestDay>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let page = query.page(format!("rest-days/{user}"), &ask.api.cursors);
    query.done()?;
    let days = ask.api.directory.rest_days(&user).await?;
    let (days, last) = page.cut(days, |day| day.iso());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(days.iter().map(RestDay::from).collect(), next)
}

/// Choose a rest day: at most 2 in an ISO week, before the day begins
#[utoipa::path(put, path = "/v1/users/{user}/rest-days/{date}", tag = "goals",
    operation_id = "write_rest_day",
    responses(
        (status = 200, description = "It is one already", body = inline(RestDay)),
        (status = 201, description = "Chosen", body = inline(RestDay)),
    ))]
pub(super) async fn write(ask: Ask) -> Answer {
    let (user, day) = (ask.own_user()?, ask.date()?);
    let directory = &ask.api.directory;
    let written = directory.put_rest_day(&user, day, ask.caller()).await?;
    answer::written(written.created, None, &RestDay::from(&written.value))
}

/// Take a rest day back, before it begins
#[utoipa::path(delete, path = "/v1/users/{user}/rest-days/{date}", tag = "goals",
    operation_id = "delete_rest_day",
    responses((status = 204, description = "Taken back")))]
pub(super) async fn remove(ask: Ask) -> Answer {
    let (user, day) = (ask.own_user()?, ask.date()?);
    let directory = &ask.api.directory;
    directory.delete_rest_day(&user, day, ask.caller()).await?;
    answer::gone()
}
