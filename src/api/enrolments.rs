//! `/v1/challenges/{id}/enrolments`: joining and leaving. Neither has a precondition: both may be repeated.

use actix_web::web::Payload;
use streakline_core::id::{ChallengeId, UserId};
use utoipa::ToSchema;

use super::{
    answer,
    ask::{Ask, Search},
    body,
    fault::{Faults, Wrong},
    fields::{Fields, text},
    page,
    problem::Answer,
};
use crate::protocol::{
    body::{Enrolment, Page},
    error_code::{Code, Refusal},
};

/// List who takes part, by user, or who waits for a place, longest wait first; a user's own token lists itself
#[utoipa::path(get, path = "/v1/challenges/{id}/enrolments", tag = "challenges",
    operation_id = "list_enrolments",
    params(
        ("state" = Option<String>, Query, description = "`joined` (the default) or `waiting`"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of enrolments", body = Page<Enrolment>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let id = ask.challenge()?;
    let waiting = query.read("state", are_waiting).unwrap_or(false);
    let list = if waiting { "waiting" } else { "enrolments" };
    let page = query.page(format!("{list}/{id}"), &ask.api.cursors);
    query.done()?;
    if let (false, Some(user)) = (ask.principal.is_admin(), ask.principal.user()) {
        return list_own(&ask, user, page.after.is_some()).await;
    }
    if waiting {
        return list_waiting(&ask, id, &page).await;
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

/// Which of the two lists is asked for.
fn are_waiting(text: &str) -> Result<bool, Wrong> {
    match text {
        "joined" => Ok(false),
        "waiting" => Ok(true),
        _ => Err(Wrong::new("unsupported", "must be joined or waiting")),
    }
}

async fn list_waiting(ask: &Ask, id: ChallengeId, page: &page::Page) -> Answer {
    let directory = &ask.api.directory;
    let (views, more) = directory
        .waiting(id, page.after_number(), page.limit)
        .await?;
    let last = views.last().filter(|_| more);
    let last = last.map(|(ticket, _)| ticket.to_string());
    let next = ask.api.cursors.next(page, last)?;
    let items = views.iter().map(|(_, view)| Enrolment::from(view));
    answer::list(items.collect(), next)
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

/// Which team a user comes into.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct JoinBody {
    /// Key of the team, of a challenge whose `roster` is `chosen`.
    #[schema(example = "red")]
    team: Option<String>,
}

/// Join a challenge, or wait for a place where it has a waiting list; a body is needed only where one chooses a team
#[utoipa::path(put, path = "/v1/challenges/{id}/enrolments/{user}", tag = "challenges",
    operation_id = "join_challenge",
    request_body(content = inline(Option<JoinBody>)),
    responses(
        (status = 200, description = "Joined or waiting already", body = Enrolment),
        (status = 201, description = "Joined, or waiting where `state` says so", body = Enrolment),
    ))]
pub(super) async fn join(ask: Ask, payload: Payload) -> Answer {
    let user = ask.own_user()?;
    let id = ask.challenge()?;
    let body = body::read_optional(&ask.request, payload).await?;
    let faults = Faults::default();
    let mut top = Fields::of(&body.json, &faults);
    let team = top.optional("team", text);
    top.done(&[]);
    faults.none()?;
    let directory = &ask.api.directory;
    let written = directory.enrol(id, (&user, team), ask.caller()).await?;
    answer::written(written.created, None, &Enrolment::from(&written.value))
}

/// Leave a challenge, or its waiting list
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
