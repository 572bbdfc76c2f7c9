//! Where sections run their loads: this program again for each load, other programs beside it, all bounded in time; what each run
//! told stays in the folder of the report.

use std::cell::RefCell;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use super::say;
use crate::clock;

/// What a run may take beside its own seconds: opening and draining sockets, the check afterwards, the end of the server.
const BESIDE: Duration = Duration::from_secs(1_200);
/// From one look at a program to the next.
const LOOK: Duration = Duration::from_millis(50);

/// What is measured, how often, and where it is told.
#[derive(Args)]
pub(crate) struct ReportArgs {
    /// Runs of each load
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub(crate) runs: u32,
    /// Only these sections; what others have found on this machine stays in the report
    #[arg(long, value_name = "SECTION", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Seconds of each load that are measured
    #[arg(long, default_value_t = 20.0)]
    pub(crate) seconds: f64,
    /// Minutes of the soak; the bytes written are measured for half of them
    #[arg(long, default_value_t = 20.0)]
    pub(crate) minutes: f64,
    /// Minutes that users without sockets are added for, in each run of the section `memory`
    #[arg(long, default_value_t = 10.0)]
    pub(crate) fill_minutes: f64,
    /// Program of the server
    #[arg(long, value_name = "PATH", default_value = "target/release/streakline")]
    pub(crate) server: PathBuf,
    /// The server built without jemalloc, for the section `allocator`
    #[arg(
        long,
        value_name = "PATH",
        default_value = "target/system-allocator/release/streakline"
    )]
    pub(crate) system_server: PathBuf,
    /// Program of the benchmark of a frame's steps, which `cargo bench` builds otherwise, for the section `vehicle`
    #[arg(long, value_name = "PATH")]
    pub(crate) steps: Option<PathBuf>,
    /// Page that is rewritten between its two marks
    #[arg(long, value_name = "FILE", default_value = "docs/performance.md")]
    pub(crate) page: PathBuf,
    /// Where every run's figures and servers' data are kept
    #[arg(long, value_name = "DIR", default_value = "target/load/report")]
    pub(crate) folder: PathBuf,
}

/// One section's place to work.
pub(super) struct Lab<'a> {
    pub(super) args: &'a ReportArgs,
    section: &'static str,
    faults: RefCell<Vec<String>>,
}

impl<'a> Lab<'a> {
    pub(super) fn new(args: &'a ReportArgs, section: &'static str) -> Self {
        Self {
            args,
            section,
            faults: RefCell::default(),
        }
    }

    /// Numbers of the runs.
    pub(super) fn runs(&self) -> std::ops::RangeInclusive<u32> {
        1..=self.args.runs
    }

    pub(super) fn seconds(&self) -> f64 {
        self.args.seconds
    }

    /// What was wrong in the runs until now.
    pub(super) fn faults(&self) -> Vec<String> {
        self.faults.borrow().clone()
    }

    pub(super) fn fault(&self, fault: String) {
        say(&format!("WRONG: {fault}"));
        self.faults.borrow_mut().push(fault);
    }

    /// `swarm run` against a server of its own; what is wrong in it is noted.
    pub(super) fn run(&self, name: &str, words: &str) -> Result<Load> {
        self.run_server(name, words, &self.args.server)
    }

    /// `swarm run` against that program.
    pub(super) fn run_server(&self, name: &str, words: &str, server: &Path) -> Result<Load> {
        let server = format!("--server={}", server.display());
        self.swarm(name, &format!("run {words}"), &[server])
    }

    /// `swarm floor`, the same load.
    pub(super) fn floor(&self, name: &str, words: &str) -> Result<Load> {
        self.swarm(name, &format!("floor {words}"), &[])
    }

    /// This program with those words, and its figures; `more` are words with blanks. Wrong ones are noted as faults.
    pub(super) fn swarm(&self, name: &str, words: &str, more: &[String]) -> Result<Load> {
        let load = self.swarm_of_any_end(name, words, more)?;
        if !load.is_right {
            self.fault(format!("{name} ({words}): {}", load.wrong()));
        }
        Ok(load)
    }

    /// The same, where it is meant to be refused.
    pub(super) fn swarm_of_any_end(
        &self,
        name: &str,
        words: &str,
        more: &[String],
    ) -> Result<Load> {
        say(&format!("  {name}: swarm {words}"));
        let (command, path) = self.command(name, words, more)?;
        let (is_right, _) = self.wait(name, command, self.patience(words))?;
        Load::read(&path, is_right)
    }

    /// The command of a load and where its figures will be.
    pub(super) fn command(
        &self,
        name: &str,
        words: &str,
        more: &[String],
    ) -> Result<(Command, PathBuf)> {
        let path = self.path(name, "json");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut command = Command::new(std::env::current_exe()?);
        command.args(words.split_whitespace()).args(more);
        command.arg("--json").arg(&path);
        if words.starts_with("run") && !words.contains("--url") {
            command
                .arg("--directory")
                .arg(self.args.folder.join("servers"));
        }
        Ok((command, path))
    }

    fn patience(&self, words: &str) -> Duration {
        let mut words = words
            .split_whitespace()
            .skip_while(|word| *word != "--seconds");
        let seconds = words.nth(1).and_then(|word| word.parse().ok());
        BESIDE + Duration::from_secs_f64(seconds.unwrap_or(self.args.seconds))
    }

    /// A file of the section.
    pub(super) fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.args
            .folder
            .join(format!("{}-{name}.{ending}", self.section))
    }

    /// Another program's output; it must end well and in time.
    pub(super) fn program(
        &self,
        name: &str,
        command: Command,
        patience: Duration,
    ) -> Result<String> {
        let shown = format!("{command:?}");
        let (is_right, text) = self.wait(name, command, patience)?;
        anyhow::ensure!(
            is_right,
            "{shown} has failed; its messages are in {}",
            self.path(name, "log").display()
        );
        Ok(text)
    }

    /// Whether it ended with 0, and what it said; its messages go to a file. After that time it is ended with all that it started.
    fn wait(&self, name: &str, mut command: Command, patience: Duration) -> Result<(bool, String)> {
        let log = fs::File::create(self.path(name, "log"))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let shown = format!("{command:?}");
        let mut child = command.spawn().with_context(|| shown.clone())?;
        let mut out = child.stdout.take().context("its stdout")?;
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        let give_up_ns = clock::now_ns() + clock::ns(patience);
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if clock::now_ns() > give_up_ns {
                end_with_children(child.id());
                let _status = child.wait()?;
                bail!("{shown} has not ended after {} s", patience.as_secs());
            }
            std::thread::sleep(LOOK);
        };
        let text = reader
            .join()
            .map_err(|_| anyhow::anyhow!("reading what {shown} says"))??;
        let mut log = fs::OpenOptions::new()
            .append(true)
            .open(self.path(name, "log"))?;
        log.write_all(text.as_bytes())?;
        Ok((status.success(), text))
    }
}

/// Ends a process and those that it started, youngest first, each by its id.
pub(super) fn end_with_children(pid: u32) {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    for child in children.unwrap_or_default().split_whitespace() {
        if let Ok(child) = child.parse() {
            end_with_children(child);
        }
    }
    // It may have ended by itself.
    let _status = Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status();
}

/// What a run of the swarm has told.
#[derive(Debug)]
pub(super) struct Load {
    figures: Value,
    pub(super) is_right: bool,
}

impl Load {
    pub(super) fn read(path: &Path, is_right: bool) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("the run has told nothing: {}", path.display()))?;
        let figures = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        Ok(Self { figures, is_right })
    }

    /// A figure by its pointer, such as `/server/cpu_us_per_frame`.
    pub(super) fn number(&self, pointer: &str) -> Result<f64> {
        let number = self.figures.pointer(pointer).and_then(Value::as_f64);
        number.with_context(|| format!("the run has no figure {pointer}"))
    }

    /// CPU of the server by acknowledged frame, microseconds.
    pub(super) fn cpu_us(&self) -> Result<f64> {
        self.number("/server/cpu_us_per_frame")
    }

    pub(super) fn frames_per_s(&self) -> Result<f64> {
        self.number("/frames_per_s")
    }

    /// Milliseconds from the intended sending to the acknowledgement.
    pub(super) fn ack_p99_ms(&self) -> Result<f64> {
        self.number("/acknowledgement_ms/p99")
    }

    /// Errors and faults in words.
    pub(super) fn wrong(&self) -> String {
        let of = |pointer: &str| {
            self.figures
                .pointer(pointer)
                .map(Value::to_string)
                .unwrap_or_default()
        };
        format!(
            "errors {}, lost {}, faults {}",
            of("/errors"),
            of("/frames_lost"),
            of("/checked/faults")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_are_found_by_their_pointer_and_a_missing_one_is_named() {
        let load = Load {
            figures: json!({"server": {"cpu_us_per_frame": 12.5}, "errors": {"overloaded": 2}, "frames_lost": 0}),
            is_right: false,
        };
        assert_eq!(load.cpu_us().unwrap(), 12.5);
        assert!(
            load.wrong()
                .starts_with("errors {\"overloaded\":2}, lost 0")
        );
        let told = load.number("/told/flush_ms").unwrap_err().to_string();
        assert!(told.contains("/told/flush_ms"));
    }
}
