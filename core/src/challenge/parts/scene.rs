//! A board in parts beside the same board whole, for tests.

use alloc::{format, string::String, vec::Vec};

use super::{Found, Known, Looked, Own, Part, Want};
use crate::{
    challenge::{
        Answer, Challenge,
        resident::Resident,
        scene::{self, contribution, definition, give, join, user},
        segments::Pick,
    },
    definition::{Definition, Keeping},
    event::Contribution,
    input::ChallengeInput,
    leaderboard::shards::HEAD_ROWS,
    limits,
    view::BoardView,
};

/// A published challenge whose board is kept so.
pub(in crate::challenge) fn open(keeping: Keeping) -> Resident {
    let mut resident = Resident::read(Challenge::new(scene::ID), Vec::new());
    resident.filled();
    let of = Definition {
        keeping,
        ..definition()
    };
    give(&mut resident, ChallengeInput::Create(of));
    give(&mut resident, ChallengeInput::Publish);
    resident
}

/// A challenge in parts, its parts, and the time.
pub(in crate::challenge) struct InParts {
    pub(in crate::challenge) resident: Resident,
    pub(in crate::challenge) parts: Vec<Part>,
    pub(super) now_ms: u64,
}

impl InParts {
    pub(in crate::challenge) fn new(parts: usize) -> Self {
        Self {
            resident: open(Keeping::Parts),
            parts: (0..parts).map(|_| Part::default()).collect(),
            now_ms: 0,
        }
    }

    /// Where a user's row is kept.
    pub(in crate::challenge) fn part(&mut self, name: &str) -> &mut Part {
        let sum: usize = name.bytes().map(usize::from).sum();
        let at = sum % self.parts.len();
        &mut self.parts[at]
    }

    pub(in crate::challenge) fn take(&mut self, told: &Contribution) -> Answer {
        self.part(told.user.as_str()).take(told)
    }

    /// A second passes, in which every part reports and is answered.
    pub(in crate::challenge) fn pass(&mut self) {
        self.now_ms += limits::PART_REPORT_MS;
        for (number, part) in self.parts.iter_mut().enumerate() {
            if let Some(report) = part.due(self.now_ms) {
                let told = report.number;
                assert!(self.resident.report(number, report.clone()));
                assert!(self.resident.report(number, report), "twice is as once");
                part.confirmed(told);
            }
        }
    }

    /// A view, with what is gathered for it.
    pub(in crate::challenge) fn look(&self, pick: &Pick) -> BoardView {
        let mut known = Known::default();
        for _ in 0..3 {
            let (challenge, board) = (self.resident.challenge(), self.resident.board());
            match challenge.look(board, pick, &known, 0) {
                Looked::View(view) => return view,
                Looked::Ask(want) => {
                    let found = self.parts.iter().map(|part| part.find(&want)).collect();
                    known.take(&want, Found::merged(&want, found));
                }
            }
        }
        panic!("{pick:?} asks for ever");
    }

    pub(in crate::challenge) fn own(&mut self, name: &str) -> Option<Own> {
        let found = self.part(name).find(&Want::Of(Vec::from([user(name)])));
        let (challenge, board) = (self.resident.challenge(), self.resident.board());
        challenge.own_row(board, &user(name), found.after.first())
    }

    /// All barriers have passed, so all rows are handed over.
    pub(in crate::challenge) fn end(mut self) -> Resident {
        let rows = self.parts.drain(..).flat_map(Part::hand_over);
        self.resident.gathered(rows.collect());
        self.resident
    }
}

/// A member with a score, in both.
pub(in crate::challenge) fn enter(
    whole: &mut Resident,
    parted: &mut InParts,
    (name, score): (&str, i64),
) {
    join(whole, name);
    join(&mut parted.resident, name);
    let told = contribution(name, 1, score);
    whole.take(&told);
    assert_eq!(parted.take(&told), Answer::Shown);
}

/// More members than the head has rows, with scores of every size, many of them alike.
pub(in crate::challenge) fn crowd() -> (Resident, InParts, Vec<String>) {
    let (mut whole, mut parted) = (open(Keeping::Whole), InParts::new(4));
    let names: Vec<_> = (0..HEAD_ROWS + 500).map(|n| format!("u{n:04}")).collect();
    for (n, name) in names.iter().enumerate() {
        let score = i64::try_from(n * 7_919 % 1_301 * (n % 5)).unwrap();
        enter(&mut whole, &mut parted, (name, score));
    }
    parted.pass();
    (whole, parted, names)
}
