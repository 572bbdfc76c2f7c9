//! What becomes of a sample when it arrives: admission, identity, quarantine, numbering (domain.md 1.3, 1.5, 2.4; protocol.md 3).

use streakline_core::{
    civil::{DAY_MS, MINUTE_MS},
    event::Judgement,
    id::{OutboxId, RecordId},
    limits,
    record::{Content, Record},
    sample::{DeviceClass, Method, RecordCode, RecordRefusal},
    user::admit::{self, Admission, Arrival},
};

use crate::{
    history::{History, device, steps},
    places::{at, date},
};

const NOON: &str = "2026-05-20T12:00Z";

fn watch_at_noon() -> History {
    History::with_watch(at(NOON), "UTC")
}

fn refused_as(results: &[(u64, Judgement)]) -> Vec<Option<RecordCode>> {
    let code = |(_, judgement): &(u64, Judgement)| match judgement {
        Judgement::Rejected(RecordRefusal { code, .. }) => Some(*code),
        _ => None,
    };
    results.iter().map(code).collect()
}

fn arrival(outbox: u8, first_seq: u64, records: Vec<Record>) -> Arrival {
    Arrival {
        device: device(1),
        outbox: OutboxId([outbox; 16]),
        lane: 0,
        first_seq,
        skewed: false,
        records: records.into_iter().map(Ok).collect(),
        unsigned: None,
    }
}

/// Two contents of one sample: the one that wins by its digest, then the other.
fn rivals() -> (Record, Record) {
    let one = steps(1, at("2026-05-20T11:00Z"), 10, 500);
    let other = Record {
        content: Content::Delta(700),
        ..one.clone()
    };
    if one.digest() > other.digest() {
        (one, other)
    } else {
        (other, one)
    }
}

#[test]
fn a_repeat_is_a_duplicate_before_and_after_snapshots_and_crashes() {
    let mut history = watch_at_noon();
    let record = steps(1, at("2026-05-20T11:00Z"), 10, 500);
    assert_eq!(history.send(1, vec![record.clone()]), []);
    assert_eq!(
        history.send(1, vec![record.clone()]),
        [(2, Judgement::Duplicate)]
    );
    history.snapshot();
    assert_eq!(
        history.send(1, vec![record.clone()]),
        [(3, Judgement::Duplicate)]
    );
    history.crash();
    assert_eq!(history.send(1, vec![record]), [(4, Judgement::Duplicate)]);
    let day = history.day(date("2026-05-20"));
    assert_eq!((day.eligible, day.records), (500, 1));
}

#[test]
fn a_duplicate_within_one_batch_counts_once() {
    let mut history = watch_at_noon();
    let record = steps(1, at("2026-05-20T11:00Z"), 10, 500);
    assert_eq!(
        history.send(1, vec![record.clone(), record]),
        [(2, Judgement::Duplicate)]
    );
    assert_eq!(history.day(date("2026-05-20")).eligible, 500);
}

#[test]
fn of_two_contents_under_one_id_the_larger_digest_wins_in_either_order() {
    let (winner, loser) = rivals();
    for (first, second, judged) in [
        (&loser, &winner, vec![]),
        (&winner, &loser, vec![(2, Judgement::StaleVersion)]),
    ] {
        let mut history = watch_at_noon();
        assert_eq!(history.send(1, vec![first.clone()]), []);
        history.snapshot();
        assert_eq!(history.send(1, vec![second.clone()]), judged);
        let day = history.day(date("2026-05-20"));
        assert_eq!((day.eligible, day.records), (winner.value().unwrap(), 1));
    }
}

#[test]
fn a_minute_above_the_cap_is_clamped_for_all_that_is_rewarded() {
    let mut history = watch_at_noon();
    let records = vec![
        steps(1, at("2026-05-20T11:00Z"), 1, 240),
        steps(2, at("2026-05-20T11:01Z"), 1, 241),
        steps(3, at("2026-05-20T11:10Z"), 5, 1_500),
    ];
    let clamped = [(2, Judgement::Clamped), (3, Judgement::Clamped)];
    assert_eq!(history.send(1, records), clamped);
    let day = history.day(date("2026-05-20"));
    assert_eq!(
        (day.display, day.eligible),
        (240 + 241 + 1_500, 240 + 240 + 1_200)
    );
}

#[test]
fn a_sample_may_end_two_minutes_ahead_and_thirty_days_back() {
    let mut history = watch_at_noon();
    let ending = |id, end_ms: i64| steps(id, end_ms - MINUTE_MS, 1, 10);
    let records = vec![
        ending(1, at(NOON) - 30 * DAY_MS - 1),
        ending(2, at(NOON) - 30 * DAY_MS + 1),
        ending(3, at(NOON) + 120_000),
        ending(4, at(NOON) + 120_001),
    ];
    let results = history.send(1, records);
    assert_eq!(
        results.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(),
        [1, 4]
    );
    assert_eq!(
        refused_as(&results),
        [Some(RecordCode::TooOld), Some(RecordCode::Future)]
    );
    assert_eq!(
        history.user.devices[&device(1)].up_to_seq(OutboxId([1; 16]), 0),
        4
    );
}

#[test]
fn a_refused_future_sample_is_taken_later_under_a_new_seq() {
    let mut history = watch_at_noon();
    let record = steps(1, at(NOON) + 10 * MINUTE_MS, 1, 10);
    assert_eq!(
        refused_as(&history.send(1, vec![record.clone()])),
        [Some(RecordCode::Future)]
    );
    history.wait_until(at("2026-05-20T12:11Z"));
    assert_eq!(history.send(1, vec![record]), []);
    assert_eq!(history.day(date("2026-05-20")).eligible, 10);
}

#[test]
fn a_batch_that_leaves_a_gap_is_not_kept() {
    let mut history = watch_at_noon();
    let record = steps(1, at("2026-05-20T11:00Z"), 10, 500);
    assert_eq!(history.arrive(arrival(9, 2, vec![record.clone()])), Err(1));
    assert_eq!(history.day(date("2026-05-20")).records, 0);
    assert_eq!(
        history
            .arrive(arrival(9, 1, vec![record]))
            .unwrap()
            .up_to_seq,
        1
    );
    let later = steps(2, at("2026-05-20T11:10Z"), 10, 500);
    assert_eq!(history.arrive(arrival(9, 3, vec![later.clone()])), Err(2));
    assert_eq!(
        history
            .arrive(arrival(9, 2, vec![later]))
            .unwrap()
            .up_to_seq,
        2
    );
}

#[test]
fn a_batch_may_follow_one_that_is_journaled_but_not_yet_folded() {
    let history = watch_at_noon();
    let next = |pending_to, first_seq| {
        let arrival = arrival(9, first_seq, vec![steps(1, at("2026-05-20T11:00Z"), 1, 50)]);
        admit::batch(&history.user, arrival, pending_to, history.now_ms)
    };
    assert!(matches!(next(Some(3), 4), Admission::Journal(..)));
    assert_eq!(next(Some(3), 5), Admission::SeqGap { expected: 4 });
    assert_eq!(next(None, 4), Admission::SeqGap { expected: 1 });
}

#[test]
fn what_was_acknowledged_never_falls_when_an_old_batch_comes_again() {
    let mut history = watch_at_noon();
    let record = |id: u64| steps(id, at("2026-05-20T11:00Z") + id as i64 * MINUTE_MS, 1, 50);
    history
        .arrive(arrival(9, 1, vec![record(1), record(2), record(3)]))
        .unwrap();
    let again = history.arrive(arrival(9, 1, vec![record(1)])).unwrap();
    assert_eq!(
        (again.up_to_seq, again.results),
        (3, vec![(1, Judgement::Duplicate)])
    );
    let overlapping = history
        .arrive(arrival(9, 3, vec![record(3), record(4)]))
        .unwrap();
    assert_eq!(overlapping.up_to_seq, 4);
    assert_eq!(history.day(date("2026-05-20")).eligible, 200);
}

#[test]
fn an_unknown_record_below_the_acknowledged_number_is_accepted() {
    let mut history = watch_at_noon();
    let record = |id: u64| steps(id, at("2026-05-20T11:00Z") + id as i64 * MINUTE_MS, 1, 50);
    history
        .arrive(arrival(9, 1, vec![record(1), record(2)]))
        .unwrap();
    let outcome = history.arrive(arrival(9, 1, vec![record(7)])).unwrap();
    assert_eq!((outcome.up_to_seq, outcome.results), (2, vec![]));
    assert_eq!(history.day(date("2026-05-20")).eligible, 150);
}

/// T1.11
#[test]
fn a_new_outbox_loses_nothing_and_counts_nothing_twice() {
    let mut history = watch_at_noon();
    let record = |id: u64| steps(id, at("2026-05-20T11:00Z") + id as i64 * MINUTE_MS, 1, 50);
    history
        .arrive(arrival(8, 1, vec![record(1), record(2)]))
        .unwrap();
    history.snapshot();
    let outcome = history
        .arrive(arrival(9, 1, vec![record(2), record(3)]))
        .unwrap();
    assert_eq!(
        (outcome.up_to_seq, outcome.results),
        (2, vec![(1, Judgement::Duplicate)])
    );
    let day = history.day(date("2026-05-20"));
    assert_eq!((day.eligible, day.records), (150, 3));
    let held = &history.user.devices[&device(1)];
    assert_eq!(
        (
            held.up_to_seq(OutboxId([8; 16]), 0),
            held.up_to_seq(OutboxId([9; 16]), 0)
        ),
        (2, 2)
    );
}

#[test]
fn lanes_are_numbered_apart() {
    let mut history = watch_at_noon();
    history
        .arrive(arrival(
            9,
            1,
            vec![steps(1, at("2026-05-20T11:00Z"), 1, 50)],
        ))
        .unwrap();
    let backfill = Arrival {
        lane: 1,
        ..arrival(9, 1, vec![steps(2, at("2026-05-19T11:00Z"), 1, 50)])
    };
    assert_eq!(history.arrive(backfill).unwrap().up_to_seq, 1);
}

/// T2.6
#[test]
fn samples_of_a_wrong_clock_are_shown_but_not_eligible_until_a_clean_copy_comes() {
    let mut history = watch_at_noon();
    history
        .put_goal("steps", 400, Some(date("2026-05-20")))
        .unwrap();
    let record = steps(1, at("2026-05-20T11:00Z"), 10, 500);
    let quarantined = [(1, Judgement::Quarantined)];
    assert_eq!(history.send_skewed(1, vec![record.clone()]), quarantined);
    let day = history.day(date("2026-05-20"));
    assert_eq!((day.display, day.eligible, day.pending_micro), (500, 0, 0));
    assert_eq!(day.goals[0].met_at, None);
    history.snapshot();
    assert_eq!(
        history.send_skewed(1, vec![record.clone()]),
        [(2, Judgement::Duplicate)]
    );
    assert_eq!(
        history.send(1, vec![record.clone()]),
        [],
        "accepted, and it counts"
    );
    let day = history.day(date("2026-05-20"));
    assert_eq!((day.display, day.eligible, day.records), (500, 500, 1));
    assert!(day.goals[0].met_at.is_some());
    assert_eq!(
        history.send_skewed(1, vec![record.clone()]),
        [(4, Judgement::Duplicate)]
    );
    assert_eq!(history.send(1, vec![record]), [(5, Judgement::Duplicate)]);
    assert_eq!(history.day(date("2026-05-20")).eligible, 500);
}

#[test]
fn a_manual_sample_is_shown_and_not_eligible() {
    let mut history = watch_at_noon();
    let manual = Record {
        method: Method::Manual,
        ..steps(1, at("2026-05-20T11:00Z"), 10, 500)
    };
    assert_eq!(history.send(1, vec![manual]), []);
    let day = history.day(date("2026-05-20"));
    assert_eq!((day.display, day.eligible), (500, 0));
}

#[test]
fn a_correction_to_another_day_leaves_nothing_behind_after_later_samples_and_snapshots() {
    // The larger digest wins, so the minute of the later day is chosen until it does.
    let first = steps(7, at("2026-05-18T11:00Z"), 10, 500);
    let moved =
        (0..60).map(|minute| steps(7, at("2026-05-19T11:00Z") + minute * MINUTE_MS, 10, 500));
    let moved = moved
        .into_iter()
        .find(|moved| moved.digest() > first.digest())
        .unwrap();
    let mut history = watch_at_noon();
    history.send(1, vec![first]);
    history.snapshot();
    history.send(1, vec![moved]);
    history.snapshot();
    // An id below the highest takes the slow road and rebuilds the first day.
    history.send(1, vec![steps(3, at("2026-05-18T15:00Z"), 1, 10)]);
    let day = history.day(date("2026-05-18"));
    assert_eq!((day.eligible, day.records), (10, 1));
    let day = history.day(date("2026-05-19"));
    assert_eq!((day.eligible, day.records), (500, 1));
}

#[test]
fn a_sample_and_its_correction_to_another_day_in_one_batch_count_once() {
    let first = steps(7, at("2026-05-18T11:00Z"), 10, 500);
    let moved =
        (0..60).map(|minute| steps(7, at("2026-05-19T11:00Z") + minute * MINUTE_MS, 10, 500));
    let moved = moved
        .into_iter()
        .find(|moved| moved.digest() > first.digest())
        .unwrap();
    let mut history = watch_at_noon();
    history.hello(2, DeviceClass::Phone, None);
    history.send(2, vec![steps(1, at("2026-05-18T20:00Z"), 10, 300)]);
    history.snapshot();
    assert_eq!(history.send(1, vec![first, moved]), []);
    let day = history.day(date("2026-05-18"));
    assert_eq!(
        (day.eligible, day.records),
        (300, 1),
        "what the phone sent is still there"
    );
}

#[test]
fn a_still_day_survives_a_snapshot_and_a_correction() {
    let mut history = History::with_watch(at("2026-05-20T00:00Z"), "UTC");
    history.wait_until(at(NOON));
    let still = |minute: u64| {
        steps(
            minute,
            at("2026-05-20T00:00Z") + minute as i64 * MINUTE_MS,
            1,
            0,
        )
    };
    history.send(1, (0..500).map(still).collect());
    history.snapshot();
    history.crash();
    assert_eq!(
        history.send(1, vec![still(250)]),
        [(501, Judgement::Duplicate)]
    );
    assert_eq!(history.day(date("2026-05-20")).records, 500);
}

#[test]
fn eligible_minutes_stay_where_coarse_display_minutes_have_nothing_left() {
    // The finer half holds the whole amount but is quarantined: shown, the coarse sample adds nothing; eligible, it counts.
    let mut history = History::with_watch(at("2026-05-20T12:00Z"), "UTC");
    history.send(1, vec![steps(1, at("2026-05-19T23:00Z"), 120, 120)]);
    history.send_skewed(1, vec![steps(2, at("2026-05-19T23:00Z"), 60, 120)]);
    let (before, after) = (
        history.day(date("2026-05-19")),
        history.day(date("2026-05-20")),
    );
    assert_eq!((before.display, after.display), (120, 0));
    assert_eq!((before.eligible, after.eligible), (60, 60));
}

#[test]
fn a_sample_that_ends_as_its_day_is_archived_changes_it_no_more() {
    let mut history = History::with_watch(at("2026-05-20T00:00Z"), "UTC");
    history.wait_until(at("2026-06-20T00:00Z"));
    let judged = history.send(1, vec![steps(1, at("2026-05-20T23:59Z"), 1, 100)]);
    assert_eq!(judged, [], "thirty days old to the millisecond");
    assert_eq!(history.day(date("2026-05-20")).eligible, 0);
    let straddling = steps(2, at("2026-05-20T23:30Z"), 60, 600);
    assert_eq!(history.send(1, vec![straddling]), []);
    let (archived, live) = (
        history.day(date("2026-05-20")),
        history.day(date("2026-05-21")),
    );
    // 500 are left beside the first sample, over 59 minutes.
    assert_eq!(
        (archived.eligible, live.eligible),
        (0, 255),
        "the live day takes its part"
    );
}

#[test]
fn uuids_and_numbers_are_ids_of_the_same_device() {
    let mut history = watch_at_noon();
    let uuid = Record {
        id: RecordId::Uuid([7; 16]),
        ..steps(0, at("2026-05-20T10:00Z"), 10, 100)
    };
    assert_eq!(history.send(1, vec![uuid.clone()]), []);
    assert_eq!(
        history.send(1, vec![steps(1, at("2026-05-20T11:00Z"), 10, 100)]),
        []
    );
    history.snapshot();
    assert_eq!(history.send(1, vec![uuid]), [(3, Judgement::Duplicate)]);
    assert_eq!(history.day(date("2026-05-20")).eligible, 200);
}

#[test]
fn a_day_takes_so_many_records_and_no_more_while_other_days_go_on() {
    let mut history = watch_at_noon();
    let (today, yesterday) = (date("2026-05-20"), date("2026-05-19"));
    history.send(1, vec![steps(1, at("2026-05-20T08:00Z"), 1, 10)]);
    // As if all but two of the others had come too.
    let full = limits::RECORDS_PER_DAY_MAX - 2;
    history.user.days.get_mut(&today).unwrap().records = full;
    let minute = |id, start: &str| steps(id, at(start), 1, 10);
    let records = vec![
        minute(2, "2026-05-20T09:00Z"),
        minute(3, "2026-05-20T09:01Z"),
        minute(4, "2026-05-20T09:02Z"),
        minute(5, "2026-05-19T09:00Z"),
    ];
    let results = history.send(1, records);
    assert_eq!(refused_as(&results), [Some(RecordCode::Limit)]);
    assert_eq!(results[0].0, 4, "the third of the batch");
    assert_eq!(history.day(today).records, limits::RECORDS_PER_DAY_MAX);
    assert_eq!(history.day(yesterday).records, 1);
    let results = history.send(1, vec![minute(6, "2026-05-20T10:00Z")]);
    assert_eq!(refused_as(&results), [Some(RecordCode::Limit)]);
    assert_eq!(history.day(today).eligible, 30);
}
