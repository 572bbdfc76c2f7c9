//! Runs a script against a server, with or without faults: mail is lost, repeated and overtaken, states leave memory, the
//! journal is cut, the store is slow or refuses until the server is started again, and the server crashes between any two
//! steps, with and without a loss of power.

use streakline::storage::memory::MemoryStore;
use streakline_core::id::ChallengeId;

use crate::{
    clients::Clients,
    random::Random,
    rows::parts_stand,
    script::Script,
    server::{Checked, Server, Task},
    soak::Tally,
};

/// Steps within one instant after which something must be wrong.
const STEPS_MAX: usize = 20_000;
/// How an answer of a store that refuses begins.
const STORE_FAULT: &str = "the store cannot be written or read";
/// Crashes within one instant.
const CRASHES_MAX: usize = 4;

/// What an operator offers again in one world.
const RETRIES_MAX: usize = 5;

/// What may go wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    pub(crate) crashes: bool,
    pub(crate) skip_sync: bool,
    /// Order within an instant: of the seed's kind of disorder.
    pub(crate) order: u64,
}

impl Faults {
    /// Nothing goes wrong.
    pub(crate) const NONE: Self = Self {
        crashes: false,
        skip_sync: false,
        order: 0,
    };
    /// Everything does, but the store keeps its word.
    pub(crate) const ALL: Self = Self {
        crashes: true,
        ..Self::NONE
    };
}

struct World<'a> {
    script: &'a Script,
    faults: Faults,
    random: Random,
    server: Server,
    clients: Clients,
    crashes: usize,
    /// Within this instant the store is slower than everything else.
    slow_store: bool,
    tally: Tally,
    retries: usize,
}

/// Runs a script to its end, and until nothing is under way; the server has everybody in memory then.
pub(crate) fn run(seed: u64, script: &Script, faults: Faults) -> Checked<(Server, Tally)> {
    let store = MemoryStore::new();
    store.set_skip_sync(faults.skip_sync);
    let first_ms = script.instants.first().map_or(0, |instant| instant.at_ms);
    let mut world = World {
        script,
        faults,
        random: Random::new(seed, 2 + faults.order),
        server: Server::new(store, first_ms)?,
        clients: Clients::new(script),
        crashes: 0,
        slow_store: false,
        tally: Tally::default(),
        retries: 0,
    };
    for instant in &script.instants {
        world.crashes = 0;
        world.slow_store = faults.crashes && world.random.permille(150);
        let down = faults.crashes && world.random.permille(80);
        world.server.now_ms = instant.at_ms;
        if down {
            world.crash()?;
        }
        if instant.rests() {
            // What ends by then has ended, so that every world erases from the same boards.
            world.settle(true)?;
        }
        for action in &instant.actions {
            world.clients.take(script, action);
        }
        let wait = !faults.crashes || world.random.permille(600);
        world.settle(wait)?;
    }
    world.end()?;
    Ok((world.server, world.tally))
}

impl World<'_> {
    /// Goes on until clients are satisfied, and with `wait` until nothing at all is under way.
    fn settle(&mut self, wait: bool) -> Checked<()> {
        for _ in 0..STEPS_MAX {
            match self.go_on(wait) {
                Ok(false) => {}
                Ok(true) => {
                    self.hang_up();
                    return if wait { self.stand() } else { Ok(()) };
                }
                Err(wrong) if wrong.starts_with(STORE_FAULT) => self.give_up()?,
                Err(wrong) => return Err(wrong),
            }
        }
        let (satisfied, unrest) = (self.clients.is_satisfied(), self.server.unrest());
        Err(format!(
            "it never comes to rest; clients satisfied: {satisfied}; {unrest}"
        ))
    }

    /// At rest a board in parts shows what its members know of themselves.
    fn stand(&self) -> Checked<()> {
        let mut challenges = self.script.challenges.iter();
        challenges.try_for_each(|(id, _)| parts_stand(&self.server, *id))
    }

    /// One step; whether everything is at rest instead.
    fn go_on(&mut self, wait: bool) -> Checked<bool> {
        self.listen()?;
        let satisfied = self.clients.is_satisfied();
        if satisfied && (!wait || self.server.is_quiet()) && !self.server.is_anyone_held()? {
            return Ok(true);
        }
        if self.faults.crashes {
            self.disturb()?;
        }
        if self.server.tasks.is_empty() {
            self.server.release_all()?;
            self.clients.send(&mut self.server, &mut self.random);
            self.server.round()?;
        } else {
            self.step()?;
        }
        Ok(false)
    }

    /// The store refuses, and nothing more can be promised: the server ends and is started again, and finds it healed.
    fn give_up(&mut self) -> Checked<()> {
        self.tally.store_faults += 1;
        self.crash()
    }

    /// Requests that are answered need no second copy: its sender has hung up.
    fn hang_up(&mut self) {
        let stale = |task: &Task| matches!(task, Task::Arrive(mail) if mail.is_request());
        self.server.tasks.retain(|task| !stale(task));
    }

    fn listen(&mut self) -> Checked<()> {
        for reply in std::mem::take(&mut self.server.replies) {
            let lost = self.faults.crashes && self.random.permille(50);
            if lost {
                self.tally.lost += 1;
            } else {
                self.clients.hear(reply)?;
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Checked<()> {
        self.tally.steps += 1;
        let at = self.next_task();
        let task = self.server.tasks.remove(at);
        if let (true, Task::Arrive(mail)) = (self.faults.crashes, &task) {
            if self.random.permille(50) {
                self.tally.lost += 1;
                return Ok(());
            }
            if !mail.is_request() && self.random.permille(50) {
                self.tally.repeated += 1;
                self.server.tasks.push(task.clone());
            }
        }
        self.server.step(task)
    }

    /// Any task that is under way; of a slow store seldom where there is another.
    fn next_task(&mut self) -> usize {
        let tasks = &self.server.tasks;
        if !self.faults.crashes && self.faults.order == 0 {
            return 0;
        }
        let quick = |at: &usize| matches!(tasks[*at], Task::Arrive(_) | Task::Flushed(_));
        let quick: Vec<usize> = (0..tasks.len()).filter(quick).collect();
        if self.slow_store && !quick.is_empty() && self.random.permille(950) {
            return quick[self.random.index(quick.len())];
        }
        self.random.index(tasks.len())
    }

    /// Snapshots, leaving memory, truncation, crashes: none of them may show.
    fn disturb(&mut self) -> Checked<()> {
        match self.random.index(240) {
            0 if self.crashes < CRASHES_MAX => self.crash()?,
            1..6 => {
                let person = self.random.index(self.script.people.len());
                self.server.snapshot_user(&self.script.people[person].user);
            }
            6..14 => {
                let person = self.random.index(self.script.people.len());
                self.server.passivate_user(&self.script.people[person].user);
            }
            14..17 => {
                let of = self.entity();
                self.server.snapshot_challenge(of);
            }
            17..20 => {
                let of = self.entity();
                self.server.passivate_challenge(of);
            }
            20 => self.server.truncate()?,
            21 if self.crashes < CRASHES_MAX => self.spoil(),
            22..25 => {
                let person = self.random.index(self.script.people.len());
                self.server.fault_user(&self.script.people[person].user);
            }
            25 if self.retries < RETRIES_MAX => {
                let rows = self.server.stuck()?;
                if !rows.is_empty() {
                    self.retries += 1;
                    let (name, row) = &rows[self.random.index(rows.len())];
                    self.server.retry(*name, row);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Some challenge or campaign.
    fn entity(&mut self) -> ChallengeId {
        let all = self.script.entities();
        all[self.random.index(all.len())]
    }

    /// From some write on, or from now on, the store refuses everything.
    fn spoil(&mut self) {
        if self.random.permille(500) {
            self.server.store.fail_after(self.random.next() % 4);
        } else {
            self.server.store.set_fault("as was asked for");
        }
    }

    fn crash(&mut self) -> Checked<()> {
        self.crashes += 1;
        self.tally.crashes += 1;
        let power = self.random.permille(500);
        self.tally.power_losses += u64::from(power);
        if power && self.random.permille(300) {
            // The disk was in the middle of what nobody had synced.
            self.server.store.tear(self.random.index(8));
        }
        self.server.crash(power)
    }

    /// Truncation never waits for what is stuck: once everybody is covered, nothing of the journal is left.
    fn dropped(&mut self) -> Checked<()> {
        for person in &self.script.people {
            self.server.snapshot_user(&person.user);
        }
        for of in self.script.entities() {
            self.server.snapshot_challenge(of);
        }
        self.settle(true)?;
        self.server.truncate()?;
        self.server.check_empty()
    }

    /// One more start, so that everything is read back, then rest.
    fn end(&mut self) -> Checked<()> {
        self.settle(true)?;
        if self.faults.crashes {
            self.crash()?;
        }
        self.faults = Faults {
            crashes: false,
            ..self.faults
        };
        self.slow_store = false;
        let users = self.script.people.iter().map(|person| person.user.clone());
        self.server
            .read_all(users.collect(), self.script.entities());
        self.settle(true)?;
        self.dropped()?;
        // Clients may be content before everybody is read.
        self.clients.check_kept(&self.server, &self.script.erased())
    }
}
