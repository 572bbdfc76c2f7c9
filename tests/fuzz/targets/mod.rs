//! The decoders, each with what it owes for every input: a typed refusal, or a value that is sound.

mod chunk;
mod compact;
mod credentials;
mod cron;
mod export;
mod journal;
mod names;
mod rest;
mod rows;
mod settings;
mod snapshot;
mod socket;
mod store;
mod stream;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use minicbor::{Decode, Encode};
use streakline::{
    protocol::error_code::Refusal,
    storage::envelope::{Kind, open_plain, plain},
};

use crate::{mutate::Form, values::encoded};

/// What became of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It was taken; written again, where that is one form only.
    Taken(Option<Vec<u8>>),
    /// It was refused by a typed error.
    Refused,
}

/// What is wrong is said in words.
pub(crate) type Judged = Result<Seen, String>;

/// One decoder.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// Its part of the inputs, as a weight.
    pub(crate) share: u64,
    /// A valid encoding that the seed names.
    pub(crate) valid: fn(u64) -> Vec<u8>,
    /// What the decoder makes of an input.
    pub(crate) check: fn(&[u8]) -> Judged,
}

/// Every decoder of what comes from outside or from the store.
pub(crate) const TARGETS: [Target; 35] = [
    stream::CLIENT_FRAME,
    compact::CLIENT_FRAME,
    stream::RECORD,
    stream::SERVER_FRAME,
    socket::FRAME_SCAN,
    socket::FRAGMENTS,
    credentials::TOKEN,
    credentials::CLAIMS,
    credentials::HEADERS,
    rest::CHALLENGE,
    rest::GOAL,
    rest::USER,
    rest::SMALL,
    rest::QUERY,
    names::NAMES,
    cron::CRON,
    settings::SETTINGS,
    journal::JOURNAL,
    journal::COMPACT,
    rows::ENVELOPE,
    rows::SEALED,
    rows::FACT,
    rows::TRANSFER,
    rows::CHANGE,
    rows::STANDING,
    rows::PARTITION,
    rows::ANSWER,
    rows::STUCK,
    chunk::CHUNK,
    snapshot::USER_SNAPSHOT,
    snapshot::CHALLENGE_SNAPSHOT,
    export::EXPORT,
    store::STORE,
    store::ENGINE_LOG,
    store::SEGMENT,
];

fn hold(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// Decodes with at most `times` the input and `plus` bytes more in memory at any moment.
fn bounded<T>(
    (input, times, plus): (&[u8], u64, u64),
    decode: impl FnOnce() -> T,
) -> Result<T, String> {
    let mut outcome = None;
    let memory = allocation_counter::measure(|| {
        // A panic must not pass the counter, which would go on counting.
        outcome = Some(catch_unwind(AssertUnwindSafe(decode)));
    });
    let value = match outcome {
        Some(Ok(value)) => value,
        Some(Err(panic)) => resume_unwind(panic),
        None => return Err("nothing was decoded".into()),
    };
    let most = times
        .saturating_mul(input.len() as u64)
        .saturating_add(plus);
    let held = memory.bytes_max;
    hold(held <= most, || {
        format!(
            "{held} bytes in memory for {} bytes of input, at most {most}",
            input.len()
        )
    })?;
    Ok(value)
}

/// A refusal says why, and does not send back what it got.
fn told(refusal: &Refusal) -> Judged {
    let longest = refusal.faults.iter().map(|fault| fault.detail.len()).max();
    let chars = refusal.detail.len().max(longest.unwrap_or(0));
    hold(!refusal.detail.is_empty(), || {
        "a refusal without words".into()
    })?;
    hold(chars <= 1_024, || format!("a refusal of {chars} bytes"))?;
    Ok(Seen::Refused)
}

/// What was taken can be written and read again.
fn stored<T>(value: &T) -> Judged
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq,
{
    let bytes = encoded(value);
    let again =
        minicbor::decode::<T>(&bytes).map_err(|error| format!("written, unreadable: {error}"))?;
    hold(again == *value, || "read again, it is another".into())?;
    Ok(Seen::Taken(Some(bytes)))
}

/// Puts a payload under a checksum of its own, so that what is behind the envelope is reached.
fn opened(kind: Kind, payload: &[u8]) -> Result<Vec<u8>, String> {
    let row = plain(kind, 1, payload);
    let opened = open_plain(kind, &row).map_err(|error| format!("a row is refused: {error}"))?;
    hold(opened.payload == payload, || {
        "the envelope changed the payload".into()
    })?;
    Ok(opened.payload.to_vec())
}
