//! `/v1/campaigns`: budgets that challenges draw on. Admins' alone.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{
    id::{CampaignId, ChallengeId},
    limits::{BUDGET_MICRO_MAX, TITLE_CHARS_MAX},
};
use utoipa::ToSchema;

use super::{
    answer,
    ask::{Ask, Search},
    body, etag,
    fault::Faults,
    fields::{Fields, integer, line},
    problem::Answer,
};
use crate::protocol::{
    body::{Campaign, Page},
    error_code::Refusal,
};

/// Members of the answer that a PUT may send back; they change nothing.
const READ_ONLY: &[&str] = &[
    "id",
    "reserved_micro",
    "spent_micro",
    "version",
    "created_ms",
];

/// A campaign to be made or changed.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct CampaignBody {
    /// 1 to 200 characters.
    #[schema(example = "Spring 2016", min_length = 1, max_length = 200)]
    title: String,
    /// What may be spent in all, 10^-6 token; never less than what is spent or reserved.
    #[schema(example = 1_000_000_000, minimum = 0)]
    budget_micro: i64,
}

/// List campaigns, by id
#[utoipa::path(get, path = "/v1/campaigns", tag = "campaigns", operation_id = "list_campaigns",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of campaigns", body = Page<Campaign>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    ask.principal.must_be_admin()?;
    let page = query.page("campaigns".to_owned(), &ask.api.cursors);
    query.done()?;
    let after = page.after.as_deref();
    let after = after.and_then(|id| ChallengeId::parse(id).ok());
    let (views, more) = ask.api.directory.campaigns(after, page.limit).await?;
    let last = views.last().filter(|_| more);
    let next = ask
        .api
        .cursors
        .next(&page, last.map(|view| view.campaign.to_string()))?;
    answer::list(views.iter().map(Campaign::from).collect(), next)
}

/// Read a campaign
#[utoipa::path(get, path = "/v1/campaigns/{id}", tag = "campaigns", operation_id = "read_campaign",
    responses((status = 200, description = "The campaign", body = Campaign)))]
pub(super) async fn read(ask: Ask) -> Answer {
    ask.principal.must_be_admin()?;
    let id = CampaignId(ask.challenge()?.0);
    let view = ask.api.directory.campaign(id).await?;
    answer::one(&ask.request, Some(view.version), &Campaign::from(&view))
}

/// Make a campaign, or change its title and budget
#[utoipa::path(put, path = "/v1/campaigns/{id}", tag = "campaigns", operation_id = "write_campaign",
    request_body(content = inline(CampaignBody)),
    responses(
        (status = 200, description = "The campaign as changed", body = Campaign),
        (status = 201, description = "The campaign as made", body = Campaign),
    ))]
pub(super) async fn write(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let id = CampaignId(ask.challenge()?.0);
    let body = body::read(&ask.request, payload).await?;
    let funds = parse(&body.json)?;
    let precondition = etag::precondition(ask.request.headers())?;
    let directory = &ask.api.directory;
    let written = directory
        .put_campaign(id, funds, precondition, ask.caller())
        .await?;
    answer::written(
        written.created,
        Some(written.value.version),
        &Campaign::from(&written.value),
    )
}

fn parse(body: &Value) -> Result<(String, i64), Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let title = top.required("title", line(1..=TITLE_CHARS_MAX));
    let budget_micro = top.required("budget_micro", integer(0..=BUDGET_MICRO_MAX));
    top.done(READ_ONLY);
    faults.none()?;
    Ok((title.unwrap_or_default(), budget_micro.unwrap_or_default()))
}
