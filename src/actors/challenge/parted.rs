//! A challenge whose board is kept in parts (ADR 0074): it opens them, takes their reports, and gathers their rows once it is over.

use std::sync::atomic::Ordering;

use streakline_core::{
    challenge::{
        Answer,
        parts::{PartRow, Report},
    },
    event::Contribution,
};

use super::{Cell, ChallengeCell, poison};
use crate::actors::{
    barrier,
    parts::{self, PartTask},
    user::UserCommand,
};

/// How far the parts of a board are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Parts {
    /// There are none.
    #[default]
    None,
    /// They are being opened and filled.
    Opening,
    /// They are there, and have every score.
    Open,
    /// They are handing over their rows.
    Ending,
}

/// Opens parts that should be there and are not, and gathers their rows once they are needed.
pub(super) fn go_on(cell: &Cell) {
    let (parts, needs, ends) = {
        let held = cell.borrow();
        let Some(resident) = held.resident().filter(|_| held.standings.is_none()) else {
            return;
        };
        (held.parts, resident.needs_parts(), resident.awaits_rows())
    };
    match parts {
        Parts::None if needs => open(cell, Vec::new()),
        Parts::Open if ends => gather(cell),
        _ => {}
    }
}

/// Opens the parts with these scores of the store, and lets members in memory send theirs again.
pub(super) fn open(cell: &Cell, scores: Vec<Contribution>) {
    let (shared, id, life, is_open) = {
        let mut held = cell.borrow_mut();
        held.parts = Parts::Opening;
        let is_open = held
            .challenge()
            .is_some_and(|challenge| challenge.is_open());
        (held.host.shared.clone(), held.id, held.lives, is_open)
    };
    let cell = cell.clone();
    actix::spawn(async move {
        let reported = async {
            parts::open(&shared, id, scores).await?;
            barrier::resent(&shared, id, is_open).await?;
            parts::report(&shared, id).await
        };
        let reports = reported.await;
        if cell.borrow().lives == life {
            match reports {
                Some(reports) => super::guarded(&cell, || opened(&cell, reports)),
                None => lost(&cell),
            }
        }
    });
}

/// Every part has told everything.
fn opened(cell: &Cell, reports: Vec<Report>) {
    {
        let mut held = cell.borrow_mut();
        held.parts = Parts::Open;
        for (part, report) in reports.into_iter().enumerate() {
            take(&mut held, part, report);
        }
        if let Some(resident) = &mut held.resident
            && resident.is_partial()
            && !resident.awaits_rows()
        {
            resident.filled();
        }
    }
    super::advance(cell);
}

/// A part's report; one that makes no sense without an earlier one is not confirmed.
pub(super) fn take(held: &mut ChallengeCell, part: usize, report: Report) {
    let number = report.number;
    let resident = held.resident.as_mut();
    if resident.is_some_and(|resident| resident.report(part, report)) {
        parts::confirm(&held.host.shared, held.id, (part, number));
    }
}

/// Lets all parts hand over their rows; the board is whole then.
fn gather(cell: &Cell) {
    let (shared, id, life) = {
        let mut held = cell.borrow_mut();
        held.parts = Parts::Ending;
        (held.host.shared.clone(), held.id, held.lives)
    };
    let cell = cell.clone();
    actix::spawn(async move {
        let rows = parts::hand_over(&shared, id).await;
        if cell.borrow().lives != life {
            return;
        }
        match rows {
            Some(rows) => super::guarded(&cell, || gathered(&cell, rows)),
            None => lost(&cell),
        }
    });
}

/// A part does not answer: all of them are opened anew, with what is stored; not where the server ends.
fn lost(cell: &Cell) {
    let is_ending = cell.borrow().host.shared.draining.load(Ordering::Acquire);
    if !is_ending {
        poison::faulted(cell);
    }
}

fn gathered(cell: &Cell, rows: Vec<PartRow>) {
    {
        let mut held = cell.borrow_mut();
        held.parts = Parts::None;
        if let Some(resident) = &mut held.resident {
            resident.gathered(rows);
        }
    }
    super::advance(cell);
}

/// A score that came here belongs to the part of its user, but for what the challenge itself is to hear.
pub(super) fn take_score(held: &mut ChallengeCell, told: Contribution, number: u64) {
    let resident = held.resident.as_mut();
    match resident.map(|resident| resident.take(&told)) {
        Some(Answer::Elsewhere) => forward(held, told, number),
        Some(_) => {
            let user = told.user.clone();
            let _ = held.host.send_user(user, UserCommand::Taken(told));
        }
        None => {}
    }
}

fn forward(held: &ChallengeCell, told: Contribution, number: u64) {
    let (user, challenge) = (told.user.clone(), held.id);
    let task = PartTask::Take(told, number);
    if parts::send(&held.host.shared, (challenge, &user), task).is_err() {
        let released = UserCommand::NotTaken { challenge, number };
        // Lost: the user sends the score again after a while.
        let _ = held.host.send_user(user, released);
    }
}
