//! What is said about a sample beside its amount: how it was recorded, by what class of device, and why it is refused.
//!
//! The sample itself is `record`'s.

use alloc::string::String;
use minicbor::{Decode, Encode};

use crate::metric::Metric;

/// How a sample was recorded (Health Connect's four recording methods, domain.md 1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Method {
    /// By the device on its own.
    #[n(0)]
    Auto,
    /// By the device, in a workout that the user started.
    #[n(1)]
    Active,
    /// Typed in by the user.
    #[n(2)]
    Manual,
    /// Not said.
    #[default]
    #[n(3)]
    Unknown,
}

impl Method {
    /// The method of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Auto, Self::Active, Self::Manual, Self::Unknown]
            .into_iter()
            .find(|m| m.name() == name)
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Active => "active",
            Self::Manual => "manual",
            Self::Unknown => "unknown",
        }
    }
}

/// Class of a device, with its priority in a merge (domain.md 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
#[expect(
    missing_docs,
    reason = "the names are the documentation (protocol.md 2)"
)]
pub enum DeviceClass {
    #[n(0)]
    Watch,
    #[n(1)]
    Chest,
    #[n(2)]
    Ring,
    #[n(3)]
    Band,
    #[n(4)]
    Phone,
    #[n(5)]
    Scale,
    #[n(6)]
    Vehicle,
    #[n(7)]
    Manual,
}

impl DeviceClass {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::Watch,
        Self::Chest,
        Self::Ring,
        Self::Band,
        Self::Phone,
        Self::Scale,
        Self::Vehicle,
        Self::Manual,
    ];

    /// The class of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Chest => "chest",
            Self::Ring => "ring",
            Self::Band => "band",
            Self::Phone => "phone",
            Self::Scale => "scale",
            Self::Vehicle => "vehicle",
            Self::Manual => "manual",
        }
    }

    /// Priority for a metric: watch 100, chest 95 for the heart rate only, ring 90, band 80, phone 50, others 0.
    #[must_use]
    pub fn priority(self, metric: Metric) -> u8 {
        match self {
            Self::Watch => 100,
            Self::Chest if metric == Metric::HEART_RATE => 95,
            Self::Ring => 90,
            Self::Band => 80,
            Self::Phone => 50,
            Self::Chest | Self::Scale | Self::Vehicle | Self::Manual => 0,
        }
    }
}

/// Why one record is refused, or how it was taken (protocol.md 3 and 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the codes of protocol.md 8, one to one")]
pub enum RecordCode {
    BadSample,
    UnknownMetric,
    BadUnit,
    Overlong,
    Range,
    BadSignature,
    Future,
    TooOld,
    TooNew,
    Limit,
    Clock,
}

impl RecordCode {
    /// The code on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadSample => "bad_sample",
            Self::UnknownMetric => "unknown_metric",
            Self::BadUnit => "bad_unit",
            Self::Overlong => "overlong",
            Self::Range => "range",
            Self::BadSignature => "bad_signature",
            Self::Future => "future",
            Self::TooOld => "too_old",
            Self::TooNew => "too_new",
            Self::Limit => "limit",
            Self::Clock => "clock",
        }
    }
}

/// A record that is refused, with words for the developer who reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRefusal {
    /// What is wrong.
    pub code: RecordCode,
    /// In words.
    pub detail: String,
}

impl RecordRefusal {
    /// A refusal with its words.
    #[must_use]
    pub fn new(code: RecordCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}
