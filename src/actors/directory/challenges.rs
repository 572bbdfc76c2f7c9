//! The doors to challenges: life cycle and enrolments. Boards are `boards`'.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use streakline_core::{
    challenge::{Challenge, admit, amend::Unchanged, resident::Resident},
    definition::{Definition, eligibility::Ineligible},
    id::{ChallengeId, UserId},
    input::ChallengeInput,
    manual::ManualPolicy,
    user::admit::may_enrol,
    view::{ChallengePhase, ChallengeView, EnrolmentView},
};
use tokio::sync::oneshot;

use super::{
    Directory, Outcome, answered, campaigns::is_published, check, placed, teams, unknown_challenge,
};
use crate::{
    actors::{
        challenge::{ChallengeCommand, WriteChallenge},
        host::send_challenge,
        message::{Caller, Idempotent, Precondition, Written},
    },
    entropy,
    protocol::error_code::{Code, Fault, Refusal},
    storage::Attachment,
};

pub(super) fn refused(refusal: admit::Refusal) -> Refusal {
    let code = match refusal {
        admit::Refusal::NotFound => Code::NotFound,
        admit::Refusal::Phase(_) => Code::Phase,
        admit::Refusal::NotOpen => Code::NotOpen,
        admit::Refusal::Full => Code::Full,
        admit::Refusal::Closed => Code::Closed,
        admit::Refusal::NotEnrolled => Code::NotEnrolled,
        admit::Refusal::Series => Code::Phase,
    };
    Refusal::new(code, refusal.to_string())
}

/// Why a user may not take part, with the place of the test that decides.
fn not_eligible(why: Ineligible) -> Refusal {
    let fault = Fault {
        pointer: why.pointer,
        code: Code::NotEligible.name(),
        detail: why.words.clone(),
    };
    Refusal {
        faults: vec![fault],
        ..Refusal::new(Code::NotEligible, why.words)
    }
}

/// Why a challenge is not changed, with the place of each fault.
fn unchanged(why: Unchanged) -> Refusal {
    match why {
        Unchanged::Refused(refusal) => refused(refusal),
        Unchanged::Fixed(faults) => Refusal {
            faults: faults.into_iter().map(placed).collect(),
            ..Refusal::new(Code::Phase, "some of that does not change any more")
        },
    }
}

pub(super) type Admit = Box<dyn FnOnce(&Challenge, i64) -> Outcome<Option<ChallengeInput>> + Send>;
pub(super) type Attach = Box<dyn FnOnce(&Challenge, i64) -> Vec<Attachment> + Send>;

/// Nothing besides the change itself.
pub(super) fn nothing() -> Attach {
    Box::new(|_, _| Vec::new())
}

/// The answer under its key, made from the challenge as the change leaves it.
pub(super) fn stored_answer(once: Idempotent) -> Attach {
    Box::new(move |challenge, now_ms| match challenge.view(now_ms) {
        Some(view) => {
            let answer = (once.answer)(&view).unsealed();
            vec![Attachment::Idempotency(once.key, answer)]
        }
        None => Vec::new(),
    })
}

pub(super) fn view(resident: &Resident, now_ms: i64) -> Outcome<ChallengeView> {
    resident
        .challenge()
        .view(now_ms)
        .ok_or_else(unknown_challenge)
}

impl Directory {
    pub(super) async fn look<T: Send + 'static>(
        &self,
        id: ChallengeId,
        look: impl FnOnce(&Resident, i64) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let look = move |resident: &Resident, now_ms: i64| {
            if resident.challenge().exists() {
                look(resident, now_ms)
            } else {
                Err(unknown_challenge())
            }
        };
        self.look_into(id, look).await
    }

    pub(super) async fn change<T: Send + 'static>(
        &self,
        id: ChallengeId,
        change: (Admit, Attach, Option<UserId>),
        caller: Caller,
        view: impl FnOnce(&Resident, i64) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        self.change_if(id, (change, false), caller, view).await
    }

    /// The same, also of a challenge that is stopped.
    pub(super) async fn change_always<T: Send + 'static>(
        &self,
        id: ChallengeId,
        change: (Admit, Attach, Option<UserId>),
        caller: Caller,
        view: impl FnOnce(&Resident, i64) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        self.change_if(id, (change, true), caller, view).await
    }

    async fn change_if<T: Send + 'static>(
        &self,
        id: ChallengeId,
        ((admit, attach, member), while_stopped): ((Admit, Attach, Option<UserId>), bool),
        caller: Caller,
        view: impl FnOnce(&Resident, i64) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        self.taking()?;
        let (reply, answer) = oneshot::channel();
        let done = move |state: Outcome<(&Resident, i64)>| {
            let _ = reply.send(state.and_then(|(resident, now_ms)| view(resident, now_ms)));
        };
        let done = Box::new(done);
        let write = WriteChallenge {
            admit,
            attach,
            member,
            done,
            caller,
            while_stopped,
        };
        send_challenge(&self.shared, id, ChallengeCommand::Write(write))?;
        answered(&self.shared, answer).await
    }

    /// Makes a draft; its answer is stored with it.
    ///
    /// # Errors
    /// Only those of a busy or failing server: the definition has no faults.
    pub async fn create_challenge(
        &self,
        definition: Definition,
        caller: Caller,
        once: Idempotent,
    ) -> Outcome<ChallengeView> {
        let id = ChallengeId(entropy::uuid_v7(crate::clock::unix_ms()));
        let admit: Admit = Box::new(move |_, _| Ok(Some(ChallengeInput::Create(definition))));
        let answer = stored_answer(once);
        let attach: Attach = Box::new(move |challenge, now_ms| {
            let mut rows = answer(challenge, now_ms);
            rows.push(Attachment::ChallengeListed(id));
            rows
        });
        self.change(id, (admit, attach, None), caller, view).await
    }

    /// What typed-in samples count for.
    #[must_use]
    pub fn manual_policy(&self) -> ManualPolicy {
        self.shared.rules.manual_policy
    }

    /// A challenge.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn challenge(&self, id: ChallengeId) -> Outcome<ChallengeView> {
        self.look(id, view).await
    }

    /// In rising order of id; the flag says that more follow.
    ///
    /// # Errors
    /// Those of a busy or failing server.
    pub async fn challenges(
        &self,
        after: Option<ChallengeId>,
        limit: usize,
        phase: Option<ChallengePhase>,
    ) -> Outcome<(Vec<ChallengeView>, bool)> {
        let read = async |id: ChallengeId| {
            let found = self.challenge(id).await?;
            let is_asked = phase.is_none_or(|phase| phase == found.phase);
            Ok(is_asked.then_some(found))
        };
        let list = "the list of challenges";
        self.page_among(list, (after, limit), read).await
    }

    /// Replaces a draft, or changes what may still change of a challenge that is published.
    ///
    /// # Errors
    /// `NotFound`, the precondition's, `Phase` with what is fixed by now, or `BudgetExhausted`.
    pub async fn replace_challenge(
        &self,
        id: ChallengeId,
        definition: Definition,
        pre: Precondition,
        caller: Caller,
    ) -> Outcome<ChallengeView> {
        let reserved = self
            .reserve_for_change(id, &definition, caller.clone())
            .await?;
        let admit: Admit = Box::new(move |challenge, now_ms| {
            if !challenge.exists() {
                return Err(unknown_challenge());
            }
            check(pre, Some(challenge.version))?;
            let is_published = is_published(challenge, now_ms);
            let known = definition.clone();
            let change = challenge.amending(definition, now_ms).map_err(unchanged)?;
            if is_published {
                reserved.covers(Some(&known))?;
            }
            Ok(Some(change))
        });
        self.change(id, (admit, nothing(), None), caller, view)
            .await
    }

    /// Deletes a draft.
    ///
    /// # Errors
    /// `NotFound`, `Phase`.
    pub async fn delete_challenge(&self, id: ChallengeId, caller: Caller) -> Outcome<()> {
        let admit: Admit = Box::new(move |challenge, now_ms| {
            challenge.may_discard(now_ms).map_err(refused)?;
            Ok(Some(ChallengeInput::Discard))
        });
        let unlist: Attach = Box::new(move |_, _| vec![Attachment::ChallengeUnlisted(id)]);
        self.change(id, (admit, unlist, None), caller, |_, _| Ok(()))
            .await
    }

    /// Publishes a draft, once its campaign has reserved the most that it can cost; one that is published already answers the same.
    ///
    /// # Errors
    /// `NotFound`, `Phase`, `BudgetExhausted`.
    pub async fn publish(
        &self,
        id: ChallengeId,
        caller: Caller,
        once: Idempotent,
    ) -> Outcome<ChallengeView> {
        let reserved = self.reserve_for_publishing(id, caller.clone()).await?;
        let admit: Admit = Box::new(move |challenge, now_ms| {
            let news = challenge.may_publish(now_ms).map_err(refused)?;
            if news {
                reserved.covers(challenge.definition.as_ref())?;
            }
            Ok(news.then_some(ChallengeInput::Publish))
        });
        self.change(id, (admit, stored_answer(once), None), caller, view)
            .await
    }

    /// Takes a user in, or lets it wait for a place; answered when the user's own partition knows.
    ///
    /// # Errors
    /// `NotFound`, `NotOpen`, `Full`, `Closed`, `Phase`, `NotEligible`, `Limit`; `Invalid` for the team.
    pub async fn enrol(
        &self,
        id: ChallengeId,
        (user, team): (&UserId, Option<String>),
        caller: Caller,
    ) -> Outcome<Written<EnrolmentView>> {
        self.enrol_with(id, (user, team), caller, nothing()).await
    }

    /// The same, with rows that become durable with the joining.
    pub(super) async fn enrol_with(
        &self,
        id: ChallengeId,
        (user, team): (&UserId, Option<String>),
        caller: Caller,
        attach: Attach,
    ) -> Outcome<Written<EnrolmentView>> {
        let definition = self.challenge(id).await?.definition;
        let erasures = self.shared.erasures.clone();
        let ticket = erasures.ticket(user)?;
        let facts = self.read(user, move |user, _| {
            Ok((
                user.shown_alias(),
                definition.starts_for(user.calendar()),
                may_enrol(user),
                user.attributes.clone(),
            ))
        });
        let (alias, starts_ms, has_room, attributes) = facts.await?;
        let (joining, member) = (user.clone(), user.clone());
        let told = Arc::new(AtomicBool::new(false));
        let created = told.clone();
        let admit: Admit = Box::new(move |challenge, now_ms| {
            if !challenge
                .may_join(&joining, starts_ms, now_ms)
                .map_err(refused)?
            {
                return Ok(None);
            }
            challenge.judge(&attributes).map_err(not_eligible)?;
            if !has_room {
                let words = "a user takes part in at most 64 challenges";
                return Err(Refusal::new(Code::Limit, words));
            }
            let team = challenge
                .wanted_team(team.as_deref())
                .map_err(teams::wrong)?;
            erasures.honour(ticket)?;
            told.store(true, Ordering::Relaxed);
            let (who, times) = ((joining, alias), (starts_ms, now_ms));
            Ok(Some(challenge.joining_team(team, who, times)))
        });
        let enrolled = user.clone();
        let view = move |resident: &Resident, _: i64| {
            let value = resident
                .challenge()
                .enrolment(&enrolled)
                .ok_or_else(unknown_challenge)?;
            let created = created.load(Ordering::Relaxed);
            Ok(Written { value, created })
        };
        self.change(id, (admit, attach, Some(member)), caller, view)
            .await
    }

    /// Lets a user go, or wait no more; answered when the user's own partition knows.
    ///
    /// # Errors
    /// `NotFound`, `NotEnrolled`, `Closed`, `Phase`.
    pub async fn withdraw(&self, id: ChallengeId, user: &UserId, caller: Caller) -> Outcome<()> {
        let (leaving, member) = (user.clone(), user.clone());
        let admit: Admit = Box::new(move |challenge, now_ms| {
            challenge.may_leave(&leaving, now_ms).map_err(refused)?;
            Ok(Some(ChallengeInput::Leave(leaving, None)))
        });
        self.change(id, (admit, nothing(), Some(member)), caller, |_, _| Ok(()))
            .await
    }

    /// An enrolment, of one who has left too.
    ///
    /// # Errors
    /// `NotFound`, `NotEnrolled`.
    pub async fn enrolment(&self, id: ChallengeId, user: &UserId) -> Outcome<EnrolmentView> {
        let user = user.clone();
        let absent = || Refusal::new(Code::NotEnrolled, "the user has not joined this challenge");
        self.look(id, move |resident, _| {
            resident.challenge().enrolment(&user).ok_or_else(absent)
        })
        .await
    }

    /// Who waits for a place, longest wait first, each with its ticket, behind a ticket (0: from the first); the flag says that more
    /// follow.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn waiting(
        &self,
        id: ChallengeId,
        after: u64,
        limit: usize,
    ) -> Outcome<(Vec<(u64, EnrolmentView)>, bool)> {
        self.look(id, move |resident, _| {
            Ok(resident.challenge().waiting(after, limit))
        })
        .await
    }

    /// Who is in, by user; the flag says that more follow.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn enrolments(
        &self,
        id: ChallengeId,
        after: Option<UserId>,
        limit: usize,
    ) -> Outcome<(Vec<EnrolmentView>, bool)> {
        self.look(id, move |resident, _| {
            Ok(resident.challenge().enrolments(after.as_ref(), limit))
        })
        .await
    }
}
