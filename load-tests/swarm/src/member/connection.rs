//! One device's socket: bytes out and in, without waiting for either.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

/// What a frame must be seen in to be pushed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Covers {
    /// A gauge's reading of that time.
    Reading(i64),
    /// That many steps on a day.
    Steps { day: i64, total: u64 },
}

/// A frame that waits for its acknowledgement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) batch: u64,
    pub(super) intended_ns: u64,
    pub(super) records: u64,
}

/// How far a socket is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Phase {
    /// Its upgrade is not answered.
    Upgrading,
    /// Its hello is not answered.
    Greeting,
    /// It may send.
    Open,
    /// It has ended.
    Ended,
}

/// A socket, and what its device remembers.
pub(super) struct Connection {
    pub(super) number: u32,
    pub(super) tcp: TcpStream,
    pub(super) phase: Phase,
    /// Its upgrade has been asked for.
    pub(super) asked: bool,
    /// A part of a frame that has come.
    pub(super) unread: Vec<u8>,
    /// What the kernel did not take.
    unsent: Vec<u8>,
    pub(super) credits: u32,
    pub(super) next_seq: u64,
    pub(super) next_batch: u64,
    pub(super) in_flight: VecDeque<Flight>,
    /// When frames were due that wait for credit.
    pub(super) owed: VecDeque<u64>,
    /// Frames that no state has covered, and when they were sent.
    pub(super) uncovered: VecDeque<(Covers, u64)>,
    /// Steps of the day that the last sample was of.
    pub(super) steps: (i64, u64),
    /// Records that were acknowledged.
    pub(super) acknowledged: u64,
    /// Where its events stand: epoch and newest number.
    pub(super) events: Option<(String, u64)>,
    /// The score that a subscriber saw last, by board.
    pub(super) scores: Vec<u64>,
    /// Its subscriptions that stand.
    pub(super) subscribed: usize,
    /// When it sent each of its frames, where the lag of a board is looked at by its row.
    pub(super) sent_ns: Vec<u64>,
}

/// What came of reading.
pub(super) enum Received {
    /// So many bytes; there may be more.
    Bytes(usize),
    /// Nothing more.
    Nothing,
    /// The other side has ended it, and why.
    End(String),
}

impl Connection {
    /// A socket that is being connected.
    pub(super) fn new(number: u32, tcp: TcpStream) -> Self {
        Self {
            number,
            tcp,
            phase: Phase::Upgrading,
            asked: false,
            unread: Vec::new(),
            unsent: Vec::new(),
            credits: 1,
            next_seq: 1,
            next_batch: 0,
            in_flight: VecDeque::new(),
            owed: VecDeque::new(),
            uncovered: VecDeque::new(),
            steps: (0, 0),
            acknowledged: 0,
            events: None,
            scores: Vec::new(),
            subscribed: 0,
            sent_ns: Vec::new(),
        }
    }

    /// Begins anew on another socket; what the device remembers stays.
    pub(super) fn replace(&mut self, tcp: TcpStream) {
        self.tcp = tcp;
        self.phase = Phase::Upgrading;
        self.asked = false;
        self.unread.clear();
        self.unsent.clear();
        self.in_flight.clear();
        self.uncovered.clear();
    }

    /// Sends bytes; what the kernel does not take waits until it does.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let taken = write(&mut self.tcp, bytes)?;
        self.unsent.extend_from_slice(&bytes[taken..]);
        Ok(())
    }

    /// Sends what has waited.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let taken = write(&mut self.tcp, &self.unsent)?;
        self.unsent.drain(..taken);
        if self.unsent.is_empty() {
            self.unsent = Vec::new();
        }
        Ok(())
    }

    /// Reads what has come.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Received {
        match self.tcp.read(buffer) {
            Ok(0) => Received::End("ended".to_owned()),
            Ok(count) => Received::Bytes(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Received::Nothing,
            Err(error) if error.kind() == ErrorKind::Interrupted => Received::Bytes(0),
            Err(error) => Received::End(format!("socket_{:?}", error.kind())),
        }
    }
}

/// Bytes that the kernel takes now.
fn write(tcp: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match tcp.write(&bytes[taken..]) {
            Ok(count) => taken += count,
            // Before the connection is there, the kernel says that it is not.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::NotConnected
                ) =>
            {
                break;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

/// Begins to connect from that address.
pub(super) fn connect(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if let Some(from) = from {
        socket.bind(&SocketAddr::new(from, 0).into())?;
    }
    match socket.connect(&to.into()) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(EINPROGRESS) => {}
        Err(error) => return Err(error),
    }
    Ok(TcpStream::from_std(socket.into()))
}

/// The kernel's "in progress" on Linux.
const EINPROGRESS: i32 = 115;
