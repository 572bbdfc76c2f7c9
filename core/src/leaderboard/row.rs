//! What a leaderboard is made of and what it shows: the order of rows, a row's key, where it stands in
//! the three styles of rank. No structure is here; the board and whoever shows its rows use these.

use alloc::vec::Vec;
use core::cmp::Ordering;
use minicbor::{Decode, Encode};

/// Which scores are better (domain.md 6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Order {
    /// Larger ones, such as steps.
    #[default]
    #[n(0)]
    Descending,
    /// Smaller ones, such as the time of a race.
    #[n(1)]
    Ascending,
}

impl Order {
    /// How two rows stand on a board of this order: the better score first, then who reached it first,
    /// then by id.
    ///
    /// ```
    /// use core::cmp::Ordering;
    /// use streakline_core::leaderboard::{Order, RowKey};
    /// let [fast, slow] = [61_000, 62_000].map(|score| RowKey { score, achieved_at_ms: 0, id: 1 });
    /// assert_eq!(Order::Ascending.compare(&fast, &slow), Ordering::Less);
    /// assert_eq!(Order::Descending.compare(&fast, &slow), Ordering::Greater);
    /// ```
    #[must_use]
    pub fn compare<K: Ord>(self, one: &RowKey<K>, other: &RowKey<K>) -> Ordering {
        let by_score = self.turned(one.score).cmp(&self.turned(other.score));
        by_score
            .then_with(|| one.achieved_at_ms.cmp(&other.achieved_at_ms))
            .then_with(|| one.id.cmp(&other.id))
    }

    /// A score as a number that is smaller the better it is; and back.
    pub(super) fn turned(self, score: i64) -> i64 {
        match self {
            Self::Descending => !score,
            Self::Ascending => score,
        }
    }
}

/// What rows are ordered by: score; then who reached it first; then by id, such as the user's name. Keys
/// themselves compare as on a board of [`Order::Descending`]; [`Order::compare`] knows both orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey<K> {
    /// Store units.
    pub score: i64,
    /// Minute of event time in which the score was reached, POSIX ms.
    pub achieved_at_ms: i64,
    /// Whose.
    pub id: K,
}

impl<K: Ord> Ord for RowKey<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        Order::Descending.compare(self, other)
    }
}

impl<K: Ord> PartialOrd for RowKey<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How ranks are shown (domain.md 6.1). The styles differ in rows of equal scores only.
///
/// ```
/// use streakline_core::leaderboard::{Leaderboard, RankStyle};
/// let mut board = Leaderboard::new();
/// [(1, 12), (2, 12), (3, 12), (4, 11)].map(|(id, score)| board.set(&id, score, 0));
/// let last = board.place(&4).unwrap();
/// let styles = [RankStyle::Competition, RankStyle::Dense, RankStyle::Ordinal];
/// assert_eq!(styles.map(|style| style.of(last)), [4, 2, 4]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RankStyle {
    /// "1224": as many rows are better as the rank says, but one.
    #[default]
    #[n(0)]
    Competition,
    /// "1223": as many different scores are better as the rank says, but one.
    #[n(1)]
    Dense,
    /// "1234": the number of the row.
    #[n(2)]
    Ordinal,
}

impl RankStyle {
    /// The rank that is shown of a place.
    #[must_use]
    pub fn of(self, place: Place) -> u32 {
        match self {
            Self::Competition => place.rank,
            Self::Dense => place.dense,
            Self::Ordinal => place.ordinal,
        }
    }
}

/// Basis points of a whole.
const WHOLE_BP: u64 = 10_000;

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// 1 + rows with a better score ("1224").
    pub rank: u32,
    /// 1 + different better scores ("1223").
    pub dense: u32,
    /// Number of the row, from 1 ("1234").
    pub ordinal: u32,
}

impl Place {
    /// The share of a board's rows that have this score or a worse one, in basis points (1/100 of a
    /// percent), rounded down: `10,000 * (rows + 1 - rank) / rows`. Rows of equal scores have the same, the
    /// best have 10,000, and 0 is of a place that is on no row, or of less than a ten thousandth.
    ///
    /// ```
    /// use streakline_core::leaderboard::Place;
    /// let second = Place { rank: 2, dense: 2, ordinal: 3 };
    /// assert_eq!(second.percentile(3), 6_666);
    /// ```
    #[must_use]
    pub fn percentile(self, rows: u32) -> u32 {
        let below = u64::from(rows)
            .saturating_add(1)
            .saturating_sub(u64::from(self.rank));
        let share = below.saturating_mul(WHOLE_BP).checked_div(u64::from(rows));
        u32::try_from(share.unwrap_or(0)).unwrap_or(u32::MAX)
    }

    /// The number of the last row whose percentile may be so many basis points or more, from 1; the rows
    /// behind it that share its score have the same, all others less.
    pub(super) fn at_percentile(basis_points: u32, rows: u32) -> u32 {
        let share = u64::from(basis_points).min(WHOLE_BP);
        let below = share.saturating_mul(u64::from(rows)).div_ceil(WHOLE_BP);
        let ordinal = u64::from(rows).saturating_add(1).saturating_sub(below);
        u32::try_from(ordinal).unwrap_or(rows).clamp(1, rows.max(1))
    }
}

/// A row as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<K> {
    /// 1 + rows with a better score ("1224").
    pub rank: u32,
    /// 1 + different better scores ("1223").
    pub dense: u32,
    /// Number of the row, from 1 ("1234").
    pub ordinal: u32,
    /// Store units.
    pub score: i64,
    /// Minute of event time in which the score was reached, POSIX ms.
    pub achieved_at_ms: i64,
    /// Whose.
    pub id: K,
}

impl<K> Row<K> {
    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            rank: self.rank,
            dense: self.dense,
            ordinal: self.ordinal,
        }
    }
}

impl<K: Clone> Row<K> {
    /// Its key, with which the next page begins.
    #[must_use]
    pub fn key(&self) -> RowKey<K> {
        let (score, achieved_at_ms) = (self.score, self.achieved_at_ms);
        RowKey {
            score,
            achieved_at_ms,
            id: self.id.clone(),
        }
    }
}

/// What stands around a score, which need not be on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AroundScore<K> {
    /// Where a further row of that score would stand: behind all that have it or a better one.
    pub place: Place,
    /// The rows before that place, in board order.
    pub before: Vec<Row<K>>,
    /// The rows behind it, in board order; their places are those of the board without the further row.
    pub after: Vec<Row<K>>,
}
