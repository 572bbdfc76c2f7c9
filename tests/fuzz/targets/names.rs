//! Names, ids, dates, numbers, zones, instants: small texts that are read everywhere.

use streakline::{registry, zones::parse_instant_ms};
use streakline_core::{
    civil::Day,
    decimal,
    id::{ChallengeId, DeviceId, GoalId, OutboxId, RecordId, UserId},
    metric::unit::Ratio,
    sample::{DeviceClass, Method},
};

use super::{Judged, Seen, Target, bounded, hold};
use crate::{lives::rules, mutate::Form, random::Random, values};

pub(super) const NAMES: Target = Target {
    name: "names",
    form: Form::Plain,
    share: 8,
    valid: |seed| {
        let random = &mut Random::new(seed, 60);
        let text = match random.index(8) {
            0 => values::name(random),
            1 => DeviceId(values::bytes16(random)).to_string(),
            2 => values::record_id(random).to_string(),
            3 => values::day(random).iso(),
            4 => values::ZONES[random.index(5)].into(),
            5 => random.within(-1_000_000, 1_000_000).to_string(),
            6 => format!(
                "{}.{}e{}",
                random.within(0, 99),
                random.within(0, 9_999),
                random.within(-9, 9)
            ),
            _ => "2016-04-12T00:00:00Z".into(),
        };
        text.into_bytes()
    },
    check,
};

fn check(bytes: &[u8]) -> Judged {
    let text = &*String::from_utf8_lossy(bytes);
    let taken = [
        bounded((bytes, 16, 4_096), || name(text))??,
        uuids(text)?,
        bounded((bytes, 16, 4_096), || record_id(text))??,
        date(text)?,
        number(text)?,
        zone(text)?,
        words(text)?,
        bounded((bytes, 16, 65_536), || parse_instant_ms(text))?.is_some(),
    ];
    Ok(if taken.contains(&true) {
        Seen::Taken(None)
    } else {
        Seen::Refused
    })
}

fn name(text: &str) -> Result<bool, String> {
    let clean =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(clean);
    let (user, goal) = (UserId::parse(text), GoalId::parse(text));
    hold(user.is_ok() == fits && goal.is_ok() == fits, || {
        format!("name {text:?}: {user:?}")
    })?;
    hold(
        user.is_err() || user.is_ok_and(|user| user.to_string() == text),
        || "name".into(),
    )?;
    Ok(fits)
}

fn uuids(text: &str) -> Result<bool, String> {
    let device = DeviceId::parse(text);
    let same = [
        ChallengeId::parse(text).map(|id| id.0),
        OutboxId::parse(text).map(|id| id.0),
    ];
    hold(
        same.iter().all(|id| *id == device.map(|device| device.0)),
        || "three kinds of UUID".into(),
    )?;
    if let Ok(device) = device {
        hold(device.to_string() == text.to_ascii_lowercase(), || {
            format!("uuid {text:?}")
        })?;
    }
    Ok(device.is_ok())
}

fn record_id(text: &str) -> Result<bool, String> {
    let id = RecordId::parse(text);
    if let Ok(id) = id {
        hold(id.to_string() == text.to_ascii_lowercase(), || {
            format!("record id {text:?}")
        })?;
    }
    Ok(id.is_ok())
}

fn date(text: &str) -> Result<bool, String> {
    let day = Day::parse(text);
    if let Some(day) = day {
        hold(day.iso() == text, || {
            format!("date {text:?} is {}", day.iso())
        })?;
        hold(Day::of_utc_ms(day.utc_ms()) == day, || {
            format!("date {text:?}")
        })?;
        hold(day.next().prev() == day, || format!("after {text:?}"))?;
    }
    Ok(day.is_some())
}

/// Against arithmetic of 128 bits.
fn number(text: &str) -> Result<bool, String> {
    for scale in 0..3 {
        let ratio = Ratio::ONE.times(10_u32.pow(scale));
        if let (Ok(read), Some(exact)) = (decimal::read(text, ratio), exact(text, scale)) {
            hold(i128::from(read) == exact, || {
                format!("{text:?} at {scale}: {read}, not {exact}")
            })?;
        }
    }
    Ok(decimal::read(text, Ratio::ONE).is_ok())
}

/// A short decimal without an exponent, rounded half up; `None`: too long for this arithmetic.
fn exact(text: &str, scale: u32) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.len() > 25 || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unit = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let scaled = sign * all.parse::<i128>().ok()? * 10_i128.pow(scale);
    Some((2 * scaled + unit).div_euclid(2 * unit))
}

fn zone(text: &str) -> Result<bool, String> {
    let zone = rules().zones.zone(text);
    if let Some(zone) = &zone {
        hold(zone.name() == text, || {
            format!("zone {text:?} is {:?}", zone.name())
        })?;
    }
    Ok(zone.is_some())
}

fn words(text: &str) -> Result<bool, String> {
    let class = DeviceClass::parse(text).map(DeviceClass::name);
    let method = Method::parse(text).map(Method::name);
    let metric = registry::metrics().named(text).map(|of| of.name.as_str());
    let known = class.or(method).or(metric);
    hold(known.is_none_or(|known| known == text), || {
        format!("word {text:?}")
    })?;
    Ok(known.is_some())
}
