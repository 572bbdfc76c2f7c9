//! `/v1/users/{user}/days/{date}/minutes`, `hours` and `records`: what a day is made of, each minute with the device that is
//! believed, and what became of each copy of a sample.

use streakline_core::{
    metric::{Class, Metric},
    user::explain::RecordWhy,
};

use super::{answer, ask::Search, fault::Wrong, problem::Answer, query::Query};
use crate::{
    protocol::body::{
        Page,
        explain::{HourOfDay, MinuteOfDay, RecordOfDay},
    },
    registry,
};

/// List the minutes of a day: which device is believed for each, and what it says
#[utoipa::path(get, path = "/v1/users/{user}/days/{date}/minutes", tag = "days",
    operation_id = "list_minutes",
    params(
        ("metric" = Option<String>, Query, description = "Which metric; steps by default",
            example = "steps"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of minutes", body = Page<MinuteOfDay>),
        (status = 410, description = "`not_kept`: the minutes of the day are no longer kept",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json")))]
pub(super) async fn minutes(Search { ask, mut query }: Search) -> Answer {
    let (user, date) = (ask.own_user()?, ask.date()?);
    let metric = series(&mut query);
    let name = registry::metrics().name(metric);
    let page = query.page(
        format!("minutes/{user}/{}/{name}", date.iso()),
        &ask.api.cursors,
    );
    query.done()?;
    let minutes = ask.api.directory.minutes(&user, date, metric).await?;
    let (minutes, last) = page.cut(minutes, |minute| format!("{:020}", minute.start_ms));
    let next = ask.api.cursors.next(&page, last)?;
    let shown = minutes
        .iter()
        .map(|minute| MinuteOfDay::new(metric, minute));
    answer::list(shown.collect(), next)
}

/// List the hours of a day: of a gauge how many readings, lowest, highest, mean and last
#[utoipa::path(get, path = "/v1/users/{user}/days/{date}/hours", tag = "days",
    operation_id = "list_hours",
    params(
        ("metric" = Option<String>, Query, description = "Which metric; steps by default",
            example = "heart_rate"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of hours", body = Page<HourOfDay>),
        (status = 410, description = "`not_kept`: the minutes of the day are no longer kept",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json")))]
pub(super) async fn hours(Search { ask, mut query }: Search) -> Answer {
    let (user, date) = (ask.own_user()?, ask.date()?);
    let metric = series(&mut query);
    let name = registry::metrics().name(metric);
    let page = query.page(
        format!("hours/{user}/{}/{name}", date.iso()),
        &ask.api.cursors,
    );
    query.done()?;
    let hours = ask.api.directory.hours(&user, date, metric).await?;
    let (hours, last) = page.cut(hours, |hour| format!("{:020}", hour.start_ms));
    let next = ask.api.cursors.next(&page, last)?;
    let shown = hours.iter().map(|hour| HourOfDay::new(metric, hour));
    answer::list(shown.collect(), next)
}

/// List the stored copies of samples that reach into a day, and what became of each
#[utoipa::path(get, path = "/v1/users/{user}/days/{date}/records", tag = "days",
    operation_id = "list_records",
    params(
        ("metric" = Option<String>, Query, description = "Only of this metric", example = "steps"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of copies", body = Page<RecordOfDay>),
        (status = 410, description = "`not_kept`: the samples of the day are no longer kept",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json")))]
pub(super) async fn records(Search { ask, mut query }: Search) -> Answer {
    let (user, date) = (ask.own_user()?, ask.date()?);
    let metric = query.read("metric", named);
    let name = metric.map_or("", |metric| registry::metrics().name(metric));
    let page = query.page(
        format!("records/{user}/{}/{name}", date.iso()),
        &ask.api.cursors,
    );
    query.done()?;
    let records = ask.api.directory.day_records(&user, date, metric).await?;
    let (records, last) = page.cut(records, key);
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(records.iter().map(RecordOfDay::from).collect(), next)
}

/// The place of a copy in the list: by start, device, id, version and arrival; equal ones differ in content.
fn key(why: &RecordWhy) -> String {
    let (start_ms, device, id, version, received_ms) = why.order();
    let [first, second, third, ..] = why.copy.record.digest();
    let content = u32::from_be_bytes([u8::from(why.copy.skewed), first, second, third]);
    format!("{start_ms:020}.{device}.{id}.{version:010}.{received_ms:020}.{content:08x}")
}

/// The metric that is asked for: one whose amounts add up, or a gauge.
fn series(query: &mut Query) -> Metric {
    let metric = query.read("metric", |text| {
        let metric = named(text)?;
        let episodes = registry::metrics()
            .get(metric)
            .is_some_and(|of| of.class == Class::Episode);
        let words = "is told in episodes: it has no minutes of its own";
        if episodes {
            return Err(Wrong::new("range", words));
        }
        Ok(metric)
    });
    metric.unwrap_or(Metric::STEPS)
}

fn named(text: &str) -> Result<Metric, Wrong> {
    let found = registry::metrics().named(text);
    found
        .map(|of| of.metric)
        .ok_or_else(|| Wrong::new("unknown_metric", "no such metric"))
}
