//! Who is erased from a challenge that runs, and from one that is over.

use alloc::{string::String, vec::Vec};

use super::super::{ERASED_ALIAS, RowId, Stage, resident::Resident, scene::*};
use crate::{input::ChallengeInput, leaderboard::RowKey, view::RowView};

/// Three in a tie and one above and below them.
const TIE: [(&str, i64); 5] = [
    ("zoe", 40),
    ("ann", 20),
    ("bob", 20),
    ("cat", 20),
    ("eve", 10),
];

fn aliases(resident: &Resident) -> Vec<(u32, u32, String)> {
    let rows = rows(resident).into_iter();
    rows.map(|row| (row.rank, row.ordinal, row.alias)).collect()
}

/// The rows when nobody can say any more whose the third is.
fn without_bob(mut rows: Vec<RowView>) -> Vec<RowView> {
    rows[2].alias = ERASED_ALIAS.into();
    rows[2].user = None;
    rows
}

#[test]
fn who_is_erased_while_a_challenge_runs_is_out_of_it() {
    let mut resident = running(&TIE);
    forget(&mut resident, "bob");
    let left: Vec<_> = aliases(&resident).into_iter().map(|row| row.2).collect();
    assert_eq!(left, ["zoe", "ann", "cat", "eve"].map(alias));
    assert_eq!(resident.challenge().joined, 4);
    assert_eq!(number(&resident, "bob"), None);
    let late = resident.take(&contribution("bob", 9, 99));
    assert_eq!(late, crate::challenge::Answer::Closed);
}

#[test]
fn a_frozen_board_keeps_every_row_of_a_tie_and_its_digest_when_the_middle_one_is_erased() {
    let mut resident = settled(&TIE);
    let (before, digest) = (rows(&resident), resident.board().digest());
    assert_eq!(before[2].alias, alias("bob"));
    let ranks: Vec<_> = before.iter().map(|row| (row.rank, row.ordinal)).collect();
    assert_eq!(ranks, [(1, 1), (2, 2), (2, 3), (2, 4), (5, 5)]);
    forget(&mut resident, "bob");
    assert_eq!(rows(&resident), without_bob(before));
    assert_eq!(resident.board().digest(), digest);
    let stage = &resident.challenge().stage;
    assert!(matches!(stage, Stage::Settled { digest: of, .. } if *of == digest));
    assert_eq!(number(&resident, "bob"), None);
}

#[test]
fn a_cancelled_board_is_frozen_too() {
    let mut resident = running(&TIE);
    give(&mut resident, ChallengeInput::Cancel("rain".into()));
    let before = rows(&resident);
    resident.take(&contribution("bob", 9, 99));
    assert_eq!(rows(&resident), before);
    forget(&mut resident, "bob");
    assert_eq!(rows(&resident), without_bob(before));
}

#[test]
fn a_frozen_board_needs_no_standing_rows_and_no_names_to_be_read_back() {
    let mut resident = settled(&TIE);
    let (before, digest) = (rows(&resident), resident.board().digest());
    let (bytes, _) = stored(&mut resident);
    let again = Resident::recovered(restored(&bytes, &[]), Vec::new(), &[]);
    assert!(!again.is_partial());
    assert_eq!(rows(&again), before);
    // Bob's key is gone, whether his erasure was journaled here or not.
    let mut again = Resident::recovered(restored(&bytes, &["bob"]), Vec::new(), &[]);
    assert_eq!(rows(&again), without_bob(before.clone()));
    assert_eq!(again.board().digest(), digest);
    let (bytes, _) = stored(&mut again);
    let third = Resident::recovered(restored(&bytes, &[]), Vec::new(), &[]);
    assert_eq!(rows(&third), without_bob(before));
    forget(&mut resident, "bob");
    let told = third.challenge().unconfirmed(third.board());
    let expected = resident.challenge().unconfirmed(resident.board());
    assert_eq!(told, expected, "nobody tells the erased one anything");
}

#[test]
fn the_erased_one_of_a_challenge_that_runs_is_left_out_when_it_is_read_back() {
    let mut resident = running(&TIE);
    let (bytes, _) = stored(&mut resident);
    let challenge = restored(&bytes, &["bob"]);
    assert_eq!((challenge.joined, challenge.members.len()), (4, 4));
    let mut again = Resident::recovered(challenge, Vec::new(), &[]);
    again.filled();
    join(&mut again, "new");
    assert_eq!(number(&again, "new"), Some(6), "no number is used again");
}

#[test]
fn an_erasure_behind_the_end_waits_until_the_board_is_whole() {
    let resident = settled(&TIE);
    let (before, digest) = (rows(&resident), resident.board().digest());
    let number = number(&resident, "bob").unwrap();
    let (bytes, _) = stored(&mut running(&TIE));
    let settle = ChallengeInput::Settle {
        cutoff_ms: 5,
        digest,
        participants: 5,
    };
    let forget = ChallengeInput::Forget(crate::id::MemberNumber(number));
    let covered = restored(&bytes, &[]).position.index;
    let tail = (covered + 1..).zip([settle, forget]);
    let tail = tail.map(|(index, input)| (header(index), input)).collect();
    let standings: Vec<_> = TIE
        .iter()
        .filter(|(name, _)| *name != "zoe")
        .map(|(name, score)| contribution(name, 1, *score))
        .collect();
    let mut again = Resident::recovered(restored(&bytes, &[]), tail, &standings);
    assert_eq!((again.pending(), again.is_partial()), (1, true));
    assert!(again.snapshot().is_none(), "not without its rows");
    again.take(&contribution("zoe", 1, 40));
    again.filled();
    assert_eq!(rows(&again), before);
    again.step(again.first_pending().unwrap());
    assert_eq!(rows(&again), without_bob(before));
    assert_eq!(again.board().digest(), digest);
}

#[test]
fn a_page_that_was_begun_before_the_end_goes_on_behind_the_same_row() {
    let mut resident = settled(&TIE);
    let after = |resident: &Resident, name: &str| {
        let key = RowKey {
            score: 20,
            achieved_at_ms: 60_000,
            id: RowId::Live(user(name)),
        };
        let page = resident
            .challenge()
            .board_page(resident.board(), Some(key), 1, 0);
        page.items[0].ordinal
    };
    assert_eq!(after(&resident, "ann"), 3);
    assert_eq!(after(&resident, "bob"), 4);
    forget(&mut resident, "bob");
    assert_eq!(after(&resident, "ann"), 3);
    assert_eq!(after(&resident, "bob"), 5, "behind the tie");
}
