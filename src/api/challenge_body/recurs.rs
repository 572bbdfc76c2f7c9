//! When a challenge begins anew, out of the member of its body.

use serde_json::Value;
use streakline_core::{
    definition::recurs::{Every, Recurs, Schedule, cron::Cron},
    limits,
};
use utoipa::ToSchema;

use crate::api::{
    fault::Wrong,
    fields::{Fields, date, flag, integer, text, word},
};

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct RecursBody {
    /// From the start of one window to that of the next: a `day`, a `week` or a `month` of the calendar. This, or `cron`.
    #[schema(example = "week")]
    every: Option<String>,
    /// The dates on which windows start, as a cron expression whose minute and hour are `0 0`, or `@daily`, `@weekly`, `@monthly`,
    /// `@yearly`. Day of month and day of week as in crontab(5): where both are said, either will do. `L` is the last day, `5L` the
    /// last Friday, `5#2` the second.
    #[schema(max_length = 100)]
    cron: Option<String>,
    /// Of windows by `cron`: each lasts until the next starts, as the first one must. Else each has as many days as the first.
    #[schema(default = false)]
    fills: Option<bool>,
    /// How many windows there are; this, or `until`, or neither: 10,000.
    #[schema(minimum = 1, maximum = 10_000)]
    count: Option<u32>,
    /// The last date on which one may start.
    #[schema(format = Date, example = "2016-12-31")]
    until: Option<String>,
    /// Whether members of one window are members of the next.
    #[schema(default = false)]
    carry_members: Option<bool>,
}

/// When it begins anew; absent or null: never.
pub(super) fn recurs(top: &mut Fields<'_>) -> Option<Recurs> {
    let is_object = |value: &Value| {
        let shape = || Wrong::shape("must be an object, or null");
        value.is_object().then_some(()).ok_or_else(shape)
    };
    top.nullable("recurs", is_object).flatten()?;
    let mut recurs = top.object("recurs");
    let schedule = schedule(&mut recurs);
    let counts = integer(1..=i64::from(limits::CYCLES_MAX));
    let count = recurs.nullable("count", counts).flatten();
    let until = recurs.nullable("until", date).flatten();
    let fills = recurs.optional("fills", flag);
    let carry_members = recurs.optional("carry_members", flag);
    recurs.done(&[]);
    Some(Recurs {
        schedule: schedule?,
        count: count.and_then(|count| u32::try_from(count).ok()),
        until,
        carry_members: carry_members.unwrap_or(false),
        fills: fills.unwrap_or(false),
    })
}

/// By a period or by an expression; there is one of them.
fn schedule(recurs: &mut Fields<'_>) -> Option<Schedule> {
    let every = recurs.optional("every", word(&["day", "week", "month"]));
    let cron = recurs.optional("cron", |value| {
        let read = Cron::parse(&text(value)?);
        read.map_err(|error| Wrong::new("cron", error.to_string()))
    });
    if recurs.has("every") == recurs.has("cron") {
        let words = "windows start by every, or by cron";
        recurs.fault("every", Wrong::new("one_of", words));
        return None;
    }
    let every = every.map(|every| match every {
        "day" => Every::Day,
        "week" => Every::Week,
        _ => Every::Month,
    });
    every.map(Schedule::Every).or(cron.map(Schedule::Cron))
}
