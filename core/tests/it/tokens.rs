//! Tokens for steps: when they are posted, under which key, on what evidence (domain.md 8.1, 8.2).

use streakline_core::{
    civil::Day, event::Transfer, id::UserId, ledger, record::Record, sample::DeviceClass,
};

use crate::{
    history::{History, steps},
    places::{at, date},
};

fn first() -> Day {
    date("2026-05-01")
}

fn person() -> History {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.hello(2, DeviceClass::Phone, None);
    history
}

/// The phone counts 100 steps a minute.
fn walk(history: &mut History, id: u64, (start, minutes): (&str, i64)) {
    history.wait_until(at(start) + minutes * 60_000);
    history.send(2, vec![steps(id, at(start), minutes, minutes * 100)]);
}

fn posted(history: &History) -> Vec<(i64, i64, i64)> {
    let of = |transfer: Transfer| {
        (
            transfer.created_ms,
            transfer.amount_micro,
            transfer.cumulative_micro,
        )
    };
    history.transfers().into_iter().map(of).collect()
}

#[test]
fn tokens_are_pending_until_the_soft_close_and_then_posted_once() {
    let mut history = person();
    walk(&mut history, 1, ("2026-05-01T10:00Z", 84));
    let day = history.day(first());
    assert_eq!((day.pending_micro, day.posted_micro), (6_700_000, 0));
    assert_eq!(history.user.balance_view().pending_micro, 6_700_000);
    history.tick(at("2026-05-02T03:00Z"));
    assert_eq!(
        posted(&history),
        [(at("2026-05-02T03:00Z"), 6_700_000, 6_700_000)]
    );
    let balance = history.user.balance_view();
    assert_eq!(
        (balance.available_micro, balance.pending_micro),
        (6_700_000, 0)
    );
    history.tick(at("2026-05-20T00:00Z"));
    assert_eq!(posted(&history).len(), 1);
}

#[test]
fn a_transfer_names_its_key_its_day_and_the_state_that_it_rests_on() {
    let mut history = person();
    walk(&mut history, 1, ("2026-05-01T10:00Z", 84));
    let evidence = history.day(first()).state_hash;
    history.tick(at("2026-05-02T03:00Z"));
    let transfer = history.transfers().remove(0);
    let ann = UserId::parse("ann").unwrap();
    assert_eq!(
        transfer.id,
        ledger::key_id(
            "steps",
            &ann,
            ledger::About::default(),
            (first(), 6_700_000)
        )
    );
    assert_eq!(
        (transfer.debit.as_str(), transfer.credit.as_str()),
        ("treasury/300", "user:ann:available")
    );
    assert_eq!(
        (transfer.evidence, transfer.day, transfer.rule.as_str()),
        (evidence, first(), "steps@1")
    );
    assert_eq!(
        history.facts()[transfer.event_seq as usize - 1].seq,
        transfer.event_seq
    );
}

#[test]
fn late_steps_are_posted_by_the_hour_after_the_soft_close() {
    let mut history = person();
    walk(&mut history, 1, ("2026-05-01T10:00Z", 20));
    history.wait_until(at("2026-05-02T05:10Z"));
    walk(&mut history, 2, ("2026-05-01T12:00Z", 10));
    history.wait_until(at("2026-05-02T05:20Z"));
    walk(&mut history, 3, ("2026-05-01T14:00Z", 10));
    history.tick(at("2026-05-02T05:59:59.999Z"));
    assert_eq!(posted(&history).len(), 1);
    assert_eq!(history.day(first()).pending_micro, 2_000_000);
    history.tick(at("2026-05-02T09:00Z"));
    let both = (at("2026-05-02T06:00Z"), 2_000_000, 4_000_000);
    assert_eq!(
        posted(&history),
        [(at("2026-05-02T03:00Z"), 2_000_000, 2_000_000), both]
    );
}

#[test]
fn steps_of_the_last_hour_are_posted_at_the_hard_close_and_later_ones_never() {
    let mut history = person();
    history.wait_until(at("2026-05-04T23:59:59.999Z"));
    walk(&mut history, 1, ("2026-05-01T10:00Z", 20));
    history.tick(at("2026-05-05T00:00Z"));
    assert_eq!(
        posted(&history),
        [(at("2026-05-05T00:00Z"), 2_000_000, 2_000_000)]
    );
    assert_eq!(history.day(first()).scored, 2_000);
    walk(&mut history, 2, ("2026-05-01T12:00Z", 50));
    history.tick(at("2026-05-20T00:00Z"));
    assert_eq!(posted(&history).len(), 1);
    let day = history.day(first());
    assert_eq!(
        (day.eligible, day.scored, day.pending_micro),
        (7_000, 2_000, 0)
    );
}

#[test]
fn late_steps_of_two_days_are_posted_in_the_same_hour() {
    let mut history = person();
    history.wait_until(at("2026-05-03T12:30Z"));
    walk(&mut history, 1, ("2026-05-01T10:00Z", 20));
    walk(&mut history, 2, ("2026-05-02T10:00Z", 20));
    history.tick(at("2026-05-03T18:00Z"));
    let at_one = at("2026-05-03T13:00Z");
    assert_eq!(
        posted(&history),
        [
            (at_one, 2_000_000, 2_000_000),
            (at_one, 2_000_000, 2_000_000)
        ]
    );
}

#[test]
fn a_correction_before_the_soft_close_pays_less_and_after_it_takes_nothing_back() {
    for (corrected, paid_micro) in [
        ("2026-05-02T02:00Z", 2_000_000),
        ("2026-05-02T04:00Z", 5_000_000),
    ] {
        let mut history = person();
        walk(&mut history, 1, ("2026-05-01T10:00Z", 20));
        walk(&mut history, 2, ("2026-05-01T12:00Z", 30));
        history.wait_until(at(corrected));
        let still = Record {
            worn: Some(true),
            ..steps(1, at("2026-05-01T12:00Z"), 30, 0)
        };
        history.send(1, vec![still]);
        history.tick(at("2026-05-10T00:00Z"));
        assert_eq!(
            history.user.available_micro, paid_micro,
            "corrected at {corrected}"
        );
        assert_eq!(
            (posted(&history).len(), history.day(first()).eligible),
            (1, 2_000)
        );
    }
}

#[test]
fn days_before_the_user_began_are_history_without_tokens() {
    let mut history = History::with_watch(at("2026-05-10T12:00Z"), "UTC");
    history.send(1, vec![steps(1, at("2026-05-09T10:00Z"), 60, 6_000)]);
    history.send(1, vec![steps(2, at("2026-05-10T10:00Z"), 60, 6_000)]);
    let before = history.day(date("2026-05-09"));
    assert_eq!(
        (before.eligible, before.scored, before.pending_micro),
        (6_000, 0, 0)
    );
    history.tick(at("2026-05-20T00:00Z"));
    assert_eq!(
        posted(&history).len(),
        1,
        "the day of creation counts whole"
    );
    assert_eq!(history.transfers()[0].day, date("2026-05-10"));
}

#[test]
fn a_day_pays_at_most_8_7() {
    let mut history = person();
    walk(&mut history, 1, ("2026-05-01T08:00Z", 300));
    history.tick(at("2026-05-02T03:00Z"));
    assert_eq!(
        posted(&history),
        [(at("2026-05-02T03:00Z"), 8_700_000, 8_700_000)]
    );
}
