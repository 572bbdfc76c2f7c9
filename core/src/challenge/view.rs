//! What can be asked of a challenge: every answer is a function of the state, the board and the clock, and changes nothing.

use alloc::vec::Vec;

use super::{Board, Challenge, Member, RowId, Stage};
use crate::{
    definition::{Definition, Scale},
    id::UserId,
    leaderboard::{Row, RowKey},
    limits,
    metric::Metric,
    view::{
        BoardView, ChallengePhase, ChallengeView, EnrolmentView, Membership, RankState, RowView,
    },
};

impl Challenge {
    /// The challenge; `None`: there is none.
    #[must_use]
    pub fn view(&self, now_ms: i64) -> Option<ChallengeView> {
        let phase = self.phase(now_ms)?;
        let definition = self.definition.clone()?;
        let started_ms = Some(definition.started_ms())
            .filter(|started| *started <= now_ms && phase != ChallengePhase::Draft);
        Some(ChallengeView {
            challenge: self.id,
            phase,
            created_ms: self.created_ms,
            started_ms,
            ends_at_ms: definition.ends_at_ms(),
            settles_at_ms: definition.settles_at_ms(),
            version: self.version,
            reached_ms: self.reached_ms.clone(),
            definition,
        })
    }

    /// An enrolment, of one who has left too.
    #[must_use]
    pub fn enrolment(&self, user: &UserId) -> Option<EnrolmentView> {
        self.members
            .get(user)
            .map(|member| self.enrolment_view(user, member))
    }

    fn enrolment_view(&self, user: &UserId, member: &Member) -> EnrolmentView {
        let counts_from = |of: &Definition| of.counts_from(member.starts_ms, member.joined_ms);
        let counts_from_ms = self
            .definition
            .as_ref()
            .map_or(member.starts_ms, counts_from);
        EnrolmentView {
            challenge: self.id,
            user: user.clone(),
            membership: self.membership(member),
            joined_ms: member.joined_ms,
            counts_from_ms,
            team: member
                .team
                .and_then(|team| self.team(team))
                .map(|team| team.key.clone()),
        }
    }

    fn membership(&self, member: &Member) -> Membership {
        match member.ticket {
            _ if member.joined => Membership::Joined,
            Some(_) if self.is_closed() => Membership::NotAdmitted,
            Some(ticket) => Membership::Waiting {
                place: self.members.place_of(ticket),
            },
            None => Membership::Left,
        }
    }

    /// Up to `limit` enrolments of those who wait, longest wait first, behind a ticket (0: from the first), each with its
    /// ticket; and whether more follow.
    #[must_use]
    pub fn waiting(&self, after: u64, limit: usize) -> (Vec<(u64, EnrolmentView)>, bool) {
        let mut rest = self.members.waiting(after).filter(|_| !self.is_closed());
        let page = rest.by_ref().take(limit);
        let view = |(ticket, _, member): (u64, _, &Member)| {
            Some((ticket, self.enrolment_view(member.user()?, member)))
        };
        let page: Vec<_> = page.filter_map(view).collect();
        (page, rest.next().is_some())
    }

    /// Up to `limit` enrolments of those who are in, by user, after `after`; and whether more follow.
    #[must_use]
    pub fn enrolments(&self, after: Option<&UserId>, limit: usize) -> (Vec<EnrolmentView>, bool) {
        let rest = self
            .members
            .by_user()
            .filter(|(user, member)| member.joined && after.is_none_or(|after| *user > after));
        let mut rest = rest.map(|(user, member)| self.enrolment_view(user, member));
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        (page, rest.next().is_some())
    }

    /// How final the ranks are at an instant: a settlement may be disputed while its large prizes are held.
    #[must_use]
    pub fn rank_state(&self, board: &Board, now_ms: i64) -> RankState {
        match self.stage {
            Stage::Cancelled(_) | Stage::Voided { .. } => RankState::Void,
            Stage::Settled { cutoff_ms, .. } => {
                let until_ms = cutoff_ms.saturating_add(limits::HELD_MS);
                if board.pays_much() && now_ms < until_ms {
                    RankState::UnderReview
                } else {
                    RankState::Settled
                }
            }
            _ => RankState::Provisional,
        }
    }

    /// What it counts; a duel counts several.
    fn metric(&self) -> Option<Metric> {
        let definition = self.definition.as_ref()?;
        definition.kind.measure_of_days(definition.metric).metric()
    }

    pub(super) fn board_of(
        &self,
        board: &Board,
        rows: Vec<Row<RowId>>,
        more: bool,
        now_ms: i64,
    ) -> BoardView {
        BoardView {
            challenge: self.id,
            as_of_ms: now_ms,
            phase: self.phase(now_ms).unwrap_or(ChallengePhase::Draft),
            ranks: self.rank_state(board, now_ms),
            participants: board.len(),
            metric: self.metric(),
            items: rows.into_iter().map(|row| board.view(row)).collect(),
            more,
            total: (self.scale() == Scale::Sum).then(|| board.total()),
            partial: false,
            segment: None,
            suppressed: false,
            percentile_bp: None,
            next_reset_ms: self.next_reset_ms(),
            error_bound: None,
        }
    }

    /// The teams, best first, those that are not ranked behind all others; `None`: there are none.
    #[must_use]
    pub fn team_board(&self, board: &Board, now_ms: i64) -> Option<BoardView> {
        let items = board.team_rows()?;
        Some(BoardView {
            items,
            ..self.board_of(board, Vec::new(), false, now_ms)
        })
    }

    /// Up to `limit` rows after a key, in board order.
    #[must_use]
    pub fn board_page(
        &self,
        board: &Board,
        after: Option<RowKey<RowId>>,
        limit: usize,
        now_ms: i64,
    ) -> BoardView {
        let after = after.map(|key| self.key_now(key));
        let mut rows = board.order().page(after.as_ref(), limit.saturating_add(1));
        let more = rows.len() > limit;
        rows.truncate(limit);
        self.board_of(board, rows, more, now_ms)
    }

    /// A key that a page ended with while the challenge ran, as it is once the board is frozen: that of its row, or behind
    /// all rows of that score and time where the user was erased.
    pub(super) fn key_now(&self, key: RowKey<RowId>) -> RowKey<RowId> {
        let id = match &key.id {
            RowId::Live(user) if self.frozen => {
                let last = RowId::Frozen(u32::MAX);
                self.row_id(user).unwrap_or(last)
            }
            _ => return key,
        };
        RowKey { id, ..key }
    }

    /// What a member's row goes by on the board.
    pub(super) fn row_id(&self, user: &UserId) -> Option<RowId> {
        self.members.get(user)?.row_id()
    }

    /// One member's row.
    #[must_use]
    pub fn board_row(&self, board: &Board, user: &UserId) -> Option<RowView> {
        board.row(&self.row_id(user)?)
    }

    /// How many of 10,000 rows stand at most as well as a member's: equal scores stand alike.
    #[must_use]
    pub fn percentile_bp(&self, board: &Board, user: &UserId) -> Option<u32> {
        board.order().percentile(&self.row_id(user)?)
    }

    /// Up to `k` rows on each side of where a further row of that score would stand.
    #[must_use]
    pub fn board_around_score(&self, board: &Board, score: i64, k: u32, now_ms: i64) -> BoardView {
        self.board_of(board, board.around_score(score, k), false, now_ms)
    }

    /// Up to `k` rows on each side of a member, the member in the middle.
    #[must_use]
    pub fn board_around(&self, board: &Board, user: &UserId, k: u32, now_ms: i64) -> BoardView {
        let rows = self.row_id(user).map(|id| board.order().around(&id, k));
        self.board_of(board, rows.unwrap_or_default(), false, now_ms)
    }
}
