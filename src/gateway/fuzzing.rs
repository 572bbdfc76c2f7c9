//! The stream's decoders of bytes and headers, for the fuzzing tests; in no server that is built for use.

use actix_web::http::header::HeaderMap;

use super::{
    auth,
    fragments::Fragments,
    frame_scan::{FrameScan, Place},
};
use crate::protocol::{
    error_code::Refusal,
    form::{Encoded, Form},
    server_frame::CloseReason,
};

/// Where bytes lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A header; its payload follows.
    Header {
        /// Bytes of the payload.
        payload: u64,
        /// Whether it is the close frame.
        close: bool,
    },
    /// The end of a frame.
    End,
    /// A header that no client may send.
    Malformed,
}

impl Found {
    fn at(place: Place) -> Option<Self> {
        match place {
            Place::Inside => None,
            Place::Announced { payload, close } => Some(Self::Header { payload, close }),
            Place::End => Some(Self::End),
            Place::Malformed => Some(Self::Malformed),
        }
    }
}

/// Every place that `bytes` lead to, fed in pieces of `piece` bytes, each with how many bytes lead there; up to the first
/// malformed header, and at most `places_max` of them.
#[must_use]
pub fn scan(bytes: &[u8], piece: usize, places_max: usize) -> Vec<(usize, Found)> {
    let (mut scan, mut at) = (FrameScan::default(), 0_usize);
    let mut places = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        let mut rest = piece;
        loop {
            let (taken, place) = scan.advance(rest);
            at = at.saturating_add(taken);
            rest = rest.get(taken..).unwrap_or_default();
            let Some(found) = Found::at(place) else {
                break;
            };
            places.push((at, found));
            if found == Found::Malformed || places.len() >= places_max {
                return places;
            }
        }
    }
    places
}

/// Joins fragments into one message of at most `bytes_max` bytes; the refusal is the close code.
///
/// # Errors
/// 1009 when it is too large, 1007 when it is not UTF-8.
pub fn join(fragments: &[&[u8]], bytes_max: usize) -> Result<String, u16> {
    let mut joined = Fragments::new(Form::Json, bytes_max);
    let (last, before): (&[u8], _) = match fragments.split_last() {
        Some((last, before)) => (last, before),
        None => (&[], fragments),
    };
    let closed = |reason: CloseReason| reason.close;
    joined.begin(Form::Json, &[]).map_err(closed)?;
    for fragment in before {
        joined.push(fragment).map_err(closed)?;
    }
    match joined.finish(last).map_err(closed)? {
        Encoded::Text(text) => Ok(text),
        Encoded::Binary(_) => Err(CloseReason::OTHER_FORM.close),
    }
}

/// The token of an upgrade request with these headers, once its subprotocol is right.
///
/// # Errors
/// `unsupported_subprotocol` or `unauthenticated`.
pub fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    auth::form(headers)?;
    auth::token(headers)
}
