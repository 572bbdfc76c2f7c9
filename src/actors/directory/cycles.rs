//! The doors through which a series makes its cycles and a cycle hands its members to the next, and the one that lists them (ADR 0070,
//! 0071). Whatever is told twice is done once.

use futures_util::{StreamExt as _, stream};
use streakline_core::{
    challenge::{
        carry::Handing,
        resident::Resident,
        series::{CycleInput, Step},
    },
    definition::Definition,
    id::ChallengeId,
    input::ChallengeInput,
    user::admit::may_enrol,
    view::{ChallengePhase, CycleView},
};

use super::{
    Directory, Outcome,
    challenges::{Admit, Attach, nothing, refused},
    unknown_challenge,
};
use crate::{
    actors::message::Caller,
    protocol::error_code::{Code, Refusal},
    storage::Attachment,
};

/// Members whose facts are asked for at the same time.
const ASKED_AT_ONCE: usize = 32;

/// A cycle, and where it stands; one that was missed stands nowhere.
pub type Listed = (CycleView, Option<ChallengePhase>);

/// The server asks on its own behalf.
fn server() -> Caller {
    Caller {
        principal: "server".into(),
        request_id: String::new(),
    }
}

impl Directory {
    /// Up to `limit` cycles of a series after a number, with where each stands; the flag says that more follow. A challenge that is
    /// no series has none.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn cycles(
        &self,
        id: ChallengeId,
        after: u32,
        limit: usize,
    ) -> Outcome<(Vec<Listed>, bool)> {
        let page = self.look(id, move |resident, _| {
            Ok(resident.challenge().cycles(after, limit))
        });
        let (views, more) = page.await?;
        let mut page = Vec::new();
        for view in views {
            let phase = match view.missed {
                Some(_) => None,
                None => Some(self.challenge(view.challenge).await?.phase),
            };
            page.push((view, phase));
        }
        Ok((page, more))
    }

    /// Carries out what a series has to do next.
    ///
    /// # Errors
    /// Those of a busy or failing server; then some of it may be done.
    pub(in crate::actors) async fn carry_on(&self, series: ChallengeId, step: Step) -> Outcome<()> {
        match step {
            Step::Make { number, before } => self.make_cycle(series, number, before).await,
            Step::End { newest, next } => {
                for number in newest.into_iter().chain([next]) {
                    self.tell(series.of_cycle(number), CycleInput::End, server())
                        .await?;
                }
                Ok(())
            }
        }
    }

    async fn make_cycle(
        &self,
        series: ChallengeId,
        number: u32,
        before: Option<u32>,
    ) -> Outcome<()> {
        let zones = self.shared.rules.zones.clone();
        let definition = self.look(series, move |resident, _| {
            let of = resident.challenge().definition.as_ref();
            of.and_then(|of| of.cycle(series, number, &*zones))
                .ok_or_else(unknown_challenge)
        });
        let made = match self.issue(series, definition.await?, before).await {
            Ok(()) => CycleInput::Made(number),
            Err(refusal) if cannot_pay(&refusal) => CycleInput::Missed {
                number,
                reason: refusal.detail,
            },
            Err(refusal) => return Err(refusal),
        };
        self.tell(series, made, server()).await
    }

    /// Reserves what a cycle can cost, publishes it, and tells the one before that it is there.
    async fn issue(
        &self,
        series: ChallengeId,
        definition: Definition,
        before: Option<u32>,
    ) -> Outcome<()> {
        let Some(cycle) = definition.cycle else {
            return Ok(());
        };
        let id = series.of_cycle(cycle.number);
        match self.challenge(id).await {
            Ok(_) => {}
            Err(refusal) if refusal.code == Code::NotFound => {
                self.reserve(id, &definition, server()).await?;
                let inherits = cycle.carries && before.is_some();
                let issue = CycleInput::Issue {
                    definition: definition.into(),
                    inherits,
                };
                self.tell(id, issue, server()).await?;
            }
            Err(refusal) => return Err(refusal),
        }
        match before {
            Some(before) => {
                let follow = CycleInput::Follow(cycle.number);
                self.tell(series.of_cycle(before), follow, server()).await
            }
            None => Ok(()),
        }
    }

    /// Tells a series or a cycle something, also one that is stopped: the others go on.
    pub(super) async fn tell(
        &self,
        to: ChallengeId,
        input: CycleInput,
        caller: Caller,
    ) -> Outcome<()> {
        let attach: Attach = match input {
            CycleInput::Issue { .. } => Box::new(move |_, _| vec![Attachment::ChallengeListed(to)]),
            _ => nothing(),
        };
        let admit: Admit =
            Box::new(move |of, _| Ok(of.cycle_news(&input).map(ChallengeInput::Cycle)));
        let change = (admit, attach, None);
        self.change_always(to, change, caller, |_, _| Ok(())).await
    }

    /// Nobody more will be carried to a cycle.
    ///
    /// # Errors
    /// Those of a busy or failing server.
    pub(in crate::actors) async fn hand_no_more(&self, to: ChallengeId) -> Outcome<()> {
        self.tell(to, CycleInput::Gathered, server()).await
    }

    /// Tells a cycle of members of the one before, in order; answers those that it knows of then.
    pub(in crate::actors) async fn hand(
        &self,
        to: ChallengeId,
        members: Vec<Handing>,
    ) -> Vec<Handing> {
        let mut done = Vec::new();
        let Ok(known) = self.challenge(to).await else {
            return done;
        };
        let ask = |member| self.facts_of(member, &known.definition);
        let mut asked = std::pin::pin!(stream::iter(members).map(ask).buffered(ASKED_AT_ONCE));
        while let Some((member, facts)) = asked.next().await {
            let told = match facts {
                Ok(facts) => self.hand_one(to, member.clone(), facts).await,
                Err(refusal) => Err(refusal),
            };
            match told {
                Err(refusal) if !stands(&refusal) => return done,
                // Who was refused is not asked about again.
                Ok(()) | Err(_) => done.push(member),
            }
        }
        done
    }

    /// What a cycle must know of a user that it takes in.
    async fn facts_of(
        &self,
        member: Handing,
        definition: &Definition,
    ) -> (Handing, Outcome<(String, i64, bool)>) {
        let definition = definition.clone();
        let facts = self.read(&member.user, move |user, _| {
            Ok((
                user.shown_alias(),
                definition.starts_for(user.calendar()),
                may_enrol(user),
            ))
        });
        let facts = facts.await;
        (member, facts)
    }

    async fn hand_one(
        &self,
        to: ChallengeId,
        member: Handing,
        (alias, starts_ms, has_room): (String, i64, bool),
    ) -> Outcome<()> {
        let erasures = self.shared.erasures.clone();
        let ticket = erasures.ticket(&member.user)?;
        let admit: Admit = Box::new(move |challenge, now_ms| {
            let facts = (alias, starts_ms);
            let input = challenge.taking_over(&member, facts, now_ms);
            let input = input.map_err(refused)?;
            let joins = matches!(input, Some(ChallengeInput::Join { .. }));
            if joins && !has_room {
                return Err(Refusal::new(Code::Limit, "the user takes part in too many"));
            }
            erasures.honour(ticket)?;
            Ok(input)
        });
        let seen = |_: &Resident, _: i64| Ok(());
        self.change(to, (admit, nothing(), None), server(), seen)
            .await
    }
}

/// Whether a campaign will not pay, so that nothing is gained by asking again.
fn cannot_pay(refusal: &Refusal) -> bool {
    use Code::{BudgetExhausted, Limit, Phase};
    matches!(refusal.code, BudgetExhausted | Limit | Phase)
}

/// Whether a user that is refused stays refused: it was erased, or has no place.
fn stands(refusal: &Refusal) -> bool {
    use Code::{Closed, Full, Limit, NotFound, Phase};
    matches!(refusal.code, NotFound | Full | Closed | Limit | Phase)
}
