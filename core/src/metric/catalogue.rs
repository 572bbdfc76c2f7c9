//! The built-in metrics (domain.md 1.1). A number is never given to another metric.

use super::{Class, Definition, Metric};

use Class::{Cumulative, Delta, Episode, Gauge};

impl Metric {
    /// Steps, a delta.
    pub const STEPS: Self = Self(1);
    /// Distance, a delta kept in mm.
    pub const DISTANCE: Self = Self(2);
    /// Active energy, a delta kept in cal.
    pub const ACTIVE_ENERGY: Self = Self(3);
    /// Floors climbed, a delta kept in tenths.
    pub const FLOORS: Self = Self(4);
    /// Active minutes, a delta kept in s.
    pub const ACTIVE_MINUTES: Self = Self(5);
    /// Heart rate, a gauge kept in tenths of a beat per minute.
    pub const HEART_RATE: Self = Self(6);
    /// Resting heart rate, one reading a day, kept in tenths of a beat per minute.
    pub const RESTING_HR: Self = Self(7);
    /// Heart-rate variability as SDNN, kept in tenths of a ms. Never merged or compared with RMSSD.
    pub const HRV_SDNN: Self = Self(8);
    /// Heart-rate variability as RMSSD, kept in tenths of a ms.
    pub const HRV_RMSSD: Self = Self(9);
    /// Oxygen saturation, a gauge kept in tenths of a percent.
    pub const SPO2: Self = Self(10);
    /// Weight, a gauge kept in g.
    pub const WEIGHT: Self = Self(11);
    /// Speed of a vehicle, a gauge kept in tenths of km/h.
    pub const SPEED: Self = Self(12);
    /// Odometer of a vehicle, a counter kept in m.
    pub const ODOMETER: Self = Self(13);
    /// Energy that a vehicle used, a delta in watt hours.
    pub const ENERGY_USE: Self = Self(14);
    /// Harsh events of a vehicle, a delta.
    pub const HARSH_EVENTS: Self = Self(15);
    /// State of charge of a vehicle, a gauge kept in tenths of a percent.
    pub const CHARGE: Self = Self(16);
    /// Sleep, episodes of stages.
    pub const SLEEP: Self = Self(17);
    /// Workouts, episodes of a sport.
    pub const WORKOUT: Self = Self(18);

    /// The first number of a deployment's own metrics.
    pub const OWN_FIRST: Self = Self(1_000);
}

type Row = (Metric, &'static str, Class, &'static str, u32, (i64, i64));

const ROWS: [Row; 18] = [
    (Metric::STEPS, "steps", Delta, "{steps}", 1, (0, 1_000_000)),
    (
        Metric::DISTANCE,
        "distance",
        Delta,
        "m",
        1_000,
        (0, 1_000_000_000),
    ),
    (
        Metric::ACTIVE_ENERGY,
        "active_energy",
        Delta,
        "kcal",
        1_000,
        (0, 1_000_000_000),
    ),
    (
        Metric::FLOORS,
        "floors",
        Delta,
        "{floors}",
        10,
        (0, 10_000_000),
    ),
    (
        Metric::ACTIVE_MINUTES,
        "active_minutes",
        Delta,
        "min",
        60,
        (0, 86_400),
    ),
    (
        Metric::HEART_RATE,
        "heart_rate",
        Gauge,
        "/min",
        10,
        (200, 3_000),
    ),
    (
        Metric::RESTING_HR,
        "resting_hr",
        Gauge,
        "/min",
        10,
        (200, 1_500),
    ),
    (Metric::HRV_SDNN, "hrv_sdnn", Gauge, "ms", 10, (10, 3_000)),
    (Metric::HRV_RMSSD, "hrv_rmssd", Gauge, "ms", 10, (10, 3_000)),
    (Metric::SPO2, "spo2", Gauge, "%", 10, (500, 1_000)),
    (
        Metric::WEIGHT,
        "weight",
        Gauge,
        "kg",
        1_000,
        (2_000, 650_000),
    ),
    (Metric::SPEED, "speed", Gauge, "km/h", 10, (0, 5_000)),
    (
        Metric::ODOMETER,
        "odometer",
        Cumulative,
        "km",
        1_000,
        (0, 10_000_000_000),
    ),
    (
        Metric::ENERGY_USE,
        "energy_use",
        Delta,
        "W.h",
        1,
        (0, 1_000_000),
    ),
    (
        Metric::HARSH_EVENTS,
        "harsh_events",
        Delta,
        "{events}",
        1,
        (0, 10_000),
    ),
    (Metric::CHARGE, "charge", Gauge, "%", 10, (0, 1_000)),
    (Metric::SLEEP, "sleep", Episode, "", 1, (0, 0)),
    (Metric::WORKOUT, "workout", Episode, "", 1, (0, 0)),
];

pub(super) fn entries() -> impl Iterator<Item = Definition> {
    ROWS.into_iter().map(
        |(metric, name, class, unit, store_per_unit, range)| Definition {
            metric,
            name: name.into(),
            class,
            unit: unit.into(),
            store_per_unit,
            range,
        },
    )
}

impl Metric {
    /// The name of a built-in metric; `None` for a deployment's own, whose names are the registry's.
    #[must_use]
    pub fn built_in_name(self) -> Option<&'static str> {
        let row = ROWS.iter().find(|(metric, ..)| *metric == self);
        row.map(|(_, name, ..)| *name)
    }
}
