//! Types: their faults, what of them differs, and what their keys say.

use alloc::borrow::Cow;

use super::{
    teams::{Roster, Team, TeamScore},
    *,
};
use crate::{
    civil::{Day, MINUTE_MS},
    definition::Definition,
    leaderboard::RankStyle,
    limits,
    metric::Metric,
};

fn counting(metric: Metric) -> Definition {
    Definition {
        metric,
        ..Definition::new("April", (Day(1), Day(7)))
    }
}

fn race(target: i64, finishers: Option<u32>) -> Kind {
    Kind::Race { target, finishers }
}

#[test]
fn an_amount_of_nothing_and_no_place_to_finish_are_faults() {
    let pointers = |kind: Kind| -> Vec<_> {
        let faults = kind.faults(&counting(Metric::STEPS));
        faults.into_iter().map(|fault| fault.pointer).collect()
    };
    assert_eq!(pointers(race(0, Some(0))), ["/target", "/finishers"]);
    let target = limits::CHALLENGE_AMOUNT_MAX + 1;
    assert_eq!(pointers(Kind::Target { target }), ["/target"]);
    assert_eq!(pointers(race(1, None)), [""; 0]);
    assert_eq!(pointers(Kind::Most), [""; 0]);
}

#[test]
fn another_type_differs_as_a_whole_and_the_same_one_by_its_members() {
    let target = Kind::Target { target: 5 };
    assert_eq!(race(5, None).differing(&target), ["/type"]);
    assert_eq!(
        race(5, None).differing(&race(6, Some(3))),
        ["/target", "/finishers"]
    );
    assert_eq!(target.differing(&target.clone()), [""; 0]);
}

#[test]
fn every_finisher_of_a_race_comes_before_every_amount_and_the_sooner_the_better() {
    let race = race(limits::CHALLENGE_AMOUNT_MAX, Some(2));
    let line = race.line(Metric::STEPS).unwrap();
    let key = |minutes: i64| race.finished_key(line, (0, minutes * MINUTE_MS));
    let year = i64::from(limits::WINDOW_DAYS_MAX) * 1_500;
    assert!(key(29 * 60) > key(30 * 60) && key(year) > line);
    let scale = race.scale(Metric::STEPS);
    assert_eq!(scale.reached(key(5), 2).after_min, Some(5));
    assert!(scale.reached(key(5), 2).finished);
    assert!(!scale.reached(key(5), 3).finished, "both places are taken");
    assert_eq!(scale.reached(line - 1, 3).score, line - 1);
}

#[test]
fn a_target_is_done_with_the_amount() {
    let scale = Kind::Target { target: 500 }.scale(Metric::STEPS);
    assert!(scale.reached(500, 9).finished && !scale.reached(499, 1).finished);
}

fn stage(distance_m: i64) -> Waypoint {
    Waypoint {
        title: "Pass".into(),
        distance_m,
        place: None,
    }
}

#[test]
fn tiers_and_stages_rise_and_each_fault_is_told_at_its_place() {
    let found = |kind: Kind, metric| -> Vec<(Cow<'static, str>, &'static str)> {
        let faults = kind.faults(&counting(metric)).into_iter();
        faults.map(|fault| (fault.pointer, fault.code)).collect()
    };
    let tiers = Kind::Collective {
        tiers: Vec::from([10, 10, 0, 11]),
    };
    let wanted = [
        ("/tiers/2", "range"),
        ("/tiers/1", "order"),
        ("/tiers/2", "order"),
    ];
    let owned = wanted.map(|(pointer, code)| (Cow::from(pointer), code));
    assert_eq!(found(tiers, Metric::STEPS), owned);
    let stages = Kind::Journey {
        stages: Vec::from([stage(5), stage(4)]),
    };
    let wanted = [
        ("/metric", "unsupported"),
        ("/stages/1/distance_m", "order"),
    ];
    let owned = wanted.map(|(pointer, code)| (Cow::from(pointer), code));
    assert_eq!(found(stages, Metric::FLOORS), owned);
}

#[test]
fn a_stage_is_reached_with_the_first_step_that_covers_its_distance() {
    let stages = [stage(762), stage(1_524), stage(2_000)];
    let reached = |score| journey::stages_reached(&stages, Metric::STEPS, score);
    assert_eq!(reached(999), 0);
    assert_eq!(reached(1_000), 1);
    assert_eq!(
        reached(2_000),
        2,
        "what is too much for one counts for the next"
    );
    assert_eq!(reached(2_625), 3);
    let last = Kind::Journey {
        stages: stages.to_vec(),
    };
    assert_eq!(last.line(Metric::STEPS), Some(2_625));
}

#[test]
fn tiers_are_reached_by_sums_that_are_as_large() {
    let reached = |total| collective::tiers_reached(&[10, 20], total);
    assert_eq!([9, 10, 19, 20].map(reached), [0, 1, 1, 2]);
}

#[test]
fn a_duel_has_two_places_seven_days_three_rings_and_may_end_in_a_draw() {
    let ring = |metric, target| Ring { metric, target };
    let kind = Kind::Duel {
        rings: Vec::from([ring(Metric::STEPS, 1), ring(Metric::STEPS, 0)]),
    };
    let wrong = Definition {
        ends: Day(8),
        capacity: None,
        rank_style: RankStyle::Ordinal,
        ..counting(Metric::STEPS)
    };
    let pointers: Vec<_> = kind
        .faults(&wrong)
        .into_iter()
        .map(|fault| fault.pointer)
        .collect();
    let wanted = [
        "/window/ends",
        "/capacity",
        "/rank_style",
        "/rings",
        "/rings/1/target",
        "/rings/1/metric",
    ];
    assert_eq!(pointers, wanted);
    let metrics = [Metric::STEPS, Metric::FLOORS, Metric::DISTANCE];
    let kind = Kind::Duel {
        rings: metrics.map(|metric| ring(metric, 10)).to_vec(),
    };
    let right = Definition {
        capacity: Some(2),
        ..counting(Metric::STEPS)
    };
    assert_eq!(kind.faults(&right), []);
    assert!(
        kind.counts(Metric::FLOORS, Metric::STEPS)
            && !Kind::Most.counts(Metric::FLOORS, Metric::STEPS)
    );
}

#[test]
fn a_last_standing_challenge_takes_nobody_late_and_needs_a_bar_that_can_be_reached() {
    let pointers = |bar: i64, of: &Definition| -> Vec<_> {
        let faults = Kind::LastStanding { bar }.faults(of);
        faults.into_iter().map(|fault| fault.pointer).collect()
    };
    let late = counting(Metric::STEPS);
    assert_eq!(pointers(0, &late), ["/bar", "/join/late"]);
    assert_eq!(pointers(30_001, &late), ["/join/late", "/per_day_cap"]);
    let early = Definition {
        late: crate::definition::LateJoin::No,
        ..late
    };
    assert_eq!(pointers(30_000, &early), [""; 0]);
}

fn teams(keys: &[&str], score: TeamScore) -> Kind {
    let team = |key: &&str| Team {
        key: (*key).into(),
        name: "Foxes".into(),
    };
    Kind::TeamVsTeam(Box::new(Teams {
        teams: keys.iter().map(team).collect(),
        roster: Roster::Chosen,
        score,
    }))
}

#[test]
fn teams_are_told_apart_by_their_keys_and_two_of_them_need_places() {
    let pointers = |kind: &Kind, of: &Definition| -> Vec<_> {
        let faults = kind.faults(of);
        faults.into_iter().map(|fault| fault.pointer).collect()
    };
    let late = Definition {
        capacity: Some(7),
        ..counting(Metric::STEPS)
    };
    let wrong = teams(&["red", "r d", "red"], TeamScore::Best(4));
    let wanted = ["/join/late", "/capacity", "/teams/1/key", "/teams/2/key"];
    assert_eq!(pointers(&wrong, &late), wanted);
    let early = Definition {
        late: crate::definition::LateJoin::No,
        ..late
    };
    let best = |count| teams(&["red", "blue"], TeamScore::Best(count));
    assert_eq!(
        pointers(&teams(&["red"], TeamScore::Mean), &early),
        ["/teams"]
    );
    assert_eq!(pointers(&best(3), &early), [""; 0]);
    assert_eq!(pointers(&best(0), &early), ["/best"]);
    assert_eq!(
        best(3).differing(&teams(&["red"], TeamScore::Sum)),
        ["/teams", "/team_score"]
    );
}

#[test]
fn rounds_of_the_lowest_few_need_a_day_of_each_user_and_time_until_it_is_hard_closed() {
    let kind = Kind::Elimination { lowest_percent: 51 };
    let pointers = |of: &Definition| -> Vec<_> {
        let faults = kind.faults(of);
        faults.into_iter().map(|fault| fault.pointer).collect()
    };
    let wrong = Definition {
        ends: Day(61),
        clock: crate::definition::Clock::Utc,
        rank_style: RankStyle::Ordinal,
        ..counting(Metric::STEPS)
    };
    let wanted = [
        "/lowest_percent",
        "/window/ends",
        "/join/late",
        "/window/clock",
        "/finalisation_h",
        "/capacity",
        "/rank_style",
    ];
    assert_eq!(pointers(&wrong), wanted);
    let bar = Kind::LastStanding { bar: 5 };
    assert_eq!(bar.name(), kind.name());
    assert_eq!(bar.differing(&kind), ["/bar"]);
}
