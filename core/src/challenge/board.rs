//! The board of a challenge: its members' newest scores in order, and what they look like to others (domain.md 6.1).
//!
//! While the challenge runs, scores arrive as contributions, at least once and in any order; the last version wins. Nothing of
//! that is journaled: after a restart the board is filled from standing rows and from what the users' partitions send again.
//! Once it is over, the board is made of the frozen rows of the state.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use super::{
    Answer, Challenge, Member, Stage,
    parts::{PartRow, Parted},
    prizes::{Prize, Prizes, total_micro},
    segments::{Belonging, Segments},
    teams::Tallies,
};
use crate::{
    alias::HIDDEN,
    civil::MINUTE_MS,
    definition::{Definition, Measure, Scale, kind::teams::TeamNumber},
    event::Contribution,
    id::{ChallengeId, MemberNumber, Position, UserId},
    input::Conclusion,
    leaderboard::{Leaderboard, Order, RankStyle, Row, RowKey},
    limits,
    view::RowView,
};

/// What tells rows of equal score and time apart (domain.md 6.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// While the challenge runs: the user.
    Live(UserId),
    /// Once it is over: the number that the row had then, from 1.
    Frozen(u32),
}

#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) number: MemberNumber,
    pub(super) alias: String,
    pub(super) belongs: Belonging,
    pub(super) user: Option<UserId>,
    pub(super) group: u8,
    pub(super) team: Option<TeamNumber>,
    join: u32,
    pub(super) version: Position,
}

/// The board.
#[derive(Clone, Debug)]
pub struct Board {
    pub(super) challenge: ChallengeId,
    pub(super) order: Leaderboard<RowId>,
    pub(super) seats: BTreeMap<RowId, Seat>,
    segments: Segments,
    pub(super) offset: u64,
    pub(super) style: RankStyle,
    pub(super) scale: Scale,
    pub(super) measure: Measure,
    /// The teams, where there are teams.
    pub(super) teams: Option<Tallies>,
    /// What the days of each member came to, where the challenge has rounds, from the first day on, store units.
    days: BTreeMap<MemberNumber, Vec<i64>>,
    /// The sum of all scores, where the type asks for it.
    total: i128,
    /// What each winner gets, once it is settled.
    prizes: Prizes<RowId>,
    /// Whether any of that is held for a while.
    pays_much: bool,
    /// Whether standing rows and partitions have yet to fill it after a restart.
    pub(super) partial: bool,
    /// What is known of its parts while it is kept in parts; then it has no rows itself.
    pub(super) parted: Option<Box<Parted>>,
}

/// What is known of a member's score: the score itself, and what came with it.
pub(super) type Scores = BTreeMap<UserId, PartRow>;

impl Board {
    /// The board of a state that was made or read back: every member has a row from the moment of joining, score 0, or the
    /// frozen one.
    #[must_use]
    pub fn new(challenge: &Challenge) -> Self {
        if challenge.is_parted() {
            return Self {
                parted: Some(Box::default()),
                ..Self::empty(challenge)
            };
        }
        Self::of(challenge, Scores::new())
    }

    fn empty(challenge: &Challenge) -> Self {
        Self {
            challenge: challenge.id,
            order: Leaderboard::new(),
            seats: BTreeMap::new(),
            segments: Segments::default(),
            offset: 0,
            style: challenge.rank_style(),
            scale: challenge.scale(),
            measure: challenge.measure(),
            teams: Tallies::of(challenge),
            days: BTreeMap::new(),
            total: 0,
            prizes: Prizes::new(),
            pays_much: false,
            partial: !challenge.frozen,
            parted: None,
        }
    }

    /// A whole one, with the scores of members that are known.
    pub(super) fn of(challenge: &Challenge, mut scores: Scores) -> Self {
        let mut board = Self::empty(challenge);
        let members = challenge.members.iter();
        let row = |(number, member): (MemberNumber, &Member)| {
            let row = board.seat_without_row(number, member)?;
            let survived = challenge.survived(member).filter(|_| member.row.is_none());
            let told = member.user().and_then(|user| scores.remove(user));
            let told = told.filter(|told| told.join == member.join);
            let told = told.and_then(|told| board.seat_as_told(&row.id, told));
            let begins = (row.score, row.achieved_at_ms);
            let (score, achieved_at_ms) = survived.or(told).unwrap_or(begins);
            Some(RowKey {
                score,
                achieved_at_ms,
                ..row
            })
        };
        let rows = members.filter_map(row);
        let mut rows: Vec<_> = rows.collect();
        // Sorting once and laying rows side by side is cheaper than to look for the place of each.
        let order = Order::Descending;
        board.total = rows.iter().fold(0, |sum: i128, row| {
            sum.saturating_add(i128::from(row.score))
        });
        rows.sort_unstable_by(|one, other| order.compare(one, other));
        board.prizes = challenge.prizes(&board, &rows);
        let mut prizes = board.prizes.values().flatten();
        board.pays_much = prizes.any(|prize| prize.amount_micro >= limits::HELD_PRIZE_MICRO);
        board.order = Leaderboard::from_sorted(order, rows);
        if let Some(teams) = board.teams.as_mut().filter(|_| challenge.frozen) {
            teams.end(board.style);
        }
        challenge.fill_segments(&mut board);
        board
    }

    /// Makes it anew of the state.
    pub(super) fn rebuild(&mut self, challenge: &Challenge) {
        let offset = self.offset().saturating_add(1);
        *self = Self {
            offset,
            ..Self::new(challenge)
        };
    }

    /// Gives a member who is in its row: score 0, achieved at the later of the window's start and the minute of joining; or
    /// the frozen one.
    pub(super) fn seat(&mut self, number: MemberNumber, member: &Member) {
        if self.parted.is_some() {
            return; // Its part seats it once its partition says so.
        }
        if let Some(row) = self.seat_without_row(number, member) {
            self.order.set(&row.id, row.score, row.achieved_at_ms);
        }
    }

    /// Seats a member, and says with which row it begins.
    fn seat_without_row(&mut self, number: MemberNumber, member: &Member) -> Option<RowKey<RowId>> {
        let id = member.row_id()?;
        let joined = member
            .joined_ms
            .div_euclid(MINUTE_MS)
            .saturating_mul(MINUTE_MS);
        let begins = (0, member.starts_ms.max(joined));
        let frozen = member.row.map(|row| (row.score, row.achieved_at_ms));
        let (score, achieved_at_ms) = frozen.unwrap_or(begins);
        let seat = Seat {
            number,
            alias: member.alias().into(),
            belongs: Belonging::default(),
            user: member.user().cloned(),
            group: member.group,
            team: member.team,
            join: member.join,
            version: Position::default(),
        };
        self.seats.insert(id.clone(), seat);
        if let (Some(teams), Some(team)) = (&mut self.teams, member.team) {
            teams.put(team, (number, score, achieved_at_ms));
        }
        self.offset = self.offset.saturating_add(1);
        Some(RowKey {
            score,
            achieved_at_ms,
            id,
        })
    }

    /// Takes a row away.
    pub(super) fn remove(&mut self, id: &RowId) {
        self.count(id, 0);
        self.tally(id, None);
        self.order.remove(id);
        if let Some(mut seat) = self.seats.remove(id) {
            self.days.remove(&seat.number);
            self.segments.leave(id, &mut seat.belongs);
        }
        self.offset = self.offset.saturating_add(1);
    }

    /// Every row is what rounds have made of it.
    pub(super) fn stand(&mut self, challenge: &Challenge) {
        for (_, member) in challenge.members.iter() {
            if let Some((id, (score, at_ms))) = member.row_id().zip(challenge.survived(member)) {
                self.order.set(&id, score, at_ms);
                if let Some(seat) = self.seats.get(&id) {
                    self.segments.set(&id, &seat.belongs, (score, at_ms));
                }
            }
        }
        self.offset = self.offset.saturating_add(1);
    }

    /// What a member's day of a round, from 0, came to, store units.
    pub(super) fn day_of(&self, number: MemberNumber, round: u32) -> i64 {
        let days = self.days.get(&number);
        let day = days.and_then(|days| days.get(usize::try_from(round).unwrap_or(usize::MAX)));
        day.copied().unwrap_or(0)
    }

    /// Counts ranks, tells scores and knows teams as the challenge says now.
    pub(super) fn tell_as(&mut self, challenge: &Challenge) {
        (self.style, self.scale) = (challenge.rank_style(), challenge.scale());
        self.measure = challenge.measure();
        let teams = challenge.definition.as_ref().and_then(Definition::teams);
        if self.teams.as_ref().map(Tallies::teams) != teams {
            // Nobody has joined: teams are as they are once joining is open.
            self.teams = Tallies::of(challenge);
        }
        let may_turn = matches!(challenge.stage, Stage::Draft | Stage::Published);
        let turns = challenge.is_parted() != self.parted.is_some();
        if turns && may_turn && challenge.members.is_empty() {
            let partial = self.partial;
            self.rebuild(challenge);
            self.partial = partial;
        }
    }

    /// The sum of all scores, store units, of a type that asks for it.
    #[must_use]
    pub fn total(&self) -> i128 {
        self.total
    }

    /// A row's score is going to be another; no row has none. Of types that ask for no sum nothing is looked up.
    fn count(&mut self, id: &RowId, score: i64) {
        if self.scale == Scale::Sum {
            let before = self.order.get(id).map_or(0, |(score, _)| score);
            let more = i128::from(score).saturating_sub(i128::from(before));
            self.total = self.total.saturating_add(more);
        }
    }

    /// A row's score is going to be another, or none; its team follows.
    fn tally(&mut self, id: &RowId, now: Option<(i64, i64)>) {
        let Some(teams) = &mut self.teams else { return };
        let seat = self.seats.get(id);
        let Some((team, number)) = seat.and_then(|seat| Some((seat.team?, seat.number))) else {
            return;
        };
        if let Some((score, achieved_at_ms)) = self.order.get(id) {
            teams.take(team, (number, score, achieved_at_ms));
        }
        if let Some((score, achieved_at_ms)) = now {
            teams.put(team, (number, score, achieved_at_ms));
        }
    }

    /// Takes all of a contribution in but for its row, where that moves, which is answered.
    pub(super) fn accept(
        &mut self,
        contribution: &Contribution,
        open: bool,
    ) -> Result<RowKey<RowId>, Answer> {
        if self.parted.is_some() {
            return Err(Answer::Elsewhere);
        }
        let id = RowId::Live(contribution.user.clone());
        let Some(seat) = self
            .seats
            .get_mut(&id)
            .filter(|seat| seat.join == contribution.join)
        else {
            return Err(Answer::Closed);
        };
        if !open {
            return Err(Answer::Closed);
        }
        if contribution.version <= seat.version {
            return Err(Answer::Known);
        }
        seat.version = contribution.version;
        seat.alias.clone_from(&contribution.alias);
        let belongs = (
            contribution.segments.as_slice(),
            contribution.alias == HIDDEN,
        );
        if self.scale == Scale::Rounds {
            // Where it stands is what rounds have made of it.
            self.days.insert(seat.number, contribution.days.clone());
            if let Some(row) = self.order.get(&id) {
                self.segments.take(&id, &mut seat.belongs, belongs, row);
            }
            self.offset = self.offset.saturating_add(1);
            return Err(Answer::Shown);
        }
        let (score, achieved_at_ms) = (contribution.score, contribution.achieved_at_ms);
        let row = (score, achieved_at_ms);
        self.segments.take(&id, &mut seat.belongs, belongs, row);
        self.count(&id, score);
        self.tally(&id, Some(row));
        self.offset = self.offset.saturating_add(1);
        Ok(RowKey {
            score,
            achieved_at_ms,
            id,
        })
    }

    /// Whether it still waits for scores after a restart.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    pub(super) fn set_partial(&mut self, partial: bool) {
        self.partial = partial;
    }

    /// Rises with every change.
    #[must_use]
    pub fn offset(&self) -> u64 {
        let told = self.parted().map_or(0, Parted::offset);
        self.offset.saturating_add(told)
    }

    /// Rows in all.
    #[must_use]
    pub fn len(&self) -> u32 {
        if let Some(parted) = self.parted() {
            return parted.rows();
        }
        u32::try_from(self.order.len()).unwrap_or(u32::MAX)
    }

    /// Whether nobody is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.parted().is_none_or(|parted| parted.rows() == 0)
    }

    /// The order itself.
    #[must_use]
    pub fn order(&self) -> &Leaderboard<RowId> {
        &self.order
    }

    /// Up to `k` rows on each side of where a further row of that score would stand.
    pub(super) fn around_score(&self, score: i64, k: u32) -> Vec<Row<RowId>> {
        let around = self.order.around_score(score, k);
        around.before.into_iter().chain(around.after).collect()
    }

    /// Puts a row into segments, with its score and time.
    pub(super) fn enter_segments(&mut self, id: &RowId, told: (&[String], bool), row: (i64, i64)) {
        if let Some(seat) = self.seats.get_mut(id) {
            self.segments.take(id, &mut seat.belongs, told, row);
        }
    }

    pub(super) fn segments(&self) -> &Segments {
        &self.segments
    }

    pub(super) fn seat_of(&self, id: &RowId) -> Option<&Seat> {
        self.seats.get(id)
    }

    /// The rows of the teams, best first; `None`: there are none.
    pub(super) fn team_rows(&self) -> Option<Vec<RowView>> {
        let teams = self.teams.as_ref()?;
        Some(teams.rows(self.style))
    }

    /// What each member of a winning team gets.
    pub(super) fn prizes_of_teams(
        &self,
        definition: &Definition,
        rows: &[RowKey<RowId>],
    ) -> Prizes<RowId> {
        let Some(teams) = &self.teams else {
            return Prizes::new();
        };
        let won = teams.prizes(definition);
        let team = |row: &RowKey<RowId>| self.seats.get(&row.id)?.team;
        let of = |row: &RowKey<RowId>| Some((row.id.clone(), won.get(&team(row)?)?.clone()));
        rows.iter().filter_map(of).collect()
    }

    /// A member who has left and of whom its team keeps a score.
    pub(super) fn depart(&mut self, number: MemberNumber, member: &Member) {
        let counted = member.departed_score(number);
        if let (Some(teams), Some((team, counted))) = (&mut self.teams, counted) {
            teams.put(team, counted);
            self.offset = self.offset.saturating_add(1);
        }
    }

    /// Nothing is kept any more of a member who has left.
    pub(super) fn forget_departed(&mut self, number: MemberNumber, member: &Member) {
        let counted = member.departed_score(number);
        if let (Some(teams), Some((team, counted))) = (&mut self.teams, counted) {
            teams.take(team, counted);
            self.offset = self.offset.saturating_add(1);
        }
    }

    /// How the challenge ends for the member of a row, as the board stands.
    #[must_use]
    pub fn conclusion(&self, id: &RowId) -> Option<Conclusion> {
        let place = self.order.place(id)?;
        let (key, achieved_at_ms) = self.order.get(id)?;
        let team = self.seats.get(id).and_then(|seat| seat.team);
        let reached = self.scale.reached(key, place.rank);
        Some(Conclusion::Settled {
            rank: self.style.of(place),
            score: reached.score,
            participants: self.len(),
            finished_at_ms: reached.finished.then_some(achieved_at_ms),
            prizes: self.prizes_of(id),
            team: team.and_then(|team| self.teams.as_ref()?.place(team, self.style)),
        })
    }

    /// What the member of a row gets, one a reward; nothing before it is settled.
    pub(super) fn prizes_of(&self, id: &RowId) -> Vec<Prize> {
        self.prizes.get(id).cloned().unwrap_or_default()
    }

    /// Whether any prize is held for a while; not before it is settled.
    #[must_use]
    pub fn pays_much(&self) -> bool {
        self.pays_much
    }

    /// What its winners get in all, 10^-6 token; 0 before it is settled.
    #[must_use]
    pub fn paid_micro(&self) -> i64 {
        total_micro(&self.prizes)
    }

    pub(super) fn tallies(&self) -> Option<&Tallies> {
        self.teams.as_ref()
    }

    /// Nobody can say any more whose row it is.
    pub(super) fn erase(&mut self, id: &RowId) {
        if let Some(seat) = self.seats.get_mut(id) {
            seat.user = None;
            seat.alias = super::ERASED_ALIAS.into();
            self.offset = self.offset.saturating_add(1);
        }
    }
}
