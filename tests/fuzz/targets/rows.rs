//! Stored rows of one value each, and the envelope around all of them.

use minicbor::{Decode, Encode};
use streakline::storage::{
    IdempotencyRecord,
    envelope::{Cipher, Envelope, KeyId, Kind, Nonces, Place, open_plain, plain, read, seal},
};
use streakline_core::{
    change::Change,
    event::{Contribution, Fact, Transfer},
    id::UserId,
    ledger::Totals,
    poison::Stuck,
};

use super::{Judged, Seen, Target, bounded, hold, opened, stored};
use crate::{
    mutate::Form,
    random::Random,
    told,
    values::{self, encoded},
};

const KINDS: [Kind; 15] = [
    Kind::Journal,
    Kind::Chunk,
    Kind::Snapshot,
    Kind::Fact,
    Kind::Transfer,
    Kind::Standing,
    Kind::Partition,
    Kind::Idempotency,
    Kind::Device,
    Kind::Meta,
    Kind::Stuck,
    Kind::Change,
    Kind::Inputs,
    Kind::DataKey,
    Kind::MasterKeys,
];

/// A row whose checksum is not put right again.
pub(super) const ENVELOPE: Target = Target {
    name: "envelope",
    form: Form::Plain,
    share: 4,
    valid: |seed| {
        let random = &mut Random::new(seed, 1);
        let kind = KINDS[random.index(KINDS.len())];
        let version = u16::try_from(random.within(0, 65_535)).unwrap();
        plain(kind, version, &encoded(told::fact(random)))
    },
    check: envelope,
};

fn envelope(bytes: &[u8]) -> Judged {
    let mut taken = None;
    for kind in KINDS {
        let outcome = bounded((bytes, 0, 4_096), || {
            open_plain(kind, bytes).map_err(|error| error.to_string())
        })?;
        match outcome {
            Ok(row) => {
                hold(taken.is_none(), || "one row of two kinds".into())?;
                taken = Some(plain(kind, row.fold_version, row.payload));
            }
            Err(words) => hold(!words.is_empty(), || "no words".into())?,
        }
    }
    let Some(again) = taken else {
        return Ok(Seen::Refused);
    };
    hold(again == bytes, || "a row that nobody wrote is taken".into())?;
    Ok(Seen::Taken(Some(again)))
}

/// A row that is sealed for a user: whatever else is opened with the key was sealed with it.
pub(super) const SEALED: Target = Target {
    name: "sealed_row",
    form: Form::Plain,
    share: 4,
    valid: |seed| {
        let random = &mut Random::new(seed, 12);
        let payload = encoded(told::fact(random));
        let place = (&UserId::parse("ann").unwrap(), PLACE);
        seal(
            (&cipher(), &Nonces::default()),
            place,
            (Kind::Fact, 1),
            &payload,
        )
        .unwrap()
    },
    check: sealed,
};

const PLACE: Place<'static> = Place::Number(7);

fn cipher() -> Cipher {
    Cipher::new(KeyId([7; 16]), &[7; 32]).unwrap()
}

fn sealed(bytes: &[u8]) -> Judged {
    let user = UserId::parse("ann").unwrap();
    let opened = bounded((bytes, 2, 8_192), || match read(Kind::Fact, bytes) {
        Ok(Envelope::Sealed(row)) => {
            let opened = row.open(&cipher(), (&user, PLACE));
            opened.map(Some).map_err(|error| error.to_string())
        }
        Ok(Envelope::Plain(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    })?;
    match opened {
        Ok(Some(payload)) => {
            let fact = minicbor::decode::<Fact>(&payload);
            hold(fact.is_ok(), || "a row that nobody sealed is opened".into())?;
            Ok(Seen::Taken(None))
        }
        Ok(None) => Ok(Seen::Refused),
        Err(words) => {
            hold(!words.is_empty(), || "no words".into())?;
            Ok(Seen::Refused)
        }
    }
}

/// A row of one value behind an intact envelope.
fn row<T>(kind: Kind, bytes: &[u8]) -> Judged
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq,
{
    let payload = opened(kind, bytes)?;
    match bounded((bytes, 64, 4_096), || minicbor::decode::<T>(&payload))? {
        Ok(value) => stored(&value),
        Err(error) => {
            hold(!error.to_string().is_empty(), || "no words".into())?;
            Ok(Seen::Refused)
        }
    }
}

pub(super) const FACT: Target = Target {
    name: "fact",
    form: Form::Cbor,
    share: 3,
    valid: |seed| encoded(told::fact(&mut Random::new(seed, 2))),
    check: |bytes| row::<Fact>(Kind::Fact, bytes),
};

pub(super) const CHANGE: Target = Target {
    name: "change",
    form: Form::Cbor,
    share: 3,
    valid: |seed| encoded(told::change(&mut Random::new(seed, 11))),
    check: |bytes| row::<Change>(Kind::Change, bytes),
};

pub(super) const TRANSFER: Target = Target {
    name: "transfer",
    form: Form::Cbor,
    share: 3,
    valid: |seed| encoded(values::transfer(&mut Random::new(seed, 3))),
    check: |bytes| row::<Transfer>(Kind::Transfer, bytes),
};

pub(super) const STANDING: Target = Target {
    name: "standing",
    form: Form::Cbor,
    share: 3,
    valid: |seed| encoded(values::contribution(&mut Random::new(seed, 4))),
    check: |bytes| row::<Contribution>(Kind::Standing, bytes),
};

pub(super) const PARTITION: Target = Target {
    name: "partition_row",
    form: Form::Cbor,
    share: 2,
    valid: |seed| encoded(values::partition_row(&mut Random::new(seed, 5))),
    check: partition,
};

/// Sums that were read can be added to, whatever they are.
fn partition(bytes: &[u8]) -> Judged {
    let payload = opened(Kind::Partition, bytes)?;
    let Ok((_, mut totals)) = minicbor::decode::<(i64, Totals)>(&payload) else {
        return Ok(Seen::Refused);
    };
    let seen = row::<(i64, Totals)>(Kind::Partition, bytes)?;
    totals.add(&totals.clone());
    totals.book(&values::transfer(&mut Random::new(1, 5)));
    Ok(seen)
}

pub(super) const ANSWER: Target = Target {
    name: "stored_answer",
    form: Form::Cbor,
    share: 2,
    valid: |seed| {
        let random = &mut Random::new(seed, 6);
        let record = IdempotencyRecord {
            request_digest: [random.next().to_le_bytes()[0]; 32],
            status: 201,
            location: Some(format!("/v1/challenges/{}", values::name(random))),
            etag: Some(streakline::api::fuzzing::tag(Some(random.next()), "{}")),
            body: values::words(random, 300),
            expires_ms: values::FROM_MS + random.within(0, 86_400_000),
        };
        encoded(record)
    },
    check: |bytes| row::<IdempotencyRecord>(Kind::Idempotency, bytes),
};

pub(super) const STUCK: Target = Target {
    name: "stuck_row",
    form: Form::Cbor,
    share: 3,
    valid: |seed| encoded(values::stuck(&mut Random::new(seed, 10))),
    check: |bytes| row::<Stuck>(Kind::Stuck, bytes),
};
