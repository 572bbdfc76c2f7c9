//! Balances, transfers and the sums of the ledger as REST shows them; every amount is in 10^-6 token.

use serde::Serialize;
use streakline_core::{event, id::UserId, view};
use utoipa::ToSchema;

use super::hex;

/// Balances of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Balance {
    /// Whose.
    #[schema(example = "ann")]
    pub user: String,
    /// Can be spent.
    pub available_micro: i64,
    /// Prizes that cannot be spent yet; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_micro: Option<i64>,
    /// Owed after a claw-back.
    pub debt_micro: i64,
    /// Shown, not yet booked.
    pub pending_micro: i64,
}

impl Balance {
    /// The balances of that user.
    #[must_use]
    pub fn of(user: &UserId, view: &view::BalanceView) -> Self {
        Self {
            user: user.as_str().to_owned(),
            available_micro: view.available_micro,
            held_micro: Some(view.held_micro).filter(|micro| *micro != 0),
            debt_micro: view.debt_micro,
            pending_micro: view.pending_micro,
        }
    }
}

/// One transfer of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Transfer {
    /// First 16 bytes of SHA-256 over its key, in hexadecimal.
    pub id: String,
    /// Account that pays.
    #[schema(example = "treasury/412")]
    pub debit: String,
    /// Account that receives.
    #[schema(example = "user:ann:available")]
    pub credit: String,
    /// Amount, above 0.
    pub amount_micro: i64,
    /// What it is for.
    #[schema(example = "steps")]
    pub code: String,
    /// Rule with its version.
    #[schema(example = "steps@1")]
    pub rule: String,
    /// The civil day that it pays for.
    #[schema(format = Date, example = "2016-04-13")]
    pub day: String,
    /// The challenge that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    pub challenge: Option<String>,
    /// What makes it unique: code, user, goal if it is about one, day (of a prize the challenge), and a number: the total posted for
    /// them after this transfer, the milestone, the reward, or the number of the purchase or correction.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub key: Vec<serde_json::Value>,
    /// SHA-256 of the day state that it rests on, in hexadecimal.
    pub evidence: String,
    /// Number of the event that told of it.
    pub event_seq: u64,
    /// Logical time, POSIX ms.
    pub created_ms: i64,
}

impl From<&event::Transfer> for Transfer {
    fn from(transfer: &event::Transfer) -> Self {
        Self {
            id: hex(&transfer.id),
            debit: transfer.debit.clone(),
            credit: transfer.credit.clone(),
            amount_micro: transfer.amount_micro,
            code: transfer.code.clone(),
            rule: transfer.rule.clone(),
            challenge: transfer.challenge.map(|id| id.to_string()),
            key: key(transfer),
            day: transfer.day.iso(),
            evidence: hex(&transfer.evidence),
            event_seq: transfer.event_seq,
            created_ms: transfer.created_ms,
        }
    }
}

fn key(transfer: &event::Transfer) -> Vec<serde_json::Value> {
    let user = transfer.subject.as_str();
    let mut key = vec![transfer.code.as_str().into(), user.into()];
    key.extend(transfer.goal.iter().map(|goal| goal.as_str().into()));
    let of = transfer.challenge.map(|id| id.to_string());
    let of = of.unwrap_or_else(|| transfer.day.iso());
    key.extend([of.into(), transfer.cumulative_micro.into()]);
    key
}

/// Sums over all accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LedgerSummary {
    /// Accounts that a transfer has touched.
    pub accounts: u64,
    /// Transfers.
    pub transfers: u64,
    /// Sum of all balances: 0.
    pub sum_micro: i64,
    /// Sum of the treasury's accounts.
    pub treasury_micro: i64,
    /// Sum of the users' available accounts.
    pub available_micro: i64,
    /// Sum of the users' debt accounts.
    pub debt_micro: i64,
    /// Sum of the revenue's accounts.
    pub revenue_micro: i64,
    /// Sum of the users' held accounts.
    pub held_micro: i64,
    /// Sum of the campaigns' accounts: less than 0 by what they have paid.
    pub campaigns_micro: i64,
}

impl From<&view::LedgerSummary> for LedgerSummary {
    fn from(view: &view::LedgerSummary) -> Self {
        Self {
            accounts: view.accounts,
            transfers: view.transfers,
            sum_micro: view.sum_micro,
            treasury_micro: view.treasury_micro,
            available_micro: view.available_micro,
            debt_micro: view.debt_micro,
            revenue_micro: view.revenue_micro,
            held_micro: view.held_micro,
            campaigns_micro: view.campaigns_micro,
        }
    }
}
