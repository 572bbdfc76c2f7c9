//! `/v1/challenges/{id}/leaderboard`: the board in pages, around a user, and one row of it.

use streakline_core::{
    challenge::{
        RowId,
        friends::Circle,
        segments::{Pick, Segment},
    },
    id::{ChallengeId, UserId},
    leaderboard::RowKey,
    limits::AROUND_ROWS_MAX,
    view::RowView,
};

use super::{
    answer,
    ask::{Ask, Search},
    auth::Principal,
    fault::Wrong,
    problem::Answer,
    query::Query,
};
use crate::{
    clock,
    protocol::{
        body::{Audience, Board, OwnRow, Row},
        client_frame::bad_frame,
        error_code::Refusal,
    },
};

/// Where a client brings a friends token, which names other users and so is in no URL.
const FRIENDS_TOKEN: &str = "friends-token";
/// Rows on each side of a user when none are asked for.
const AROUND_ROWS: u32 = 5;

/// Read the board, best first; participants and admins only
#[utoipa::path(get, path = "/v1/challenges/{id}/leaderboard", tag = "challenges",
    operation_id = "read_leaderboard",
    params(
        ("by" = Option<String>, Query,
            description = "`team`: all teams of a challenge that has some, best first; `friends`: the rows of a user and its friends, ranked among themselves"),
        ("friends-token" = Option<String>, Header,
            description = "With `by=friends`: a token in which the app says who the user's friends are"),
        ("around" = Option<String>, Query,
            description = "The rows around this user, who for a user's token is the user itself"),
        ("around_score" = Option<i64>, Query,
            description = "The rows around where this score stands or would stand"),
        ("k" = Option<u32>, Query, minimum = 1, maximum = 50,
            description = "Rows on each side of that user or score; 5 when absent"),
        ("segment" = Option<String>, Query,
            description = "Only the rows whose attribute says that, such as `region:EU`, with their ranks among themselves"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A part of the board", body = Board<'_>)))]
pub(super) async fn read(Search { ask, mut query }: Search) -> Answer {
    let around = query.read("around", |name| {
        UserId::parse(name).map_err(|why| Wrong::new("name", why.to_string()))
    });
    let score = query.read("around_score", |text| {
        let words = "must be an integer";
        text.parse::<i64>().map_err(|_| Wrong::shape(words))
    });
    if around.is_some() && score.is_some() {
        let words = "a board is read around a user or around a score";
        query.fault("around_score", Wrong::new("conflict", words));
    }
    let by = query.read("by", By::parse);
    if by.is_some() && (around.is_some() || score.is_some()) {
        let words = "teams and friends are read as a whole";
        query.fault("by", Wrong::new("conflict", words));
    }
    match by {
        Some(By::Team) => return read_teams(&ask, query).await,
        Some(By::Friends) => return read_friends(&ask, query).await,
        None => {}
    }
    let segment = query.read("segment", |text| {
        Segment::parse(text).map_err(|why| Wrong::shape(why.to_string()))
    });
    let id = ask.challenge()?;
    let (pick, page) = match (around, score) {
        (Some(user), _) => {
            let k = rows_beside(&mut query);
            (Pick::Around { user, k }, None)
        }
        (None, Some(score)) => {
            let k = rows_beside(&mut query);
            (Pick::AroundScore { score, k }, None)
        }
        (None, None) => {
            let page = query.page(list(id, segment.as_ref()), &ask.api.cursors);
            let after = page.after.as_deref().and_then(key_of_text);
            let limit = page.limit;
            (Pick::Page { after, limit }, Some(page))
        }
    };
    query.done()?;
    if let Pick::Around { user, .. } = &pick {
        // Around somebody else a participant may not look: that would tell whose alias is whose.
        ask.principal.must_act_for(user)?;
    }
    let (directory, viewer) = (&ask.api.directory, viewer(&ask.principal));
    let board = directory.board(id, viewer, (segment, pick)).await?;
    let last = board.items.last().filter(|_| board.more).map(key);
    let next = match page {
        Some(page) => ask.api.cursors.next(&page, last)?,
        None => None,
    };
    answer::plain(&Board::of(&board, audience(&ask.principal), next))
}

/// Rows on each side.
fn rows_beside(query: &mut Query) -> u32 {
    query
        .integer("k", 1..=AROUND_ROWS_MAX)
        .unwrap_or(AROUND_ROWS)
}

/// What a cursor is sealed for.
fn list(id: ChallengeId, segment: Option<&Segment>) -> String {
    match segment {
        Some(segment) => format!("board/{id}/{segment}"),
        None => format!("board/{id}"),
    }
}

/// By what rows are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Team,
    Friends,
}

impl By {
    fn parse(text: &str) -> Result<Self, Wrong> {
        match text {
            "team" => Ok(Self::Team),
            "friends" => Ok(Self::Friends),
            _ => Err(Wrong::new("unsupported", "must be team or friends")),
        }
    }
}

/// There are few teams: they are told at once.
async fn read_teams(ask: &Ask, query: Query) -> Answer {
    query.done()?;
    let (id, viewer) = (ask.challenge()?, viewer(&ask.principal));
    let board = ask.api.directory.team_board(id, viewer).await?;
    answer::plain(&Board::of(&board, audience(&ask.principal), None))
}

/// There are at most a thousand friends: they are told at once.
async fn read_friends(ask: &Ask, query: Query) -> Answer {
    query.done()?;
    let viewer = viewer(&ask.principal);
    let circle = friends_of(ask, viewer.as_ref())?;
    let directory = &ask.api.directory;
    let pick = (None, Pick::Friends(circle));
    let board = directory.board(ask.challenge()?, viewer, pick).await?;
    answer::plain(&Board::of(&board, audience(&ask.principal), None))
}

/// The friends of the header.
fn friends_of(ask: &Ask, viewer: Option<&UserId>) -> Result<Circle, Refusal> {
    let mut values = ask.request.headers().get_all(FRIENDS_TOKEN);
    let token = values.next().and_then(|value| value.to_str().ok());
    let ring = ask.api.credentials.keys.ring();
    let circle = match (token, values.next()) {
        (Some(token), None) => ring
            .verify_friends(token, viewer, clock::unix_s())
            .map_err(|why| why.to_string()),
        _ => Err("send one Friends-Token in which the app names friends".to_owned()),
    };
    circle.map_err(|why| bad_frame("/headers/friends-token", why))
}

/// Read the row of one user
#[utoipa::path(get, path = "/v1/challenges/{id}/leaderboard/{user}", tag = "challenges",
    operation_id = "read_leaderboard_row",
    responses((status = 200, description = "The row", body = OwnRow<'_>)))]
pub(super) async fn row(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let told = ask.api.directory.row(ask.challenge()?, user).await?;
    let (told, ranks) = told;
    let own = OwnRow {
        row: Row::of(&told.row, audience(&ask.principal)),
        percentile_bp: told.percentile_bp,
        ranks: ranks.into(),
        exact: told.error_bound.map(|_| false),
        error_bound: told.error_bound,
    };
    answer::one(&ask.request, None, &own)
}

/// Who must have a row to look; an admin need not.
fn viewer(principal: &Principal) -> Option<UserId> {
    principal.user().filter(|_| !principal.is_admin()).cloned()
}

fn audience(principal: &Principal) -> Audience<'_> {
    Audience {
        you: principal.user(),
        names_users: principal.is_admin(),
    }
}

/// Where a row stands in the order of its board, as the text in a cursor. A row of one who was erased goes by its number, which
/// stays what it is, since its board is frozen; no user's name begins like that.
fn key(row: &RowView) -> String {
    let (score, achieved_at_ms) = (row.key, row.achieved_at_ms);
    match &row.user {
        Some(user) => format!("{score} {achieved_at_ms} {user}"),
        None => format!("{score} {achieved_at_ms} #{}", row.ordinal),
    }
}

pub(super) fn key_of_text(text: &str) -> Option<RowKey<RowId>> {
    let mut parts = text.split(' ');
    let (score, achieved_at_ms) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let row = parts.next()?;
    let id = match row.strip_prefix('#') {
        Some(ordinal) => RowId::Frozen(ordinal.parse().ok()?),
        None => RowId::Live(UserId::parse(row).ok()?),
    };
    Some(RowKey {
        score,
        achieved_at_ms,
        id,
    })
}

#[cfg(test)]
mod tests {
    use streakline_core::definition::Measure;

    use super::*;

    #[test]
    fn the_key_of_a_row_survives_its_cursor() {
        let user = UserId::parse("ann:1.x").unwrap();
        let row = |user| RowView {
            rank: 1,
            ordinal: 7,
            key: 65_210,
            score: 65_210,
            measure: Measure::Count,
            achieved_at_ms: 1_460_564_280_000,
            finished_at_ms: None,
            after_min: None,
            alias: "Swift Heron".into(),
            row: "c81f".into(),
            user,
            team: None,
            roster: None,
        };
        let key_with = |id| RowKey {
            score: 65_210,
            achieved_at_ms: 1_460_564_280_000,
            id,
        };
        assert_eq!(
            key_of_text(&key(&row(Some(user.clone())))),
            Some(key_with(RowId::Live(user)))
        );
        assert_eq!(
            key_of_text(&key(&row(None))),
            Some(key_with(RowId::Frozen(7)))
        );
    }

    #[test]
    fn an_admins_token_need_not_take_part_but_finds_its_own_row() {
        let ann = UserId::parse("ann").unwrap();
        let token = |admin| Principal::Token {
            user: ann.clone(),
            admin,
            device: None,
            exp_s: 0,
        };
        assert_eq!(viewer(&token(false)), Some(ann.clone()));
        assert_eq!(viewer(&token(true)), None);
        let (user, admin) = (token(false), token(true));
        assert!(!audience(&user).names_users && audience(&admin).names_users);
        assert_eq!(audience(&admin).you, Some(&ann));
        assert_eq!(audience(&Principal::AdminKey).you, None);
    }
}
