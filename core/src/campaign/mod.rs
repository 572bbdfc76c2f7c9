//! A campaign: a budget that challenges draw on, with one owner, so that nothing overspends it (design.md 4, domain.md 8.1).
//!
//! A challenge reserves the most that it can cost before it is published, says what it has paid when it is settled, and gives the
//! rest back. A reservation only grows until the challenge is over, so whatever overtakes what, there is always enough (ADR 0058).
//! Which entity it lives in is `challenge`'s to say; nothing here moves tokens, the winners' partitions do.

use alloc::{collections::BTreeMap, string::String};
use minicbor::{Decode, Encode};

use crate::{
    id::{CampaignId, ChallengeId},
    limits,
};

/// What one challenge has of the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Draw {
    /// Held for it until it is over, 10^-6 token.
    #[n(0)]
    pub reserved_micro: i64,
    /// What it has paid, once it is settled, 10^-6 token.
    #[n(1)]
    pub spent_micro: i64,
    /// It is over: it reserves nothing any more.
    #[n(2)]
    pub closed: bool,
}

/// The state of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Campaign {
    /// Shown to admins; 1 to 200 characters.
    #[n(0)]
    pub title: String,
    /// What may be spent in all, 10^-6 token.
    #[n(1)]
    pub budget_micro: i64,
    /// When it was made, POSIX ms.
    #[n(2)]
    pub created_ms: i64,
    /// Counts the changes of the resource.
    #[n(3)]
    pub version: u64,
    /// What each challenge has of it.
    #[n(4)]
    pub draws: BTreeMap<ChallengeId, Draw>,
}

/// What can change a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CampaignInput {
    /// Makes it, or changes it.
    #[n(1)]
    Fund {
        /// 1 to 200 characters.
        #[n(0)]
        title: String,
        /// What may be spent in all, 10^-6 token.
        #[n(1)]
        budget_micro: i64,
    },
    /// Holds at least so much for a challenge.
    #[n(2)]
    Reserve {
        /// Which.
        #[n(0)]
        challenge: ChallengeId,
        /// The most that it can cost, 10^-6 token.
        #[n(1)]
        amount_micro: i64,
    },
    /// A challenge is over: what it has not paid is free again.
    #[n(3)]
    Close {
        /// Which.
        #[n(0)]
        challenge: ChallengeId,
        /// What it has paid, 10^-6 token.
        #[n(1)]
        spent_micro: i64,
    },
}

/// Why a campaign is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such campaign.
    #[error("there is no such campaign")]
    NotFound,
    /// A challenge asks for more than is left, 10^-6 token.
    #[error("the campaign has {0} micro-tokens left")]
    Exhausted(i64),
    /// So much is spent or reserved already, 10^-6 token.
    #[error("{0} micro-tokens are spent or reserved already")]
    Committed(i64),
    /// The challenge is over.
    #[error("the challenge is over")]
    Over,
    /// It pays for as many challenges as it may.
    #[error("a campaign pays for at most 1000 challenges")]
    Full,
}

/// What can be asked of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignView {
    /// Which.
    pub campaign: CampaignId,
    /// Its title.
    pub title: String,
    /// What may be spent in all, 10^-6 token.
    pub budget_micro: i64,
    /// What is held for challenges, 10^-6 token.
    pub reserved_micro: i64,
    /// What settled challenges have paid, 10^-6 token.
    pub spent_micro: i64,
    /// When it was made, POSIX ms.
    pub created_ms: i64,
    /// Counts the changes of this resource (ETag).
    pub version: u64,
}

impl Campaign {
    /// What is held for challenges, 10^-6 token.
    #[must_use]
    pub fn reserved_micro(&self) -> i64 {
        let reserved = self.draws.values().map(|draw| draw.reserved_micro);
        reserved.fold(0, i64::saturating_add)
    }

    /// What settled challenges have paid, 10^-6 token.
    #[must_use]
    pub fn spent_micro(&self) -> i64 {
        let spent = self.draws.values().map(|draw| draw.spent_micro);
        spent.fold(0, i64::saturating_add)
    }

    /// What is neither spent nor held for a challenge, 10^-6 token.
    #[must_use]
    pub fn free_micro(&self) -> i64 {
        let committed = self.reserved_micro().saturating_add(self.spent_micro());
        self.budget_micro.saturating_sub(committed)
    }

    /// The input that holds at least so much for a challenge; nothing where it is held already.
    ///
    /// # Errors
    /// [`Refusal::Over`], [`Refusal::Full`], or [`Refusal::Exhausted`] with what the challenge could have at most.
    pub fn reserving(
        &self,
        challenge: ChallengeId,
        amount_micro: i64,
    ) -> Result<Option<CampaignInput>, Refusal> {
        let held = self.draws.get(&challenge);
        if held.is_none() && self.draws.len() >= limits::CAMPAIGN_CHALLENGES_MAX {
            return Err(Refusal::Full);
        }
        let held = held.copied().unwrap_or_default();
        if held.closed {
            return Err(Refusal::Over);
        }
        if amount_micro <= held.reserved_micro {
            return Ok(None);
        }
        let most = self.free_micro().saturating_add(held.reserved_micro);
        if amount_micro > most {
            return Err(Refusal::Exhausted(most));
        }
        Ok(Some(CampaignInput::Reserve {
            challenge,
            amount_micro,
        }))
    }

    /// The input that closes a challenge's draw; nothing where that is done. One that never reserved is closed too, so that what
    /// asked for it before and comes later reserves nothing.
    #[must_use]
    pub fn closing(&self, challenge: ChallengeId, spent_micro: i64) -> Option<CampaignInput> {
        let held = self.draws.get(&challenge);
        // Where no further challenge is taken, none that is unknown can reserve anything later.
        let is_shut = held.is_none() && self.draws.len() >= limits::CAMPAIGN_CHALLENGES_MAX;
        let is_done =
            is_shut || held.is_some_and(|held| held.closed && held.spent_micro <= spent_micro);
        (!is_done).then_some(CampaignInput::Close {
            challenge,
            spent_micro,
        })
    }

    /// What of a closing is not done yet.
    #[must_use]
    pub fn news(&self, input: &CampaignInput) -> Option<CampaignInput> {
        match input {
            CampaignInput::Close {
                challenge,
                spent_micro,
            } => self.closing(*challenge, *spent_micro),
            other => Some(other.clone()),
        }
    }

    /// What it is to admins.
    #[must_use]
    pub fn view(&self, campaign: CampaignId) -> CampaignView {
        CampaignView {
            campaign,
            title: self.title.clone(),
            budget_micro: self.budget_micro,
            reserved_micro: self.reserved_micro(),
            spent_micro: self.spent_micro(),
            created_ms: self.created_ms,
            version: self.version,
        }
    }

    fn reserve(&mut self, challenge: ChallengeId, amount_micro: i64) {
        let free = self.free_micro();
        if let Ok(Some(_)) = self.reserving(challenge, amount_micro) {
            let draw = self.draws.entry(challenge).or_default();
            let most = free.saturating_add(draw.reserved_micro);
            draw.reserved_micro = amount_micro.min(most);
        }
    }

    fn close(&mut self, challenge: ChallengeId, spent_micro: i64) {
        let is_full = self.draws.len() >= limits::CAMPAIGN_CHALLENGES_MAX;
        if is_full && !self.draws.contains_key(&challenge) {
            return;
        }
        let draw = self.draws.entry(challenge).or_default();
        let most = if draw.closed {
            draw.spent_micro
        } else {
            draw.reserved_micro
        };
        *draw = Draw {
            reserved_micro: 0,
            spent_micro: spent_micro.min(most),
            closed: true,
        };
    }
}

/// The input that makes a campaign or changes it.
///
/// # Errors
/// [`Refusal::Committed`] where more than the new budget is spent or reserved.
pub fn funding(
    held: Option<&Campaign>,
    title: String,
    budget_micro: i64,
) -> Result<CampaignInput, Refusal> {
    let committed = held.map_or(0, |held| {
        held.reserved_micro().saturating_add(held.spent_micro())
    });
    if budget_micro < committed {
        return Err(Refusal::Committed(committed));
    }
    Ok(CampaignInput::Fund {
        title,
        budget_micro,
    })
}

/// Folds one input; `at_ms`: its stamp, POSIX ms.
pub(crate) fn fold(
    campaign: &mut Option<alloc::boxed::Box<Campaign>>,
    input: &CampaignInput,
    at_ms: i64,
) {
    if let CampaignInput::Fund {
        title,
        budget_micro,
    } = input
    {
        let new = || Campaign {
            title: String::new(),
            budget_micro: 0,
            created_ms: at_ms,
            version: 0,
            draws: BTreeMap::new(),
        };
        let held = campaign.get_or_insert_with(|| new().into());
        held.title.clone_from(title);
        held.budget_micro = *budget_micro;
    }
    let Some(held) = campaign else {
        return;
    };
    held.version = held.version.saturating_add(1);
    match input {
        CampaignInput::Fund { .. } => {}
        CampaignInput::Reserve {
            challenge,
            amount_micro,
        } => held.reserve(*challenge, *amount_micro),
        CampaignInput::Close {
            challenge,
            spent_micro,
        } => held.close(*challenge, *spent_micro),
    }
}

#[cfg(test)]
mod tests;
