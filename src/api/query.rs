//! Reads a query string: every parameter by name, everything else refused.

use std::{collections::BTreeMap, ops::RangeInclusive, str::FromStr};

use actix_web::web;
use streakline_core::{civil::Day, limits};

use super::{
    fault::{Faults, Wrong},
    page::{Cursors, Page},
};
use crate::protocol::error_code::Refusal;

/// A query string that is being read; [`Query::done`] refuses what nobody read.
pub(super) struct Query {
    unread: BTreeMap<String, String>,
    faults: Faults,
}

impl Query {
    /// Takes a query string apart.
    pub(super) fn parse(text: &str) -> Self {
        let faults = Faults::default();
        let mut unread = BTreeMap::new();
        match web::Query::<Vec<(String, String)>>::from_query(text) {
            Ok(pairs) => {
                for (name, value) in pairs.into_inner() {
                    let at = pointer(&name);
                    if unread.insert(name, value).is_some() {
                        faults.add(at, Wrong::new("repeated", "given more than once"));
                    }
                }
            }
            Err(_) => faults.add(
                "/query",
                Wrong::shape("must be name=value pairs, URL encoded"),
            ),
        }
        Self { unread, faults }
    }

    /// The text of a parameter, where it is given.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.unread.remove(name)
    }

    /// A parameter that `read` understands or says what is wrong with.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let text = self.text(name)?;
        read(&text)
            .map_err(|wrong| self.faults.add(pointer(name), wrong))
            .ok()
    }

    /// A date.
    pub(super) fn date(&mut self, name: &str) -> Option<Day> {
        self.read(name, |text| Day::parse(text).ok_or_else(Wrong::date))
    }

    /// An integer within bounds.
    pub(super) fn integer<T>(&mut self, name: &str, bounds: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        self.read(name, |text| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text
                .parse()
                .ok()
                .filter(|number| plain && bounds.contains(number));
            let words = || {
                format!(
                    "must be an integer from {} to {}",
                    bounds.start(),
                    bounds.end()
                )
            };
            number.ok_or_else(|| Wrong::range(words()))
        })
    }

    /// `cursor` and `limit` of a list; `list` names the list and whose it is.
    pub(super) fn page(&mut self, list: String, cursors: &Cursors) -> Page {
        let limit = self.integer("limit", 1..=limits::PAGE_ROWS_MAX);
        let after = self.read("cursor", |cursor| {
            let foreign = || Wrong::new("bad_cursor", "is not a cursor of this list");
            cursors.open(&list, cursor).ok_or_else(foreign)
        });
        Page {
            list,
            limit: limit.unwrap_or(limits::PAGE_ROWS) as usize,
            after,
        }
    }

    /// Notes a fault of a parameter.
    pub(super) fn fault(&mut self, name: &str, wrong: Wrong) {
        self.faults.add(pointer(name), wrong);
    }

    /// Whether a fault of that parameter was noted.
    pub(super) fn is_faulty(&self, name: &str) -> bool {
        self.faults.concern(&pointer(name))
    }

    /// Refuses every fault, and every parameter that was not read.
    pub(super) fn done(self) -> Result<(), Refusal> {
        for name in self.unread.keys() {
            self.faults.add(pointer(name), Wrong::unknown());
        }
        self.faults.none()
    }
}

fn pointer(name: &str) -> String {
    format!("/query/{}", super::fields::escaped(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::error_code::Code;

    fn pointers(refusal: &Refusal) -> Vec<(&str, &str)> {
        refusal
            .faults
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.code))
            .collect()
    }

    #[test]
    fn parameters_that_nobody_reads_are_refused_all_at_once() {
        let mut query = Query::parse("limt=5&from=2016-04-13&a%2Fb=1");
        assert_eq!(query.date("from"), Day::parse("2016-04-13"));
        let refusal = query.done().unwrap_err();
        let wanted = [
            ("/query/a~1b", "unknown_field"),
            ("/query/limt", "unknown_field"),
        ];
        assert_eq!(pointers(&refusal), wanted);
        assert!(Query::parse("").done().is_ok());
    }

    #[test]
    fn a_limit_is_an_integer_from_1_to_1000() {
        let cursors = Cursors::new("secret");
        for bad in ["0", "1001", "-1", "+5", "x", "", "99999999999999999999"] {
            let mut query = Query::parse(&format!("limit={bad}"));
            query.page("goals/ann".into(), &cursors);
            let refusal = query.done().unwrap_err();
            assert_eq!(refusal.code, Code::Invalid);
            assert_eq!(pointers(&refusal), [("/query/limit", "range")], "{bad}");
        }
        let mut query = Query::parse("limit=1000");
        assert_eq!(query.page("goals/ann".into(), &cursors).limit, 1_000);
        assert_eq!(
            Query::parse("").page("goals/ann".into(), &cursors).limit,
            50
        );
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        let mut query = Query::parse("k=5&k=6");
        query.integer("k", 1..=50_u32);
        assert_eq!(
            pointers(&query.done().unwrap_err()),
            [("/query/k", "repeated")]
        );
    }
}
