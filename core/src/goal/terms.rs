//! What a goal asks for, as data: the kinds of domain.md 3.1 and how a change of one compares with what holds.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use minicbor::{Decode, Encode};

use super::{issue::Bounds, policy::Policy};
use crate::{
    civil::Day,
    metric::Metric,
    period::{Period, weekday},
};

/// An amount of one metric that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Part {
    /// What it counts.
    #[n(0)]
    pub metric: Metric,
    /// Store units, above 0.
    #[n(1)]
    pub target: i64,
    /// Targets of single days of the week, 0 for Monday to 6 for Sunday; the other days have `target`.
    #[n(2)]
    pub weekdays: BTreeMap<u8, i64>,
}

impl Part {
    /// The same target every day.
    #[must_use]
    pub fn of(metric: Metric, target: i64) -> Self {
        Self {
            metric,
            target,
            weekdays: BTreeMap::new(),
        }
    }

    /// The target of a day, store units.
    #[must_use]
    pub fn target_on(&self, day: Day) -> i64 {
        let own = self.weekdays.get(&weekday(day));
        own.copied().unwrap_or(self.target)
    }

    /// The larger of both targets, day by day of the week.
    fn at_least(&self, other: &Self) -> Self {
        let days: BTreeSet<u8> = self
            .weekdays
            .keys()
            .chain(other.weekdays.keys())
            .copied()
            .collect();
        let of = |part: &Self, day| part.weekdays.get(&day).copied().unwrap_or(part.target);
        Self {
            metric: self.metric,
            target: self.target.max(other.target),
            weekdays: days
                .into_iter()
                .map(|day| (day, of(self, day).max(of(other, day))))
                .collect(),
        }
    }
}

/// How many parts of a composite goal must be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Mode {
    /// Every one: met at the latest met minute of its parts.
    #[n(0)]
    All,
    /// One of them: met at the earliest.
    #[n(1)]
    Any,
}

/// How an adaptive goal gets its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Adaptive {
    /// What it counts.
    #[n(0)]
    pub metric: Metric,
    /// Which rule suggests the targets.
    #[n(1)]
    pub policy: Policy,
    /// Suggested while too little is known, store units.
    #[n(2)]
    pub onboarding: i64,
    /// What every suggestion is held to.
    #[n(3)]
    pub bounds: Bounds,
}

/// How a goal's target comes about.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Kind {
    /// One metric, the user's own target.
    #[n(0)]
    Static(#[n(0)] Part),
    /// One metric, a target issued for each day.
    #[n(1)]
    Adaptive(#[n(0)] Adaptive),
    /// So many days of a week or month that each meet a target of the day.
    #[n(2)]
    DaysOf {
        /// What a day must reach.
        #[n(0)]
        part: Part,
        /// How many days, 1 to 31.
        #[n(1)]
        days: u32,
    },
    /// Several metrics at once.
    #[n(3)]
    Composite {
        /// How many of them must be met.
        #[n(0)]
        mode: Mode,
        /// Two to eight parts.
        #[n(1)]
        parts: Vec<Part>,
    },
}

/// What a goal asks for, from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Terms {
    /// How its target comes about.
    #[n(0)]
    pub kind: Kind,
    /// How many of the user's rest days it honours in an ISO week, 0 to 2; daily goals only.
    #[n(1)]
    pub rest_days: u8,
}

impl Terms {
    /// A target of one metric that honours the user's rest days.
    #[must_use]
    pub fn fixed(metric: Metric, target: i64) -> Self {
        Self::of(Kind::Static(Part::of(metric, target)))
    }

    /// Terms that honour the user's rest days.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self { kind, rest_days: 2 }
    }

    /// The parts whose targets are given; an adaptive goal has none.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        match &self.kind {
            Kind::Static(part) | Kind::DaysOf { part, .. } => core::slice::from_ref(part),
            Kind::Adaptive(_) => &[],
            Kind::Composite { parts, .. } => parts,
        }
    }

    /// How an adaptive goal gets its targets.
    #[must_use]
    pub fn adaptive(&self) -> Option<&Adaptive> {
        match &self.kind {
            Kind::Adaptive(adaptive) => Some(adaptive),
            _ => None,
        }
    }

    /// Everything that it counts.
    pub fn metrics(&self) -> impl Iterator<Item = Metric> {
        let issued = self.adaptive().map(|adaptive| adaptive.metric);
        self.parts().iter().map(|part| part.metric).chain(issued)
    }

    /// Whether it counts a metric.
    #[must_use]
    pub fn counts(&self, metric: Metric) -> bool {
        self.metrics().any(|counted| counted == metric)
    }

    /// Whether both ask for amounts of the same things, so that one can be a raise of the other.
    fn is_alike(&self, other: &Self) -> bool {
        let same_kind = match (&self.kind, &other.kind) {
            (Kind::Static(_), Kind::Static(_)) | (Kind::DaysOf { .. }, Kind::DaysOf { .. }) => true,
            (Kind::Composite { mode, .. }, Kind::Composite { mode: held, .. }) => mode == held,
            _ => false,
        };
        same_kind && self.metrics().eq(other.metrics())
    }

    /// What of these terms is a raise of `held` and may hold at once: of each amount the larger, in everything else `held`
    /// (domain.md 3.1: a raise holds from today, a cut from tomorrow). `None`: nothing is raised.
    ///
    /// ```
    /// use streakline_core::{goal::{Kind, Mode, Part, Terms}, metric::Metric};
    /// let both = |a, b| {
    ///     let parts = vec![Part::of(Metric::STEPS, a), Part::of(Metric::STEPS, b)];
    ///     Terms::of(Kind::Composite { mode: Mode::All, parts })
    /// };
    /// assert_eq!(both(9, 3).raise_of(&both(7, 5)), Some(both(9, 5)));
    /// assert_eq!(both(6, 5).raise_of(&both(7, 5)), None);
    /// ```
    #[must_use]
    pub fn raise_of(&self, held: &Self) -> Option<Self> {
        if !self.is_alike(held) {
            return None;
        }
        let parts = self.parts().iter().zip(held.parts());
        let mut larger = parts.map(|(new, old)| new.at_least(old));
        let kind = match (&self.kind, &held.kind) {
            (Kind::Composite { mode, .. }, _) => Kind::Composite {
                mode: *mode,
                parts: larger.collect(),
            },
            (Kind::DaysOf { days, .. }, Kind::DaysOf { days: old, .. }) => Kind::DaysOf {
                part: larger.next()?,
                days: *days.max(old),
            },
            _ => Kind::Static(larger.next()?),
        };
        let raised = Self {
            kind,
            rest_days: held.rest_days,
        };
        (!raised.asks_the_same(held)).then_some(raised)
    }

    /// Whether both ask for the same on every day of the week.
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let same_days = match (&self.kind, &other.kind) {
            (Kind::DaysOf { days, .. }, Kind::DaysOf { days: held, .. }) => days == held,
            (Kind::Adaptive(new), Kind::Adaptive(held)) => {
                return self.rest_days == other.rest_days && new == held;
            }
            _ => true,
        };
        let week = || (0..7).map(Day);
        let mut pairs = self.parts().iter().zip(other.parts());
        self.is_alike(other)
            && same_days
            && self.rest_days == other.rest_days
            && pairs.all(|(new, old)| week().all(|day| new.target_on(day) == old.target_on(day)))
    }

    /// Whether a goal of that period can ask for it: adaptive targets and targets by weekday are for days, days-of is for
    /// longer periods.
    #[must_use]
    pub fn fits(&self, period: Period) -> bool {
        let daily = period == Period::Day;
        let by_weekday = self.parts().iter().any(|part| !part.weekdays.is_empty());
        match &self.kind {
            Kind::Static(_) | Kind::Composite { .. } => daily || !by_weekday,
            Kind::Adaptive(_) => daily,
            Kind::DaysOf { .. } => !daily,
        }
    }
}
