//! Frames from clients (protocol.md 2 to 6): text in, a typed frame or a typed refusal out.
//!
//! The kind and everything of a batch are found in one pass; another frame is then read again from borrowed raw values, so that
//! every fault has its place. Unknown fields are ignored. What needs the user's state is judged later. Called by `gateway`.

mod batch;
mod control;
mod device;
mod hello;
mod record;
mod scalar;
mod view;

use serde::Deserialize;
use serde_json::{error::Category, value::RawValue};

use self::scalar::{Raw, Wrong};
use super::error_code::{Code, Fault, Refusal};

pub use batch::{Batch, Lane};
pub use control::{Since, Subscribe};
pub use device::Report;
pub use hello::{DeviceHello, Hello};
pub use record::{Signature, Signatures, read as record};
pub(super) use record::{WORD_CHARS_MAX, end_of};
pub use view::View;

/// A frame of a client.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientFrame {
    /// The first frame of a socket.
    Hello(Box<Hello>),
    /// Samples.
    Batch(Batch),
    /// A device tells of itself.
    Device(Report),
    /// A board is wanted.
    Subscribe(Subscribe),
    /// A board is no longer wanted.
    Unsubscribe {
        /// The client's number of the subscription.
        id: u64,
    },
    /// A browser's heartbeat.
    Ping {
        /// Echoed.
        id: u64,
    },
    /// A newer token.
    Auth {
        /// The JWT.
        token: String,
    },
}

/// The `type` of every frame that [`decode`] reads.
pub const KINDS: [&str; 7] = [
    "hello",
    "batch",
    "device",
    "subscribe",
    "unsubscribe",
    "ping",
    "auth",
];

/// A frame that was refused, with what the answer echoes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// `batch_id` of the frame, where it has a readable one.
    pub batch_id: Option<u64>,
    /// `id` of the frame, where it has a readable one.
    pub id: Option<u64>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            batch_id: None,
            id: None,
        }
    }
}

/// What tells frames apart and what refusals echo; and a batch whole, since nearly every frame is one.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow)]
    batch_id: Raw<'a>,
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    lane: Raw<'a>,
    #[serde(borrow)]
    first_seq: Raw<'a>,
    records: Option<batch::Records>,
}

/// Reads one frame; a batch may have up to `max_records` records.
///
/// # Errors
/// `bad_json`, `bad_frame` with the place, `unknown_type`, `batch_too_large`, or `not_found` for an unknown topic.
pub fn decode(text: &str, max_records: usize) -> Result<ClientFrame, Refused> {
    let frame: Frame<'_> = parse(text)?;
    if !text.trim_start().starts_with('{') {
        return Err(not_an_object().into()); // Or serde takes an array for the members in their order.
    }
    let (batch_id, id) = (frame.batch_id, frame.id);
    let frame = read(frame, text, max_records);
    frame.map_err(|refusal| Refused {
        refusal,
        batch_id: echo(batch_id),
        id: echo(id),
    })
}

fn read(frame: Frame<'_>, text: &str, max_records: usize) -> Result<ClientFrame, Refusal> {
    let kind = at("/type", scalar::text(frame.kind, KIND_CHARS_MAX))?;
    let kind = required("/type", kind)?;
    let known = KINDS.into_iter().find(|known| *known == &*kind);
    match known.unwrap_or_default() {
        "batch" => batch::read(frame, text.len(), max_records).map(ClientFrame::Batch),
        "hello" => hello::read(text).map(|hello| ClientFrame::Hello(Box::new(hello))),
        "device" => device::read(text).map(ClientFrame::Device),
        "subscribe" => control::read_subscribe(text).map(ClientFrame::Subscribe),
        "unsubscribe" => control::read_id(text).map(|id| ClientFrame::Unsubscribe { id }),
        "ping" => control::read_id(text).map(|id| ClientFrame::Ping { id }),
        "auth" => control::read_token(text).map(|token| ClientFrame::Auth { token }),
        _ => {
            let detail = format!("there is no frame of type {kind:?}");
            Err(Refusal::new(Code::UnknownType, detail))
        }
    }
}

/// Most characters of a `type`; longer ones are no type of ours and are not echoed.
const KIND_CHARS_MAX: usize = 32;

fn echo(raw: Option<&RawValue>) -> Option<u64> {
    scalar::unsigned(raw).ok().flatten()
}

/// Text that is not JSON at all, or JSON that is not an object of single fields. The words are our own: serde's repeat the
/// text that it got, which may be as long as a frame.
fn unreadable(error: serde_json::Error) -> Refusal {
    match error.classify() {
        Category::Data => not_an_object(),
        Category::Io | Category::Syntax | Category::Eof => {
            Refusal::new(Code::BadJson, format!("not JSON: {error}"))
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(unreadable)
}

fn not_an_object() -> Refusal {
    let words = "a frame is one JSON object that names no field twice";
    bad_frame("", words.into())
}

/// Gives a value its place.
fn at<T>(pointer: &str, value: Result<T, Wrong>) -> Result<T, Refusal> {
    value.map_err(|wrong| bad_frame(pointer, format!("{pointer} {wrong}")))
}

fn required<T>(pointer: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| bad_frame(pointer, format!("{pointer} is missing")))
}

/// A wrong shape, with its place.
#[must_use]
pub fn bad_frame(pointer: &str, detail: String) -> Refusal {
    let fault = Fault {
        pointer: pointer.to_owned(),
        code: Code::BadFrame.name(),
        detail: detail.clone(),
    };
    Refusal {
        code: Code::BadFrame,
        detail,
        faults: vec![fault],
    }
}

#[cfg(test)]
mod tests;
