//! Tokens: what each person-day was paid against the formula of domain.md 8.2, one transfer per key, books that balance.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::compare::people;
use super::fetched::{Fetched, FetchedPerson, int, text};
use super::report::Report;
use crate::cli::folder::expected::Expected;

/// Tokens for `steps` on one day, 10^-6: 1 per 1,000 to 5,000, then 0.5 to 10,000, then 0.25 to 15,000, floored to a
/// tenth (domain.md 8.2).
fn formula_micro(steps: i64) -> i64 {
    let full = 1_000 * steps.clamp(0, 5_000);
    let half = 500 * (steps - 5_000).clamp(0, 5_000);
    let quarter = 250 * (steps - 10_000).clamp(0, 5_000);
    (full + half + quarter) / 100_000 * 100_000
}

pub(super) fn compare(report: &mut Report, expected: &Expected, fetched: &Fetched) {
    report.kind("person-days paid");
    for (user, person, got) in people(expected, fetched) {
        let mut paid = got.map(|got| paid_by_day(user, got)).unwrap_or_default();
        for daily in &person.daily {
            let Some(steps) = daily.minute else { continue };
            let found = got.map(|_| paid.remove(&daily.date).unwrap_or(0));
            let place = || format!("{user} on {}: tokens", daily.date);
            report.compare(place, &formula_micro(steps), found.as_ref());
        }
        for (date, micro) in paid {
            report.fault(format!(
                "{user} on {date}: {micro} are paid for a day without steps"
            ));
        }
    }
    report.kind("transfers with a key of their own");
    for (user, got) in &fetched.people {
        let (mut keys, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for transfer in &got.transfers {
            let key = transfer.get("key").map(Value::to_string);
            let is_new = key.as_ref().is_some_and(|key| keys.insert(key.clone()));
            let is_own = is_new && ids.insert(text(transfer, "id"));
            report.compare(
                || format!("{user}: transfer {transfer}: own key"),
                &true,
                Some(&is_own),
            );
        }
    }
    report.kind("balances");
    for (user, got) in &fetched.people {
        let sum = paid_by_day(user, got).values().sum();
        let place = || format!("{user}: available balance");
        report.compare(place, &sum, int(&got.balance, "available_micro").as_ref());
    }
    report.kind("sums of all accounts");
    report.compare(
        || "ledger".to_owned(),
        &0,
        fetched.ledger_sum_micro.as_ref(),
    );
}

/// What came to and went from the available account, by the day that it was for.
pub(super) fn paid_by_day(user: &str, person: &FetchedPerson) -> BTreeMap<String, i64> {
    let account = format!("user:{user}:available");
    let mut days = BTreeMap::new();
    for transfer in &person.transfers {
        let amount = int(transfer, "amount_micro").unwrap_or(0);
        let sum = days.entry(text(transfer, "day").to_owned()).or_insert(0);
        if text(transfer, "credit") == account {
            *sum += amount;
        }
        if text(transfer, "debit") == account {
            *sum -= amount;
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_gives_the_amounts_of_the_specification() {
        let cases = [
            (0, 0),
            (99, 0),
            (100, 100_000),
            (4_000, 4_000_000),
            (5_000, 5_000_000),
            (8_000, 6_500_000),
            (8_400, 6_700_000),
            (10_000, 7_500_000),
            (12_000, 8_000_000),
            (15_000, 8_700_000),
            (20_000, 8_700_000),
            (1_000_000, 8_700_000),
        ];
        for (steps, micro) in cases {
            assert_eq!(formula_micro(steps), micro, "{steps}");
        }
    }
}
