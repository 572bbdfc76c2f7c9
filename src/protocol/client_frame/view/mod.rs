//! Which rows of a board are wanted: one of six kinds of view (protocol.md 4).
//!
//! Whether the client may follow that user is judged where its token is known.

use serde::Deserialize;
use streakline_core::{challenge::segments::Segment, id::UserId, limits};

use super::{
    Refusal, at, bad_frame, required,
    scalar::{self, Raw},
};

/// Rows of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The first so many, 1 to 1,000.
    Top(u32),
    /// A row with `k` rows on each side, 1 to 50.
    Around {
        /// Whose row; the client's own when left out.
        user: Option<UserId>,
        /// Rows on each side.
        k: u32,
    },
    /// `k` rows, 1 to 50, on each side of where a score would stand.
    AroundScore {
        /// The score.
        score: i64,
        /// Rows on each side.
        k: u32,
    },
    /// The client's own row and percentile.
    Percentile,
    /// All teams.
    Teams,
    /// A user's row and its friends', whom a friends token names.
    Friends(String),
}

/// Most characters of a segment's name and value with the colon between.
const SEGMENT_CHARS_MAX: usize =
    limits::ATTRIBUTE_NAME_CHARS_MAX + limits::ATTRIBUTE_TEXT_CHARS_MAX + 1;

#[derive(Deserialize)]
struct ViewObject<'a> {
    #[serde(borrow)]
    top: Raw<'a>,
    #[serde(borrow)]
    around: Raw<'a>,
    #[serde(borrow)]
    around_score: Raw<'a>,
    #[serde(borrow)]
    percentile: Raw<'a>,
    #[serde(borrow)]
    teams: Raw<'a>,
    #[serde(borrow)]
    friends: Raw<'a>,
    segment: Raw<'a>,
}

#[derive(Deserialize)]
struct AroundObject<'a> {
    #[serde(borrow)]
    user: Raw<'a>,
    #[serde(borrow)]
    k: Raw<'a>,
}

#[derive(Deserialize)]
struct AroundScoreObject<'a> {
    #[serde(borrow)]
    score: Raw<'a>,
    #[serde(borrow)]
    k: Raw<'a>,
}

/// The view of a subscription, and the segment that it is of; the first rows of the whole board when it names none.
pub(super) fn read(raw: Raw<'_>) -> Result<(View, Option<Segment>), Refusal> {
    let Some(view) = at("/view", scalar::object::<ViewObject<'_>>(raw))? else {
        return Ok((View::Top(limits::PAGE_ROWS), None));
    };
    let segment = read_segment(view.segment)?;
    let places = (view.top, view.around, view.around_score);
    let rows = match (places, view.percentile, view.teams, view.friends) {
        ((top @ Some(_), None, None), None, None, None) => read_top(top),
        ((None, around @ Some(_), None), None, None, None) => read_around(around),
        ((None, None, score @ Some(_)), None, None, None) => read_around_score(score),
        ((None, None, None), own @ Some(_), None, None) => {
            read_true("/view/percentile", own, View::Percentile)
        }
        ((None, None, None), None, teams @ Some(_), None) if segment.is_none() => {
            read_true("/view/teams", teams, View::Teams)
        }
        ((None, None, None), None, None, friends @ Some(_)) if segment.is_none() => {
            read_friends(friends)
        }
        _ => {
            let detail = "/view must have one of top, around, around_score, percentile, teams and friends, and the last two are of no segment";
            return Err(bad_frame("/view", detail.into()));
        }
    };
    Ok((rows?, segment))
}

fn read_segment(raw: Raw<'_>) -> Result<Option<Segment>, Refusal> {
    let pointer = "/view/segment";
    let text = at(pointer, scalar::text(raw, SEGMENT_CHARS_MAX))?;
    let segment = text.map(|text| {
        let segment = Segment::parse(&text);
        segment.map_err(|wrong| bad_frame(pointer, format!("{pointer} {wrong}")))
    });
    segment.transpose()
}

fn read_top(raw: Raw<'_>) -> Result<View, Refusal> {
    rows("/view/top", raw, limits::BOARD_VIEW_ROWS_MAX).map(View::Top)
}

fn read_around(raw: Raw<'_>) -> Result<View, Refusal> {
    let around = at("/view/around", scalar::object::<AroundObject<'_>>(raw))?;
    let around = required("/view/around", around)?;
    let pointer = "/view/around/user";
    let user = at(pointer, scalar::text(around.user, limits::NAME_CHARS_MAX))?;
    let user = user.map(|name| {
        let user = UserId::parse(&name);
        user.map_err(|wrong| bad_frame(pointer, format!("{pointer} {wrong}")))
    });
    Ok(View::Around {
        user: user.transpose()?,
        k: rows("/view/around/k", around.k, limits::AROUND_ROWS_MAX)?,
    })
}

fn read_around_score(raw: Raw<'_>) -> Result<View, Refusal> {
    let (pointer, k) = ("/view/around_score", "/view/around_score/k");
    let around = at(pointer, scalar::object::<AroundScoreObject<'_>>(raw))?;
    let around = required(pointer, around)?;
    let pointer = "/view/around_score/score";
    Ok(View::AroundScore {
        score: required(pointer, at(pointer, scalar::signed(around.score))?)?,
        k: rows(k, around.k, limits::AROUND_ROWS_MAX)?,
    })
}

fn read_friends(raw: Raw<'_>) -> Result<View, Refusal> {
    let pointer = "/view/friends";
    let token = at(pointer, scalar::text(raw, limits::FRIENDS_TOKEN_BYTES_MAX))?;
    Ok(View::Friends(required(pointer, token)?.into_owned()))
}

/// A view that is asked for by saying so.
fn read_true(pointer: &'static str, raw: Raw<'_>, view: View) -> Result<View, Refusal> {
    match at(pointer, scalar::boolean(raw))? {
        Some(true) => Ok(view),
        _ => Err(bad_frame(pointer, format!("{pointer} must be true"))),
    }
}

/// A number of rows, 1 to `max`.
fn rows(pointer: &str, raw: Raw<'_>, max: u32) -> Result<u32, Refusal> {
    let count = required(pointer, at(pointer, scalar::unsigned(raw))?)?;
    match u32::try_from(count) {
        Ok(count) if (1..=max).contains(&count) => Ok(count),
        _ => Err(bad_frame(pointer, format!("{pointer} must be 1 to {max}"))),
    }
}

#[cfg(test)]
mod tests;
