//! Who comes into memory: at most so many snapshots are read at once on one arbiter, and no user comes in while memory is full.
//! Who must wait does so in one bounded queue; beyond it, and when nobody can make room, the answer is `overloaded`.
//!
//! A socket that waits here is not read (protocol.md 3): a burst of first messages is held back in the clients' own queues.
//! Who leaves memory is `idling`'s business. Called by the host for every command to a user.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use streakline_core::{id::UserId, limits};

use super::{
    host::Host,
    shared::Token,
    user::{self, UserCommand},
};
use crate::{
    clock,
    protocol::error_code::{Code, Refusal},
};

/// Ms that a command waits for memory that nobody gives back.
const FULL_WAIT_MS: u64 = 5_000;
/// Part of the places that work in the background leaves to live traffic.
const BACKGROUND_PART: usize = 2;
/// Ms between two looks for a place in the background.
const LOOK_MS: u64 = 1;

/// What one arbiter takes in, and what waits.
#[derive(Default)]
pub(super) struct Admission {
    under_way: Cell<usize>,
    peak: Cell<usize>,
    /// Bytes of users in memory, about, and of their minutes.
    bytes: Cell<usize>,
    head_bytes: Cell<usize>,
    waiting: RefCell<Waiting>,
}

/// Commands to users that are not in memory yet; those of one user stay in their order.
#[derive(Default)]
struct Waiting {
    order: VecDeque<(UserId, u64)>,
    commands: BTreeMap<UserId, Vec<(UserCommand, Token)>>,
    count: usize,
    peak: usize,
}

impl Waiting {
    /// Joins the queue, or gives the command back.
    fn push(&mut self, to: UserId, command: UserCommand, token: Token) -> Option<UserCommand> {
        if self.count >= limits::ACTIVATIONS_WAITING_MAX {
            return Some(command);
        }
        self.count = self.count.saturating_add(1);
        self.peak = self.peak.max(self.count);
        if !self.commands.contains_key(&to) {
            self.order.push_back((to.clone(), clock::monotonic_ms()));
        }
        self.commands.entry(to).or_default().push((command, token));
        None
    }

    /// The user that has waited longest, if it came at or before `since_ms`.
    fn pop(&mut self, since_ms: u64) -> Option<(UserId, Vec<(UserCommand, Token)>)> {
        self.order.front().filter(|(_, at_ms)| *at_ms <= since_ms)?;
        let (user, _) = self.order.pop_front()?;
        let commands = self.commands.remove(&user).unwrap_or_default();
        self.count = self.count.saturating_sub(commands.len());
        Some((user, commands))
    }
}

/// What a user in memory weighs, as it was counted last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Of everything.
    pub(super) bytes: usize,
    /// Of its minutes.
    pub(super) head_bytes: usize,
}

impl Admission {
    /// A snapshot begins to be read.
    pub(super) fn begin(&self) {
        self.under_way.set(self.under_way.get().saturating_add(1));
        self.peak.set(self.peak.get().max(self.under_way.get()));
    }

    /// Counts a user's new weight instead of its old one.
    pub(super) fn reweigh(&self, old: Weight, new: Weight) {
        let change = |sum: &Cell<usize>, old: usize, new: usize| {
            sum.set(sum.get().saturating_sub(old).saturating_add(new));
        };
        change(&self.bytes, old.bytes, new.bytes);
        change(&self.head_bytes, old.head_bytes, new.head_bytes);
    }

    /// Snapshots that are being read.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.get()
    }

    /// Most snapshots that were ever read at once.
    pub(super) fn peak(&self) -> usize {
        self.peak.get()
    }

    /// Commands that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.borrow().count
    }

    /// Most commands that ever waited.
    pub(super) fn waiting_peak(&self) -> usize {
        self.waiting.borrow().peak
    }

    /// What all users in memory weigh.
    pub(super) fn weight(&self) -> Weight {
        Weight {
            bytes: self.bytes.get(),
            head_bytes: self.head_bytes.get(),
        }
    }
}

impl Host {
    /// Whether users take as much memory as they may (`actors.memory_max_bytes`).
    pub(super) fn is_full(&self) -> bool {
        self.admission.bytes.get() > self.shared.settings.memory_bytes_max
    }

    fn has_place(&self) -> bool {
        self.admission.under_way.get() < limits::ACTIVATIONS_MAX && !self.is_full()
    }
}

/// Hands a command to its user, who may have to be read from the store first, or to wait for a place.
pub(super) fn take(host: &Rc<Host>, to: UserId, command: UserCommand, token: Token) {
    let waits = host.admission.waiting.borrow().commands.contains_key(&to);
    if !waits && let Some(cell) = host.user_cell(&to) {
        return match user::is_at_hand(&cell) {
            true => user::take_now(&cell, command, token),
            false => host.user(&to).deliver(command, token),
        };
    }
    if !waits && !command.wakes() {
        return;
    }
    if !waits && host.has_place() {
        return host.user(&to).deliver(command, token);
    }
    let refused = host
        .admission
        .waiting
        .borrow_mut()
        .push(to.clone(), command, token);
    if let Some(command) = refused {
        command.refuse(host, to, busy());
    }
}

fn busy() -> Refusal {
    Refusal::new(Code::Overloaded, "too many users come at once; try again")
}

/// A snapshot has been read, or could not be: the next in the queue comes.
pub(super) fn done(host: &Rc<Host>, user: &UserId) {
    let under_way = &host.admission.under_way;
    under_way.set(under_way.get().saturating_sub(1));
    host.idling.came(user, host.shared.settings.idle_ms);
    go_on(host);
}

/// Lets in who waits, as far as there are places; who has waited for memory in vain is refused.
pub(super) fn go_on(host: &Rc<Host>) {
    while host.has_place() {
        let next = host.admission.waiting.borrow_mut().pop(u64::MAX);
        let Some((user, commands)) = next else { return };
        let entry = host.user(&user);
        for (command, token) in commands {
            entry.deliver(command, token);
        }
    }
    if !host.is_full() {
        return;
    }
    let Some(since_ms) = clock::monotonic_ms().checked_sub(FULL_WAIT_MS) else {
        return;
    };
    loop {
        let next = host.admission.waiting.borrow_mut().pop(since_ms);
        let Some((user, commands)) = next else { return };
        for (command, token) in commands {
            command.refuse(host, user.clone(), busy());
            drop(token);
        }
    }
}

/// Waits for a place in the background, behind live traffic. Memory that is full is waited for a while only: who comes in the
/// background can leave again at once, and what is due must be done.
pub(super) async fn place(host: &Host) {
    let since_ms = clock::monotonic_ms();
    let busy = || {
        let waited_ms = clock::monotonic_ms().saturating_sub(since_ms);
        let is_full = host.is_full() && waited_ms < super::host::ROUND_MS.saturating_mul(2);
        let places = limits::ACTIVATIONS_MAX / BACKGROUND_PART;
        is_full || host.admission.under_way.get() >= places
    };
    while busy() {
        clock::pause_ms(LOOK_MS).await;
    }
}
