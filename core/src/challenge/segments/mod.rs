//! Segments of a board (domain.md 6.2): its rows once more, apart by what an attribute of their members says, each segment in an order of
//! its own, so that a rank within one costs what a rank of the whole costs.
//!
//! What a member's attributes say comes with its score. A segment is there as long as it has a row, so all of them together have at most
//! [`SEGMENTS_MAX`](crate::limits::SEGMENTS_MAX) rows for each row of the board, however many values there are (ADR 0068).

mod view;

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::fmt;
use minicbor::{Decode, Encode};

use super::{Board, Challenge, RowId};
use crate::{attribute::Name, leaderboard::Leaderboard, limits};

pub use view::Pick;

/// A segment as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// Of which attribute.
    pub name: Name,
    /// What it says there: a text, or a number in decimal.
    pub value: String,
}

/// A text names no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of an attribute, a colon and a value, such as region:EU")]
pub struct BadSegment;

impl Segment {
    /// Reads `name:value`.
    ///
    /// # Errors
    /// [`BadSegment`] where that is not what it is.
    ///
    /// ```
    /// use streakline_core::challenge::segments::Segment;
    /// let segment = Segment::parse("region:EU").unwrap();
    /// assert_eq!((segment.name.as_str(), segment.value.as_str()), ("region", "EU"));
    /// assert_eq!(segment.to_string(), "region:EU");
    /// assert!(Segment::parse("region").is_err() && Segment::parse("region:").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, BadSegment> {
        let (name, value) = text.split_once(':').ok_or(BadSegment)?;
        let chars = value.chars().count();
        let fits = (1..=limits::ATTRIBUTE_TEXT_CHARS_MAX).contains(&chars);
        if !fits || value.chars().any(char::is_control) {
            return Err(BadSegment);
        }
        Ok(Self {
            name: Name::parse(name).map_err(|_| BadSegment)?,
            value: value.to_string(),
        })
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.value)
    }
}

/// The segments of a member whose board is over.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FrozenSegments {
    /// Of each attribute the number of the value in the challenge's list, from 1; 0: it had none.
    #[n(0)]
    values: Vec<u32>,
    /// The row was shown without its alias.
    #[n(1)]
    is_hidden: bool,
}

/// What the segments of a board go by: of which attribute, and which value.
type Key = (usize, Arc<str>);

/// To which segments a row belongs.
#[derive(Clone, Debug, Default)]
pub(super) struct Belonging {
    /// The value of each attribute; an empty one is none.
    values: Vec<Arc<str>>,
    /// Others see it without its alias.
    is_hidden: bool,
}

impl Belonging {
    fn is(&self, values: &[String], is_hidden: bool) -> bool {
        let own = self.values.iter().map(|value| &**value);
        self.is_hidden == is_hidden && own.eq(values.iter().map(String::as_str))
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let places = self.values.iter().cloned().enumerate();
        places.filter(|(_, value)| !value.is_empty())
    }
}

/// One segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    order: Leaderboard<RowId>,
    /// Rows that others see with their alias.
    visible: u32,
}

impl Part {
    /// Whether others may look at it (domain.md 6.4).
    fn is_shown(&self) -> bool {
        self.visible >= limits::SEGMENT_VISIBLE_MIN
    }
}

/// The segments of a board.
#[derive(Clone, Debug, Default)]
pub(super) struct Segments(BTreeMap<Key, Part>);

impl Segments {
    /// A row's newest score and time, in the segments that it belongs to now: what its attributes say, and whether it is hidden.
    pub(super) fn take(
        &mut self,
        id: &RowId,
        held: &mut Belonging,
        (values, is_hidden): (&[String], bool),
        row: (i64, i64),
    ) {
        if !held.is(values, is_hidden) {
            self.leave(id, held);
            *held = self.enter(values, is_hidden);
        }
        self.set(id, held, row);
    }

    /// A row's newest score and time, in the segments that it belongs to already.
    pub(super) fn set(
        &mut self,
        id: &RowId,
        held: &Belonging,
        (score, achieved_at_ms): (i64, i64),
    ) {
        for key in held.keys() {
            if let Some(part) = self.0.get_mut(&key) {
                part.order.set(id, score, achieved_at_ms);
            }
        }
    }

    fn enter(&mut self, values: &[String], is_hidden: bool) -> Belonging {
        let values = values.iter().map(|value| Arc::from(value.as_str()));
        let mut belongs = Belonging {
            values: values.collect(),
            is_hidden,
        };
        for (place, value) in belongs.values.iter_mut().enumerate() {
            if value.is_empty() {
                continue;
            }
            let key = (place, value.clone());
            // Rows of one segment share its text.
            if let Some((known, _)) = self.0.get_key_value(&key) {
                *value = known.1.clone();
            }
            let part = self.0.entry(key).or_default();
            part.visible = part.visible.saturating_add(u32::from(!is_hidden));
        }
        belongs
    }

    /// A row is in none any more.
    pub(super) fn leave(&mut self, id: &RowId, held: &mut Belonging) {
        let held = core::mem::take(held);
        for key in held.keys() {
            let Some(part) = self.0.get_mut(&key) else {
                continue;
            };
            part.order.remove(id);
            part.visible = part.visible.saturating_sub(u32::from(!held.is_hidden));
            if part.order.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    fn part(&self, place: usize, value: &str) -> Option<&Part> {
        self.0.get(&(place, Arc::from(value)))
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The values of a board that is being frozen, each with its number from 1.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<Arc<str>, u32>);

impl Values {
    /// What is kept of a row's segments; nothing of one that has none.
    pub(super) fn freeze(&mut self, held: &Belonging) -> Option<Box<FrozenSegments>> {
        held.keys().next()?;
        let values = held.values.iter().map(|value| self.number(value));
        Some(Box::new(FrozenSegments {
            values: values.collect(),
            is_hidden: held.is_hidden,
        }))
    }

    fn number(&mut self, value: &Arc<str>) -> u32 {
        if value.is_empty() {
            return 0;
        }
        let next = u32::try_from(self.0.len()).map_or(u32::MAX, |held| held.saturating_add(1));
        *self.0.entry(value.clone()).or_insert(next)
    }

    /// Every value, by its number.
    pub(super) fn list(self) -> Vec<String> {
        let mut values: Vec<_> = self.0.into_iter().collect();
        values.sort_unstable_by_key(|(_, number)| *number);
        values
            .into_iter()
            .map(|(value, _)| value.to_string())
            .collect()
    }
}

impl FrozenSegments {
    /// What the attributes said, and whether the row was hidden.
    fn told(&self, list: &[String]) -> (Vec<String>, bool) {
        let value = |number: &u32| {
            let place = usize::try_from(number.checked_sub(1)?).ok()?;
            list.get(place).cloned()
        };
        let values = self.values.iter();
        let values = values.map(|number| value(number).unwrap_or_default());
        (values.collect(), self.is_hidden)
    }
}

impl Challenge {
    /// Puts the rows of a board that is over into the segments that they were in at the end.
    pub(super) fn fill_segments(&self, board: &mut Board) {
        if self.segment_values.is_empty() {
            return;
        }
        for (_, member) in self.members.iter() {
            let (Some(frozen), Some(row)) = (&member.segments, member.row) else {
                continue;
            };
            let (values, is_hidden) = frozen.told(&self.segment_values);
            let at = (row.score, row.achieved_at_ms);
            if let Some(id) = member.row_id() {
                board.enter_segments(&id, (&values, is_hidden), at);
            }
        }
    }
}

#[cfg(test)]
mod tests;
