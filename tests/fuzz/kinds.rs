//! Types of challenges, with parameters that have no faults.

use streakline_core::definition::Kind;

use crate::{random::Random, values::maybe};

pub(crate) fn kind(random: &mut Random) -> Kind {
    let target = random.within(1, 1_000_000_000);
    match random.index(3) {
        0 => Kind::Most,
        1 => Kind::Target { target },
        _ => Kind::Race {
            target,
            finishers: maybe(random, |random| {
                u32::try_from(random.within(1, 1_000_000)).unwrap()
            }),
        },
    }
}
