//! Runs one command of the program to its end.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use streakline::clock;

/// Longest that a command may run: a whole replay on a busy machine takes a part of it.
const LONGEST: Duration = Duration::from_secs(900);
const POLL: Duration = Duration::from_millis(10);

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// What it printed, if it ended with 0.
    #[track_caller]
    pub(crate) fn expect_ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// What it printed on both, if it ended with 1.
    #[track_caller]
    pub(crate) fn expect_failure(self) -> String {
        assert_eq!(self.code, Some(1), "{}\n{}", self.stdout, self.stderr);
        self.stdout + &self.stderr
    }
}

/// A command under way.
pub(crate) struct Running {
    child: Child,
    output: tempfile::TempDir,
}

impl Running {
    /// Starts `streakline ARGS`.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::of(env!("CARGO_BIN_EXE_streakline"), args)
    }

    fn of(program: &str, args: &[&str]) -> Self {
        let output = tempfile::tempdir().unwrap();
        let file = |name: &str| Stdio::from(File::create(output.path().join(name)).unwrap());
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap();
        Self { child, output }
    }

    /// Waits until it has ended.
    pub(crate) fn finish(mut self) -> Finished {
        let status = wait(&mut self.child, LONGEST);
        let code = status
            .unwrap_or_else(|| panic!("still running after {LONGEST:?}"))
            .code();
        let (stdout, stderr) = (self.printed("stdout"), self.printed("stderr"));
        Finished {
            code,
            stdout,
            stderr,
        }
    }

    fn printed(&self, name: &str) -> String {
        read(&self.output.path().join(name))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

/// Runs `streakline ARGS` to its end.
pub(crate) fn streakline(args: &[&str]) -> Finished {
    Running::start(args).finish()
}

/// Runs any program to its end.
pub(crate) fn run(program: &str, args: &[&str]) -> Finished {
    Running::of(program, args).finish()
}

/// The status of `child`, or none if it is still running after `longest`.
pub(crate) fn wait(child: &mut Child, longest: Duration) -> Option<ExitStatus> {
    let longest_ms = u64::try_from(longest.as_millis()).unwrap();
    let begun_ms = clock::monotonic_ms();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if clock::monotonic_ms() - begun_ms >= longest_ms {
            return None;
        }
        std::thread::sleep(POLL);
    }
}

/// The text of a file, whatever its bytes.
pub(crate) fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(path) {
        file.read_to_end(&mut bytes).unwrap();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
