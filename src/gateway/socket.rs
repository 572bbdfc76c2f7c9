//! What is done with every accepted TCP connection: its buffers are bounded, a peer that takes nothing has an end, and one
//! connection too many of its address is refused before it says anything.
//!
//! A session whose client does not read is frozen with its timers, so only the kernel can end it: it does when sent
//! bytes stay unacknowledged for too long. Called by the HTTP server, which `run` gives [`Gateway::on_connect`].

use std::{any::Any, io, mem::MaybeUninit, net::IpAddr, net::Shutdown, sync::Arc, time::Duration};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{dev::Extensions, rt::net::TcpStream};
use socket2::SockRef;

use super::{Gateway, addresses::Kind};
use crate::{
    protocol::{
        error_code::{Code, Refusal},
        problem::{self, Problem},
    },
    telemetry::series,
};

/// By how much TCP waits longer for a peer that takes nothing (TCP_USER_TIMEOUT) than its grace: the server ends it first.
const UNACKED_BEYOND_GRACE_MS: u64 = 10_000;
/// What the kernel may hold for one connection in each direction. It doubles this for its own needs.
const BUFFER_BYTES: usize = 256 * 1024;
/// Connections that an address may have for each stream that it may have: the rest are REST, and streams that are told why not.
const CONNECTIONS_PER_STREAM: u32 = 2;
/// What a refused client may have said already.
const UNHEARD_BYTES: usize = 16 * 1024;

/// Settles a connection, or refuses it.
pub(super) fn admit(gateway: &Gateway, connection: &dyn Any, extensions: &mut Extensions) {
    let plain = connection.downcast_ref::<TcpStream>();
    let tls = connection.downcast_ref::<TlsStream<TcpStream>>();
    let Some(stream) = plain.or_else(|| tls.map(|tls| tls.get_ref().0)) else {
        return;
    };
    let settings = &gateway.settings;
    let least_ms = settings.grace_ms.saturating_add(UNACKED_BEYOND_GRACE_MS);
    let unacked_ms = settings.unacked_s.saturating_mul(1_000).max(least_ms);
    let unacked = Duration::from_millis(unacked_ms);
    if let Err(error) = settle(stream, unacked) {
        tracing::debug!(%error, "a socket kept the system's settings");
    }
    let max = gateway.settings.connections_per_address;
    let max = max.saturating_mul(CONNECTIONS_PER_STREAM);
    let address: Option<IpAddr> = stream.peer_addr().ok().map(|peer| peer.ip());
    match gateway.addresses.take_place(Kind::Connection, address, max) {
        Some(place) => {
            drop(extensions.insert(Arc::new(place)));
            match gateway.connections.came(stream) {
                Ok(connection) => drop(extensions.insert(connection)),
                Err(error) => tracing::debug!(%error, "a connection is not watched"),
            }
        }
        None => refuse(stream, gateway.settings.retry_after_ms),
    }
}

/// No delay for small frames, bounded buffers, and an end for a peer that takes nothing for `unacked`.
fn settle(stream: &TcpStream, unacked: Duration) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(BUFFER_BYTES)?;
    socket.set_recv_buffer_size(BUFFER_BYTES)?;
    socket.set_tcp_user_timeout(Some(unacked))
}

/// Says why not, and ends the connection. What it has sent is never looked at: a request that is refused has no effect.
fn refuse(stream: &TcpStream, retry_after_ms: u64) {
    metrics::counter!(series::CONNECTIONS_REFUSED).increment(1);
    let socket = SockRef::from(stream);
    let mut unheard = [const { MaybeUninit::uninit() }; UNHEARD_BYTES];
    let told = socket.send(answer(retry_after_ms).as_bytes());
    let unheard = socket.recv(&mut unheard);
    let ended = socket.shutdown(Shutdown::Both);
    if let Some(error) = told.err().or(unheard.err()).or(ended.err())
        && error.kind() != io::ErrorKind::WouldBlock
    {
        tracing::debug!(%error, "a refused connection went by itself");
    }
}

fn answer(retry_after_ms: u64) -> String {
    let detail = "too many connections of this address";
    let body = Problem::of(&Refusal::new(Code::RateLimited, detail), "").json();
    let (content_type, length) = (problem::CONTENT_TYPE, body.len());
    let retry_after_s = retry_after_ms.div_ceil(1_000);
    format!(
        "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: {retry_after_s}\r\n\
         Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use actix_web::rt::net::TcpListener;

    use super::*;

    #[actix_web::test]
    async fn an_accepted_socket_has_bounded_buffers_and_gives_up_a_peer_that_takes_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let (accepted, _) = accepted.unwrap();
        settle(&accepted, Duration::from_secs(20)).unwrap();
        let socket = SockRef::from(&accepted);
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(20))
        );
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.send_buffer_size().unwrap() <= 2 * BUFFER_BYTES);
        assert!(socket.recv_buffer_size().unwrap() <= 2 * BUFFER_BYTES);
        drop(client);
    }
}
