//! The gate between a socket's bytes and its session: hands on one whole message at a time, and only while the session wants to
//! read.
//!
//! Closed, it lets the kernel's buffers fill, so that the client feels it ("beyond its credits the server stops reading
//! the socket", protocol.md 3). Frames above the limit end the stream as soon as their header is in. Between two frames it holds
//! no memory, and a frame that came in one piece is handed on without being copied. Made by `session`.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_codec::Decoder as _;
use actix_http::ws::{Codec, Frame, Message};
use actix_web::error::PayloadError;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;

use super::frame_scan::{FrameScan, Place};

/// What the gate does with what arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Frames pass.
    #[default]
    Open,
    /// Nothing is read.
    Shut,
    /// All is read and thrown away until the peer's close frame or the end: the socket is being closed, and closing it
    /// with unread bytes would destroy the close frame on its way to the peer.
    Discard,
}

/// What ended the bytes before their time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A frame above the limit was announced.
    TooLarge,
    /// A frame that no client may send.
    Malformed,
    /// A text that is none.
    NotUtf8,
    /// The peer vanished, and how.
    Gone(String),
}

#[derive(Default)]
struct Shared {
    mode: Cell<Mode>,
    waiting: RefCell<Option<Waker>>,
}

/// The session's hand on the gate.
#[derive(Clone, Default)]
pub(super) struct GateHandle(Rc<Shared>);

impl GateHandle {
    /// Lets frames pass, or stops reading after the frame that is being handled.
    pub(super) fn set_open(&self, open: bool) {
        if self.0.mode.get() != Mode::Discard {
            self.switch(if open { Mode::Open } else { Mode::Shut });
        }
    }

    /// Whether frames pass.
    pub(super) fn is_open(&self) -> bool {
        self.0.mode.get() == Mode::Open
    }

    /// Throws away whatever still comes, for good.
    pub(super) fn discard(&self) {
        self.switch(Mode::Discard);
    }

    fn switch(&self, mode: Mode) {
        self.0.mode.set(mode);
        if let Some(waker) = self.0.waiting.take() {
            waker.wake();
        }
    }
}

/// The messages in a byte stream, with a gate before them.
pub(super) struct Gate<S> {
    bytes: S,
    handle: GateHandle,
    scan: FrameScan,
    codec: Codec,
    /// What was read; its beginning up to `scanned` belongs to the frame that has begun.
    chunk: Bytes,
    scanned: usize,
    /// What earlier chunks had of that frame.
    begun: BytesMut,
    frame_bytes_max: u64,
}

impl<S> Gate<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    /// A gate that stands open.
    pub(super) fn new(bytes: S, handle: GateHandle, frame_bytes_max: usize) -> Self {
        Self {
            bytes,
            handle,
            scan: FrameScan::default(),
            codec: Codec::new().max_size(frame_bytes_max),
            chunk: Bytes::new(),
            scanned: 0,
            begun: BytesMut::new(),
            frame_bytes_max: frame_bytes_max as u64,
        }
    }

    /// The next frame that is whole; none when the chunk ends before it does.
    fn whole_frame(&mut self) -> Option<Result<BytesMut, Fault>> {
        loop {
            let rest = self.chunk.get(self.scanned..).unwrap_or_default();
            let (taken, place) = self.scan.advance(rest);
            self.scanned = self.scanned.saturating_add(taken);
            match place {
                Place::Announced { payload, .. } if payload > self.frame_bytes_max => {
                    return Some(Err(Fault::TooLarge));
                }
                Place::Announced { payload, .. } if payload > 0 => {}
                Place::Announced { .. } => {
                    self.scan.advance(&[]);
                    return Some(Ok(self.cut()));
                }
                Place::End => return Some(Ok(self.cut())),
                Place::Malformed => return Some(Err(Fault::Malformed)),
                Place::Inside => {
                    self.begun.extend_from_slice(&self.chunk);
                    self.clear_chunk();
                    return None;
                }
            }
        }
    }

    fn cut(&mut self) -> BytesMut {
        let end = self.chunk.split_to(std::mem::take(&mut self.scanned));
        if self.chunk.is_empty() {
            // The rest of nothing would share the memory, and so keep it.
            self.chunk = Bytes::new();
        }
        let mut frame = std::mem::take(&mut self.begun);
        if frame.is_empty() {
            return end
                .try_into_mut()
                .unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        }
        frame.extend_from_slice(&end);
        frame
    }

    fn clear_chunk(&mut self) {
        self.chunk = Bytes::new();
        self.scanned = 0;
    }

    fn message(&mut self, mut frame: BytesMut) -> Result<Message, Fault> {
        let decoded = self.codec.decode(&mut frame);
        let frame = decoded.ok().flatten().ok_or(Fault::Malformed)?;
        Ok(match frame {
            Frame::Text(bytes) => Message::Text(bytes.try_into().map_err(|_| Fault::NotUtf8)?),
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Continuation(fragment) => Message::Continuation(fragment),
            Frame::Ping(bytes) => Message::Ping(bytes),
            Frame::Pong(bytes) => Message::Pong(bytes),
            Frame::Close(reason) => Message::Close(reason),
        })
    }

    /// Throws the chunk away; true at the peer's close frame.
    fn discard_chunk(&mut self) -> bool {
        let chunk = self.chunk.split_off(self.scanned);
        self.clear_chunk();
        let mut rest = chunk.as_ref();
        loop {
            let (step, place) = self.scan.advance(rest);
            rest = rest.get(step..).unwrap_or_default();
            match place {
                Place::Announced { close: true, .. } | Place::Malformed => return true,
                Place::Inside => return false,
                Place::Announced { .. } | Place::End => {}
            }
        }
    }
}

impl<S> Stream for Gate<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    type Item = Result<Message, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match this.handle.0.mode.get() {
                Mode::Open => {}
                Mode::Discard if this.discard_chunk() => return Poll::Ready(None),
                Mode::Discard => {}
                Mode::Shut => {
                    this.handle.0.waiting.replace(Some(cx.waker().clone()));
                    return Poll::Pending;
                }
            }
            if !this.chunk.is_empty() {
                match this.whole_frame() {
                    Some(frame) => {
                        let message = frame.and_then(|frame| this.message(frame));
                        return Poll::Ready(Some(message));
                    }
                    None => continue,
                }
            }
            match Pin::new(&mut this.bytes).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => this.chunk = chunk,
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(Fault::Gone(error.to_string()))));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                // A switch of the mode must be seen while no bytes come.
                Poll::Pending => {
                    this.handle.0.waiting.replace(Some(cx.waker().clone()));
                    return Poll::Pending;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
