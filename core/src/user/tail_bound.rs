//! When a user's tail of records is full. Users that begin together and send alike would fill theirs together, and be written
//! together: so many snapshots at once hold up everybody's acknowledgements. So each has a bound of its own, by its name.

use crate::{id::UserId, limits::TAIL_BYTES_MAX};

/// How many different bounds there are, between three quarters of the largest and that.
const BOUNDS: usize = 256;
const STEP: usize = TAIL_BYTES_MAX / 4 / BOUNDS;

/// Whether a tail of so many bytes is full.
pub(super) fn is_full(user: &UserId, bytes: usize) -> bool {
    bytes > TAIL_BYTES_MAX.saturating_sub(STEP.saturating_mul(BOUNDS)) && bytes > bound(user)
}

fn bound(user: &UserId) -> usize {
    let hash = |hash: usize, byte: u8| hash.wrapping_mul(31).wrapping_add(usize::from(byte));
    let hash = user.as_str().bytes().fold(0, hash);
    let share = hash.checked_rem(BOUNDS).unwrap_or(0);
    TAIL_BYTES_MAX.saturating_sub(STEP.saturating_mul(share))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, format};

    use super::*;

    #[test]
    fn users_that_fill_their_tails_together_are_not_written_together() {
        let mut of_bound: BTreeMap<usize, usize> = BTreeMap::new();
        for number in 0..10_000 {
            let user = UserId::parse(&format!("load-3f9a-{number}")).unwrap();
            let bound = bound(&user);
            assert!(!is_full(&user, bound) && is_full(&user, bound + 1));
            *of_bound.entry(bound).or_default() += 1;
        }
        let bounds = TAIL_BYTES_MAX * 3 / 4..=TAIL_BYTES_MAX;
        assert!(of_bound.keys().all(|bound| bounds.contains(bound)));
        assert!(of_bound.len() > 200, "{} bounds", of_bound.len());
        assert!(of_bound.values().all(|users| *users < 200));
    }
}
