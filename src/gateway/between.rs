//! Connections between two requests: the head of a further request must be whole in time.
//!
//! The HTTP server times the first head of a connection only, and forgets that a connection is idle with the first byte that
//! comes. So whoever has been answered once could keep a connection with half a head for ever. Here every connection is known
//! by a second handle of its socket until it is upgraded; one that is between two requests for too long is shut down. Made by
//! `socket`, watched by [`super::Gateway::watch_heads`].

use std::{
    io,
    net::Shutdown,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use actix_web::{
    Error,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    rt::net::TcpStream,
    web::Bytes,
};
use socket2::{SockRef, Socket};

use crate::clock;

/// The time of a connection whose request is being answered.
const BUSY: u64 = u64::MAX;

/// One connection that speaks HTTP.
#[derive(Debug)]
pub(super) struct Connection {
    /// Gone once it is a stream.
    socket: Mutex<Option<Socket>>,
    /// Since when it is between two requests, ms of the machine's clock.
    since_ms: AtomicU64,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Arc<Mutex<Vec<Weak<Connection>>>>);

impl Connections {
    /// A connection was accepted.
    ///
    /// # Errors
    /// When the process has no descriptor for a second handle.
    pub(super) fn came(&self, stream: &TcpStream) -> io::Result<Arc<Connection>> {
        let connection = Arc::new(Connection {
            socket: Mutex::new(Some(SockRef::from(stream).try_clone()?)),
            since_ms: AtomicU64::new(clock::monotonic_ms()),
        });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::downgrade(&connection));
        Ok(connection)
    }

    /// Ends those that are between two requests since before that time, ms of the machine's clock.
    pub(super) fn end(&self, before_ms: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|connection| {
            let connection = connection.upgrade();
            connection.is_some_and(|connection| connection.stays(before_ms))
        });
    }
}

impl Connection {
    fn begins(&self) {
        self.since_ms.store(BUSY, Ordering::Release);
    }

    fn rests(&self) {
        self.since_ms
            .store(clock::monotonic_ms(), Ordering::Release);
    }

    /// It is a stream from now on, which has its own times.
    fn upgraded(&self) {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        drop(socket.take());
    }

    /// Whether it is to be looked at again.
    fn stays(&self, before_ms: u64) -> bool {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(socket) = socket.as_ref() else {
            return false;
        };
        let late = self.since_ms.load(Ordering::Acquire) < before_ms;
        if late && let Err(error) = socket.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "a stalled connection went by itself");
        }
        !late
    }
}

/// A request under way; dropped with its answer.
struct Turn(Arc<Connection>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.rests();
    }
}

/// An answer that the connection is busy with until all of it is made.
struct Answer {
    body: BoxBody,
    _turn: Turn,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// For `App::wrap(actix_web::middleware::from_fn(take_turns))`, outermost.
///
/// # Errors
/// What the request's own handler answers.
pub async fn take_turns(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(connection) = request.conn_data::<Arc<Connection>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    connection.begins();
    let turn = Turn(connection.clone());
    let response = next.call(request).await?.map_into_boxed_body();
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        connection.upgraded();
        return Ok(response);
    }
    let answer = |_: &mut _, body| BoxBody::new(Answer { body, _turn: turn });
    Ok(response.map_body(answer))
}

#[cfg(test)]
mod tests {
    use actix_web::rt::net::TcpListener;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[actix_web::test]
    async fn only_a_connection_that_rests_for_too_long_is_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connections = Connections::default();
        let mut both = Vec::new();
        for _ in 0..3 {
            let client = TcpStream::connect(listener.local_addr().unwrap());
            let (client, accepted) = tokio::join!(client, listener.accept());
            let (accepted, _) = accepted.unwrap();
            let connection = connections.came(&accepted).unwrap();
            both.push((client.unwrap(), accepted, connection));
        }
        let [resting, busy, stream] = both.as_mut_slice() else {
            panic!("not three");
        };
        busy.2.begins();
        stream.2.upgraded();
        connections.end(clock::monotonic_ms() + 1);
        assert_eq!(resting.0.read(&mut [0]).await.unwrap(), 0, "it is ended");
        for (client, accepted, _) in [busy, stream] {
            accepted.try_write(b"x").unwrap();
            assert_eq!(client.read(&mut [0]).await.unwrap(), 1, "it goes on");
        }
        assert_eq!(
            connections.0.lock().unwrap().len(),
            1,
            "only the busy one is watched"
        );
        drop(both);
        connections.end(0);
        assert!(
            connections.0.lock().unwrap().is_empty(),
            "nobody is remembered"
        );
    }
}
