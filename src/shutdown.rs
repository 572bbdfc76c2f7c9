//! What an operator tells the process by signals: SIGTERM or Ctrl-C to stop, SIGHUP to read keys and certificates again. And
//! what is no reason to end: a write past the limit of a file's size.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGXFSZ, which has this number on Linux and on the BSDs.
const FILE_TOO_LARGE: i32 = 25;

/// A write past the limit of a file's size (`ulimit -f`) fails from then on like one to a full disk; by default it would end
/// the process without a word.
///
/// # Errors
/// When the signal cannot be taken.
pub fn survive_large_files() -> std::io::Result<()> {
    // Taken for good: dropping the stream does not give it back.
    signal(SignalKind::from_raw(FILE_TOO_LARGE)).map(drop)
}

/// Listens from now on, and waits for the first of them.
///
/// # Errors
/// When signals cannot be listened to.
pub fn requested() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// SIGHUPs, one after the other.
#[derive(Debug)]
pub struct Hangups(Signal);

impl Hangups {
    /// From now on SIGHUP does not end the process.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn listen() -> std::io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for the next one; none if there will be no more.
    pub async fn next(&mut self) -> Option<()> {
        self.0.recv().await
    }
}
