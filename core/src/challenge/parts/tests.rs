//! A board in parts beside the same board whole: same first rows, same frozen rows and digest, ranks within their bound.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use proptest::prelude::*;

use super::{
    scene::{InParts, crowd, enter, open},
    *,
};
use crate::{
    challenge::{
        Answer, RowId,
        friends::Circle,
        resident::Resident,
        scene::{self, contribution, definition, give, join, user},
        segments::Pick,
    },
    definition::{Definition, Keeping},
    event::Contribution,
    input::ChallengeInput,
    leaderboard::{RowKey, shards::HEAD_ROWS},
    limits,
    view::{BoardView, RowView},
};

fn page(limit: usize) -> Pick {
    Pick::Page { after: None, limit }
}

fn rows(resident: &Resident) -> Vec<RowView> {
    let (challenge, board) = (resident.challenge(), resident.board());
    challenge.board_rows(board, page(10_000), 0).items
}

#[test]
fn the_first_rows_and_the_own_ones_are_those_of_the_whole_board() {
    let (mut whole, mut parted) = (open(Keeping::Whole), InParts::new(3));
    for (name, score) in [("ann", 50), ("bob", 40), ("cat", 40), ("dan", 0)] {
        enter(&mut whole, &mut parted, (name, score));
    }
    assert!(!parted.resident.is_partial());
    parted.pass();
    let view = parted.look(&page(3));
    assert_eq!(
        (view.items.len(), view.more, view.participants),
        (3, true, 4)
    );
    assert_eq!(view.error_bound, None);
    assert_eq!(view.items, rows(&whole)[..3]);
    for pick in [
        Pick::Around {
            user: user("bob"),
            k: 1,
        },
        Pick::AroundScore { score: 40, k: 1 },
        Pick::Friends(Circle::new(user("dan"), &["cat", "zoe"].map(user)).unwrap()),
    ] {
        let (challenge, board) = (whole.challenge(), whole.board());
        let wanted = challenge.board_rows(board, pick.clone(), 0);
        assert_eq!(parted.look(&pick), wanted, "{pick:?}");
    }
    for name in ["ann", "bob", "cat", "dan"] {
        let wanted = whole.challenge().own_row(whole.board(), &user(name), None);
        assert_eq!(parted.own(name), wanted, "{name}");
        assert!(wanted.is_some());
    }
}

#[test]
fn ranks_behind_the_head_are_within_the_bound_that_is_told_and_never_called_exact() {
    let (whole, mut parted, names) = crowd();
    let order: BTreeMap<String, u32> = rows(&whole)
        .into_iter()
        .map(|row| (row.alias, row.rank))
        .collect();
    let (mut exact, mut estimated) = (0_usize, 0_usize);
    for name in &names {
        let own = parted.own(name).unwrap();
        let rank = order[&scene::alias(name)];
        match own.error_bound {
            None => {
                exact += 1;
                assert_eq!(own.row.rank, rank, "{name}");
            }
            Some(bound) => {
                estimated += 1;
                let off = own.row.rank.abs_diff(rank);
                assert!(off <= bound, "{name}: {rank}, not {own:?}");
            }
        }
    }
    assert_eq!((exact, estimated), (HEAD_ROWS, 500));
}

#[test]
fn pages_behind_the_head_are_gathered_and_have_every_row_once_in_order() {
    let (whole, parted, names) = crowd();
    let (mut after, mut items) = (None, Vec::new());
    let mut bounds = Vec::new();
    loop {
        let view = parted.look(&Pick::Page { after, limit: 400 });
        bounds.push(view.error_bound.is_some());
        items.extend(view.items);
        if !view.more {
            break;
        }
        let last: &RowView = items.last().unwrap();
        after = Some(RowKey {
            score: last.key,
            achieved_at_ms: last.achieved_at_ms,
            id: RowId::Live(last.user.clone().unwrap()),
        });
    }
    let aliases = |rows: &[RowView]| -> Vec<_> {
        rows.iter()
            .map(|row| (row.alias.clone(), row.key, row.row.clone()))
            .collect()
    };
    assert_eq!(aliases(&items), aliases(&rows(&whole)));
    assert_eq!(items.len(), names.len());
    // The third one reaches behind the head, which has a thousand rows.
    assert_eq!(bounds, [false, false, true, true]);
    for pair in items.windows(2) {
        assert!(pair[0].rank <= pair[1].rank, "{pair:?}");
    }
}

#[test]
fn rows_around_one_behind_the_head_are_its_neighbours() {
    let (whole, parted, _) = crowd();
    let all = rows(&whole);
    let middle = 1_200;
    let pick = Pick::Around {
        user: all[middle].user.clone().unwrap(),
        k: 4,
    };
    let view = parted.look(&pick);
    let rows = |rows: &[RowView]| -> Vec<_> { rows.iter().map(|row| row.row.clone()).collect() };
    assert_eq!(rows(&view.items), rows(&all[middle - 4..=middle + 4]));
    assert!(view.error_bound.is_some());
    let score = all[middle].key;
    let pick = Pick::AroundScore { score, k: 4 };
    let (challenge, board) = (whole.challenge(), whole.board());
    let wanted = challenge.board_rows(board, pick.clone(), 0);
    assert_eq!(rows(&parted.look(&pick).items), rows(&wanted.items));
}

#[test]
fn who_leaves_has_no_row_and_what_is_said_later_comes_too_late() {
    let mut parted = InParts::new(2);
    let mut whole = open(Keeping::Whole);
    for (name, score) in [("ann", 50), ("bob", 40)] {
        enter(&mut whole, &mut parted, (name, score));
    }
    parted.pass();
    give(
        &mut parted.resident,
        ChallengeInput::Leave(user("ann"), None),
    );
    let told =
        |view: BoardView| -> Vec<_> { view.items.into_iter().map(|row| row.alias).collect() };
    assert_eq!(
        told(parted.look(&page(9))),
        ["alias-bob"],
        "before its part knows"
    );
    parted.part("ann").leave(&user("ann"), 1);
    assert_eq!(parted.take(&contribution("ann", 9, 90)), Answer::Closed);
    parted.pass();
    assert_eq!(parted.look(&page(9)).participants, 1);
    join(&mut parted.resident, "ann");
    let again = Contribution {
        join: 2,
        ..contribution("ann", 10, 5)
    };
    assert_eq!(parted.take(&again), Answer::Shown);
    parted.pass();
    assert_eq!(told(parted.look(&page(9))), ["alias-bob", "alias-ann"]);
    parted.part("bob").forget(&user("bob"));
    scene::forget(&mut parted.resident, "bob");
    parted.pass();
    assert_eq!(told(parted.look(&page(9))), ["alias-ann"]);
}

#[test]
fn a_name_that_changes_is_told_with_the_next_report() {
    let mut parted = InParts::new(2);
    enter(&mut open(Keeping::Whole), &mut parted, ("ann", 5));
    parted.pass();
    let renamed = Contribution {
        alias: "Swift Heron".into(),
        ..contribution("ann", 2, 5)
    };
    assert_eq!(parted.take(&renamed), Answer::Shown);
    assert_eq!(parted.take(&renamed), Answer::Known);
    parted.pass();
    assert_eq!(parted.look(&page(9)).items[0].alias, "Swift Heron");
}

#[test]
fn a_report_that_never_came_is_made_good_by_one_of_everything() {
    let mut parted = InParts::new(1);
    for (name, score) in [("ann", 5), ("bob", 3)] {
        enter(&mut open(Keeping::Whole), &mut parted, (name, score));
        parted.now_ms += limits::PART_REPORT_MS;
        let lost = parted.parts[0].due(parted.now_ms);
        assert_eq!(
            lost.is_some(),
            name == "ann",
            "the next waits for its answer"
        );
    }
    parted.now_ms += limits::PART_AGAIN_MS;
    let whole = parted.parts[0].due(parted.now_ms).unwrap();
    assert!(whole.is_whole);
    assert!(parted.resident.report(0, whole));
    assert_eq!(parted.look(&page(9)).items.len(), 2);
    // A whole that has forgotten what it knew takes no change.
    let mut fresh = Parted::default();
    parted.parts[0].confirmed(2);
    parted.take(&contribution("bob", 4, 8));
    parted.now_ms += limits::PART_REPORT_MS;
    let change = parted.parts[0].due(parted.now_ms).unwrap();
    assert!(!change.is_whole && !fresh.take(0, change));
    let everything = parted.parts[0].whole(parted.now_ms);
    assert!(fresh.take(0, everything) && fresh.rows() == 2);
    assert!(!fresh.take(limits::BOARD_PARTS_MAX, parted.parts[0].whole(0)));
}

#[test]
fn a_cancelled_one_waits_for_its_rows_and_is_frozen_with_them() {
    let mut whole = open(Keeping::Whole);
    let mut parted = InParts::new(2);
    for (name, score) in [("ann", 50), ("bob", 60)] {
        enter(&mut whole, &mut parted, (name, score));
    }
    for resident in [&mut whole, &mut parted.resident] {
        give(resident, ChallengeInput::Cancel("rain".into()));
    }
    assert!(parted.resident.is_partial() && parted.resident.awaits_rows());
    assert!(
        parted.resident.snapshot().is_none(),
        "not before every row is there"
    );
    let ended = parted.end();
    assert!(!ended.is_partial() && ended.challenge().frozen);
    assert_eq!(rows(&ended), rows(&whole));
    assert!(!ended.outbox.is_empty(), "its members are told");
}

#[test]
fn scores_of_the_store_are_for_members_who_are_in_by_that_enrolment() {
    let mut parted = InParts::new(2);
    for (name, score) in [("ann", 5), ("bob", 3)] {
        enter(&mut open(Keeping::Whole), &mut parted, (name, score));
    }
    give(
        &mut parted.resident,
        ChallengeInput::Leave(user("bob"), None),
    );
    let older = Contribution {
        join: 0,
        ..contribution("ann", 1, 5)
    };
    let of = |name| contribution(name, 1, 5);
    let stored = Vec::from([of("ann"), of("bob"), of("cat"), older]);
    assert_eq!(parted.resident.scores_for_parts(stored), [of("ann")]);
}

#[test]
fn only_a_draft_changes_how_its_board_is_kept() {
    let mut resident = Resident::read(crate::challenge::Challenge::new(scene::ID), Vec::new());
    resident.filled();
    give(&mut resident, ChallengeInput::Create(definition()));
    assert!(!resident.is_parted());
    let parted = Definition {
        keeping: Keeping::Parts,
        ..definition()
    };
    give(&mut resident, ChallengeInput::Replace(parted.clone()));
    assert!(resident.is_parted() && !resident.needs_parts());
    give(&mut resident, ChallengeInput::Publish);
    assert!(resident.needs_parts());
    let faults = resident.challenge().amending(definition(), 0);
    let fixed = |pointer: &str| format!("{faults:?}").contains(pointer);
    assert!(fixed("/board"), "{faults:?}");
}

/// What happens: who, which score and minute, or leaving.
fn happenings() -> impl Strategy<Value = Vec<(u8, i64, i64, bool)>> {
    prop::collection::vec(
        (0_u8..40, 0_i64..60, 0_i64..3, prop::bool::weighted(0.1)),
        1..200,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_number_of_parts_freezes_the_rows_and_the_digest_of_the_whole_board(happened in happenings()) {
        let mut whole = open(Keeping::Whole);
        let mut all: Vec<InParts> = [1, 2, 16].map(InParts::new).into();
        for (version, (who, score, minute, leaves)) in (1..).zip(happened) {
            let name = format!("u{who}");
            if !whole.challenge().is_member(&user(&name)) {
                join(&mut whole, &name);
                all.iter_mut().for_each(|parted| join(&mut parted.resident, &name));
            }
            let join = whole.challenge().members.get(&user(&name)).unwrap().join;
            let told = Contribution {
                join,
                achieved_at_ms: minute * 60_000,
                ..contribution(&name, version, score)
            };
            whole.take(&told);
            if leaves {
                give(&mut whole, ChallengeInput::Leave(user(&name), None));
            }
            for parted in &mut all {
                parted.take(&told);
                if leaves {
                    give(&mut parted.resident, ChallengeInput::Leave(user(&name), None));
                    parted.part(&name).leave(&user(&name), join);
                }
                if version % 7 == 0 {
                    parted.pass();
                }
            }
        }
        let digest = whole.board().digest();
        scene::settle(&mut whole);
        for mut parted in all {
            parted.pass();
            let count = parted.parts.len();
            prop_assert_eq!(parted.resident.board().len(), whole.board().len(), "{} parts", count);
            let live = parted.look(&page(100)).items;
            let mut ended = parted.end();
            prop_assert_eq!(ended.board().digest(), digest, "{} parts", count);
            scene::settle(&mut ended);
            prop_assert!(ended.challenge().frozen && !ended.is_parted());
            prop_assert_eq!(rows(&ended), rows(&whole), "{} parts", count);
            let (challenge, board) = (ended.challenge(), ended.board());
            let order = board.order().iter().map(|row| (row.rank, row.score));
            prop_assert!(order.eq(live.iter().map(|row| (row.rank, row.key))), "{} parts", count);
            let seen = challenge.look(board, &page(9), &Known::default(), 0);
            prop_assert!(matches!(seen, Looked::View(view) if view.error_bound.is_none()));
        }
    }
}
