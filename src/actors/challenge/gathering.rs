//! Views of a board in parts whose rows its parts have to be asked for (ADR 0074). What a round could not make is asked for together, some
//! places in one question to each part, and told once all of it is there; the next gathering begins with the first round after that. It
//! delays neither the views that are made of the first rows nor own ranks.
//!
//! What is asked and what is made of the answers is the core's.

use std::{cell, sync::Arc, time::Duration};

use streakline_core::{
    challenge::parts::{Known, Want, Wants},
    limits,
};

use super::{
    Cell, subscriber,
    views::{Mark, View},
};
use crate::{actors::parts, clock};

/// How often the parts are asked for one view at most: whose row it is, and then what is around that.
const ASKED_MAX: u32 = 2;

/// One that is under way.
struct Gathering {
    cell: Cell,
    views: Vec<View>,
    /// The board as it was before its parts were asked: what they tell may be newer, and is never older.
    mark: Mark,
    life: u64,
    /// What it took of this thread.
    took: cell::Cell<Duration>,
}

/// Gathers the views that the last round lacks, unless others are being gathered.
pub(super) fn begin(cell: &Cell) {
    let Some(gathering) = Gathering::of(cell) else {
        return;
    };
    actix::spawn(async move {
        for some in gathering.views.chunks(limits::PART_PLACES_MAX) {
            // Parts are opened or ended just now: the next round asks again.
            if gathering.gather(some).await.is_none() {
                break;
            }
        }
        gathering.end();
    });
}

impl Gathering {
    fn of(cell: &Cell) -> Option<Self> {
        let mut held = cell.borrow_mut();
        let now_ms = held.host.now_ms();
        let mark = Mark::of(held.resident()?, now_ms);
        Some(Self {
            cell: cell.clone(),
            views: held.views.begin_gathering()?,
            mark,
            life: held.lives,
            took: cell::Cell::default(),
        })
    }

    /// Makes some of the views; nothing where their rows could not be had.
    async fn gather(&self, some: &[View]) -> Option<()> {
        let (shared, id) = {
            let held = self.cell.borrow();
            (held.host.shared.clone(), held.id)
        };
        let mut known = Known::default();
        for _ in 0..ASKED_MAX {
            let wants = self.make(some, &known)?;
            if wants.is_empty() {
                return Some(());
            }
            let wants: Arc<[Want]> = wants.into();
            let found = parts::find_all(&shared, id, wants.clone()).await?;
            for (want, found) in wants.iter().zip(found) {
                known.take(want, found);
            }
        }
        self.make(some, &known).map(|_| ())
    }

    /// Makes those of the views for which enough is known; answers what the parts are to be asked for the others. Nothing where the
    /// board is not there any more.
    fn make(&self, some: &[View], known: &Known) -> Option<Vec<Want>> {
        let mut wants = None;
        self.work(|| {
            let mut held = self.cell.borrow_mut();
            let now_ms = held.host.now_ms();
            let held = &mut *held;
            let Some(resident) = &held.resident else {
                return;
            };
            let mut lacks = Wants::default();
            for view in some {
                let (mut view, at) = (view.borrow_mut(), (self.mark, now_ms));
                if let Some(want) = held.views.look(&mut view, resident, at, known) {
                    lacks.add(want);
                }
            }
            wants = Some(lacks.list());
        });
        wants
    }

    /// Tells those who look at the views; what it took makes the tick longer, as what a round takes does.
    fn end(&self) {
        self.work(|| {
            let mut held = self.cell.borrow_mut();
            held.views.end_gathering();
            subscriber::show_gathered(&mut held, self.mark);
        });
        let mut held = self.cell.borrow_mut();
        let tick_ms = held.host.shared.settings.board_ms;
        held.pace.took_more(self.took.get(), tick_ms);
    }

    /// Does something for the life of the state that it has begun in.
    fn work(&self, work: impl FnOnce()) {
        if self.cell.borrow().lives == self.life {
            let begun = clock::monotonic();
            super::guarded(&self.cell, work);
            let took = clock::monotonic().saturating_sub(begun);
            self.took.set(self.took.get().saturating_add(took));
        }
    }
}
