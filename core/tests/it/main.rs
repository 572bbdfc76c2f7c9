//! The rules seen from outside: given/when/then cases and properties, one file a subject.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![allow(unreachable_pub, reason = "modules of one test binary")]

mod agreement;
mod arrival;
mod asking;
mod attributes;
mod boards;
mod challenges;
mod classes;
mod days;
mod device_order;
mod exertion;
mod explain;
mod formats;
mod goals;
mod golden_day;
mod history;
mod holding;
mod imports;
mod instrument_properties;
mod instruments;
mod journeys;
mod kept;
mod kinds;
mod lanes;
mod late;
mod live;
mod manual;
mod merge;
mod model;
mod places;
mod portable;
mod prizes;
mod properties;
mod random;
mod reference;
mod regressions;
mod retention;
mod snapshots;
mod streaks;
mod targets;
mod terms;
mod tokens;
mod travel;
mod verdicts;
mod waiting;
