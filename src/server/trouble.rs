//! A store or a part that has failed for good: how it is noticed, and what clients are told before the process ends. Called by
//! `run` and by the drain.

use super::{FAULT_POLL_MS, RETRY_AFTER_MS};
use crate::{
    actors::shared::Shared,
    clock, entropy,
    protocol::{error_code::Code, server_frame::CloseReason},
};

/// How long the server answers that its store has failed before it ends.
const NOTICE_MS: u64 = 5_000;

/// Waits until a part or the store has failed for good.
pub(super) async fn failed(shared: &Shared) -> String {
    let store = async {
        loop {
            if let Some(fault) = shared.store.fault() {
                return fault;
            }
            clock::pause_ms(FAULT_POLL_MS).await;
        }
    };
    let reason = tokio::select! {
        reason = shared.fatal.wait() => reason,
        fault = store => fault,
    };
    shared.fatal.raise(&reason);
    reason
}

/// Clients are told to come back after the restart, and probes see which part failed, before the process ends.
pub(super) async fn give_notice(shared: &Shared) {
    let until_ms = clock::monotonic_ms().saturating_add(NOTICE_MS);
    while clock::monotonic_ms() < until_ms {
        for session in shared.sessions.handles() {
            let retry_after_ms = NOTICE_MS.saturating_add(entropy::range(0, RETRY_AFTER_MS));
            let reason = CloseReason::of(Code::StoreUnavailable, Some(retry_after_ms));
            shared.sessions.end(session, reason);
        }
        clock::pause_ms(FAULT_POLL_MS).await;
    }
}
