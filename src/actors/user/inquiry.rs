//! Questions whose answers need stored records, and what was told and changed: reads only, decided in `core::user::explain`.
//!
//! While records are read no snapshot is taken, so that every chunk which the manifest names is there.

use std::{collections::BTreeSet, sync::Arc};

use streakline_core::{
    change::Change,
    civil::Day,
    event::Fact,
    limits,
    user::{User, explain::Question, fold::Loaded},
};
use tokio::sync::oneshot;

use super::{Cell, deliver, facts};
use crate::{
    protocol::error_code::{Code, Refusal},
    storage::Error,
};

/// Days whose stored records an answer needs.
pub(crate) type Need = Box<dyn FnOnce(&User) -> BTreeSet<Day> + Send>;

/// What an answer is made from: the state, stored records, and the clock.
pub(crate) type Answer = Box<dyn FnOnce(Result<(&User, &Loaded, i64), Refusal>) + Send>;

/// A question about a user.
pub(crate) enum Inquiry {
    /// Made from the state and the stored records of some days.
    Records { need: Need, answer: Answer },
    /// What was told and changed.
    Trail {
        question: Question,
        page: TrailPage,
        reply: oneshot::Sender<Result<Found, Refusal>>,
    },
}

/// Which part of a trail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrailPage {
    /// The last fact and the last change that were looked at.
    pub(crate) after: (u64, u64),
    /// Most items.
    pub(crate) limit: usize,
}

/// Facts and changes that belong to a question.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) facts: Vec<Arc<Fact>>,
    pub(crate) changes: Vec<Change>,
    /// Where to go on: the last fact and the last change that were looked at; `None`: that was all.
    pub(crate) next: Option<(u64, u64)>,
}

impl Inquiry {
    pub(super) fn refuse(self, refusal: Refusal) {
        match self {
            Self::Records { answer, .. } => answer(Err(refusal)),
            Self::Trail { reply, .. } => drop(reply.send(Err(refusal))),
        }
    }

    /// Whether it must wait until the records in hand are written or read.
    pub(super) fn reads_records(&self) -> bool {
        matches!(self, Self::Records { .. })
    }
}

/// Answers, at once where the state is enough.
pub(super) fn run(cell: &Cell, inquiry: Inquiry) {
    match inquiry {
        Inquiry::Records { need, answer } => {
            let days = cell.borrow().user().map(need).unwrap_or_default();
            if days.is_empty() {
                return tell(cell, &Loaded::default(), answer);
            }
            read(cell, days, answer);
        }
        Inquiry::Trail {
            question,
            page,
            reply,
        } => {
            let cell = cell.clone();
            actix::spawn(async move {
                let found = trail(&cell, &question, page).await;
                let found = found.map_err(|error| facts::unreadable(&cell, "fact", &error));
                let _ = reply.send(found);
            });
        }
    }
}

fn tell(cell: &Cell, loaded: &Loaded, answer: Answer) {
    let held = cell.borrow();
    match held.user() {
        Some(user) => answer(Ok((user, loaded, held.host.now_ms()))),
        None => answer(Err(gone())),
    }
}

fn gone() -> Refusal {
    Refusal::new(
        Code::StoreUnavailable,
        "the user has left memory; try again",
    )
}

fn read(cell: &Cell, days: BTreeSet<Day>, answer: Answer) {
    let life = {
        let mut held = cell.borrow_mut();
        held.loading = true;
        held.note_work();
        held.life
    };
    let cell = cell.clone();
    actix::spawn(async move {
        let loaded = stored(&cell, &days).await;
        if cell.borrow().life != life {
            return answer(Err(gone()));
        }
        cell.borrow_mut().loading = false;
        match loaded {
            Ok(loaded) => tell(&cell, &loaded, answer),
            Err(error) => answer(Err(facts::unreadable(&cell, "chunk", &error))),
        }
        super::advance(&cell);
    });
}

async fn stored(cell: &Cell, days: &BTreeSet<Day>) -> Result<Loaded, Error> {
    Ok(Loaded {
        days: deliver::stored(cell, days).await?,
        minutes: deliver::stored_minutes(cell, days).await?,
    })
}

/// Looks through facts and changes in order of time, at most so many of each.
async fn trail(cell: &Cell, question: &Question, page: TrailPage) -> Result<Found, Error> {
    let (mut fact_after, change_after) = page.after;
    if page.after == (0, 0) {
        let from_ms = cell
            .borrow()
            .user()
            .and_then(|user| question.told_from_ms(user));
        fact_after = match from_ms {
            Some(from_ms) => first_told(cell, from_ms).await?,
            None => 0,
        };
    }
    let rows = limits::TRAIL_ROWS_MAX;
    let facts = facts::facts(cell, fact_after, rows).await?;
    let changes = facts::changes(cell, change_after, rows).await?;
    let whole = facts.len() < rows && changes.len() < rows;
    let held = cell.borrow();
    let Some(user) = held.user() else {
        return Ok(Found::default());
    };
    let last = (
        facts.last().map_or(fact_after, |fact| fact.seq),
        changes.last().map_or(change_after, |change| change.number),
    );
    let facts = facts
        .into_iter()
        .filter(|fact| question.is_told_by(user, fact));
    let changes = changes
        .into_iter()
        .filter(|change| question.is_changed_by(user, change));
    let found = Found {
        facts: facts.collect(),
        changes: changes.collect(),
        next: (!whole).then_some(last),
    };
    Ok(found.cut(page, (fact_after, change_after)))
}

impl Found {
    /// The first items in order of time; what comes after them is the next page's.
    fn cut(mut self, page: TrailPage, after: (u64, u64)) -> Self {
        if self.facts.len().saturating_add(self.changes.len()) <= page.limit {
            return self;
        }
        let of_facts = self.facts.iter().map(|fact| (fact.at_ms, 1, fact.seq));
        let of_changes = self
            .changes
            .iter()
            .map(|change| (change.at_ms, 0, change.number));
        let mut order: Vec<_> = of_facts.chain(of_changes).collect();
        order.sort_unstable();
        order.truncate(page.limit);
        let count = |kind: u8| order.iter().filter(|(_, of, _)| *of == kind).count();
        self.facts.truncate(count(1));
        self.changes.truncate(count(0));
        self.next = Some((
            self.facts.last().map_or(after.0, |fact| fact.seq),
            self.changes.last().map_or(after.1, |change| change.number),
        ));
        self
    }
}

/// The number of the last fact that was told before an instant, found by halving.
async fn first_told(cell: &Cell, from_ms: i64) -> Result<u64, Error> {
    let mut after = 0;
    let mut end = cell.borrow().user().map_or(0, |user| user.last_seq);
    while after < end {
        let middle = after + (end - after) / 2;
        let fact = facts::facts(cell, middle, 1).await?;
        if fact.first().is_some_and(|fact| fact.at_ms < from_ms) {
            after = middle + 1;
        } else {
            end = middle;
        }
    }
    Ok(after)
}
