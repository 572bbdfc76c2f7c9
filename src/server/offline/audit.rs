//! Recomputes from rows what states and partitions say: balances from transfers, sums from users, standings from enrolments.
//!
//! Snapshots and the rows beside them are written together, so that they agree whatever the journal still holds. An audit keeps
//! about a hundred bytes a user, enrolment and transfer in memory. It changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt as _, stream};
use streakline_core::{
    event::{Contribution, Transfer},
    id::{ChallengeId, Entity, PartitionId, UserId},
    ledger::Totals,
    manual::ManualPolicy,
    retention::Retention,
    user::{Rules, User},
};

use super::named;
use crate::{
    actors::{recovery::written_sums, shared::BITS},
    storage::{
        Error,
        bulk::{Bulk, BulkRow, BulkTable, each_page},
        envelope::{Kind, Place},
        sealing::{Content, Seals},
    },
    zones::BundledZones,
};

/// Findings that are kept; the rest is counted.
const FINDINGS_MAX: usize = 1_000;
/// Rows that are opened at once: keys are read for them.
const OPENED_AT_ONCE: usize = 32;

/// One difference between what is stored and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, such as `user ann`.
    pub of: String,
    /// What is wrong.
    pub what: String,
}

/// What an audit has seen.
#[derive(Debug, Default)]
pub struct Audit {
    /// Users with a state.
    pub users: u64,
    /// Transfers.
    pub transfers: u64,
    /// Rows of boards.
    pub standings: u64,
    /// The sum of all accounts, 10^-6 token.
    pub sum_micro: i64,
    /// The first differences.
    pub findings: Vec<Finding>,
    /// All of them.
    pub differences: u64,
}

impl Audit {
    fn find(&mut self, of: impl Into<String>, what: impl Into<String>) {
        self.differences = self.differences.saturating_add(1);
        if self.findings.len() < FINDINGS_MAX {
            let (of, what) = (of.into(), what.into());
            self.findings.push(Finding { of, what });
        }
    }

    fn compare(&mut self, of: &str, what: &str, (stated, computed): (i64, i64)) {
        if stated != computed {
            let what = format!("{what} is {stated} and its rows come to {computed}");
            self.find(of, what);
        }
    }
}

/// What a user's state says.
struct Stated {
    available_micro: i64,
    debt_micro: i64,
    held_micro: i64,
    scores: BTreeMap<ChallengeId, Score>,
}

/// What a standing comes to; the alias is only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Score {
    join: u32,
    score: i64,
    achieved_at_ms: i64,
}

impl Score {
    fn of(contribution: &Contribution) -> Self {
        Self {
            join: contribution.join,
            score: contribution.score,
            achieved_at_ms: contribution.achieved_at_ms,
        }
    }
}

/// What is audited, and the keys to it.
struct Books<'a> {
    store: &'a dyn Bulk,
    seals: &'a Seals,
}

impl Books<'_> {
    /// Gives each row of a table, opened, or why it cannot be; in the order of the store.
    async fn each<T: for<'b> minicbor::Decode<'b, ()>>(
        &self,
        (table, kind): (BulkTable, Kind),
        mut visit: impl FnMut(Sealed, Result<T, Error>),
    ) -> Result<(), Error> {
        each_page(self.store, table, async |rows| {
            let sealed = rows.into_iter().filter_map(Sealed::of);
            let open = |row: Sealed| async move {
                let opened = self
                    .seals
                    .open_row(&row.user, (kind, row.place), &row.bytes);
                let opened = opened.await.and_then(decoded);
                (row, opened)
            };
            let mut opened =
                std::pin::pin!(stream::iter(sealed).map(open).buffered(OPENED_AT_ONCE));
            while let Some((row, opened)) = opened.next().await {
                if let Err(Error::Unavailable(why)) = opened {
                    return Err(Error::Unavailable(why));
                }
                visit(row, opened);
            }
            Ok(())
        })
        .await
    }
}

/// A row about a user as it is stored.
struct Sealed {
    user: UserId,
    place: Place<'static>,
    bytes: Vec<u8>,
}

impl Sealed {
    fn of(row: BulkRow) -> Option<Self> {
        let (user, place, bytes) = match row {
            BulkRow::Snapshot(Entity::User(user), snapshot) => {
                (user, Place::Covered(snapshot.covered), snapshot.state)
            }
            BulkRow::Transfer(user, number, row) => (user, Place::Number(number), row),
            BulkRow::Standing(of, user, row) => (user, Place::Challenge(of), row),
            _ => return None,
        };
        Some(Self { user, place, bytes })
    }
}

fn decoded<T: for<'b> minicbor::Decode<'b, ()>>(content: Content) -> Result<T, Error> {
    let erased = || Error::Damaged("its key was erased, and the row stayed".into());
    let payload = content.payload().ok_or_else(erased)?;
    minicbor::decode(&payload).map_err(|error| Error::Damaged(error.to_string()))
}

/// Goes through a whole store.
pub(super) async fn audit(
    (store, seals): (&dyn Bulk, &Seals),
    told: &mut dyn FnMut(BulkTable),
) -> Result<Audit, Error> {
    let books = Books { store, seals };
    let mut audit = Audit::default();
    told(BulkTable::Snapshots);
    let mut stated = states(&books, &mut audit).await?;
    told(BulkTable::Transfers);
    let booked = transfers(&books, &mut audit).await?;
    balances(&stated, &booked, &mut audit);
    told(BulkTable::Partitions);
    sums(store, &booked, &mut audit).await?;
    told(BulkTable::Standings);
    standings(&books, &mut stated, &mut audit).await?;
    Ok(audit)
}

async fn states(books: &Books<'_>, audit: &mut Audit) -> Result<BTreeMap<UserId, Stated>, Error> {
    let mut stated = BTreeMap::new();
    let of = (BulkTable::Snapshots, Kind::Snapshot);
    // Where a race orders its rows depends on when its window began for the user, and so on the zone.
    let rules = Rules {
        zones: Arc::new(BundledZones::new()),
        manual_policy: ManualPolicy::default(),
        retention: Retention::default(),
    };
    let visit = |row: Sealed, opened: Result<User, Error>| {
        audit.users = audit.users.saturating_add(1);
        match opened {
            Ok(mut user) => {
                user.resolve(&rules);
                stated.insert(row.user, state(&user));
            }
            Err(error) => audit.find(named(&row.user), format!("the state: {error}")),
        }
    };
    books.each(of, visit).await?;
    Ok(stated)
}

fn state(user: &User) -> Stated {
    let scores = user.enrolments.keys().filter_map(|id| {
        let contribution = user.contribution(*id)?;
        Some((*id, Score::of(&contribution)))
    });
    Stated {
        available_micro: user.available_micro,
        debt_micro: user.accounts.debt_micro,
        held_micro: user.accounts.held_micro,
        scores: scores.collect(),
    }
}

/// What each user's transfers come to.
async fn transfers(
    books: &Books<'_>,
    audit: &mut Audit,
) -> Result<BTreeMap<UserId, Totals>, Error> {
    let mut booked: BTreeMap<UserId, Totals> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    let of = (BulkTable::Transfers, Kind::Transfer);
    let visit = |row: Sealed, opened: Result<Transfer, Error>| {
        audit.transfers = audit.transfers.saturating_add(1);
        let number = match row.place {
            Place::Number(number) => number,
            _ => 0,
        };
        match opened {
            Ok(transfer) => {
                check_transfer((&row.user, number, &transfer), &mut keys, audit);
                booked.entry(row.user).or_default().book(&transfer);
            }
            Err(error) => audit.find(named(&row.user), format!("transfer {number}: {error}")),
        }
    };
    books.each(of, visit).await?;
    Ok(booked)
}

fn check_transfer(
    (user, number, transfer): (&UserId, u64, &Transfer),
    keys: &mut BTreeSet<[u8; 16]>,
    audit: &mut Audit,
) {
    let faults = [
        (
            transfer.subject != *user || transfer.event_seq != number,
            "is of somebody else",
        ),
        (transfer.amount_micro <= 0, "moves nothing"),
        (!keys.insert(transfer.id), "has a key that was used before"),
    ];
    for (_, what) in faults.into_iter().filter(|(found, _)| *found) {
        audit.find(named(user), format!("transfer {number} {what}"));
    }
}

fn balances(
    stated: &BTreeMap<UserId, Stated>,
    booked: &BTreeMap<UserId, Totals>,
    audit: &mut Audit,
) {
    for (user, totals) in booked {
        if !stated.contains_key(user) {
            let what = format!("has {} transfers and no state", totals.transfers);
            audit.find(named(user), what);
        }
    }
    for (user, state) in stated {
        let totals = booked.get(user).copied().unwrap_or_default();
        let of = named(user);
        let available = (state.available_micro, totals.available_micro);
        audit.compare(&of, "the available balance", available);
        audit.compare(&of, "the debt", (state.debt_micro, totals.debt_micro));
        audit.compare(&of, "what is held", (state.held_micro, totals.held_micro));
        let balances = [state.available_micro, state.debt_micro, state.held_micro];
        if balances.iter().any(|micro| *micro < 0) {
            audit.find(of, "an account is below zero");
        }
    }
}

/// The partitions' own rows against the users in them.
async fn sums(
    store: &dyn Bulk,
    booked: &BTreeMap<UserId, Totals>,
    audit: &mut Audit,
) -> Result<(), Error> {
    let mut computed: BTreeMap<PartitionId, Totals> = BTreeMap::new();
    for (user, totals) in booked {
        let partition = Entity::User(user.clone()).partition(BITS);
        computed.entry(partition).or_default().add(totals);
    }
    each_page(store, BulkTable::Partitions, async |rows| {
        for row in rows {
            let BulkRow::Partition(id, row) = row else {
                continue;
            };
            let mut computed = computed.remove(&id).unwrap_or_default();
            let of = format!("partition {id}");
            match written_sums(&row) {
                Ok(stated) => {
                    computed.add(&stated.erased);
                    compare_totals(&of, (&stated.totals, &computed), audit);
                }
                Err(error) => audit.find(of, error.to_string()),
            }
            audit.sum_micro = audit.sum_micro.saturating_add(computed.summary().sum_micro);
        }
        Ok(())
    })
    .await?;
    for (id, totals) in computed {
        let what = format!("has {} transfers and no row", totals.transfers);
        audit.find(format!("partition {id}"), what);
    }
    if audit.sum_micro != 0 {
        let what = format!("the sum of all accounts is {}", audit.sum_micro);
        audit.find("ledger", what);
    }
    Ok(())
}

fn compare_totals(of: &str, (stated, computed): (&Totals, &Totals), audit: &mut Audit) {
    let counts = |totals: &Totals| {
        let counts = [totals.transfers, totals.user_accounts];
        counts.map(u64::cast_signed)
    };
    let balances = |totals: &Totals| {
        [
            totals.treasury_micro,
            totals.available_micro,
            totals.debt_micro,
            totals.revenue_micro,
            totals.held_micro,
            totals.campaigns_micro,
        ]
    };
    let names = [
        "the number of transfers",
        "the number of accounts",
        "the treasury",
        "the sum of available balances",
        "the sum of debts",
        "the revenue",
        "the sum of what is held",
        "what campaigns have paid",
    ];
    let values = |totals| counts(totals).into_iter().chain(balances(totals));
    for (name, pair) in names.into_iter().zip(values(stated).zip(values(computed))) {
        audit.compare(of, name, pair);
    }
}

/// Rows of boards against the enrolments of their users, both ways.
async fn standings(
    books: &Books<'_>,
    stated: &mut BTreeMap<UserId, Stated>,
    audit: &mut Audit,
) -> Result<(), Error> {
    let of = (BulkTable::Standings, Kind::Standing);
    let visit = |row: Sealed, opened: Result<Contribution, Error>| {
        let Place::Challenge(challenge) = row.place else {
            return;
        };
        audit.standings = audit.standings.saturating_add(1);
        let state = stated.get_mut(&row.user);
        let stated = state.and_then(|state| state.scores.remove(&challenge));
        let what = match (opened.map(|row| Score::of(&row)), stated) {
            (Ok(row), Some(stated)) if row == stated => return,
            (Ok(row), Some(stated)) => {
                format!("the standing in {challenge} is {row:?} and the state says {stated:?}")
            }
            (Ok(_), None) => format!("has a standing in {challenge} and is not in it"),
            (Err(error), _) => format!("the standing in {challenge}: {error}"),
        };
        audit.find(named(&row.user), what);
    };
    books.each(of, visit).await?;
    for (user, state) in stated {
        for challenge in state.scores.keys() {
            let what = format!("is in {challenge} and has no standing there");
            audit.find(named(user), what);
        }
    }
    Ok(())
}
