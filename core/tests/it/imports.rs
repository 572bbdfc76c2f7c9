//! Older history (domain.md 1.5): an import is kept and shown, and never scores.

use streakline_core::{
    civil::{DAY_MS, Day, MINUTE_MS},
    input::DeviceIntroduction,
    limits,
    record::Record,
    sample::{DeviceClass, RecordCode},
    user::import::{self, Arrival, Refusal},
    view::DayStatus,
};

use crate::{
    history::{History, device, goal, steps},
    places::{at, date},
};

const START: &str = "2026-01-01T08:00Z";
const WALKED: i64 = 8_000;

/// Ann began on the first day with a goal of 5,000, walked 8,000 on the second and nothing on the third; fifty days have passed.
fn fifty_days_later() -> History {
    let mut history = History::with_watch(at(START), "UTC");
    history.put_goal("daily", 5_000, None).unwrap();
    history.tick(at("2026-01-02T20:00Z"));
    history.send(1, vec![walk(1, date("2026-01-02"))]);
    history.tick(at(START) + 50 * DAY_MS);
    history
}

/// 8,000 steps in 40 minutes before noon.
fn walk(id: u64, day: Day) -> Record {
    steps(id, day.utc_ms() + 10 * 60 * MINUTE_MS, 40, WALKED)
}

fn arrival(records: Vec<Record>) -> Arrival {
    Arrival {
        device: device(1),
        introduction: None,
        records: records.into_iter().map(Ok).collect(),
    }
}

/// Imports; the places and codes of what is refused.
fn import(history: &mut History, arrival: Arrival) -> Vec<(usize, RecordCode)> {
    let admission = import::admit(&history.user, arrival, history.now_ms).unwrap();
    if let Some(input) = admission.input {
        history.input(input);
    }
    let codes = admission.refused.into_iter();
    codes
        .map(|(place, refusal)| (place, refusal.code))
        .collect()
}

/// Everything that rewards rest on.
fn rewards(history: &History) -> impl PartialEq + std::fmt::Debug + use<> {
    let streak = history
        .user
        .streak_view(&goal("daily"), None, history.now_ms);
    let streak = streak.unwrap();
    (
        (streak.count, streak.longest),
        history.user.available_micro,
        history.user.last_seq,
        history.contributions.clone(),
    )
}

#[test]
fn imported_history_is_shown_and_never_scores() {
    let mut history = fifty_days_later();
    let before = rewards(&history);
    let missed = date("2026-01-03");
    assert_eq!(history.day(missed).goals[0].status, DayStatus::Missed);
    let old = date("2025-06-01");
    let records = vec![walk(100, missed), walk(101, old)];
    assert_eq!(import(&mut history, arrival(records.clone())), []);
    for day in [missed, old] {
        let shown = history.day(day);
        assert_eq!(
            (shown.display, shown.eligible, shown.scored),
            (WALKED, 0, 0)
        );
        assert_eq!((shown.records, shown.posted_micro), (1, 0));
    }
    assert_eq!(history.day(missed).goals[0].status, DayStatus::Missed);
    assert_eq!(rewards(&history), before);
    let (hash, state) = (history.day(old).state_hash, history.user.digest());
    history.snapshot();
    history.crash();
    assert_eq!(history.day(old).state_hash, hash);
    assert_eq!(history.user.digest(), state);
    import(&mut history, arrival(records));
    assert_eq!(history.day(old).records, 1, "a repeat changes nothing");
    assert_eq!(history.day(old).state_hash, hash);
    history.tick(history.now_ms + 40 * DAY_MS);
    assert_eq!(rewards(&history), before);
}

#[test]
fn an_archived_day_keeps_what_it_was_worth_whatever_is_shown_beside_it() {
    let mut history = fifty_days_later();
    let before = rewards(&history);
    let met = date("2026-01-02");
    history.snapshot();
    history.crash();
    let evening = steps(200, met.utc_ms() + 18 * 60 * MINUTE_MS, 10, 1_000);
    assert_eq!(import(&mut history, arrival(vec![evening])), []);
    let day = history.day(met);
    assert_eq!(
        (day.display, day.eligible, day.scored),
        (9_000, WALKED, WALKED)
    );
    assert_eq!(day.goals[0].status, DayStatus::Met);
    assert_eq!(rewards(&history), before);
}

#[test]
fn only_archived_days_are_imported_into() {
    let mut history = fifty_days_later();
    let now_ms = history.now_ms;
    let today = Day(i32::try_from(now_ms.div_euclid(DAY_MS)).unwrap());
    let records = vec![
        walk(1_000, today),
        walk(1_001, today.plus(-30)),
        walk(1_002, today.plus(-31)),
        walk(1_003, today.plus(-3_700)),
    ];
    let refused = import(&mut history, arrival(records));
    let codes = [
        (0, RecordCode::TooNew),
        (1, RecordCode::TooNew),
        (3, RecordCode::TooOld),
    ];
    assert_eq!(refused, codes);
    assert_eq!(history.day(today.plus(-31)).display, WALKED);
    assert_eq!(history.day(today.plus(-30)).records, 0);
}

#[test]
fn an_import_names_a_device_and_touches_so_many_days() {
    let mut history = fifty_days_later();
    let other = |introduction| Arrival {
        device: device(7),
        introduction,
        records: vec![Ok(walk(1, date("2025-06-01")))],
    };
    let refused = import::admit(&history.user, other(None), history.now_ms);
    assert_eq!(refused, Err(Refusal::UnknownDevice));
    let scale = DeviceIntroduction {
        device: device(7),
        class: DeviceClass::Phone,
        vendor: None,
        model: None,
    };
    assert_eq!(import(&mut history, other(Some(scale))), []);
    assert_eq!(history.user.devices[&device(7)].class, DeviceClass::Phone);
    assert_eq!(history.day(date("2025-06-01")).display, WALKED);
    let days = i32::try_from(limits::IMPORT_DAYS_MAX).unwrap();
    let many = |days: i32| {
        let walks = (0..days).map(|day| {
            walk(
                5_000 + u64::from(day.unsigned_abs()),
                date("2025-07-01").plus(day),
            )
        });
        arrival(walks.collect())
    };
    let refused = import::admit(&history.user, many(days + 1), history.now_ms);
    assert_eq!(refused, Err(Refusal::TooManyDays(32)));
    assert_eq!(import(&mut history, many(days)), []);
}
