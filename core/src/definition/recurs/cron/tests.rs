//! Expressions against a search day by day that knows nothing of months as bits.

use alloc::{format, string::ToString, vec, vec::Vec};

use proptest::prelude::*;

use super::*;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn dates(text: &str, from: &str, count: u32) -> Vec<String> {
    let cron = Cron::parse(text).unwrap();
    (0..count)
        .map(|index| cron.nth(day(from), index).iso())
        .collect()
}

#[test]
fn what_operators_write_names_the_dates_that_they_mean() {
    let table: [(&str, &str, &[&str]); 11] = [
        (
            "0 0 * * 1-5",
            "2016-04-14",
            &["2016-04-14", "2016-04-15", "2016-04-18"],
        ),
        (
            "0 0 * * mon-FRI",
            "2016-04-15",
            &["2016-04-15", "2016-04-18"],
        ),
        (
            "0 0 1,15 * *",
            "2016-04-02",
            &["2016-04-15", "2016-05-01", "2016-05-15"],
        ),
        (
            "0 0 L * *",
            "2016-02-01",
            &["2016-02-29", "2016-03-31", "2016-04-30"],
        ),
        ("0 0 * * 5L", "2016-04-01", &["2016-04-29", "2016-05-27"]),
        ("0 0 * * 0#2", "2016-05-01", &["2016-05-08", "2016-06-12"]),
        (
            "0 0 1 JAN-MAR *",
            "2016-02-02",
            &["2016-03-01", "2017-01-01", "2017-02-01"],
        ),
        (
            "00 0 */10 * *",
            "2016-02-01",
            &["2016-02-01", "2016-02-11", "2016-02-21", "2016-03-01"],
        ),
        ("0 0 20/10 2 *", "2016-02-01", &["2016-02-20", "2017-02-20"]),
        (" @weekly ", "2016-04-13", &["2016-04-17", "2016-04-24"]),
        ("@yearly", "2016-04-13", &["2017-01-01", "2018-01-01"]),
    ];
    for (text, from, wanted) in table {
        let count = u32::try_from(wanted.len()).unwrap();
        assert_eq!(dates(text, from, count), wanted, "{text}");
    }
}

/// Vixie's rule, with the first of the month and Mondays.
#[test]
fn where_day_and_weekday_are_both_said_either_will_do() {
    let either = ["2016-04-01", "2016-04-04", "2016-04-11"];
    assert_eq!(dates("0 0 1 * 1", "2016-04-01", 3), either);
    // A field that begins with * is open, also with a step.
    let both = ["2016-08-01", "2017-05-01"];
    assert_eq!(dates("0 0 */31 4-8 1", "2016-04-01", 2), both);
}

#[test]
fn seven_is_sunday_too() {
    let week = |text: &str| dates(text, "2016-04-11", 9);
    assert_eq!(week("0 0 * * 7"), week("0 0 * * SUN"));
    assert_eq!(week("0 0 * * 5-7"), week("0 0 * * 0,5,6"));
    assert_eq!(week("0 0 * * 1/2"), week("0 0 * * 1,3,5"));
}

#[test]
fn the_29th_of_february_waits_eight_years_where_a_century_has_none() {
    let leap = dates("0 0 29 2 *", "1896-03-01", 3);
    assert_eq!(leap, ["1904-02-29", "1908-02-29", "1912-02-29"]);
    let leap = dates("0 0 29 2 *", "1996-03-01", 2);
    assert_eq!(leap, ["2000-02-29", "2004-02-29"]);
    let leap = dates("0 0 29 2 *", "2096-02-29", 2);
    assert_eq!(leap, ["2096-02-29", "2104-02-29"]);
    // 97 of them in 400 years.
    assert_eq!(dates("0 0 29 2 *", "2000-02-29", 98)[97], "2400-02-29");
}

#[test]
fn what_names_no_date_of_a_clock_is_refused() {
    let (month, weekday) = (CronError::Field("month"), CronError::Field("day of week"));
    let day = CronError::Field("day of month");
    let table = [
        ("", CronError::Fields),
        ("0 0 * *", CronError::Fields),
        ("0 0 0 * * *", CronError::Fields),
        ("30 0 * * *", CronError::Time),
        ("0 6 * * *", CronError::Time),
        ("* * * * *", CronError::Time),
        ("0 0-1 * * *", CronError::Time),
        ("@hourly", CronError::Short),
        ("@reboot", CronError::Short),
        ("0 0 0 * *", day),
        ("0 0 32 * *", day),
        ("0 0 -1 * *", day),
        ("0 0 1,, * *", day),
        ("0 0 */0 * *", day),
        ("0 0 9-3 * *", day),
        ("0 0 001 * *", day),
        ("0 0 ? * *", day),
        ("0 0 * 13 *", month),
        ("0 0 * JANUARY *", month),
        ("0 0 * * 8", weekday),
        ("0 0 * * 1#6", weekday),
        ("0 0 * * 1#0", weekday),
        ("0 0 * * L", weekday),
        ("0 0 * * fri-mon", weekday),
        ("0 0 31 2 *", CronError::Never),
        ("0 0 30,31 FEB *", CronError::Never),
        ("0 0 31 4,6,9,11 *", CronError::Never),
        ("0 0 1 * ä", CronError::Long),
    ];
    for (text, wanted) in table {
        assert_eq!(Cron::parse(text), Err(wanted), "{text:?}");
        assert!(!wanted.to_string().is_empty());
    }
    let long = format!("0 0 {} * *", vec!["1"; 60].join(","));
    assert_eq!(Cron::parse(&long), Err(CronError::Long));
}

#[test]
fn it_is_stored_as_its_text() {
    let cron = Cron::parse("  0 0\t1,15  * * ").unwrap();
    assert_eq!(cron.text(), "0 0 1,15 * *");
    let stored = minicbor::to_vec(&cron).unwrap();
    assert_eq!(stored, minicbor::to_vec("0 0 1,15 * *").unwrap());
    assert_eq!(decode::<Cron>(&stored).unwrap(), cron);
    let never = minicbor::to_vec("0 0 31 2 *").unwrap();
    assert!(decode::<Cron>(&never).is_err());
}

#[test]
fn the_nearest_date_is_the_earlier_of_two() {
    let cron = Cron::parse("0 0 1,15 * *").unwrap();
    let nearest = |text: &str| cron.nearest(day(text)).iso();
    assert_eq!(nearest("2016-04-15"), "2016-04-15");
    assert_eq!(nearest("2016-04-08"), "2016-04-01");
    assert_eq!(nearest("2016-04-09"), "2016-04-15");
}

/// A part of a field.
#[derive(Clone, Debug)]
enum Item {
    All(u32),
    One(u32),
    Span(u32, u32, u32),
    LastDay,
    LastOf(u32),
    Nth(u32, u32),
}

impl Item {
    fn text(&self) -> String {
        match self {
            Self::All(1) => "*".into(),
            Self::All(step) => format!("*/{step}"),
            Self::One(value) => value.to_string(),
            Self::Span(low, high, 1) => format!("{low}-{high}"),
            Self::Span(low, high, step) => format!("{low}-{high}/{step}"),
            Self::LastDay => "L".into(),
            Self::LastOf(weekday) => format!("{weekday}L"),
            Self::Nth(weekday, nth) => format!("{weekday}#{nth}"),
        }
    }

    /// Whether it has a value of a field that begins with `low`.
    fn has(&self, value: u32, low: u32) -> bool {
        match self {
            Self::All(step) => (value - low).is_multiple_of(*step),
            Self::One(one) => value == *one,
            Self::Span(low, high, step) => {
                (*low..=*high).contains(&value) && (value - low).is_multiple_of(*step)
            }
            _ => false,
        }
    }

    fn has_day(&self, date: Day) -> bool {
        match self {
            Self::LastDay => date.next().ymd().2 == 1,
            item => item.has(date.ymd().2, 1),
        }
    }

    fn has_weekday(&self, date: Day) -> bool {
        let sunday = day("2000-01-02");
        let weekday = u32::try_from(date.since(sunday).rem_euclid(7)).unwrap();
        let is = |of: &u32| of % 7 == weekday;
        match self {
            Self::LastOf(of) => is(of) && date.plus(7).ymd().1 != date.ymd().1,
            Self::Nth(of, nth) => is(of) && date.ymd().2.div_ceil(7) == *nth,
            Self::All(_) => self.has(weekday, 0),
            item => item.has(weekday, 0) || weekday == 0 && item.has(7, 0),
        }
    }
}

#[derive(Clone, Debug)]
struct Oracle {
    days: Vec<Item>,
    months: Vec<Item>,
    weekdays: Vec<Item>,
}

impl Oracle {
    fn text(&self) -> String {
        let field = |items: &[Item]| {
            let items: Vec<String> = items.iter().map(Item::text).collect();
            items.join(",")
        };
        let fields = [&self.days, &self.months, &self.weekdays].map(|items| field(items));
        format!("0 0 {}", fields.join(" "))
    }

    fn has(&self, date: Day) -> bool {
        let open = |items: &[Item]| matches!(items[0], Item::All(_));
        let day = self.days.iter().any(|item| item.has_day(date));
        let weekday = self.weekdays.iter().any(|item| item.has_weekday(date));
        let month = self.months.iter().any(|item| item.has(date.ymd().1, 1));
        let both = open(&self.days) || open(&self.weekdays);
        month && if both { day && weekday } else { day || weekday }
    }
}

fn item(low: u32, high: u32) -> impl Strategy<Value = Item> {
    let step = prop_oneof![3 => Just(1), 1 => 2..9_u32];
    let value = low..=high;
    prop_oneof![
        2 => step.clone().prop_map(Item::All),
        3 => value.clone().prop_map(Item::One),
        2 => (value.clone(), value, step)
            .prop_map(|(a, b, step)| Item::Span(a.min(b), a.max(b), step)),
    ]
}

fn oracles() -> impl Strategy<Value = Oracle> {
    let days = prop_oneof![6 => item(1, 31), 1 => Just(Item::LastDay)];
    let weekdays = prop_oneof![
        6 => item(0, 7),
        1 => (0..=7_u32).prop_map(Item::LastOf),
        1 => (0..=7_u32, 1..=5_u32).prop_map(|(of, nth)| Item::Nth(of, nth)),
    ];
    let list = |of| proptest::collection::vec(of, 1..3);
    let months = prop_oneof![Just(vec![Item::All(1)]), list(item(1, 12).boxed())];
    let fields = (list(days.boxed()), months, list(weekdays.boxed()));
    fields.prop_map(|(days, months, weekdays)| Oracle {
        days,
        months,
        weekdays,
    })
}

proptest! {
    #[test]
    fn every_date_is_that_of_a_search_day_by_day(
        oracle in oracles(),
        from in 0..90_000_i32,
    ) {
        // From 1880 on, so that 1900 and 2100 are among them.
        let from = day("1880-01-01").plus(from);
        let days = (0..3_500).map(|days| from.plus(days));
        let wanted: Vec<Day> = days.filter(|date| oracle.has(*date)).collect();
        let text = oracle.text();
        let Ok(cron) = Cron::parse(&text) else {
            prop_assert_eq!(Cron::parse(&text), Err(CronError::Never));
            prop_assert!(wanted.is_empty(), "{}", text);
            return Ok(());
        };
        for days in 0..400 {
            let date = from.plus(days);
            prop_assert_eq!(cron.has(date), oracle.has(date), "{} {}", text, date.iso());
        }
        let to = from.plus(3_499);
        let total = u32::try_from(wanted.len()).unwrap();
        prop_assert_eq!(cron.count(from, to, 10_000), total, "{}", text);
        prop_assert_eq!(cron.count(from, to, 5), total.min(5));
        for (index, date) in (0_u32..).zip(&wanted) {
            prop_assert_eq!(cron.nth(from, index), *date, "{} {}", text, index);
        }
        let pairs: Vec<(Day, Day)> = cron.pairs(from).take(wanted.len().saturating_sub(1)).collect();
        let follows: Vec<(Day, Day)> = wanted.windows(2).map(|two| (two[0], two[1])).collect();
        prop_assert_eq!(pairs, follows, "{}", text);
    }

    #[test]
    fn a_number_and_its_date_are_found_from_each_other_for_thousands_of_years(
        oracle in oracles(),
        from in 0..90_000_i32,
        index in 0..10_000_u32,
    ) {
        let from = day("1880-01-01").plus(from);
        if let Ok(cron) = Cron::parse(&oracle.text()) {
            let date = cron.nth(from, index);
            prop_assert!(cron.has(date));
            prop_assert_eq!(cron.count(from, date, u32::MAX), index + 1);
        }
    }
}
