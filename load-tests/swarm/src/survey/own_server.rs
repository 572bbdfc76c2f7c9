//! A server that a section starts by itself: because several loads meet on it, or it is looked at while it runs and ends, or killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::lab::Lab;
use crate::clock;
use crate::conduct::{ISSUER, KID, SECRET};
use crate::rest::Rest;
use crate::scrape::Scrape;
use crate::server::{Launch, Serving};
use crate::token::Signer;
use crate::usage::Usage;

/// From one look at a server that ends to the next.
const LOOK: Duration = Duration::from_millis(20);
/// How long it may take to end, in seconds.
const END_S: f64 = 120.0;

/// A server on core 0 with a directory of its own.
pub(super) struct OwnServer {
    serving: Option<Serving>,
    directory: PathBuf,
    arguments: Vec<String>,
    program: PathBuf,
    pub(super) pid: u32,
}

impl OwnServer {
    /// Starts one on a fresh directory, with these arguments beside those that let one machine play thousands.
    pub(super) fn start(lab: &Lab<'_>, name: &str, arguments: &[&str]) -> Result<Self> {
        let directory = std::path::absolute(lab.args.folder.join("servers").join(name))?;
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        let mut server = Self {
            serving: None,
            directory,
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            program: lab.args.server.clone(),
            pid: 0,
        };
        server.start_again()?;
        Ok(server)
    }

    /// Starts it on what it has kept.
    pub(super) fn start_again(&mut self) -> Result<()> {
        let serving = Serving::start(&Launch {
            program: &self.program,
            directory: &self.directory,
            core: Some("0"),
            workers: 1,
            secret: SECRET,
            storage: None,
            arguments: &self.arguments,
        })?;
        self.pid = serving.child.id();
        self.serving = Some(serving);
        Ok(())
    }

    /// What `swarm run` needs to use it.
    pub(super) fn words(&self) -> Result<String> {
        let secret = self.directory.join("hs256.secret");
        let (address, secret, pid) = (self.address()?, secret.display(), self.pid);
        Ok(format!(
            "--url http://{address} --secret-file {secret} --pid {pid}"
        ))
    }

    pub(super) fn address(&self) -> Result<std::net::SocketAddr> {
        Ok(self.serving.as_ref().context("it does not run")?.address)
    }

    pub(super) fn signer() -> Signer {
        Signer {
            secret: SECRET.to_owned(),
            kid: KID.to_owned(),
            issuer: ISSUER.to_owned(),
        }
    }

    pub(super) fn usage(&self) -> Result<Usage> {
        Usage::of(self.pid)
    }

    /// Its open descriptors.
    pub(super) fn descriptors(&self) -> Result<usize> {
        let path = format!("/proc/{}/fd", self.pid);
        Ok(fs::read_dir(&path).with_context(|| path)?.count())
    }

    /// Its own figures.
    pub(super) fn scrape(&self) -> Result<Scrape> {
        let token = Self::signer().admin(clock::unix_ms())?;
        let text = Rest::new(self.address()?, token)?.text("/metrics")?;
        Ok(Scrape::of(&text))
    }

    /// SIGKILL, in the middle of whatever it does.
    pub(super) fn kill(&mut self) {
        drop(self.serving.take());
    }

    /// SIGTERM; what the process had used when it was over.
    pub(super) fn end(&mut self) -> Result<Usage> {
        let mut serving = self.serving.take().context("it does not run")?;
        let status = Command::new("kill")
            .args(["-TERM", &self.pid.to_string()])
            .status()?;
        anyhow::ensure!(status.success(), "process {} cannot be ended", self.pid);
        let give_up_ns = clock::now_ns() + clock::seconds_ns(END_S);
        let mut last = Usage::of(self.pid)?;
        // Until it is waited for, the kernel tells what a dead process has used.
        while !is_dead(self.pid)? {
            if clock::now_ns() > give_up_ns {
                bail!("the server has not ended after {END_S} s");
            }
            last = Usage::of(self.pid)?;
            std::thread::sleep(LOOK);
        }
        last = Usage::of(self.pid).unwrap_or(last);
        let status = serving.child.wait()?;
        anyhow::ensure!(status.success(), "the server ended with {status}");
        Ok(last)
    }

    /// Bytes of its data on the disk: of all files, and without the logs of the storage engine, which are preallocated.
    pub(super) fn data_bytes(&self) -> Result<(u64, u64)> {
        bytes_below(&self.directory.join("data"))
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
        // What is left of it is in the way of nothing but the disk's room.
        let _left = fs::remove_dir_all(&self.directory);
    }
}

/// Whether the process has ended and is not waited for.
fn is_dead(pid: u32) -> Result<bool> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| path)?;
    Ok(stat
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('Z')))
}

/// Bytes of all files below, and of those that are no log of the engine; a file that goes meanwhile counts nothing.
fn bytes_below(folder: &Path) -> Result<(u64, u64)> {
    let (mut all, mut kept) = (0, 0);
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let Ok(about) = entry.metadata() else {
            continue;
        };
        if about.is_dir() {
            let below = bytes_below(&entry.path())?;
            (all, kept) = (all + below.0, kept + below.1);
            continue;
        }
        all += about.len();
        if entry
            .path()
            .extension()
            .is_none_or(|ending| ending != "jnl")
        {
            kept += about.len();
        }
    }
    Ok((all, kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_of_all_folders_and_the_engines_logs_are_told_apart() {
        let folder = std::env::temp_dir().join(format!("swarm-bytes-{}", std::process::id()));
        fs::create_dir_all(folder.join("a")).unwrap();
        fs::write(folder.join("a/1.jnl"), [0; 100]).unwrap();
        fs::write(folder.join("a/2"), [0; 10]).unwrap();
        fs::write(folder.join("3"), [0; 1]).unwrap();
        let bytes = bytes_below(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(bytes, (111, 11));
    }

    #[test]
    fn a_process_that_lives_is_not_dead() {
        assert!(!is_dead(std::process::id()).unwrap());
    }
}
