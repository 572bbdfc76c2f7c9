//! The sections of the report, in the order of the page.

mod allocator;
mod audience;
mod board;
mod bytes;
mod cql;
mod crowd;
mod latency;
mod memory;
mod overload;
mod parts;
mod postgres;
mod price;
mod profile;
mod replay;
mod soak;
mod storm;
mod vehicle;

use anyhow::Result;

use super::findings::{Findings, Side};
use super::lab::Lab;
use super::results::Results;

/// A part of the report that can be measured by itself.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// How it is measured, for the page.
    pub(super) method: &'static str,
    pub(super) measure: fn(&Lab<'_>, &Results, &mut Findings) -> Result<()>,
}

/// All of them.
pub(super) const SECTIONS: &[Section] = &[
    vehicle::SECTION,
    profile::SECTION,
    postgres::SECTION,
    latency::SECTION,
    board::SECTION,
    audience::SECTION,
    parts::SECTION,
    memory::SECTION,
    crowd::SECTION,
    bytes::SECTION,
    replay::SECTION,
    storm::SECTION,
    overload::SECTION,
    soak::SECTION,
    price::SECTION,
    allocator::SECTION,
    cql::SECTION,
];
