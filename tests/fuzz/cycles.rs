//! Challenges that begin anew, and what carries a series and its cycles on, each named by a seed.

use streakline_core::{
    challenge::{carry::Carried, series::CycleInput},
    definition::{
        Definition,
        recurs::{Cycle, Every, Recurs, Schedule, cron::Cron},
    },
    id::ChallengeId,
};

use crate::{
    contests,
    random::Random,
    values::{FROM_MS, few, maybe, words},
};

fn number(random: &mut Random) -> u32 {
    u32::try_from(random.within(1, 10_000)).unwrap()
}

/// Sometimes a series, sometimes a cycle of one, mostly neither.
pub(crate) fn with_cycles(random: &mut Random, mut of: Definition) -> Definition {
    match random.index(4) {
        0 => of.recurs = recurs(random, &of),
        1 => {
            of.cycle = Some(Cycle {
                series: ChallengeId(few(random)),
                number: number(random),
                is_last: random.permille(200),
                carries: random.permille(500),
            });
        }
        _ => {}
    }
    if of.recurs.is_some() {
        of.join_opens_ms = None;
    }
    of
}

/// What fits its window.
fn recurs(random: &mut Random, of: &Definition) -> Option<Recurs> {
    let count = maybe(random, number);
    let days = i32::try_from(random.within(0, 10_000)).unwrap();
    let schedule = if random.permille(500) {
        Schedule::Cron(fitting(random, of)?)
    } else {
        Schedule::Every(period(random, of)?)
    };
    let mut recurs = Recurs {
        count,
        until: maybe(random, |_| of.starts.plus(days)).filter(|_| count.is_none()),
        carry_members: random.permille(500),
        ..Recurs::new(schedule)
    };
    if let Schedule::Cron(cron) = &recurs.schedule {
        let fills = of.ends.next() == cron.nth(of.starts, 1);
        recurs.fills = fills && random.permille(500);
    }
    Some(recurs)
}

fn period(random: &mut Random, of: &Definition) -> Option<Every> {
    match of.ends.since(of.starts) {
        0 => Some([Every::Day, Every::Week][random.index(2)]),
        1..=6 => Some(Every::Week),
        7..=27 if of.starts.ymd().2 <= 28 => Some(Every::Month),
        _ => None,
    }
}

/// An expression that names the first date, and the next one not before the window has ended.
fn fitting(random: &mut Random, of: &Definition) -> Option<Cron> {
    let (_, month, day) = of.starts.ymd();
    let text = match of.ends.since(of.starts) {
        0 => ["@daily", "0 0 * * *", "0 0 */1 jan-DEC SUN-SAT"][random.index(3)].to_owned(),
        1..=6 => format!("0 0 * * {}", of.starts.plus(4).0.rem_euclid(7)),
        7..=27 => format!("0 0 {day} * *"),
        28..=364 => format!("0 0 {day} {month} *"),
        _ => return None,
    };
    Some(Cron::parse(&text).unwrap())
}

/// An expression, mostly one that names dates.
pub(crate) fn expression(random: &mut Random) -> String {
    let days = ["*", "1", "1,15", "L", "*/3", "10-20/5", "29", "31"];
    let months = ["*", "JAN-MAR", "2", "*/6", "4,6,9,11"];
    let weekdays = ["*", "1-5", "MON", "0", "7", "5L", "5#2", "fri,sat"];
    match random.index(8) {
        0 => ["@daily", "@weekly", "@monthly", "@yearly"][random.index(4)].into(),
        _ => format!(
            "0 0 {} {} {}",
            days[random.index(days.len())],
            months[random.index(months.len())],
            weekdays[random.index(weekdays.len())]
        ),
    }
}

pub(crate) fn carried(random: &mut Random) -> Carried {
    Carried {
        join: u32::try_from(random.within(1, 3)).unwrap(),
        joined_ms: FROM_MS + random.within(-1_000_000_000, 0),
    }
}

pub(crate) fn input(random: &mut Random) -> CycleInput {
    match random.index(6) {
        0 => CycleInput::Issue {
            definition: contests::definition(random).into(),
            inherits: random.permille(500),
        },
        1 => CycleInput::Made(number(random)),
        2 => CycleInput::Missed {
            number: number(random),
            reason: words(random, 60),
        },
        3 => CycleInput::Follow(number(random)),
        4 => CycleInput::End,
        _ => CycleInput::Gathered,
    }
}
