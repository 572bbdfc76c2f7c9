//! Tools for many clients at once, and for how connections end that no client would end so. Every wait has an end.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use socket2::SockRef;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait for the end of a connection.
const LONGEST: Duration = Duration::from_secs(120);
/// Clients that are at work at the same time.
const AT_ONCE: usize = 100;

/// Another address of this machine, for clients that must not be taken for the bystander.
pub(super) fn elsewhere(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 7, number)
}

/// Lets `count` clients do something, some of them at a time; what each gives, in order.
pub(super) async fn crowd<T, F>(count: usize, client: impl FnMut(usize) -> F) -> Vec<T>
where
    F: Future<Output = T>,
{
    let clients = stream::iter((0..count).map(client));
    clients.buffered(AT_ONCE).collect().await
}

/// Ends a connection with a reset: nobody says goodbye, not even the kernel.
pub(super) fn reset(tcp: TcpStream) {
    let socket = SockRef::from(&tcp);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

/// All that comes until the other side ends the connection.
pub(super) async fn to_the_end(tcp: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tcp.read_to_end(&mut bytes);
    let read = timeout(LONGEST, read).await;
    // A reset is an end as well.
    let _reset = read.expect("the server does not end the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}
