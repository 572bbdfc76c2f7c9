//! Which batches a person's band sends, when, and under which numbers: all derived from the recording, the batch size
//! and the seed, so that a replay which crashed makes the same plan again and goes on in the middle of it.

use std::ops::Range;

use streakline_core::civil::HOUR_MS;

use super::wall::Sample;
use crate::entropy::Seeded;

/// A batch may be this late; with the hour that it waits for the next tick it stays within 20 hours.
const LATE_HOURS_MAX: u64 = 19;
/// Of 100 batches, this many are sent twice.
const TWICE_PERCENT: u64 = 10;

/// One batch to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The tick of the server's clock at which it goes out, POSIX ms.
    pub due_ms: i64,
    /// Number of its first record.
    pub first_seq: u64,
    /// Which of the person's samples it holds.
    pub samples: Range<usize>,
    /// Whether all of it has been sent before.
    pub copy: bool,
}

impl Sending {
    /// Number of its last record.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.samples.len() as u64 - 1
    }
}

/// A batch before it is numbered.
struct Draft {
    due_ms: i64,
    /// Orders the batches of one tick.
    lot: u64,
    samples: Range<usize>,
    copy: Copy,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Copy {
    No,
    /// Under the numbers of the first copy.
    SameNumbers,
    /// Under numbers of its own.
    NewNumbers,
}

/// The first full hour at or after `at_ms`, POSIX ms.
#[must_use]
pub fn hour_after(at_ms: i64) -> i64 {
    at_ms.div_euclid(HOUR_MS) * HOUR_MS
        + if at_ms.rem_euclid(HOUR_MS) == 0 {
            0
        } else {
            HOUR_MS
        }
}

/// The batches of one person in sending order: `batch` samples each, in order of time and as soon as the clock is past
/// them; with `shuffle`, each late by up to 20 hours and some of them twice.
#[must_use]
pub fn plan(samples: &[Sample], batch: usize, shuffle: Option<&mut Seeded>) -> Vec<Sending> {
    let ranges = (0..samples.len())
        .step_by(batch.max(1))
        .map(|start| start..samples.len().min(start + batch.max(1)));
    let on_time = ranges.filter_map(|range| {
        let due_ms = hour_after(samples.get(range.clone())?.last()?.end_ms());
        Some(Draft {
            due_ms,
            lot: range.start as u64,
            samples: range,
            copy: Copy::No,
        })
    });
    let drafts = match shuffle {
        None => on_time.collect(),
        Some(seeded) => shuffled(on_time, seeded),
    };
    numbered(drafts)
}

fn shuffled(on_time: impl Iterator<Item = Draft>, seeded: &mut Seeded) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for mut draft in on_time {
        let late = seeded.below(LATE_HOURS_MAX + 1);
        let on_time_ms = draft.due_ms;
        draft.due_ms += hours_ms(late);
        draft.lot = seeded.below(u64::MAX / 2);
        if seeded.below(100) < TWICE_PERCENT {
            let later = late + seeded.below(LATE_HOURS_MAX + 1 - late);
            let copy = if seeded.below(2) == 0 {
                Copy::SameNumbers
            } else {
                Copy::NewNumbers
            };
            drafts.push(Draft {
                due_ms: on_time_ms + hours_ms(later),
                // Above every lot of a first copy, so that it comes after its own.
                lot: u64::MAX / 2 + seeded.below(u64::MAX / 2),
                samples: draft.samples.clone(),
                copy,
            });
        }
        drafts.push(draft);
    }
    drafts.sort_by_key(|draft| (draft.due_ms, draft.lot));
    drafts
}

fn hours_ms(hours: u64) -> i64 {
    i64::try_from(hours).unwrap_or(0) * HOUR_MS
}

/// Gives the drafts, in this order, dense numbers from 1.
fn numbered(drafts: Vec<Draft>) -> Vec<Sending> {
    let mut next_seq = 1;
    let mut first_of = std::collections::BTreeMap::new();
    let mut sendings = Vec::with_capacity(drafts.len());
    for Draft {
        due_ms,
        samples,
        copy,
        ..
    } in drafts
    {
        let seen_at = first_of.get(&samples.start).copied();
        let first_seq = match (copy, seen_at) {
            (Copy::SameNumbers, Some(first_seq)) => first_seq,
            _ => next_seq,
        };
        if first_seq == next_seq {
            next_seq += samples.len() as u64;
        }
        first_of.entry(samples.start).or_insert(first_seq);
        sendings.push(Sending {
            due_ms,
            first_seq,
            samples,
            copy: copy != Copy::No,
        });
    }
    sendings
}

/// Index of the first sending that is not yet durable, where the server has everything up to `up_to_seq`.
#[must_use]
pub fn resume_at(plan: &[Sending], up_to_seq: u64) -> usize {
    plan.iter()
        .position(|sending| sending.last_seq() > up_to_seq)
        .unwrap_or(plan.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use streakline_core::civil::MINUTE_MS;

    use super::*;

    fn minutes(count: i64) -> Vec<Sample> {
        (0..count)
            .map(|m| Sample {
                start_ms: m * MINUTE_MS,
                value: 1,
            })
            .collect()
    }

    fn shuffled_plan(seed: u64) -> Vec<Sending> {
        plan(&minutes(60 * 24 * 20), 60, Some(&mut Seeded::new(seed, 3)))
    }

    #[test]
    fn batches_go_out_in_order_at_the_first_full_hour_after_their_last_sample() {
        let plan = plan(&minutes(65), 10, None);
        let spans: Vec<_> = plan
            .iter()
            .map(|s| (s.first_seq, s.last_seq(), s.due_ms))
            .collect();
        assert_eq!(spans[0], (1, 10, HOUR_MS));
        assert_eq!(
            spans[5],
            (51, 60, HOUR_MS),
            "the hour itself is past its last minute's end"
        );
        assert_eq!(spans[6], (61, 65, 2 * HOUR_MS));
        assert!(plan.iter().all(|s| !s.copy));
        assert_eq!(plan.len(), 7);
    }

    #[test]
    fn a_shuffle_delays_every_batch_by_at_most_twenty_hours_and_reorders_them() {
        let samples = minutes(60 * 24 * 20);
        let plan = shuffled_plan(7);
        for sending in &plan {
            let end_ms = samples[sending.samples.end - 1].end_ms();
            let late_ms = sending.due_ms - end_ms;
            assert!((0..=20 * HOUR_MS).contains(&late_ms), "{sending:?}");
        }
        let starts: Vec<_> = plan
            .iter()
            .filter(|s| !s.copy)
            .map(|s| s.samples.start)
            .collect();
        assert!(!starts.is_sorted());
        assert_eq!(
            starts.iter().collect::<BTreeSet<_>>().len(),
            480,
            "all are sent"
        );
        assert!(plan.is_sorted_by_key(|sending| sending.due_ms));
    }

    #[test]
    fn about_a_tenth_is_sent_again_after_its_first_copy_under_old_or_new_numbers() {
        let plan = shuffled_plan(7);
        let (mut old, mut new) = (0, 0);
        for (at, copy) in plan.iter().enumerate().filter(|(_, sending)| sending.copy) {
            let first = plan.iter().position(|s| s.samples == copy.samples).unwrap();
            assert!(first < at && !plan[first].copy, "{copy:?}");
            if plan[first].first_seq == copy.first_seq {
                old += 1
            } else {
                new += 1
            }
        }
        assert!((24..=72).contains(&(old + new)), "{old} + {new} of 480");
        assert!(old > 5 && new > 5, "{old} and {new}");
    }

    #[test]
    fn numbers_are_dense_in_sending_order() {
        let mut next = 1;
        for sending in shuffled_plan(11) {
            assert!(sending.first_seq <= next, "no gap");
            next = next.max(sending.last_seq() + 1);
        }
    }

    #[test]
    fn a_seed_makes_its_plan_again_and_another_seed_another() {
        assert_eq!(shuffled_plan(1), shuffled_plan(1));
        assert_ne!(shuffled_plan(1), shuffled_plan(2));
    }

    #[test]
    fn a_replay_goes_on_at_the_first_batch_that_is_not_wholly_durable() {
        let plan = plan(&minutes(30), 10, None);
        let at = |up_to_seq| resume_at(&plan, up_to_seq);
        assert_eq!([at(0), at(9), at(10), at(15), at(30)], [0, 0, 1, 1, 3]);
        let shuffled = shuffled_plan(5);
        let middle = &shuffled[200];
        let at = resume_at(&shuffled, middle.first_seq);
        assert!(at <= 200 && shuffled[at].last_seq() > middle.first_seq);
    }

    #[test]
    fn nobody_without_samples_sends_anything() {
        assert_eq!(plan(&[], 10, None), []);
        assert_eq!(plan(&[], 10, Some(&mut Seeded::new(1, 1))), []);
    }
}
