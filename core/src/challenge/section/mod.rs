//! Which rows of a board somebody keeps looking at, and what they are now (domain.md 6.2).
//!
//! Who may look at whose row is not its business: the gateway and the actor know who asks. Rows that nothing happened to are not
//! made anew, and are shared by all views that they are in.

mod parted;

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};

use super::{Board, Challenge, RowId, friends::Circle, segments::Segment};
use crate::{
    id::{MemberNumber, UserId},
    leaderboard::{Row, RowKey},
    view::{ChallengePhase, LiveView, RowView},
};

/// Which rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The first so many.
    Top(u32),
    /// A member's row, with `k` rows on each side.
    Around {
        /// Whose row.
        user: UserId,
        /// Rows on each side.
        k: u32,
    },
    /// `k` rows on each side of where a score would stand that is reached only now.
    AroundScore {
        /// Store units.
        score: i64,
        /// Rows on each side.
        k: u32,
    },
    /// All teams.
    Teams,
    /// A member's row alone, with the share of the board that is not ahead of it.
    Percentile {
        /// Whose row.
        user: UserId,
    },
    /// A member's row and its friends', ranked among themselves.
    Friends(Circle),
    /// The same of a segment.
    Within {
        /// Which.
        segment: Segment,
        /// Which rows of it.
        of: Box<Section>,
        /// Who looks: of a small one the own row is shown alone. `None`: an admin.
        viewer: Option<UserId>,
    },
}

impl Section {
    /// Whose row it follows, if it follows one.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::Around { user, .. } | Self::Percentile { user } => Some(user),
            Self::Friends(circle) => Some(circle.user()),
            Self::Top(_) | Self::AroundScore { .. } | Self::Teams => None,
            Self::Within { of, .. } => of.user(),
        }
    }

    /// Of which segment it is, if it is of one.
    #[must_use]
    pub fn segment(&self) -> Option<&Segment> {
        match self {
            Self::Within { segment, .. } => Some(segment),
            _ => None,
        }
    }
}

/// Rows as they were shown, for as long as a view holds them. They are of one board.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    made: BTreeMap<MemberNumber, Arc<RowView>>,
    head: Head,
}

/// The first rows, for sections that differ only in how many they are.
#[derive(Clone, Debug, Default)]
struct Head {
    /// Of which offset of the board; none yet.
    offset: Option<u64>,
    rows: Vec<Arc<RowView>>,
    last: Option<RowKey<RowId>>,
}

impl Rows {
    /// Lets go of rows that no view holds any more.
    pub fn sweep(&mut self) {
        self.head = Head::default();
        self.made.retain(|_, row| Arc::strong_count(row) > 1);
    }

    /// How many rows are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.made.len()
    }

    /// Whether none are held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    fn make(&mut self, board: &Board, row: Row<RowId>) -> Arc<RowView> {
        let Some(number) = board.seat_of(&row.id).map(|seat| seat.number) else {
            return Arc::new(board.view(row));
        };
        let view = match self.made.get(&number) {
            Some(before) => board.view_named(row, before.row.clone()),
            None => board.view(row),
        };
        self.keep(number, view)
    }

    /// The row as it was shown before, where that is the same.
    fn keep(&mut self, number: MemberNumber, view: RowView) -> Arc<RowView> {
        let before = self.made.get(&number);
        if let Some(before) = before.filter(|before| ***before == view) {
            return before.clone();
        }
        let made = Arc::new(view);
        self.made.insert(number, made.clone());
        made
    }

    fn all(&mut self, board: &Board, rows: Vec<Row<RowId>>) -> Vec<Arc<RowView>> {
        rows.into_iter().map(|row| self.make(board, row)).collect()
    }

    fn top(&mut self, board: &Board, count: usize) -> Vec<Arc<RowView>> {
        if self.head.offset != Some(board.offset()) {
            self.head = Head {
                offset: Some(board.offset()),
                ..Head::default()
            };
        }
        let missing = count.saturating_sub(self.head.rows.len());
        if missing > 0 {
            let more = board.order().page(self.head.last.as_ref(), missing);
            if let Some(last) = more.last() {
                self.head.last = Some(last.key());
            }
            let more = self.all(board, more);
            self.head.rows.extend(more);
        }
        self.head.rows.iter().take(count).cloned().collect()
    }
}

impl Challenge {
    /// What a section of a whole board shows now; no rows where the member that it follows has none. `rows` are those that were
    /// shown of the same board before.
    #[must_use]
    pub fn live_view(
        &self,
        board: &Board,
        section: &Section,
        rows: &mut Rows,
        now_ms: i64,
    ) -> LiveView {
        let of_user = |user: &UserId, k| {
            let id = self.row_id(user);
            id.map(|id| board.order().around(&id, k))
                .unwrap_or_default()
        };
        let shown = match section {
            Section::Top(count) => rows.top(board, *count as usize),
            Section::Around { user, k } => rows.all(board, of_user(user, *k)),
            Section::AroundScore { score, k } => rows.all(board, board.around_score(*score, *k)),
            Section::Percentile { user } => rows.all(board, of_user(user, 0)),
            Section::Teams => {
                let teams = board.team_rows().unwrap_or_default();
                teams.into_iter().map(Arc::new).collect()
            }
            Section::Friends(circle) => return self.live_friends(board, circle, now_ms),
            Section::Within {
                segment,
                of,
                viewer,
            } => return self.live_segment(board, (segment, viewer.as_ref()), of, now_ms),
        };
        let percentile_bp = match section {
            Section::Percentile { user } => self.percentile_bp(board, user),
            _ => None,
        };
        LiveView {
            percentile_bp,
            rows: shown,
            ..self.live_without_rows(board, now_ms)
        }
    }

    /// What every view of the board says beside its rows.
    pub(super) fn live_without_rows(&self, board: &Board, now_ms: i64) -> LiveView {
        LiveView {
            challenge: self.id,
            phase: self.phase(now_ms).unwrap_or(ChallengePhase::Draft),
            ranks: self.rank_state(board, now_ms),
            participants: board.len(),
            partial: board.is_partial(),
            suppressed: false,
            percentile_bp: None,
            error_bound: None,
            next_reset_ms: self.next_reset_ms(),
            rows: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
