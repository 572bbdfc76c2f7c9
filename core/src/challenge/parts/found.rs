//! What is seen of a board that is kept in parts: from its first rows where those will do, else from rows that are gathered from the
//! parts around the place in question. Such rows are right; their ranks are estimates, which the view says.

use alloc::vec::Vec;

use super::{Known, PartRow, Parted, whole::HeadRow};
use crate::{
    challenge::{Board, Challenge, RowId, friends::Circle, segments::Pick},
    id::{MemberNumber, UserId},
    leaderboard::{Place, Row, RowKey},
    view::{BoardView, RowView},
};

/// Which of its rows every part is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// Those of these users.
    Of(Vec<UserId>),
    /// Up to so many after a key; without a key the first ones.
    After(Option<RowKey<UserId>>, usize),
    /// The row with that key, with up to so many on each side.
    Around(RowKey<UserId>, u32),
    /// Up to so many on each side of where a further row of that score would stand.
    AroundScore(i64, u32),
}

/// What a part answers, or all of them together; in board order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Rows before the place that was asked for.
    pub before: Vec<PartRow>,
    /// Rows behind it.
    pub after: Vec<PartRow>,
}

impl Found {
    /// What all parts have found, as one that had all their rows would have.
    #[must_use]
    pub fn merged(want: &Want, parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.before.extend(part.before);
            all.after.extend(part.after);
        }
        all.before.sort_by(|one, other| one.key.cmp(&other.key));
        all.after.sort_by(|one, other| one.key.cmp(&other.key));
        let (before, after) = match want {
            Want::Of(users) => (0, users.len()),
            Want::After(_, limit) => (0, *limit),
            Want::Around(_, k) => (k.saturating_add(1) as usize, *k as usize),
            Want::AroundScore(_, k) => (*k as usize, *k as usize),
        };
        let surplus = all.before.len().saturating_sub(before);
        all.before.drain(..surplus);
        all.after.truncate(after);
        all
    }

    /// The same of several questions; each part has answered all of them, in their order.
    #[must_use]
    pub fn all_merged(wants: &[Want], parts: Vec<Vec<Self>>) -> Vec<Self> {
        let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
        let merged = wants.iter().map(|want| {
            let found = parts.iter_mut().filter_map(Iterator::next);
            Self::merged(want, found.collect())
        });
        merged.collect()
    }
}

/// A view, or what must be gathered for it first.
#[derive(Clone, Debug)]
pub enum Looked<V> {
    /// The view.
    View(V),
    /// To be asked of every part.
    Ask(Want),
}

/// A member's own row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The row.
    pub row: RowView,
    /// How many of 10,000 rows stand at most as well.
    pub percentile_bp: u32,
    /// By how much its rank may be off, where it is estimated.
    pub error_bound: Option<u32>,
}

/// Rows as they are seen.
pub(in crate::challenge) struct Seen {
    pub(in crate::challenge) items: Vec<RowView>,
    /// By how much their ranks may be off, where some are estimated.
    pub(in crate::challenge) error_bound: Option<u32>,
    /// How many rows there are of what is looked at.
    pub(in crate::challenge) participants: u32,
    more: bool,
}

/// Rows that can be told, or what is to be asked for them.
enum Rows<'a> {
    Head(&'a [HeadRow], bool),
    Gathered(Vec<PartRow>, bool),
    Friends(&'a Circle, Vec<&'a PartRow>),
    Ask(Want),
}

impl Challenge {
    /// Rows of the board, whole or in parts; `known`: what was gathered for this view before.
    #[must_use]
    pub fn look(
        &self,
        board: &Board,
        pick: &Pick,
        known: &Known,
        now_ms: i64,
    ) -> Looked<BoardView> {
        let Some(parted) = board.parted() else {
            return Looked::View(self.board_rows(board, pick.clone(), now_ms));
        };
        match self.seen_in_parts((board, parted), pick, known) {
            Looked::Ask(want) => Looked::Ask(want),
            Looked::View(seen) => Looked::View(BoardView {
                items: seen.items,
                error_bound: seen.error_bound,
                participants: seen.participants,
                ..self.board_of(board, Vec::new(), seen.more, now_ms)
            }),
        }
    }

    /// The rows themselves, of a board in parts.
    pub(in crate::challenge) fn seen_in_parts(
        &self,
        (board, parted): (&Board, &Parted),
        pick: &Pick,
        known: &Known,
    ) -> Looked<Seen> {
        let (items, error_bound, more) = match picked(parted, pick, known) {
            Rows::Ask(want) => return Looked::Ask(want),
            Rows::Friends(circle, found) => {
                (self.friends_of_parts(board, circle, &found), None, false)
            }
            Rows::Head(rows, more) => {
                let rows = rows.iter().filter_map(|row| self.head_row(board, row));
                (rows.collect(), None, more)
            }
            Rows::Gathered(rows, more) => {
                let (items, error_bound) = self.estimated(board, parted, rows);
                (items, error_bound, more)
            }
        };
        let participants = match pick {
            Pick::Friends(_) => u32::try_from(items.len()).unwrap_or(u32::MAX),
            _ => board.len(),
        };
        Looked::View(Seen {
            items,
            error_bound,
            participants,
            more,
        })
    }

    /// A member's own row; `found`: what its part has of it, which is not asked where the row is one of the first.
    #[must_use]
    pub fn own_row(&self, board: &Board, user: &UserId, found: Option<&PartRow>) -> Option<Own> {
        let Some(parted) = board.parted() else {
            return Some(Own {
                row: self.board_row(board, user)?,
                percentile_bp: self.percentile_bp(board, user)?,
                error_bound: None,
            });
        };
        let in_head = parted.place_of(user).and_then(|at| parted.head().get(at));
        let (row, rank, error_bound) = match in_head {
            Some(held) => (self.head_row(board, held)?, held.row.rank, None),
            None => {
                let found = found.cloned().into_iter().collect();
                let (rows, error_bound) = self.estimated(board, parted, found);
                let row = rows.into_iter().next()?;
                let rank = row.rank;
                (row, rank, error_bound)
            }
        };
        let place = Place {
            rank,
            dense: rank,
            ordinal: rank,
        };
        Some(Own {
            row,
            percentile_bp: place.percentile(parted.rows().max(rank)),
            error_bound,
        })
    }

    /// One of the first rows as others see it; nothing of one who has left since it was reported.
    pub(in crate::challenge) fn head_row(&self, board: &Board, held: &HeadRow) -> Option<RowView> {
        let RowId::Live(user) = &held.row.id else {
            return None;
        };
        let member = self.members.get(user).filter(|member| member.joined);
        let number = member.and_then(|_| self.members.number_of(user))?;
        Some(board.view_in_parts(held.row.clone(), (user, number), held.alias.clone()))
    }

    /// Whose row it is that a part tells of, where the member is still in by that enrolment.
    pub(in crate::challenge) fn member_of(&self, row: &PartRow) -> Option<MemberNumber> {
        let user = &row.key.id;
        let member = self.members.get(user)?;
        let is_in = member.joined && member.join == row.join;
        self.members.number_of(user).filter(|_| is_in)
    }

    /// Gathered rows, whose ranks are estimates unless they are among the first; and by how much they may be off.
    fn estimated(
        &self,
        board: &Board,
        parted: &Parted,
        rows: Vec<PartRow>,
    ) -> (Vec<RowView>, Option<u32>) {
        let mut bound = None;
        let mut last: Option<(i64, u32, u32)> = None;
        let mut items = Vec::with_capacity(rows.len());
        for found in rows {
            let Some(number) = self.member_of(&found) else {
                continue;
            };
            let score = found.key.score;
            let (rank, ordinal) = match (parted.exactly(&found.key), last) {
                // One before it may have passed it since the parts have reported.
                (Some(held), last) => {
                    let next = last.map_or(0, |(_, _, ordinal)| ordinal.saturating_add(1));
                    (held.row.rank, held.row.ordinal.max(next))
                }
                (None, Some((before, rank, ordinal))) if before == score => {
                    (rank, ordinal.saturating_add(1))
                }
                (None, last) => {
                    let estimate = parted.rank(score);
                    bound = bound.max(Some(estimate.error_bound));
                    let (_, least, ordinal) = last.unwrap_or_default();
                    let rank = estimate.rank.max(least);
                    (rank, rank.max(ordinal.saturating_add(1)))
                }
            };
            last = Some((score, rank, ordinal));
            let row = Row {
                rank,
                dense: rank,
                ordinal,
                score,
                achieved_at_ms: found.key.achieved_at_ms,
                id: RowId::Live(found.key.id.clone()),
            };
            items.push(board.view_in_parts(row, (&found.key.id, number), found.alias));
        }
        (items, bound)
    }
}

fn picked<'a>(parted: &'a Parted, pick: &'a Pick, known: &'a Known) -> Rows<'a> {
    match pick {
        Pick::Page { after, limit } => page(parted, (after.as_ref(), *limit), known),
        Pick::Around { user, k } => around(parted, (user, *k), known),
        Pick::AroundScore { score, k } => {
            let head = parted.head();
            let at = head.partition_point(|held| held.row.score >= *score);
            let want = Want::AroundScore(*score, *k);
            within(parted, (at, *k as usize), at).unwrap_or_else(|| gathered(want, known))
        }
        Pick::Friends(circle) => friends(circle, known),
    }
}

fn page<'a>(
    parted: &'a Parted,
    (after, limit): (Option<&RowKey<RowId>>, usize),
    known: &Known,
) -> Rows<'a> {
    let is_passed = |held: &HeadRow| after.is_some_and(|after| held.row.key() <= *after);
    let head = parted.head();
    let first = head.partition_point(is_passed);
    let last = first.saturating_add(limit);
    if last <= head.len() || parted.is_all_head() {
        let more = last < head.len() || !parted.is_all_head();
        let rows = head.get(first..last.min(head.len()));
        return Rows::Head(rows.unwrap_or_default(), more);
    }
    let after = after.and_then(|key| match &key.id {
        RowId::Live(user) => Some(RowKey {
            score: key.score,
            achieved_at_ms: key.achieved_at_ms,
            id: user.clone(),
        }),
        // No row of a board that runs goes by a number.
        RowId::Frozen(_) => None,
    });
    let want = Want::After(after, limit.saturating_add(1));
    match known.rows(&want) {
        None => Rows::Ask(want),
        Some(found) => {
            let mut rows = found.after.clone();
            let more = rows.len() > limit;
            rows.truncate(limit);
            Rows::Gathered(rows, more)
        }
    }
}

fn friends<'a>(circle: &'a Circle, known: &'a Known) -> Rows<'a> {
    let rows: Option<Vec<_>> = circle.all().map(|user| known.own(user)).collect();
    match rows {
        None => Rows::Ask(Want::Of(circle.all().cloned().collect())),
        Some(rows) => Rows::Friends(circle, rows.into_iter().flatten().collect()),
    }
}

fn around<'a>(parted: &'a Parted, (user, k): (&UserId, u32), known: &Known) -> Rows<'a> {
    let from_head = parted.place_of(user).and_then(|at| {
        let behind = at.saturating_add(1);
        within(parted, (behind, k as usize), at)
    });
    if let Some(rows) = from_head {
        return rows;
    }
    let Some(own) = known.own(user) else {
        return Rows::Ask(Want::Of(Vec::from([user.clone()])));
    };
    match own {
        Some(own) => gathered(Want::Around(own.key.clone(), k), known),
        None => Rows::Gathered(Vec::new(), false),
    }
}

/// Up to `k` rows of the head before `first` and from `behind` on, with what lies between; nothing where some of them may not be in it.
fn within(parted: &Parted, (behind, k): (usize, usize), first: usize) -> Option<Rows<'_>> {
    let head = parted.head();
    let last = behind.saturating_add(k);
    let is_there = last <= head.len() || parted.is_all_head();
    let rows = head.get(first.saturating_sub(k)..last.min(head.len()));
    rows.filter(|_| is_there)
        .map(|rows| Rows::Head(rows, false))
}

fn gathered<'a>(want: Want, known: &Known) -> Rows<'a> {
    match known.rows(&want) {
        None => Rows::Ask(want),
        Some(found) => {
            let rows = found.before.iter().chain(&found.after);
            Rows::Gathered(rows.cloned().collect(), false)
        }
    }
}
