//! The model's words in the core's.

use streakline_core::{
    episode::{Episode, Segment, Stage},
    event::Judgement,
    goal::{self, Adaptive, Bounds, Mode, Policy, Terms},
    metric::{Metric, Registry},
    period::Period,
    record::{Content, Epoch, Record},
    streak::{self, Amounts, Definition, Repair},
    view::DayStatus,
};

use crate::model::{
    goals::{self, Kind, Part, Shape},
    milestones,
    records::{Class, Sample},
    statuses::Status,
    streaks::Allowed,
};

pub fn record(sample: &Sample) -> Record {
    let (start_ms, end_ms) = sample.span.unwrap_or_default();
    let metrics = Registry::built_in();
    Record {
        id: sample.id,
        version: sample.version,
        metric: metrics.named(sample.metric).unwrap().metric,
        start_ms,
        end_ms,
        offset_s: sample.offset_s,
        content: content(sample),
        method: sample.method,
        worn: sample.worn,
    }
}

fn content(sample: &Sample) -> Content {
    let value = sample.amount();
    let segment = |(stage, start_ms, end_ms): &(&str, i64, i64)| Segment {
        start_ms: *start_ms,
        end_ms: *end_ms,
        stage: Stage::parse(stage).unwrap(),
    };
    match sample.class {
        _ if sample.deleted => Content::Deleted,
        Class::Delta => Content::Delta(value),
        Class::Gauge => Content::Gauge(value),
        Class::Cumulative => Content::Cumulative {
            value,
            epoch: Epoch::parse(sample.epoch.as_deref().unwrap()),
        },
        Class::Episode => Content::Episode(Box::new(Episode {
            segments: sample.segments.iter().map(segment).collect(),
            sport: None,
            totals: Vec::new(),
        })),
    }
}

pub fn word(judgement: &Judgement) -> &'static str {
    match judgement {
        Judgement::Duplicate => "duplicate",
        Judgement::StaleVersion => "stale_version",
        Judgement::Clamped => "clamped",
        Judgement::Quarantined | Judgement::Unsigned => "quarantined",
        Judgement::Kept => "kept",
        Judgement::Rejected(_) => "rejected",
    }
}

fn metric(name: &str) -> Metric {
    Registry::built_in().named(name).unwrap().metric
}

pub fn period(shape: &Shape) -> Period {
    match shape.period {
        goals::Period::Day => Period::Day,
        goals::Period::Week => Period::Week,
        goals::Period::Month => Period::Month,
    }
}

pub fn terms(shape: &Shape) -> Terms {
    let several = shape.parts.len() > 1;
    Terms::of(if several {
        goal::Kind::Composite {
            mode: if shape.any { Mode::Any } else { Mode::All },
            parts: shape.parts.iter().map(part).collect(),
        }
    } else {
        kind(&shape.parts[0])
    })
}

fn kind(of: &Part) -> goal::Kind {
    match &of.kind {
        Kind::Static(_) | Kind::Weekdays(_) => goal::Kind::Static(part(of)),
        Kind::DaysOf { days, each } => goal::Kind::DaysOf {
            part: goal::Part::of(metric(of.metric), *each),
            days: *days as u32,
        },
        Kind::Adaptive(figures) => goal::Kind::Adaptive(Adaptive {
            metric: metric(of.metric),
            policy: Policy::Percentile,
            onboarding: figures.onboarding,
            bounds: Bounds {
                floor: figures.floor,
                cap: figures.cap,
                ..Bounds::STEPS
            },
        }),
    }
}

fn part(of: &Part) -> goal::Part {
    let metric = metric(of.metric);
    match &of.kind {
        Kind::Static(target) => goal::Part::of(metric, *target),
        Kind::Weekdays(targets) => goal::Part {
            weekdays: (0..).zip(*targets).collect(),
            ..goal::Part::of(metric, targets[0])
        },
        other => unreachable!("no part of a composite goal: {other:?}"),
    }
}

pub fn definition(allowed: &Allowed) -> Definition {
    Definition {
        freezes: allowed.freezes as u8,
        weekend_pass: allowed.weekend_pass,
        near_miss: allowed.near_miss,
        repair: allowed.repair.map(|tokens| match tokens {
            true => Repair::EarnBackOrTokens,
            false => Repair::EarnBack,
        }),
        amounts: Amounts(allowed.pays.map(|tokens| tokens * 1_000_000)),
    }
}

pub fn stage(stage: milestones::Stage) -> streak::Stage {
    match stage {
        milestones::Stage::Given => unreachable!("no verdict comes back to its beginning"),
        milestones::Stage::Appealed => streak::Stage::Appealed,
        milestones::Stage::Final => streak::Stage::Final,
        milestones::Stage::Acquitted => streak::Stage::Acquitted,
    }
}

pub fn status(status: Status) -> DayStatus {
    match status {
        Status::Met => DayStatus::Met,
        Status::Missed => DayStatus::Missed,
        Status::Rest => DayStatus::Rest,
        Status::Paused => DayStatus::Paused,
        Status::Frozen => DayStatus::Frozen,
        Status::Pass => DayStatus::Pass,
        Status::Repaired => DayStatus::Repaired,
        Status::Void => DayStatus::Void,
        Status::Pending => DayStatus::Pending,
    }
}
