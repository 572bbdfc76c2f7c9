//! Subscriptions, pings and token renewals (protocol.md 4 and 6).

use serde::Deserialize;
use streakline_core::{challenge::segments::Segment, id::ChallengeId};

use super::{
    Code, Refusal, at, required,
    scalar::{self, Raw},
    view::{self, View},
};

/// A board is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// The client's number of the subscription.
    pub id: u64,
    /// Which board.
    pub challenge: ChallengeId,
    /// Which rows of it.
    pub view: View,
    /// Of which segment; the whole board when left out.
    pub segment: Option<Segment>,
    /// Whether the client takes what has changed instead of whole views.
    pub deltas: bool,
    /// Where the client stood.
    pub since: Option<Since>,
}

/// Where a client stood on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The board's epoch.
    pub epoch: String,
    /// Its offset.
    pub offset: u64,
}

#[derive(Deserialize)]
struct SubscribeFrame<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    topic: Raw<'a>,
    #[serde(borrow)]
    view: Raw<'a>,
    #[serde(borrow)]
    deltas: Raw<'a>,
    #[serde(borrow)]
    since: Raw<'a>,
}

#[derive(Deserialize)]
struct SinceObject<'a> {
    #[serde(borrow)]
    epoch: Raw<'a>,
    #[serde(borrow)]
    offset: Raw<'a>,
}

#[derive(Deserialize)]
struct IdFrame<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
}

#[derive(Deserialize)]
struct AuthFrame<'a> {
    #[serde(borrow)]
    token: Raw<'a>,
}

/// Most characters of a topic or of an epoch; a refusal repeats them, each escaped in up to ten.
const NAME_CHARS_MAX: usize = 64;
/// Most characters of a token, well above every JWT with our claims.
const TOKEN_CHARS_MAX: usize = 8 * 1024;

pub(super) fn read_subscribe(text: &str) -> Result<Subscribe, Refusal> {
    let frame: SubscribeFrame<'_> = super::parse(text)?;
    let id = required("/id", at("/id", scalar::unsigned(frame.id))?)?;
    let topic = at("/topic", scalar::text(frame.topic, NAME_CHARS_MAX))?;
    let topic = required("/topic", topic)?;
    let (view, segment) = view::read(frame.view)?;
    let deltas = at("/deltas", scalar::boolean(frame.deltas))?;
    let since = read_since(frame.since)?;
    let board = topic.strip_prefix("board/").map(ChallengeId::parse);
    match board {
        Some(Ok(challenge)) => Ok(Subscribe {
            id,
            challenge,
            view,
            segment,
            deltas: deltas.unwrap_or(false),
            since,
        }),
        _ => {
            let detail = format!("there is no topic {topic:?}");
            Err(Refusal::new(Code::NotFound, detail))
        }
    }
}

fn read_since(raw: Raw<'_>) -> Result<Option<Since>, Refusal> {
    let Some(since) = at("/since", scalar::object::<SinceObject<'_>>(raw))? else {
        return Ok(None);
    };
    let epoch = at("/since/epoch", scalar::text(since.epoch, NAME_CHARS_MAX))?;
    let offset = at("/since/offset", scalar::unsigned(since.offset))?;
    Ok(Some(Since {
        epoch: required("/since/epoch", epoch)?.into_owned(),
        offset: required("/since/offset", offset)?,
    }))
}

/// A frame of which only the `id` matters.
pub(super) fn read_id(text: &str) -> Result<u64, Refusal> {
    let frame: IdFrame<'_> = super::parse(text)?;
    required("/id", at("/id", scalar::unsigned(frame.id))?)
}

pub(super) fn read_token(text: &str) -> Result<String, Refusal> {
    let frame: AuthFrame<'_> = super::parse(text)?;
    let token = at("/token", scalar::text(frame.token, TOKEN_CHARS_MAX))?;
    Ok(required("/token", token)?.into_owned())
}
