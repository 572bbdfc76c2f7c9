//! An ordered map of few entries: a sorted vector that has no more room than it needs.
//!
//! A leaf of a `BTreeMap` has eleven places from its first entry on, and most maps of a user hold one or two: what a day says by
//! metric, by device, by goal. An insertion moves what lies behind it, so this is for maps that something bounds to some dozens,
//! and whose keys mostly come in order. It is stored as a `BTreeMap` is.

use alloc::vec::{self, Vec};
use core::{borrow::Borrow, cmp::Ordering, ops::RangeInclusive};

use minicbor::{Decode, Decoder, Encode, Encoder, decode::Error as DecodeError, encode};

/// An ordered map of few entries.
///
/// ```
/// use streakline_core::small_map::SmallMap;
/// let mut map = SmallMap::from_iter([(2, 'b'), (1, 'a')]);
/// *map.or_default(3) = 'c';
/// assert_eq!(map.values().collect::<String>(), "abc");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallMap<K, V> {
    /// By rising key.
    entries: Vec<(K, V)>,
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<K, V> SmallMap<K, V> {
    /// How many entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of the entries, without what these hold elsewhere.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let each = size_of::<(K, V)>();
        self.entries.capacity().saturating_mul(each)
    }

    /// Entries by rising key.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Keys, rising.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// Values by rising key.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.entries = Vec::new();
    }

    /// Takes out what `keeps` denies.
    pub fn retain(&mut self, mut keeps: impl FnMut(&K, &V) -> bool) {
        self.entries.retain(|(key, value)| keeps(key, value));
    }
}

impl<K: Ord, V> SmallMap<K, V> {
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        // Most keys are the last one or come behind it.
        match self.entries.last().map(|(last, _)| last.borrow().cmp(key)) {
            None => Err(0),
            Some(Ordering::Less) => Err(self.len()),
            Some(Ordering::Equal) => Ok(self.len().saturating_sub(1)),
            Some(Ordering::Greater) => self
                .entries
                .binary_search_by(|(held, _)| held.borrow().cmp(key)),
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.entries.get_mut(at).map(|(_, value)| value)
    }

    /// Whether a key is there.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// The entries from one key to another, both with them.
    pub fn range(&self, keys: RangeInclusive<K>) -> impl Iterator<Item = (&K, &V)> {
        let (first, last) = keys.into_inner();
        let from = self.entries.partition_point(|(key, _)| *key < first);
        let within = self.iter().skip(from);
        within.take_while(move |(key, _)| **key <= last)
    }

    /// Sets the value of a key; answers the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(held) = self.get_mut(&key) {
            return Some(core::mem::replace(held, value));
        }
        self.or_insert_with(key, || value);
        None
    }

    /// Takes a key out; answers its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        let (_, value) = self.entries.remove(at);
        Some(value)
    }

    /// The value of a key, to be changed; where there is none, it is made.
    pub fn or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let (at, entry) = match self.find(&key) {
            // Taken out and put back in, because nothing else gives it without a doubt that it is there.
            Ok(at) => (at, self.entries.remove(at)),
            Err(at) => (at, (key, make())),
        };
        if self.entries.len() == self.entries.capacity() {
            // One, two, four: a vector would begin with four.
            self.entries.reserve_exact(self.len().max(1));
        }
        &mut self.entries.insert_mut(at, entry).1
    }

    /// The same with the default value.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.or_insert_with(key, V::default)
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SmallMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

/// Entries by rising key.
pub type Iter<'a, K, V> = core::iter::Map<core::slice::Iter<'a, (K, V)>, fn(&(K, V)) -> (&K, &V)>;

impl<'a, K, V> IntoIterator for &'a SmallMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K, V> IntoIterator for SmallMap<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<C, K: Encode<C>, V: Encode<C>> Encode<C> for SmallMap<K, V> {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.map(u64::try_from(self.len()).unwrap_or(u64::MAX))?;
        for (key, value) in self {
            key.encode(e, ctx)?;
            value.encode(e, ctx)?;
        }
        Ok(())
    }
}

impl<'b, C, K: Decode<'b, C> + Ord, V: Decode<'b, C>> Decode<'b, C> for SmallMap<K, V> {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        d.map_iter_with(ctx)?.collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, u16),
        Add(u8, u16),
        Remove(u8),
        Keep(u8),
        Clear,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let key = 0_u8..12;
        let step = prop_oneof![
            4 => (key.clone(), any::<u16>()).prop_map(|(key, value)| Step::Insert(key, value)),
            4 => (key.clone(), 0_u16..9).prop_map(|(key, more)| Step::Add(key, more)),
            2 => key.clone().prop_map(Step::Remove),
            1 => key.prop_map(Step::Keep),
            1 => Just(Step::Clear),
        ];
        prop::collection::vec(step, 0..40)
    }

    fn go(map: &mut SmallMap<u8, u16>, tree: &mut BTreeMap<u8, u16>, step: Step) {
        match step {
            Step::Insert(key, value) => {
                assert_eq!(map.insert(key, value), tree.insert(key, value));
            }
            Step::Add(key, more) => {
                for held in [map.or_default(key), tree.entry(key).or_default()] {
                    *held = held.saturating_add(more);
                }
            }
            Step::Remove(key) => assert_eq!(map.remove(&key), tree.remove(&key)),
            Step::Keep(below) => {
                map.retain(|key, _| *key < below);
                tree.retain(|key, _| *key < below);
            }
            Step::Clear => {
                map.clear();
                tree.clear();
            }
        }
    }

    proptest! {
        #[test]
        fn it_holds_and_stores_what_a_tree_does(steps in steps(), (first, last) in (0_u8..12, 0_u8..12)) {
            let (mut map, mut tree) = (SmallMap::default(), BTreeMap::new());
            for step in steps {
                go(&mut map, &mut tree, step);
                prop_assert!(map.iter().eq(&tree));
                prop_assert!(map.range(first..=last.max(first)).eq(tree.range(first..=last.max(first))));
                for key in 0..12 {
                    prop_assert_eq!(map.get(&key), tree.get(&key));
                    prop_assert_eq!(map.contains_key(&key), tree.contains_key(&key));
                }
            }
            let bytes = minicbor::to_vec(&map).unwrap();
            prop_assert_eq!(&bytes, &minicbor::to_vec(&tree).unwrap());
            prop_assert_eq!(minicbor::decode::<SmallMap<u8, u16>>(&bytes).unwrap(), map);
        }
    }

    #[test]
    fn one_entry_has_the_room_of_one() {
        let mut map = SmallMap::default();
        for (count, room) in [(1_u8, 1), (2, 2), (3, 4), (4, 4), (5, 8)] {
            map.insert(count, [0_u8; 99]);
            assert_eq!(map.bytes(), room * 100);
        }
    }

    #[test]
    fn keys_that_were_stored_in_another_order_are_sorted() {
        let bytes = [0xA2, 0x05, 0x01, 0x03, 0x02];
        let map: SmallMap<u8, u8> = minicbor::decode(&bytes).unwrap();
        assert!(map.iter().eq([(&3, &2), (&5, &1)]));
    }
}
