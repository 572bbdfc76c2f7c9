//! Who ever joined a challenge, by number (ADR 0039). What is encoded names nobody: users, aliases and who asked are in
//! [`Name`]s, which are stored beside the state, each sealed for its own user.

use alloc::{boxed::Box, collections::BTreeMap, string::String, sync::Arc};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

mod waiting;

use super::{RowId, Told, segments::FrozenSegments};
use crate::{
    civil::Day,
    definition::kind::teams::TeamNumber,
    id::{MemberNumber, Position, UserId},
    input::Origin,
};

/// The name of everybody who was erased.
pub const ERASED_ALIAS: &str = "Former participant";

/// Who a member is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Name {
    /// Which user.
    #[n(0)]
    pub user: UserId,
    /// The name that others see: as it was at the joining, or at the end of a challenge that is over.
    #[n(1)]
    pub alias: String,
    /// Who asked for the joining or the leaving, until the member's partition has confirmed it.
    #[n(2)]
    pub asked_by: Option<Box<Origin>>,
}

/// A member's row of a board that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FrozenRow {
    /// Store units.
    #[n(0)]
    pub score: i64,
    /// Minute of event time in which the score was reached, POSIX ms.
    #[n(1)]
    pub achieved_at_ms: i64,
    /// Number of the row, from 1.
    #[n(2)]
    pub ordinal: u32,
}

/// What a team keeps of a member who has left: what it had come to by then (ADR 0064).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Departed {
    /// Store units.
    #[n(0)]
    pub score: i64,
    /// Minute of event time in which the score was reached, POSIX ms.
    #[n(1)]
    pub achieved_at_ms: i64,
}

/// A member, or one who has left.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Member {
    /// Number of the newest enrolment, from 1.
    #[n(0)]
    pub join: u32,
    /// Whether it is in.
    #[n(1)]
    pub joined: bool,
    /// Stamp of the joining, POSIX ms.
    #[n(2)]
    pub joined_ms: i64,
    /// Start of the window for this user as it was then, POSIX ms.
    #[n(3)]
    pub starts_ms: i64,
    /// What its partition has confirmed.
    #[n(4)]
    pub told: Told,
    /// First byte of SHA-256 over the user's id: which part of the board's digest its row is in (design.md 4).
    #[n(5)]
    pub group: u8,
    /// Its row, once the board is frozen.
    #[n(6)]
    pub row: Option<FrozenRow>,
    /// Its number in the waiting list, while it waits for a place; rising, never given twice.
    #[n(7)]
    pub ticket: Option<u64>,
    /// The window's last date that its partition has confirmed.
    #[n(8)]
    pub knows_end: Option<Day>,
    /// Tiers of a collective challenge that its partition has confirmed.
    #[n(9)]
    #[cbor(default)]
    pub knows_tiers: u32,
    /// Its team, where there are teams and it is or was in.
    #[n(14)]
    pub team: Option<TeamNumber>,
    /// What its team keeps of it, where it left after the start.
    #[n(15)]
    pub departed: Option<Departed>,
    /// The round in which it fell, from 0: so many it has survived. Nothing of one who stands.
    #[n(16)]
    pub fell: Option<u32>,
    /// Its segments, once the board is frozen.
    #[n(10)]
    pub segments: Option<Box<FrozenSegments>>,
    /// Whether its attributes let it take part, as its partition said last while it waited; it says so again after a restart.
    #[cbor(skip)]
    ineligible: (Position, bool),
    /// Which enrolment the next cycle was last told of, and whether that was in; 0: none.
    #[n(17)]
    #[cbor(default)]
    pub handed: (u32, bool),
    /// The enrolment in the cycle before by which it was carried here; 0: it joined by itself.
    #[n(18)]
    #[cbor(default)]
    pub carried: u32,
    /// Nobody can say who it is: the user was erased.
    #[cbor(skip)]
    name: Option<Name>,
    /// The name as it was last sealed; empty where it has changed since. What is in it only the shell knows.
    #[cbor(skip)]
    sealed: Arc<[u8]>,
}

impl Member {
    /// A user who joins; `join` is the number of its enrolment.
    #[must_use]
    pub fn new(name: Name, join: u32, (joined_ms, starts_ms): (i64, i64)) -> Self {
        let hash = Sha256::digest(name.user.as_str());
        Self {
            join,
            joined: true,
            joined_ms,
            starts_ms,
            told: Told::Nothing,
            ticket: None,
            knows_end: None,
            knows_tiers: 0,
            team: None,
            departed: None,
            fell: None,
            handed: (0, false),
            carried: 0,
            group: hash.first().copied().unwrap_or(0),
            row: None,
            segments: None,
            ineligible: Default::default(),
            name: Some(name),
            sealed: Arc::default(),
        }
    }

    /// Who it is; nothing of one who was erased.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    /// Which user it is; nothing of one who was erased.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        self.name().map(|name| &name.user)
    }

    /// The name that others see.
    #[must_use]
    pub fn alias(&self) -> &str {
        self.name().map_or(ERASED_ALIAS, |name| &name.alias)
    }

    /// Whether a board that is over rests on it: it has a row, or its team keeps a score of it.
    pub(super) fn is_kept(&self) -> bool {
        self.joined || self.departed.is_some()
    }

    /// What its row goes by on the board, if it is in.
    #[must_use]
    pub fn row_id(&self) -> Option<RowId> {
        let live = || self.user().cloned().map(RowId::Live);
        let frozen = self.row.map(|row| RowId::Frozen(row.ordinal));
        frozen.or_else(live).filter(|_| self.joined)
    }

    /// Its partition says whether its attributes let it take part; the newest version wins.
    pub(super) fn hear(&mut self, version: Position, is_ineligible: bool) {
        if version > self.ineligible.0 {
            self.ineligible = (version, is_ineligible);
        }
    }

    pub(super) fn is_ineligible(&self) -> bool {
        self.ineligible.1
    }

    /// Changes the name; one that is another then must be sealed anew.
    pub(super) fn change_name(&mut self, change: impl FnOnce(&mut Name)) {
        let Some(name) = &mut self.name else { return };
        let before = name.clone();
        change(name);
        if *name != before {
            self.sealed = Arc::default();
        }
    }

    /// The name as it is sealed; nothing where it must be sealed anew.
    pub(super) fn sealed(&self) -> Option<&Arc<[u8]>> {
        Some(&self.sealed).filter(|sealed| !sealed.is_empty())
    }

    /// The name that was sealed, if it is still that.
    pub(super) fn keep_sealed(&mut self, name: &Name, sealed: Arc<[u8]>) {
        if self.name.as_ref() == Some(name) {
            self.sealed = sealed;
        }
    }
}

/// Everybody who ever joined, but for those who were erased before the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Members {
    #[n(0)]
    by_number: BTreeMap<MemberNumber, Member>,
    /// The largest number that was ever given.
    #[n(1)]
    last: MemberNumber,
    /// The largest ticket that was ever given.
    #[n(2)]
    #[cbor(default)]
    last_ticket: u64,
    #[cbor(skip)]
    by_user: BTreeMap<UserId, MemberNumber>,
    #[cbor(skip)]
    by_ticket: BTreeMap<u64, MemberNumber>,
}

impl Members {
    /// A user's number, if it ever joined.
    #[must_use]
    pub fn number_of(&self, user: &UserId) -> Option<MemberNumber> {
        self.by_user.get(user).copied()
    }

    /// The number that a user has or will have when it joins.
    #[must_use]
    pub fn number_for(&self, user: &UserId) -> MemberNumber {
        let next = MemberNumber(self.last.0.saturating_add(1));
        self.number_of(user).unwrap_or(next)
    }

    /// A user, if it ever joined.
    #[must_use]
    pub fn get(&self, user: &UserId) -> Option<&Member> {
        self.by_number.get(self.by_user.get(user)?)
    }

    pub(super) fn get_mut(&mut self, user: &UserId) -> Option<&mut Member> {
        self.by_number.get_mut(self.by_user.get(user)?)
    }

    /// Who has a number.
    #[must_use]
    pub fn of(&self, number: MemberNumber) -> Option<&Member> {
        self.by_number.get(&number)
    }

    pub(super) fn of_mut(&mut self, number: MemberNumber) -> Option<&mut Member> {
        self.by_number.get_mut(&number)
    }

    /// Everybody, by number.
    pub fn iter(&self) -> impl Iterator<Item = (MemberNumber, &Member)> {
        self.by_number
            .iter()
            .map(|(number, member)| (*number, member))
    }

    /// Everybody who was not erased, by user.
    pub fn by_user(&self) -> impl Iterator<Item = (&UserId, &Member)> {
        let of = |(user, number)| Some((user, self.by_number.get(number)?));
        self.by_user.iter().filter_map(of)
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Whether nobody ever joined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }

    /// Puts a member under its number. A number that is not the user's and was given before is not given again: an input
    /// that an operator offers once more may carry one.
    pub(super) fn put(&mut self, asked: MemberNumber, member: Member) -> MemberNumber {
        let Some(user) = member.user().cloned() else {
            return asked;
        };
        let fresh = asked.max(MemberNumber(self.last.0.saturating_add(1)));
        let number = self.number_of(&user).unwrap_or(fresh);
        // Nobody has it, unless 2^32 have joined: then the last one makes room.
        self.remove(number);
        self.by_user.insert(user, number);
        if let Some(ticket) = member.ticket {
            self.by_ticket.insert(ticket, number);
        }
        self.by_number.insert(number, member);
        number
    }

    /// Takes a member out; its number stays given.
    pub(super) fn remove(&mut self, number: MemberNumber) -> Option<Member> {
        self.last = self.last.max(number);
        self.stop_waiting(number);
        let member = self.by_number.remove(&number)?;
        if let Some(user) = member.user() {
            self.by_user.remove(user);
        }
        Some(member)
    }

    /// Takes a member's name away; the member stays.
    pub(super) fn erase(&mut self, number: MemberNumber) {
        let Some(member) = self.by_number.get_mut(&number) else {
            return;
        };
        member.sealed = Arc::default();
        member.told = Told::Concluded;
        if let Some(name) = member.name.take() {
            self.by_user.remove(&name.user);
        }
    }

    /// Says who a member is that was read back; of two with one user the first stays.
    pub(super) fn restore(&mut self, number: MemberNumber, name: Name, sealed: Arc<[u8]>) {
        if self.by_user.contains_key(&name.user) {
            return;
        }
        if let Some(member) = self.by_number.get_mut(&number) {
            self.by_user.insert(name.user.clone(), number);
            if let Some(ticket) = member.ticket {
                self.by_ticket.insert(ticket, number);
            }
            self.last = self.last.max(number);
            member.sealed = sealed;
            member.name = Some(name);
        }
    }
}

#[cfg(test)]
mod tests;
