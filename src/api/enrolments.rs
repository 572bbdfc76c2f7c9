//! `/v1/challenges/{id}/enrolments`: joining and leaving. Neither has a body or a precondition: both may be repeated.

use streakline_core::id::UserId;

use super::{
    answer,
    ask::{Ask, Search},
    problem::Answer,
};
use crate::protocol::{
    body::{Enrolment, Page},
    error_code::{Code, Refusal},
};

/// List who takes part, by user; a user's own token lists itself
#[utoipa::path(get, path = "/v1/challenges/{id}/enrolments", tag = "challenges",
    operation_id = "list_enrolments",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of enrolments", body = Page<Enrolment>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let id = ask.challenge()?;
    let page = query.page(format!("enrolments/{id}"), &ask.api.cursors);
    query.done()?;
    if let (false, Some(user)) = (ask.principal.is_admin(), ask.principal.user()) {
        return list_own(&ask, user, page.after.is_some()).await;
    }
    let after = page
        .after
        .as_deref()
        .and_then(|user| UserId::parse(user).ok());
    let (views, more) = ask.api.directory.enrolments(id, after, page.limit).await?;
    let last = views
        .last()
        .filter(|_| more)
        .map(|view| view.user.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(views.iter().map(Enrolment::from).collect(), next)
}

/// A list of at most one: `past` says that the page before had it.
async fn list_own(ask: &Ask, user: &UserId, past: bool) -> Answer {
    let own = match ask.api.directory.enrolment(ask.challenge()?, user).await {
        Ok(view) => Some(view).filter(|_| !past),
        Err(Refusal {
            code: Code::NotEnrolled,
            ..
        }) => None,
        Err(refusal) => return Err(refusal.into()),
    };
    answer::list(own.iter().map(Enrolment::from).collect(), None)
}

/// Read an enrolment
#[utoipa::path(get, path = "/v1/challenges/{id}/enrolments/{user}", tag = "challenges",
    operation_id = "read_enrolment",
    responses((status = 200, description = "The enrolment", body = Enrolment)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let view = ask.api.directory.enrolment(ask.challenge()?, &user).await?;
    answer::one(&ask.request, None, &Enrolment::from(&view))
}

/// Join a challenge
#[utoipa::path(put, path = "/v1/challenges/{id}/enrolments/{user}", tag = "challenges",
    operation_id = "join_challenge",
    responses(
        (status = 200, description = "Joined already", body = Enrolment),
        (status = 201, description = "Joined", body = Enrolment),
    ))]
pub(super) async fn join(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let written = ask
        .api
        .directory
        .enrol(ask.challenge()?, &user, ask.caller())
        .await?;
    answer::written(written.created, None, &Enrolment::from(&written.value))
}

/// Leave a challenge
#[utoipa::path(delete, path = "/v1/challenges/{id}/enrolments/{user}", tag = "challenges",
    operation_id = "leave_challenge",
    responses((status = 204, description = "Left")))]
pub(super) async fn leave(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    ask.api
        .directory
        .withdraw(ask.challenge()?, &user, ask.caller())
        .await?;
    answer::gone()
}
