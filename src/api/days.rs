//! `/v1/users/{user}/days`: civil days, with or without data.

use streakline_core::{civil, limits::DAYS_PER_ANSWER_MAX};

use super::{
    answer,
    ask::{Ask, Search},
    fault::Wrong,
    page::Page,
    problem::Answer,
    query::Query,
};
use crate::protocol::{
    body::{self, Day},
    error_code::{Code, Refusal},
};

/// List the days of a user from one date to another, at most 400
#[utoipa::path(get, path = "/v1/users/{user}/days", tag = "days", operation_id = "list_days",
    params(
        ("from" = String, Query, description = "First date", example = "2016-04-12"),
        ("to" = String, Query, description = "Last date", example = "2016-05-12"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of days", body = body::Page<Day>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let (from, to) = (query.date("from"), query.date("to"));
    let page = query.page(format!("days/{user}"), &ask.api.cursors);
    let (from, to) = span(query, from, to)?;
    let (from, last) = part(from, to, &page);
    let days = ask.api.directory.days(&user, from, last).await?;
    let key = (last < to).then(|| last.iso());
    let next = ask.api.cursors.next(&page, key)?;
    answer::list(days.iter().map(Day::from).collect(), next)
}

/// Read a day
#[utoipa::path(get, path = "/v1/users/{user}/days/{date}", tag = "days",
    operation_id = "read_day",
    responses((status = 200, description = "The day; zeros where there is no data", body = Day)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let (user, date) = (ask.own_user()?, ask.date()?);
    let days = ask.api.directory.days(&user, date, date).await?;
    let view = days.first();
    let words = "the user's calendar has no such day";
    let view = view.ok_or_else(|| Refusal::new(Code::NotFound, words))?;
    answer::one(&ask.request, Some(view.version), &Day::from(view))
}

/// Both ends, or every fault of the query.
fn span(
    mut query: Query,
    from: Option<civil::Day>,
    to: Option<civil::Day>,
) -> Result<(civil::Day, civil::Day), Refusal> {
    for (name, day) in [("from", from), ("to", to)] {
        if day.is_none() && !query.is_faulty(name) {
            query.fault(name, Wrong::shape("is required"));
        }
    }
    if let (Some(from), Some(to)) = (from, to) {
        let words = || format!("{} is before {}", to.iso(), from.iso());
        if to < from {
            query.fault("to", Wrong::new("before_start", words()));
        } else if to.since(from) >= DAYS_PER_ANSWER_MAX {
            query.fault("to", Wrong::range("at most 400 days at a time"));
        }
    }
    query.done()?;
    let required = || Refusal::new(Code::Internal, "a required parameter was not read");
    Ok((from.ok_or_else(required)?, to.ok_or_else(required)?))
}

/// The dates of one page.
fn part(from: civil::Day, to: civil::Day, page: &Page) -> (civil::Day, civil::Day) {
    let after = page.after.as_deref().and_then(civil::Day::parse);
    let first = after.map_or(from, |day| day.next().max(from));
    let rest = i32::try_from(page.limit)
        .unwrap_or(i32::MAX)
        .saturating_sub(1);
    (first, first.plus(rest).min(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> civil::Day {
        civil::Day::parse(text).unwrap()
    }

    fn spanned(text: &str) -> Result<(civil::Day, civil::Day), Vec<(String, &'static str)>> {
        let mut query = Query::parse(text);
        let (from, to) = (query.date("from"), query.date("to"));
        span(query, from, to).map_err(|refusal| {
            refusal
                .faults
                .into_iter()
                .map(|fault| (fault.pointer, fault.code))
                .collect()
        })
    }

    #[test]
    fn at_most_400_days_are_answered() {
        let span = (day("2016-01-01"), day("2017-02-03"));
        assert_eq!(span.1.since(span.0), 399);
        assert_eq!(spanned("from=2016-01-01&to=2017-02-03"), Ok(span));
        let long = spanned("from=2016-01-01&to=2017-02-04").unwrap_err();
        assert_eq!(long, [("/query/to".to_owned(), "range")]);
    }

    #[test]
    fn both_ends_are_needed_and_in_order() {
        let missing = spanned("from=yesterday").unwrap_err();
        let wanted = [
            ("/query/from".to_owned(), "date"),
            ("/query/to".to_owned(), "bad_frame"),
        ];
        assert_eq!(missing, wanted);
        let turned = spanned("from=2016-04-13&to=2016-04-12").unwrap_err();
        assert_eq!(turned, [("/query/to".to_owned(), "before_start")]);
    }

    #[test]
    fn pages_of_days_go_on_after_the_last_date() {
        let page = |after: Option<&str>| Page {
            list: String::new(),
            limit: 2,
            after: after.map(str::to_owned),
        };
        let (from, to) = (day("2016-04-12"), day("2016-04-16"));
        assert_eq!(part(from, to, &page(None)), (from, day("2016-04-13")));
        let second = part(from, to, &page(Some("2016-04-13")));
        assert_eq!(second, (day("2016-04-14"), day("2016-04-15")));
        assert_eq!(part(from, to, &page(Some("2016-04-15"))), (to, to));
    }
}
