//! The views of one board that sockets look at. Each is made once a round for all who look at the same rows, and so is what has
//! changed in it since they were told. A view that nobody looks at is kept for a while, for those who come back.
//!
//! Whom it tells, and when, is `subscriber`'s; what is in a view, and what has changed, is the core's.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use streakline_core::{
    challenge::{
        delta::Shown,
        parts::{Known, Looked, Want},
        resident::Resident,
        section::{Rows, Section},
    },
    limits,
    view::ChallengePhase,
};

use crate::protocol::server_frame::BoardUpdate;

/// What a board says is the same as long as these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    offset: u64,
    phase: Option<ChallengePhase>,
    partial: bool,
}

impl Mark {
    /// That of the board now.
    pub(super) fn of(resident: &Resident, now_ms: i64) -> Self {
        Self {
            offset: resident.board().offset(),
            phase: resident.challenge().phase(now_ms),
            partial: resident.is_partial(),
        }
    }
}

/// A view, held by everybody who looks at it.
pub(super) type View = Rc<RefCell<Watched>>;

/// One view.
pub(super) struct Watched {
    section: Section,
    /// Tells it from every other view of this cell, of the same section too.
    number: u64,
    /// The board as it was when this was made last.
    mark: Option<Mark>,
    shown: Option<Shown>,
    /// Parts of the board were asked for its rows.
    is_gathered: bool,
    /// What was made of it at `told_ms`, by the offset that it starts from; whole under `None`.
    told: BTreeMap<Option<u64>, Arc<BoardUpdate>>,
    told_ms: i64,
    /// Since when nobody looks at it, machine time.
    rested_ms: Option<u64>,
}

impl Watched {
    /// Its number.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Which rows it has.
    pub(super) fn section(&self) -> &Section {
        &self.section
    }

    /// Where it stands.
    pub(super) fn offset(&self) -> u64 {
        self.shown.as_ref().map_or(0, Shown::offset)
    }

    /// Whether it was made of rows that were gathered of the board as it was then.
    pub(super) fn is_gathered(&self, mark: Mark) -> bool {
        self.is_gathered && self.mark == Some(mark)
    }

    /// Whether it is known what has changed since that offset.
    pub(super) fn knows(&self, from: u64) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.knows(from))
    }

    /// What a socket is told that was told up to `from`: the whole view where that was nothing, or is too long ago.
    pub(super) fn update(&mut self, from: Option<u64>, now_ms: i64) -> Option<Arc<BoardUpdate>> {
        let shown = self.shown.as_ref()?;
        if self.told_ms != now_ms {
            self.told.clear();
            self.told_ms = now_ms;
        }
        let from = from.filter(|from| shown.knows(*from));
        if let Some(made) = self.told.get(&from) {
            return Some(made.clone());
        }
        let whole = BoardUpdate::whole(shown.view().clone(), shown.offset(), now_ms);
        let delta = from.and_then(|from| Some((from, shown.since(from)?)));
        let update = Arc::new(match delta {
            Some((from, delta)) => whole.since(from, delta),
            None => whole,
        });
        self.told.insert(from, update.clone());
        Some(update)
    }
}

/// The views of a board.
#[derive(Default)]
pub(super) struct Views {
    watched: BTreeMap<Section, View>,
    rows: Rows,
    /// Those that could not be made, since parts of the board must be asked for their rows.
    lacking: BTreeSet<Section>,
    /// Parts are being asked.
    is_gathering: bool,
    /// Views that were ever made.
    made: u64,
    /// The board as everybody was told of it who looks.
    told: Option<Mark>,
}

impl Views {
    /// The view of a section, for one who looks at it from now on.
    pub(super) fn watch(&mut self, section: &Section) -> View {
        if let Some(view) = self.watched.get(section) {
            return view.clone();
        }
        self.made = self.made.saturating_add(1);
        let view = Rc::new(RefCell::new(Watched {
            section: section.clone(),
            number: self.made,
            mark: None,
            shown: None,
            is_gathered: false,
            told: BTreeMap::new(),
            told_ms: i64::MIN,
            rested_ms: None,
        }));
        self.watched.insert(section.clone(), view.clone());
        view
    }

    /// Makes a view anew in a round where the board is not what it was, and says whether it is up to date. One whose rows must be asked
    /// for is left for the next gathering.
    pub(super) fn make(
        &mut self,
        view: &mut Watched,
        resident: &Resident,
        at: (Mark, i64),
    ) -> bool {
        let lacks = view.mark != Some(at.0)
            && (self.lacking.contains(&view.section)
                || self.look(view, resident, at, &Known::default()).is_some());
        if lacks && !self.lacking.contains(&view.section) {
            self.lacking.insert(view.section.clone());
        }
        !lacks
    }

    /// Makes a view anew where the board is not what it was; answers what its parts must be asked for it first, beside what is `known`.
    pub(super) fn look(
        &mut self,
        view: &mut Watched,
        resident: &Resident,
        (mark, now_ms): (Mark, i64),
        known: &Known,
    ) -> Option<Want> {
        if view.mark == Some(mark) {
            return None;
        }
        let (challenge, board) = (resident.challenge(), resident.board());
        let with = (known, &mut self.rows);
        let live = match challenge.live(board, &view.section, with, now_ms) {
            Looked::Ask(want) => return Some(want),
            Looked::View(live) => Arc::new(live),
        };
        (view.mark, view.is_gathered) = (Some(mark), !known.is_empty());
        let is_other = match &mut view.shown {
            Some(shown) => shown.show(live),
            none => {
                *none = Some(Shown::new(live));
                true
            }
        };
        if is_other {
            view.told.clear();
        }
        None
    }

    /// The views that are to be gathered now, of those that somebody looks at; nothing where there are none, or others are being
    /// gathered.
    pub(super) fn begin_gathering(&mut self) -> Option<Vec<View>> {
        if self.is_gathering {
            return None;
        }
        let lacking = std::mem::take(&mut self.lacking);
        let views = lacking.iter().filter_map(|section| {
            let view = self.watched.get(section)?;
            (Rc::strong_count(view) > 1).then(|| view.clone())
        });
        let views: Vec<View> = views.collect();
        self.is_gathering = !views.is_empty();
        self.is_gathering.then_some(views)
    }

    /// They are gathered, or could not be.
    pub(super) fn end_gathering(&mut self) {
        self.is_gathering = false;
    }

    /// Whether everybody who looks was told of the board as it is.
    pub(super) fn are_told(&self, mark: Mark) -> bool {
        self.told == Some(mark)
    }

    /// Everybody was told of the board as it was then; `None`: somebody was not.
    pub(super) fn set_told(&mut self, mark: Option<Mark>) {
        self.told = mark;
    }

    /// The board is another one: no view goes on.
    pub(super) fn end(&mut self) {
        let made = self.made;
        *self = Self {
            made,
            ..Self::default()
        };
    }

    /// Lets go of what nobody needs any more. `now_ms` is machine time.
    pub(super) fn sweep(&mut self, now_ms: u64) {
        let mut resting = Vec::new();
        for (section, view) in &self.watched {
            let mut held = view.borrow_mut();
            held.told.clear();
            if Rc::strong_count(view) > 1 {
                held.rested_ms = None;
            } else {
                let since_ms = *held.rested_ms.get_or_insert(now_ms);
                resting.push((since_ms, section.clone()));
            }
        }
        resting.sort_unstable();
        let surplus = resting
            .len()
            .saturating_sub(limits::BOARD_VIEWS_AT_REST_MAX);
        for (place, (since_ms, section)) in resting.into_iter().enumerate() {
            let rested_ms = now_ms.saturating_sub(since_ms);
            if place < surplus || rested_ms > limits::BOARD_VIEW_REST_MS {
                self.watched.remove(&section);
            }
        }
        self.rows.sweep();
    }
}

#[cfg(test)]
mod tests {
    use streakline_core::{
        challenge::Challenge,
        id::{ChallengeId, UserId},
    };

    use super::*;

    fn resident() -> Resident {
        Resident::read(Challenge::new(ChallengeId([7; 16])), Vec::new())
    }

    fn around(name: &str) -> Section {
        let user = UserId::parse(name).unwrap();
        Section::Around { user, k: 1 }
    }

    #[test]
    fn who_looks_at_the_same_rows_shares_a_view_and_what_is_made_of_it() {
        let (mut views, resident) = (Views::default(), resident());
        let [one, other] = [(); 2].map(|()| views.watch(&Section::Top(10)));
        assert!(Rc::ptr_eq(&one, &other));
        assert!(!Rc::ptr_eq(&one, &views.watch(&Section::Top(11))));
        let mark = Mark::of(&resident, 0);
        assert!(views.make(&mut one.borrow_mut(), &resident, (mark, 0)));
        let told = |from, now_ms| one.borrow_mut().update(from, now_ms).unwrap();
        assert!(Arc::ptr_eq(&told(None, 5), &told(None, 5)));
        assert!(
            Arc::ptr_eq(&told(None, 5), &told(Some(9), 5)),
            "nobody saw that"
        );
        assert!(Arc::ptr_eq(&told(Some(1), 5), &told(Some(1), 5)));
        assert!(!Arc::ptr_eq(&told(None, 5), &told(Some(1), 5)));
        assert!(!Arc::ptr_eq(&told(None, 5), &told(None, 6)), "it says when");
    }

    #[test]
    fn a_view_that_nobody_looks_at_is_kept_for_a_while() {
        let mut views = Views::default();
        let held = views.watch(&around("ann"));
        let number = views.watch(&around("bob")).borrow().number();
        views.sweep(1_000);
        assert_eq!(views.watch(&around("bob")).borrow().number(), number);
        views.sweep(1_000 + limits::BOARD_VIEW_REST_MS);
        assert_eq!(views.watched.len(), 2);
        views.sweep(1_001 + limits::BOARD_VIEW_REST_MS);
        assert_eq!(views.watched.len(), 1);
        assert_ne!(views.watch(&around("bob")).borrow().number(), number);
        assert_eq!(held.borrow().section(), &around("ann"));
    }

    #[test]
    fn views_that_nobody_looks_at_are_bounded_and_the_oldest_go_first() {
        let mut views = Views::default();
        views.watch(&around("first"));
        views.sweep(1);
        for number in 0..limits::BOARD_VIEWS_AT_REST_MAX {
            views.watch(&around(&format!("u{number}")));
        }
        views.sweep(2);
        assert_eq!(views.watched.len(), limits::BOARD_VIEWS_AT_REST_MAX);
        assert!(!views.watched.contains_key(&around("first")));
    }

    #[test]
    fn a_board_that_is_read_again_has_other_views() {
        let mut views = Views::default();
        let number = views.watch(&Section::Top(1)).borrow().number();
        views.set_told(Some(Mark::of(&resident(), 0)));
        views.end();
        assert!(!views.are_told(Mark::of(&resident(), 0)));
        assert_ne!(views.watch(&Section::Top(1)).borrow().number(), number);
    }
}
