//! The doors to campaigns, and how a challenge reserves what it can cost before it is published (ADR 0058).

use super::{
    Directory, Outcome,
    challenges::{Admit, Attach, nothing},
    check, placed,
};
use crate::{
    actors::message::{Caller, Precondition, Written},
    protocol::error_code::{Code, Refusal},
    storage::Attachment,
};
use streakline_core::{
    campaign::{self, CampaignView},
    challenge::{Challenge, resident::Resident},
    definition::{Definition, DefinitionFault},
    id::{CampaignId, ChallengeId},
    input::ChallengeInput,
    view::ChallengePhase,
};

/// The entity that a campaign lives in.
fn entity(campaign: CampaignId) -> ChallengeId {
    ChallengeId(campaign.0)
}

fn unknown() -> Refusal {
    Refusal::new(Code::NotFound, "there is no such campaign")
}

fn refused(refusal: campaign::Refusal) -> Refusal {
    let code = match refusal {
        campaign::Refusal::NotFound => Code::NotFound,
        campaign::Refusal::Exhausted(_) => Code::BudgetExhausted,
        campaign::Refusal::Committed(_) | campaign::Refusal::Full => Code::Limit,
        campaign::Refusal::Over => Code::Phase,
    };
    Refusal::new(code, refusal.to_string())
}

fn view_of(id: CampaignId, resident: &Resident) -> Outcome<CampaignView> {
    let held = resident.challenge().campaign.as_ref();
    held.map(|held| held.view(id)).ok_or_else(unknown)
}

/// What a campaign holds for a challenge before it changes: the input of the change is refused where it could cost more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reserved {
    campaign: Option<CampaignId>,
    amount_micro: i64,
}

impl Reserved {
    /// Nothing is reserved, and nothing need be.
    pub(super) const NOTHING: Self = Self {
        campaign: None,
        amount_micro: 0,
    };

    /// Whether a definition costs no more than what was reserved for it: it may have changed meanwhile.
    pub(super) fn covers(self, definition: Option<&Definition>) -> Outcome<()> {
        let covered = definition.is_none_or(|definition| {
            let cost_micro = definition.worst_case_micro();
            let is_same = definition.campaign == self.campaign;
            cost_micro == 0 || is_same && cost_micro <= self.amount_micro
        });
        let words = "the challenge has changed meanwhile; try again";
        covered
            .then_some(())
            .ok_or_else(|| Refusal::new(Code::InProgress, words))
    }
}

impl Directory {
    /// A campaign.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn campaign(&self, id: CampaignId) -> Outcome<CampaignView> {
        let view = move |resident: &Resident, _: i64| view_of(id, resident);
        self.look_into(entity(id), view).await
    }

    /// In rising order of id; the flag says that more follow.
    ///
    /// # Errors
    /// Those of a busy or failing server.
    pub async fn campaigns(
        &self,
        after: Option<ChallengeId>,
        limit: usize,
    ) -> Outcome<(Vec<CampaignView>, bool)> {
        let read = async |id: ChallengeId| self.campaign(CampaignId(id.0)).await.map(Some);
        let list = "the list of campaigns";
        self.page_among(list, (after, limit), read).await
    }

    /// Makes a campaign, or changes its title and budget.
    ///
    /// # Errors
    /// The precondition's, `Limit` where more is spent or reserved, `Phase` where a challenge has that id.
    pub async fn put_campaign(
        &self,
        id: CampaignId,
        (title, budget_micro): (String, i64),
        pre: Precondition,
        caller: Caller,
    ) -> Outcome<Written<CampaignView>> {
        let admit: Admit = Box::new(move |of, _| {
            if of.definition.is_some() || of.template.is_some() {
                return Err(Refusal::new(Code::Phase, "a challenge has this id"));
            }
            let held = of.campaign.as_deref();
            check(pre, held.map(|held| held.version))?;
            let fund = campaign::funding(held, title, budget_micro).map_err(refused)?;
            Ok(Some(ChallengeInput::Campaign(fund)))
        });
        let list: Attach = Box::new(move |_, _| vec![Attachment::ChallengeListed(entity(id))]);
        let view = move |resident: &Resident, _: i64| {
            let value = view_of(id, resident)?;
            let created = value.version == 1;
            Ok(Written { value, created })
        };
        self.change(entity(id), (admit, list, None), caller, view)
            .await
    }

    /// Reserves the most that a challenge can cost by a definition, where it costs anything.
    ///
    /// # Errors
    /// `BudgetExhausted`, with every reward that the campaign does not reach; `Phase` where the challenge is over.
    pub(super) async fn reserve(
        &self,
        challenge: ChallengeId,
        definition: &Definition,
        caller: Caller,
    ) -> Outcome<Reserved> {
        let amount_micro = definition.worst_case_micro();
        let Some(campaign) = definition.campaign.filter(|_| amount_micro > 0) else {
            return Ok(Reserved::NOTHING);
        };
        let judged = definition.clone();
        let admit: Admit = Box::new(move |of, _| {
            let held = of.campaign.as_deref().ok_or_else(no_campaign)?;
            let input = held.reserving(challenge, amount_micro);
            let input = input.map_err(|why| too_dear(why, &judged))?;
            Ok(input.map(ChallengeInput::Campaign))
        });
        let change = (admit, nothing(), None);
        self.change(entity(campaign), change, caller, |_, _| Ok(()))
            .await?;
        Ok(Reserved {
            campaign: Some(campaign),
            amount_micro,
        })
    }

    /// Reserves what a draft can cost before it is published; nothing for one that is published already.
    ///
    /// # Errors
    /// `NotFound`, and those of [`Directory::reserve`].
    pub(super) async fn reserve_for_publishing(
        &self,
        id: ChallengeId,
        caller: Caller,
    ) -> Outcome<Reserved> {
        let known = self.challenge(id).await?;
        if known.phase != ChallengePhase::Draft {
            return Ok(Reserved::NOTHING);
        }
        self.reserve(id, &known.definition, caller).await
    }

    /// Reserves what a challenge that is published can cost once it is changed; nothing for a draft.
    ///
    /// # Errors
    /// `NotFound`, and those of [`Directory::reserve`].
    pub(super) async fn reserve_for_change(
        &self,
        id: ChallengeId,
        new: &Definition,
        caller: Caller,
    ) -> Outcome<Reserved> {
        let known = self.look(id, |resident, now_ms| {
            let challenge = resident.challenge();
            Ok((challenge.definition.clone(), challenge.phase(now_ms)))
        });
        let (held, phase) = known.await?;
        let is_live = matches!(
            phase,
            Some(ChallengePhase::Published | ChallengePhase::Open | ChallengePhase::Finalising)
        );
        // Where the campaign is another, the change is refused anyway.
        let stays =
            held.is_some_and(|held| held.campaign.is_none() || held.campaign == new.campaign);
        if !is_live || !stays {
            return Ok(Reserved::NOTHING);
        }
        self.reserve(id, new, caller).await
    }
}

fn no_campaign() -> Refusal {
    let fault = DefinitionFault::at("/campaign", "not_found", "there is no such campaign");
    Refusal {
        faults: vec![placed(fault)],
        ..Refusal::new(Code::BudgetExhausted, "there is no such campaign")
    }
}

/// What the campaign has left does not reach: every reward that it does not reach is named.
fn too_dear(why: campaign::Refusal, definition: &Definition) -> Refusal {
    let faults = match why {
        campaign::Refusal::Exhausted(left_micro) => definition.over_budget(left_micro),
        _ => Vec::new(),
    };
    Refusal {
        faults: faults.into_iter().map(placed).collect(),
        ..refused(why)
    }
}

/// Whether a challenge is published, so that what it costs must be reserved.
pub(super) fn is_published(challenge: &Challenge, now_ms: i64) -> bool {
    let phase = challenge.phase(now_ms);
    phase.is_some_and(|phase| phase != ChallengePhase::Draft)
}
