//! What must be true afterwards: everything that was acknowledged is in the totals, nothing else is, and the ledger sums to zero.

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;

use crate::dates::{DAY_MS, date};
use crate::names;
use crate::plan::Plan;
use crate::rest::Rest;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Checked {
    /// Users that were looked at, evenly chosen from all.
    pub(crate) users: u64,
    /// Their records that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Those of them that are in the totals of their days.
    pub(crate) found: u64,
    /// Acknowledged records that are missing.
    pub(crate) missing: u64,
    /// Records that are there and were never acknowledged; a frame whose answer was lost may be.
    pub(crate) unacknowledged: u64,
    /// Users whose steps are not the sum of what they sent.
    pub(crate) wrong_totals: u64,
    /// The sum of all accounts.
    pub(crate) ledger_sum_micro: i64,
    /// The first faults in words.
    pub(crate) faults: Vec<String>,
}

/// How far ahead of now a sample of a board may end.
const SOON_MS: i64 = 60_000;
/// Faults that are told in words.
const FAULTS_MAX: usize = 5;

impl Checked {
    /// Whether nothing is wrong.
    pub(crate) fn is_right(&self) -> bool {
        self.missing == 0 && self.wrong_totals == 0 && self.ledger_sum_micro == 0
    }

    fn fault(&mut self, fault: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    /// Compares one user's days with what was acknowledged to its device.
    fn user(&mut self, user: &str, days: &Value, acknowledged: u64, steps: Option<u64>) {
        let sum = |name: &str| {
            let days = days["items"].as_array().into_iter().flatten();
            days.filter_map(|day| day[name].as_u64()).sum::<u64>()
        };
        let found = sum("records");
        self.users += 1;
        self.acknowledged += acknowledged;
        self.found += found.min(acknowledged);
        self.missing += acknowledged.saturating_sub(found);
        self.unacknowledged += found.saturating_sub(acknowledged);
        if found != acknowledged {
            self.fault(format!(
                "{user} has {found} records of {acknowledged} acknowledged ones"
            ));
        }
        let display = sum("display");
        if let Some(steps) = steps.filter(|steps| found == acknowledged && display != *steps) {
            self.wrong_totals += 1;
            self.fault(format!(
                "{user} has {display} steps, and {steps} were acknowledged"
            ));
        }
    }
}

/// Looks at up to `users` of the devices' users, whose acknowledged records are given in the order of the devices.
pub(crate) fn check(
    rest: &mut Rest,
    plan: &Plan,
    acknowledged: &[u64],
    users: u32,
) -> Result<Checked> {
    let mut checked = Checked::default();
    // A user's date may be another than here.
    let to = date(crate::clock::unix_ms() + plan.step_ms.min(SOON_MS) + DAY_MS);
    let from = date(plan.start_ms - DAY_MS);
    let stride = acknowledged.len().div_ceil(users.max(1) as usize).max(1);
    for (device, acknowledged) in (0_u32..).zip(acknowledged).step_by(stride) {
        let user = names::user(&plan.run, device);
        let days = rest.get(&format!("/v1/users/{user}/days?from={from}&to={to}"))?;
        let profile = plan.profile;
        let steps = (!profile.is_vehicle()).then(|| {
            (1..=*acknowledged)
                .map(|seq| profile.value(device, seq))
                .sum()
        });
        checked.user(&user, &days, *acknowledged, steps);
    }
    let summary = rest.get("/v1/ledger/summary")?;
    let sum = summary["sum_micro"].as_i64();
    checked.ledger_sum_micro = sum.context("the ledger has no sum")?;
    if checked.ledger_sum_micro != 0 {
        checked.fault(format!("the ledger sums to {}", checked.ledger_sum_micro));
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(records: [u64; 2], display: u64, acknowledged: u64, steps: Option<u64>) -> Checked {
        let days = json!({"items": [{"records": records[0], "display": display}, {"records": records[1], "display": 0}]});
        let mut checked = Checked::default();
        checked.user("ann", &days, acknowledged, steps);
        checked
    }

    #[test]
    fn what_is_there_and_was_acknowledged_is_right() {
        let checked = of([30, 12], 420, 42, Some(420));
        assert!(checked.is_right() && checked.faults.is_empty());
        assert_eq!(checked.found, 42);
    }

    #[test]
    fn an_acknowledged_record_that_is_missing_is_a_fault() {
        let checked = of([30, 10], 0, 42, None);
        assert_eq!((checked.missing, checked.is_right()), (2, false));
        assert_eq!(
            checked.faults,
            ["ann has 40 records of 42 acknowledged ones"]
        );
    }

    #[test]
    fn a_total_that_is_no_sum_is_a_fault() {
        assert!(!of([30, 12], 419, 42, Some(420)).is_right());
    }

    #[test]
    fn a_record_whose_answer_was_lost_is_told_and_no_fault() {
        let checked = of([30, 22], 0, 42, None);
        assert_eq!((checked.unacknowledged, checked.is_right()), (10, true));
    }
}
