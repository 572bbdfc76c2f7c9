//! One process of the swarm: it opens its sockets, waits for the word, sends what its profile sends, and tells what it has seen.
//!
//! One thread and one loop over the kernel's readiness, so that a core of it outruns a core of the server. What is said on a
//! socket is `dialogue`'s, what is sent when is `pace`'s.

mod connection;
mod dialogue;
mod pace;

use std::io::{self, BufRead as _, Write as _};
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use mio::{Events, Interest, Poll, Token};

use crate::clock;
use crate::figures::{Figures, Times};
use crate::names;
use crate::plan::{Plan, Said};
use crate::template::Template;
use connection::{Connection, Phase};

/// Events of one look at the kernel.
const EVENTS: usize = 1_024;
/// Bytes of one read.
const READ_BYTES: usize = 256 * 1_024;
/// How long the sockets may take to be welcomed.
const OPENING_S: f64 = 120.0;
/// How much longer than asked for sockets stay open, in seconds.
const HOLD_SPARE_S: f64 = 5.0;
/// From one word about progress to the next.
const PROGRESS_NS: u64 = 1_000_000_000;

/// A process with its sockets.
struct Member {
    plan: Plan,
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    template: Template,
    figures: Figures,
    times: AllTimes,
    /// What is measured: from and to.
    window: (u64, u64),
    /// Devices go on sending when they are answered.
    is_closed_loop: bool,
    /// Nothing new is sent at or after that time.
    until_ns: u64,
    /// Sockets that have been welcomed.
    open: u32,
    /// Frames that are not answered.
    in_flight: u64,
    /// When sockets were cut, during a storm.
    cut_ns: Option<u64>,
    /// Start of the first sample.
    start_ms: i64,
    buffer: Vec<u8>,
    progress_ns: u64,
}

/// Times of the measured window.
struct AllTimes {
    acknowledgement: Times,
    push: Times,
    board: Times,
    resume: Times,
}

/// Runs the process: its plan is the first line of stdin, and the next is the word to go.
pub(crate) fn run() -> Result<()> {
    let lines = follow_stdin();
    let plan = lines.recv().context("no plan came")?;
    let plan: Plan = serde_json::from_str(&plan).context("the plan")?;
    let mut member = Member::new(plan)?;
    member.open_all()?;
    say(&Said::Ready)?;
    member.wait_for_word(&lines)?;
    member.follow_plan()?;
    let hold_s = member.plan.hold_s;
    say(&Said::Ended(Box::new(member.finish())))?;
    if hold_s > 0.0 {
        // Whoever looks at the server's memory ends us; they may be a little late.
        member.stay(hold_s + HOLD_SPARE_S)?;
    }
    Ok(())
}

/// Lines of stdin; the channel ends when whoever started us has gone.
fn follow_stdin() -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn say(said: &Said) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, said)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

impl Member {
    fn new(plan: Plan) -> Result<Self> {
        let template = plan.template()?;
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            connections: Vec::new(),
            template,
            figures: Figures::default(),
            times: AllTimes {
                acknowledgement: Times::new()?,
                push: Times::new()?,
                board: Times::new()?,
                resume: Times::new()?,
            },
            window: (u64::MAX, u64::MAX),
            is_closed_loop: false,
            until_ns: 0,
            open: 0,
            in_flight: 0,
            cut_ns: None,
            start_ms: plan.start_ms,
            buffer: vec![0; READ_BYTES],
            progress_ns: 0,
            plan,
        })
    }

    /// Devices come first, then subscribers.
    fn is_device(&self, index: usize) -> bool {
        index < self.plan.devices as usize
    }

    /// Whose row a subscriber looks at: of whole boards the leader's, else that of the sender whose user it is. These are spread evenly.
    fn followed(&self, index: usize) -> usize {
        let (senders, subscribers) = (self.plan.devices as usize, self.plan.subscribers as usize);
        let place = index.saturating_sub(senders);
        match self.plan.around {
            Some(_) => place * senders / subscribers.max(1),
            None => 0,
        }
    }

    fn senders(&self) -> usize {
        self.plan.devices as usize
    }

    /// Opens every socket, some at a time, until all are welcomed.
    fn open_all(&mut self) -> Result<()> {
        let all = self.plan.devices + self.plan.subscribers;
        let give_up_ns = clock::now_ns() + clock::seconds_ns(OPENING_S);
        while self.open < all {
            let begun = self.connections.len() as u32;
            if begun < all && begun - self.open < self.plan.opening {
                let tcp = self.begin(begun)?;
                let number = self.plan.first + begun;
                self.connections.push(Connection::new(number, tcp));
                self.register(begun as usize)?;
                continue;
            }
            self.serve(give_up_ns)?;
            if let Some((code, _)) = self.figures.errors.first_key_value() {
                bail!("a socket could not be opened: {code}");
            }
            if clock::now_ns() > give_up_ns {
                bail!(
                    "only {} of {all} sockets are welcomed after {OPENING_S} s",
                    self.open
                );
            }
            self.tell_opened()?;
        }
        Ok(())
    }

    fn begin(&self, index: u32) -> Result<mio::net::TcpStream> {
        let to = self.plan.address;
        let from = to.ip().is_loopback() && to.is_ipv4();
        let from = from.then(|| IpAddr::from(names::address(self.plan.first + index)));
        connection::connect(to, from).with_context(|| format!("connecting from {from:?}"))
    }

    fn register(&mut self, index: usize) -> Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        let tcp = &mut self.connections[index].tcp;
        Ok(self.poll.registry().register(tcp, Token(index), interest)?)
    }

    fn tell_opened(&mut self) -> Result<()> {
        let now_ns = clock::now_ns();
        if now_ns < self.progress_ns + PROGRESS_NS {
            return Ok(());
        }
        self.progress_ns = now_ns;
        say(&Said::Opened(self.open))
    }

    fn tell_progress(&mut self, now_ns: u64) -> Result<()> {
        if now_ns < self.progress_ns + PROGRESS_NS {
            return Ok(());
        }
        self.progress_ns = now_ns;
        say(&Said::Progress {
            sent: self.figures.frames_sent,
            acknowledged: self.figures.frames_acknowledged,
        })
    }

    fn wait_for_word(&mut self, lines: &Receiver<String>) -> Result<()> {
        loop {
            match lines.try_recv() {
                Ok(_go) => return Ok(()),
                Err(TryRecvError::Empty) => self.serve(clock::now_ns() + 1_000_000)?,
                Err(TryRecvError::Disconnected) => bail!("nobody is left to give the word"),
            }
        }
    }

    /// Takes what the kernel has, and waits for it until then at the latest.
    fn serve(&mut self, until_ns: u64) -> Result<()> {
        let left_ns = until_ns.saturating_sub(clock::now_ns());
        // The kernel counts in milliseconds; what is less is not slept through, so that no frame is late.
        let wait = Duration::from_millis((left_ns / 1_000_000).min(100));
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        let polled = self.poll.poll(&mut events, Some(wait));
        match polled {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => other?,
        }
        for event in &events {
            let index = event.token().0;
            if event.is_writable() {
                self.on_writable(index);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.on_readable(index);
            }
        }
        self.events = events;
        Ok(())
    }

    /// Answers pings with all sockets open.
    fn stay(&mut self, seconds: f64) -> Result<()> {
        let until_ns = clock::now_ns() + clock::seconds_ns(seconds);
        while clock::now_ns() < until_ns {
            self.serve(until_ns)?;
        }
        Ok(())
    }

    /// What has been seen.
    fn finish(&mut self) -> Figures {
        for connection in &self.connections {
            self.figures.frames_lost += connection.in_flight.len() as u64;
            self.figures.frames_held_back += connection.owed.len() as u64;
        }
        let devices = self.connections.iter().take(self.plan.devices as usize);
        self.figures.records = devices.map(|device| device.acknowledged).collect();
        self.figures.acknowledgement = self.times.acknowledgement.recorded();
        self.figures.push = self.times.push.recorded();
        self.figures.board = self.times.board.recorded();
        self.figures.resume = self.times.resume.recorded();
        std::mem::take(&mut self.figures)
    }

    /// Ends a socket for a reason.
    fn end(&mut self, index: usize, why: String) {
        let connection = &mut self.connections[index];
        if connection.phase == Phase::Ended {
            return;
        }
        connection.phase = Phase::Ended;
        // Nobody answers them any more; `finish` counts them as lost.
        self.in_flight = self
            .in_flight
            .saturating_sub(connection.in_flight.len() as u64);
        // A socket that is gone anyway cannot be taken from the list again.
        let _gone = self.poll.registry().deregister(&mut connection.tcp);
        self.figures.error(why);
    }
}
