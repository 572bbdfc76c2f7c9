//! Faults that tests ask for by the content of an input, so that they recur at every replay and at every start. Compiled only
//! with the feature `fault-injection`; called by the folds.

use crate::record::Record;

/// A record of exactly so many steps panics in its user's fold, after the records before it were taken.
pub const POISON_STEPS: i64 = 999_983;
/// A record of exactly so many steps makes the shell panic once in a process: a fault of the moment.
pub const FLEETING_STEPS: i64 = 999_979;
/// A record of exactly so many steps panics where it is admitted, before it is journaled.
pub const UNJUDGED_STEPS: i64 = 999_961;
/// The second joining of a challenge with this title panics in the challenge's fold.
pub const POISON_TITLE: &str = "poison in the second joining";
/// A draft with this title panics wherever it is folded, also where its answer is foreseen.
pub const POISON_DRAFT: &str = "poison in the draft";

/// Panics where the record is the poison.
///
/// # Panics
/// As asked for by the record.
pub fn taste_record(record: &Record) {
    assert!(
        record.value() != Some(POISON_STEPS),
        "a poisoned sample, as a test asked for"
    );
}

/// Panics where the record cannot even be judged.
///
/// # Panics
/// As asked for by the record.
pub fn taste_arrival(record: &Record) {
    assert!(
        record.value() != Some(UNJUDGED_STEPS),
        "a sample that cannot be judged, as a test asked for"
    );
}

/// Panics where a joining is the poison; `members` are those with the new one.
///
/// # Panics
/// As asked for by the title.
pub fn taste_joining(title: &str, members: usize) {
    assert!(
        title != POISON_TITLE || members < 2,
        "a poisoned joining, as a test asked for"
    );
}

/// Panics where a draft is the poison.
///
/// # Panics
/// As asked for by the title.
pub fn taste_draft(title: &str) {
    assert!(
        title != POISON_DRAFT,
        "a poisoned draft, as a test asked for"
    );
}
