//! The doors to the server as a whole: its clock, its ledger, its readiness, its journal.

use std::{collections::BTreeMap, time::Duration};

use streakline_core::{
    id::{PartitionId, Position},
    ledger::Totals,
    view::LedgerSummary,
};
use tokio::sync::oneshot;

use super::{ClockReading, Directory, Outcome, restarting};
use crate::{
    actors::chores::Chore,
    clock,
    protocol::error_code::{Code, Refusal},
    storage::{
        Error, IdempotencyKey, IdempotencyRecord,
        envelope::{Kind, Place},
    },
};

/// How long everything that a clock passes may take.
const CLOCK_WITHIN: Duration = Duration::from_secs(300);
/// How long it may take to snapshot everybody.
const CHECKPOINT_WITHIN: Duration = Duration::from_secs(300);
/// Ms between two tries to reach an arbiter whose mailbox is full.
const RETRY_MS: u64 = 20;

/// What a checkpoint came to.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint {
    /// Users and challenges that had inputs which no snapshot covered.
    pub found: usize,
    /// Bytes of journal behind them.
    pub found_bytes: u64,
    /// The same afterwards: what came meanwhile, and what an earlier start left unfolded.
    pub uncovered: usize,
    /// Bytes of journal behind these: what another start reads.
    pub tail_bytes: u64,
}

impl Directory {
    /// Asks every arbiter.
    pub(super) async fn every<T>(&self, chore: impl Fn(oneshot::Sender<T>) -> Chore) -> Vec<T> {
        let mut answers = Vec::new();
        for host in self.shared.hosts.get().into_iter().flatten() {
            let (reply, answer) = oneshot::channel();
            let mut wanted = chore(reply);
            while let Err(actix::dev::SendError::Full(back)) = host.try_send(wanted) {
                wanted = back;
                clock::pause_ms(RETRY_MS).await;
            }
            answers.extend(answer.await);
        }
        answers
    }

    /// Sums over all accounts.
    ///
    /// # Errors
    /// Those of a busy server.
    pub async fn ledger_summary(&self) -> Outcome<LedgerSummary> {
        let totals: Vec<Vec<Totals>> = self.every(|reply| Chore::Totals { reply }).await;
        let mut summary = LedgerSummary::default();
        for part in totals.iter().flatten().map(Totals::summary) {
            summary.accounts += part.accounts;
            summary.transfers += part.transfers;
            summary.sum_micro += part.sum_micro;
            summary.treasury_micro += part.treasury_micro;
            summary.debt_micro += part.debt_micro;
            summary.revenue_micro += part.revenue_micro;
            summary.held_micro += part.held_micro;
            summary.campaigns_micro += part.campaigns_micro;
            summary.available_micro += part.available_micro;
        }
        Ok(summary)
    }

    /// What the clock says.
    #[must_use]
    pub fn clock(&self) -> ClockReading {
        let clock = &self.shared.clock;
        ClockReading {
            is_virtual: clock.is_virtual(),
            now_ms: clock.now_ms(),
        }
    }

    /// Moves the virtual clock once nothing is under way, and answers when every boundary that it passed is folded, durable and
    /// delivered. What follows from what was answered before, such as a free place that is given away, is so done at its own time.
    ///
    /// # Errors
    /// `NotFound` on the system's clock, `ClockBackwards`, `Overloaded` when it takes too long.
    pub async fn advance_clock(
        &self,
        to_ms: i64,
        (key, record): (IdempotencyKey, IdempotencyRecord),
    ) -> Outcome<ClockReading> {
        let reading = self.clock();
        if !reading.is_virtual {
            return Err(Refusal::new(
                Code::NotFound,
                "the clock is the system's and cannot be set",
            ));
        }
        if to_ms < reading.now_ms {
            let detail = format!("the clock is at {} already", reading.now_ms);
            return Err(Refusal::new(Code::ClockBackwards, detail));
        }
        let carried_out = tokio::time::timeout(CLOCK_WITHIN, async {
            self.shared.work.quiet().await;
            self.shared.clock.advance_to(to_ms);
            self.carry_out_boundaries().await;
        });
        let done = tokio::select! {
            done = carried_out => done,
            _ = self.shared.fatal.wait() => return Err(restarting()),
        };
        done.map_err(|_| Refusal::new(Code::Overloaded, "not everything is carried out yet"))?;
        let answer = self.shared.seals.nobodys_answer(&key, record.unsealed());
        let set = match answer {
            Ok(answer) => {
                self.shared
                    .store
                    .set_clock(to_ms, Some((key, answer)))
                    .await
            }
            Err(error) => Err(error),
        };
        set.map_err(|error| self.store_refusal("the clock", &error))?;
        Ok(ClockReading {
            is_virtual: true,
            now_ms: to_ms,
        })
    }

    /// Wakes whoever is due until nobody is, and waits until all that follows is done.
    pub async fn carry_out_boundaries(&self) {
        loop {
            self.shared.work.quiet().await;
            let woken: Vec<usize> = self.every(|reply| Chore::WakeDue { reply }).await;
            self.shared.work.quiet().await;
            if woken.iter().all(|woken| *woken == 0) {
                return;
            }
        }
    }

    /// The stored answer to a key, unless it has expired.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub async fn idempotency(&self, key: &IdempotencyKey) -> Outcome<Option<IdempotencyRecord>> {
        let found = self.stored_answer(key).await;
        found.map_err(|error| self.store_refusal("the stored answers", &error))
    }

    async fn stored_answer(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, Error> {
        let found = self.shared.store.idempotency(key).await?;
        let Some(answer) = found.filter(|answer| answer.expires_ms > clock::unix_ms()) else {
            return Ok(None);
        };
        let place = (Kind::Idempotency, Place::Answer(key));
        let content = self.shared.seals.open_any(place, &answer.bytes).await?;
        let payload = content.payload();
        payload
            .map(|payload| IdempotencyRecord::read(&payload))
            .transpose()
    }

    /// `None` when ready, else which part fails and how.
    #[must_use]
    pub fn unready(&self) -> Option<String> {
        use std::sync::atomic::Ordering;
        if let Some(fault) = self.shared.store.fault() {
            return Some(format!("store: {fault}"));
        }
        if let Some(away) = self.shared.store.away() {
            return Some(format!("store: {away}"));
        }
        if let Some(reason) = self.shared.fatal.reason() {
            return Some(format!("server: {reason}"));
        }
        if self.shared.draining.load(Ordering::Acquire) {
            return Some("server: draining".to_owned());
        }
        if let Some((rows, first)) = self.shared.damage.met() {
            return Some(format!("store: {rows} damaged rows, such as the {first}"));
        }
        let caught_up = self.shared.caught_up.load(Ordering::Acquire);
        (!caught_up).then(|| "recovery: deadlines that passed are being carried out".to_owned())
    }

    /// Drops the journal below what no snapshot covers, and idempotency keys that have expired.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tidy_store(&self) -> Result<(), Error> {
        let parts: Vec<BTreeMap<PartitionId, Position>> =
            self.every(|reply| Chore::FirstUncovered { reply }).await;
        let first_uncovered = parts.into_iter().flatten().collect();
        self.shared.store.truncate(first_uncovered).await?;
        self.shared
            .store
            .forget_expired(clock::unix_ms(), 1_000)
            .await?;
        Ok(())
    }

    /// Snapshots everybody with inputs that no snapshot covers, and drops the journal behind them.
    ///
    /// # Errors
    /// `Overloaded` when it takes too long, `StoreUnavailable`.
    pub async fn checkpoint(&self) -> Outcome<Checkpoint> {
        let (users_and_challenges, bytes) = self.uncovered().await;
        let written = tokio::time::timeout(CHECKPOINT_WITHIN, self.snapshot_all());
        let written = tokio::select! {
            written = written => written,
            _ = self.shared.fatal.wait() => return Err(restarting()),
        };
        let late = |_| Refusal::new(Code::Overloaded, "not everything is written yet; try again");
        written.map_err(late)?;
        let tidied = self.tidy_store().await;
        tidied.map_err(|error| self.store_refusal("the journal", &error))?;
        let (uncovered, tail_bytes) = self.uncovered().await;
        Ok(Checkpoint {
            found: users_and_challenges,
            found_bytes: bytes,
            uncovered,
            tail_bytes,
        })
    }

    async fn uncovered(&self) -> (usize, u64) {
        let parts: Vec<(usize, u64)> = self.every(|reply| Chore::Uncovered { reply }).await;
        let all = parts.iter().map(|(of, _)| *of).sum();
        (all, parts.iter().map(|(_, bytes)| *bytes).sum())
    }

    /// Snapshots everybody in memory, so that the next start has nothing to fold.
    pub async fn snapshot_all(&self) {
        let _: Vec<()> = self.every(|reply| Chore::SnapshotAll { reply }).await;
    }
}
