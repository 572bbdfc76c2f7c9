//! What can be kept in parts, and what cannot, with its place.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::*;
use crate::{
    attribute::Name,
    civil::Day,
    definition::kind::teams::{Roster, TeamScore, Teams},
};

fn parted() -> Definition {
    Definition {
        keeping: Keeping::Parts,
        ..Definition::new("Steps", (Day(1), Day(2)))
    }
}

/// Faults that say it is the keeping that does not fit.
fn places(of: &Definition) -> Vec<String> {
    let faults = of.keeping_faults();
    assert!(faults.iter().all(|fault| fault.code == "unsupported"));
    faults
        .iter()
        .map(|fault| fault.pointer.clone().into_owned())
        .collect()
}

fn of_kind(kind: Kind) -> Definition {
    Definition { kind, ..parted() }
}

#[test]
fn scores_of_members_alone_are_kept_in_parts_and_more_may_take_part() {
    let most = limits::PARTED_PARTICIPANTS_MAX;
    assert!(parted().faults().is_empty());
    assert_eq!(parted().places(), most);
    for (capacity, fits) in [(most, true), (most + 1, false)] {
        let of = Definition {
            capacity: Some(capacity),
            ..parted()
        };
        assert_eq!(of.faults().is_empty(), fits, "{capacity}");
    }
    let whole = Definition {
        keeping: Keeping::Whole,
        capacity: Some(limits::PARTICIPANTS_MAX + 1),
        ..parted()
    };
    assert_eq!(whole.faults().len(), 1);
    let stages = Vec::new();
    for kind in [
        Kind::Most,
        Kind::Target { target: 5 },
        Kind::Journey { stages },
        Kind::LastStanding { bar: 5 },
    ] {
        assert!(places(&of_kind(kind)).is_empty());
    }
}

#[test]
fn what_needs_the_whole_order_or_sum_is_refused_each_with_its_place() {
    let teams = Teams {
        teams: Vec::new(),
        roster: Roster::Chosen,
        score: TeamScore::Sum,
    };
    let kinds = [
        (
            Kind::Race {
                target: 5,
                finishers: None,
            },
            "/type",
        ),
        (
            Kind::Collective {
                tiers: Vec::from([5]),
            },
            "/type",
        ),
        (Kind::Duel { rings: Vec::new() }, "/type"),
        (Kind::TeamVsTeam(Box::new(teams)), "/type"),
        (Kind::Elimination { lowest_percent: 5 }, "/lowest_percent"),
    ];
    for (kind, place) in kinds {
        assert_eq!(places(&of_kind(kind.clone())), [place], "{kind:?}");
        let whole = Definition {
            keeping: Keeping::Whole,
            ..of_kind(kind)
        };
        assert!(whole.keeping_faults().is_empty());
    }
    for rank_style in [RankStyle::Dense, RankStyle::Ordinal] {
        let of = Definition {
            rank_style,
            ..parted()
        };
        assert_eq!(places(&of), ["/rank_style"]);
    }
    let of = Definition {
        segments: Vec::from([Name::parse("region").unwrap()]),
        waitlist: 5,
        kind: Kind::Collective {
            tiers: Vec::from([5]),
        },
        ..parted()
    };
    assert_eq!(
        places(&of),
        ["/type", "/segments", "/waitlist"],
        "all at once"
    );
}
