//! Segments: the ranks in them are those of a filtered and sorted list, few are not shown, and frozen ones stay.

use alloc::{format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::{
    super::{
        resident::Resident,
        scene::{ID, contribution, definition, forget, give, restored, stored, user},
        section::{Rows, Section},
    },
    *,
};
use crate::{
    alias::HIDDEN,
    definition::Definition,
    event::Contribution,
    id::{Position, UserId},
    input::ChallengeInput,
    view::{BoardView, RowView},
};

/// A published challenge with segments by region and by team.
fn open() -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    let names = ["region", "team"].map(|name| Name::parse(name).unwrap());
    let of = Definition {
        segments: names.into(),
        ..definition()
    };
    give(&mut resident, ChallengeInput::Create(of));
    give(&mut resident, ChallengeInput::Publish);
    resident
}

fn segment(text: &str) -> Segment {
    Segment::parse(text).unwrap()
}

fn told(number: usize, version: u64, (score, region): (i64, &str)) -> Contribution {
    Contribution {
        segments: vec![region.into(), String::new()],
        ..contribution(&format!("u{number:03}"), version, score)
    }
}

/// Everybody in it, with these scores and regions.
fn running(members: &[(i64, &str)]) -> Resident {
    let mut resident = open();
    for (number, member) in members.iter().enumerate() {
        let name = format!("u{number:03}");
        super::super::scene::join(&mut resident, &name);
        resident.take(&told(number, 1, *member));
    }
    resident
}

fn page(resident: &Resident, of: &str, viewer: Option<&UserId>) -> BoardView {
    let pick = Pick::Page {
        after: None,
        limit: 1_000,
    };
    let (challenge, board) = (resident.challenge(), resident.board());
    challenge.segment_rows(board, (&segment(of), viewer), pick, 0)
}

fn places(rows: &[RowView]) -> Vec<(String, u32, u32)> {
    let place = |row: &RowView| {
        let user = row.user.as_ref().unwrap();
        (user.as_str().into(), row.rank, row.ordinal)
    };
    rows.iter().map(place).collect()
}

/// What a list of everybody says who is in a region.
fn expected(members: &[(i64, &str)], region: &str) -> Vec<(String, u32, u32)> {
    let all = members.iter().enumerate();
    let mut within: Vec<(i64, String)> = all
        .filter(|(_, (_, held))| *held == region)
        .map(|(number, (score, _))| (*score, format!("u{number:03}")))
        .collect();
    within.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    let rank = |score: i64| 1 + within.iter().filter(|(held, _)| *held > score).count() as u32;
    let rows = within.iter().zip(1_u32..);
    rows.map(|((score, name), ordinal)| (name.clone(), rank(*score), ordinal))
        .collect()
}

const REGIONS: [&str; 4] = ["EU", "UK", "US", ""];

proptest! {
    /// Whatever comes in whatever order, a segment is what a filter and a sort make of the newest values.
    #[test]
    fn ranks_of_a_segment_are_those_of_a_filtered_and_sorted_list(
        members in prop::collection::vec((0..6_i64, 0..4_usize), 1..40),
        moves in prop::collection::vec((0..40_usize, 0..6_i64, 0..4_usize), 0..40),
    ) {
        let mut members: Vec<(i64, &str)> =
            members.into_iter().map(|(score, at)| (score, REGIONS[at])).collect();
        let mut resident = running(&members);
        for (version, (number, score, at)) in (2_u64..).zip(moves) {
            let number = number % members.len();
            members[number] = (score, REGIONS[at]);
            resident.take(&told(number, version, members[number]));
        }
        for region in ["EU", "UK", "US"] {
            let view = page(&resident, &format!("region:{region}"), None);
            let wanted = expected(&members, region);
            prop_assert_eq!(view.participants as usize, wanted.len());
            prop_assert_eq!(places(&view.items), wanted);
        }
        let regions: alloc::collections::BTreeSet<&str> =
            members.iter().map(|(_, region)| *region).filter(|region| !region.is_empty()).collect();
        prop_assert_eq!(resident.board().segments().len(), regions.len(), "none is kept empty");
    }
}

/// 12 in the EU, 3 in the UK.
fn two_regions() -> Vec<(i64, &'static str)> {
    let members = (0..15).map(|number| (number, if number < 12 { "EU" } else { "UK" }));
    members.collect()
}

#[test]
fn of_few_everybody_sees_the_own_row_alone() {
    let mut resident = running(&two_regions());
    let (first, last) = (user("u000"), user("u014"));
    let all = page(&resident, "region:EU", Some(&last));
    assert_eq!((all.items.len(), all.suppressed), (12, false));
    assert_eq!(all.items[0].rank, 1);
    let few = page(&resident, "region:UK", Some(&last));
    assert_eq!((few.suppressed, few.percentile_bp), (true, Some(10_000)));
    assert_eq!(places(&few.items), [("u014".into(), 1, 1)]);
    assert_eq!(few.participants, 15, "as it stands on the whole board");
    let others = page(&resident, "region:UK", Some(&first));
    assert_eq!((others.items.len(), others.percentile_bp), (0, None));
    let none = page(&resident, "region:XX", Some(&first));
    assert_eq!(
        none,
        BoardView {
            segment: none.segment.clone(),
            ..others
        }
    );
    let admins = page(&resident, "region:UK", None);
    assert_eq!((admins.items.len(), admins.suppressed), (3, false));
    // Hidden members are not told apart: two of twelve leave ten.
    for number in [0, 1] {
        let hidden = Contribution {
            alias: HIDDEN.into(),
            ..told(number, 2, (i64::from(number as u32), "EU"))
        };
        resident.take(&hidden);
    }
    assert!(page(&resident, "region:EU", Some(&last)).suppressed);
    resident.take(&told(0, 3, (0, "EU")));
    let shown = page(&resident, "region:EU", Some(&last));
    assert_eq!((shown.suppressed, shown.items.len()), (false, 12));
}

#[test]
fn a_view_of_a_segment_says_what_a_page_of_it_says() {
    let resident = running(&two_regions());
    let (viewer, few) = (user("u003"), user("u013"));
    let live = |of: &str, section: Section, viewer: &UserId| {
        let within = Section::Within {
            segment: segment(of),
            of: Box::new(section),
            viewer: Some(viewer.clone()),
        };
        let (challenge, board) = (resident.challenge(), resident.board());
        challenge.live_view(board, &within, &mut Rows::default(), 0)
    };
    let rows = |live: &crate::view::LiveView| {
        let rows: Vec<RowView> = live.rows.iter().map(|row| (**row).clone()).collect();
        places(&rows)
    };
    let all = page(&resident, "region:EU", Some(&viewer));
    let top = live("region:EU", Section::Top(50), &viewer);
    assert_eq!((rows(&top), top.participants), (places(&all.items), 12));
    let user = viewer.clone();
    let own = live("region:EU", Section::Percentile { user }, &viewer);
    assert_eq!(rows(&own), [("u003".into(), 9, 9)]);
    assert_eq!(own.percentile_bp, Some(3_333));
    let user = viewer.clone();
    let around = live("region:EU", Section::Around { user, k: 1 }, &viewer);
    assert_eq!(rows(&around), places(&all.items[7..10]));
    let score = live(
        "region:EU",
        Section::AroundScore { score: 3, k: 1 },
        &viewer,
    );
    assert_eq!(rows(&score), places(&all.items[8..10]));
    let small = live("region:UK", Section::Top(50), &few);
    assert!(small.suppressed);
    assert_eq!(rows(&small), [("u013".into(), 2, 2)]);
    assert_eq!(live("region:UK", Section::Top(50), &viewer).rows, []);
}

/// T6.6: what a segment shows of a board that is over never changes, whoever is erased or says what.
#[test]
fn t6_6_segments_of_a_frozen_board_stay_as_they_were() {
    let mut resident = running(&two_regions());
    let hidden = Contribution {
        alias: HIDDEN.into(),
        ..told(11, 2, (11, "EU"))
    };
    resident.take(&hidden);
    let settle = ChallengeInput::Settle {
        cutoff_ms: 5,
        digest: resident.board().digest(),
        participants: resident.board().len(),
    };
    give(&mut resident, settle);
    let seen = |resident: &Resident| {
        let viewer = user("u005");
        let of = |text| {
            let mut view = page(resident, text, Some(&viewer));
            // Who was erased has no name any more; all else stays.
            for row in &mut view.items {
                (row.user, row.alias) = (None, String::new());
            }
            view
        };
        [of("region:EU"), of("region:UK")]
    };
    let before = seen(&resident);
    assert_eq!((before[0].items.len(), before[0].suppressed), (12, false));
    assert!(before[1].suppressed);
    let late = Contribution {
        version: Position { epoch: 9, index: 9 },
        ..told(5, 2, (99, "UK"))
    };
    resident.take(&late);
    forget(&mut resident, "u011");
    forget(&mut resident, "u012");
    assert_eq!(seen(&resident), before);
    let (bytes, _) = stored(&mut resident);
    let again = Resident::read(restored(&bytes, &["u011", "u012", "u003"]), Vec::new());
    assert_eq!(seen(&again), before);
}

#[test]
fn who_leaves_or_is_erased_while_it_runs_is_in_no_segment_any_more() {
    let mut resident = running(&two_regions());
    give(&mut resident, ChallengeInput::Leave(user("u014"), None));
    forget(&mut resident, "u013");
    let view = page(&resident, "region:UK", None);
    assert_eq!(places(&view.items), [("u012".into(), 1, 1)]);
    give(&mut resident, ChallengeInput::Leave(user("u012"), None));
    assert_eq!(resident.board().segments().len(), 1);
}
