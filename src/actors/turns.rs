//! Users for whom something is done once at a time, such as an export.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use streakline_core::id::UserId;

/// Who has a turn now.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<BTreeSet<UserId>>>);

/// A user's turn; over when it is dropped.
pub struct Turn {
    turns: Turns,
    user: UserId,
}

/// Why there is no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// This user has one.
    Own,
    /// As many users as may have one.
    All,
}

impl Turns {
    /// A turn of a user, while fewer than `most` users have one.
    pub(super) fn take(&self, user: &UserId, most: usize) -> Result<Turn, Taken> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains(user) {
            return Err(Taken::Own);
        }
        if held.len() >= most {
            return Err(Taken::All);
        }
        held.insert(user.clone());
        Ok(Turn {
            turns: self.clone(),
            user: user.clone(),
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let held = self.turns.0.lock();
        held.unwrap_or_else(PoisonError::into_inner)
            .remove(&self.user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_one_turn_at_a_time_and_a_few_users_at_once() {
        let turns = Turns::default();
        let user = |number: usize| UserId::parse(&format!("user-{number}")).unwrap();
        let held: Vec<Turn> = (0..4)
            .map(|number| turns.take(&user(number), 4).unwrap())
            .collect();
        let taken = |asked: usize| turns.take(&user(asked), 4).map(drop).unwrap_err();
        assert_eq!(taken(0), Taken::Own);
        assert_eq!(taken(4), Taken::All);
        drop(held);
        assert!(turns.take(&user(0), 4).is_ok());
    }
}
