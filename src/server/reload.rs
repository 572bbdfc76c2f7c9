//! What is read again while the server runs: keys and the certificate, at SIGHUP. Called by `run`.

use crate::{gateway::Gateway, keys::CurrentKeys, shutdown::Hangups, tls::Tls};

/// Reads keys and certificate again at every SIGHUP. What cannot be read leaves what was in force.
pub(super) async fn on_hangup(
    mut hangups: Hangups,
    keys: CurrentKeys,
    tls: Option<Tls>,
    gateway: Gateway,
) {
    while hangups.next().await.is_some() {
        match keys.reload() {
            Ok(()) => {
                gateway.keys_changed();
                tracing::info!(keys = ?keys.ring(), "the keys were read again");
            }
            Err(error) => tracing::error!(%error, "the keys stay as they were"),
        }
        match tls.as_ref().map(Tls::reload) {
            None => {}
            Some(Ok(())) => tracing::info!("the TLS certificate was read again"),
            Some(Err(error)) => tracing::error!(%error, "the TLS certificate stays as it was"),
        }
    }
}
