//! When a challenge begins anew, out of the member of its body.

use serde_json::Value;
use streakline_core::{
    definition::recurs::{Every, Recurs},
    limits,
};
use utoipa::ToSchema;

use crate::api::{
    fault::Wrong,
    fields::{Fields, date, flag, integer, word},
};

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct RecursBody {
    /// From the start of one window to that of the next: a `day`, a `week` or a `month` of the calendar.
    #[schema(example = "week")]
    every: String,
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
    let every = recurs.required("every", word(&["day", "week", "month"]));
    let counts = integer(1..=i64::from(limits::CYCLES_MAX));
    let count = recurs.nullable("count", counts).flatten();
    let until = recurs.nullable("until", date).flatten();
    let carry_members = recurs.optional("carry_members", flag);
    recurs.done(&[]);
    Some(Recurs {
        every: match every? {
            "day" => Every::Day,
            "week" => Every::Week,
            _ => Every::Month,
        },
        count: count.and_then(|count| u32::try_from(count).ok()),
        until,
        carry_members: carry_members.unwrap_or(false),
    })
}
