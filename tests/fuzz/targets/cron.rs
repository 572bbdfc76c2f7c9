//! Cron expressions of dates.

use streakline_core::{civil::Day, definition::recurs::cron::Cron};

use super::{Judged, Seen, Target, bounded, hold};
use crate::{cycles, mutate::Form, random::Random};

pub(super) const CRON: Target = Target {
    name: "cron",
    form: Form::Plain,
    share: 2,
    // Some name no date, and are refused well.
    valid: |seed| {
        let random = &mut Random::new(seed, 61);
        let texts = std::iter::repeat_with(|| cycles::expression(random));
        let mut dated = texts.filter(|text| Cron::parse(text).is_ok());
        dated.next().unwrap_or_default().into_bytes()
    },
    check: |bytes| {
        let text = &*String::from_utf8_lossy(bytes);
        let Ok(cron) = bounded((bytes, 16, 4_096), || Cron::parse(text))? else {
            return Ok(Seen::Refused);
        };
        hold(Cron::parse(cron.text()) == Ok(cron.clone()), || {
            format!("{text:?} is written {:?}", cron.text())
        })?;
        named(&cron)
    },
};

/// Each of its first dates is one, and is counted where it stands.
fn named(cron: &Cron) -> Judged {
    let from = Day::parse("2016-04-12").unwrap();
    let mut last = from.prev();
    for index in (0..40).chain([9_999]) {
        let date = cron.nth(from, index);
        hold(date > last && cron.has(date), || {
            format!("{} is number {index}", date.iso())
        })?;
        let count = cron.count(from, date, u32::MAX);
        hold(count == index + 1, || {
            format!(
                "{} are up to {}, which is number {index}",
                count,
                date.iso()
            )
        })?;
        last = date;
    }
    Ok(Seen::Taken(None))
}
