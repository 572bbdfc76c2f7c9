//! When a challenge counts, and when one may join it.

use streakline_core::{civil::Day, definition::LateJoin};
use utoipa::ToSchema;

use crate::api::fields::{Fields, INTEGER_MAX, date, integer, word};

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct WindowBody {
    /// Only `user_local`.
    #[schema(example = "user_local")]
    clock: String,
    /// First date.
    #[schema(format = Date, example = "2016-04-13")]
    starts: String,
    /// Last date, inside the window.
    #[schema(format = Date, example = "2016-05-11")]
    ends: String,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct JoinBody {
    /// When joining opens, POSIX ms; null: publishing opens it.
    opens_ms: Option<i64>,
    /// Whether one may join after the window's start: `yes` or `no`.
    #[schema(default = "yes")]
    late: Option<String>,
}

/// The dates of a window, each where it is there and well-formed.
pub(super) fn window(mut window: Fields<'_>) -> (Option<Day>, Option<Day>) {
    window.required("clock", word(&["user_local"]));
    let dates = (
        window.required("starts", date),
        window.required("ends", date),
    );
    window.done(&[]);
    dates
}

/// When joining opens, and whether it is open after the start.
pub(super) fn join(mut join: Fields<'_>) -> (Option<i64>, LateJoin) {
    let opens_ms = join
        .nullable("opens_ms", integer(0..=INTEGER_MAX))
        .flatten();
    let late = join.optional("late", word(&["yes", "no"]));
    join.done(&[]);
    (
        opens_ms,
        if late == Some("no") {
            LateJoin::No
        } else {
            LateJoin::Yes
        },
    )
}

/// Where a date is missing or ill-formed, the other one stands in for it, so that the rest can still be judged.
pub(super) fn presumed(dates: (Option<Day>, Option<Day>)) -> (Day, Day) {
    match dates {
        (Some(starts), Some(ends)) => (starts, ends),
        (Some(day), None) | (None, Some(day)) => (day, day),
        (None, None) => (Day(0), Day(0)),
    }
}
