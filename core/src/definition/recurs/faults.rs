//! What is wrong with the windows of a series.

use alloc::{format, string::String, vec::Vec};

use super::{
    super::{Definition, DefinitionFault},
    Every, Recurs, Schedule,
    cron::Cron,
};
use crate::limits;

/// The last day of a month that every month has.
const MONTH_DAY_MAX: u32 = 28;

impl Definition {
    /// What is wrong with its windows as a series.
    pub(in crate::definition) fn recurring_faults(&self) -> Vec<DefinitionFault> {
        let Some(recurs) = &self.recurs else {
            return Vec::new();
        };
        let mut faults = match &recurs.schedule {
            Schedule::Every(every) => self.faults_by_period(recurs, *every),
            Schedule::Cron(cron) => self.faults_by_cron(recurs, cron),
        };
        let counts = 1..=limits::CYCLES_MAX;
        let rules = [
            (
                recurs.count.is_some_and(|count| !counts.contains(&count)),
                ("/recurs/count", "range"),
                "1 to 10000",
            ),
            (
                recurs.until.is_some_and(|until| until < self.starts),
                ("/recurs/until", "before_start"),
                "it is before the first window starts",
            ),
            (
                recurs.count.is_some() && recurs.until.is_some(),
                ("/recurs/until", "one_of"),
                "it has a count or a last start, not both",
            ),
            (
                self.join_opens_ms.is_some(),
                ("/join/opens_ms", "conflict"),
                "each window opens when it is made, a day before it starts",
            ),
        ];
        faults.extend(found(rules));
        faults
    }

    fn faults_by_period(&self, recurs: &Recurs, every: Every) -> Vec<DefinitionFault> {
        let monthly = every == Every::Month;
        let second = recurs.starts(self.starts, 2);
        let fills = recurs.fills((self.starts, self.ends));
        let long = self.ends.since(self.starts) >= i32::try_from(MONTH_DAY_MAX).unwrap_or(0);
        let overlaps = self.ends >= second || monthly && long && !fills;
        let rules = [
            (
                overlaps,
                ("/window/ends", "overlaps"),
                "a window ends before the next one begins; one that does not fill its month has at most 28 days",
            ),
            (
                monthly && self.starts.ymd().2 > MONTH_DAY_MAX,
                ("/window/starts", "range"),
                "what begins anew by months begins on a day from 1 to 28",
            ),
            (
                recurs.fills,
                ("/recurs/fills", "unsupported"),
                "of windows by a period the first one says whether they fill it",
            ),
        ];
        found(rules).collect()
    }

    /// Windows that the expression gives: the first is one of them, none overlaps the next, none is too long.
    fn faults_by_cron(&self, recurs: &Recurs, cron: &Cron) -> Vec<DefinitionFault> {
        if !cron.has(self.starts) {
            let nearest = cron.nearest(self.starts).iso();
            let words =
                format!("the expression does not name it; the nearest that it names is {nearest}");
            return Vec::from([DefinitionFault::at("/window/starts", "off_schedule", words)]);
        }
        let wrong = if recurs.fills {
            self.unfilled(cron)
        } else {
            self.overlap(cron)
        };
        let fault = |(pointer, code, words)| DefinitionFault::at(pointer, code, words);
        wrong.map(fault).into_iter().collect()
    }

    /// A window that does not end before the next one starts.
    fn overlap(&self, cron: &Cron) -> Option<Wrong> {
        let days = self.ends.since(self.starts);
        let followed = usize::try_from(self.last_cycle().saturating_sub(1)).unwrap_or(0);
        let mut starts = cron.pairs(self.starts).take(followed);
        let (starts, next) = starts.find(|(starts, next)| starts.plus(days) >= *next)?;
        let words = format!(
            "the window from {} would last until {}, and the next one starts on {}; with fills each lasts until the next starts",
            starts.iso(),
            starts.plus(days).iso(),
            next.iso()
        );
        Some(("/window/ends", "overlaps", words))
    }

    /// A window that does not end as the next one starts, or is too long if it does.
    fn unfilled(&self, cron: &Cron) -> Option<Wrong> {
        let ends = cron.nth(self.starts, 1).prev();
        if self.ends != ends {
            let words = format!(
                "it fills the time until the next one starts, which is to {}",
                ends.iso()
            );
            return Some(("/window/ends", "fills", words));
        }
        let count = usize::try_from(self.last_cycle()).unwrap_or(0);
        let mut starts = cron.pairs(self.starts).take(count);
        let (starts, next) =
            starts.find(|(starts, next)| next.since(*starts) > limits::WINDOW_DAYS_MAX)?;
        let words = format!(
            "a window has at most 400 days, and that from {} would last until {}",
            starts.iso(),
            next.prev().iso()
        );
        Some(("/recurs/fills", "range", words))
    }
}

/// Where, a code, and words.
type Wrong = (&'static str, &'static str, String);

fn found<const N: usize>(
    rules: [(bool, (&'static str, &'static str), &'static str); N],
) -> impl Iterator<Item = DefinitionFault> {
    let broken = rules.into_iter().filter(|(wrong, ..)| *wrong);
    broken.map(|(_, (pointer, code), words)| DefinitionFault::at(pointer, code, words))
}
