//! A server that is started for the run: on a fresh directory, with settings that let one machine play thousands, on a core of
//! its own. It is asked to end by SIGTERM and its id.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// How long it may take to end, in tenths of a second.
const END_TENTHS: u32 = 400;

/// The server's own folder in its directory.
const DATA: &str = "data";

/// What is to be started.
pub(crate) struct Launch<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Where it keeps everything; is made.
    pub(crate) directory: &'a Path,
    /// Its cores.
    pub(crate) core: Option<&'a str>,
    pub(crate) workers: u32,
    pub(crate) secret: &'a str,
    pub(crate) storage: Option<&'a str>,
    /// More arguments of `serve`, which win over the settings here.
    pub(crate) arguments: &'a [String],
}

/// A process that serves.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// Is removed at the end.
    directory: Option<PathBuf>,
}

impl Serving {
    /// Starts a server of Streakline.
    pub(crate) fn start(launch: &Launch<'_>) -> Result<Self> {
        let directory = launch.directory;
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let secret = directory.join("hs256.secret");
        fs::write(&secret, launch.secret)?;
        let settings = directory.join("settings.toml");
        fs::write(&settings, settings_of(launch, &secret))?;
        let mut command = pinned(launch.program, launch.core);
        command.arg("serve").arg("--config").arg(&settings);
        command.args(launch.arguments);
        let log = fs::File::create(directory.join("stderr.log"))?;
        command.stderr(log);
        let started = Self::wait_for(command, Some(directory.to_owned()));
        started.with_context(|| format!("its log is in {}", directory.display()))
    }

    /// Starts the floor: this program, as a plain server.
    pub(crate) fn floor(program: &Path, core: Option<&str>) -> Result<Self> {
        let mut command = pinned(program, core);
        command.arg("floor-server");
        Self::wait_for(command, None)
    }

    fn wait_for(mut command: Command, directory: Option<PathBuf>) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let program = format!("{:?}", command.get_program());
        let mut child = command.spawn().with_context(|| program)?;
        let out = child.stdout.take().context("its stdout")?;
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("ready: http://")?.parse().ok());
        let Some(address) = address else {
            let status = child.wait()?;
            bail!("the server does not get ready: {status}");
        };
        // Nobody listens any more; the pipe must be emptied all the same.
        std::thread::spawn(move || lines.count());
        Ok(Self {
            child,
            address,
            directory,
        })
    }

    /// Ends it; its directory stays where `keep` says so. The bytes that its data takes.
    pub(crate) fn stop(mut self, keep: bool) -> Result<u64> {
        terminate(self.child.id())?;
        for _ in 0..END_TENTHS {
            if self.child.try_wait()?.is_some() {
                let Some(directory) = &self.directory else {
                    return Ok(0);
                };
                let bytes = bytes_of(&directory.join(DATA))?;
                if !keep {
                    fs::remove_dir_all(directory)?;
                }
                return Ok(bytes);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the server has not ended after {} s", END_TENTHS / 10)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // After a failure nothing may stay behind; after `stop` it has gone.
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

/// Bytes of all files below a folder.
fn bytes_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let of = entry.metadata()?;
        bytes += if of.is_dir() {
            bytes_of(&entry.path())?
        } else {
            of.len()
        };
    }
    Ok(bytes)
}

/// SIGTERM to one process.
fn terminate(pid: u32) -> Result<()> {
    let status = Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status()?;
    anyhow::ensure!(status.success(), "process {pid} cannot be ended");
    Ok(())
}

/// The program on those cores.
pub(crate) fn pinned(program: &Path, core: Option<&str>) -> Command {
    let Some(core) = core else {
        return Command::new(program);
    };
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// Settings that let one machine play thousands of devices; the rest stays as it is by itself.
fn settings_of(launch: &Launch<'_>, secret: &Path) -> String {
    let data = launch.directory.join(DATA);
    let storage = launch.storage.map_or(String::new(), |storage| {
        format!("storage = {storage:?}\nallow_single_copy = true\n")
    });
    let cql = launch.storage.map_or("", |_| "[cql]\nmigrate = true\n\n");
    format!(
        "data = {data:?}
{storage}listen = \"127.0.0.1:0\"
workers = {workers}

[auth]
hs256_secret_file = {secret:?}

{cql}[limits]
frames_per_s = 1000000
frames_per_s_per_user = 0
frames_per_s_per_address = 0
connections_per_address = 1000000
backfill_batches_per_min = 10000
credit_bytes = 1048576
",
        workers = launch.workers,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_the_secret_and_the_store() {
        let launch = Launch {
            program: Path::new("streakline"),
            directory: Path::new("here"),
            core: None,
            workers: 1,
            secret: "s",
            storage: Some("scylla://h/k"),
            arguments: &[],
        };
        let settings = settings_of(&launch, Path::new("here/secret"));
        assert!(settings.contains("hs256_secret_file = \"here/secret\"\n"));
        assert!(settings.contains("storage = \"scylla://h/k\"\n"));
        assert!(settings.contains("migrate = true\n"));
    }

    #[test]
    fn a_core_is_chosen_by_taskset() {
        assert_eq!(pinned(Path::new("a"), Some("1")).get_program(), "taskset");
        assert_eq!(pinned(Path::new("a"), None).get_program(), "a");
    }
}
