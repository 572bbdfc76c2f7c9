//! Campaigns as `actors::directory::campaigns` and `actors::challenge::deliver` carry them: what is reserved before a challenge is
//! published, and what is told once it is over.

use streakline_core::{
    campaign::{self, CampaignInput},
    challenge::{Challenge, resident::Resident},
    id::{CampaignId, ChallengeId},
    input::{ChallengeInput, Source},
};

use super::{Mail, Reply, Server};

/// What the campaign of every script has: what two challenges can cost whose places win, and not a token more.
pub(crate) const BUDGET_MICRO: i64 = 2 * (2 * 1_500_000_000 + 1_000 * 5_000_000);

/// What must be reserved before a challenge may be published.
fn reservation(challenge: &Challenge) -> Option<(CampaignId, (ChallengeId, i64))> {
    let definition = challenge.definition.as_ref()?;
    let amount_micro = definition.worst_case_micro();
    let campaign = definition.campaign.filter(|_| amount_micro > 0)?;
    Some((campaign, (challenge.id, amount_micro)))
}

impl Server {
    /// Mail between a challenge and its campaign.
    pub(super) fn run_campaign(&mut self, id: ChallengeId, mail: Mail) {
        let now_ms = self.now_ms;
        let Some(resident) = &mut self.challenge_cell(id).resident else {
            return;
        };
        let challenge = resident.challenge();
        match mail {
            Mail::Publish(_, number) => {
                let may = challenge.may_publish(now_ms).unwrap_or(false);
                match reservation(challenge).filter(|_| may) {
                    Some((campaign, of)) => self.post(Mail::Reserve(campaign, of, number)),
                    None => self.change(id, number, may.then_some(ChallengeInput::Publish), None),
                }
            }
            Mail::Reserved(_, amount_micro, number) => {
                let may = challenge.may_publish(now_ms).unwrap_or(false);
                let covered = reservation(challenge).is_none_or(|(_, of)| of.1 <= amount_micro);
                let publish = (may && covered).then_some(ChallengeInput::Publish);
                self.change(id, number, publish, None);
            }
            Mail::Reserve(campaign, (of, amount_micro), number) => {
                let held = challenge.campaign.as_deref();
                let input = match held {
                    None => campaign::funding(None, "Sim".into(), BUDGET_MICRO).map(Some),
                    Some(held) => held.reserving(of, amount_micro),
                };
                match input {
                    Ok(Some(input)) => {
                        let again = Mail::Reserve(campaign, (of, amount_micro), number);
                        self.draw(id, input, again);
                    }
                    Ok(None) => self.post(Mail::Reserved(of, amount_micro, number)),
                    Err(_) => self.replies.push(Reply::Done(number)),
                }
            }
            Mail::Account(campaign, of, close) => {
                let held = challenge.campaign.as_deref();
                match held.and_then(|held| held.news(&close)) {
                    Some(input) => self.draw(id, input, Mail::Account(campaign, of, close)),
                    None => self.post(Mail::Accounted(of, close)),
                }
            }
            Mail::Accounted(_, told) => resident.accounted(&told),
            _ => {}
        }
    }

    /// Journals a change of a campaign; what asked for it is judged anew when that is durable.
    fn draw(&mut self, id: ChallengeId, input: CampaignInput, again: Mail) {
        self.offer_challenge(id, Source::Peer, ChallengeInput::Campaign(input), None);
        self.challenge_cell(id).mail.push_back(again);
    }

    /// Tells the campaign of a challenge that is over what it has paid.
    pub(super) fn account(&mut self, id: ChallengeId) {
        let cell = self.challenge_cell(id);
        let owed = cell.resident.as_ref().and_then(Resident::account);
        if let Some((campaign, close)) = owed.filter(|_| !cell.accounting) {
            cell.accounting = true;
            self.post(Mail::Account(campaign, id, close));
        }
    }
}
