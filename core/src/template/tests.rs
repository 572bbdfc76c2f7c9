//! What users may make of a template, and what they may not.

use alloc::{sync::Arc, vec, vec::Vec};

use super::*;
use crate::{
    definition::rewards::{Basis, Reward},
    id::CampaignId,
    zone::Zone,
};

const ID: TemplateId = TemplateId([5; 16]);
const TODAY: Day = Day(100);

struct NoZones;

impl Zones for NoZones {
    fn zone(&self, _: &str) -> Option<Arc<Zone>> {
        None
    }
}

fn target() -> Definition {
    Definition {
        kind: Kind::Target { target: 10_000 },
        capacity: Some(5),
        per_day_cap: None,
        ..Definition::new("Ten thousand", (Day(0), Day(6)))
    }
}

fn bounds() -> Bounds {
    Bounds {
        title: true,
        starts_in: Some(Allowed::Range(0, 30)),
        days: Some(Allowed::Range(1, 14)),
        target: Some(Allowed::List(vec![5_000, 20_000])),
        capacity: None,
        open_per_user: 3,
    }
}

fn template() -> Template {
    Template {
        definition: target(),
        bounds: bounds(),
        created_ms: 0,
    }
}

fn made(template: &Template, choice: &Choice) -> Result<Definition, Vec<DefinitionFault>> {
    template.challenge(choice, (ID, TODAY, &NoZones))
}

fn faults_of(template: &Template, choice: &Choice) -> Vec<(String, &'static str)> {
    let faults = made(template, choice).unwrap_err();
    let told = faults
        .into_iter()
        .map(|fault| (String::from(&*fault.pointer), fault.code));
    told.collect()
}

#[test]
fn what_is_not_chosen_is_the_templates() {
    let choice = Choice::starting(Day(103));
    let of = made(&template(), &choice).unwrap();
    assert_eq!(
        (of.starts, of.ends),
        (Day(103), Day(109)),
        "as long as the template's"
    );
    assert_eq!(of.template, Some(ID));
    let same = Definition {
        starts: Day(0),
        ends: Day(6),
        template: None,
        ..of
    };
    assert_eq!(same, target());
    let choice = Choice {
        title: Some("Ours".into()),
        days: Some(2),
        target: Some(20_000),
        ..choice
    };
    let of = made(&template(), &choice).unwrap();
    assert_eq!((&*of.title, of.ends), ("Ours", Day(104)));
    assert_eq!(of.kind, Kind::Target { target: 20_000 });
}

#[test]
fn every_choice_out_of_bounds_is_told_at_once() {
    let choice = Choice {
        starts: Day(131),
        days: Some(15),
        target: Some(10_000),
        capacity: Some(4),
        ..Choice::starting(TODAY)
    };
    let wanted = [
        ("/days".into(), "range"),
        ("/target".into(), "range"),
        ("/capacity".into(), "fixed"),
        ("/starts".into(), "range"),
    ];
    assert_eq!(faults_of(&template(), &choice), wanted);
    let strict = Template {
        bounds: Bounds {
            open_per_user: 1,
            ..Bounds::default()
        },
        ..template()
    };
    let choice = Choice {
        title: Some("Ours".into()),
        ..Choice::starting(TODAY)
    };
    let wanted = [("/title".into(), "fixed"), ("/starts".into(), "range")];
    assert_eq!(faults_of(&strict, &choice), wanted, "1 or 2 days ahead");
    let same = Choice {
        starts: TODAY.plus(2),
        days: Some(7),
        ..Choice::starting(TODAY)
    };
    assert!(made(&strict, &same).is_ok(), "what it is may be said");
}

#[test]
fn what_the_types_rules_forbid_is_forbidden_within_the_bounds_too() {
    let duel_like = Template {
        definition: Definition {
            rewards: vec![Reward {
                basis: Basis::Rank { first: 5, last: 5 },
                tokens_micro: 1,
            }],
            campaign: Some(CampaignId([1; 16])),
            ..target()
        },
        bounds: Bounds {
            capacity: Some(Allowed::Range(2, 5)),
            ..bounds()
        },
        ..template()
    };
    let choice = Choice {
        starts: TODAY.next(),
        capacity: Some(4),
        ..Choice::starting(TODAY)
    };
    let wanted = [("/rewards/0/rank".into(), "range")];
    assert_eq!(faults_of(&duel_like, &choice), wanted, "no such place");
}

#[test]
fn bounds_that_leave_nothing_to_choose_are_refused_all_at_once() {
    let bad = Bounds {
        starts_in: Some(Allowed::Range(3, 2)),
        days: Some(Allowed::List(Vec::new())),
        target: Some(Allowed::Range(1, 2)),
        open_per_user: 0,
        ..Bounds::default()
    };
    let most = Definition::new("Most", (Day(0), Day(6)));
    let told = faults(&most, &bad);
    let told: Vec<_> = told.iter().map(|fault| &*fault.pointer).collect();
    let wanted = [
        "/bounds/starts_in",
        "/bounds/days",
        "/bounds/target",
        "/bounds/open_per_user",
    ];
    assert_eq!(told, wanted);
    assert_eq!(faults(&target(), &bounds()), []);
}

#[test]
fn a_template_never_changes() {
    let mut held = None;
    let make = |title: &str| TemplateInput::Make {
        definition: Definition {
            title: title.into(),
            ..target()
        },
        bounds: bounds(),
    };
    fold(&mut held, &make("One"), 7);
    fold(&mut held, &make("Two"), 8);
    let held = held.unwrap();
    assert_eq!((&*held.definition.title, held.created_ms), ("One", 7));
}
