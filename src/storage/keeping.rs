//! How long detail is kept, as a store knows it (ADR 0034): fixed when the store is made, because states are folded by it.

use streakline_core::retention::Retention;

use super::{Answer, Error};

/// The rule of retention that a store was made with.
pub trait Keeping {
    /// Checks a rule against the store's own (writing it into a new store), durably; a store that was begun without one has the
    /// default.
    fn fix_retention(&self, retention: Retention) -> Answer<'_, ()>;
}

/// What a store does: compares the stored rule, by its number, with the one asked for.
///
/// # Errors
/// [`Error::Refused`], saying what to set, or [`Error::Damaged`] for a number that is none.
pub(super) fn agrees(stored: Option<u64>, asked: Retention) -> Result<(), Error> {
    let Some(stored) = stored.filter(|stored| *stored != asked.number()) else {
        return Ok(());
    };
    let held = Retention::numbered(stored);
    let held = held.ok_or_else(|| Error::Damaged("the store's rule of retention".to_owned()))?;
    let shown = |of: Retention| {
        let (records, minutes) = (of.records_days, of.minutes_days);
        format!("history.records_days = {records} and history.minutes_days = {minutes}")
    };
    Err(Error::Refused(format!(
        "it was made with {} and this server is started with {}, which would change what its states find; set them as they were, or \
         start with a new data directory",
        shown(held),
        shown(asked)
    )))
}
