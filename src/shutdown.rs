//! What an operator tells the process by signals: SIGTERM or Ctrl-C to stop, SIGHUP to read keys and certificates again.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for the first of them.
///
/// # Errors
/// When signals cannot be listened to.
pub async fn requested() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
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
