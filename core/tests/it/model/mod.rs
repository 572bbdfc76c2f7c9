//! THE REFERENCE MODEL: the rules of domain.md 1 to 4 written down a second time, slowly, with plain maps and brute force, and
//! from the text alone. It shares with the core only ids, dates and tables of zones. `agreement` drives both.

pub mod acts;
pub mod adaptive;
mod counters;
mod days;
mod derived;
mod episodes;
pub mod gauges;
pub mod goals;
mod merge;
pub mod milestones;
mod pauses;
pub mod records;
pub mod statuses;
pub mod streaks;
mod sweep;
mod tokens;
mod travel;
mod worked;
pub mod world;
