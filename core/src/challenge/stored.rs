//! How a challenge is stored: one row with the state, which names nobody, and the members' names, each sealed for its own
//! user by the shell (ADR 0039). A name stays sealed as it is until it changes, so a snapshot seals few.

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};
use minicbor::{Decode, Encode, bytes::ByteSlice};

use super::{Challenge, Member, Name};
use crate::id::MemberNumber;

/// Names in their sealed form.
pub type SealedNames = BTreeMap<MemberNumber, Arc<[u8]>>;

#[derive(Encode, Decode)]
struct Layout<'a> {
    #[b(0)]
    state: &'a ByteSlice,
    #[b(1)]
    names: BTreeMap<MemberNumber, &'a ByteSlice>,
}

/// What a snapshot writes.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The state without names.
    pub(super) state: Vec<u8>,
    /// Names that have not changed since they were sealed.
    pub(super) sealed: SealedNames,
    /// Names that are to be sealed.
    pub unsealed: Vec<(MemberNumber, Name)>,
    /// The deadline of the due row that it replaces, POSIX ms.
    pub due_before_ms: Option<i64>,
    /// The deadline of the new one, POSIX ms.
    pub due_ms: Option<i64>,
}

impl Parts {
    pub(super) fn of(challenge: &Challenge, due_before_ms: Option<i64>) -> Self {
        let mut state = Vec::new();
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = minicbor::encode(challenge, &mut state);
        let (mut sealed, mut unsealed) = (SealedNames::new(), Vec::new());
        for (number, member) in challenge.members.iter() {
            match (member.sealed(), member.name()) {
                (Some(bytes), _) => drop(sealed.insert(number, bytes.clone())),
                (None, Some(name)) => unsealed.push((number, name.clone())),
                (None, None) => {}
            }
        }
        Self {
            state,
            sealed,
            unsealed,
            due_before_ms,
            due_ms: challenge.due_ms,
        }
    }

    /// The bytes of the row. `fresh`: the names that were to be sealed, sealed; one that is missing was erased meanwhile.
    #[must_use]
    pub fn bytes(&self, fresh: &SealedNames) -> Vec<u8> {
        let names = self.sealed.iter().chain(fresh);
        let names = names.map(|(number, bytes)| (*number, <&ByteSlice>::from(bytes.as_ref())));
        let layout = Layout {
            state: self.state.as_slice().into(),
            names: names.collect(),
        };
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = minicbor::encode(layout, &mut bytes);
        bytes
    }
}

/// A challenge that was read back, and the names of its members, which the shell has yet to open.
#[derive(Clone, Debug)]
pub struct Stored {
    challenge: Challenge,
    /// Sealed names.
    pub names: SealedNames,
}

/// Reads a row.
///
/// # Errors
/// When the bytes are not a row of this form.
pub fn read(bytes: &[u8]) -> Result<Stored, minicbor::decode::Error> {
    let layout: Layout<'_> = minicbor::decode(bytes)?;
    let names = layout.names.into_iter();
    Ok(Stored {
        challenge: minicbor::decode(layout.state)?,
        names: names
            .map(|(number, bytes)| (number, Arc::from(&**bytes)))
            .collect(),
    })
}

impl Stored {
    /// The state with the names that could be opened. Whose name cannot be was erased: such a member keeps a row that is
    /// frozen and nothing else.
    #[must_use]
    pub fn named(self, names: impl IntoIterator<Item = (MemberNumber, Name)>) -> Challenge {
        let mut challenge = self.challenge;
        for (number, name) in names {
            let sealed = self.names.get(&number).cloned().unwrap_or_default();
            challenge.members.restore(number, name, sealed);
        }
        let members = challenge.members.iter();
        let nameless = members.filter(|(_, member)| member.name().is_none());
        let gone = nameless.filter(|(_, member)| !challenge.frozen || !member.is_kept());
        let gone: Vec<_> = gone.map(|(number, _)| number).collect();
        gone.into_iter().for_each(|of| challenge.leave_out(of));
        challenge
    }
}

impl Challenge {
    /// Names that were sealed for a snapshot: those that are still the same need not be sealed again.
    pub(super) fn keep_sealed(&mut self, parts: &Parts, fresh: &SealedNames) {
        for (number, name) in &parts.unsealed {
            let member = self.members.of_mut(*number);
            if let (Some(member), Some(sealed)) = (member, fresh.get(number)) {
                Member::keep_sealed(member, name, sealed.clone());
            }
        }
    }
}
