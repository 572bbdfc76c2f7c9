//! How long detail is kept: a row of the store itself.

use streakline_core::retention::Retention;

use super::{
    super::{Answer, Error, Keeping, keeping::agrees},
    EmbeddedStore,
    group::{Command, Group},
    tables::{Table, meta},
    values,
};

impl Keeping for EmbeddedStore {
    fn fix_retention(&self, retention: Retention) -> Answer<'_, ()> {
        self.write(move |reply| Command::FixRetention(retention, reply))
    }
}

impl Group<'_> {
    pub(super) fn fix_retention(&mut self, retention: Retention) -> Result<(), Error> {
        let number = |row: Option<Vec<u8>>| row.map(|row| values::parse_meta(&row)).transpose();
        let begun = self.get(Table::Meta, meta::BITS)?.is_some();
        let default = begun.then(|| Retention::default().number());
        agrees(
            number(self.get(Table::Meta, meta::RETENTION)?)?.or(default),
            retention,
        )?;
        let row = values::meta(retention.number());
        self.put(Table::Meta, meta::RETENTION.to_vec(), row);
        Ok(())
    }
}
