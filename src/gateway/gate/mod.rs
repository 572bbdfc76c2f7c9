//! The gate between a socket's bytes and the frame decoder: hands on one whole frame at a time, and only while the
//! session wants to read.
//!
//! Closed, it lets the kernel's buffers fill, so that the client feels it ("beyond its credits the server stops reading
//! the socket", protocol.md 3). Frames above the limit end the stream as soon as their header is in. Made by `session`.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_web::error::PayloadError;
use bytes::Bytes;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A frame above the limit was announced.
    TooLarge,
    /// A header that no client may send.
    Malformed,
    /// The peer vanished.
    Gone,
}

#[derive(Default)]
struct Shared {
    mode: Cell<Mode>,
    fault: Cell<Option<Fault>>,
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

    /// What ended the bytes before their time.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.0.fault.get()
    }

    fn switch(&self, mode: Mode) {
        self.0.mode.set(mode);
        if let Some(waker) = self.0.waiting.take() {
            waker.wake();
        }
    }
}

/// A byte stream with a gate in it.
pub(super) struct Gate<S> {
    bytes: S,
    handle: GateHandle,
    scan: FrameScan,
    chunk: Bytes,
    frame_complete: bool,
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
            chunk: Bytes::new(),
            frame_complete: false,
            frame_bytes_max: frame_bytes_max as u64,
        }
    }

    fn next_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), PayloadError>>> {
        match Pin::new(&mut self.bytes).poll_next(cx) {
            Poll::Ready(Some(Ok(chunk))) => {
                self.chunk = chunk;
                Poll::Ready(Some(Ok(())))
            }
            Poll::Ready(Some(Err(error))) => {
                self.handle.0.fault.set(Some(Fault::Gone));
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    /// The next bytes for the decoder: a header once it is whole and sound, or what there is of its payload.
    fn take_frame(&mut self) -> Option<Result<Bytes, PayloadError>> {
        let in_payload = self.scan.in_payload();
        let (taken, place) = self.scan.advance(&self.chunk);
        let bytes = self.chunk.split_to(taken);
        match place {
            Place::Inside if in_payload => Some(Ok(bytes)),
            Place::Inside => None,
            Place::Announced { payload, .. } if payload > self.frame_bytes_max => {
                Some(self.refuse(Fault::TooLarge))
            }
            Place::Announced { payload, .. } => {
                let header = Bytes::copy_from_slice(self.scan.header());
                if payload == 0 {
                    self.scan.advance(&[]);
                    self.frame_complete = true;
                }
                Some(Ok(header))
            }
            Place::End => {
                self.frame_complete = true;
                Some(Ok(bytes))
            }
            Place::Malformed => Some(self.refuse(Fault::Malformed)),
        }
    }

    fn refuse(&mut self, fault: Fault) -> Result<Bytes, PayloadError> {
        self.handle.0.fault.set(Some(fault));
        Err(PayloadError::Overflow)
    }

    /// Throws the chunk away; true at the peer's close frame.
    fn discard_chunk(&mut self) -> bool {
        let chunk = std::mem::take(&mut self.chunk);
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
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let mode = this.handle.0.mode.get();
            if mode == Mode::Discard && this.discard_chunk() {
                return Poll::Ready(None);
            }
            // The decoder takes a frame only when the bytes stand still; it then asks again by itself.
            if std::mem::take(&mut this.frame_complete) {
                return Poll::Pending;
            }
            if mode == Mode::Shut {
                this.handle.0.waiting.replace(Some(cx.waker().clone()));
                return Poll::Pending;
            }
            if !this.chunk.is_empty() {
                match this.take_frame() {
                    Some(bytes) => return Poll::Ready(Some(bytes)),
                    None => continue,
                }
            }
            match this.next_chunk(cx) {
                Poll::Ready(Some(Ok(()))) => {}
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
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
