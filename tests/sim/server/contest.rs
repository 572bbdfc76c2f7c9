//! Series, rosters and annulments as `actors::challenge::cycles` and `actors::directory` carry them: what has to be told first, one thing
//! after the other, and again where it was lost. Whatever is told twice is done once.

use streakline_core::{
    campaign,
    challenge::{
        carry::Handing,
        series::{CycleInput, Step},
    },
    definition::{Definition, kind::teams::TeamNumber},
    id::{CampaignId, ChallengeId, Entity, UserId},
    input::{ChallengeInput, Source},
};

use super::{BUDGET_MICRO, Mail, Server, user::UserCell};

/// A cycle that a series makes.
#[derive(Clone, Debug)]
pub(crate) struct Making {
    series: ChallengeId,
    number: u32,
    before: Option<u32>,
    definition: Box<Definition>,
}

impl Making {
    fn cycle(&self) -> ChallengeId {
        self.series.of_cycle(self.number)
    }
}

/// A member that one cycle hands to the next.
#[derive(Clone, Debug)]
pub(crate) struct Carrying {
    from: ChallengeId,
    heir: ChallengeId,
    handing: Handing,
}

/// What is asked of a challenge, or one challenge tells another.
#[derive(Clone, Debug)]
pub(crate) enum ContestMail {
    /// Somebody wants a user to join a team.
    JoinTeam(ChallengeId, u64, (UserId, String, i64), TeamNumber),
    /// Somebody annuls a settlement.
    Void(ChallengeId, u64),
    /// A cycle is to be made; `true`: what it can cost is reserved.
    Issue(Making, bool),
    /// It reserves that.
    Reserve(CampaignId, Making),
    /// It is there: the one before it is told so.
    Follow(ChallengeId, Making),
    /// The series is told so.
    Made(Making),
    /// The next cycle must know of a member, of whom its own partition is asked first.
    Ask(Carrying),
    /// The next cycle is told, with the user's alias and the start of its window.
    Take(Carrying, (String, i64)),
    /// The next cycle knows.
    Handed(Carrying),
    /// Nobody more is handed from a challenge to another.
    NoMore(ChallengeId, ChallengeId),
    /// The other one knows.
    KnowsAll(ChallengeId),
}

impl ContestMail {
    pub(super) fn addressee(&self) -> Entity {
        Entity::Challenge(match self {
            Self::Ask(carrying) => return Entity::User(carrying.handing.user.clone()),
            Self::JoinTeam(id, ..) | Self::Void(id, _) | Self::Follow(id, _) => *id,
            Self::Reserve(campaign, _) => ChallengeId(campaign.0),
            Self::Issue(making, _) => making.cycle(),
            Self::Made(making) => making.series,
            Self::Take(carrying, _) => carrying.heir,
            Self::Handed(carrying) => carrying.from,
            Self::NoMore(_, heir) => *heir,
            Self::KnowsAll(from) => *from,
        })
    }

    /// Whether it waits until whom it is sent to has nothing else to do.
    pub(super) fn is_request(&self) -> bool {
        !matches!(self, Self::Ask(_))
    }
}

impl Server {
    /// Does what is next of a series or a cycle, where nothing is under way.
    pub(super) fn go_on(&mut self, id: ChallengeId) {
        let zones = self.rules.zones.clone();
        let cell = self.challenge_cell(id);
        let Some(resident) = cell.resident.as_mut().filter(|_| cell.telling == 0) else {
            return;
        };
        if let Some(Step::Make { number, before }) = resident.series_step() {
            let of = resident.challenge().definition.as_ref();
            let Some(definition) = of.and_then(|of| of.cycle(id, number, &*zones)) else {
                return;
            };
            cell.telling = 1;
            let making = Making {
                series: id,
                number,
                before,
                definition: definition.into(),
            };
            return self.post_contest(ContestMail::Issue(making, false));
        }
        let Some(heir) = resident
            .challenge()
            .heir()
            .filter(|_| !resident.is_partial())
        else {
            return;
        };
        let batch = resident.handings();
        if batch.is_empty() && resident.is_all_handed() {
            cell.telling = 1;
            return self.post_contest(ContestMail::NoMore(id, heir));
        }
        cell.telling = batch.len();
        for handing in batch {
            let from = id;
            self.post_contest(ContestMail::Ask(Carrying {
                from,
                heir,
                handing,
            }));
        }
    }

    fn post_contest(&mut self, mail: ContestMail) {
        self.post(Mail::Contest(mail));
    }

    pub(super) fn run_contest(&mut self, id: ChallengeId, mail: ContestMail) {
        let now_ms = self.now_ms;
        let Some(resident) = &self.challenge_cell(id).resident else {
            return;
        };
        let challenge = resident.challenge();
        match mail {
            ContestMail::JoinTeam(_, number, (user, alias, starts_ms), team) => {
                let may = challenge.may_join(&user, starts_ms, now_ms);
                let times = (starts_ms, now_ms);
                let join = challenge.joining_team(Some(team), (user.clone(), alias), times);
                let join = may.unwrap_or(false).then_some(join);
                self.change(id, number, join, Some(user));
            }
            ContestMail::Void(_, number) => {
                // What is not settled yet is asked about again.
                if let Ok(may) = challenge.may_void(now_ms) {
                    let void = may.then(|| ChallengeInput::Void("a rule was wrong".into()));
                    self.change(id, number, void, None);
                }
            }
            ContestMail::Issue(..) | ContestMail::Reserve(..) => self.make(id, mail),
            ContestMail::Follow(_, ref making) => {
                let follow = CycleInput::Follow(making.number);
                let next = ContestMail::Made(making.clone());
                if self.told(id, follow, &mail) {
                    self.post_contest(next);
                }
            }
            ContestMail::Made(ref making) => {
                let made = CycleInput::Made(making.number);
                if self.told(id, made, &mail) {
                    self.challenge_cell(id).telling = 0;
                }
            }
            ContestMail::NoMore(from, _) => {
                if self.told(id, CycleInput::Gathered, &mail) {
                    self.post_contest(ContestMail::KnowsAll(from));
                }
            }
            mail => self.carry(id, mail),
        }
    }

    /// Whether a cycle or a series knows something; if not, it is journaled, and asked again once that is durable.
    fn told(&mut self, id: ChallengeId, input: CycleInput, again: &ContestMail) -> bool {
        let resident = self.challenge_cell(id).resident.as_ref();
        let news = resident.and_then(|held| held.challenge().cycle_news(&input));
        let Some(news) = news else { return true };
        self.contest_offered(id, ChallengeInput::Cycle(news), again);
        false
    }

    fn contest_offered(&mut self, id: ChallengeId, input: ChallengeInput, again: &ContestMail) {
        self.offer_challenge(id, Source::Peer, input, None);
        let again = Mail::Contest(again.clone());
        self.challenge_cell(id).mail.push_back(again);
    }

    /// Reserves what a cycle can cost, and issues it.
    fn make(&mut self, id: ChallengeId, mail: ContestMail) {
        let Some(resident) = &self.challenge_cell(id).resident else {
            return;
        };
        let challenge = resident.challenge();
        match mail {
            ContestMail::Issue(making, reserved) => {
                let campaign = making.definition.campaign.filter(|_| !reserved);
                if challenge.definition.is_some() {
                    let before = making.before.map(|before| making.series.of_cycle(before));
                    self.post_contest(match before {
                        Some(before) => ContestMail::Follow(before, making),
                        None => ContestMail::Made(making),
                    });
                } else if let Some(campaign) = campaign {
                    self.post_contest(ContestMail::Reserve(campaign, making));
                } else {
                    let carries = making.definition.cycle.is_some_and(|of| of.carries);
                    let issue = CycleInput::Issue {
                        definition: making.definition.clone(),
                        inherits: carries && making.before.is_some(),
                    };
                    self.told(id, issue, &ContestMail::Issue(making, true));
                }
            }
            ContestMail::Reserve(campaign, making) => {
                let amount_micro = making.definition.worst_case_micro();
                let input = match challenge.campaign.as_deref() {
                    None => campaign::funding(None, "Sim".into(), BUDGET_MICRO).map(Some),
                    Some(held) => held.reserving(making.cycle(), amount_micro),
                };
                match input.expect("the budget reaches for every cycle") {
                    Some(input) => {
                        let again = ContestMail::Reserve(campaign, making);
                        self.contest_offered(id, ChallengeInput::Campaign(input), &again);
                    }
                    None => self.post_contest(ContestMail::Issue(making, true)),
                }
            }
            _ => {}
        }
    }

    /// Takes a member over from the cycle before, or notes that the next one knows.
    fn carry(&mut self, id: ChallengeId, mail: ContestMail) {
        let now_ms = self.now_ms;
        let cell = self.challenge_cell(id);
        let Some(resident) = &mut cell.resident else {
            return;
        };
        match mail {
            ContestMail::Take(carrying, facts) => {
                let challenge = resident.challenge();
                // Who is refused is not asked about again.
                let input = challenge.taking_over(&carrying.handing, facts.clone(), now_ms);
                match input.unwrap_or(None) {
                    Some(input) => {
                        let again = ContestMail::Take(carrying, facts);
                        self.contest_offered(id, input, &again);
                    }
                    None => self.post_contest(ContestMail::Handed(carrying)),
                }
            }
            ContestMail::Handed(carrying) => {
                resident.handed(&carrying.handing);
                cell.telling = cell.telling.saturating_sub(1);
            }
            ContestMail::KnowsAll(_) => {
                resident.told_all();
                cell.telling = 0;
            }
            _ => {}
        }
    }

    /// A user's own partition says what the next cycle must know.
    pub(super) fn say_who(&mut self, id: &UserId, mail: ContestMail) {
        let user = self.users.get(id).and_then(UserCell::user);
        if let (ContestMail::Ask(carrying), Some(user)) = (mail, user) {
            let heir = self.challenges.get(&carrying.heir);
            let heir = heir.and_then(|cell| cell.resident.as_ref());
            let Some(of) = heir.and_then(|held| held.challenge().definition.as_ref()) else {
                // It comes into memory, and is asked in another round.
                self.challenge_cell(carrying.heir);
                return;
            };
            let facts = (user.shown_alias(), of.starts_for(user.calendar()));
            self.post_contest(ContestMail::Take(carrying, facts));
        }
    }
}
