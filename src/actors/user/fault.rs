//! A fault of the moment, for tests: a fold that panics once in this process and never again. Not in the core, whose folds do the
//! same each time. Compiled only with the feature `fault-injection`; called by the user's actor.

use std::sync::atomic::{AtomicBool, Ordering};

use streakline_core::{fault::FLEETING_STEPS, input::UserInput, user::resident::Resident};

static SPENT: AtomicBool = AtomicBool::new(false);

/// Panics at the first input of the process that holds such a record.
///
/// # Panics
/// As asked for by the record.
pub(super) fn taste(resident: &Resident) {
    let fleeting = |input: &UserInput| match input {
        UserInput::Ingest(batch) => {
            let mut records = batch.records.iter();
            records.any(|(_, record)| record.value() == Some(FLEETING_STEPS))
        }
        _ => false,
    };
    let comes = resident.culprit().is_some_and(|(_, input)| fleeting(input));
    assert!(
        !comes || SPENT.swap(true, Ordering::AcqRel),
        "a fault of the moment, as a test asked for"
    );
}
