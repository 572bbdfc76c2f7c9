//! Double-entry transfers with derived keys (domain.md 8.1): what a transfer is called, and what both sides sum to.
//!
//! A transfer is decided in a user's fold; here is only its form. Nothing here reads or writes a store.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    civil::Day,
    event::Transfer,
    id::{CampaignId, ChallengeId, GoalId, PartitionId, UserId},
    view::LedgerSummary,
};

/// An account that one user's transfers can touch; both sides of a transfer have one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// `treasury/412`: the partition's own; never above 0.
    Treasury,
    /// `revenue/412`: the partition's own; what users have paid.
    Revenue,
    /// `user:ann:available`: can be spent.
    Available,
    /// `user:ann:held`: a prize that cannot be spent yet.
    Held,
    /// `user:ann:debt`: owed after a claw-back.
    Debt,
    /// `campaign:0196.../412`: the partition's own part of a campaign; never above 0. What it lacks is what the campaign has paid
    /// there.
    Campaign(CampaignId),
}

impl Account {
    /// Its name.
    #[must_use]
    pub fn name(self, partition: PartitionId, user: &UserId) -> String {
        match self {
            Self::Treasury => format!("treasury/{partition}"),
            Self::Revenue => format!("revenue/{partition}"),
            Self::Available => format!("user:{user}:available"),
            Self::Held => format!("user:{user}:held"),
            Self::Debt => format!("user:{user}:debt"),
            Self::Campaign(campaign) => format!("campaign:{campaign}/{partition}"),
        }
    }

    /// The account of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let campaign = name
            .strip_prefix("campaign:")
            .map(|of| of.split('/').next());
        if let Some(id) = campaign {
            let id = id.and_then(|id| CampaignId::parse(id).ok());
            Self::Campaign(id.unwrap_or(CampaignId([0; 16])))
        } else if name.starts_with("treasury/") {
            Self::Treasury
        } else if name.starts_with("revenue/") {
            Self::Revenue
        } else if name.ends_with(":debt") {
            Self::Debt
        } else if name.ends_with(":held") {
            Self::Held
        } else {
            Self::Available
        }
    }
}

/// What a transfer is made of, besides its parties' owner.
#[derive(Clone, Debug)]
pub struct Posting {
    /// Who pays.
    pub debit: Account,
    /// Who receives.
    pub credit: Account,
    /// Amount, 10^-6 token, above 0.
    pub amount_micro: i64,
    /// What it is for, such as `steps`.
    pub code: &'static str,
    /// Rule with its version, such as `steps@1`.
    pub rule: &'static str,
    /// The civil day that it is about.
    pub day: Day,
    /// The goal whose streak it is about, where it is about one.
    pub goal: Option<GoalId>,
    /// The challenge that it is about, where it is about one.
    pub challenge: Option<ChallengeId>,
    /// What makes its key unique within (code, user, goal, challenge, day).
    pub number: i64,
    /// SHA-256 of the state that it rests on.
    pub evidence: [u8; 32],
}

/// A transfer with its derived id; its fact, its time and which accounts it opens are the fold's to say.
#[must_use]
pub fn transfer(partition: PartitionId, user: &UserId, posting: Posting) -> Transfer {
    let Posting {
        code,
        day,
        goal,
        challenge,
        number,
        ..
    } = posting;
    let about = About {
        goal: goal.as_ref(),
        challenge,
    };
    Transfer {
        id: key_id(code, user, about, (day, number)),
        debit: posting.debit.name(partition, user),
        credit: posting.credit.name(partition, user),
        amount_micro: posting.amount_micro,
        code: code.to_string(),
        rule: posting.rule.to_string(),
        subject: user.clone(),
        day,
        cumulative_micro: number,
        evidence: posting.evidence,
        event_seq: 0,
        created_ms: 0,
        goal,
        opens: 0,
        challenge,
    }
}

/// What a transfer is about besides its user and day.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The goal, where it is about one.
    pub goal: Option<&'a GoalId>,
    /// The challenge, where it is about one.
    pub challenge: Option<ChallengeId>,
}

/// 128-bit hash of the idempotency key (code, user, goal or challenge if it is about one, day, number): derived, never random, so
/// a replay makes the same transfer and an increment has its own (design.md 2, law 6). A challenge pays once, whatever the day: its
/// keys have none.
#[must_use]
pub fn key_id(code: &str, user: &UserId, about: About<'_>, (day, number): (Day, i64)) -> [u8; 16] {
    let mut key = Vec::with_capacity(96);
    let mut encoder = minicbor::Encoder::new(&mut key);
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let parts = 4_u64.saturating_add(u64::from(about.goal.is_some()));
    let _ = encoder.array(parts).and_then(|e| {
        e.str(code)?.str(user.as_str())?;
        if let Some(goal) = about.goal {
            e.str(goal.as_str())?;
        }
        match about.challenge {
            Some(challenge) => e.bytes(&challenge.0)?,
            None => e.str(&day.iso())?,
        };
        e.i64(number)?.ok()
    });
    let mut id = [0_u8; 16];
    id.iter_mut()
        .zip(Sha256::digest(&key))
        .for_each(|(to, from)| *to = from);
    id
}

/// What one partition's transfers sum to; `/v1/ledger/summary` adds up 256 of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Totals {
    /// Transfers booked.
    #[n(0)]
    pub transfers: u64,
    /// Accounts of users that a transfer has touched.
    #[n(1)]
    pub user_accounts: u64,
    /// Balance of the treasury account, 10^-6 token; never above 0.
    #[n(2)]
    pub treasury_micro: i64,
    /// Balance of all available accounts, 10^-6 token.
    #[n(3)]
    pub available_micro: i64,
    /// Balance of all debt accounts, 10^-6 token.
    #[n(4)]
    pub debt_micro: i64,
    /// Balance of the revenue account, 10^-6 token.
    #[n(5)]
    pub revenue_micro: i64,
    /// Balance of all held accounts, 10^-6 token.
    #[n(6)]
    #[cbor(default)]
    pub held_micro: i64,
    /// Balance of the partition's parts of all campaigns, 10^-6 token; never above 0.
    #[n(7)]
    #[cbor(default)]
    pub campaigns_micro: i64,
}

impl Totals {
    /// Books one transfer: both sides, so the sum stays zero.
    pub fn book(&mut self, transfer: &Transfer) {
        self.transfers = self.transfers.saturating_add(1);
        self.user_accounts = self.user_accounts.saturating_add(u64::from(transfer.opens));
        let amount_micro = transfer.amount_micro;
        let debit = self.balance(Account::of(&transfer.debit));
        *debit = debit.saturating_sub(amount_micro);
        let credit = self.balance(Account::of(&transfer.credit));
        *credit = credit.saturating_add(amount_micro);
    }

    fn balance(&mut self, account: Account) -> &mut i64 {
        match account {
            Account::Treasury => &mut self.treasury_micro,
            Account::Revenue => &mut self.revenue_micro,
            Account::Available => &mut self.available_micro,
            Account::Debt => &mut self.debt_micro,
            Account::Held => &mut self.held_micro,
            Account::Campaign(_) => &mut self.campaigns_micro,
        }
    }

    /// Sums of transfers.
    #[must_use]
    pub fn of<'a>(transfers: impl Iterator<Item = &'a Transfer>) -> Self {
        let mut totals = Self::default();
        transfers.for_each(|transfer| totals.book(transfer));
        totals
    }

    /// Adds what another part of the ledger holds.
    pub fn add(&mut self, other: &Self) {
        self.transfers = self.transfers.saturating_add(other.transfers);
        self.user_accounts = self.user_accounts.saturating_add(other.user_accounts);
        self.treasury_micro = self.treasury_micro.saturating_add(other.treasury_micro);
        self.available_micro = self.available_micro.saturating_add(other.available_micro);
        self.debt_micro = self.debt_micro.saturating_add(other.debt_micro);
        self.revenue_micro = self.revenue_micro.saturating_add(other.revenue_micro);
        self.held_micro = self.held_micro.saturating_add(other.held_micro);
        self.campaigns_micro = self.campaigns_micro.saturating_add(other.campaigns_micro);
    }

    /// Takes back what a state had booked that is let go before it was written.
    pub fn take_back(&mut self, other: &Self) {
        self.transfers = self.transfers.saturating_sub(other.transfers);
        self.user_accounts = self.user_accounts.saturating_sub(other.user_accounts);
        self.treasury_micro = self.treasury_micro.saturating_sub(other.treasury_micro);
        self.available_micro = self.available_micro.saturating_sub(other.available_micro);
        self.debt_micro = self.debt_micro.saturating_sub(other.debt_micro);
        self.revenue_micro = self.revenue_micro.saturating_sub(other.revenue_micro);
        self.held_micro = self.held_micro.saturating_sub(other.held_micro);
        self.campaigns_micro = self.campaigns_micro.saturating_sub(other.campaigns_micro);
    }

    /// These totals as one partition's part of the summary.
    #[must_use]
    pub fn summary(&self) -> LedgerSummary {
        let partition = [
            self.transfers > 0,
            self.revenue_micro > 0,
            self.campaigns_micro < 0,
        ]
        .map(u64::from);
        let balances = [
            self.treasury_micro,
            self.revenue_micro,
            self.available_micro,
            self.debt_micro,
            self.held_micro,
            self.campaigns_micro,
        ];
        LedgerSummary {
            accounts: partition
                .into_iter()
                .fold(self.user_accounts, u64::saturating_add),
            transfers: self.transfers,
            sum_micro: balances.into_iter().fold(0, i64::saturating_add),
            treasury_micro: self.treasury_micro,
            available_micro: self.available_micro,
            debt_micro: self.debt_micro,
            revenue_micro: self.revenue_micro,
            held_micro: self.held_micro,
            campaigns_micro: self.campaigns_micro,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(amount_micro: i64, number: i64) -> Transfer {
        let posting = Posting {
            debit: Account::Treasury,
            credit: Account::Available,
            amount_micro,
            code: "steps",
            rule: "steps@1",
            day: Day::parse("2016-04-13").unwrap(),
            goal: None,
            challenge: None,
            number,
            evidence: [0; 32],
        };
        transfer(PartitionId(412), &UserId::parse("ann").unwrap(), posting)
    }

    #[test]
    fn an_increment_has_its_own_key_and_a_replay_has_the_same() {
        let first = steps(5, 5);
        assert_eq!(first.id, steps(5, 5).id);
        assert_ne!(first.id, steps(5, 10).id);
        assert_eq!(
            (first.debit.as_str(), first.credit.as_str()),
            ("treasury/412", "user:ann:available")
        );
    }

    #[test]
    fn streaks_of_two_goals_have_keys_of_their_own() {
        let ann = UserId::parse("ann").unwrap();
        let goal = |name| GoalId::parse(name).unwrap();
        let key = |name| {
            let goal = goal(name);
            let about = About {
                goal: Some(&goal),
                challenge: None,
            };
            key_id("streak", &ann, about, (Day(1), 7))
        };
        assert_eq!(key("a"), key("a"));
        assert_ne!(key("a"), key("b"));
    }

    #[test]
    fn a_challenge_pays_once_whatever_the_day() {
        let ann = UserId::parse("ann").unwrap();
        let key = |challenge, day| {
            let about = About {
                goal: None,
                challenge: Some(ChallengeId([challenge; 16])),
            };
            key_id("prize", &ann, about, (Day(day), 0))
        };
        assert_eq!(key(1, 1), key(1, 2));
        assert_ne!(key(1, 1), key(2, 1));
    }

    #[test]
    fn both_sides_of_every_transfer_sum_to_zero() {
        let mut totals = Totals::default();
        let opening = Transfer {
            opens: 1,
            ..steps(5, 5)
        };
        totals.book(&opening);
        totals.book(&steps(2, 7));
        let partition = PartitionId(412);
        let ann = UserId::parse("ann").unwrap();
        let spent = Transfer {
            debit: Account::Available.name(partition, &ann),
            credit: Account::Revenue.name(partition, &ann),
            ..steps(3, 1)
        };
        totals.book(&spent);
        let summary = totals.summary();
        let balances = (
            summary.treasury_micro,
            summary.available_micro,
            summary.revenue_micro,
        );
        assert_eq!(
            (summary.sum_micro, balances, summary.accounts),
            (0, (-7, 4, 3), 3)
        );
    }

    #[test]
    fn an_account_is_known_by_its_name() {
        let ann = UserId::parse("ann").unwrap();
        let all = [
            Account::Treasury,
            Account::Revenue,
            Account::Available,
            Account::Debt,
            Account::Held,
            Account::Campaign(CampaignId([7; 16])),
        ];
        for account in all {
            assert_eq!(Account::of(&account.name(PartitionId(412), &ann)), account);
        }
    }
}
