//! How long the detail of a day is kept (domain.md 11, ADR 0034): its records, then its minutes, then what it came to.

use std::collections::BTreeMap;

use proptest::prelude::*;
use streakline_core::{
    chunk,
    civil::{DAY_MS, Day, HOUR_MS, MINUTE_MS},
    day::Head,
    metric::Metric,
    record::{Content, Record},
    retention::{Detail, Retention},
    sample::{DeviceClass, RecordCode},
    user::{
        explain::{Evidence, Minute, Question},
        fold::Loaded,
        import::{self, Arrival},
    },
};

use crate::{
    history::{History, device, goal, steps},
    places::{at, date},
};

const START: &str = "2026-01-01T08:00Z";
const WALKED: &str = "2026-01-02";
/// Records are kept for 70 days in these tests, minutes for 80.
const KEPT: (u16, u16) = (70, 80);

impl History {
    /// The same in a deployment that keeps detail for so long; before anything is folded but hellos.
    fn keeping(mut self, (records_days, minutes_days): (u16, u16)) -> Self {
        self.rules.retention = Retention {
            records_days,
            minutes_days,
        };
        self.user.resolve(&self.rules);
        self
    }

    /// How many chunks are stored of a day.
    fn chunks_of(&self, day: Day) -> usize {
        self.store.chunks.range((day, 0)..=(day, u64::MAX)).count()
    }

    /// The minutes that are stored of these days.
    fn kept_minutes(&self, days: impl IntoIterator<Item = Day>) -> BTreeMap<Day, Head> {
        let head = |day: Day| {
            let number = *self.user.minutes.get(&day)?;
            let head = chunk::minutes::decode(&self.store.chunks[&(day, number)]);
            Some((day, head.expect("minutes read back")))
        };
        days.into_iter().filter_map(head).collect()
    }
}

/// When so many days have passed since the end of the day on which Ann walked, POSIX ms.
fn after(days: i64) -> i64 {
    date(WALKED).next().utc_ms() + days * DAY_MS
}

/// Ann walked on one day, with a watch and a phone, and her heart was read.
fn walked() -> History {
    let mut history = History::with_watch(at(START), "UTC").keeping(KEPT);
    history.hello(2, DeviceClass::Phone, None);
    history.put_goal("daily", 5_000, None).unwrap();
    history.tick(at("2026-01-02T20:00Z"));
    let ten = date(WALKED).utc_ms() + 10 * HOUR_MS;
    let minute = |id: u64| {
        let past = i64::try_from(id).unwrap();
        steps(id, ten + past * MINUTE_MS, 1, 90 + past % 7)
    };
    let beat = |id: u64| Record {
        metric: Metric::HEART_RATE,
        end_ms: minute(id - 100).start_ms,
        content: Content::Gauge(900),
        ..steps(id, minute(id - 100).start_ms, 0, 0)
    };
    history.send(1, (1..=60).map(minute).collect());
    history.send(1, (101..=160).map(beat).collect());
    history.send(2, (50..=70).map(minute).collect());
    history
}

fn evidence_minutes(history: &History, metric: Metric) -> Vec<Minute> {
    let day = date(WALKED);
    let need = Question::Day(day).need(&history.user);
    let loaded = if history.user.detail(day, history.now_ms) == Detail::Records {
        history.load(need)
    } else {
        Loaded {
            minutes: history.kept_minutes(need),
            ..Loaded::default()
        }
    };
    Evidence::new(&history.user, &loaded).minutes(day, metric)
}

#[test]
fn records_go_first_then_minutes_and_what_a_day_came_to_stays() {
    let mut history = walked();
    history.snapshot();
    let (before, day) = (history.day(date(WALKED)), date(WALKED));
    assert!(before.display > 5_000);
    let shown = [Metric::STEPS, Metric::HEART_RATE].map(|m| evidence_minutes(&history, m));
    assert_eq!((shown[0].len(), shown[1].len()), (70, 60));
    for (days, detail, stored) in [
        (69, Detail::Records, (1, 0)),
        (70, Detail::Minutes, (0, 1)),
        (79, Detail::Minutes, (0, 1)),
        (80, Detail::Totals, (0, 0)),
    ] {
        history.tick(after(days));
        history.snapshot();
        history.crash();
        assert_eq!(history.user.detail(day, history.now_ms), detail);
        let records = history.user.manifest.get(&day).map_or(0, Vec::len);
        let minutes = usize::from(history.user.minutes.contains_key(&day));
        assert_eq!((records, minutes), stored, "after {days} days");
        assert_eq!(history.chunks_of(day), records + minutes);
        if detail == Detail::Minutes {
            let kept = [Metric::STEPS, Metric::HEART_RATE].map(|m| evidence_minutes(&history, m));
            assert_eq!(kept, shown, "minutes say what the records said");
        }
        let now = history.day(day);
        assert_eq!(
            (now.display, now.eligible, now.state_hash, now.records),
            (
                before.display,
                before.eligible,
                before.state_hash,
                before.records
            )
        );
    }
}

#[test]
fn an_instant_earlier_everything_is_kept() {
    let mut history = walked();
    for (days, detail) in [(70, Detail::Records), (80, Detail::Minutes)] {
        history.tick(after(days) - 1);
        assert_eq!(history.user.detail(date(WALKED), history.now_ms), detail);
    }
}

#[test]
fn a_user_of_whom_nobody_asks_is_woken_within_a_week_to_let_days_go() {
    let mut history = walked();
    history.tick(after(20));
    history.snapshot();
    let mut wakes = 0;
    while let Some(due_ms) = history.store.due_ms {
        assert!(due_ms > history.now_ms, "a wake that changes nothing");
        wakes += 1;
        assert!(wakes < 20, "woken again and again");
        history.tick(due_ms);
        history.snapshot();
        history.crash();
    }
    assert_eq!(history.chunks_of(date(WALKED)), 0);
    assert!(history.now_ms <= after(80) + 8 * DAY_MS, "within a week");
}

#[test]
fn samples_that_come_again_after_their_day_was_let_go_are_other_samples() {
    let mut history = walked();
    history.tick(after(75));
    history.snapshot();
    let before = history.day(date(WALKED));
    let again = steps(1, history.now_ms - HOUR_MS, 1, 50);
    let judged = history.send(1, vec![again.clone()]);
    assert_eq!(judged, [], "accepted");
    let deletion = Record {
        version: 2,
        content: Content::Deleted,
        ..again
    };
    history.send(1, vec![deletion]);
    assert_eq!(history.day(date(WALKED)), before);
}

fn import(history: &mut History, records: Vec<Record>) -> Vec<RecordCode> {
    let arrival = Arrival {
        device: device(1),
        introduction: None,
        records: records.into_iter().map(Ok).collect(),
    };
    let admission = import::admit(&history.user, arrival, history.now_ms).unwrap();
    if let Some(input) = admission.input {
        history.input(input);
    }
    let refused = admission.refused.into_iter();
    refused.map(|(_, refusal)| refusal.code).collect()
}

#[test]
fn an_import_into_a_day_whose_records_are_gone_is_refused() {
    let mut history = walked();
    history.tick(after(71));
    let before = history.day(date(WALKED));
    let evening = steps(900, date(WALKED).utc_ms() + 18 * HOUR_MS, 10, 1_000);
    assert_eq!(import(&mut history, vec![evening]), [RecordCode::TooOld]);
    assert_eq!(history.day(date(WALKED)), before);
}

#[test]
fn imported_history_is_kept_from_its_import_on() {
    let mut history = walked();
    history.tick(after(71));
    let old = date("2024-06-01");
    let of = |id: u64, hour: i64| steps(id, old.utc_ms() + hour * HOUR_MS, 10, 700);
    assert_eq!(import(&mut history, vec![of(900, 9)]), []);
    history.snapshot();
    history.tick(after(73));
    assert_eq!(import(&mut history, vec![of(901, 10)]), []);
    assert_eq!(history.day(old).display, 1_400);
    history.tick(after(73 + 70) - 1);
    assert_eq!(history.user.detail(old, history.now_ms), Detail::Records);
    history.tick(after(73 + 70));
    assert_eq!(history.user.detail(old, history.now_ms), Detail::Minutes);
    assert_eq!(
        import(&mut history, vec![of(902, 11)]),
        [RecordCode::TooOld]
    );
    history.snapshot();
    assert_eq!(history.day(old).display, 1_400);
}

proptest! {
    /// When a snapshot lets days go shows in no state: one that is taken after every input, and none at all, end alike.
    #[test]
    fn no_state_shows_when_a_snapshot_let_days_go(
        acts in proptest::collection::vec((0_i64..9, 0_u64..40, 0_i64..30, any::<bool>()), 1..25),
    ) {
        let live = |often: bool| {
            let mut history = walked();
            for (days, id, back, imports) in &acts {
                history.tick(history.now_ms + days * DAY_MS);
                let start_ms = history.now_ms - back * DAY_MS - 2 * HOUR_MS;
                if *imports {
                    let start_ms = start_ms - 60 * DAY_MS;
                    import(&mut history, vec![steps(*id, start_ms, 1, 40)]);
                } else {
                    history.send(1, vec![steps(*id, start_ms, 1, 60)]);
                }
                if often {
                    history.snapshot();
                    history.crash();
                }
            }
            history.snapshot();
            (history.user.digest(), history.user.streak_view(&goal("daily"), None, history.now_ms))
        };
        prop_assert_eq!(live(true), live(false));
    }

    #[test]
    fn each_detail_ends_exactly_with_its_days(
        records_days in 70_u16..400,
        more in 0_u16..400,
        end_ms in 0_i64..4_000_000_000_000,
    ) {
        let rule = Retention { records_days, minutes_days: records_days + more };
        let [records_ms, minutes_ms] = rule.ends(end_ms);
        prop_assert_eq!(records_ms - end_ms, i64::from(records_days) * DAY_MS);
        prop_assert_eq!(rule.detail(end_ms, records_ms - 1), Detail::Records);
        prop_assert!(rule.detail(end_ms, records_ms) < Detail::Records);
        prop_assert!(rule.detail(end_ms, minutes_ms - 1) > Detail::Totals);
        prop_assert_eq!(rule.detail(end_ms, minutes_ms), Detail::Totals);
        prop_assert_eq!(Retention::numbered(rule.number()), Some(rule));
    }
}

#[test]
fn a_day_of_which_nothing_is_known_is_not_called_forgotten() {
    let history = walked();
    let never = Day(0);
    assert_eq!(history.user.detail(never, history.now_ms), Detail::Records);
}
