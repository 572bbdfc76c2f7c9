//! The floor: a plain WebSocket server that answers every message with the same text of an acknowledgement's size. It parses
//! nothing and stores nothing; what a server costs above it is what the server does.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::upgrade;

/// What it always answers: as long as an acknowledgement that tells a day.
const ANSWER: &[u8] = br#"{"type":"ack","batch_id":1000000000,"lane":"live","up_to_seq":1000000000,"credits":4,"credit_bytes":131072,"results":[],"changes":[{"topic":"me/day/2016-04-13","version":1000,"display":0,"eligible":0,"phase":"open","pending_micro":0,"metrics":{"speed":{"n":10000,"min":10.0,"max":99.9,"mean":55.0,"last":52.3,"last_ms":1460534580000}},"goals":[]}]}"#;
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4_096;
/// Longest request of a client.
const REQUEST_BYTES_MAX: usize = 8_192;

/// Serves until the process is ended; says where on stdout, as the server does.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = listen()?;
        let ready = format!("ready: http://{}", listener.local_addr()?);
        writeln!(std::io::stdout(), "{ready}")?;
        accept_all(listener).await
    })
}

async fn accept_all(listener: TcpListener) -> Result<()> {
    loop {
        let (tcp, _) = listener.accept().await.context("accepting")?;
        tokio::spawn(async {
            // A client that leaves is no fault of the floor.
            let _left = answer_all(tcp).await;
        });
    }
}

fn listen() -> Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    let address: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into())?)
}

async fn answer_all(mut tcp: TcpStream) -> Result<()> {
    tcp.set_nodelay(true)?;
    agree(&mut tcp).await?;
    let mut socket = WebSocket::after_handshake(tcp, Role::Server);
    socket.set_auto_close(true);
    socket.set_auto_pong(true);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Text | OpCode::Binary => {
                let answer = Frame::text(Payload::Borrowed(ANSWER));
                socket.write_frame(answer).await?;
            }
            OpCode::Close => return Ok(()),
            _ => {}
        }
    }
}

async fn agree(tcp: &mut TcpStream) -> Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(request.len() < REQUEST_BYTES_MAX, "the request is too long");
        let read = tcp.read_buf(&mut request).await?;
        anyhow::ensure!(read > 0, "the client left");
    }
    let answer = upgrade::answer(&String::from_utf8_lossy(&request));
    let answer = answer.context("it is no upgrade")?;
    Ok(tcp.write_all(answer.as_bytes()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;
    use std::io::Read as _;

    /// A floor on a port of its own, for as long as the test lives.
    fn running() -> std::net::SocketAddr {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        let listener = runtime.block_on(async { listen() }).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || runtime.block_on(accept_all(listener)));
        address
    }

    fn read(tcp: &mut std::net::TcpStream, bytes: &mut Vec<u8>) {
        let mut some = [0; 4_096];
        let count = tcp.read(&mut some).unwrap();
        assert!(count > 0, "the floor closed the connection");
        bytes.extend_from_slice(&some[..count]);
    }

    fn answer(tcp: &mut std::net::TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            if let Some(answer) = frame::next(&bytes).unwrap() {
                return answer.payload.to_vec();
            }
            read(tcp, &mut bytes);
        }
    }

    #[test]
    fn every_message_is_answered_with_the_same_acknowledgement() {
        let mut tcp = std::net::TcpStream::connect(running()).unwrap();
        let request = upgrade::request("here", "streakline.v1.json", "t");
        std::io::Write::write_all(&mut tcp, request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while upgrade::agreed(&head).unwrap().is_none() {
            read(&mut tcp, &mut head);
        }
        let (message, _) = frame::masked(frame::TEXT, &vec![b'x'; 5_195]);
        for _ in 0..3 {
            std::io::Write::write_all(&mut tcp, &message).unwrap();
            assert_eq!(answer(&mut tcp), ANSWER);
        }
    }
}
