//! Reads the body of a challenge into its definition, with every fault of either found at once.

use serde_json::Value;
use streakline_core::{
    civil::Day,
    definition::{Definition, LateJoin},
    leaderboard::RankStyle,
    limits,
    metric::Metric,
};
use utoipa::ToSchema;

use super::{
    fault::{Faults, Wrong},
    fields::{Fields, INTEGER_MAX, date, integer, text, word},
};
use crate::protocol::error_code::Refusal;

/// Members of the answer that a PUT may send back; they change nothing.
pub(super) const READ_ONLY: &[&str] = &[
    "id",
    "phase",
    "version",
    "created_ms",
    "started_ms",
    "ends_at_ms",
    "settles_at_ms",
];

/// A challenge to be made; what is absent has the value shown.
#[derive(ToSchema)]
#[schema(as = ChallengeDefinition)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct ChallengeBody {
    /// 1 to 200 characters.
    #[schema(example = "April steps", min_length = 1, max_length = 200)]
    title: String,
    /// Only `most`: the largest sum wins.
    #[schema(example = "most")]
    r#type: String,
    /// Only `steps`.
    #[schema(example = "steps")]
    metric: String,
    /// When samples count.
    #[schema(inline)]
    window: WindowBody,
    /// Who may join when.
    #[schema(inline)]
    join: Option<JoinBody>,
    /// Most participants; null: a million.
    #[schema(minimum = 1, maximum = 1_000_000)]
    capacity: Option<u32>,
    /// Most users who wait for a place once all are taken, longest wait first; needs a capacity.
    #[schema(default = 0, maximum = 100_000)]
    waitlist: Option<u32>,
    /// Most of one day that counts; null: all of it.
    #[schema(default = 30_000, minimum = 1, maximum = 1_000_000_000)]
    per_day_cap: Option<i64>,
    /// Hours from the window's end to the settlement.
    #[schema(default = 24, maximum = 72)]
    finalisation_h: Option<u32>,
    /// Only `earliest`.
    #[schema(default = "earliest")]
    tie_rule: Option<String>,
    /// How ranks are counted: `competition` (1224), `dense` (1223) or `ordinal` (1234).
    #[schema(default = "competition")]
    rank_style: Option<String>,
    /// Only `participants`.
    #[schema(default = "participants")]
    visibility: Option<String>,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct WindowBody {
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
struct JoinBody {
    /// When joining opens, POSIX ms; null: publishing opens it.
    opens_ms: Option<i64>,
    /// Whether one may join after the window's start: `yes` or `no`.
    #[schema(default = "yes")]
    late: Option<String>,
}

/// The one metric that a challenge counts in this version.
fn steps(value: &Value) -> Result<Metric, Wrong> {
    let words = "this version's challenges count only steps";
    match text(value)?.as_str() {
        "steps" => Ok(Metric::STEPS),
        _ => Err(Wrong::new("unknown_metric", words)),
    }
}

/// The definition in a body, or all its faults. `read_only`: members that may be there and change nothing.
pub(super) fn parse(body: &Value, read_only: &[&str]) -> Result<Definition, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let title = top.required("title", text);
    top.required("type", word(&["most"]));
    let metric = top.required("metric", steps);
    let dates = window(top.required_object("window"));
    let (join_opens_ms, late) = join(top.object("join"));
    let capacity = top.nullable("capacity", integer(1..=i64::from(limits::PARTICIPANTS_MAX)));
    let waitlist = top.optional("waitlist", integer(0..=i64::from(limits::WAITLIST_MAX)));
    let per_day_cap = top.nullable("per_day_cap", integer(1..=1_000_000_000));
    let hours = integer(0..=i64::from(limits::FINALISATION_H_MAX));
    let finalisation_h = top.optional("finalisation_h", hours);
    top.optional("tie_rule", word(&["earliest"]));
    let rank_style = top.optional("rank_style", word(&["competition", "dense", "ordinal"]));
    top.optional("visibility", word(&["participants"]));
    top.done(read_only);
    let (starts, ends) = presumed(dates);
    let definition = Definition {
        title: title.unwrap_or_default(),
        metric: metric.unwrap_or(Metric::STEPS),
        starts,
        ends,
        join_opens_ms,
        late,
        capacity: capacity.flatten().and_then(|most| u32::try_from(most).ok()),
        per_day_cap: per_day_cap.unwrap_or(Some(Definition::PER_DAY_CAP)),
        finalisation_h: finalisation_h.map_or(Definition::FINALISATION_H, |hours| {
            u32::try_from(hours).unwrap_or(u32::MAX)
        }),
        rank_style: match rank_style {
            Some("dense") => RankStyle::Dense,
            Some("ordinal") => RankStyle::Ordinal,
            _ => RankStyle::Competition,
        },
        waitlist: waitlist.map_or(0, |most| u32::try_from(most).unwrap_or(u32::MAX)),
    };
    add_faults_of(&definition, &faults);
    faults.none()?;
    Ok(definition)
}

fn window(mut window: Fields<'_>) -> (Option<Day>, Option<Day>) {
    window.required("clock", word(&["user_local"]));
    let dates = (
        window.required("starts", date),
        window.required("ends", date),
    );
    window.done(&[]);
    dates
}

fn join(mut join: Fields<'_>) -> (Option<i64>, LateJoin) {
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
fn presumed(dates: (Option<Day>, Option<Day>)) -> (Day, Day) {
    match dates {
        (Some(starts), Some(ends)) => (starts, ends),
        (Some(day), None) | (None, Some(day)) => (day, day),
        (None, None) => (Day(0), Day(0)),
    }
}

/// What the definition finds wrong with itself, but for what was presumed and what was already said.
fn add_faults_of(definition: &Definition, faults: &Faults) {
    let window_is_known = !faults.concern("/window");
    let found = definition.faults().into_iter().filter(|fault| {
        let of_dates = fault.pointer.starts_with("/window") || fault.code == "after_end";
        let of_capacity = fault.code == "needs_capacity" && faults.concern("/capacity");
        !faults.concern(fault.pointer) && (window_is_known || !of_dates) && !of_capacity
    });
    for fault in found.collect::<Vec<_>>() {
        faults.add(fault.pointer, Wrong::new(fault.code, fault.detail));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn april() -> Value {
        json!({"title": "April steps", "type": "most", "metric": "steps",
            "window": {"clock": "user_local", "starts": "2016-04-13", "ends": "2016-05-11"}})
    }

    fn faults(body: &Value) -> Vec<(String, &'static str)> {
        let refusal = parse(body, &[]).unwrap_err();
        refusal
            .faults
            .into_iter()
            .map(|fault| (fault.pointer, fault.code))
            .collect()
    }

    #[test]
    fn a_challenge_needs_four_members_and_the_rest_defaults() {
        let definition = parse(&april(), &[]).unwrap();
        assert_eq!(definition.per_day_cap, Some(30_000));
        assert_eq!((definition.finalisation_h, definition.capacity), (24, None));
        assert_eq!(
            (definition.late, definition.join_opens_ms),
            (LateJoin::Yes, None)
        );
        let missing = faults(&json!({}));
        let pointers: Vec<&str> = missing
            .iter()
            .map(|(pointer, _)| pointer.as_str())
            .collect();
        assert_eq!(pointers, ["/title", "/type", "/metric", "/window"]);
    }

    #[test]
    fn a_waiting_list_needs_a_capacity() {
        let mut body = april();
        body["waitlist"] = json!(20);
        assert_eq!(faults(&body), [("/waitlist".to_owned(), "needs_capacity")]);
        body["capacity"] = json!(0);
        assert_eq!(
            faults(&body),
            [("/capacity".to_owned(), "range")],
            "said once"
        );
        body["capacity"] = json!(10);
        assert_eq!(parse(&body, &[]).unwrap().waitlist, 20);
    }

    #[test]
    fn null_takes_the_cap_of_a_day_away() {
        let mut body = april();
        body["per_day_cap"] = json!(null);
        assert_eq!(parse(&body, &[]).unwrap().per_day_cap, None);
    }

    #[test]
    fn faults_of_shape_and_of_meaning_are_told_together() {
        let mut body = april();
        body["window"]["ends"] = json!("2016-04-01");
        body["rewards"] = json!([]);
        body["join"] = json!({"opens_ms": 1_500_000_000_000_i64, "late": "perhaps"});
        body["finalisation_h"] = json!(73);
        body["title"] = json!("");
        let mut found = faults(&body);
        found.sort();
        let wanted = [
            ("/finalisation_h", "range"),
            ("/join/late", "unsupported"),
            ("/join/opens_ms", "after_end"),
            ("/rewards", "unknown_field"),
            ("/title", "range"),
            ("/window/ends", "before_start"),
        ];
        assert_eq!(
            found,
            wanted.map(|(pointer, code)| (pointer.to_owned(), code))
        );
    }

    #[test]
    fn a_window_that_is_not_known_is_not_judged() {
        let mut body = april();
        body["window"]["ends"] = json!("2016-02-30");
        body["join"] = json!({"opens_ms": 1_500_000_000_000_i64});
        assert_eq!(faults(&body), [("/window/ends".to_owned(), "date")]);
    }

    #[test]
    fn the_answer_of_a_get_can_be_put_back_but_not_posted() {
        let mut body = april();
        for name in READ_ONLY {
            body[name] = json!(1);
        }
        assert!(parse(&body, READ_ONLY).is_ok());
        assert!(
            faults(&body)
                .iter()
                .all(|(_, code)| *code == "unknown_field")
        );
    }
}
