//! A server process: started, killed, restarted on the same directory, drained.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use streakline::cli::client::Rest;
use streakline::clock;
use streakline::keys::{Claims, KeyRing, Role};

use super::cql::{self, Keyspace};
use super::program::{read, wait};

/// Longest start, recovery included, and longest drain.
const LONGEST_START: Duration = Duration::from_secs(60);
const LONGEST_END: Duration = Duration::from_secs(60);
/// Part of the log that a failed test shows.
const LOG_SHOWN: usize = 6_000;
const TOKEN_TTL_S: i64 = 3_600;

/// A running server, its directory and its log; killed when dropped.
pub(crate) struct Server {
    child: Child,
    clock: String,
    args: Vec<String>,
    url: String,
    said: Vec<String>,
    dir: tempfile::TempDir,
    /// Freed after the process has ended.
    _keyspace: Option<Keyspace>,
}

impl Server {
    /// A server on an empty directory whose clock stands at `time` (such as `2016-04-12T00:00:00Z`).
    pub(crate) fn virtual_at(time: &str) -> Self {
        Self::start(&format!("virtual:{time}"), &[])
    }

    /// A server on an empty directory with `--clock CLOCK` and more arguments, which restarts keep.
    pub(crate) fn start(clock: &str, args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let keyspace = if args.iter().any(|arg| arg == "--storage") {
            None
        } else {
            cql::wanted()
        };
        args.extend(keyspace.iter().flat_map(Keyspace::args));
        let (child, url, said) = launch(dir.path(), clock, &args, &[]);
        Self {
            child,
            clock: clock.to_owned(),
            args,
            url,
            said,
            dir,
            _keyspace: keyspace,
        }
    }

    /// A server on what `dir` holds, or what it said and its exit code when it does not start.
    pub(crate) fn on(dir: tempfile::TempDir, clock: &str, args: &[&str]) -> Result<Self, Failed> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let (child, url, said) = try_launch(dir.path(), clock, &args, &[], None)?;
        Ok(Self {
            child,
            clock: clock.to_owned(),
            args,
            url,
            said,
            dir,
            _keyspace: None,
        })
    }

    /// Starts it again where no file may grow beyond `blocks` of 512 bytes, for this start only.
    pub(crate) fn restart_limited(&mut self, blocks: u64) -> Result<(), Failed> {
        let (dir, limit) = (self.dir.path(), Some(blocks));
        let (child, url, said) = try_launch(dir, &self.clock, &self.args, &[], limit)?;
        (self.child, self.url, self.said) = (child, url, said);
        Ok(())
    }

    /// `http://127.0.0.1:PORT`; another one after every start.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The process, for what the system knows of it.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The same as text, for a command line.
    pub(crate) fn data_arg(&self) -> String {
        self.data().to_str().unwrap().to_owned()
    }

    /// What it printed on stdout until it was ready, the last time it started.
    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    /// Its log so far, of all starts.
    pub(crate) fn log(&self) -> String {
        read(&log_path(self.dir.path()))
    }

    /// Writes to its log, as somebody else on the machine may.
    pub(crate) fn write_log(&self, text: &str) {
        let log = OpenOptions::new()
            .append(true)
            .open(log_path(self.dir.path()));
        std::io::Write::write_all(&mut log.unwrap(), text.as_bytes()).unwrap();
    }

    /// Its keys.
    pub(crate) fn keys(&self) -> KeyRing {
        KeyRing::open_or_create(&self.data()).unwrap()
    }

    /// Its admin key.
    pub(crate) fn admin_key(&self) -> String {
        self.keys().admin_key().to_owned()
    }

    /// A token of `user` that lives an hour.
    pub(crate) fn token(&self, user: &str) -> String {
        self.token_with(&Claims::new(user, Role::User, clock::unix_s(), TOKEN_TTL_S))
    }

    /// A token that says exactly this.
    pub(crate) fn token_with(&self, claims: &Claims) -> String {
        self.keys().issue(claims).unwrap()
    }

    /// REST as the admin.
    pub(crate) fn rest(&self) -> Rest {
        Rest::new(&self.url, &self.admin_key()).unwrap()
    }

    /// REST as `user`.
    pub(crate) fn rest_of(&self, user: &str) -> Rest {
        Rest::new(&self.url, &self.token(user)).unwrap()
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same directory, as it was started first.
    pub(crate) fn restart(&mut self) {
        self.restart_with(&[]);
    }

    /// Starts it again with more arguments, for this start only.
    pub(crate) fn restart_with(&mut self, more: &[&str]) {
        assert!(
            self.child.try_wait().unwrap().is_some(),
            "the server still runs"
        );
        let (child, url, said) = launch(self.dir.path(), &self.clock, &self.args, more);
        (self.child, self.url, self.said) = (child, url, said);
    }

    /// Starts it again and kills it after a while, ready or not.
    pub(crate) fn restart_and_kill_after(&mut self, alive: Duration) {
        assert!(self.child.try_wait().unwrap().is_some());
        self.child = spawn(self.dir.path(), &self.clock, &self.args, &[], None);
        std::thread::sleep(alive);
        self.kill();
    }

    /// Starts it again with another `--clock`, which later restarts keep.
    pub(crate) fn restart_at(&mut self, clock: &str) {
        clock.clone_into(&mut self.clock);
        self.restart();
    }

    /// SIGKILL and a new start.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// SIGTERM; the exit code after the drain.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.ask_to_end();
        self.wait_exit().code()
    }

    /// SIGTERM, without a wait for the end.
    pub(crate) fn ask_to_end(&self) {
        self.signal("-TERM");
    }

    /// SIGHUP: keys and certificate are to be read again.
    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, name: &str) {
        let signal = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(signal.unwrap().success());
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait_exit(&mut self) -> ExitStatus {
        let status = wait(&mut self.child, LONGEST_END);
        status.unwrap_or_else(|| panic!("the server still runs after {LONGEST_END:?}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(LOG_SHOWN);
            let from = (from..log.len())
                .find(|at| log.is_char_boundary(*at))
                .unwrap_or(0);
            eprintln!("--- the server's log ends with:\n{}", &log[from..]);
        }
    }
}

fn log_path(dir: &Path) -> PathBuf {
    dir.join("stderr.log")
}

type Launched = (Child, String, Vec<String>);

/// A server that did not start.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) code: Option<i32>,
    /// Its log, of all starts on its directory.
    pub(crate) log: String,
}

fn launch(dir: &Path, clock: &str, args: &[String], more: &[&str]) -> Launched {
    try_launch(dir, clock, args, more, None).unwrap_or_else(|failed| {
        panic!(
            "the server is not ready ({:?})\n{}",
            failed.code, failed.log
        );
    })
}

/// The program, where no file may grow beyond that many blocks of 512 bytes.
fn program(blocks_max: Option<u64>) -> Command {
    let program = env!("CARGO_BIN_EXE_streakline");
    let Some(blocks) = blocks_max else {
        return Command::new(program);
    };
    let mut command = Command::new("sh");
    let limited = format!("ulimit -f {blocks} && exec \"$0\" \"$@\"");
    command.args(["-c", &limited, program]);
    command
}

fn spawn(
    dir: &Path,
    clock: &str,
    args: &[String],
    more: &[&str],
    blocks_max: Option<u64>,
) -> Child {
    // Whoever talks to it by HTTP needs one, whichever test is the first.
    streakline::keys::install_crypto_provider();
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_path(dir))
        .unwrap();
    program(blocks_max)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--clock",
            clock,
            "--data",
        ])
        .arg(dir.join("data"))
        .args(args)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn try_launch(
    dir: &Path,
    clock: &str,
    args: &[String],
    more: &[&str],
    blocks_max: Option<u64>,
) -> Result<Launched, Failed> {
    let mut child = spawn(dir, clock, args, more, blocks_max);
    let lines = follow(child.stdout.take().unwrap());
    let mut said = Vec::new();
    let url = loop {
        let Ok(line) = lines.recv_timeout(LONGEST_START) else {
            // It said no more: it ends, or it hangs and is ended.
            let ended = wait(&mut child, LONGEST_END);
            let _gone_already = child.kill();
            let _gone_already = child.wait();
            let code = ended.and_then(|status| status.code());
            let log = read(&log_path(dir));
            return Err(Failed { code, log });
        };
        if let Some(url) = line.strip_prefix("ready: ") {
            break url.trim().to_owned();
        }
        said.push(line);
    };
    Ok((child, url, said))
}

/// Reads on until the process ends, so that it never waits for a full pipe.
fn follow(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // After `ready` nobody listens; the pipe must be emptied all the same.
            let _nobody_listens = sender.send(line);
        }
    });
    lines
}
