//! What is asked of the parts of a board, and what they have answered: questions of many who look are put together, each of them once.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{Found, PartRow, Want};
use crate::id::UserId;

/// Questions that are put together, each of them once.
#[derive(Clone, Debug, Default)]
pub struct Wants {
    users: BTreeSet<UserId>,
    places: BTreeSet<Want>,
}

impl Wants {
    /// One more.
    pub fn add(&mut self, want: Want) {
        match want {
            Want::Of(users) => self.users.extend(users),
            place => {
                self.places.insert(place);
            }
        }
    }

    /// All of them; none where nothing was asked.
    #[must_use]
    pub fn list(self) -> Vec<Want> {
        let users: Vec<UserId> = self.users.into_iter().collect();
        let of = (!users.is_empty()).then_some(Want::Of(users));
        of.into_iter().chain(self.places).collect()
    }
}

/// What was gathered so far.
#[derive(Clone, Debug, Default)]
pub struct Known {
    own: BTreeMap<UserId, Option<PartRow>>,
    rows: BTreeMap<Want, Found>,
}

impl Known {
    /// The answer to a question.
    pub fn take(&mut self, want: &Want, found: Found) {
        let Want::Of(users) = want else {
            self.rows.insert(want.clone(), found);
            return;
        };
        let rows = found.after.into_iter();
        let mut of: BTreeMap<UserId, PartRow> = rows.map(|row| (row.key.id.clone(), row)).collect();
        for user in users {
            self.own.insert(user.clone(), of.remove(user));
        }
    }

    /// Whether nothing was asked yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.rows.is_empty()
    }

    /// A member's own row; within, nothing of one who has none. `None`: it was not asked.
    pub(in crate::challenge) fn own(&self, user: &UserId) -> Option<Option<&PartRow>> {
        self.own.get(user).map(Option::as_ref)
    }

    /// The answer to that question, where it was asked.
    pub(super) fn rows(&self, want: &Want) -> Option<&Found> {
        self.rows.get(want)
    }
}
