//! A user as REST shows it.

use std::collections::BTreeMap;

use serde::Serialize;
use streakline_core::{attribute, period::WeekStart, user, view::UserView};
use utoipa::ToSchema;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// Name, chosen by the caller.
    #[schema(example = "ann")]
    pub user: String,
    /// IANA zone in force; `UTC` until one is set.
    #[schema(example = "Europe/Berlin")]
    pub zone: String,
    /// Every zone that was in force, oldest first.
    pub zones: Vec<ZoneChange>,
    /// The name that other participants see, unless the user is hidden.
    #[schema(example = "Swift Heron")]
    pub alias: String,
    /// Boards show the user to others as `Anonymous`.
    pub hidden: bool,
    /// How many minutes after midnight days end, from the newest change on.
    #[schema(example = 0)]
    pub day_start_min: u16,
    /// The first day that does; null where nobody has changed it.
    #[schema(required = true, format = Date)]
    pub day_start_from: Option<String>,
    /// First day of the user's week: `monday` or `sunday`.
    #[schema(value_type = String, example = "monday")]
    pub week_starts: &'static str,
    /// Devices that are believed before all others, in the user's own order; empty: their classes decide.
    pub device_order: Vec<String>,
    /// What the deployment says of the user, by name: texts and integers.
    pub attributes: Attributes,
    /// When the user came into being, POSIX ms.
    pub created_ms: i64,
}

impl From<&UserView> for User {
    fn from(view: &UserView) -> Self {
        Self {
            user: view.user.as_str().to_owned(),
            zone: view.zone.clone(),
            zones: view.zones.iter().map(ZoneChange::from).collect(),
            alias: view.alias.clone(),
            hidden: view.hidden,
            day_start_min: view.day_start.0,
            day_start_from: view.day_start.1.map(|day| day.iso()),
            week_starts: match view.week_starts {
                WeekStart::Monday => "monday",
                WeekStart::Sunday => "sunday",
            },
            device_order: view.device_order.iter().map(ToString::to_string).collect(),
            attributes: Attributes::from(&view.attributes),
            created_ms: view.created_ms,
        }
    }
}

/// What a deployment says of a user, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(example = json!({"region": "EU", "age": 41}))]
pub struct Attributes(pub BTreeMap<String, AttributeValue>);

/// A text or an integer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    /// 1 to 64 characters.
    Text(String),
    /// Within ±(2^53 - 1).
    Number(i64),
}

impl From<&attribute::Value> for AttributeValue {
    fn from(value: &attribute::Value) -> Self {
        match value {
            attribute::Value::Text(text) => Self::Text(text.clone()),
            attribute::Value::Number(number) => Self::Number(*number),
        }
    }
}

impl From<&attribute::Attributes> for Attributes {
    fn from(attributes: &attribute::Attributes) -> Self {
        let shown = |(name, value): (&attribute::Name, &attribute::Value)| {
            (name.as_str().to_owned(), AttributeValue::from(value))
        };
        Self(attributes.iter().map(shown).collect())
    }
}

/// A zone that was in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ZoneChange {
    /// IANA zone.
    #[schema(example = "Europe/Berlin")]
    pub zone: String,
    /// From when on, POSIX ms; null: from the beginning of time.
    #[schema(required = true)]
    pub effective_ms: Option<i64>,
    /// When the server learned of it, POSIX ms; null: nobody has told it.
    #[schema(required = true)]
    pub received_ms: Option<i64>,
    /// Nobody travels that fast: a person should look at it.
    pub flagged: bool,
}

impl From<&user::ZoneChange> for ZoneChange {
    fn from(change: &user::ZoneChange) -> Self {
        let known = |at_ms: i64| (at_ms > i64::MIN).then_some(at_ms);
        Self {
            zone: change.zone.clone(),
            effective_ms: known(change.effective_ms),
            received_ms: known(change.received_ms),
            flagged: change.flagged,
        }
    }
}
