//! How long detail is kept: a row of the store itself.

use streakline_core::retention::Retention;

use super::{
    super::{Answer, Error, Keeping, keeping::agrees},
    MemoryStore,
    rows::Tables,
};

impl Keeping for MemoryStore {
    fn fix_retention(&self, retention: Retention) -> Answer<'_, ()> {
        self.write(move |tables| tables.fix_retention(retention))
    }
}

impl Tables {
    fn fix_retention(&mut self, retention: Retention) -> Result<(), Error> {
        let begun = self.bits.rows().get(&()).is_some();
        let stored = self.retention.rows().get(&()).copied();
        let stored = stored.or(begun.then(|| Retention::default().number()));
        agrees(stored, retention)?;
        self.retention.put((), retention.number());
        Ok(())
    }
}
