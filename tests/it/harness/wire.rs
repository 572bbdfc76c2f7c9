//! A WebSocket by hand, for what no library sends: fragments inside a character, half a frame, the wrong opcode. Everything that
//! comes is kept, so that a test can look at all of it in its order. Every wait has an end.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Value, json};
use streakline::protocol::{cbor, form::Form};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::Server;

/// Longest wait for one thing.
const LONGEST: Duration = Duration::from_secs(30);
/// How long nothing must come before a test believes that nothing does.
const QUIET: Duration = Duration::from_millis(400);
/// The address that a connection has by itself.
pub(crate) const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// What a client that wants to be slow gives the kernel for reading.
pub(crate) const NARROW_BYTES: u32 = 16_384;
const READ_BYTES: usize = 16_384;
const HEAD_BYTES_MAX: usize = 16_384;

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CONTINUATION: u8 = 0;
const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
const PONG: u8 = 10;
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// What a close frame says; 1006 and nothing for a connection that just ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Closed {
    pub(crate) code: u16,
    pub(crate) reason: Value,
}

/// A socket after its upgrade.
pub(crate) struct Wire {
    form: Form,
    tcp: TcpStream,
    unread: Vec<u8>,
    /// Every frame that came, as JSON.
    pub(crate) seen: Vec<Value>,
    closed: Option<Closed>,
    /// Whether it answers pings.
    pub(crate) is_alive: bool,
    /// Longest wait for one thing that it is sent; one of thousands waits for all the others too.
    pub(crate) patience: Duration,
}

impl Wire {
    /// Upgrades with `token`; a refusal is its status and its problem.
    pub(crate) async fn upgrade(server: &Server, token: &str) -> Result<Self, (u16, Value)> {
        Self::over(dial(server, HERE, None).await, server, token).await
    }

    /// The same for frames in another form.
    pub(crate) async fn upgrade_in(form: Form, server: &Server, token: &str) -> Self {
        let tcp = dial(server, HERE, None).await;
        let request = upgrade_request(server, token);
        let request = request.replace(Form::Json.subprotocol(), form.subprotocol());
        Self::asked(form, tcp, &request).await.unwrap()
    }

    /// The same from another address of this machine.
    pub(crate) async fn upgrade_from(
        source: Ipv4Addr,
        server: &Server,
        token: &str,
    ) -> Result<Self, (u16, Value)> {
        Self::over(dial(server, source, None).await, server, token).await
    }

    /// The same over a connection that holds next to nothing that is not read.
    pub(crate) async fn narrow(server: &Server, token: &str) -> Self {
        let tcp = dial(server, HERE, Some(NARROW_BYTES)).await;
        Self::over(tcp, server, token).await.unwrap()
    }

    async fn over(tcp: TcpStream, server: &Server, token: &str) -> Result<Self, (u16, Value)> {
        Self::asked(Form::Json, tcp, &upgrade_request(server, token)).await
    }

    /// Asks for a stream with this request; the server must agree to the form.
    pub(crate) async fn asked(
        form: Form,
        mut tcp: TcpStream,
        request: &str,
    ) -> Result<Self, (u16, Value)> {
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut wire = Self {
            form,
            tcp,
            unread: Vec::new(),
            seen: Vec::new(),
            closed: None,
            is_alive: true,
            patience: LONGEST,
        };
        let head = wire.head().await;
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        if status == 101 {
            let agreed = header(&head, "sec-websocket-protocol");
            assert_eq!(agreed, Some(form.subprotocol()));
            return Ok(wire);
        }
        let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
        while wire.unread.len() < length && wire.fill().await {}
        Err((
            status,
            serde_json::from_slice(&wire.unread).unwrap_or_default(),
        ))
    }

    /// A socket of `user` that has sent this hello and been welcomed.
    pub(crate) async fn hello(server: &Server, user: &str, hello: &Value) -> (Self, Value) {
        let mut wire = Self::upgrade(server, &server.token(user)).await.unwrap();
        wire.send(hello).await;
        let welcome = wire.expect("welcome").await;
        (wire, welcome)
    }

    /// The same for frames in another form.
    pub(crate) async fn hello_in(
        form: Form,
        server: &Server,
        user: &str,
        hello: &Value,
    ) -> (Self, Value) {
        let mut wire = Self::upgrade_in(form, server, &server.token(user)).await;
        wire.send(hello).await;
        let welcome = wire.expect("welcome").await;
        (wire, welcome)
    }

    async fn head(&mut self) -> String {
        loop {
            let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            assert!(self.unread.len() < HEAD_BYTES_MAX && self.fill().await);
        }
    }

    /// Sends one whole frame in the form of the socket.
    pub(crate) async fn send(&mut self, frame: &Value) {
        match self.form {
            Form::Json => self.send_frame(TEXT, frame.to_string().as_bytes()).await,
            Form::Cbor => self.send_frame(BINARY, &cbor::encode(frame)).await,
        }
    }

    /// Sends one whole frame of any kind.
    pub(crate) async fn send_frame(&mut self, opcode: u8, payload: &[u8]) {
        self.send_bytes(&encoded(true, opcode, payload)).await;
    }

    /// Sends a text in parts of `bytes` each, whatever characters they cut.
    pub(crate) async fn send_in_parts(&mut self, text: &str, bytes: usize) {
        self.send_parts(TEXT, text.as_bytes(), bytes).await;
    }

    /// Sends a message of any kind in parts of `bytes` each.
    pub(crate) async fn send_parts(&mut self, opcode: u8, message: &[u8], bytes: usize) {
        let parts: Vec<&[u8]> = message.chunks(bytes).collect();
        for (at, part) in parts.iter().enumerate() {
            let opcode = if at == 0 { opcode } else { CONTINUATION };
            let frame = encoded(at + 1 == parts.len(), opcode, part);
            self.send_bytes(&frame).await;
        }
    }

    /// Sends the first half of a frame and leaves: nobody says goodbye.
    pub(crate) async fn leave_mid_frame(mut self, frame: &Value) {
        let bytes = encoded(true, TEXT, frame.to_string().as_bytes());
        self.send_bytes(&bytes[..bytes.len() / 2]).await;
    }

    /// Sends any bytes. That the server has gone is seen by who reads.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        let sent = timeout(LONGEST, self.tcp.write_all(bytes)).await;
        let _gone = sent.expect("the server does not read");
    }

    /// Sends as much of this as the server takes within a while, for who does not read either.
    pub(crate) async fn offer(&mut self, bytes: &[u8]) {
        let _taken_in_part = timeout(QUIET, self.tcp.write_all(bytes)).await;
    }

    /// Reads about that many bytes, as far as they come, and looks at none of them yet.
    pub(crate) async fn sip(&mut self, bytes: usize) {
        let until = self.unread.len() + bytes;
        while self.unread.len() < until {
            let more = timeout(QUIET, self.tcp.readable()).await.is_ok();
            if !more || !self.fill().await {
                return;
            }
        }
    }

    /// The bare connection, with whatever has not been read from it.
    pub(crate) fn into_tcp(self) -> TcpStream {
        self.tcp
    }

    /// The next frame, or how the socket ended.
    pub(crate) async fn next(&mut self) -> Result<Value, Closed> {
        loop {
            if let Some(closed) = &self.closed {
                return Err(closed.clone());
            }
            let Some((opcode, payload)) = self.decoded() else {
                if !self.fill().await {
                    self.closed = Some(ended());
                }
                continue;
            };
            match opcode {
                TEXT | BINARY => {
                    let frame = self.read(opcode, &payload);
                    self.seen.push(frame.clone());
                    return Ok(frame);
                }
                PING if self.is_alive => self.send_frame(PONG, &payload).await,
                CLOSE => self.closed = Some(close_of(&payload)),
                _ => {}
            }
        }
    }

    /// A frame of the socket's form; one of the other form fails the test.
    fn read(&self, opcode: u8, payload: &[u8]) -> Value {
        match (self.form, opcode) {
            (Form::Json, TEXT) => serde_json::from_slice(payload).unwrap(),
            (Form::Cbor, BINARY) => serde_json::from_str(&cbor::json(payload).unwrap()).unwrap(),
            (form, opcode) => panic!("a message of opcode {opcode} in {form:?}"),
        }
    }

    /// The next frame for which `wanted` holds, others skipped.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next().await {
                Ok(frame) if wanted(&frame) => return frame,
                Ok(_other) => {}
                Err(closed) => panic!("waiting for {what}: {closed:?}; {}", self.told()),
            }
        }
    }

    /// The next frame of that type.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        self.until(kind, |frame| frame["type"] == kind).await
    }

    /// The next state of that topic.
    pub(crate) async fn state(&mut self, topic: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let of_topic = |frame: &Value| frame["topic"] == topic && wanted(frame);
        self.until(topic, of_topic).await
    }

    /// How the socket ends; frames before it are kept.
    pub(crate) async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }

    /// Reads that many pongs; how the socket ends where it does before them.
    pub(crate) async fn answered(&mut self, pongs: usize) -> Option<Closed> {
        let mut left = pongs;
        while left > 0 {
            match self.next().await {
                Ok(frame) => left -= usize::from(frame["type"] == "pong"),
                Err(closed) => return Some(closed),
            }
        }
        None
    }

    /// Reads until nothing has come for a while.
    pub(crate) async fn quiet(&mut self) {
        while let Ok(Ok(_frame)) = timeout(QUIET, self.next()).await {}
    }

    /// Sends a batch and waits for its ack.
    pub(crate) async fn ack(&mut self, batch: &Value) -> Value {
        self.send(batch).await;
        let id = batch["batch_id"].clone();
        let of_batch = |f: &Value| f["type"] == "ack" && f["batch_id"] == id;
        self.until("its ack", of_batch).await
    }

    /// Sends a frame and waits for the error that answers it.
    pub(crate) async fn error(&mut self, frame: &Value) -> Value {
        self.send(frame).await;
        self.expect("error").await
    }

    /// The events that came, in the order in which they came.
    pub(crate) fn events(&self) -> Vec<Value> {
        let is_event = |frame: &&Value| frame["type"] == "event";
        self.seen.iter().filter(is_event).cloned().collect()
    }

    /// What came, in short, for a test that fails.
    fn told(&self) -> String {
        let short = |frame: &Value| frame.to_string().chars().take(300).collect::<String>();
        let last: Vec<String> = self.seen.iter().rev().take(5).map(short).collect();
        let (frames, events) = (self.seen.len(), self.events().len());
        format!("{frames} frames came, {events} of them events; the last first: {last:#?}")
    }

    /// Takes one frame of what has been read.
    fn decoded(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, second) = (*self.unread.first()?, *self.unread.get(1)?);
        let (length, head) = match second & !MASKED {
            126 => {
                let bytes = self.unread.get(2..4)?.try_into().unwrap();
                (usize::from(u16::from_be_bytes(bytes)), 4)
            }
            127 => {
                let bytes = self.unread.get(2..10)?.try_into().unwrap();
                (usize::try_from(u64::from_be_bytes(bytes)).unwrap(), 10)
            }
            short => (usize::from(short), 2),
        };
        if self.unread.len() < head + length {
            return None;
        }
        let frame: Vec<u8> = self.unread.drain(..head + length).collect();
        Some((first & 0x0f, frame[head..].to_vec()))
    }

    /// Reads more; false when nothing more comes.
    async fn fill(&mut self) -> bool {
        let mut bytes = vec![0; READ_BYTES];
        let read = timeout(self.patience, self.tcp.read(&mut bytes)).await;
        let read = read.unwrap_or_else(|_| panic!("nothing comes; {}", self.told()));
        let count = read.unwrap_or(0);
        self.unread.extend_from_slice(&bytes[..count]);
        count > 0
    }
}

/// A TCP connection from `source`; the kernel holds at most about `unread_bytes` that it has not read.
pub(crate) async fn dial(
    server: &Server,
    source: Ipv4Addr,
    unread_bytes: Option<u32>,
) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(bytes) = unread_bytes {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
    if source != HERE {
        socket.bind((source, 0).into()).unwrap();
    }
    let tcp = socket.connect(authority(server).parse().unwrap()).await;
    let tcp = tcp.unwrap();
    tcp.set_nodelay(true).unwrap();
    tcp
}

/// What asks for a stream.
pub(crate) fn upgrade_request(server: &Server, token: &str) -> String {
    let host = authority(server);
    format!(
        "GET /v1/stream HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: streakline.v1.json\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// The hello of a device in UTC with a good clock; `outbox` is its own id unless a test says otherwise.
pub(crate) fn hello(device: &str, client_time_ms: i64) -> Value {
    json!({"type": "hello", "device_id": device, "outbox_id": device, "class": "watch", "zone": "UTC",
        "client_time_ms": client_time_ms})
}

fn authority(server: &Server) -> &str {
    server.url().strip_prefix("http://").unwrap()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
    pairs
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// One frame as a client sends it. The mask is zero: it changes nothing.
pub(crate) fn encoded(last: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![if last { FIN | opcode } else { opcode }];
    match payload.len() {
        short @ 0..126 => frame.push(MASKED | u8::try_from(short).unwrap()),
        middle @ 126..65_536 => {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            frame.push(MASKED | 127);
            frame.extend_from_slice(&u64::try_from(long).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

fn close_of(payload: &[u8]) -> Closed {
    let code = payload
        .get(..2)
        .map_or(1005, |code| u16::from_be_bytes(code.try_into().unwrap()));
    let reason = payload.get(2..).unwrap_or_default();
    Closed {
        code,
        reason: serde_json::from_slice(reason).unwrap_or_default(),
    }
}

fn ended() -> Closed {
    Closed {
        code: 1006,
        reason: Value::Null,
    }
}
