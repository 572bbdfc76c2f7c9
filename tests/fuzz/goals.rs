//! Valid goals, as they are stored and as they are asked for.

use streakline_core::{
    goal::{Adaptive, Bounds, Kind, Mode, Part, Policy, Terms},
    metric::Metric,
    period::{Period, WeekStart},
    user::goals::admit::Wish,
};

use crate::{random::Random, values};

/// Every period.
pub(crate) const PERIODS: [Period; 3] = [Period::Day, Period::Week, Period::Month];

/// Terms of any kind, whether or not they fit a period.
pub(crate) fn terms(random: &mut Random) -> Terms {
    let part = |random: &mut Random| Part {
        metric: Metric::STEPS,
        target: random.within(1, 1_000_000_000),
        weekdays: (0..7_u8)
            .filter(|_| random.permille(200))
            .map(|weekday| (weekday, 1 + i64::from(weekday)))
            .collect(),
    };
    let kind = match random.index(4) {
        0 => Kind::Static(part(random)),
        1 => Kind::Adaptive(Adaptive {
            metric: Metric::STEPS,
            policy: Policy::ALL[random.index(2)],
            onboarding: random.within(1, 40_000),
            bounds: Bounds {
                cap: random.within(2_000, 40_000),
                ..Bounds::STEPS
            },
        }),
        2 => Kind::DaysOf {
            part: part(random),
            days: u32::try_from(random.within(1, 31)).unwrap(),
        },
        _ => Kind::Composite {
            mode: [Mode::All, Mode::Any][random.index(2)],
            parts: (0..random.within(2, 8)).map(|_| part(random)).collect(),
        },
    };
    Terms {
        kind,
        rest_days: u8::try_from(random.within(0, 2)).unwrap(),
    }
}

/// A goal of any kind, as a PUT may ask for it.
pub(crate) fn wish(random: &mut Random) -> Wish {
    let mut target = || random.within(1, 1_000_000_000);
    let part = Part::of(Metric::STEPS, target());
    let other = Part::of(Metric::DISTANCE, target());
    let mut by_weekday = part.clone();
    by_weekday.weekdays.insert(6, target());
    let days = u32::try_from(random.within(1, 7)).unwrap();
    let adaptive = Adaptive {
        metric: Metric::STEPS,
        policy: Policy::ALL[random.index(2)],
        onboarding: 5_000,
        bounds: Bounds::STEPS,
    };
    let parts = vec![part.clone(), other];
    let mode = [Mode::All, Mode::Any][random.index(2)];
    let (period, kind) = match random.index(5) {
        0 => (Period::Day, Kind::Static(by_weekday)),
        1 => (Period::Month, Kind::Static(part)),
        2 => (Period::Week, Kind::DaysOf { part, days }),
        3 => (Period::Day, Kind::Adaptive(adaptive)),
        _ => (Period::Week, Kind::Composite { mode, parts }),
    };
    let own = matches!(kind, Kind::Adaptive(_)).then(|| random.within(2_000, 15_000));
    Wish {
        period,
        week_start: (period == Period::Week).then_some(WeekStart::Sunday),
        terms: Terms::of(kind),
        own,
        from: Some(values::day(random)),
    }
}
