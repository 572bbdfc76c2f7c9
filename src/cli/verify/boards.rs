//! Leaderboards: live rows as an admin reads them, and the ranks that settlement told everybody.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

use super::compare::everybody;
use super::fetched::{Fetched, FetchedBoard, int, text};
use super::report::Report;
use crate::cli::folder::expected::{BoardRow, Expected};

pub(super) fn compare(report: &mut Report, expected: &Expected, fetched: &Fetched) -> Result<()> {
    report.kind("leaderboard rows");
    for board in expected.boards()?.keys() {
        let found = fetched.boards.get(board);
        if found.is_none() {
            report.fault(format!("{board}: there is no such challenge"));
        }
        rows(report, expected, board, found);
    }
    report.kind("settled ranks");
    for board in expected.boards()?.keys() {
        for row in expected.rows(board) {
            let found = settled(fetched, board, &row.id);
            let wanted = (row.competition, row.value);
            let place = || format!("{board}: settled (rank, score) of {}", row.id);
            report.compare(place, &wanted, found.as_ref());
        }
    }
    Ok(())
}

fn rows(report: &mut Report, expected: &Expected, board: &str, found: Option<&FetchedBoard>) {
    let found: BTreeMap<&str, &Value> = found
        .map(|found| {
            found
                .rows
                .iter()
                .map(|row| (text(row, "user"), row))
                .collect()
        })
        .unwrap_or_default();
    let row_of = |user: &str, row: &Value| {
        let value = int(row, "score")?;
        let competition = int(row, "rank")?;
        let above = found
            .values()
            .filter_map(|row| int(row, "score"))
            .filter(|s| *s > value);
        let above = above.collect::<std::collections::BTreeSet<_>>().len();
        let dense = i64::try_from(above).ok()? + 1;
        Some(BoardRow {
            id: user.to_owned(),
            value,
            competition,
            dense,
        })
    };
    for wanted in expected.rows(board) {
        let got = found
            .get(wanted.id.as_str())
            .and_then(|row| row_of(&wanted.id, row));
        report.compare(
            || format!("{board}: row of {}", wanted.id),
            wanted,
            got.as_ref(),
        );
    }
    left_out(report, expected, board, &found);
}

/// Who has no date in the window is left out of the expected rows: enrolled, but with a score of 0.
fn left_out(report: &mut Report, expected: &Expected, board: &str, found: &BTreeMap<&str, &Value>) {
    let everybody = everybody(expected);
    for (user, row) in found {
        let is_expected = expected.rows(board).iter().any(|wanted| wanted.id == *user);
        if !is_expected && (!everybody.contains(user) || int(row, "score") != Some(0)) {
            report.fault(format!("{board}: an unexpected row: {row}"));
        }
    }
}

/// Rank and score of `user` as its own event tells, if the challenge is settled.
fn settled(fetched: &Fetched, board: &str, user: &str) -> Option<(i64, i64)> {
    let board = fetched
        .boards
        .get(board)
        .filter(|board| board.phase == "settled")?;
    let event = fetched.people.get(user)?.settled.get(&board.challenge)?;
    Some((int(event, "rank")?, int(event, "score")?))
}
