//! The first line: which form the others have, whose they are, and the rules that were in force where they come from.

use serde::{Deserialize, Serialize};
use streakline_core::{
    id::UserId, input::RULES_VERSION, limits, manual::ManualPolicy, metric::Definition,
    retention::Retention,
};

use super::{FORMAT, Life};
use crate::{registry, zones::shown_instant};

/// What the other lines are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u64,
    /// Whose.
    pub user: String,
    /// The server's clock when it was made, POSIX ms.
    pub exported_at_ms: i64,
    /// The same in words.
    pub exported_at: String,
    /// Version of the server that made it.
    pub server: String,
    /// Version of the rules that its state was folded by.
    pub fold_version: u16,
    /// What typed-in samples count for there.
    pub manual_policy: String,
    /// Days for which records are kept there.
    pub records_days: u16,
    /// Days for which minutes are kept there.
    pub minutes_days: u16,
    /// Metrics of that deployment's own which the user has anything of.
    pub metrics: Vec<OwnMetric>,
}

/// A metric that is not built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMetric {
    /// Its number: rows have it.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// How its amounts come.
    pub class: String,
    /// Its unit.
    pub unit: String,
    /// Store units in one unit.
    pub store_per_unit: u32,
}

impl OwnMetric {
    /// As the deployment defines it.
    #[must_use]
    pub fn of(definition: &Definition) -> Self {
        Self {
            number: definition.metric.0,
            name: definition.name.clone(),
            class: definition.class.name().to_owned(),
            unit: definition.unit.clone(),
            store_per_unit: definition.store_per_unit,
        }
    }
}

#[derive(Deserialize)]
struct Form {
    format: u64,
}

impl Header {
    pub(super) fn of(life: &Life) -> Self {
        let used = life.user.metrics().into_iter();
        let own = used.filter(|metric| metric.built_in_name().is_none());
        let own = own.filter_map(|metric| registry::metrics().get(metric));
        Self {
            format: FORMAT,
            user: life.user.id.as_str().to_owned(),
            exported_at_ms: life.now_ms,
            exported_at: shown_instant(life.now_ms),
            server: env!("CARGO_PKG_VERSION").to_owned(),
            fold_version: RULES_VERSION,
            manual_policy: life.manual_policy.name().to_owned(),
            records_days: life.retention.records_days,
            minutes_days: life.retention.minutes_days,
            metrics: own.map(OwnMetric::of).collect(),
        }
    }

    pub(super) fn read(object: &str) -> Result<Self, String> {
        let form: Form = serde_json::from_str(object).map_err(|error| error.to_string())?;
        if form.format != FORMAT {
            let found = form.format;
            return Err(format!(
                "it is of format {found} and this version reads {FORMAT}; take the version that made it"
            ));
        }
        let header: Self = serde_json::from_str(object).map_err(|error| error.to_string())?;
        if header.fold_version != RULES_VERSION {
            let found = header.fold_version;
            return Err(format!(
                "its state was folded by version {found} of the rules and this version folds by {RULES_VERSION}; take the version \
                 that made it"
            ));
        }
        Ok(header)
    }

    /// Whose.
    ///
    /// # Errors
    /// What is wrong with the name.
    pub fn user(&self) -> Result<UserId, String> {
        UserId::parse(&self.user).map_err(|why| format!("{:?}: {why}", self.user))
    }

    /// What typed-in samples count for there.
    ///
    /// # Errors
    /// When there is no such policy.
    pub fn policy(&self) -> Result<ManualPolicy, String> {
        let policy = ManualPolicy::named(&self.manual_policy);
        policy.ok_or_else(|| format!("there is no manual policy {:?}", self.manual_policy))
    }

    /// How long detail is kept there.
    ///
    /// # Errors
    /// When no server keeps it so.
    pub fn retention(&self) -> Result<Retention, String> {
        let (records_days, minutes_days) = (self.records_days, self.minutes_days);
        if records_days < limits::RECORDS_KEPT_DAYS_MIN || minutes_days < records_days {
            return Err(format!(
                "no server keeps records for {records_days} and minutes for {minutes_days} days"
            ));
        }
        Ok(Retention {
            records_days,
            minutes_days,
        })
    }
}
