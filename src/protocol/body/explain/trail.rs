//! What was told of something and who changed it: every item with its origin, the version of its rules and its causes.

use serde::Serialize;
use streakline_core::{
    attest::KeyId,
    change::{Change, ChangeKind},
    civil::Day,
    event::{EventId, Fact},
    goal::Revision,
    id::{DeviceId, GoalId},
    input::{Adjustment, Origin, Source},
    streak::Definition,
};
use utoipa::ToSchema;

use super::super::{event::Event, goal::week_start_name, streak::StreakRule, user};
/// One page of the events and changes that belong to a question, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Trail {
    /// In order of time.
    pub items: Vec<TrailItem>,
    /// Cursor of the page after this one; null at the end. A page may have no items and yet a next one.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// An event, or a change.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrailItem {
    /// When, by the server's clock: the stamp of its input, or the deadline of the boundary that made it; POSIX ms.
    pub at_ms: i64,
    /// What was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// What was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Changed>,
    /// Who asked for the input that made it.
    pub by: By,
    /// The device whose samples made it, where samples did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    pub device: Option<String>,
    /// Version of the rules that folded it.
    pub rules: u16,
    /// Its identity: partition, epoch and index of its input in the journal, and of an event its number there.
    #[schema(example = "300-1-7-0")]
    pub id: String,
    /// What caused it besides its own input: ids of events and of inputs.
    pub causes: Vec<String>,
}

/// Who asked for an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct By {
    /// `stream`, `rest`, `timer` or `peer`.
    #[schema(value_type = String, example = "rest")]
    pub source: &'static str,
    /// `user:ID`, `admin:ID`, `admin-key` or `server`.
    #[schema(example = "admin-key")]
    pub principal: String,
    /// Finds the log line; empty for the server's own inputs.
    pub request_id: String,
}

/// What a person or an operator changed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind")]
pub enum Changed {
    /// The user was made.
    #[serde(rename = "user.created")]
    Created {
        /// In that zone; null: UTC until one is set.
        #[schema(required = true)]
        zone: Option<String>,
    },
    /// A zone was put in force.
    #[serde(rename = "zone.changed")]
    Zone {
        /// IANA name.
        zone: String,
        /// From then on, POSIX ms.
        effective_ms: i64,
        /// Nobody travels that fast.
        flagged: bool,
    },
    /// The name that others see.
    #[serde(rename = "alias.changed")]
    Alias {
        /// The new one.
        alias: String,
    },
    /// The hour at which days begin.
    #[serde(rename = "day_start.changed")]
    DayStart {
        /// The first day that ends so long after midnight.
        from: String,
        /// Minutes after midnight.
        day_start_min: u16,
    },
    /// The first day of the week.
    #[serde(rename = "week_starts.changed")]
    WeekStarts {
        /// `monday` or `sunday`.
        #[schema(value_type = String)]
        week_starts: &'static str,
    },
    /// Whether boards show the user to others without its alias.
    #[serde(rename = "hidden.changed")]
    Hidden {
        /// Now.
        hidden: bool,
    },
    /// What the deployment says of the user.
    #[serde(rename = "attributes.changed")]
    Attributes {
        /// All of it, by name: texts and integers.
        attributes: user::Attributes,
    },
    /// The order in which devices are believed, from that day on.
    #[serde(rename = "device_order.changed")]
    DeviceOrder {
        /// These come before all others.
        device_order: Vec<String>,
    },
    /// A device was bound to the user.
    #[serde(rename = "device.bound")]
    DeviceBound {
        /// Which.
        device: String,
        /// Its class.
        #[schema(value_type = String)]
        class: &'static str,
    },
    /// A device says another vendor or model.
    #[serde(rename = "device.described")]
    DeviceDescribed {
        /// Which.
        device: String,
    },
    /// A key was registered for a device.
    #[serde(rename = "device.key_set")]
    DeviceKeySet {
        /// Which.
        device: String,
        /// What the key is called.
        key_id: String,
    },
    /// A device has no key any more.
    #[serde(rename = "device.key_removed")]
    DeviceKeyRemoved {
        /// Which.
        device: String,
    },
    /// A goal was made or revised.
    #[serde(rename = "goal.set")]
    GoalSet {
        /// Which.
        goal: String,
        /// First days of the terms that it brought; the goal's explanation has the terms.
        from: Vec<String>,
        /// Adaptive: the day of the user's own target.
        #[serde(skip_serializing_if = "Option::is_none")]
        own: Option<String>,
        /// What its streak allows from then on, where that was said too.
        #[serde(skip_serializing_if = "Option::is_none")]
        streak: Option<StreakRule>,
    },
    /// A goal was deleted.
    #[serde(rename = "goal.deleted")]
    GoalDeleted {
        /// Which.
        goal: String,
        /// Its last day.
        #[schema(required = true)]
        until: Option<String>,
    },
    /// A rest day was chosen.
    #[serde(rename = "rest_day.chosen")]
    RestDayChosen {
        /// The date.
        day: String,
    },
    /// It is a day like any other again.
    #[serde(rename = "rest_day.taken_back")]
    RestDayTakenBack {
        /// The date.
        day: String,
    },
    /// The user left a challenge.
    #[serde(rename = "challenge.left")]
    ChallengeLeft {
        /// Which.
        challenge: String,
    },
    /// Older history was imported.
    #[serde(rename = "history.imported")]
    Imported {
        /// Of which device.
        device: String,
        /// How many records were taken in.
        records: u32,
        /// Earliest start of them, POSIX ms.
        first_ms: i64,
        /// Latest end of them, POSIX ms.
        last_ms: i64,
    },
    /// An input that could not be folded was passed over.
    #[serde(rename = "input.skipped")]
    Skipped {
        /// Its place in the same partition's journal: epoch and index.
        input: String,
        /// It put the user on hold.
        hold: bool,
    },
    /// Such an input was offered again, or the user released.
    #[serde(rename = "input.retried")]
    Retried {
        /// What kind of input.
        #[schema(required = true)]
        input: Option<String>,
        /// The user was released from its hold.
        release: bool,
    },
    /// The balance was set right by hand.
    #[serde(rename = "balance.adjusted")]
    Adjusted {
        /// The civil day on which it was booked.
        day: String,
        /// What it changed the balance by, 10^-6 token.
        amount_micro: i64,
        /// Why, in the admin's words.
        reason: String,
    },
}

impl From<&Origin> for By {
    fn from(origin: &Origin) -> Self {
        let source = match origin.source {
            Source::Stream => "stream",
            Source::Rest => "rest",
            Source::Timer => "timer",
            Source::Peer => "peer",
        };
        Self {
            source,
            principal: origin.principal.clone(),
            request_id: origin.request_id.clone(),
        }
    }
}

/// The text of an id: that of an input ends with its index.
pub(super) fn id(id: &EventId) -> String {
    let input = format!(
        "{}-{}-{}",
        id.partition, id.position.epoch, id.position.index
    );
    if id.sub == EventId::INPUT {
        input
    } else {
        format!("{input}-{}", id.sub)
    }
}

impl From<&Fact> for TrailItem {
    fn from(fact: &Fact) -> Self {
        Self {
            at_ms: fact.at_ms,
            event: Some(Event::from(fact)),
            change: None,
            by: By::from(&fact.by),
            device: fact.device.map(|device| device.to_string()),
            rules: fact.rules,
            id: id(&fact.id),
            causes: fact.causes.iter().map(id).collect(),
        }
    }
}

impl From<&Change> for TrailItem {
    fn from(change: &Change) -> Self {
        Self {
            at_ms: change.at_ms,
            event: None,
            change: Some(Changed::from(&change.kind)),
            by: By::from(&change.by),
            device: None,
            rules: change.rules,
            id: id(&change.id),
            causes: Vec::new(),
        }
    }
}

impl From<&ChangeKind> for Changed {
    fn from(kind: &ChangeKind) -> Self {
        match kind.clone() {
            ChangeKind::Created { zone } => Self::Created { zone },
            ChangeKind::ZoneChanged {
                zone,
                effective_ms,
                flagged,
            } => Self::Zone {
                zone,
                effective_ms,
                flagged,
            },
            ChangeKind::AliasChanged(alias) => Self::Alias { alias },
            ChangeKind::DayStartChanged { from, after_min } => Self::DayStart {
                from: from.iso(),
                day_start_min: after_min,
            },
            ChangeKind::WeekStartChanged(week_starts) => Self::WeekStarts {
                week_starts: week_start_name(week_starts),
            },
            ChangeKind::HiddenChanged(hidden) => Self::Hidden { hidden },
            ChangeKind::AttributesChanged(attributes) => Self::Attributes {
                attributes: user::Attributes::from(&attributes),
            },
            ChangeKind::DeviceOrderChanged(order) => Self::DeviceOrder {
                device_order: order.iter().map(ToString::to_string).collect(),
            },
            ChangeKind::DeviceBound { device, class } => Self::DeviceBound {
                device: device.to_string(),
                class: class.name(),
            },
            ChangeKind::DeviceDescribed(device) => Self::DeviceDescribed {
                device: device.to_string(),
            },
            ChangeKind::DeviceKeySet { device, key } => keyed(device, Some(key)),
            ChangeKind::DeviceKeyRemoved(device) => keyed(device, None),
            ChangeKind::RestDayChosen(day) => Self::RestDayChosen { day: day.iso() },
            ChangeKind::RestDayTakenBack(day) => Self::RestDayTakenBack { day: day.iso() },
            ChangeKind::ChallengeLeft(challenge) => Self::ChallengeLeft {
                challenge: challenge.to_string(),
            },
            ChangeKind::GoalSet {
                goal,
                revisions,
                own,
                streak,
            } => goal_set(&goal, &revisions, (own, streak)),
            ChangeKind::GoalDeleted { goal, until } => Self::GoalDeleted {
                goal: goal.to_string(),
                until: until.map(|day| day.iso()),
            },
            ChangeKind::Imported {
                device,
                records,
                first_ms,
                last_ms,
            } => Self::Imported {
                device: device.to_string(),
                records,
                first_ms,
                last_ms,
            },
            ChangeKind::Skipped { position, hold } => Self::Skipped {
                input: format!("{}-{}", position.epoch, position.index),
                hold,
            },
            ChangeKind::Retried { input, release } => Self::Retried { input, release },
            ChangeKind::Adjusted { day, adjustment } => adjusted(day, adjustment),
        }
    }
}

fn keyed(device: DeviceId, key: Option<KeyId>) -> Changed {
    let device = device.to_string();
    match key {
        Some(key) => Changed::DeviceKeySet {
            device,
            key_id: key.to_string(),
        },
        None => Changed::DeviceKeyRemoved { device },
    }
}

fn adjusted(day: Day, adjustment: Adjustment) -> Changed {
    Changed::Adjusted {
        day: day.iso(),
        amount_micro: adjustment.amount_micro,
        reason: adjustment.reason,
    }
}

fn goal_set(
    goal: &GoalId,
    revisions: &[Revision],
    (own, streak): (Option<(Day, i64)>, Option<Definition>),
) -> Changed {
    Changed::GoalSet {
        goal: goal.to_string(),
        from: revisions
            .iter()
            .map(|revision| revision.from.iso())
            .collect(),
        own: own.map(|(day, _)| day.iso()),
        streak: streak.map(StreakRule::from),
    }
}
