//! Deadlines of the entities in memory: one heap a partition, one timer an arbiter (design.md 4). It decides who is woken and
//! in which order; what a boundary does is the entity's fold.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use crate::id::Entity;

/// Who falls due when.
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    by_entity: BTreeMap<Entity, i64>,
    order: BTreeSet<(i64, Entity)>,
}

impl Deadlines {
    /// An entity's earliest deadline, POSIX ms; `None` takes it out.
    pub fn set(&mut self, entity: &Entity, deadline_ms: Option<i64>) {
        if self.by_entity.get(entity).copied() == deadline_ms {
            return;
        }
        if let Some(before) = self.by_entity.remove(entity) {
            self.order.remove(&(before, entity.clone()));
        }
        if let Some(deadline_ms) = deadline_ms {
            self.by_entity.insert(entity.clone(), deadline_ms);
            self.order.insert((deadline_ms, entity.clone()));
        }
    }

    /// The earliest deadline of all, POSIX ms.
    #[must_use]
    pub fn earliest_ms(&self) -> Option<i64> {
        self.order.first().map(|(deadline_ms, _)| *deadline_ms)
    }

    /// Takes out up to `limit` entities that are due at `now_ms`, earliest first.
    pub fn due(&mut self, now_ms: i64, limit: usize) -> Vec<Entity> {
        let due = self
            .order
            .iter()
            .take_while(|(at, _)| *at <= now_ms)
            .take(limit);
        let due: Vec<Entity> = due.map(|(_, entity)| entity.clone()).collect();
        due.iter().for_each(|entity| self.set(entity, None));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;

    #[test]
    fn who_is_due_comes_out_in_order_and_once() {
        let entity = |name| Entity::User(UserId::parse(name).unwrap());
        let mut deadlines = Deadlines::default();
        deadlines.set(&entity("ann"), Some(30));
        deadlines.set(&entity("bob"), Some(10));
        deadlines.set(&entity("cyd"), Some(20));
        deadlines.set(&entity("ann"), Some(15));
        assert_eq!(deadlines.earliest_ms(), Some(10));
        assert_eq!(deadlines.due(15, 9), [entity("bob"), entity("ann")]);
        assert_eq!(deadlines.due(15, 9), []);
        deadlines.set(&entity("cyd"), None);
        assert_eq!(deadlines.earliest_ms(), None);
    }
}
