//! What each type of challenge asks for, as members of the challenge's body.

use serde::Serialize;
use serde_json::Number;
use streakline_core::definition::{
    Definition, Kind,
    kind::{
        duel,
        journey::Waypoint,
        teams::{self, Roster, TeamScore, Teams},
    },
};
use utoipa::ToSchema;

use crate::{protocol::body::quantity::amount, registry};

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
    /// Of `collective`: the sums of all scores that are reached one after the other, in the metric's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<f64>>, required = false)]
    pub tiers: Option<Vec<Number>>,
    /// Of `journey`: the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub stages: Option<Vec<Stage>>,
    /// Of `duel`: the rings that are to be filled each day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub rings: Option<Vec<Ring>>,
    /// Of `last_standing`: what each day needs, in the metric's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false, example = 8_000)]
    pub bar: Option<Number>,
    /// Of `last_standing` without a bar: how many per cent of those who stand are out after each day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 10)]
    pub lowest_percent: Option<u32>,
    /// Of `team_vs_team`: who plays against whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub teams: Option<Vec<Team>>,
    /// Of `team_vs_team`: how members come into teams, `chosen` by themselves or `balanced` by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "chosen")]
    pub roster: Option<&'static str>,
    /// Of `team_vs_team`: what the scores of its members come to, `mean`, `sum`, or the mean of the `best` so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "mean")]
    pub team_score: Option<&'static str>,
    /// Of `team_vs_team` whose `team_score` is `best`: how many of the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 5)]
    pub best: Option<u32>,
}

/// A team of a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChallengeTeam)]
pub struct Team {
    /// Names it in requests and rows.
    #[schema(example = "red")]
    pub key: String,
    /// Shown to users.
    #[schema(example = "Red Foxes")]
    pub name: String,
}

/// A stage of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = JourneyStage)]
pub struct Stage {
    /// Shown to users.
    #[schema(example = "Gotthard")]
    pub title: String,
    /// How far from the start it is, in m.
    #[schema(example = 12_000)]
    pub distance_m: i64,
    /// Latitude in 10^-6 degrees, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub lat_microdeg: Option<i32>,
    /// Longitude in 10^-6 degrees, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub lon_microdeg: Option<i32>,
}

/// A ring of a duel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DuelRing)]
pub struct Ring {
    /// What fills it.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// How much of it, in the metric's unit.
    #[schema(value_type = f64, example = 10_000)]
    pub target: Number,
}

impl From<&duel::Ring> for Ring {
    fn from(ring: &duel::Ring) -> Self {
        Self {
            metric: registry::metrics().name(ring.metric),
            target: amount(ring.metric, ring.target),
        }
    }
}

impl From<&Waypoint> for Stage {
    fn from(stage: &Waypoint) -> Self {
        Self {
            title: stage.title.clone(),
            distance_m: stage.distance_m,
            lat_microdeg: stage.place.map(|(lat, _)| lat),
            lon_microdeg: stage.place.map(|(_, lon)| lon),
        }
    }
}

impl Parameters {
    /// Those of a definition.
    #[must_use]
    pub fn of(definition: &Definition) -> Self {
        let shown = |value: &i64| amount(definition.metric, *value);
        let none = Self::default();
        match &definition.kind {
            Kind::Most => none,
            Kind::Target { target } => Self {
                target: Some(shown(target)),
                ..none
            },
            Kind::Race { target, finishers } => Self {
                target: Some(shown(target)),
                finishers: *finishers,
                ..none
            },
            Kind::Collective { tiers } => Self {
                tiers: Some(tiers.iter().map(shown).collect()),
                ..none
            },
            Kind::Journey { stages } => Self {
                stages: Some(stages.iter().map(Stage::from).collect()),
                ..none
            },
            Kind::LastStanding { bar } => Self {
                bar: Some(shown(bar)),
                ..none
            },
            Kind::Elimination { lowest_percent } => Self {
                lowest_percent: Some(*lowest_percent),
                ..none
            },
            Kind::TeamVsTeam(teams) => Self::of_teams(teams),
            Kind::Duel { rings } => Self {
                rings: Some(rings.iter().map(Ring::from).collect()),
                ..none
            },
        }
    }

    fn of_teams(teams: &Teams) -> Self {
        let team = |team: &teams::Team| Team {
            key: team.key.clone(),
            name: team.name.clone(),
        };
        let (score, best) = match teams.score {
            TeamScore::Mean => ("mean", None),
            TeamScore::Sum => ("sum", None),
            TeamScore::Best(count) => ("best", Some(count)),
        };
        Self {
            teams: Some(teams.teams.iter().map(team).collect()),
            roster: Some(match teams.roster {
                Roster::Chosen => "chosen",
                Roster::Balanced => "balanced",
            }),
            team_score: Some(score),
            best,
            ..Self::default()
        }
    }
}
