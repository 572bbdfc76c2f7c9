//! What an operator sets: flags first, then the environment, then one TOML file, then defaults.
//!
//! `settings.rs` is the list; the other files are how a list becomes types, checks, values with their origin, and pages. The
//! commands `serve` and `config` call [`Config::load`] and [`Effective::of`]. Nothing else reads the environment.

mod check;
mod cql_address;
mod declare;
mod effective;
mod environment;
mod fault;
mod file;
mod nearest;
mod settings;
mod shown;
#[cfg(test)]
mod tests;
mod value;

pub use cql_address::CqlAddress;
pub use declare::Setting;
pub use effective::{Effective, Entry, Sources};
pub use environment::{FILE, variables};
pub use fault::{Error, Fault, Origin};
pub use settings::*;
pub use value::{Kind, Secret, Value};
