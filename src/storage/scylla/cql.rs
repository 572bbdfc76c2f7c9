//! One statement on its way: bounded in number, timed, repeated until it is done, and what its failure means.
//!
//! Every statement that goes through [`Cql::write`] is idempotent: it carries its own keys, bytes and timestamp, so that one whose
//! outcome is not known is simply sent again. Conditional statements go through [`Cql::attempt`], whose caller reads what came of
//! it. The driver repeats nothing that is not marked so. Called by the other files of the store.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use scylla::{
    client::session::Session,
    deserialize::row::DeserializeRow,
    errors::{DbError, ExecutionError, RequestAttemptError},
    response::{PagingState, PagingStateResponse, query_result::QueryResult},
    serialize::row::SerializeRow,
    statement::prepared::PreparedStatement,
};
use tokio::sync::Semaphore;

use super::super::Error;
use crate::{clock, entropy, telemetry::series};

/// The first wait before a statement is repeated, ms; doubled up to the last one.
const FIRST_WAIT_MS: u64 = 25;
const LAST_WAIT_MS: u64 = 2_000;
/// How long nothing must have succeeded before the store counts as away, ms.
const AWAY_AFTER_MS: u64 = 2_000;

/// A prepared statement and the name under which it is measured.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) name: &'static str,
    pub(super) prepared: PreparedStatement,
}

/// Why an attempt did not give an answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The store is away, slow or crowded: what came of it is not known, and it may be tried again.
    Passing(String),
    /// Trying again would not help.
    Lasting(Error),
}

/// The session, and what is under way on it.
pub(super) struct Cql {
    session: Session,
    permits: Semaphore,
    /// How long a statement is repeated, ms; 0: until it is done.
    patience_ms: u64,
    health: Health,
    written: AtomicU64,
    #[cfg(test)]
    pub(super) fuse: super::fuse::Fuse,
}

impl Cql {
    pub(super) fn new(session: Session, statements_max: usize, patience_ms: u64) -> Self {
        Self {
            session,
            permits: Semaphore::new(statements_max),
            patience_ms,
            health: Health::default(),
            written: AtomicU64::new(0),
            #[cfg(test)]
            fuse: super::fuse::Fuse::default(),
        }
    }

    /// Repeats a write until it is done, which means durable.
    pub(super) async fn write(
        &self,
        statement: &Statement,
        values: impl SerializeRow + Sync,
    ) -> Result<(), Error> {
        self.persist(statement, &values, &PagingState::start())
            .await?;
        self.written.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// All rows of a read that its statement bounds.
    pub(super) async fn rows<R>(
        &self,
        statement: &Statement,
        values: impl SerializeRow + Sync,
    ) -> Result<Vec<R>, Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let (mut rows, mut state) = (Vec::new(), PagingState::start());
        loop {
            let (page, next) = self.page(statement, &values, &state).await?;
            rows.extend(page);
            match next {
                Some(next) => state = next,
                None => return Ok(rows),
            }
        }
    }

    /// The first row of a read.
    pub(super) async fn first<R>(
        &self,
        statement: &Statement,
        values: impl SerializeRow + Sync,
    ) -> Result<Option<R>, Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        Ok(self.rows(statement, values).await?.into_iter().next())
    }

    /// One page of a read, and where the next one begins.
    pub(super) async fn page<R>(
        &self,
        statement: &Statement,
        values: &(impl SerializeRow + Sync),
        from: &PagingState,
    ) -> Result<(Vec<R>, Option<PagingState>), Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let (result, next) = self.persist(statement, values, from).await?;
        Ok((parsed(statement.name, result)?, next))
    }

    async fn persist(
        &self,
        statement: &Statement,
        values: &(impl SerializeRow + Sync),
        from: &PagingState,
    ) -> Result<(QueryResult, Option<PagingState>), Error> {
        let begun_ms = clock::monotonic_ms();
        let mut wait_ms = FIRST_WAIT_MS;
        loop {
            match self.attempt_page(statement, values, from.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Lasting(error)) => return Err(error),
                Err(Failure::Passing(why)) => {
                    let waited_ms = clock::monotonic_ms().saturating_sub(begun_ms);
                    if self.patience_ms > 0 && waited_ms >= self.patience_ms {
                        return Err(Error::Unavailable(why));
                    }
                }
            }
            metrics::counter!(series::STORE_REPEATS, "statement" => statement.name).increment(1);
            clock::pause_ms(entropy::range(wait_ms / 2, wait_ms)).await;
            wait_ms = wait_ms.saturating_mul(2).min(LAST_WAIT_MS);
        }
    }

    /// One attempt at a conditional statement; answers whether it was applied.
    pub(super) async fn attempt(
        &self,
        statement: &Statement,
        values: impl SerializeRow + Sync,
    ) -> Result<bool, Failure> {
        let (result, _) = self
            .attempt_page(statement, &values, PagingState::start())
            .await?;
        let applied = applied(statement.name, result).map_err(Failure::Lasting)?;
        if applied {
            self.written.fetch_add(1, Ordering::AcqRel);
        }
        Ok(applied)
    }

    async fn attempt_page(
        &self,
        statement: &Statement,
        values: &(impl SerializeRow + Sync),
        from: PagingState,
    ) -> Result<(QueryResult, Option<PagingState>), Failure> {
        let permit = self.permits.acquire().await;
        let _permit = permit.map_err(|closed| Failure::Passing(closed.to_string()))?;
        #[cfg(test)]
        self.fuse.before()?;
        let begun = clock::monotonic();
        let answer = self
            .session
            .execute_single_page(&statement.prepared, values, from)
            .await;
        let seconds = clock::monotonic().saturating_sub(begun).as_secs_f64();
        metrics::histogram!(series::STORE_STATEMENT_SECONDS, "statement" => statement.name)
            .record(seconds);
        #[cfg(test)]
        self.fuse.after()?;
        match answer {
            Ok((result, next)) => {
                self.health.succeeded();
                let next = match next {
                    PagingStateResponse::HasMorePages { state } => Some(state),
                    PagingStateResponse::NoMorePages => None,
                };
                Ok((result, next))
            }
            Err(error) => {
                let failure = failure(statement.name, &error);
                if let Failure::Passing(why) = &failure {
                    self.health.failed(why);
                }
                Err(failure)
            }
        }
    }

    /// Writes that are durable since the start.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Why the store counts as away, if it does.
    pub(super) fn away(&self) -> Option<String> {
        self.health.away()
    }

    #[cfg(test)]
    pub(super) fn session(&self) -> &Session {
        &self.session
    }
}

pub(super) fn parsed<R>(name: &str, result: QueryResult) -> Result<Vec<R>, Error>
where
    R: for<'frame> DeserializeRow<'frame, 'frame>,
{
    let damaged = |error: &dyn std::fmt::Display| Error::Damaged(format!("{name}: {error}"));
    let rows = result.into_rows_result().map_err(|error| damaged(&error))?;
    let rows = rows.rows::<R>().map_err(|error| damaged(&error))?;
    rows.map(|row| row.map_err(|error| damaged(&error)))
        .collect()
}

/// The first column says so; the others differ between servers (design.md 7).
pub(super) fn applied(name: &str, result: QueryResult) -> Result<bool, Error> {
    use scylla::value::{CqlValue, Row};
    let rows: Vec<Row> = parsed(name, result)?;
    let first = rows
        .into_iter()
        .next()
        .and_then(|row| row.columns.into_iter().next());
    match first.flatten() {
        Some(CqlValue::Boolean(applied)) => Ok(applied),
        other => Err(Error::Damaged(format!(
            "{name}: the outcome of a condition is {other:?}"
        ))),
    }
}

pub(super) fn failure(name: &str, error: &ExecutionError) -> Failure {
    let text = format!("{name}: {error}");
    let passing = match error {
        ExecutionError::EmptyPlan
        | ExecutionError::ConnectionPoolError(_)
        | ExecutionError::RequestTimeout(_)
        | ExecutionError::SchemaAgreementError(_)
        | ExecutionError::MetadataError(_)
        | ExecutionError::PrepareError(_) => true,
        ExecutionError::LastAttemptError(attempt) => is_passing(attempt),
        _ => false,
    };
    if passing {
        Failure::Passing(text)
    } else {
        Failure::Lasting(Error::Refused(text))
    }
}

/// Whether the node does not know something that the statement names.
pub(super) fn is_invalid(error: &ExecutionError) -> bool {
    let ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _)) = error else {
        return false;
    };
    matches!(error, DbError::Invalid)
}

fn is_passing(attempt: &RequestAttemptError) -> bool {
    match attempt {
        RequestAttemptError::UnableToAllocStreamId
        | RequestAttemptError::BrokenConnectionError(_) => true,
        RequestAttemptError::DbError(error, _) => matches!(
            error,
            DbError::Unavailable { .. }
                | DbError::Overloaded
                | DbError::IsBootstrapping
                | DbError::ReadTimeout { .. }
                | DbError::WriteTimeout { .. }
                | DbError::ReadFailure { .. }
                | DbError::WriteFailure { .. }
                | DbError::Unprepared { .. }
                | DbError::ServerError
                | DbError::RateLimitReached { .. }
                | DbError::Other(_)
        ),
        _ => false,
    }
}

/// When the store last answered, and what it said since.
#[derive(Default)]
struct Health(Mutex<Option<Trouble>>);

struct Trouble {
    since_ms: u64,
    why: String,
}

impl Health {
    fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn failed(&self, why: &str) {
        let mut trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since_ms = trouble
            .as_ref()
            .map_or_else(clock::monotonic_ms, |trouble| trouble.since_ms);
        *trouble = Some(Trouble {
            since_ms,
            why: why.to_owned(),
        });
    }

    fn away(&self) -> Option<String> {
        let trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = trouble.as_ref()?;
        let for_ms = clock::monotonic_ms().saturating_sub(trouble.since_ms);
        (for_ms >= AWAY_AFTER_MS).then(|| {
            format!(
                "the store has not answered for {} s: {}",
                for_ms / 1_000,
                trouble.why
            )
        })
    }
}

/// How long one attempt may take.
pub(super) fn within(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms))
}
