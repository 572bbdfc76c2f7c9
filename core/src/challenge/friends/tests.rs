//! Friends of a small board.

use alloc::{format, string::String, vec::Vec};
use proptest::prelude::*;

use super::*;
use crate::challenge::{
    resident::Resident,
    scene::{contribution, forget, running, user},
    section::{Rows, Section},
};

fn circle(of: &str, friends: &[&str]) -> Circle {
    let friends: Vec<UserId> = friends.iter().map(|name| user(name)).collect();
    Circle::new(user(of), &friends).unwrap()
}

fn shown(resident: &Resident, circle: &Circle) -> BoardView {
    let (challenge, board) = (resident.challenge(), resident.board());
    let view = challenge.friends_rows(board, circle, 0);
    let section = Section::Friends(circle.clone());
    let live = challenge.live_view(board, &section, &mut Rows::default(), 0);
    assert_eq!(live.participants, view.participants);
    assert!(live.rows.iter().map(|row| &**row).eq(&view.items));
    view
}

fn places(view: &BoardView) -> Vec<(&str, u32, u32)> {
    let place = |row: &RowView| (row.rank, row.ordinal);
    let names = view.items.iter().map(|row| row.user.as_ref().unwrap());
    let rows = names.zip(view.items.iter().map(place));
    rows.map(|(user, (rank, ordinal))| (user.as_str(), rank, ordinal))
        .collect()
}

#[test]
fn friends_have_their_ranks_among_themselves() {
    let resident = running(&[
        ("ann", 70),
        ("bob", 40),
        ("cy", 60),
        ("dan", 40),
        ("eve", 10),
    ]);
    let view = shown(
        &resident,
        &circle("dan", &["eve", "bob", "dan", "bob", "zoe"]),
    );
    assert_eq!(places(&view), [("bob", 1, 1), ("dan", 1, 2), ("eve", 3, 3)]);
    assert_eq!((view.participants, view.more), (3, false));
    let alone = shown(&resident, &circle("ann", &[]));
    assert_eq!(places(&alone), [("ann", 1, 1)]);
}

#[test]
fn who_is_hidden_is_shown_to_no_friend_and_sees_itself() {
    let mut resident = running(&[("ann", 70), ("bob", 40)]);
    let mut told = contribution("ann", 2, 71);
    told.alias = HIDDEN.into();
    resident.take(&told);
    let seen = shown(&resident, &circle("bob", &["ann"]));
    assert_eq!(places(&seen), [("bob", 1, 1)]);
    let own = shown(&resident, &circle("ann", &["bob"]));
    assert_eq!(places(&own), [("ann", 1, 1), ("bob", 2, 2)]);
}

#[test]
fn who_was_erased_is_nobodys_friend() {
    let mut resident = running(&[("ann", 70), ("bob", 40)]);
    forget(&mut resident, "ann");
    let seen = shown(&resident, &circle("bob", &["ann"]));
    assert_eq!(places(&seen), [("bob", 1, 1)]);
}

#[test]
fn friends_are_bounded() {
    let many = |count: usize| {
        let names = (0..count).map(|number| user(&format!("u{number}")));
        Circle::new(user("ann"), &names.collect::<Vec<_>>())
    };
    assert!(many(limits::FRIENDS_MAX).is_some());
    assert!(many(limits::FRIENDS_MAX + 1).is_none());
}

proptest! {
    /// Whoever the friends are, they stand as on the whole board, and ranks are what a count of better scores makes of them.
    #[test]
    fn friends_stand_as_on_the_whole_board(
        scores in prop::collection::vec(0..5_i64, 1..30),
        friends in prop::collection::vec(0..30_usize, 0..20),
    ) {
        let names: Vec<String> = (0..scores.len()).map(|number| format!("u{number:02}")).collect();
        let members: Vec<(&str, i64)> = names.iter().map(String::as_str).zip(scores.clone()).collect();
        let resident = running(&members);
        let named: Vec<&str> = friends.iter().filter_map(|at| names.get(*at)).map(String::as_str).collect();
        let circle = circle(&names[0], &named);
        let all = resident.challenge().board_page(resident.board(), None, 100, 0);
        let wanted: Vec<&RowView> = all.items.iter()
            .filter(|row| circle.all().any(|user| Some(user) == row.user.as_ref())).collect();
        let view = shown(&resident, &circle);
        prop_assert_eq!(view.items.len(), wanted.len());
        for (row, of_all) in view.items.iter().zip(&wanted) {
            prop_assert_eq!((&row.user, row.score, &row.row), (&of_all.user, of_all.score, &of_all.row));
            let better = wanted.iter().filter(|other| other.score > row.score).count() as u32;
            prop_assert_eq!(row.rank, better + 1);
        }
    }
}
