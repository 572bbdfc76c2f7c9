//! What is read again while the server runs: keys and the certificate, at SIGHUP. Called by `run`.

use std::sync::Arc;

use super::master_keys;
use crate::{
    actors::shared::Shared, gateway::Gateway, keys::CurrentKeys, shutdown::Hangups, tls::Tls,
};

/// What a SIGHUP renews, and who is told.
pub(super) struct InForce {
    pub(super) keys: CurrentKeys,
    pub(super) tls: Option<Tls>,
    pub(super) gateway: Gateway,
    pub(super) shared: Arc<Shared>,
}

/// Reads keys and certificate again at every SIGHUP. What cannot be read leaves what was in force.
pub(super) async fn on_hangup(mut hangups: Hangups, of: InForce) {
    while hangups.next().await.is_some() {
        match of.keys.reload() {
            Ok(()) => {
                of.gateway.keys_changed();
                renew_masters(&of).await;
                tracing::info!(keys = ?of.keys.ring(), "the keys were read again");
            }
            Err(error) => tracing::error!(%error, "the keys stay as they were"),
        }
        match of.tls.as_ref().map(Tls::reload) {
            None => {}
            Some(Ok(())) => tracing::info!("the TLS certificate was read again"),
            Some(Err(error)) => tracing::error!(%error, "the TLS certificate stays as it was"),
        }
    }
}

async fn renew_masters(of: &InForce) {
    let renewed = match master_keys(&of.keys) {
        Ok(masters) => of.shared.seals.renew(Arc::new(masters)).await,
        Err(error) => Err(error),
    };
    match renewed {
        Ok(()) => drop(actix::spawn(rewrap(of.shared.clone()))),
        Err(error) => tracing::error!(%error, "the master keys stay as they were"),
    }
}

/// Wraps all data keys by the newest master key, where an older one is needed still.
pub(super) async fn rewrap(shared: Arc<Shared>) {
    match shared.seals.rewrap().await {
        Ok(None) => {}
        Ok(Some(keys)) => tracing::info!(
            keys,
            "the newest master key wraps every data key; older ones are needed no more"
        ),
        Err(error) => tracing::error!(%error, "not every data key is wrapped anew"),
    }
}
