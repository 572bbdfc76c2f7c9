//! Sections of a small board, and that rows are shared and let go.

use alloc::{format, string::String};

use super::*;
use crate::challenge::{
    resident::Resident,
    scene::{contribution, forget, join, running, user},
};

const NAMES: [&str; 7] = ["ann", "bob", "cy", "dan", "eve", "fay", "gus"];

/// Ann has 70, and so on down to Gus with 10; Dan and Eve have the same.
fn seven() -> Resident {
    let scores = [70, 60, 50, 40, 40, 20, 10];
    let pairs: Vec<(&str, i64)> = NAMES.into_iter().zip(scores).collect();
    running(&pairs)
}

fn view(resident: &Resident, section: &Section, rows: &mut Rows) -> LiveView {
    let (challenge, board) = (resident.challenge(), resident.board());
    challenge.live_view(board, section, rows, 0)
}

/// The numbers of the rows in a section.
fn ordinals(resident: &Resident, section: &Section) -> Vec<u32> {
    let shown = view(resident, section, &mut Rows::default());
    shown.rows.iter().map(|row| row.ordinal).collect()
}

fn around(name: &str, k: u32) -> Section {
    let user = user(name);
    Section::Around { user, k }
}

#[test]
fn a_section_is_a_part_of_the_board() {
    let resident = seven();
    let all = resident
        .challenge()
        .board_page(resident.board(), None, 100, 0);
    let mut rows = Rows::default();
    for section in [
        Section::Top(1),
        Section::Top(100),
        around("ann", 2),
        around("dan", 1),
        Section::AroundScore { score: 45, k: 2 },
    ] {
        let shown = view(&resident, &section, &mut rows);
        assert_eq!((shown.participants, shown.percentile_bp), (7, None));
        let first = shown.rows[0].ordinal as usize - 1;
        let part = &all.items[first..first + shown.rows.len()];
        assert!(shown.rows.iter().map(|row| &**row).eq(part), "{section:?}");
    }
    assert_eq!(ordinals(&resident, &Section::Top(3)), [1, 2, 3]);
    assert_eq!(ordinals(&resident, &around("ann", 2)), [1, 2, 3]);
    assert_eq!(ordinals(&resident, &around("cy", 1)), [2, 3, 4]);
    assert_eq!(ordinals(&resident, &around("gus", 50)).len(), 7);
    assert!(ordinals(&resident, &around("zoe", 5)).is_empty());
}

#[test]
fn a_score_stands_behind_all_that_have_it() {
    let resident = seven();
    let of = |score, k| ordinals(&resident, &Section::AroundScore { score, k });
    assert_eq!(of(45, 2), [2, 3, 4, 5]);
    assert_eq!(of(40, 2), [4, 5, 6, 7], "behind Dan and Eve");
    assert_eq!(of(100, 2), [1, 2]);
    assert_eq!(of(0, 2), [6, 7]);
    assert_eq!(of(i64::MIN, 50), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(of(i64::MAX, 1), [1]);
    let nobody = running(&[]);
    let section = Section::AroundScore { score: 5, k: 3 };
    assert!(ordinals(&nobody, &section).is_empty());
}

#[test]
fn a_percentile_is_the_share_that_is_not_ahead() {
    let resident = seven();
    let of = |name: &str| {
        let section = Section::Percentile { user: user(name) };
        let shown = view(&resident, &section, &mut Rows::default());
        let row = shown.rows.first().map(|row| (row.rank, row.ordinal));
        (row, shown.percentile_bp)
    };
    assert_eq!(of("ann"), (Some((1, 1)), Some(10_000)));
    assert_eq!(of("dan"), (Some((4, 4)), Some(5_714)));
    assert_eq!(
        of("eve"),
        (Some((4, 5)), Some(5_714)),
        "equal scores have the same"
    );
    assert_eq!(of("gus"), (Some((7, 7)), Some(1_428)));
    assert_eq!(of("zoe"), (None, None));
}

#[test]
fn sections_that_differ_in_their_length_share_what_they_have_both() {
    let (mut resident, mut rows) = (seven(), Rows::default());
    let three = view(&resident, &Section::Top(3), &mut rows);
    let five = view(&resident, &Section::Top(5), &mut rows);
    let two = view(&resident, &Section::Top(2), &mut rows);
    assert_eq!(
        [three.rows.len(), five.rows.len(), two.rows.len()],
        [3, 5, 2]
    );
    let is_shared = |one: &LiveView, other: &LiveView| {
        let mut pairs = one.rows.iter().zip(&other.rows);
        pairs.all(|(one, other)| Arc::ptr_eq(one, other))
    };
    assert!(is_shared(&two, &three) && is_shared(&three, &five));
    resident.take(&contribution("gus", 2, 65));
    let later = view(&resident, &Section::Top(5), &mut rows);
    let same: Vec<bool> = later
        .rows
        .iter()
        .zip(&five.rows)
        .map(|(one, other)| Arc::ptr_eq(one, other))
        .collect();
    assert_eq!(same, [true, false, false, false, false], "Ann alone stays");
    assert_eq!(later.rows[1].alias, "alias-gus");
    let whole: Vec<String> = NAMES.iter().map(|name| format!("alias-{name}")).collect();
    let all = view(&resident, &Section::Top(50), &mut rows);
    assert_eq!(all.rows.len(), whole.len());
}

#[test]
fn what_no_view_holds_is_let_go() {
    let (resident, mut rows) = (seven(), Rows::default());
    let held = view(&resident, &Section::Top(2), &mut rows);
    drop(view(&resident, &Section::Top(7), &mut rows));
    assert_eq!(rows.len(), 7);
    rows.sweep();
    assert_eq!(rows.len(), held.rows.len());
    drop(held);
    rows.sweep();
    assert!(rows.is_empty());
}

#[test]
fn an_erased_user_who_comes_back_has_another_row() {
    let (mut resident, mut rows) = (running(&[("ann", 5)]), Rows::default());
    let before = view(&resident, &around("ann", 0), &mut rows);
    forget(&mut resident, "ann");
    assert!(
        view(&resident, &around("ann", 0), &mut rows)
            .rows
            .is_empty()
    );
    join(&mut resident, "ann");
    let after = view(&resident, &around("ann", 0), &mut rows);
    assert_ne!(before.rows[0].row, after.rows[0].row);
}
