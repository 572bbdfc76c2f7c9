//! Late data against data on time, and against what a close has fixed (domain.md 2.6, 4.4, 5.7, 8.6).

use proptest::prelude::*;
use streakline_core::{
    civil::{DAY_MS, Day, HOUR_MS, MINUTE_MS},
    id::ChallengeId,
    record::Record,
    sample::Method,
    scoring,
    user::EnrolmentState,
    view::DayStatus,
};

use crate::{
    challenges::window,
    history::{History, goal, steps},
    places::date,
    random::{DEVICES, assert_days_follow_from_the_set, beginning_ms, bound, copies},
    reference,
};

const DAYS: i64 = 3;

/// A user in Berlin who walks from 24 to 26 October, with goals and a challenge over the 25th and 26th.
fn begin() -> History {
    let mut history = crate::random::begin();
    history.enrol(8, &window("2026-10-25", "2026-10-26"));
    history
}

fn days() -> impl Iterator<Item = Day> {
    (0..DAYS as i32).map(|n| date("2026-10-24").plus(n))
}

/// Samples of three days, short ones, each with an id of its own that does not rise with time.
fn any_samples() -> impl Strategy<Value = Vec<(u8, Record)>> {
    let span =
        prop_oneof![3 => 1..30_i64, 1 => 30..120_i64].prop_map(|minutes| minutes * MINUTE_MS);
    let sample = (
        0..DEVICES.len(),
        0..DAYS * 1_440 - 120,
        span,
        0..6_000_i64,
        prop::bool::weighted(0.1),
    );
    prop::collection::vec((sample, any::<u16>()), 1..40).prop_map(|samples| {
        let mut seen = std::collections::BTreeSet::new();
        let fresh = samples.into_iter().filter(|(_, id)| seen.insert(*id));
        let record =
            |((device, minute, span, value, manual), id): ((usize, i64, i64, i64, bool), u16)| {
                let start_ms = beginning_ms() + minute * MINUTE_MS;
                let method = if manual { Method::Manual } else { Method::Auto };
                let record = Record {
                    end_ms: start_ms + span,
                    method,
                    ..steps(u64::from(id), start_ms, 1, value)
                };
                (DEVICES[device].0, record)
            };
        fresh.map(record).collect()
    })
}

/// Sends each sample when it has ended, or later by its delay but before the first hard close; says whether the eligible
/// amount of a day ever fell.
fn live_through(samples: &[(u8, Record)], delays_ms: &[i64]) -> (History, bool) {
    let mut history = begin();
    let first_hard_close_ms = history.day(date("2026-10-24")).end_ms + 72 * HOUR_MS;
    let sent_ms = |(at, (_, record)): (usize, &(u8, Record))| {
        let delay_ms = delays_ms
            .get(at % delays_ms.len().max(1))
            .copied()
            .unwrap_or(0);
        (record.end_ms + delay_ms).min(first_hard_close_ms - 1)
    };
    let mut order: Vec<(i64, &(u8, Record))> = samples
        .iter()
        .enumerate()
        .map(|(at, sample)| (sent_ms((at, sample)), sample))
        .collect();
    order.sort_by_key(|(sent_ms, _)| *sent_ms);
    let mut fell = false;
    for (at, (sent_ms, (device, record))) in order.into_iter().enumerate() {
        let eligible = |history: &History| {
            days()
                .map(|day| history.day(day).eligible)
                .collect::<Vec<_>>()
        };
        let before = eligible(&history);
        history.wait_until(sent_ms);
        history.send(*device, vec![record.clone()]);
        fell |= before
            .iter()
            .zip(eligible(&history))
            .any(|(before, after)| after < *before);
        if at % 7 == 3 {
            history.snapshot();
        }
    }
    history.tick(beginning_ms() + 8 * DAY_MS);
    (history, fell)
}

fn streaks(history: &History) -> Vec<(u32, u32, Vec<DayStatus>)> {
    let last = date("2026-10-26");
    let of = |name| {
        let streak = history.user.streak_through(&goal(name), last);
        let statuses = days().map(|day| history.user.status(&goal(name), day).unwrap());
        (streak.count(), streak.longest_count(), statuses.collect())
    };
    ["low", "high"].map(of).to_vec()
}

/// Score of a challenge and the minute of its last step, from the received copies.
fn score(history: &History, challenge: u8) -> (i64, i64) {
    let held = &history.user.enrolments[&ChallengeId([challenge; 16])];
    let calendar = history.user.calendar();
    let from_ms = calendar
        .start_ms(held.definition.starts)
        .max(held.joined_ms);
    let to_ms = calendar.end_ms(held.definition.ends);
    let days = reference::days(
        &copies(history),
        &bound(),
        (calendar, history.rules.manual_policy),
    );
    let minutes = days.values().flat_map(|totals| &totals.paid);
    let counted = minutes
        .map(|(minute, value)| (i64::from(*minute) * MINUTE_MS, i64::from(*value)))
        .filter(|(at_ms, value)| (from_ms..to_ms).contains(at_ms) && *value > 0);
    counted.fold((0, from_ms), |(sum, _), (at_ms, value)| {
        (sum + value, at_ms)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// T2.4, T4.5, T5.4, T8.5
    #[test]
    fn late_data_before_the_hard_close_is_data_on_time(
        samples in any_samples(),
        delays_ms in prop::collection::vec(0..80 * HOUR_MS, 1..20),
    ) {
        let (on_time, _) = live_through(&samples, &[]);
        let (late, fell) = live_through(&samples, &delays_ms);
        prop_assert_eq!(streaks(&late), streaks(&on_time));
        for day in days() {
            let (one, other) = (on_time.day(day), late.day(day));
            prop_assert_eq!(one.state_hash, other.state_hash);
            prop_assert_eq!((one.display, one.eligible, one.scored), (other.display, other.eligible, other.scored));
            prop_assert_eq!(one.goals, other.goals);
            prop_assert_eq!(one.posted_micro, scoring::steps_micro(one.eligible));
            prop_assert!(other.posted_micro >= one.posted_micro);
            prop_assert!(fell || other.posted_micro == one.posted_micro);
        }
        for history in [&on_time, &late] {
            assert_days_follow_from_the_set(history);
            for (challenge, definition) in [(7, "2026-10-24"), (8, "2026-10-25")] {
                let held = &history.user.enrolments[&ChallengeId([challenge; 16])];
                prop_assert_eq!(held.definition.starts.iso(), definition);
                // The challenges are settled later than the first hard close.
                prop_assert_eq!((held.score, held.achieved_at_ms), score(history, challenge));
                prop_assert_eq!(held.state, EnrolmentState::Frozen);
            }
        }
    }

    /// T4.5 for data up to 30 days late: one band, samples that do not overlap.
    #[test]
    fn data_of_a_month_ago_restores_the_streaks_of_data_on_time(
        values in prop::collection::vec(0..8_000_i64, DAYS as usize),
        late in prop::collection::vec(prop_oneof![Just(0), 0..26 * DAY_MS], DAYS as usize),
    ) {
        let live = |delays: &[i64]| {
            let mut history = crate::random::begin();
            let noon = |day: i64| beginning_ms() + day * DAY_MS + 12 * HOUR_MS;
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by_key(|day| noon(*day as i64) + delays[*day]);
            for day in order {
                history.wait_until(noon(day as i64) + 2 * HOUR_MS + delays[day]);
                let sample = steps(day as u64, noon(day as i64), 60, values[day]);
                history.send(2, vec![sample]);
            }
            history.tick(beginning_ms() + 31 * DAY_MS);
            history
        };
        let (on_time, late) = (live(&[0; DAYS as usize]), live(&late));
        prop_assert_eq!(streaks(&late), streaks(&on_time));
        for name in ["low", "high"] {
            prop_assert_eq!(late.user.goals[&goal(name)].streak, on_time.user.goals[&goal(name)].streak);
        }
    }

    /// T2.5
    #[test]
    fn data_after_the_hard_close_changes_no_balance_and_no_score(
        before in any_samples(),
        after in any_samples(),
    ) {
        let (mut history, _) = live_through(&before, &[]);
        let fixed = |history: &History| {
            let days = days().map(|day| (history.day(day).scored, history.day(day).posted_micro));
            (history.user.balance_view(), history.transfers(), days.collect::<Vec<_>>())
        };
        let scores = |history: &History| {
            history.user.enrolments.values().map(|held| (held.score, held.achieved_at_ms)).collect::<Vec<_>>()
        };
        let held = (fixed(&history), scores(&history));
        for (device, record) in after {
            history.send(device, vec![record]);
        }
        history.tick(beginning_ms() + 20 * DAY_MS);
        prop_assert_eq!((fixed(&history), scores(&history)), held);
        assert_days_follow_from_the_set(&history);
    }

    /// T1.2: the winning copies again under fresh ids.
    #[test]
    fn a_replay_under_fresh_ids_changes_no_total(samples in any_samples()) {
        let (mut history, _) = live_through(&samples, &[]);
        let totals = |history: &History| {
            days().map(|day| (history.day(day).display, history.day(day).eligible)).collect::<Vec<_>>()
        };
        let before = totals(&history);
        for (number, (device, record, _)) in (100_000..).zip(reference::winners(&copies(&history))) {
            let fresh = Record { id: streakline_core::id::RecordId::Number(number), ..record };
            history.send(device.0[0], vec![fresh]);
        }
        prop_assert_eq!(totals(&history), before);
    }
}
