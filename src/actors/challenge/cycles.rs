//! How a series makes its cycles, and how a cycle hands its members to the next: one thing at a time, and again after a while where it
//! failed. What there is to do says the core (ADR 0070, 0071).

use streakline_core::{
    challenge::{carry::Handing, series::Step},
    id::ChallengeId,
};

use super::Cell;
use crate::actors::directory::Directory;

/// Whether other challenges are being told something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Telling {
    /// Nothing is under way.
    #[default]
    Idle,
    /// Something is.
    Running,
    /// It could not be told; the next round tries again.
    Failed,
}

impl Telling {
    /// A round has passed.
    pub(super) fn round(&mut self) {
        if *self == Self::Failed {
            *self = Self::Idle;
        }
    }
}

/// What was told.
enum Told {
    /// A step of a series.
    Step(Step),
    /// The next cycle knows of these members.
    Handed(Vec<Handing>),
    /// It knows that nobody more comes.
    All,
    /// Nothing.
    Failed,
}

/// Does what is next of a series or a cycle, where nothing is under way.
pub(super) fn go_on(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let Some(resident) = &mut held.resident else {
        return;
    };
    let step = resident.series_step();
    let batch = if resident.is_partial() {
        Vec::new()
    } else {
        resident.handings()
    };
    let is_owed = step.is_some() || !batch.is_empty() || resident.is_all_handed();
    let heir = resident.challenge().heir();
    if held.telling != Telling::Idle || !is_owed {
        return;
    }
    held.telling = Telling::Running;
    let (directory, id) = (Directory::new(held.host.shared.clone()), held.id);
    drop(held);
    let cell = cell.clone();
    actix::spawn(async move {
        let (told, all) = match (step, heir) {
            (Some(step), _) => tell_step(&directory, id, step).await,
            (None, Some(heir)) => tell_heir(&directory, heir, batch).await,
            (None, None) => (Told::Failed, false),
        };
        super::guarded(&cell, || note(&cell, told, all));
    });
}

async fn tell_step(directory: &Directory, id: ChallengeId, step: Step) -> (Told, bool) {
    match directory.carry_on(id, step).await {
        Ok(()) => (Told::Step(step), true),
        Err(refusal) => {
            tracing::warn!(challenge = %id, detail = %refusal.detail, "a series goes on later");
            (Told::Failed, false)
        }
    }
}

async fn tell_heir(directory: &Directory, heir: ChallengeId, batch: Vec<Handing>) -> (Told, bool) {
    if batch.is_empty() {
        return match directory.hand_no_more(heir).await {
            Ok(()) => (Told::All, true),
            Err(_) => (Told::Failed, false),
        };
    }
    let wanted = batch.len();
    let handed = directory.hand(heir, batch).await;
    let all = handed.len() == wanted;
    (Told::Handed(handed), all)
}

/// Something was told; `all`: everything that was to be.
fn note(cell: &Cell, told: Told, all: bool) {
    {
        let mut held = cell.borrow_mut();
        held.telling = if all { Telling::Idle } else { Telling::Failed };
        let Some(resident) = &mut held.resident else {
            return;
        };
        match told {
            Told::Handed(members) => members.iter().for_each(|member| resident.handed(member)),
            Told::All => resident.told_all(),
            Told::Step(Step::End { .. }) => resident.series_ended(),
            Told::Step(Step::Make { .. }) | Told::Failed => {}
        }
    }
    go_on(cell);
    cell.borrow_mut().note_work();
}
