//! The processes of a run: started, told to go together, and listened to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::clock;
use crate::figures::{Figures, Sum};
use crate::plan::{Plan, Said};
use crate::server::pinned;
use crate::usage::Usage;

/// All processes of a run.
pub(crate) struct Members {
    children: Vec<Child>,
    stdin: Vec<ChildStdin>,
    said: Receiver<(usize, Option<Said>)>,
    /// Sent and acknowledged frames of each.
    progress: Vec<(u64, u64)>,
    opened: Vec<u32>,
    ended: Vec<Option<Figures>>,
    ready: usize,
}

impl Members {
    /// Starts a process for each plan.
    pub(crate) fn start(program: &Path, plans: &[Plan], core: Option<&str>) -> Result<Self> {
        let (sender, said) = channel();
        let mut members = Self {
            children: Vec::new(),
            stdin: Vec::new(),
            said,
            progress: vec![(0, 0); plans.len()],
            opened: vec![0; plans.len()],
            ended: plans.iter().map(|_| None).collect(),
            ready: 0,
        };
        for (index, plan) in plans.iter().enumerate() {
            let mut command = pinned(program, core);
            command
                .arg("member")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            let mut child = command.spawn().context("starting a process of the swarm")?;
            let mut stdin = child.stdin.take().context("its stdin")?;
            let stdout = child.stdout.take().context("its stdout")?;
            members.children.push(child);
            writeln!(stdin, "{}", serde_json::to_string(plan)?)?;
            members.stdin.push(stdin);
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let said = serde_json::from_str(&line).ok();
                    if sender.send((index, said)).is_err() {
                        return;
                    }
                }
                // It has said its last, with or without a result.
                let _nobody_listens = sender.send((index, None));
            });
        }
        Ok(members)
    }

    /// Waits until all sockets are open.
    pub(crate) fn wait_ready(&mut self, tell: &dyn Fn(u64)) -> Result<()> {
        while self.ready < self.children.len() {
            self.listen(Duration::from_secs(1))?;
            tell(self.opened.iter().map(|opened| u64::from(*opened)).sum());
        }
        Ok(())
    }

    /// Gives the word to all.
    pub(crate) fn go(&mut self) -> Result<()> {
        for stdin in &mut self.stdin {
            stdin.write_all(b"go\n")?;
        }
        Ok(())
    }

    /// Listens until that moment; `tell` is given the frames that were sent and acknowledged.
    pub(crate) fn listen_until(&mut self, ns: u64, tell: &dyn Fn(u64, u64)) -> Result<()> {
        while let Some(left) = ns.checked_sub(clock::now_ns()).filter(|left| *left > 0) {
            if self.is_ended() {
                // Nothing more can come, and the moment is waited for all the same.
                std::thread::sleep(Duration::from_nanos(left));
                return Ok(());
            }
            self.listen(Duration::from_nanos(left))?;
            self.tell(tell);
        }
        Ok(())
    }

    /// Listens until all have ended.
    pub(crate) fn wait_ended(&mut self, tell: &dyn Fn(u64, u64)) -> Result<()> {
        while !self.is_ended() {
            self.listen(Duration::from_secs(1))?;
            self.tell(tell);
        }
        Ok(())
    }

    fn is_ended(&self) -> bool {
        self.ended.iter().all(Option::is_some)
    }

    fn tell(&self, tell: &dyn Fn(u64, u64)) {
        let sum = |of: fn(&(u64, u64)) -> u64| self.progress.iter().map(of).sum();
        tell(sum(|progress| progress.0), sum(|progress| progress.1));
    }

    fn listen(&mut self, wait: Duration) -> Result<()> {
        let (index, said) = match self.said.recv_timeout(wait) {
            Ok(said) => said,
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => bail!("the processes have gone"),
        };
        match said {
            Some(Said::Opened(count)) => self.opened[index] = count,
            Some(Said::Ready) => self.ready += 1,
            Some(Said::Progress { sent, acknowledged }) => {
                self.progress[index] = (sent, acknowledged)
            }
            Some(Said::Ended(figures)) => self.ended[index] = Some(*figures),
            None if self.ended[index].is_some() => {}
            None => bail!("process {index} of the swarm has failed"),
        }
        Ok(())
    }

    /// CPU time of all of them.
    pub(crate) fn cpu_s(&self) -> f64 {
        let usage = self.children.iter().map(|child| Usage::of(child.id()));
        usage.filter_map(Result::ok).map(|usage| usage.cpu_s).sum()
    }

    /// Adds the figures of all, in the order of their devices.
    pub(crate) fn add_to(&mut self, sum: &mut Sum) -> Result<()> {
        for figures in &mut self.ended {
            sum.add(figures.take().context("a process has not ended")?);
        }
        Ok(())
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Those that have ended are only to be waited for.
            let _gone_already = child.kill();
            let _gone_already = child.wait();
        }
    }
}
