//! What a challenge's type asks for, out of the members of its body.

use serde_json::Value;
use streakline_core::{
    definition::{
        Kind,
        kind::{
            duel::{RINGS, Ring},
            journey::Waypoint,
        },
    },
    limits,
    metric::Metric,
};
use utoipa::ToSchema;

use crate::api::{
    fault::Wrong,
    fields::{Fields, integer, line, word},
    goal_body::{amount, metric},
};

/// The types of this version.
const TYPES: &[&str] = &[
    "most",
    "target",
    "race",
    "collective",
    "journey",
    "duel",
    "last_standing",
    "team_vs_team",
];

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct StageBody {
    /// Shown to users; 1 to 100 characters.
    #[schema(example = "Gotthard", min_length = 1, max_length = 100)]
    title: String,
    /// How far from the start it is, in m; more than the stage before.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    distance_m: i64,
    /// Latitude in 10^-6 degrees; with a longitude or not at all.
    #[schema(minimum = -90_000_000, maximum = 90_000_000)]
    lat_microdeg: Option<i32>,
    /// Longitude in 10^-6 degrees.
    #[schema(minimum = -180_000_000, maximum = 180_000_000)]
    lon_microdeg: Option<i32>,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct RingBody {
    /// What fills it; each ring has another metric.
    #[schema(example = "steps")]
    metric: String,
    /// How much of it, in the metric's unit.
    #[schema(example = 10_000)]
    target: f64,
}

/// The type by its name.
pub(super) fn type_name(top: &mut Fields<'_>) -> Option<&'static str> {
    top.required("type", word(TYPES))
}

/// The parameters of a type; members of other types are unknown ones.
pub(super) fn kind(top: &mut Fields<'_>, name: &str, counted: Option<Metric>) -> Option<Kind> {
    match name {
        "target" => target(top, counted).map(|target| Kind::Target { target }),
        "race" => race(top, counted),
        "collective" => {
            let tiers = top.required("tiers", amounts(counted, limits::TIERS_MAX));
            tiers.map(|tiers| Kind::Collective { tiers })
        }
        "journey" => {
            let stages = top.objects("stages", 1..=limits::STAGES_MAX);
            let stages: Option<Vec<Waypoint>> = stages.into_iter().map(stage).collect();
            stages.map(|stages| Kind::Journey { stages })
        }
        "duel" => {
            let rings = top.objects("rings", RINGS..=RINGS);
            let rings: Option<Vec<Ring>> = rings.into_iter().map(ring).collect();
            rings.map(|rings| Kind::Duel { rings })
        }
        "last_standing" => survival(top, counted),
        "team_vs_team" => super::teams::teams(top).map(|teams| Kind::TeamVsTeam(Box::new(teams))),
        _ => Some(Kind::Most),
    }
}

fn target(top: &mut Fields<'_>, counted: Option<Metric>) -> Option<i64> {
    top.required("target", amount(counted, 1))
}

/// A bar for each day, or the lowest few of it.
fn survival(top: &mut Fields<'_>, counted: Option<Metric>) -> Option<Kind> {
    if !top.has("lowest_percent") {
        let bar = top.required("bar", amount(counted, 1));
        return bar.map(|bar| Kind::LastStanding { bar });
    }
    if top.has("bar") {
        let words = "a round has a bar or a lowest_percent";
        top.fault("bar", Wrong::new("one_of", words));
        top.optional("bar", amount(counted, 1));
    }
    let percent = top.required("lowest_percent", integer(1..=50))?;
    let lowest_percent = u32::try_from(percent).ok()?;
    Some(Kind::Elimination { lowest_percent })
}

fn race(top: &mut Fields<'_>, counted: Option<Metric>) -> Option<Kind> {
    let target = target(top, counted);
    let places = integer(1..=i64::from(limits::PARTICIPANTS_MAX));
    let finishers = top.nullable("finishers", places).flatten();
    Some(Kind::Race {
        target: target?,
        finishers: finishers.and_then(|places| u32::try_from(places).ok()),
    })
}

/// A list of amounts of a metric, at most so many.
fn amounts(counted: Option<Metric>, most: usize) -> impl Fn(&Value) -> Result<Vec<i64>, Wrong> {
    move |value| {
        let items = value.as_array();
        let items = items.ok_or_else(|| Wrong::shape("must be a list"))?;
        if !(1..=most).contains(&items.len()) {
            return Err(Wrong::range(format!("must have 1 to {most} items")));
        }
        items.iter().map(amount(counted, 1)).collect()
    }
}

fn ring(mut ring: Fields<'_>) -> Option<Ring> {
    let counted = ring.required("metric", metric);
    let target = ring.required("target", amount(counted, 1));
    ring.done(&[]);
    Some(Ring {
        metric: counted?,
        target: target?,
    })
}

fn stage(mut stage: Fields<'_>) -> Option<Waypoint> {
    let title = stage.required("title", line(1..=limits::STAGE_TITLE_CHARS_MAX));
    let distance_m = stage.required("distance_m", integer(1..=limits::ROUTE_M_MAX));
    let lat = stage.nullable("lat_microdeg", integer(-90_000_000..=90_000_000));
    let lon = stage.nullable("lon_microdeg", integer(-180_000_000..=180_000_000));
    let place = match (lat.flatten(), lon.flatten()) {
        (Some(lat), Some(lon)) => i32::try_from(lat).ok().zip(i32::try_from(lon).ok()),
        (None, None) => None,
        _ => {
            let words = "a place has a latitude and a longitude";
            stage.fault("lat_microdeg", Wrong::new("incomplete", words));
            None
        }
    };
    stage.done(&[]);
    Some(Waypoint {
        title: title?,
        distance_m: distance_m?,
        place,
    })
}
