//! What is set on every accepted TCP socket.
//!
//! A session whose client does not read is frozen with its timers, so only the kernel can end it: it does when sent
//! bytes stay unacknowledged for too long. Given to the HTTP server by `run`.

use std::{any::Any, time::Duration};

use actix_web::{dev::Extensions, rt::net::TcpStream};
use socket2::SockRef;

/// The server's `on_connect`: no delay for small frames, and an end for peers that take nothing for `unacked_max`.
pub fn on_connect(
    unacked_max: Duration,
) -> impl Fn(&dyn Any, &mut Extensions) + Clone + Send + Sync + 'static {
    move |connection, _extensions| {
        let Some(stream) = connection.downcast_ref::<TcpStream>() else {
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
