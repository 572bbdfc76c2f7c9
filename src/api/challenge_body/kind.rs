//! What a challenge's type asks for, out of the members of its body.

use serde_json::Value;
use streakline_core::{definition::Kind, limits, metric::Metric};

use crate::api::{
    fault::Wrong,
    fields::{Fields, integer, word},
    goal_body::amount,
};

/// The type and its parameters; members of other types are unknown ones.
pub(super) fn kind(top: &mut Fields<'_>, metric: Option<Metric>) -> Option<Kind> {
    match top.required("type", word(&["most", "target", "race"]))? {
        "target" => Some(Kind::Target {
            target: target(top, metric)?,
        }),
        "race" => {
            let target = target(top, metric);
            let places = integer(1..=i64::from(limits::PARTICIPANTS_MAX));
            let finishers = top.nullable("finishers", places).flatten();
            Some(Kind::Race {
                target: target?,
                finishers: finishers.and_then(|places| u32::try_from(places).ok()),
            })
        }
        _ => Some(Kind::Most),
    }
}

fn target(top: &mut Fields<'_>, metric: Option<Metric>) -> Option<i64> {
    let read = |value: &Value| -> Result<i64, Wrong> { amount(metric, 1)(value) };
    top.required("target", read)
}
