//! What lives among the challenges: one of them, a campaign or a template. How it is read, and how a list goes through the others.

use streakline_core::{challenge::resident::Resident, id::ChallengeId};
use tokio::sync::oneshot;

use super::{Directory, Outcome, answered};
use crate::{
    actors::{challenge::ChallengeCommand, host::send_challenge},
    protocol::error_code::Code,
};

/// What is looked at to fill one page.
const LOOKED_AT_MAX: usize = 10_000;

impl Directory {
    /// What somebody sees in it, with the clock's time in POSIX ms.
    pub(super) async fn look_into<T: Send + 'static>(
        &self,
        id: ChallengeId,
        look: impl FnOnce(&Resident, i64) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (reply, answer) = oneshot::channel();
        let read = move |state: Outcome<(&Resident, i64)>| {
            let _ = reply.send(state.and_then(|(resident, now_ms)| look(resident, now_ms)));
        };
        send_challenge(&self.shared, id, ChallengeCommand::Read(Box::new(read)))?;
        answered(&self.shared, answer).await
    }

    /// Those that belong on a list, in rising order of id: of others `read` says nothing, or that there is no such. The flag says that
    /// more follow.
    pub(super) async fn page_among<T>(
        &self,
        list: &'static str,
        (mut after, limit): (Option<ChallengeId>, usize),
        read: impl AsyncFn(ChallengeId) -> Outcome<Option<T>>,
    ) -> Outcome<(Vec<T>, bool)> {
        let (mut page, mut left) = (Vec::new(), LOOKED_AT_MAX);
        while left > 0 {
            let most = limit.saturating_add(1).min(left);
            let ids = self.shared.store.challenges(after, most).await;
            let ids = ids.map_err(|error| self.store_refusal(list, &error))?;
            if ids.is_empty() {
                return Ok((page, false));
            }
            left = left.saturating_sub(ids.len());
            for id in ids {
                after = Some(id);
                match read(id).await {
                    Ok(Some(_)) if page.len() == limit => return Ok((page, true)),
                    Ok(found) => page.extend(found),
                    Err(refusal) if refusal.code == Code::NotFound => {}
                    Err(refusal) => return Err(refusal),
                }
            }
        }
        Ok((page, true))
    }
}
