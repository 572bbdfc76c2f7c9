//! The `streak` object of a goal: what the streak allows.

use serde_json::Value;
use streakline_core::{
    limits::FREEZES_MAX,
    streak::{Definition, Repair},
};
use utoipa::ToSchema;

use super::{
    fault::Wrong,
    fields::{Fields, integer},
};

/// Instruments of a streak; absent ones are none.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct StreakBody {
    /// Freezes that may be held.
    #[schema(example = 2, minimum = 0, maximum = 2)]
    freezes: Option<u32>,
    /// Whether a missed Saturday or Sunday may pass, twice in 28 days.
    weekend_pass: Option<bool>,
    /// Whether a missed day of at least 95 % of its target may pass, within the same two.
    near_miss: Option<bool>,
    /// How a missed day may be repaired; absent or null: not at all.
    #[schema(inline)]
    repair: Option<RepairBody>,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct RepairBody {
    /// By 120 % on both next days; only true.
    earn_back: bool,
    /// For 500 tokens, too.
    tokens: Option<bool>,
}

fn flag(value: &Value) -> Result<bool, Wrong> {
    let flag = value.as_bool();
    flag.ok_or_else(|| Wrong::shape("must be true or false"))
}

/// Reads the members of a `streak` object.
pub(super) fn parse(mut streak: Fields<'_>) -> Definition {
    let freezes = streak.optional("freezes", integer(0..=i64::from(FREEZES_MAX)));
    let weekend_pass = streak.optional("weekend_pass", flag);
    let near_miss = streak.optional("near_miss", flag);
    let repair = streak.nullable("repair", repair);
    streak.done(&[]);
    Definition {
        freezes: freezes.and_then(|held| held.try_into().ok()).unwrap_or(0),
        weekend_pass: weekend_pass.unwrap_or(false),
        near_miss: near_miss.unwrap_or(false),
        repair: repair.flatten(),
        ..Definition::default()
    }
}

/// The paid way is never the only one (domain.md 4.2).
fn repair(value: &Value) -> Result<Repair, Wrong> {
    let shape = || Wrong::shape("must be such as {\"earn_back\": true, \"tokens\": false}");
    let members = value.as_object().ok_or_else(shape)?;
    let known = |name: &String| name == "earn_back" || name == "tokens";
    let read = |name| members.get(name).map(flag).transpose();
    let (earn_back, tokens) = (read("earn_back")?, read("tokens")?);
    if !members.keys().all(known) || earn_back.is_none() {
        return Err(shape());
    }
    if earn_back != Some(true) {
        let words = "a repair can always be earned back: earn_back must be true";
        return Err(Wrong::new("unsupported", words));
    }
    Ok(if tokens == Some(true) {
        Repair::EarnBackOrTokens
    } else {
        Repair::EarnBack
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::fault::Faults;

    fn read(body: &Value) -> Result<Definition, Vec<(String, &'static str)>> {
        let faults = Faults::default();
        let definition = parse(Fields::of(body, &faults));
        let refused = faults.none().map_err(|refusal| {
            let faults = refusal.faults.into_iter();
            faults.map(|fault| (fault.pointer, fault.code)).collect()
        });
        refused.map(|()| definition)
    }

    #[test]
    fn instruments_are_none_unless_the_body_says_so() {
        assert_eq!(read(&json!({})), Ok(Definition::default()));
        let all = json!({"freezes": 2, "weekend_pass": true, "near_miss": true,
            "repair": {"earn_back": true, "tokens": true}});
        let wanted = Definition {
            freezes: 2,
            weekend_pass: true,
            near_miss: true,
            repair: Some(Repair::EarnBackOrTokens),
            ..Definition::default()
        };
        assert_eq!(read(&all), Ok(wanted));
        let free = json!({"repair": {"earn_back": true}});
        assert_eq!(read(&free).unwrap().repair, Some(Repair::EarnBack));
        assert_eq!(read(&json!({"repair": null})).unwrap().repair, None);
    }

    #[test]
    fn a_repair_that_only_tokens_could_pay_is_refused() {
        let bad =
            json!({"freezes": 3, "repair": {"earn_back": false, "tokens": true}, "shield": 1});
        let wanted = [
            ("/freezes".to_owned(), "range"),
            ("/repair".to_owned(), "unsupported"),
            ("/shield".to_owned(), "unknown_field"),
        ];
        assert_eq!(read(&bad).unwrap_err(), wanted);
        for shape in [
            json!(true),
            json!({"tokens": true}),
            json!({"earn_back": 1}),
        ] {
            let refused = read(&json!({"repair": shape})).unwrap_err();
            assert_eq!(refused, [("/repair".to_owned(), "bad_frame")]);
        }
    }
}
