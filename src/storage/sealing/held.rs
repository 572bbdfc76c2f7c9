//! Data keys that were used lately, unwrapped. Bounded: two generations, the older of which goes when the younger is full.

use std::{collections::HashMap, mem, sync::Arc};

use streakline_core::id::UserId;

use super::{super::envelope::KeyId, DataKey};

/// Keys of one generation; one takes about 1 KiB.
const GENERATION_KEYS_MAX: usize = 16_384;

#[derive(Default)]
struct Generation {
    by_id: HashMap<KeyId, Arc<DataKey>>,
    by_user: HashMap<UserId, Arc<DataKey>>,
}

/// The keys at hand.
#[derive(Default)]
pub(super) struct Held {
    younger: Generation,
    older: Generation,
}

impl Held {
    pub(super) fn of(&mut self, user: &UserId) -> Option<Arc<DataKey>> {
        if let Some(key) = self.younger.by_user.get(user) {
            return Some(key.clone());
        }
        let key = self.older.by_user.get(user)?.clone();
        self.put(key.clone());
        Some(key)
    }

    pub(super) fn key(&mut self, id: KeyId) -> Option<Arc<DataKey>> {
        if let Some(key) = self.younger.by_id.get(&id) {
            return Some(key.clone());
        }
        let key = self.older.by_id.get(&id)?.clone();
        self.put(key.clone());
        Some(key)
    }

    pub(super) fn put(&mut self, key: Arc<DataKey>) {
        if self.younger.by_id.len() >= GENERATION_KEYS_MAX {
            self.older = mem::take(&mut self.younger);
        }
        self.younger.by_user.insert(key.user.clone(), key.clone());
        self.younger.by_id.insert(key.cipher.id(), key);
    }

    pub(super) fn forget(&mut self, user: &UserId) {
        for held in [&mut self.younger, &mut self.older] {
            if let Some(key) = held.by_user.remove(user) {
                held.by_id.remove(&key.cipher.id());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::envelope::Cipher, *};

    fn key(number: usize) -> Arc<DataKey> {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let user = UserId::parse(&format!("user-{number}")).unwrap();
        let cipher = Cipher::new(KeyId(id), &[7; 32]).unwrap();
        Arc::new(DataKey { user, cipher })
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut held = Held::default();
        let kept = key(0);
        held.put(kept.clone());
        for number in 1..3 * GENERATION_KEYS_MAX {
            held.put(key(number));
            assert!(held.of(&kept.user).is_some(), "after {number}");
        }
        let all = held.younger.by_id.len() + held.older.by_id.len();
        assert!(all <= 2 * GENERATION_KEYS_MAX, "{all} keys");
        assert!(held.of(&key(1).user).is_none());
    }

    #[test]
    fn a_key_is_found_by_name_and_by_user_until_it_is_forgotten() {
        let mut held = Held::default();
        let (ann, bob) = (key(1), key(2));
        held.put(ann.clone());
        held.put(bob.clone());
        let id = |key: Option<Arc<DataKey>>| key.map(|key| key.cipher.id());
        assert_eq!(id(held.of(&ann.user)), Some(ann.cipher.id()));
        assert_eq!(id(held.key(bob.cipher.id())), Some(bob.cipher.id()));
        held.forget(&ann.user);
        assert_eq!(id(held.of(&ann.user)), None);
        assert_eq!(id(held.key(ann.cipher.id())), None);
        assert_eq!(id(held.of(&bob.user)), Some(bob.cipher.id()));
    }
}
