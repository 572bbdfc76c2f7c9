//! `/v1/templates`: challenges that users may make their own of, within bounds.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{
    civil::Day,
    definition::Definition,
    id::{ChallengeId, TemplateId, UserId},
    limits::{self, TITLE_CHARS_MAX},
    metric::Metric,
    template::{self, Allowed, Bounds, Choice, TemplateView},
};
use utoipa::ToSchema;

use super::{
    answer,
    ask::{Ask, Search},
    body,
    challenge_body::{self, ChallengeBody},
    challenges::{idempotent, known, record},
    fault::{Faults, Wrong},
    fields::{Fields, date, flag, integer, line, text},
    goal_body::amount,
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::message::IdempotentOf,
    protocol::{
        body::{Challenge, Page, Template},
        error_code::Refusal,
    },
    storage::IdempotencyRecord,
};

/// A template to be made.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct TemplateBody {
    /// What its challenges are where the user chooses nothing. Of the dates only how many they are counts.
    challenge: ChallengeBody,
    /// What a user may choose; what is absent is the template's.
    #[schema(inline)]
    bounds: BoundsBody,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct BoundsBody {
    /// Whether users give a title of their own.
    #[schema(default = false)]
    title: Option<bool>,
    /// How many days after today the window starts; absent: 1 or 2.
    #[schema(inline)]
    starts_in: Option<AllowedBody>,
    /// How many days it has.
    #[schema(inline)]
    days: Option<AllowedBody>,
    /// The amount that is to be reached, of `target` and `race`, or the `bar` of `last_standing`, in the metric's unit.
    #[schema(inline)]
    target: Option<AllowedBody>,
    /// Places.
    #[schema(inline)]
    capacity: Option<AllowedBody>,
    /// Open challenges made of templates that a user may be in when it makes one more, that one among them.
    #[schema(default = 3, minimum = 1, maximum = 16)]
    open_per_user: Option<u32>,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct AllowedBody {
    /// The smallest number; with `to`.
    #[schema(example = 5_000)]
    from: Option<f64>,
    /// The largest number.
    #[schema(example = 20_000)]
    to: Option<f64>,
    /// These numbers alone, in place of `from` and `to`.
    #[schema(max_items = 100)]
    one_of: Option<Vec<f64>>,
}

/// What a user chooses.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct ChoiceBody {
    /// Whose challenge it is; for an admin's key or token, else the user itself.
    user: Option<String>,
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// First date of the window.
    #[schema(format = Date, example = "2016-04-13")]
    starts: String,
    /// How many days it has.
    days: Option<u32>,
    /// The amount that is to be reached, in the metric's unit.
    target: Option<f64>,
    /// Places.
    capacity: Option<u32>,
}

/// List templates, oldest first
#[utoipa::path(get, path = "/v1/templates", tag = "challenges", operation_id = "list_templates",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of templates", body = Page<Template>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let page = query.page("templates".to_owned(), &ask.api.cursors);
    query.done()?;
    let after = page.after.as_deref();
    let after = after.and_then(|id| ChallengeId::parse(id).ok());
    let (views, more) = ask.api.directory.templates(after, page.limit).await?;
    let last = views.last().filter(|_| more);
    let last = last.map(|view| view.template.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(views.iter().map(Template::from).collect(), next)
}

/// Read a template
#[utoipa::path(get, path = "/v1/templates/{id}", tag = "challenges", operation_id = "read_template",
    responses((status = 200, description = "The template", body = Template)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let id = TemplateId(ask.challenge()?.0);
    let view = ask.api.directory.template(id).await?;
    answer::one(&ask.request, Some(1), &Template::from(&view))
}

/// Make a template; it never changes
#[utoipa::path(post, path = "/v1/templates", tag = "challenges", operation_id = "create_template",
    request_body(content = inline(TemplateBody)),
    responses((status = 201, description = "The template", body = Template,
        headers(("Location" = String), ("ETag" = String)))))]
pub(super) async fn create(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let made = parse(&ask, &body.json)?;
    let (directory, caller, told) = (ask.api.directory.clone(), ask.caller(), once.clone());
    let stored = told.clone();
    let answer = move |view: &TemplateView| {
        // A body of strings and numbers always has a JSON; the stored one and the answered one are made alike.
        made_record(&stored, view).unwrap_or_else(|_| stored.record(201, None, None, String::new()))
    };
    let idempotent = IdempotentOf {
        key: once.key.clone(),
        answer: Box::new(answer),
    };
    once.run(ask, async move {
        let view = directory.make_template(made, caller, idempotent).await?;
        made_record(&told, &view)
    })
    .await
}

fn made_record(once: &Once, view: &TemplateView) -> Result<IdempotencyRecord, Refusal> {
    let body = answer::json(&Template::from(view))?;
    let location = Some(format!("/v1/templates/{}", view.template));
    Ok(once.record(201, location, Some(1), body))
}

/// Make a challenge of a template: it is published, and its maker takes part
#[utoipa::path(post, path = "/v1/templates/{id}/challenges", tag = "challenges",
    operation_id = "create_from_template",
    request_body(content = inline(ChoiceBody)),
    responses((status = 201, description = "The challenge", body = Challenge,
        headers(("Location" = String), ("ETag" = String)))))]
pub(super) async fn make(ask: Ask, payload: Payload) -> Answer {
    let id = TemplateId(ask.challenge()?.0);
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let directory = ask.api.directory.clone();
    let metric = directory.template(id).await?.held.definition.metric;
    let (user, choice) = choose(&ask, &body.json, metric)?;
    let (caller, stored, told) = (ask.caller(), idempotent(&once, 201), once.clone());
    once.run(ask, async move {
        let view = directory
            .make_from_template(id, (&user, choice), caller, stored)
            .await?;
        record(&told, 201, &view)
    })
    .await
}

/// The challenge and the bounds in a body, or all faults of both.
fn parse(ask: &Ask, body: &Value) -> Result<(Definition, Bounds), Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    top.required_object("challenge");
    let definition = match body.get("challenge") {
        Some(challenge) => challenge_body::parse(challenge, &[], &known(ask)),
        None => Err(Refusal::invalid(Vec::new())),
    };
    let metric = definition.as_ref().map(|of| of.metric).ok();
    let bounds = bounds(top.required_object("bounds"), metric);
    top.done(&[]);
    let definition = match definition {
        Ok(definition) => Some(definition),
        Err(refusal) => {
            for fault in refusal.faults {
                let pointer = format!("/challenge{}", fault.pointer);
                faults.add(pointer, Wrong::new(fault.code, fault.detail));
            }
            None
        }
    };
    if let Some(definition) = &definition {
        for fault in template::faults(definition, &bounds) {
            if !faults.concern(&fault.pointer) {
                faults.add(fault.pointer, Wrong::new(fault.code, fault.detail));
            }
        }
    }
    faults.none()?;
    definition
        .map(|definition| (definition, bounds))
        .ok_or_else(|| Refusal::invalid(Vec::new()))
}

fn bounds(mut bounds: Fields<'_>, metric: Option<Metric>) -> Bounds {
    let days = || integer(0..=i64::from(limits::WINDOW_DAYS_MAX));
    let places = || integer(1..=i64::from(limits::PARTICIPANTS_MAX));
    let read = Bounds {
        title: bounds.optional("title", flag).unwrap_or(false),
        starts_in: allowed(&mut bounds, "starts_in", days()),
        days: allowed(&mut bounds, "days", days()),
        target: allowed(&mut bounds, "target", amount(metric, 1)),
        capacity: allowed(&mut bounds, "capacity", places()),
        open_per_user: bounds
            .optional("open_per_user", integer(0..=i64::from(u32::MAX)))
            .and_then(|most| u32::try_from(most).ok())
            .unwrap_or(limits::TEMPLATE_OPEN),
    };
    bounds.done(&[]);
    read
}

/// Numbers that may be chosen, where they are said.
fn allowed(
    bounds: &mut Fields<'_>,
    name: &'static str,
    number: impl Fn(&Value) -> Result<i64, Wrong>,
) -> Option<Allowed> {
    if !bounds.has(name) {
        return None;
    }
    let mut held = bounds.object(name);
    let listed = held.has("one_of");
    if listed == held.has("from") {
        let words = "has from and to, or one_of";
        held.fault("from", Wrong::new("one_of", words));
    }
    let read = if listed {
        held.optional("one_of", |value| {
            let items = value.as_array();
            let items = items.ok_or_else(|| Wrong::shape("must be a list"))?;
            items.iter().map(&number).collect()
        })
        .map(Allowed::List)
    } else {
        let (from, to) = (held.optional("from", &number), held.required("to", &number));
        from.zip(to).map(|(from, to)| Allowed::Range(from, to))
    };
    held.done(&[]);
    read
}

/// Who chooses what.
fn choose(ask: &Ask, body: &Value, metric: Metric) -> Result<(UserId, Choice), Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let named = top.optional("user", |value| {
        UserId::parse(&text(value)?).map_err(|why| Wrong::new("name", why.to_string()))
    });
    let count = || integer(0..=i64::from(u32::MAX));
    let choice = Choice {
        title: top.optional("title", line(1..=TITLE_CHARS_MAX)),
        starts: top.required("starts", date).unwrap_or(Day(0)),
        days: top.optional("days", count()),
        target: top.optional("target", amount(Some(metric), 1)),
        capacity: top.optional("capacity", count()),
    };
    let own = ask.principal.user().filter(|_| !ask.principal.is_admin());
    let user = named.or_else(|| own.cloned());
    if user.is_none() && !faults.concern("/user") {
        faults.add("/user", Wrong::shape("is required of an admin"));
    }
    top.done(&[]);
    faults.none()?;
    let user = user.ok_or_else(|| Refusal::invalid(Vec::new()))?;
    ask.principal.must_act_for(&user)?;
    Ok((user, choice))
}
