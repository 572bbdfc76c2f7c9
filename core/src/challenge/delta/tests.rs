//! A client that applies what it is told against the view itself.

use alloc::{collections::BTreeMap, format, string::ToString, vec};
use proptest::prelude::*;

use super::*;
use crate::{
    id::ChallengeId,
    view::{ChallengePhase, RankState},
};

/// A view whose rows have these numbers and scores, in that order.
fn view(rows: &[(u32, i64)]) -> Arc<LiveView> {
    let row = |(ordinal, (number, score)): (u32, &(u32, i64))| {
        Arc::new(RowView {
            rank: ordinal,
            ordinal,
            key: *score,
            score: *score,
            achieved_at_ms: 0,
            finished_at_ms: None,
            after_min: None,
            alias: format!("alias-{number}"),
            row: number.to_string(),
            user: None,
            measure: crate::definition::Measure::Count,
            team: None,
            roster: None,
        })
    };
    Arc::new(LiveView {
        challenge: ChallengeId([7; 16]),
        phase: ChallengePhase::Open,
        ranks: RankState::Provisional,
        participants: u32::try_from(rows.len()).unwrap(),
        partial: false,
        suppressed: false,
        percentile_bp: None,
        error_bound: None,
        next_reset_ms: None,
        rows: (1..).zip(rows).map(row).collect(),
    })
}

/// What a client holds: rows by name, and the offset up to which it was told.
#[derive(Default)]
struct Client {
    rows: BTreeMap<String, Arc<RowView>>,
    offset: Option<u64>,
    /// Messages that were whole views.
    whole: usize,
    /// Rows that it was told.
    told: usize,
}

impl Client {
    /// Is told what it lacks, or everything.
    fn hear(&mut self, shown: &Shown) {
        let delta = self.offset.and_then(|from| shown.since(from));
        let Some(Delta { rows, gone }) = delta else {
            self.whole += 1;
            self.rows.clear();
            return self.put(&shown.view().rows, shown.offset());
        };
        for row in &gone {
            self.rows.remove(row);
        }
        self.put(&rows, shown.offset());
    }

    fn put(&mut self, rows: &[Arc<RowView>], offset: u64) {
        self.told += rows.len();
        let named = rows.iter().map(|row| (row.row.clone(), row.clone()));
        self.rows.extend(named);
        self.offset = Some(offset);
    }

    /// Its rows by their place.
    fn view(&self) -> Vec<Arc<RowView>> {
        let mut rows: Vec<_> = self.rows.values().cloned().collect();
        rows.sort_by_key(|row| row.ordinal);
        rows
    }
}

#[test]
fn only_what_has_changed_is_told() {
    let mut shown = Shown::new(view(&[(1, 30), (2, 20), (3, 10)]));
    assert_eq!(shown.since(1), Some(Delta::default()), "it saw all of it");
    assert!(shown.show(view(&[(1, 30), (2, 25), (3, 10)])));
    let delta = shown.since(1).unwrap();
    let names = |rows: &[Arc<RowView>]| -> Vec<(String, i64)> {
        rows.iter()
            .map(|row| (row.row.clone(), row.score))
            .collect()
    };
    assert_eq!(names(&delta.rows), [("2".to_string(), 25)]);
    assert!(delta.gone.is_empty());
    // 4 overtakes everybody, and 3 has no room any more.
    assert!(shown.show(view(&[(4, 40), (1, 30), (2, 25)])));
    let delta = shown.since(2).unwrap();
    assert_eq!(delta.rows.len(), 3, "each has another place");
    assert_eq!(delta.gone, ["3"]);
}

#[test]
fn a_view_that_is_the_same_has_the_same_offset() {
    let mut shown = Shown::new(view(&[(1, 30)]));
    assert!(!shown.show(view(&[(1, 30)])));
    assert_eq!(shown.offset(), 1);
    let mut grown = LiveView::clone(&view(&[(1, 30)]));
    grown.participants += 1;
    assert!(shown.show(Arc::new(grown)), "somebody joined further down");
    assert_eq!(
        (shown.offset(), shown.since(1)),
        (2, Some(Delta::default()))
    );
}

#[test]
fn a_row_that_left_and_came_back_is_told_to_who_missed_both() {
    let mut shown = Shown::new(view(&[(1, 30), (2, 20)]));
    shown.show(view(&[(1, 30)]));
    shown.show(view(&[(1, 30), (2, 20)]));
    let delta = shown.since(1).unwrap();
    assert_eq!((delta.rows.len(), delta.gone.len()), (1, 0));
    assert_eq!(delta.rows[0].row, "2");
}

#[test]
fn rows_that_slide_through_a_view_are_not_told_again() {
    let rows: Vec<(u32, i64)> = (0..10)
        .map(|number| (number, 100 - i64::from(number)))
        .collect();
    // Rows keep their place on the board while the view moves down by one.
    let all = view(&rows);
    let part = |from: usize| {
        let mut part = LiveView::clone(&all);
        part.rows = all.rows[from..from + 5].to_vec();
        Arc::new(part)
    };
    let mut shown = Shown::new(part(0));
    shown.show(part(1));
    let delta = shown.since(1).unwrap();
    assert_eq!((delta.rows.len(), delta.gone), (1, vec!["0".to_string()]));
    assert_eq!(delta.rows[0].row, "5");
}

#[test]
fn an_offset_that_nobody_was_told_is_not_known() {
    let mut shown = Shown::new(view(&[(1, 30)]));
    assert_eq!((shown.since(0), shown.since(2)), (None, None));
    shown.show(view(&[(2, 30)]));
    assert!(shown.knows(1));
    shown.show(view(&[(3, 30)]));
    assert!(
        !shown.knows(1),
        "of what is gone as much is kept as there are rows"
    );
    assert!(shown.knows(2) && shown.since(1).is_none());
}

/// What a view is made of: up to eight numbers in some order, with their scores.
fn rounds() -> impl Strategy<Value = Vec<Vec<(u32, i64)>>> {
    let numbers: Vec<u32> = (0..12).collect();
    let rows = (
        Just(numbers).prop_shuffle(),
        prop::collection::vec(0_i64..3, 12),
        0_usize..8,
    );
    let round = rows.prop_map(|(numbers, scores, count)| {
        let rows = numbers.into_iter().zip(scores);
        rows.take(count).collect::<Vec<_>>()
    });
    prop::collection::vec(round, 1..40)
}

/// Rounds of which each mostly repeats the one before it, as those of a board do.
fn calm_rounds() -> impl Strategy<Value = Vec<Vec<(u32, i64)>>> {
    let steps = prop::collection::vec((0_usize..6, 0_usize..9, -1_i64..2), 1..60);
    steps.prop_map(|steps| {
        let mut rows: Vec<(u32, i64)> = (0..6).map(|number| (number, 10)).collect();
        let (mut rounds, mut next) = (Vec::new(), 6);
        for (at, other, change) in steps {
            match (change, rows.len()) {
                (-1, 2..) => {
                    rows.remove(at % rows.len());
                }
                (0, _) => {
                    rows.push((next % 9, 1));
                    next += 1;
                }
                (_, len) => {
                    let (at, other) = (at % len, other % len);
                    rows.swap(at, other);
                    rows[at].1 += 1;
                }
            }
            rows.sort_by_key(|(number, _)| *number);
            rows.dedup_by_key(|(number, _)| *number);
            rows.sort_by_key(|(_, score)| -score);
            rounds.push(rows.clone());
        }
        rounds
    })
}

proptest! {
    /// Whatever rounds a client is told of, it holds the view of the last one that it was told of.
    #[test]
    fn deltas_of_any_rounds_give_exactly_the_view(
        rounds in prop_oneof![rounds(), calm_rounds()],
        told in prop::collection::vec(prop::collection::vec(any::<bool>(), 60), 3),
    ) {
        let mut shown = Shown::new(view(&[]));
        let mut clients: Vec<Client> = told.iter().map(|_| Client::default()).collect();
        for (number, rows) in rounds.iter().enumerate() {
            let view = view(rows);
            shown.show(view.clone());
            prop_assert!(is_same_view(shown.view(), &view));
            for (client, told) in clients.iter_mut().zip(&told) {
                if told[number] {
                    client.hear(&shown);
                    prop_assert_eq!(client.view(), view.rows.clone(), "round {}", number);
                }
            }
            prop_assert!(shown.gone.len() <= 12, "what is gone is bounded");
        }
    }

    /// Who is told of every round never needs a whole view again, and no row without a reason.
    #[test]
    fn who_hears_of_every_round_gets_one_whole_view(rounds in calm_rounds()) {
        let mut shown = Shown::new(view(&rounds[0]));
        let mut client = Client::default();
        client.hear(&shown);
        let mut changed = client.told;
        for pair in rounds.windows(2) {
            let (older, newer) = (view(&pair[0]), view(&pair[1]));
            changed += newer.rows.iter().filter(|row| !older.rows.contains(row)).count();
            shown.show(newer);
            client.hear(&shown);
        }
        prop_assert_eq!((client.whole, client.told), (1, changed));
    }
}
