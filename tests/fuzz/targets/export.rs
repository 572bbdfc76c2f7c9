//! Exports as an operator imports them: lines by others, with rows that a store takes if they belong together.

use std::collections::BTreeMap;

use streakline::{
    protocol::export::{Life, Lines, fuzzing::mended},
    server::offline::Arrival,
};
use streakline_core::user::{portable, portable::ChunkKey, snapshot::restore};

use super::{Judged, Seen, Target, bounded, hold};
use crate::{
    lives::{self, rules},
    mutate::Form,
    random::Random,
    values::{FROM_MS, encoded},
};

pub(super) const EXPORT: Target = Target {
    name: "export",
    form: Form::Plain,
    share: 4,
    valid,
    check,
};

/// What a life left in the store, in lines.
fn valid(seed: u64) -> Vec<u8> {
    let random = &mut Random::new(seed, 12);
    let lived = lives::life(random.next());
    let mut chunks: BTreeMap<ChunkKey, Vec<u8>> = BTreeMap::new();
    let [mut facts, mut transfers, mut changes] = [const { Vec::new() }; 3];
    let of = 2.max(1 + random.index(lived.snapshots.len()));
    let parts = &lived.snapshots[..of.min(lived.snapshots.len())];
    for parts in parts {
        chunks.extend(parts.chunks.iter().chain(&parts.minutes).cloned());
        facts.extend(parts.facts.iter().map(|(_, row)| row.clone()));
        transfers.extend(parts.transfers.iter().map(|(_, row)| row.clone()));
        changes.extend(parts.changes.iter().map(|(_, row)| row.clone()));
    }
    let state = parts.last().map_or(&[][..], |parts| &parts.state);
    let user = restore(state, rules()).unwrap();
    let named = |(day, number): (&_, &u64)| ((*day, *number), chunks[&(*day, *number)].clone());
    let records = user.manifest.iter();
    let records = records.flat_map(|(day, numbers)| numbers.iter().map(move |of| (day, of)));
    let mut lines = Lines::of(Life {
        records: records.map(named).collect(),
        minutes: user.minutes.iter().map(named).collect(),
        now_ms: user.now_ms.max(FROM_MS),
        manual_policy: rules().manual_policy,
        retention: rules().retention,
        user,
        facts,
        transfers,
        changes,
    })
    .unwrap();
    let mut text = Vec::new();
    loop {
        let portion = lines.portion(1 << 16).unwrap();
        if portion.is_empty() {
            return text;
        }
        text.extend(portion);
    }
}

fn check(bytes: &[u8]) -> Judged {
    // Every byte is held a few times: the line, its text, its row, and what is made of that.
    let raw = bounded((bytes, 256, 1 << 20), || Arrival::read(bytes, &mut |_| {}))?;
    if let Err(refused) = &raw {
        told(&refused.to_string())?;
    }
    let mended = mended(bytes);
    let read = bounded((&mended, 256, 1 << 20), || {
        Arrival::read(&*mended, &mut |_| {})
    })?;
    let arrival = match read {
        Ok(arrival) => arrival,
        Err(refused) => {
            told(&refused.to_string())?;
            return Ok(Seen::Refused);
        }
    };
    let (parts, totals) = portable::settle(&arrival.user, &arrival.belongings);
    hold(totals.summary().sum_micro == 0, || {
        "a sum that is not zero".into()
    })?;
    let settled = restore(&parts.state, rules());
    let settled = settled.map_err(|error| format!("settled, unreadable: {error}"))?;
    // The file says by which rules; they are no part of the state.
    hold(
        encoded(settled.portable()) == encoded(&arrival.user),
        || "settled, it is another user".into(),
    )?;
    let again = portable::check(&settled, arrival.partition, &arrival.belongings);
    again.map_err(|fault| format!("settled, and refused: {fault}"))?;
    Ok(Seen::Taken(None))
}

fn told(words: &str) -> Result<(), String> {
    hold(!words.is_empty() && words.len() <= 2_048, || {
        format!("a refusal of {} bytes", words.len())
    })
}
