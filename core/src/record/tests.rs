//! Checks of a sample by itself, and what its digest depends on.

use super::*;
use crate::{
    episode::{Segment, Stage},
    metric::Registry,
};
use alloc::vec;

fn record(metric: Metric, span_ms: i64, content: Content) -> Record {
    Record {
        id: RecordId::Number(1),
        version: 1,
        metric,
        start_ms: 0,
        end_ms: span_ms,
        offset_s: None,
        content,
        method: Method::Auto,
        worn: None,
    }
}

fn steps(value: i64) -> Record {
    record(Metric::STEPS, 60_000, Content::Delta(value))
}

fn night(stage: Stage) -> Record {
    let segment = Segment {
        start_ms: 0,
        end_ms: 60_000,
        stage,
    };
    let episode = Episode {
        segments: vec![segment],
        ..Episode::default()
    };
    record(Metric::SLEEP, 60_000, Content::Episode(episode.into()))
}

#[test]
fn a_digest_depends_on_every_kept_field_but_the_id() {
    let of = |change: fn(&mut Record)| {
        let mut changed = steps(87);
        change(&mut changed);
        changed.digest()
    };
    let other_id = of(|r| r.id = RecordId::Number(2));
    assert_eq!(steps(87).digest(), other_id, "the id is the key");
    let changed = [
        of(|r| r.content = Content::Delta(88)),
        of(|r| r.content = Content::Gauge(87)),
        of(|r| r.version = 2),
        of(|r| r.metric = Metric::FLOORS),
        of(|r| r.metric = Metric(1_000)),
        of(|r| r.metric = Metric(1_001)),
        of(|r| r.start_ms = 1),
        of(|r| r.end_ms = 60_001),
        of(|r| r.offset_s = Some(0)),
        of(|r| r.method = Method::Manual),
        of(|r| r.worn = Some(true)),
        of(|r| r.content = Content::Deleted),
    ];
    let mut all = vec![steps(87).digest()];
    all.extend(changed);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 13);
}

#[test]
fn a_digest_depends_on_the_epoch_and_on_every_segment() {
    let reading = |epoch: &str| {
        let epoch = Epoch::parse(epoch);
        let content = Content::Cumulative { value: 9, epoch };
        record(Metric::STEPS, 0, content).digest()
    };
    assert_ne!(reading("2016-04-13"), reading("2016-04-14"));
    assert_ne!(reading("2016-04-13"), reading("boot-7"));
    assert_ne!(night(Stage::Deep).digest(), night(Stage::Rem).digest());
}

#[test]
fn an_epoch_that_is_a_civil_date_is_a_day() {
    assert_eq!(
        Epoch::parse("2016-04-13"),
        Epoch::Day(Day::parse("2016-04-13").unwrap())
    );
    assert_eq!(Epoch::parse("2016-04-31"), Epoch::Run("2016-04-31".into()));
    assert_eq!(Epoch::parse("boot-7").name(), "boot-7");
}

#[test]
fn what_is_wrong_with_a_sample_by_itself_is_told() {
    let registry = Registry::built_in();
    let check = |record: &Record| {
        let refusal = record
            .check(registry.get(record.metric).unwrap())
            .unwrap_err();
        (refusal.code.name(), refusal.detail)
    };
    let wrong = [
        (
            record(Metric::STEPS, 0, Content::Delta(1)),
            ("bad_sample", "end_ms must be after start_ms"),
        ),
        (
            Record {
                version: 0,
                ..steps(1)
            },
            ("bad_sample", "version counts from 1"),
        ),
        (
            record(Metric::HEART_RATE, 1, Content::Gauge(700)),
            (
                "bad_sample",
                "a gauge is read at an instant: leave end_ms out",
            ),
        ),
        (
            record(Metric::STEPS, 86_400_001, Content::Delta(1)),
            ("overlong", "a sample lasts at most 24 h"),
        ),
        (
            steps(1_000_001),
            ("range", "steps 1000001 is outside 0..1000000"),
        ),
        (
            record(Metric::HEART_RATE, 0, Content::Gauge(199)),
            ("range", "heart_rate 19.9 is outside 20..300"),
        ),
        (
            record(Metric::ACTIVE_MINUTES, 60_000, Content::Delta(62)),
            ("range", "active_minutes is longer than its interval"),
        ),
    ];
    for (record, (code, detail)) in wrong {
        assert_eq!(check(&record), (code, detail.into()));
    }
    assert!(steps(0).check(registry.get(Metric::STEPS).unwrap()).is_ok());
    assert!(
        night(Stage::Deep)
            .check(registry.get(Metric::SLEEP).unwrap())
            .is_ok()
    );
}
