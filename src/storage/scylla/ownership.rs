//! What the store was made with, and its clock.
//!
//! Settings are written once by a condition and never change; the epoch is one of them and rises (`takeover`). Called by `answers`.

use streakline_core::{manual::ManualPolicy, retention::Retention};
use uuid::Uuid;

use super::{
    super::{Error, IdempotencyKey, StoredAnswer, bulk::Setting, keeping::agrees},
    Inner, number, signed,
};

/// Names of settings.
pub(super) const EPOCH: &str = "epoch";
pub(super) const BITS: &str = "bits";
const FORMAT: &str = "format";
const MANUAL_POLICY: &str = "manual_policy";
const RETENTION: &str = "retention";

/// The layout of the rows; another layout gets another number.
const ROWS: u64 = 1;

/// What a setting is called; nothing of the clock, which has its own table.
pub(super) fn setting_name(setting: Setting) -> Option<&'static str> {
    match setting {
        Setting::Bits => Some(BITS),
        Setting::ManualPolicy => Some(MANUAL_POLICY),
        Setting::Epoch => Some(EPOCH),
        Setting::Retention => Some(RETENTION),
        Setting::ClockMs => None,
    }
}

impl Inner {
    pub(super) async fn stored_setting(&self, name: &str) -> Result<Option<u64>, Error> {
        let row: Option<(Option<i64>, Option<Uuid>)> =
            self.cql.first(&self.statements.setting, (name,)).await?;
        Ok(row.and_then(|(value, _)| value).map(number))
    }

    /// The stored value; ours, when there was none.
    pub(super) async fn fix_setting(&self, name: &str, value: u64) -> Result<u64, Error> {
        loop {
            if let Some(stored) = self.stored_setting(name).await? {
                return Ok(stored);
            }
            let nobody: Option<Uuid> = None;
            self.conditionally(
                &self.statements.setting_insert,
                (name, signed(value)?, nobody),
            )
            .await?;
        }
    }

    /// Bytes under a name.
    pub(super) async fn bytes_of(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let statement = &self.statements.setting_bytes;
        let row: Option<(Option<Vec<u8>>,)> = self.cql.first(statement, (name,)).await?;
        Ok(row.and_then(|(bytes,)| bytes))
    }

    /// Stores other bytes under a name, or takes them away.
    pub(super) async fn set_bytes(&self, name: &str, bytes: Option<Vec<u8>>) -> Result<(), Error> {
        let all = &self.statements;
        loop {
            match (self.bytes_of(name).await?, &bytes) {
                (stored, wanted) if stored == *wanted => return Ok(()),
                (Some(stored), Some(wanted)) => {
                    let values = (wanted, name, stored);
                    self.conditionally(&all.setting_bytes_update, values)
                        .await?;
                }
                (None, Some(wanted)) => {
                    let values = (name, wanted);
                    self.conditionally(&all.setting_bytes_insert, values)
                        .await?;
                }
                (Some(stored), None) => {
                    let values = (name, stored);
                    self.conditionally(&all.setting_bytes_delete, values)
                        .await?;
                }
                (None, None) => return Ok(()),
            }
        }
    }

    /// A store that was begun without a policy has the default.
    pub(super) async fn fix_manual_policy(&self, policy: ManualPolicy) -> Result<(), Error> {
        let begun = self.stored_setting(BITS).await?.is_some();
        let ours = match self.stored_setting(MANUAL_POLICY).await? {
            None if begun => ManualPolicy::default(),
            _ => policy,
        };
        let stored = match ours == policy {
            true => self.fix_setting(MANUAL_POLICY, policy.number()).await?,
            false => ours.number(),
        };
        if stored != policy.number() {
            let name = ManualPolicy::numbered(stored).map_or("(unknown)", ManualPolicy::name);
            return Err(Error::other_policy(name, policy));
        }
        Ok(())
    }

    /// Likewise of the rule of retention.
    pub(super) async fn fix_retention(&self, retention: Retention) -> Result<(), Error> {
        let begun = self.stored_setting(BITS).await?.is_some();
        let stored = self.stored_setting(RETENTION).await?;
        let default = begun.then(|| Retention::default().number());
        agrees(stored.or(default), retention)?;
        let stored = self.fix_setting(RETENTION, retention.number()).await?;
        agrees(Some(stored), retention)
    }

    /// Refuses a store of another layout before anything in it is touched.
    pub(super) async fn fix_layout(&self, bits: u32) -> Result<(), Error> {
        let stored = self.fix_setting(BITS, u64::from(bits)).await?;
        if stored != u64::from(bits) {
            return Err(Error::other_bits(
                u32::try_from(stored).unwrap_or(u32::MAX),
                bits,
            ));
        }
        let stored = self.fix_setting(FORMAT, ROWS).await?;
        if stored != ROWS {
            return Err(Error::other_format(stored, ROWS));
        }
        Ok(())
    }

    pub(super) async fn clock(&self) -> Result<Option<i64>, Error> {
        let row: Option<(i64,)> = self.cql.first(&self.statements.clock, ()).await?;
        Ok(row.map(|(now_ms,)| now_ms))
    }

    /// The clock goes first: a request that has moved it and has no answer is repeated, and changes nothing.
    pub(super) async fn set_clock(
        &self,
        now_ms: i64,
        answer: Option<(IdempotencyKey, StoredAnswer)>,
    ) -> Result<(), Error> {
        self.check()?;
        let at_us = self.stamp().await?;
        self.cql
            .write(&self.statements.clock_set, (now_ms, at_us))
            .await?;
        if let Some((key, answer)) = answer {
            self.put_answer(&key, &answer, at_us).await?;
        }
        self.confirm().await
    }
}
