//! When frames are sent: at a fixed rate, so many under way, a backlog to its end, or all at once after a cut.

use anyhow::{Result, bail};

use super::{Member, clock, connection::Phase};
use crate::plan::Load;
use crate::profile::Profile;
use crate::schedule::Schedule;

/// Frames that are sent before what has come is looked at.
const FRAMES_AT_ONCE: usize = 256;
/// How long answers may take after the last frame, in seconds.
const DRAIN_S: f64 = 30.0;
/// How long a load that ends by itself may take, in seconds.
const LONGEST_S: f64 = 900.0;
/// Frames that each device of a storm sends before the cut, and keeps for afterwards.
const BEFORE_THE_CUT: u64 = 2;

impl Member {
    /// Does what the profile does.
    pub(super) fn follow_plan(&mut self) -> Result<()> {
        let begun_ns = clock::now_ns();
        let from_ns = begun_ns + clock::seconds_ns(self.plan.warmup_s);
        self.window = (from_ns, from_ns + clock::seconds_ns(self.plan.seconds));
        self.until_ns = self.window.1;
        match (self.plan.profile, self.plan.load) {
            (Profile::Idle, _) => self.wait_until(self.window.1)?,
            (Profile::Backfill, _) => self.backlog(begun_ns)?,
            (Profile::Storm, _) => self.storm()?,
            (Profile::Board, Load::Rate(per_s)) => {
                self.start_ms = clock::unix_ms();
                self.open_loop(Schedule::new(begun_ns, per_s))?;
            }
            (Profile::Board, Load::Window(_)) => bail!("the profile board needs a rate"),
            (_, Load::Rate(per_s)) => self.open_loop(Schedule::new(begun_ns, per_s))?,
            (_, Load::Window(frames)) => self.closed_loop(frames)?,
        }
        self.drain(DRAIN_S)
    }

    fn wait_until(&mut self, until_ns: u64) -> Result<()> {
        while clock::now_ns() < until_ns {
            self.serve(until_ns)?;
            self.tell_progress(clock::now_ns())?;
        }
        Ok(())
    }

    /// Waits until everything is answered, for that long at most; what is not counts as lost.
    fn drain(&mut self, seconds: f64) -> Result<()> {
        let give_up_ns = clock::now_ns() + clock::seconds_ns(seconds);
        while self.in_flight > 0 && clock::now_ns() < give_up_ns {
            self.serve(give_up_ns)?;
        }
        Ok(())
    }

    /// Frames at their times, each by the next device.
    fn open_loop(&mut self, mut schedule: Schedule) -> Result<()> {
        let senders = self.senders() as u64;
        loop {
            let now_ns = clock::now_ns();
            if now_ns >= self.until_ns {
                return Ok(());
            }
            for _ in 0..FRAMES_AT_ONCE {
                let Some((number, due_ns)) = schedule.take(now_ns) else {
                    break;
                };
                self.due((number % senders) as usize, due_ns);
            }
            self.serve(schedule.next_ns().min(self.until_ns))?;
            self.tell_progress(now_ns)?;
        }
    }

    /// A frame is due: it is sent if the device has credit, and waits for it otherwise.
    fn due(&mut self, index: usize, due_ns: u64) {
        let connection = &mut self.connections[index];
        if connection.phase != Phase::Open {
            return self.figures.error("due_on_an_ended_socket");
        }
        if connection.owed.is_empty() && connection.in_flight.len() < connection.credits as usize {
            return self.send_batch(index, due_ns);
        }
        connection.owed.push_back(due_ns);
    }

    /// So many frames of each device are under way.
    fn closed_loop(&mut self, frames: u32) -> Result<()> {
        self.is_closed_loop = true;
        for index in 0..self.senders() {
            for _ in 0..frames {
                self.send_batch(index, clock::now_ns());
            }
        }
        self.wait_until(self.until_ns)?;
        self.is_closed_loop = false;
        Ok(())
    }

    /// A frame of the device was answered.
    pub(super) fn go_on(&mut self, index: usize, now_ns: u64) {
        if self.cut_ns.is_some() {
            return self.resume(index);
        }
        if self.is_closed_loop {
            if now_ns < self.until_ns && self.is_left(index) {
                self.send_batch(index, now_ns);
            }
            return;
        }
        let connection = &mut self.connections[index];
        let has_credit = connection.in_flight.len() < connection.credits as usize;
        if has_credit
            && now_ns < self.until_ns
            && let Some(due_ns) = connection.owed.pop_front()
        {
            self.send_batch(index, due_ns);
        }
    }

    /// Whether the device has more to send.
    fn is_left(&self, index: usize) -> bool {
        let is_endless = self.plan.profile != Profile::Backfill;
        is_endless || self.connections[index].next_batch < self.plan.backlog
    }

    /// Every device sends what it has kept, as fast as its credits let it.
    fn backlog(&mut self, begun_ns: u64) -> Result<()> {
        self.is_closed_loop = true;
        self.until_ns = begun_ns + clock::seconds_ns(LONGEST_S);
        self.window = (begun_ns, self.until_ns);
        for index in 0..self.senders() {
            for _ in 0..self.connections[index].credits.min(16) {
                if self.is_left(index) {
                    self.send_batch(index, clock::now_ns());
                }
            }
        }
        while self.in_flight > 0 && clock::now_ns() < self.until_ns {
            self.serve(self.until_ns)?;
            self.tell_progress(clock::now_ns())?;
        }
        self.figures.seconds = Some(seconds_since(begun_ns));
        Ok(())
    }

    /// Everyone sends, is cut off in the middle of a second frame, and comes back with a third.
    fn storm(&mut self) -> Result<()> {
        for _ in 0..BEFORE_THE_CUT {
            self.drain(DRAIN_S)?;
            for index in 0..self.senders() {
                self.send_batch(index, clock::now_ns());
            }
        }
        let cut_ns = clock::now_ns();
        self.cut_ns = Some(cut_ns);
        self.window = (cut_ns, cut_ns + clock::seconds_ns(LONGEST_S));
        self.in_flight = 0;
        self.open = 0;
        for index in 0..self.connections.len() {
            let tcp = self.begin(index as u32)?;
            self.connections[index].replace(tcp);
            self.register(index)?;
        }
        let give_up_ns = cut_ns + clock::seconds_ns(LONGEST_S);
        while self.behind() && clock::now_ns() < give_up_ns && self.figures.errors.is_empty() {
            self.serve(give_up_ns)?;
        }
        self.figures.seconds = Some(seconds_since(cut_ns));
        Ok(())
    }

    /// Whether some device has not been caught up.
    fn behind(&self) -> bool {
        self.open < self.plan.devices || self.in_flight > 0
    }

    /// After the cut: sends what the server has not, up to the frame that was kept; a device that has nothing more is caught up.
    pub(super) fn resume(&mut self, index: usize) {
        let records = u64::from(self.plan.records);
        let all = (BEFORE_THE_CUT + 1) * records;
        if self.connections[index].next_seq <= all {
            return self.send_batch(index, clock::now_ns());
        }
        let caught_up_ns = clock::now_ns();
        if let Some(cut_ns) = self.cut_ns {
            self.times
                .resume
                .record_ns(caught_up_ns.saturating_sub(cut_ns));
        }
        self.connections[index].acknowledged = all;
    }
}

fn seconds_since(ns: u64) -> f64 {
    clock::now_ns().saturating_sub(ns) as f64 / 1e9
}
