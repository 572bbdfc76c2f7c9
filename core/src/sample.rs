//! One reading of a device: metrics, the exact decimal of a value, the record as it is kept, and its canonical digest.
//!
//! Parsing refuses what can be refused without knowing the user; admissibility in time and identity are decided later
//! (`user::admit`, `user::fold`).

use alloc::{format, string::String, vec::Vec};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{id::RecordId, limits};

/// A metric of the registry (domain.md 1.1). Numbered, because the journal keeps the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Metric {
    /// Steps: a delta in whole steps, 0 to 1,000,000 a sample.
    #[n(1)]
    Steps,
}

impl Metric {
    /// The metric of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        (name == "steps").then_some(Self::Steps)
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
        }
    }

    /// Its unit (UCUM) on the wire.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Steps => "{steps}",
        }
    }

    /// Its class on the wire.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Steps => "delta",
        }
    }

    /// Smallest and largest value of one sample, in store units.
    #[must_use]
    pub fn range(self) -> (i64, i64) {
        match self {
            Self::Steps => (0, 1_000_000),
        }
    }
}

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

    /// Priority for steps: watch 100, ring 90, band 80, phone 50, others 0 (chest leads for heart rate only).
    #[must_use]
    pub fn priority(self) -> u8 {
        match self {
            Self::Watch => 100,
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
    Future,
    TooOld,
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
            Self::Future => "future",
            Self::TooOld => "too_old",
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

/// A sample as it is kept: defaults filled in, amount in store units.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// Identity within the device; never used again for another sample.
    #[n(0)]
    pub id: RecordId,
    /// From 1; a higher version corrects a lower one.
    #[n(1)]
    pub version: u32,
    /// What was measured.
    #[n(2)]
    pub metric: Metric,
    /// Start, POSIX ms.
    #[n(3)]
    pub start_ms: i64,
    /// End, POSIX ms; after the start.
    #[n(4)]
    pub end_ms: i64,
    /// Offset of the device's wall clock in seconds; shown only, never picks a day.
    #[n(5)]
    pub offset_s: Option<i32>,
    /// Amount in store units.
    #[n(6)]
    pub value: i64,
    /// How it was recorded.
    #[n(7)]
    pub method: Method,
    /// Whether the device was worn, where it says.
    #[n(8)]
    pub worn: Option<bool>,
}

impl Record {
    /// Checks what needs no user: interval, overlong, range; in the order of protocol.md 3.
    ///
    /// # Errors
    /// The first fault, with its code.
    pub fn check(&self) -> Result<(), RecordRefusal> {
        let refuse = |code, detail: String| Err(RecordRefusal { code, detail });
        if self.version != 1 {
            return refuse(
                RecordCode::BadSample,
                format!("version {} is not taken yet, only 1", self.version),
            );
        }
        if self.end_ms <= self.start_ms {
            return refuse(
                RecordCode::BadSample,
                "end_ms must be after start_ms".into(),
            );
        }
        if self.end_ms.saturating_sub(self.start_ms) > limits::SAMPLE_SPAN_MS_MAX {
            return refuse(RecordCode::Overlong, "a sample lasts at most 24 h".into());
        }
        let (low, high) = self.metric.range();
        if !(low..=high).contains(&self.value) {
            let name = self.metric.name();
            return refuse(
                RecordCode::Range,
                format!("{name} {} is outside {low}..{high}", self.value),
            );
        }
        Ok(())
    }

    /// Length in ms.
    #[must_use]
    pub fn span_ms(&self) -> i64 {
        self.end_ms.saturating_sub(self.start_ms)
    }

    /// SHA-256 over the canonical payload: RFC 8949 deterministic CBOR with the text keys of protocol.md 3 (domain.md 1.3).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(160);
        let mut encoder = minicbor::Encoder::new(&mut bytes);
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = self.write_canonical(&mut encoder);
        Sha256::digest(&bytes).into()
    }

    /// Keys stand in the order of their encoded bytes: shorter first, then by letters.
    fn write_canonical(
        &self,
        e: &mut minicbor::Encoder<&mut Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
        let optional =
            u64::from(self.worn.is_some()).saturating_add(u64::from(self.offset_s.is_some()));
        e.map(optional.saturating_add(8))?;
        if let Some(worn) = self.worn {
            e.str("worn")?.bool(worn)?;
        }
        e.str("class")?.str(self.metric.class())?;
        e.str("value")?.i64(self.value)?;
        e.str("end_ms")?.i64(self.end_ms)?;
        e.str("method")?.str(self.method.name())?;
        e.str("metric")?.str(self.metric.name())?;
        e.str("deleted")?.bool(false)?;
        e.str("version")?.u32(self.version)?;
        if let Some(offset) = self.offset_s {
            e.str("offset_s")?.i32(offset)?;
        }
        e.str("start_ms")?.i64(self.start_ms)?.ok()
    }
}

/// Reads a JSON number as an exact decimal and rounds it half up to `10^-scale` units, so 1.5 at scale 0 is 2.
///
/// ```
/// use streakline_core::sample::decimal;
/// assert_eq!(decimal("87", 0), Some(87));
/// assert_eq!(decimal("1.5e1", 0), Some(15));
/// assert_eq!(decimal("-0.5", 0), Some(0), "half goes up");
/// assert_eq!(decimal("1e400", 0), None, "an exponent beyond 9 is refused");
/// ```
/// `None` when the text is no JSON number, its exponent is beyond +-9, or the result does not fit 63 bits.
#[must_use]
pub fn decimal(text: &str, scale: u32) -> Option<i64> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (
            text.get(..at)?,
            text.get(at.checked_add(1)?..)?.parse::<i32>().ok()?,
        ),
        None => (text, 0),
    };
    if !(-9..=9).contains(&exponent) {
        return None;
    }
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let shift = exponent.checked_add(i32::try_from(scale).ok()?)?;
    let point = i32::try_from(whole.len()).ok()?.checked_add(shift)?;
    let (units, tail) = take_digits(whole, fraction, point)?;
    round_half_up(units, tail, negative)
}

/// What stands right of the point: nothing, below a half, a half, above it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Zero,
    Below,
    Half,
    Above,
}

fn take_digits(whole: &str, fraction: &str, point: i32) -> Option<(i64, Tail)> {
    if whole.is_empty() {
        return None;
    }
    let mut units = 0_i64;
    let mut tail = Tail::Zero;
    let mut place = 0_i32;
    // A point left of the first digit means zeros before it: the first digit is then never the tenths.
    let first_tail = point.max(0);
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = i64::from(char::from(byte).to_digit(10)?);
        if place < point {
            units = units.checked_mul(10)?.checked_add(digit)?;
        } else {
            tail = extend_tail(tail, digit, place == first_tail && point >= 0);
        }
        place = place.checked_add(1)?;
    }
    while place < point {
        units = units.checked_mul(10)?;
        place = place.checked_add(1)?;
    }
    Some((units, tail))
}

fn extend_tail(tail: Tail, digit: i64, tenths: bool) -> Tail {
    match (tenths, digit, tail) {
        (true, 0, _) => Tail::Zero,
        (true, 1..=4, _) => Tail::Below,
        (true, 5, _) => Tail::Half,
        (true, _, _) => Tail::Above,
        (false, 0, tail) => tail,
        (false, _, Tail::Zero) => Tail::Below,
        (false, _, Tail::Half) => Tail::Above,
        (false, _, tail) => tail,
    }
}

fn round_half_up(units: i64, tail: Tail, negative: bool) -> Option<i64> {
    let up = match tail {
        Tail::Above => 1,
        Tail::Half => i64::from(!negative),
        Tail::Zero | Tail::Below => 0,
    };
    let magnitude = units.checked_add(up)?;
    if negative {
        magnitude.checked_neg()
    } else {
        Some(magnitude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_round_half_up() {
        for (text, scale, wanted) in [
            ("0", 0, Some(0)),
            ("0.4999999999999999999999", 0, Some(0)),
            ("0.5", 0, Some(1)),
            ("2.5", 0, Some(3)),
            ("-2.5", 0, Some(-2)),
            ("-2.50001", 0, Some(-3)),
            ("0.05", 0, Some(0)),
            ("5e-1", 0, Some(1)),
            ("5e-2", 0, Some(0)),
            ("99e-2", 0, Some(1)),
            ("1.25", 1, Some(13)),
            ("1e9", 0, Some(1_000_000_000)),
            ("1E+2", 0, Some(100)),
            ("1e10", 0, None),
            ("9223372036854775808", 0, None),
            ("", 0, None),
            ("x", 0, None),
            ("1.2.3", 0, None),
        ] {
            assert_eq!(decimal(text, scale), wanted, "{text} at scale {scale}");
        }
    }

    #[test]
    fn a_digest_depends_on_every_kept_field() {
        let record = Record {
            id: RecordId::Number(1),
            version: 1,
            metric: Metric::Steps,
            start_ms: 0,
            end_ms: 60_000,
            offset_s: None,
            value: 87,
            method: Method::Auto,
            worn: None,
        };
        let other_id = Record {
            id: RecordId::Number(2),
            ..record.clone()
        };
        assert_eq!(
            record.digest(),
            other_id.digest(),
            "the id is the key, not the content"
        );
        for changed in [
            Record {
                value: 88,
                ..record.clone()
            },
            Record {
                end_ms: 60_001,
                ..record.clone()
            },
            Record {
                offset_s: Some(0),
                ..record.clone()
            },
            Record {
                method: Method::Manual,
                ..record.clone()
            },
            Record {
                worn: Some(true),
                ..record.clone()
            },
        ] {
            assert_ne!(record.digest(), changed.digest());
        }
    }
}
