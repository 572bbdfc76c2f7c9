//! A user on hold: what comes is kept and acknowledged, time stands still, and the release leaves no trace (ADR 0015).

use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    event::{FactKind, Judgement},
    input::UserInput,
    poison::{Retry, Skipping, encoded, is_control},
    sample::DeviceClass,
};

use crate::history::{History, steps};

const DAY_MS: i64 = 24 * HOUR_MS;

fn noon(day: i64) -> i64 {
    Day::parse("2016-04-13").unwrap().utc_ms() + day * DAY_MS + 12 * HOUR_MS
}

/// Passes over three inputs that were never folded, as the shell does.
fn hold(history: &mut History) {
    for id in 900..903 {
        let poison = UserInput::Ingest(streakline_core::input::Ingest {
            device: crate::history::device(1),
            outbox: streakline_core::id::OutboxId([9; 16]),
            lane: 1,
            first_seq: id,
            count: 1,
            skewed: false,
            records: vec![(0, steps(id, history.now_ms - MINUTE_MS, 1, 1))],
            unsigned: None,
        });
        let (header, _) = history.journal.last().unwrap().clone();
        let mut skip = Skipping::user(&header, &poison).skip;
        skip.hold = id == 902;
        history.input(UserInput::Skip(skip));
    }
    assert!(history.user.is_held());
}

fn retry(stamp_ms: i64, (kept, release): (bool, bool), input: Vec<u8>) -> UserInput {
    UserInput::Retry(Retry {
        stamp_ms,
        kept,
        release,
        input,
    })
}

/// Offers everything again that was kept since `from`, in order.
fn release(history: &mut History, from: usize) {
    let kept: Vec<_> = history.journal[from..]
        .iter()
        .filter(|(_, input)| !is_control(input))
        .cloned()
        .collect();
    history.input(retry(0, (false, true), Vec::new()));
    for (header, input) in kept {
        assert!(history.user.is_releasing());
        history.input(retry(header.stamp_ms, (true, false), encoded(&input)));
    }
    assert!(!history.user.is_held());
}

fn walk(history: &mut History, day: i64, id: u64) -> Vec<(u64, Judgement)> {
    history.wait_until(noon(day));
    let start_ms = noon(day) - 2 * HOUR_MS;
    history.send(1, vec![steps(id, start_ms, 60, 8_000)])
}

fn walked_a_week(held: bool) -> History {
    let mut history = History::with_watch(noon(0), "UTC");
    history.put_goal("steps", 5_000, None).unwrap();
    walk(&mut history, 1, 1);
    let from = history.journal.len();
    if held {
        hold(&mut history);
    }
    for day in 2..=6 {
        let results = walk(&mut history, day, day.unsigned_abs());
        let kept = results.iter().all(|(_, how)| *how == Judgement::Kept);
        assert_eq!(!results.is_empty() && kept, held, "{results:?}");
    }
    if held {
        assert_eq!(history.user.next_deadline(), None, "nothing falls due");
        release(&mut history, from);
    }
    history.tick(noon(7));
    history
}

#[test]
fn a_hold_leaves_no_trace_in_days_streaks_and_tokens() {
    let (held, free) = (walked_a_week(true), walked_a_week(false));
    for day in 0..=7 {
        let day = Day::parse("2016-04-13").unwrap().plus(day);
        assert_eq!(held.day(day), free.day(day), "{}", day.iso());
    }
    let facts = |history: &History| -> Vec<(i64, FactKind)> {
        let facts = history.facts().into_iter();
        facts.map(|fact| (fact.at_ms, fact.kind)).collect()
    };
    assert_eq!(facts(&held), facts(&free));
    assert_eq!(held.transfers(), free.transfers());
    assert_eq!(held.user.available_micro, free.user.available_micro);
    assert!(free.user.available_micro > 0);
}

#[test]
fn a_batch_of_a_user_on_hold_is_acknowledged_and_not_folded() {
    let mut history = History::with_watch(noon(0), "UTC");
    hold(&mut history);
    let results = walk(&mut history, 0, 1);
    assert_eq!(results, [(1, Judgement::Kept)]);
    let today = history.user.day_of(noon(0));
    assert_eq!(history.day(today).display, 0);
    let device = &history.user.devices[&crate::history::device(1)];
    let outbox = streakline_core::id::OutboxId([1; 16]);
    assert_eq!(device.up_to_seq(outbox, 0), 1, "its number is done with");
    assert_eq!(history.user.hold.as_ref().unwrap().kept, 1);
}

#[test]
fn a_device_that_is_introduced_on_hold_is_numbered() {
    let mut history = History::with_watch(noon(0), "UTC");
    hold(&mut history);
    history.hello(2, DeviceClass::Phone, None);
    let results = history.send(2, vec![steps(1, noon(0) - HOUR_MS, 1, 10)]);
    assert_eq!(results, [(1, Judgement::Kept)]);
    let results = history.send(2, vec![steps(2, noon(0) - HOUR_MS, 1, 10)]);
    assert_eq!(results, [(2, Judgement::Kept)], "no gap");
}

#[test]
fn a_hold_survives_snapshots_and_crashes() {
    let mut history = History::with_watch(noon(0), "UTC");
    hold(&mut history);
    history.snapshot();
    history.crash();
    assert!(history.user.is_held());
    let from = history.journal.len();
    walk(&mut history, 0, 1);
    history.crash();
    assert_eq!(history.user.hold.as_ref().unwrap().kept, 1);
    assert_eq!(history.user.visible_deadline(), None, "nobody wakes it");
    history.input(retry(0, (false, true), Vec::new()));
    let due_ms = history.user.visible_deadline();
    assert!(
        due_ms.is_some_and(|due_ms| due_ms <= history.now_ms),
        "due at once"
    );
    history.snapshot();
    history.crash();
    assert!(history.user.is_releasing());
    let (header, input) = history.journal[from].clone();
    history.input(retry(header.stamp_ms, (true, false), encoded(&input)));
    assert!(!history.user.is_held());
    let today = history.user.day_of(noon(0));
    assert_eq!(history.day(today).display, 8_000);
}

#[test]
fn three_more_skips_while_being_released_are_a_new_hold() {
    let mut history = History::with_watch(noon(0), "UTC");
    hold(&mut history);
    for id in 1..=4 {
        history.send(1, vec![steps(id, noon(0) - HOUR_MS, 1, 1)]);
    }
    history.input(retry(0, (false, true), Vec::new()));
    let kept: Vec<_> = history.journal[4..8].to_vec();
    for (number, (header, input)) in kept[..3].iter().enumerate() {
        let wrapped = retry(header.stamp_ms, (true, false), encoded(input));
        let place = history.journal.last().unwrap().0.clone();
        let mut skip = Skipping::user(&place, &wrapped).skip;
        skip.hold = number == 2;
        history.input(UserInput::Skip(skip));
        assert_eq!(history.user.is_releasing(), number < 2);
    }
    let begun = history.journal.last().unwrap().0.position;
    let held = history.user.hold.clone().unwrap();
    assert_eq!((held.kept, held.position), (1, begun));
    release(&mut history, 7);
    let today = history.user.day_of(noon(0));
    assert_eq!(history.day(today).display, 1, "the last one is folded");
}

#[test]
fn an_input_that_is_offered_to_a_free_user_comes_now() {
    let mut history = History::with_watch(noon(0), "UTC");
    let stamp_ms = history.now_ms;
    history.wait_until(noon(5));
    let late = UserInput::Ingest(streakline_core::input::Ingest {
        device: crate::history::device(1),
        outbox: streakline_core::id::OutboxId([1; 16]),
        lane: 0,
        first_seq: 1,
        count: 1,
        skewed: false,
        records: vec![(0, steps(1, noon(0) - HOUR_MS, 60, 8_000))],
        unsigned: None,
    });
    history.input(retry(stamp_ms, (false, false), encoded(&late)));
    let day = history.day(Day::parse("2016-04-13").unwrap());
    assert_eq!(day.display, 8_000);
    assert_eq!(day.scored, 0, "its day was hard-closed before it came");
}
