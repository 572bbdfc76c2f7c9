//! Sections of a board in parts beside those of the same board whole, and what their parts are asked.

use alloc::{collections::BTreeMap, format, vec::Vec};

use super::*;
use crate::{
    challenge::{
        delta::Shown,
        parts::{
            Found, Wants,
            scene::{InParts, crowd, enter, open},
        },
        resident::Resident,
        scene::{contribution, user},
    },
    definition::Keeping,
    leaderboard::shards::HEAD_ROWS,
};

/// Views of several sections, gathered together, and the questions of each time that the parts were asked.
fn gathered(
    parted: &InParts,
    sections: &[Section],
    rows: &mut Rows,
) -> (Vec<LiveView>, Vec<Vec<Want>>) {
    let (challenge, board) = (parted.resident.challenge(), parted.resident.board());
    let (mut known, mut asked) = (Known::default(), Vec::new());
    for _ in 0..3 {
        let (mut views, mut wants) = (Vec::new(), Wants::default());
        for section in sections {
            match challenge.live(board, section, (&known, rows), 0) {
                Looked::View(view) => views.push(view),
                Looked::Ask(want) => wants.add(want),
            }
        }
        let wants = wants.list();
        if wants.is_empty() {
            return (views, asked);
        }
        let parts = parted.parts.iter();
        let found = parts.map(|part| wants.iter().map(|want| part.find(want)).collect());
        let found = Found::all_merged(&wants, found.collect());
        assert_eq!(found.len(), wants.len());
        for (want, found) in wants.iter().zip(found) {
            known.take(want, found);
        }
        asked.push(wants);
    }
    panic!("asked for ever: {asked:?}");
}

fn whole_views(whole: &Resident, sections: &[Section]) -> Vec<LiveView> {
    let (challenge, board) = (whole.challenge(), whole.board());
    let view = |section| challenge.live_view(board, section, &mut Rows::default(), 0);
    sections.iter().map(view).collect()
}

fn around(name: &str, k: u32) -> Section {
    let user = user(name);
    Section::Around { user, k }
}

fn share(name: &str) -> Section {
    Section::Percentile { user: user(name) }
}

/// Everything that can be looked at around these.
fn sections(names: &[&str], score: i64) -> Vec<Section> {
    let own = names.iter().flat_map(|name| [around(name, 3), share(name)]);
    let places = [Section::Top(7), Section::AroundScore { score, k: 4 }];
    own.chain(places).collect()
}

#[test]
fn among_the_first_rows_nothing_is_asked_and_views_are_those_of_the_whole_board() {
    let (mut whole, mut parted) = (open(Keeping::Whole), InParts::new(3));
    for (name, score) in [
        ("ann", 50),
        ("bob", 40),
        ("cat", 40),
        ("dan", 0),
        ("eve", 7),
    ] {
        enter(&mut whole, &mut parted, (name, score));
    }
    parted.pass();
    let sections = sections(&["ann", "cat", "dan", "eve"], 40);
    let (views, asked) = gathered(&parted, &sections, &mut Rows::default());
    assert_eq!(views, whole_views(&whole, &sections));
    assert_eq!(asked, Vec::<Vec<Want>>::new());
}

#[test]
fn behind_them_all_views_are_gathered_together_and_each_place_is_asked_once() {
    let (whole, parted, _) = crowd();
    let all = whole.board().order().page(None, 2_000);
    let named = |at: usize| match &all[at].id {
        crate::challenge::RowId::Live(user) => user.as_str(),
        crate::challenge::RowId::Frozen(_) => panic!("it runs"),
    };
    let score = all[1_300].score;
    let mut sections = sections(&[named(1_100), named(1_250), named(HEAD_ROWS + 499)], score);
    // Who is the last of the head looks behind it, and the first sees the head alone.
    sections.extend([
        around(named(HEAD_ROWS - 1), 2),
        around(named(0), 2),
        share(named(0)),
    ]);
    let (views, asked) = gathered(&parted, &sections, &mut Rows::default());
    let counts: Vec<_> = asked.iter().map(Vec::len).collect();
    // First whose rows they are, in one question, beside the score; then one question for what is around each.
    assert_eq!(counts, [2, 4], "{asked:?}");
    assert!(matches!(&asked[0][0], Want::Of(users) if users.len() == 4));
    let names = |view: &LiveView| -> Vec<_> {
        let rows = view.rows.iter();
        rows.map(|row| {
            (
                row.row.clone(),
                row.alias.clone(),
                row.score,
                row.user.clone(),
            )
        })
        .collect()
    };
    let wanted = whole_views(&whole, &sections);
    for ((view, wanted), section) in views.iter().zip(&wanted).zip(&sections) {
        assert_eq!(names(view), names(wanted), "{section:?}");
        assert_eq!(view.participants, wanted.participants);
        let is_exact = view
            .rows
            .iter()
            .map(|row| row.rank)
            .eq(wanted.rows.iter().map(|row| row.rank));
        assert!(is_exact || view.error_bound.is_some(), "{section:?}");
        for (row, wanted) in view.rows.iter().zip(&wanted.rows) {
            assert!(
                row.rank.abs_diff(wanted.rank) <= view.error_bound.unwrap_or(0),
                "{row:?}"
            );
        }
        let ordinals: Vec<_> = view.rows.iter().map(|row| row.ordinal).collect();
        assert!(
            ordinals.is_sorted_by(|one, next| one < next),
            "{ordinals:?}"
        );
        assert_eq!(
            view.percentile_bp.is_some(),
            matches!(section, Section::Percentile { .. })
        );
    }
    let of = |section: &Section| sections.iter().position(|held| held == section).unwrap();
    assert_eq!(views[of(&share(named(0)))].percentile_bp, Some(10_000));
    assert!(views[of(&share(named(1_250)))].error_bound.is_some());
    assert_eq!(views[of(&around(named(0), 2))].error_bound, None);
}

#[test]
fn a_view_that_is_gathered_again_is_another_only_where_its_rows_are() {
    let (whole, mut parted, _) = crowd();
    let all = whole.board().order().page(None, 2_000);
    let own = match &all[1_200].id {
        crate::challenge::RowId::Live(user) => user.clone(),
        crate::challenge::RowId::Frozen(_) => panic!("it runs"),
    };
    let section = [around(own.as_str(), 2)];
    let mut rows = Rows::default();
    let mut look = |parted: &InParts| {
        let (mut views, _) = gathered(parted, &section, &mut rows);
        Arc::new(views.remove(0))
    };
    let mut shown = Shown::new(look(&parted));
    assert!(!shown.show(look(&parted)), "nothing has happened");
    // Its row rises by one: it is told with its new neighbours, and those that it leaves are gone.
    let score = all[1_150].score + 1;
    parted.take(&contribution(own.as_str(), 9, score));
    let offset = parted.resident.board().offset();
    parted.pass();
    assert!(
        parted.resident.board().offset() > offset,
        "the board says that it has changed"
    );
    assert!(shown.show(look(&parted)));
    let delta = shown.since(1).unwrap();
    let told: BTreeMap<_, _> = delta
        .rows
        .iter()
        .map(|row| (row.user.clone(), row.score))
        .collect();
    assert_eq!(told.get(&Some(own.clone())), Some(&score));
    assert!(!delta.gone.is_empty());
    // One that others do not see by name is not.
    let hidden = crate::event::Contribution {
        alias: crate::alias::HIDDEN.into(),
        ..contribution(own.as_str(), 10, score)
    };
    parted.take(&hidden);
    parted.pass();
    assert!(shown.show(look(&parted)));
    let own_row = |shown: &Shown| {
        let mut rows = shown.view().rows.iter();
        rows.find(|row| row.user.as_ref() == Some(&own))
            .unwrap()
            .alias
            .clone()
    };
    assert_eq!(own_row(&shown), crate::alias::HIDDEN);
    assert_eq!(format!("{:?}", shown.since(2).unwrap().gone), "[]");
}

#[test]
fn who_has_no_row_sees_none() {
    let (_, parted, _) = crowd();
    let sections = [around("nobody", 2), share("nobody")];
    let (views, asked) = gathered(&parted, &sections, &mut Rows::default());
    assert_eq!(asked.len(), 1);
    assert!(
        views
            .iter()
            .all(|view| view.rows.is_empty() && view.percentile_bp.is_none())
    );
}
