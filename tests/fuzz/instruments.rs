//! Valid values of what belongs to streaks: definitions, and the inputs about them.

use streakline_core::{
    input::{Adjustment, UserInput},
    streak::{self, Amounts, Repair, Stage},
};

use crate::{
    random::Random,
    values::{day, goal_id, words},
};

/// What a streak may allow and pay.
pub(crate) fn definition(random: &mut Random) -> streak::Definition {
    let repairs = [None, Some(Repair::EarnBack), Some(Repair::EarnBackOrTokens)];
    streak::Definition {
        freezes: u8::try_from(random.within(0, 2)).unwrap(),
        weekend_pass: random.permille(500),
        near_miss: random.permille(500),
        repair: repairs[random.index(3)],
        amounts: Amounts([0; 8].map(|_: i64| random.within(0, 900_000_000))),
    }
}

/// What may be asked of streaks, pauses and verdicts, in and out of place.
pub(crate) fn input(random: &mut Random) -> UserInput {
    let goal = goal_id(random);
    let from = day(random);
    match random.index(7) {
        0 => UserInput::BuyFreeze(goal),
        1 => UserInput::Repair {
            goal,
            day: from,
            paid: random.permille(500),
        },
        2 => UserInput::Pause {
            from,
            to: from.plus(i32::try_from(random.within(0, 100)).unwrap()),
        },
        3 => UserInput::EndPause,
        4 => UserInput::Verdict((0..random.within(0, 3)).map(|_| day(random)).collect()),
        5 => UserInput::Adjust(Adjustment {
            amount_micro: random.within(-2_000_000, 2_000_000),
            reason: words(random, 200),
        }),
        _ => UserInput::Decide {
            verdict: u32::try_from(random.within(0, 3)).unwrap(),
            stage: [Stage::Appealed, Stage::Final, Stage::Acquitted][random.index(3)],
        },
    }
}
