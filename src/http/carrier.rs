//! Carries the bytes of one connection that asked for an upgrade: the request goes through the application, and from then on what
//! comes is the request's payload and what the answer's body makes goes out, until that ends.
//!
//! It takes the place of the HTTP server's own loop, which keeps 16 KiB of buffers for as long as a connection lives and looks at
//! requests, answers and timers for every frame. Here a read goes through one buffer of the thread, and a body makes more only
//! when the kernel has taken what it made. Called by `http`.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_codec::{AsyncRead, AsyncWrite, Encoder as _, Framed, ReadBuf};
use actix_http::{
    ConnectionType, Payload, Request, Response, StatusCode,
    body::{BodySize, BoxBody, MessageBody as _},
    error::PayloadError,
    h1::{Codec, Message},
};
use actix_service::Service;
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

/// Bytes that one read takes in at most.
const READ_BYTES: usize = 32 * 1024;

thread_local! {
    static READ: Cell<Box<[u8]>> = Cell::new(vec![0; READ_BYTES].into());
}

/// Answers a request for an upgrade, and serves the connection until its end.
pub(super) fn carry<Io, App>(
    app: Rc<App>,
    request: Request,
    framed: Framed<Io, Codec>,
    disconnect_within: Duration,
) -> impl Future<Output = ()>
where
    Io: AsyncRead + AsyncWrite + Unpin + 'static,
    App: Service<Request, Response = Response<BoxBody>, Error = Response<BoxBody>>,
{
    // In boxes of their own: what only the answer and the end need is not there as long as the connection.
    let answered = Box::pin(answer(app, request, framed));
    async move {
        // The other side may have gone first; then there is nobody to tell.
        let Ok((mut outgoing, body, coding)) = answered.await else {
            return;
        };
        let is_stream = coding.is_none();
        if outgoing.forward(body, coding).await.is_ok() {
            let end = outgoing.end(is_stream);
            drop(Box::pin(actix_web::rt::time::timeout(disconnect_within, end)).await);
        }
    }
}

/// The way out, what is to be sent, and of an answer that is no stream how.
type Answered<Io> = (Outgoing<Io>, BoxBody, Option<Box<Codec>>);

/// Lets the application answer, and sends the head; what follows is sent as it is on a stream, and as the head says otherwise.
async fn answer<Io, App>(
    app: Rc<App>,
    request: Request,
    framed: Framed<Io, Codec>,
) -> io::Result<Answered<Io>>
where
    Io: AsyncRead + AsyncWrite + Unpin + 'static,
    App: Service<Request, Response = Response<BoxBody>, Error = Response<BoxBody>>,
{
    let parts = framed.into_parts();
    let socket = Rc::new(RefCell::new(parts.io));
    let incoming = Incoming {
        socket: socket.clone(),
        // What is read next goes elsewhere: the buffer itself is not kept.
        before: Bytes::copy_from_slice(&parts.read_buf),
        ended: false,
    };
    let payload = Payload::Stream {
        payload: Box::pin(incoming) as _,
    };
    drop(parts.read_buf);
    let (request, _) = request.replace_payload(payload);
    let answer = app.call(request).await.unwrap_or_else(|refusal| refusal);
    let is_stream = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let (mut head, body) = answer.into_parts();
    if !is_stream {
        // What follows such a request is no further request.
        head.head_mut().set_connection_type(ConnectionType::Close);
    }
    let (mut codec, mut head_bytes) = (parts.codec, parts.write_buf);
    codec.encode(Message::Item((head, body.size())), &mut head_bytes)?;
    let mut outgoing = Outgoing {
        socket,
        waiting: Bytes::new(),
        unflushed: false,
    };
    outgoing.send(head_bytes.freeze()).await?;
    let coding = (!is_stream).then(|| Box::new(codec));
    Ok((outgoing, body, coding))
}

fn encoded(codec: &mut Codec, part: Option<Bytes>) -> io::Result<Bytes> {
    let mut bytes = BytesMut::new();
    let part: Message<(Response<()>, BodySize)> = Message::Chunk(part);
    codec.encode(part, &mut bytes)?;
    Ok(bytes.freeze())
}

/// The way out.
struct Outgoing<Io> {
    socket: Rc<RefCell<Io>>,
    waiting: Bytes,
    /// Something was written that an encrypted socket may still hold.
    unflushed: bool,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Outgoing<Io> {
    /// Sends whatever the body makes, until it ends.
    async fn forward(&mut self, body: BoxBody, mut coding: Option<Box<Codec>>) -> io::Result<()> {
        if matches!(body.size(), BodySize::None) {
            return Ok(());
        }
        let mut body = pin!(body);
        while let Some(made) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            let made = made.map_err(|error| io::Error::other(error.to_string()))?;
            let made = match &mut coding {
                Some(codec) => encoded(codec, Some(made))?,
                None => made,
            };
            self.send(made).await?;
        }
        if let Some(codec) = &mut coding {
            self.send(encoded(codec, None)?).await?;
        }
        Ok(())
    }

    /// Ends when the kernel has taken everything.
    async fn send(&mut self, bytes: Bytes) -> io::Result<()> {
        self.waiting = bytes;
        poll_fn(|cx| self.poll_send(cx)).await
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut socket = self.socket.borrow_mut();
        while self.waiting.has_remaining() {
            let written = ready!(Pin::new(&mut *socket).poll_write(cx, &self.waiting))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.advance(written);
            self.unflushed = true;
        }
        // Gives its memory back, which an empty rest would keep.
        self.waiting = Bytes::new();
        if self.unflushed {
            ready!(Pin::new(&mut *socket).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// A connection that is closed with unread bytes in it is reset, and the answer with it: so they are read away until the peer
    /// ends too. A stream has seen to that already.
    async fn end(&mut self, is_stream: bool) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self.socket.borrow_mut()).poll_shutdown(cx)).await?;
        if is_stream {
            return Ok(());
        }
        let mut unread = Incoming {
            socket: self.socket.clone(),
            before: Bytes::new(),
            ended: false,
        };
        while unread.next().await.is_some_and(|read| read.is_ok()) {}
        Ok(())
    }
}

/// What comes over the connection behind the request, as its payload.
struct Incoming<Io> {
    socket: Rc<RefCell<Io>>,
    /// What came with the request.
    before: Bytes,
    ended: bool,
}

impl<Io: AsyncRead + Unpin> Stream for Incoming<Io> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.before.has_remaining() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.before))));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        let mut buffer = READ.take();
        let read = read(&self.socket, &mut buffer, cx);
        READ.set(buffer);
        let read = ready!(read);
        self.ended = read.is_err();
        Poll::Ready(Some(read))
    }
}

/// What has come; a peer that ends without a close frame has vanished.
fn read<Io: AsyncRead + Unpin>(
    socket: &RefCell<Io>,
    buffer: &mut [u8],
    cx: &mut Context<'_>,
) -> Poll<Result<Bytes, PayloadError>> {
    let mut buffer = ReadBuf::new(buffer);
    ready!(Pin::new(&mut *socket.borrow_mut()).poll_read(cx, &mut buffer))
        .map_err(PayloadError::Io)?;
    let read = buffer.filled();
    if read.is_empty() {
        return Poll::Ready(Err(PayloadError::Incomplete(None)));
    }
    Poll::Ready(Ok(Bytes::copy_from_slice(read)))
}
