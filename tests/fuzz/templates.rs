//! Templates and their bounds, each named by a seed.

use streakline_core::template::{Allowed, Bounds, TemplateInput};

use crate::{contests, random::Random, values::maybe};

fn allowed(random: &mut Random, most: i64) -> Allowed {
    let from = random.within(1, most);
    if random.permille(500) {
        return Allowed::Range(from, random.within(from, most));
    }
    let count = random.within(1, 100);
    Allowed::List((0..count).map(|_| random.within(1, most)).collect())
}

pub(crate) fn input(random: &mut Random) -> TemplateInput {
    TemplateInput::Make {
        definition: contests::definition(random),
        bounds: Bounds {
            title: random.permille(500),
            starts_in: maybe(random, |random| allowed(random, 400)),
            days: maybe(random, |random| allowed(random, 400)),
            target: maybe(random, |random| allowed(random, 1_000_000_000)),
            capacity: maybe(random, |random| allowed(random, 1_000_000)),
            open_per_user: u32::try_from(random.within(1, 16)).unwrap(),
        },
    }
}
