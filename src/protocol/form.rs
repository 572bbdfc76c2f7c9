//! The two forms in which the same frames travel; a socket has one of them from its upgrade on (protocol.md 2).

use serde::Serialize;

use super::{cbor, server_frame};

/// How frames travel on a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Text: JSON.
    #[default]
    Json,
    /// Binary: CBOR.
    Cbor,
}

/// A frame as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// Of a text message.
    Text(String),
    /// Of a binary message.
    Binary(Vec<u8>),
}

impl Form {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Json, Self::Cbor];

    /// The subprotocol that asks for it.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "streakline.v1.json",
            Self::Cbor => "streakline.v1.cbor",
        }
    }

    /// The form that a subprotocol asks for.
    #[must_use]
    pub fn of(subprotocol: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|form| form.subprotocol() == subprotocol)
    }

    /// A frame in this form.
    #[must_use]
    pub fn encode(self, frame: &impl Serialize) -> Encoded {
        match self {
            Self::Json => Encoded::Text(server_frame::encode(frame)),
            Self::Cbor => Encoded::Binary(cbor::encode(frame)),
        }
    }

    /// The frame that has the fields of `head` and then those of `rest`, which was encoded before in this form. Neither is
    /// without fields.
    #[must_use]
    pub fn joined(self, head: &impl Serialize, rest: &Encoded) -> Encoded {
        match (self.encode(head), rest) {
            (Encoded::Text(mut text), Encoded::Text(rest)) => {
                text.pop();
                text.push(',');
                text.push_str(rest.get(1..).unwrap_or_default());
                Encoded::Text(text)
            }
            (Encoded::Binary(bytes), Encoded::Binary(rest)) => {
                Encoded::Binary(cbor::joined(bytes, rest))
            }
            (head, _) => head,
        }
    }
}

impl Encoded {
    /// Bytes on the wire.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}
