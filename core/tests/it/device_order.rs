//! Users who say which of their devices they believe (domain.md 1.4).

use streakline_core::{
    change::ChangeKind,
    civil::{Day, HOUR_MS},
    event::{Event, Topic},
    id::DeviceId,
    input::{NewProfile, UserInput},
    limits,
    sample::DeviceClass,
    user::{
        device_order::{self, OrderRefusal},
        explain::Question,
    },
};

use crate::{
    history::{History, device, goal, steps},
    places::{at, date},
};

const WATCH: u8 = 1;
const PHONE: u8 = 2;

/// Half an hour on the watch, and the same half hour with more steps on the phone.
fn both(history: &mut History, id: u64, from: &str) {
    history.send(WATCH, vec![steps(id, at(from), 30, 3_000)]);
    history.send(PHONE, vec![steps(id, at(from), 30, 4_500)]);
}

fn two_devices() -> History {
    let mut history = History::with_watch(at("2026-05-19T08:00+2"), "Europe/Berlin");
    history.hello(PHONE, DeviceClass::Phone, None);
    history
}

fn ordered(history: &History, order: &[u8]) -> Result<Option<Vec<DeviceId>>, OrderRefusal> {
    let order = order.iter().map(|number| device(*number)).collect();
    device_order::admit(&history.user, order, history.now_ms)
}

fn order(history: &mut History, numbers: &[u8]) {
    let device_order = ordered(history, numbers).unwrap();
    history.input(UserInput::Profile(NewProfile {
        device_order,
        ..NewProfile::default()
    }));
}

fn total(history: &History, day: &str) -> i64 {
    history.day(date(day)).eligible
}

#[test]
fn a_device_that_the_user_puts_first_is_believed_from_that_day_on() {
    let mut history = two_devices();
    both(&mut history, 1, "2026-05-19T07:00+2");
    assert_eq!(total(&history, "2026-05-19"), 3_000);
    history.wait_until(at("2026-05-20T12:00+2"));
    both(&mut history, 2, "2026-05-20T07:00+2");
    order(&mut history, &[PHONE]);
    let told = Event::Changed(Topic::Day(date("2026-05-20")));
    assert!(history.events.contains(&told), "today is shown anew");
    assert_eq!(total(&history, "2026-05-20"), 4_500);
    assert_eq!(
        total(&history, "2026-05-19"),
        3_000,
        "the past keeps its order"
    );
    both(&mut history, 3, "2026-05-20T09:00+2");
    assert_eq!(total(&history, "2026-05-20"), 9_000);
    history.send(PHONE, vec![steps(4, at("2026-05-19T07:30+2"), 30, 300)]);
    assert_eq!(
        total(&history, "2026-05-19"),
        3_300,
        "also when it is merged again"
    );
    order(&mut history, &[]);
    assert_eq!(
        total(&history, "2026-05-20"),
        6_000,
        "the classes decide again"
    );
}

#[test]
fn a_goal_follows_the_order_of_today() {
    let mut history = two_devices();
    history
        .put_goal("g", 4_000, Some(date("2026-05-19")))
        .unwrap();
    both(&mut history, 1, "2026-05-19T07:00+2");
    let met = |history: &History| {
        let progress = history.user.goal_progress(&goal("g"), date("2026-05-19"));
        progress.unwrap().met_at.is_some()
    };
    assert!(!met(&history));
    order(&mut history, &[PHONE, WATCH]);
    assert!(met(&history));
}

#[test]
fn days_are_explained_by_the_order_that_holds_on_them() {
    let mut history = two_devices();
    for (day, numbers) in [(20, [PHONE, WATCH]), (22, [WATCH, PHONE])] {
        history.tick(at(&format!("2026-05-{day}T12:00+2")));
        order(&mut history, &numbers);
    }
    let changes = history.changes();
    let behind = |day: &str| {
        let question = Question::Day(date(day));
        let orders = changes.iter().filter_map(|change| match &change.kind {
            ChangeKind::DeviceOrderChanged(order) => Some((change, order[0])),
            _ => None,
        });
        let behind = orders.filter(|(change, _)| question.is_changed_by(&history.user, change));
        behind.map(|(_, first)| first).collect::<Vec<_>>()
    };
    assert_eq!(behind("2026-05-19"), []);
    assert_eq!(behind("2026-05-20"), [device(PHONE)]);
    assert_eq!(behind("2026-05-21"), [device(PHONE)]);
    assert_eq!(behind("2026-05-22"), [device(WATCH)]);
}

#[test]
fn a_cold_day_is_merged_by_its_own_order() {
    let mut history = two_devices();
    both(&mut history, 1, "2026-05-19T07:00+2");
    order(&mut history, &[PHONE]);
    for day in 20..30 {
        history.tick(at(&format!("2026-05-{day}T12:00+2")));
        both(&mut history, day, &format!("2026-05-{day}T07:00+2"));
        history.snapshot();
    }
    order(&mut history, &[]);
    history.crash();
    history.send(WATCH, vec![steps(99, at("2026-05-19T10:00+2"), 1, 5)]);
    assert_eq!(total(&history, "2026-05-19"), 4_505);
    assert_eq!(total(&history, "2026-05-29"), 3_000);
}

#[test]
fn an_order_names_bound_devices_and_changes_seldom() {
    let mut history = two_devices();
    assert_eq!(
        ordered(&history, &[PHONE, 9]),
        Err(OrderRefusal::Unknown(1))
    );
    assert_eq!(ordered(&history, &[]), Ok(None), "that is how it is");
    for turn in 0..3 {
        order(
            &mut history,
            if turn % 2 == 0 { &[PHONE] } else { &[WATCH] },
        );
        history.tick(history.now_ms + 24 * HOUR_MS);
    }
    assert_eq!(ordered(&history, &[]), Err(OrderRefusal::Limit));
    history.tick(history.now_ms + 27 * 24 * HOUR_MS);
    assert!(ordered(&history, &[]).unwrap().is_some());
}

#[test]
fn orders_that_no_live_day_needs_are_forgotten() {
    let mut history = two_devices();
    for turn in 0..20 {
        order(
            &mut history,
            if turn % 2 == 0 { &[PHONE] } else { &[WATCH] },
        );
        history.tick(history.now_ms + 31 * 24 * HOUR_MS);
    }
    let kept: Vec<Day> = history.user.device_orders.keys().copied().collect();
    assert_eq!(kept.len(), limits::DEVICE_ORDERS_KEPT_MAX);
    assert!(kept[0] < history.user.day_of(history.now_ms).plus(-40));
}
