//! What each type of challenge asks for, as members of the challenge's body.

use serde::Serialize;
use serde_json::Number;
use streakline_core::definition::{Definition, Kind};
use utoipa::ToSchema;

use crate::protocol::body::quantity::amount;

/// Members that some types have; the others leave them out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChallengeParameters)]
pub struct Parameters {
    /// Of `target` and `race`: the amount to be reached, in the metric's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false, example = 10_000)]
    pub target: Option<Number>,
    /// Of `race`: places for those who finish; left out: one for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub finishers: Option<u32>,
}

impl Parameters {
    /// Those of a definition.
    #[must_use]
    pub fn of(definition: &Definition) -> Self {
        let shown = |value: i64| Some(amount(definition.metric, value));
        match &definition.kind {
            Kind::Most => Self::default(),
            Kind::Target { target } => Self {
                target: shown(*target),
                ..Self::default()
            },
            Kind::Race { target, finishers } => Self {
                target: shown(*target),
                finishers: *finishers,
            },
        }
    }
}
