//! What somebody sees of a segment: its rows, with the ranks that they have in it; of one in which too few can be told apart, only the
//! own row (domain.md 6.4).

use alloc::{sync::Arc, vec::Vec};

use super::Segment;
use crate::{
    attribute::Name,
    challenge::{Board, Challenge, RowId, friends::Circle, section::Section},
    id::UserId,
    leaderboard::{Leaderboard, Row, RowKey},
    view::{BoardView, LiveView},
};

/// Which rows of a board are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Up to `limit` rows after a key; without a key the first ones.
    Page {
        /// Where the last page ended.
        after: Option<RowKey<RowId>>,
        /// Most rows.
        limit: usize,
    },
    /// A member's row, with `k` rows on each side.
    Around {
        /// Whose row.
        user: UserId,
        /// Rows on each side.
        k: u32,
    },
    /// `k` rows on each side of where a further row of that score would stand.
    AroundScore {
        /// As the board orders it.
        score: i64,
        /// Rows on each side.
        k: u32,
    },
    /// A member's row and its friends', ranked among themselves; of the whole board only.
    Friends(Circle),
}

/// What a viewer sees.
enum Seen<'a> {
    /// All rows; nothing where it has none.
    Rows(Option<&'a Leaderboard<RowId>>),
    /// The own row alone, where it is in the segment, as it stands on the whole board.
    Own(Option<RowId>),
}

impl Challenge {
    /// Which of its segments an attribute makes.
    #[must_use]
    pub fn segment_place(&self, name: &Name) -> Option<usize> {
        let definition = self.definition.as_ref()?;
        definition.segments.iter().position(|held| held == name)
    }

    /// `viewer`: who looks; `None` is an admin, who sees whose rows they are anyway.
    fn seen<'a>(&self, board: &'a Board, segment: &Segment, viewer: Option<&UserId>) -> Seen<'a> {
        let place = self.segment_place(&segment.name);
        let part = place.and_then(|place| board.segments().part(place, &segment.value));
        let is_shown = part.is_some_and(super::Part::is_shown);
        match (part, viewer) {
            (part, None) => Seen::Rows(part.map(|part| &part.order)),
            (Some(part), Some(_)) if is_shown => Seen::Rows(Some(&part.order)),
            (part, Some(viewer)) => {
                let own = self.row_id(viewer);
                let is_in = |id: &RowId| part.is_some_and(|part| part.order.get(id).is_some());
                Seen::Own(own.filter(is_in))
            }
        }
    }

    /// Rows of the whole board.
    #[must_use]
    pub fn board_rows(&self, board: &Board, pick: Pick, now_ms: i64) -> BoardView {
        match pick {
            Pick::Page { after, limit } => self.board_page(board, after, limit, now_ms),
            Pick::Around { user, k } => self.board_around(board, &user, k, now_ms),
            Pick::AroundScore { score, k } => self.board_around_score(board, score, k, now_ms),
            Pick::Friends(circle) => self.friends_rows(board, &circle, now_ms),
        }
    }

    /// Rows of a segment, with their ranks in it. `viewer`: who looks, `None` for an admin.
    #[must_use]
    pub fn segment_rows(
        &self,
        board: &Board,
        (segment, viewer): (&Segment, Option<&UserId>),
        pick: Pick,
        now_ms: i64,
    ) -> BoardView {
        let empty = BoardView {
            segment: Some(segment.clone()),
            total: None,
            ..self.board_of(board, Vec::new(), false, now_ms)
        };
        let order = match self.seen(board, segment, viewer) {
            Seen::Rows(order) => order,
            Seen::Own(own) => {
                return BoardView {
                    suppressed: true,
                    percentile_bp: own.as_ref().and_then(|id| board.order().percentile(id)),
                    items: own.and_then(|id| board.row(&id)).into_iter().collect(),
                    ..empty
                };
            }
        };
        let (mut rows, mut more) = (Vec::new(), false);
        if let Some(order) = order {
            (rows, more) = self.picked(order, pick);
        }
        BoardView {
            participants: length(order),
            items: rows
                .into_iter()
                .map(|row| board.segment_view(row))
                .collect(),
            more,
            ..empty
        }
    }

    fn picked(&self, order: &Leaderboard<RowId>, pick: Pick) -> (Vec<Row<RowId>>, bool) {
        match pick {
            Pick::Page { after, limit } => {
                let after = after.map(|key| self.key_now(key));
                let mut rows = order.page(after.as_ref(), limit.saturating_add(1));
                let more = rows.len() > limit;
                rows.truncate(limit);
                (rows, more)
            }
            Pick::Around { user, k } => {
                let id = self.row_id(&user);
                let rows = id.map(|id| order.around(&id, k));
                (rows.unwrap_or_default(), false)
            }
            Pick::AroundScore { score, k } => {
                let around = order.around_score(score, k);
                (
                    around.before.into_iter().chain(around.after).collect(),
                    false,
                )
            }
            Pick::Friends(_) => (Vec::new(), false),
        }
    }

    /// What a section of a segment shows now; `viewer` as for [`Challenge::segment_rows`].
    pub(in crate::challenge) fn live_segment(
        &self,
        board: &Board,
        (segment, viewer): (&Segment, Option<&UserId>),
        of: &Section,
        now_ms: i64,
    ) -> LiveView {
        let empty = self.live_without_rows(board, now_ms);
        let order = match self.seen(board, segment, viewer) {
            Seen::Rows(order) => order,
            Seen::Own(own) => {
                let row = own.as_ref().and_then(|id| board.row(id));
                return LiveView {
                    suppressed: true,
                    percentile_bp: own.and_then(|id| board.order().percentile(&id)),
                    rows: row.into_iter().map(Arc::new).collect(),
                    ..empty
                };
            }
        };
        let mut live = LiveView {
            participants: length(order),
            ..empty
        };
        if let Some(order) = order {
            let rows = self.section_rows(order, of);
            let shown = rows
                .into_iter()
                .map(|row| Arc::new(board.segment_view(row)));
            live.rows = shown.collect();
            if let Section::Percentile { user } = of {
                let own = self.row_id(user);
                live.percentile_bp = own.and_then(|id| order.percentile(&id));
            }
        }
        live
    }

    fn section_rows(&self, order: &Leaderboard<RowId>, of: &Section) -> Vec<Row<RowId>> {
        let around = |user: &UserId, k| {
            let id = self.row_id(user);
            id.map(|id| order.around(&id, k)).unwrap_or_default()
        };
        match of {
            Section::Top(count) => order.page(None, *count as usize),
            Section::Around { user, k } => around(user, *k),
            Section::Percentile { user } => around(user, 0),
            Section::AroundScore { score, k } => {
                let around = order.around_score(*score, *k);
                around.before.into_iter().chain(around.after).collect()
            }
            Section::Within { of, .. } => self.section_rows(order, of),
            // Teams and friends are of the whole board.
            Section::Teams | Section::Friends(_) => Vec::new(),
        }
    }
}

fn length(order: Option<&Leaderboard<RowId>>) -> u32 {
    let rows = order.map_or(0, Leaderboard::len);
    u32::try_from(rows).unwrap_or(u32::MAX)
}
