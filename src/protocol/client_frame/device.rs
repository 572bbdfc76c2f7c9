//! What a device says of itself between its batches: its battery (protocol.md 3).

use serde::Deserialize;

use super::{
    Refusal, at, bad_frame, required,
    scalar::{self, Raw},
};

/// A device's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// 0 to 100.
    pub percent: u8,
    /// Whether it is being charged, where it says so.
    pub charging: Option<bool>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    battery: Raw<'a>,
    #[serde(borrow)]
    charging: Raw<'a>,
}

const PERCENT_MAX: u8 = 100;

pub(super) fn read(text: &str) -> Result<Report, Refusal> {
    let frame: Frame<'_> = super::parse(text)?;
    let percent = at("/battery", scalar::unsigned(frame.battery))?;
    let percent = required("/battery", percent)?;
    let percent = u8::try_from(percent).ok();
    let Some(percent) = percent.filter(|percent| *percent <= PERCENT_MAX) else {
        return Err(bad_frame("/battery", "/battery must be 0 to 100".into()));
    };
    let charging = at("/charging", scalar::boolean(frame.charging))?;
    Ok(Report { percent, charging })
}
