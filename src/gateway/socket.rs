//! What is set on every accepted TCP socket.
//!
//! A session whose client does not read is frozen with its timers, so only the kernel can end it: it does when sent
//! bytes stay unacknowledged for too long. Given to the HTTP server by `run`.

use std::{any::Any, time::Duration};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{dev::Extensions, rt::net::TcpStream};
use socket2::SockRef;

/// The server's `on_connect`: no delay for small frames, and an end for peers that take nothing for `unacked_max`.
pub fn on_connect(
    unacked_max: Duration,
) -> impl Fn(&dyn Any, &mut Extensions) + Clone + Send + Sync + 'static {
    move |connection, _extensions| {
        let plain = connection.downcast_ref::<TcpStream>();
        let tls = connection.downcast_ref::<TlsStream<TcpStream>>();
        let Some(stream) = plain.or_else(|| tls.map(|tls| tls.get_ref().0)) else {
            return;
        };
        let socket = SockRef::from(stream);
        let set = socket
            .set_tcp_nodelay(true)
            .and_then(|()| socket.set_tcp_user_timeout(Some(unacked_max)));
        if let Err(error) = set {
            tracing::debug!(%error, "a socket kept the system's settings");
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::rt::net::TcpListener;

    use super::*;

    #[actix_web::test]
    async fn an_accepted_socket_gives_up_a_peer_that_takes_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let (accepted, _) = accepted.unwrap();
        on_connect(Duration::from_secs(20))(&accepted, &mut Extensions::new());
        let socket = SockRef::from(&accepted);
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(20))
        );
        assert!(socket.tcp_nodelay().unwrap());
        drop(client);
    }
}
