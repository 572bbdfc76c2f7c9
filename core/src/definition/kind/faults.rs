//! What is wrong with the parameters of a type.

use alloc::{format, string::String, vec::Vec};

use super::{
    Kind, duel,
    duel::Ring,
    elimination,
    journey::{self, Waypoint},
};
use crate::{
    definition::{Definition, DefinitionFault, LateJoin},
    leaderboard::RankStyle,
    limits,
    metric::Metric,
};

impl Kind {
    /// All that is wrong with it in a challenge that is else defined like this, each at its member of the body.
    #[must_use]
    pub fn faults(&self, of: &Definition) -> Vec<DefinitionFault> {
        match self {
            Self::Most => Vec::new(),
            Self::Target { target } => amount("/target".into(), *target).into_iter().collect(),
            Self::Race { target, finishers } => {
                let mut faults: Vec<_> = amount("/target".into(), *target).into_iter().collect();
                let fits = finishers.is_none_or(|n| (1..=limits::PARTICIPANTS_MAX).contains(&n));
                let words = "1 to 1000000, or null";
                let fault = DefinitionFault::at("/finishers", "range", words);
                faults.extend((!fits).then_some(fault));
                faults
            }
            Self::Collective { tiers } => of_tiers(tiers),
            Self::Journey { stages } => of_route(stages, of.metric),
            Self::Duel { rings } => of_duel(rings, of),
            Self::LastStanding { bar } => of_survival(*bar, of),
            Self::TeamVsTeam(teams) => teams.faults(of),
            Self::Elimination { lowest_percent } => elimination::faults(*lowest_percent, of),
        }
    }
}

fn amount(pointer: String, amount: i64) -> Option<DefinitionFault> {
    let fits = (1..=limits::CHALLENGE_AMOUNT_MAX).contains(&amount);
    let words = "more than 0, at most a million million of the metric's store units";
    (!fits).then(|| DefinitionFault::at(pointer, "range", words))
}

/// Whether each is more than the one before; where not, its place.
fn falling(values: impl Iterator<Item = i64>) -> Vec<usize> {
    let mut highest = 0_i64;
    let mut places = Vec::new();
    for (place, value) in values.enumerate() {
        if place > 0 && value <= highest {
            places.push(place);
        }
        highest = highest.max(value);
    }
    places
}

fn of_survival(bar: i64, of: &Definition) -> Vec<DefinitionFault> {
    let mut faults: Vec<_> = amount("/bar".into(), bar).into_iter().collect();
    if of.late == LateJoin::Yes {
        let words = "who joins late has missed rounds";
        faults.push(DefinitionFault::at("/join/late", "unsupported", words));
    }
    if of.clock.is_shared() {
        let words = "a round is a day of each user";
        faults.push(DefinitionFault::at("/window/clock", "unsupported", words));
    }
    if of.per_day_cap.is_some_and(|cap| cap < bar) {
        let words = "no day can reach the bar";
        faults.push(DefinitionFault::at("/per_day_cap", "range", words));
    }
    faults
}

fn of_tiers(tiers: &[i64]) -> Vec<DefinitionFault> {
    let mut faults = Vec::new();
    if tiers.is_empty() || tiers.len() > limits::TIERS_MAX {
        faults.push(DefinitionFault::at("/tiers", "range", "1 to 20 tiers"));
    }
    let each = tiers.iter().enumerate();
    faults.extend(each.filter_map(|(place, tier)| amount(format!("/tiers/{place}"), *tier)));
    for place in falling(tiers.iter().copied()) {
        let words = "a tier is more than the one before";
        faults.push(DefinitionFault::at(
            format!("/tiers/{place}"),
            "order",
            words,
        ));
    }
    faults
}

fn of_route(stages: &[Waypoint], metric: Metric) -> Vec<DefinitionFault> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, pointer: String, code, words: &str| {
        if wrong {
            faults.push(DefinitionFault::at(pointer, code, words));
        }
    };
    let is_far = journey::mm_per_unit(metric).is_some();
    let words = "a journey counts steps or distance";
    fault(!is_far, "/metric".into(), "unsupported", words);
    let few = (1..=limits::STAGES_MAX).contains(&stages.len());
    fault(!few, "/stages".into(), "range", "1 to 32 stages");
    for (place, stage) in stages.iter().enumerate() {
        let at = |name: &str| format!("/stages/{place}/{name}");
        let title = stage.title.chars().count();
        let fits = (1..=limits::STAGE_TITLE_CHARS_MAX).contains(&title);
        fault(!fits, at("title"), "range", "1 to 100 characters");
        let fits = (1..=limits::ROUTE_M_MAX).contains(&stage.distance_m);
        fault(!fits, at("distance_m"), "range", "1 to 1000000000");
        let (lat, lon) = stage.place.unwrap_or_default();
        let fits = (-90_000_000..=90_000_000).contains(&lat);
        fault(!fits, at("lat_microdeg"), "range", "-90000000 to 90000000");
        let fits = (-180_000_000..=180_000_000).contains(&lon);
        fault(
            !fits,
            at("lon_microdeg"),
            "range",
            "-180000000 to 180000000",
        );
    }
    for place in falling(stages.iter().map(|stage| stage.distance_m)) {
        let words = "a stage is farther than the one before";
        fault(true, format!("/stages/{place}/distance_m"), "order", words);
    }
    faults
}

fn of_duel(rings: &[Ring], of: &Definition) -> Vec<DefinitionFault> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, pointer: &'static str, code, words: &str| {
        if wrong {
            faults.push(DefinitionFault::at(pointer, code, words));
        }
    };
    let long = of.ends.since(of.starts).saturating_add(1) != duel::DAYS;
    let is_ordered = of.starts <= of.ends;
    let words = "a duel has 7 days";
    fault(long && is_ordered, "/window/ends", "range", words);
    let words = "a duel has 2 places";
    fault(of.capacity != Some(2), "/capacity", "range", words);
    let words = "a duel scores whole days of each user";
    let prorated = of.late == LateJoin::Prorated;
    fault(prorated, "/join/late", "unsupported", words);
    let shared = of.clock.is_shared();
    fault(shared, "/window/clock", "unsupported", words);
    let ordinal = of.rank_style == RankStyle::Ordinal;
    let words = "a duel may end in a draw";
    fault(ordinal, "/rank_style", "unsupported", words);
    fault(rings.len() != duel::RINGS, "/rings", "range", "3 rings");
    for (place, ring) in rings.iter().enumerate() {
        faults.extend(amount(format!("/rings/{place}/target"), ring.target));
        let mut before = rings.iter().take(place);
        if before.any(|other| other.metric == ring.metric) {
            let (pointer, words) = (format!("/rings/{place}/metric"), "another ring counts it");
            faults.push(DefinitionFault::at(pointer, "repeated", words));
        }
    }
    faults
}
