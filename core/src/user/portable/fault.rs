//! What can be wrong with a user that comes from elsewhere: every fault of it that a fold could not have left.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{Belongings, ChunkKey};
use crate::{
    chunk::{self as records, minutes},
    event::Transfer,
    id::PartitionId,
    ledger::{Account, Totals},
    user::User,
};

/// Why a state and rows are not taken for one user's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nobody made the user.
    #[error("the state is nobody's yet")]
    Nobody,
    /// A chunk is missing or too much.
    #[error("the {what} of {day}, chunk {number}, are {how}", day = .of.0.iso(), number = .of.1)]
    Chunk {
        /// `records` or `minutes`.
        what: &'static str,
        /// Its day and number.
        of: ChunkKey,
        /// What is wrong.
        how: &'static str,
    },
    /// A row of a numbered list is missing.
    #[error("{what} {number} is missing, and the state says that there are {stated}")]
    Number {
        /// `fact` or `change`.
        what: &'static str,
        /// The number that should have come.
        number: u64,
        /// The number of the last one.
        stated: u64,
    },
    /// A transfer is not this user's, or out of order.
    #[error("transfer {number} {how}")]
    Transfer {
        /// The number of its fact.
        number: u64,
        /// What is wrong.
        how: &'static str,
    },
    /// A balance is not what the transfers come to.
    #[error("{account} is {stated} and the transfers come to {booked}, 10^-6 token")]
    Balance {
        /// Which.
        account: &'static str,
        /// As the state says.
        stated: i64,
        /// As the transfers say.
        booked: i64,
    },
}

/// The chunks are those that the manifests name.
pub(super) fn of_manifests(user: &User, belongings: &Belongings) -> Result<(), Fault> {
    if user.created.is_none() {
        return Err(Fault::Nobody);
    }
    let named = user.manifest.iter();
    let named = named.flat_map(|(day, numbers)| numbers.iter().map(|number| (*day, *number)));
    same("records", named.collect(), belongings.records.keys())?;
    let named = user.minutes.iter().map(|(day, number)| (*day, *number));
    same("minutes", named.collect(), belongings.minutes.keys())?;
    let all = belongings.records.keys().chain(belongings.minutes.keys());
    let late = all.copied().find(|(_, number)| *number >= user.next_chunk);
    late.map_or(Ok(()), |of| Err(chunk("records", of, "numbered too high")))
}

fn same<'a>(
    what: &'static str,
    named: BTreeSet<ChunkKey>,
    there: impl Iterator<Item = &'a ChunkKey>,
) -> Result<(), Fault> {
    let there: BTreeSet<ChunkKey> = there.copied().collect();
    if let Some(of) = named.difference(&there).next() {
        return Err(chunk(what, *of, "missing"));
    }
    match there.difference(&named).next() {
        Some(of) => Err(chunk(what, *of, "not in the state's manifest")),
        None => Ok(()),
    }
}

fn chunk(what: &'static str, of: ChunkKey, how: &'static str) -> Fault {
    Fault::Chunk { what, of, how }
}

/// Every chunk can be read again, and its records are of the user's devices.
pub(super) fn of_records(user: &User, belongings: &Belongings) -> Result<(), Fault> {
    let bindings: BTreeSet<u32> = user.devices.values().map(|held| held.binding).collect();
    for (of, bytes) in &belongings.records {
        let rows = records::decode(bytes).map_err(|_| chunk("records", *of, "not readable"))?;
        if rows.iter().any(|row| !bindings.contains(&row.binding)) {
            let how = "of a device that the user does not have";
            return Err(chunk("records", *of, how));
        }
    }
    let unreadable = |(_, bytes): &(&ChunkKey, &Vec<u8>)| minutes::decode(bytes).is_err();
    match belongings.minutes.iter().find(unreadable) {
        Some((of, _)) => Err(chunk("minutes", *of, "not readable")),
        None => Ok(()),
    }
}

/// Facts and changes are all there, each once.
pub(super) fn of_numbers(user: &User, belongings: &Belongings) -> Result<(), Fault> {
    let facts = belongings.facts.iter().map(|fact| fact.seq);
    dense("fact", facts, user.last_seq)?;
    let changes = belongings.changes.iter().map(|change| change.number);
    dense("change", changes, user.last_change)
}

fn dense(what: &'static str, numbers: impl Iterator<Item = u64>, stated: u64) -> Result<(), Fault> {
    let mut next = 1_u64;
    for number in numbers {
        if number != next {
            break;
        }
        next = next.saturating_add(1);
    }
    if next.saturating_sub(1) == stated {
        return Ok(());
    }
    let number = next;
    Err(Fault::Number {
        what,
        number,
        stated,
    })
}

/// Transfers are this user's alone, each once, and come to the balances that the state has.
pub(super) fn of_ledger(
    user: &User,
    partition: PartitionId,
    transfers: &[Transfer],
) -> Result<(), Fault> {
    let mut keys = BTreeSet::new();
    let mut last = 0;
    for transfer in transfers {
        let number = transfer.event_seq;
        let own = |name: &str| Account::of(name).name(partition, &user.id) == name;
        let rules = [
            (transfer.subject == user.id, "is somebody else's"),
            (
                own(&transfer.debit) && own(&transfer.credit),
                "is between other accounts than the user's and its partition's",
            ),
            (transfer.amount_micro > 0, "moves nothing"),
            (last < number && number <= user.last_seq, "is out of order"),
            (keys.insert(transfer.id), "has a key that was used before"),
        ];
        if let Some((_, how)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(Fault::Transfer { number, how });
        }
        last = number;
    }
    let booked = Totals::of(transfers.iter());
    let balances = [
        (
            "the available balance",
            user.available_micro,
            booked.available_micro,
        ),
        ("the debt", user.accounts.debt_micro, booked.debt_micro),
        ("what is held", user.accounts.held_micro, booked.held_micro),
    ];
    for (account, stated, booked) in balances {
        if stated != booked {
            return Err(Fault::Balance {
                account,
                stated,
                booked,
            });
        }
    }
    Ok(())
}
