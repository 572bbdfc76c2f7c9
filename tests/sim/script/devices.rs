//! What devices send: samples as they are walked, kept for days or sent once more, and such as cannot be folded.

use streakline_core::{
    civil::MINUTE_MS,
    fault::POISON_STEPS,
    id::{DeviceId, RecordId},
    metric::Metric,
    record::{Content, Record},
    sample::Method,
};

use super::{Action, Burst};
use crate::random::Random;

/// What a device has in hand while the script is written.
#[derive(Default)]
pub(super) struct Wearing {
    pub(super) cursor_ms: i64,
    next_id: u64,
    sent: Vec<Record>,
    kept: Vec<Record>,
}

/// What one device sends at an instant: what is new, what it has kept for days, what it sends once more.
pub(super) fn bursts(
    random: &mut Random,
    device: DeviceId,
    worn: &mut Wearing,
    at_ms: i64,
) -> Vec<Action> {
    let mut bursts = Vec::new();
    let skewed = random.permille(80);
    let mut send = |lane: u8, skewed: bool, records: Vec<Record>| {
        if !records.is_empty() {
            let burst = Burst {
                device,
                lane,
                skewed,
                records,
            };
            bursts.push(Action::Send(burst));
        }
    };
    let fresh = if random.permille(700) {
        walked(random, worn, at_ms)
    } else {
        Vec::new()
    };
    if random.permille(250) {
        worn.kept.extend(fresh);
    } else {
        worn.sent.extend(fresh.iter().cloned());
        send(0, skewed, fresh);
    }
    if random.permille(120) {
        let kept = std::mem::take(&mut worn.kept);
        worn.sent.extend(kept.iter().cloned());
        send(1, false, kept);
    }
    if random.permille(150) && !worn.sent.is_empty() {
        let mut again: Vec<Record> = (0..random.within(1, 4))
            .map(|_| worn.sent[random.index(worn.sent.len())].clone())
            .collect();
        if random.permille(200)
            && let Content::Delta(value) = &mut again[0].content
        {
            *value += 7;
        }
        send(u8::from(random.permille(500)), random.permille(100), again);
    }
    bursts
}

/// Samples between the last one and now; some overlap, some straddle midnight, some are too steep to count whole.
fn walked(random: &mut Random, worn: &mut Wearing, at_ms: i64) -> Vec<Record> {
    let mut records = Vec::new();
    for _ in 0..random.within(1, 4) {
        let left_ms = at_ms - worn.cursor_ms;
        if left_ms < 2 * MINUTE_MS {
            break;
        }
        let pause_ms = random.within(-20, left_ms / MINUTE_MS / 2) * MINUTE_MS;
        let ragged_ms = if random.permille(100) { 20_500 } else { 0 };
        let start_ms = worn.cursor_ms.div_euclid(MINUTE_MS) * MINUTE_MS + pause_ms + ragged_ms;
        let minutes = random.within(1, 150).min((at_ms - start_ms) / MINUTE_MS);
        if minutes < 1 {
            continue;
        }
        let end_ms = start_ms + minutes * MINUTE_MS;
        let steep = if random.permille(50) { 400 } else { 120 };
        worn.next_id += 1;
        worn.cursor_ms = worn.cursor_ms.max(end_ms);
        records.push(Record {
            id: RecordId::Number(worn.next_id),
            version: 1,
            metric: Metric::STEPS,
            start_ms,
            end_ms,
            offset_s: None,
            content: Content::Delta(random.within(0, minutes * steep)),
            method: [Method::Auto, Method::Auto, Method::Active, Method::Manual][random.index(4)],
            worn: None,
        });
    }
    records
}

/// Sometimes a sample that cannot be folded, alone or with its like: three of them are too many.
pub(super) fn poison(
    random: &mut Random,
    device: DeviceId,
    worn: &mut Wearing,
    at_ms: i64,
) -> impl Iterator<Item = Action> {
    let count = match random.within(0, 99) {
        0..3 => 1,
        3 => random.within(2, 4),
        _ => 0,
    };
    let lane = u8::from(random.permille(300));
    let mut records = Vec::new();
    for _ in 0..count {
        worn.next_id += 1;
        records.push(Record {
            id: RecordId::Number(worn.next_id),
            version: 1,
            metric: Metric::STEPS,
            start_ms: at_ms - MINUTE_MS,
            end_ms: at_ms,
            offset_s: None,
            content: Content::Delta(POISON_STEPS),
            method: Method::Auto,
            worn: None,
        });
    }
    let burst = Burst {
        device,
        lane,
        skewed: false,
        records,
    };
    (count > 0).then_some(Action::Send(burst)).into_iter()
}

/// Whether a sample cannot be folded.
pub(crate) fn is_poison(record: &Record) -> bool {
    record.value() == Some(POISON_STEPS)
}
