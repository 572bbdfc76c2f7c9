//! Who leaves memory: users without a command for `actors.idle_s`, and the longest idle ones earlier when memory is full: then an
//! eighth is freed at once, so that not every newcomer has to wait until somebody leaves. Those whom a socket keeps are written and
//! give back what they do not need at rest.
//!
//! Every user in memory has one place in a queue, by when it is worth a look. A look costs a comparison, and comes once in the
//! idle time, so that rounds do not grow with the users in memory. Called by rounds.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
};

use streakline_core::{id::UserId, limits};

use super::{
    admission,
    host::Host,
    user::{self, Look},
};
use crate::clock;

/// Users that one round looks at.
const LOOKS_MAX: usize = 8 * 1024;
/// Shortest time between two looks at a user that cannot leave now, ms.
const LOOK_AGAIN_MS: u64 = 1_000;
/// The part of memory that is freed once it is full: an eighth.
const FREED_PART: usize = 8;

/// Users in memory by when to look whether they are idle, ms of the machine's clock.
#[derive(Default)]
pub(super) struct Idling {
    queue: RefCell<BTreeSet<(u64, UserId)>>,
    /// Memory was full, and a part of it is being freed.
    freeing: Cell<bool>,
}

impl Idling {
    /// A user is in memory from now on.
    pub(super) fn came(&self, user: &UserId, idle_ms: u64) {
        let at_ms = clock::monotonic_ms().saturating_add(idle_ms);
        self.queue.borrow_mut().insert((at_ms, user.clone()));
    }

    fn pop(&self, up_to_ms: u64) -> Option<(u64, UserId)> {
        let mut queue = self.queue.borrow_mut();
        queue.first().filter(|(at_ms, _)| *at_ms <= up_to_ms)?;
        queue.pop_first()
    }
}

impl Host {
    /// Whether users leave who are not idle for long: from the moment that memory is full until a part of it is free.
    pub(super) fn makes_room(&self) -> bool {
        let freeing = self.is_full() || (self.idling.freeing.get() && !self.has_room());
        self.idling.freeing.set(freeing);
        freeing
    }

    fn has_room(&self) -> bool {
        let most = self.shared.settings.memory_bytes_max;
        self.admission.weight().bytes <= most.saturating_sub(most / FREED_PART)
    }
}

/// Lets go who is idle, and while room is made who was used least lately; then those come who wait for it.
pub(super) fn round(host: &Rc<Host>) {
    let now_ms = clock::monotonic_ms();
    let idle_ms = host.shared.settings.idle_ms;
    let later_ms = now_ms.saturating_add(idle_ms.max(LOOK_AGAIN_MS));
    let mut again = Vec::new();
    for _ in 0..LOOKS_MAX {
        if host.snapshots_under_way.get() >= limits::SNAPSHOTS_AT_ONCE {
            break;
        }
        let early = host.makes_room();
        let up_to_ms = if early { u64::MAX } else { now_ms };
        let Some((at_ms, id)) = host.idling.pop(up_to_ms) else {
            break;
        };
        let entry = host.users.borrow().get(&id).cloned();
        let Some(entry) = entry else { continue };
        let used_ms = entry.cell.borrow_mut().look();
        let idle_at_ms = used_ms.saturating_add(idle_ms);
        if idle_at_ms > at_ms {
            // Used since the last look: it joins the queue where it belongs.
            again.push((idle_at_ms, id));
            continue;
        }
        match user::let_go(&entry.cell) {
            Look::Gone => {}
            Look::Leaving => again.push((now_ms.saturating_add(LOOK_AGAIN_MS), id)),
            Look::Needed => {
                user::rest(&entry.cell);
                again.push((later_ms, id));
            }
        }
    }
    host.idling.queue.borrow_mut().extend(again);
    admission::go_on(host);
}
