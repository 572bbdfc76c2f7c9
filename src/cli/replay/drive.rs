//! The order of a replay: everything that is due at one hour of the server's clock is acknowledged before the clock
//! moves to the next, so that a run always tells the server the same things at the same times.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use streakline_core::civil::{HOUR_MS, Local};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::plan::hour_after;
use super::sender::{Allowance, Report, Sender};
use crate::cli::client::Rest;

/// Reports that wait for the driver; senders stop while it is full.
const REPORTS_MAX: usize = 1_024;
const STOPPED: &str = "the replay stopped; once the cause is gone, go on with --resume";
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Acknowledged batches, second copies included.
    pub batches: u64,
    /// Their records.
    pub records: u64,
    /// Where the clock stands, POSIX ms.
    pub now_ms: i64,
    /// Whether the end was reached, and not only the allowance.
    pub complete: bool,
}

/// A sender at work.
struct Worker {
    until: mpsc::Sender<i64>,
    /// Due times of what is not yet asked for, the next one last.
    due: Vec<i64>,
    task: JoinHandle<()>,
}

/// From when to when, how far and how fast.
pub struct Course {
    /// Where the clock stands, POSIX ms.
    pub now_ms: i64,
    /// Where it ends, POSIX ms.
    pub end_ms: i64,
    /// How many batches may be sent.
    pub allowance: Allowance,
    /// Pause after each hour of the server's clock, so that somebody can watch.
    pub pace: Duration,
    /// Pause at the end, for what the server still pushes.
    pub linger: Duration,
}

/// Sends everything, moving the clock by the hour.
///
/// # Errors
/// When a sender fails or the clock does not move.
pub async fn drive(
    rest: &Rest,
    senders: Vec<Sender>,
    course: &Course,
    bar: &ProgressBar,
) -> Result<Tally> {
    bar.set_length(senders.iter().map(Sender::left).sum::<usize>() as u64);
    let (reports, mut inbox) = mpsc::channel(REPORTS_MAX);
    let mut workers: Vec<Worker> = senders.into_iter().map(|s| start(s, &reports)).collect();
    drop(reports);
    let mut tally = Tally {
        now_ms: course.now_ms,
        ..Tally::default()
    };
    loop {
        bar.set_message(format!("{}Z", Local(tally.now_ms).iso_minute()));
        let asked = ask(&mut workers, tally.now_ms).await?;
        wait(&mut inbox, asked, &mut tally, bar).await?;
        sleep(course.pace).await;
        if course.allowance.is_spent() {
            break;
        }
        if tally.now_ms >= course.end_ms {
            tally.complete = true;
            break;
        }
        let next_ms = hour_after(tally.now_ms + 1).min(course.end_ms);
        rest.move_clock(next_ms)
            .await
            .context("moving the clock; go on with --resume")?;
        tally.now_ms = next_ms;
    }
    bar.finish_and_clear();
    sleep(course.linger).await;
    hang_up(workers).await;
    Ok(tally)
}

/// Lets every worker close its socket properly; a server that does not answer is left to itself.
async fn hang_up(workers: Vec<Worker>) {
    let tasks: Vec<_> = workers.into_iter().map(|worker| worker.task).collect();
    for task in tasks {
        let _closed_or_given_up = timeout(CLOSE_TIMEOUT, task).await;
    }
}

fn start(sender: Sender, reports: &mpsc::Sender<Report>) -> Worker {
    let (until, asked) = mpsc::channel(1);
    let mut due = sender.due_times();
    due.reverse();
    let task = tokio::spawn(sender.run(asked, reports.clone()));
    Worker { until, due, task }
}

/// Tells every worker that has something due to send it. Returns how many.
async fn ask(workers: &mut [Worker], now_ms: i64) -> Result<usize> {
    let mut asked = 0;
    for worker in workers {
        let before = worker.due.len();
        while worker.due.last().is_some_and(|due_ms| *due_ms <= now_ms) {
            worker.due.pop();
        }
        // A worker that is gone has said why in its report.
        if worker.due.len() < before && worker.until.send(now_ms).await.is_ok() {
            asked += 1;
        }
    }
    Ok(asked)
}

async fn wait(
    inbox: &mut mpsc::Receiver<Report>,
    mut busy: usize,
    tally: &mut Tally,
    bar: &ProgressBar,
) -> Result<()> {
    while busy > 0 {
        match inbox.recv().await {
            Some(Report::Acked(records)) => {
                tally.batches += 1;
                tally.records += records;
                bar.inc(1);
            }
            Some(Report::Idle) => busy -= 1,
            Some(Report::Failed(error)) => {
                return Err(error.context(STOPPED));
            }
            None => bail!("all sockets are closed"),
        }
    }
    // Somebody who had nothing to send may have lost the socket meanwhile.
    match inbox.try_recv() {
        Ok(Report::Failed(error)) => Err(error.context(STOPPED)),
        _ => Ok(()),
    }
}

/// The first full hour after everything is sent, and then `hours` more, POSIX ms.
#[must_use]
pub fn end_of(last_sample_end_ms: i64, hours: i64) -> i64 {
    hour_after(last_sample_end_ms) + hours * HOUR_MS
}

/// A bar on stderr, where that is a terminal.
#[must_use]
pub fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let form = "{msg} [{bar:40}] {pos}/{len} batches, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
