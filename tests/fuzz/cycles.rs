//! Challenges that begin anew, and what carries a series and its cycles on, each named by a seed.

use streakline_core::{
    challenge::{carry::Carried, series::CycleInput},
    definition::{
        Definition,
        recurs::{Cycle, Every, Recurs},
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
    let every = match of.ends.since(of.starts) {
        0 => [Every::Day, Every::Week][random.index(2)],
        1..=6 => Every::Week,
        7..=27 if of.starts.ymd().2 <= 28 => Every::Month,
        _ => return None,
    };
    let count = maybe(random, number);
    let days = i32::try_from(random.within(0, 10_000)).unwrap();
    Some(Recurs {
        every,
        count,
        until: maybe(random, |_| of.starts.plus(days)).filter(|_| count.is_none()),
        carry_members: random.permille(500),
    })
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
