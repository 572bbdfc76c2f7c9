//! A template as REST shows it.

use serde::Serialize;
use serde_json::{Number, Value};
use streakline_core::{
    id::ChallengeId,
    metric::Metric,
    template::{Allowed, TemplateView},
    view::{self, ChallengeView},
};
use utoipa::ToSchema;

use super::{challenge::Challenge, quantity::amount};

/// Members of a challenge that no template has.
const OF_ONE_ALONE: &[&str] = &[
    "id",
    "phase",
    "version",
    "created_ms",
    "started_ms",
    "ends_at_ms",
    "settles_at_ms",
    "reached_ms",
];

/// A challenge that users may make their own of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Template {
    /// Its UUID, made by the server.
    #[schema(format = Uuid)]
    pub id: String,
    /// What its challenges are where the user chooses nothing. Of the dates only how many they are counts.
    #[schema(value_type = Object)]
    pub challenge: Value,
    /// What a user may choose.
    pub bounds: Bounds,
    /// When it was made, POSIX ms.
    pub created_ms: i64,
}

/// What a user may choose; what is left out is the template's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TemplateBounds)]
pub struct Bounds {
    /// Whether a title.
    pub title: bool,
    /// How many days after today the window starts; left out: 1 or 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub starts_in: Option<Choices>,
    /// How many days it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub days: Option<Choices>,
    /// The amount that is to be reached, in the metric's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub target: Option<Choices>,
    /// Places.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub capacity: Option<Choices>,
    /// Open challenges made of templates that a user may be in when it makes one more, that one among them.
    pub open_per_user: u32,
}

/// Numbers that may be chosen: from one to another, or some alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TemplateChoices)]
pub struct Choices {
    /// The smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false)]
    pub from: Option<Number>,
    /// The largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false)]
    pub to: Option<Number>,
    /// These alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<f64>>, required = false)]
    pub one_of: Option<Vec<Number>>,
}

impl Choices {
    fn of(allowed: &Allowed, shown: impl Fn(i64) -> Number) -> Self {
        match allowed {
            Allowed::Range(from, to) => Self {
                from: Some(shown(*from)),
                to: Some(shown(*to)),
                one_of: None,
            },
            Allowed::List(values) => Self {
                one_of: Some(values.iter().map(|value| shown(*value)).collect()),
                ..Self::default()
            },
        }
    }

    fn plain(allowed: &Allowed) -> Self {
        Self::of(allowed, Number::from)
    }

    fn amounts(allowed: &Allowed, metric: Metric) -> Self {
        Self::of(allowed, |value| amount(metric, value))
    }
}

impl From<&TemplateView> for Template {
    fn from(view: &TemplateView) -> Self {
        let (of, bounds) = (&view.held.definition, &view.held.bounds);
        let as_challenge = ChallengeView {
            challenge: ChallengeId(view.template.0),
            phase: view::ChallengePhase::Draft,
            definition: of.clone(),
            created_ms: view.held.created_ms,
            started_ms: None,
            ends_at_ms: of.ends_at_ms(),
            settles_at_ms: of.settles_at_ms(),
            reached_ms: Vec::new(),
            version: 1,
        };
        // A body of strings and numbers always has a JSON.
        let mut challenge =
            serde_json::to_value(Challenge::from(&as_challenge)).unwrap_or_default();
        if let Some(members) = challenge.as_object_mut() {
            members.retain(|name, _| !OF_ONE_ALONE.contains(&name.as_str()));
        }
        Self {
            id: view.template.to_string(),
            challenge,
            bounds: Bounds {
                title: bounds.title,
                starts_in: bounds.starts_in.as_ref().map(Choices::plain),
                days: bounds.days.as_ref().map(Choices::plain),
                target: bounds
                    .target
                    .as_ref()
                    .map(|target| Choices::amounts(target, of.metric)),
                capacity: bounds.capacity.as_ref().map(Choices::plain),
                open_per_user: bounds.open_per_user,
            },
            created_ms: view.held.created_ms,
        }
    }
}
