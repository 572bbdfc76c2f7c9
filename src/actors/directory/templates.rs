//! The doors to templates, and how a user makes a challenge of one (ADR 0073).

use super::{
    Directory, Outcome,
    challenges::{Admit, Attach, stored_answer},
    placed,
};
use crate::{
    actors::message::{Caller, Idempotent, IdempotentOf},
    entropy,
    protocol::error_code::{Code, Refusal},
    storage::Attachment,
};
use streakline_core::{
    challenge::{Challenge, resident::Resident, series::CycleInput},
    civil::Day,
    definition::Definition,
    id::{ChallengeId, TemplateId, UserId},
    input::ChallengeInput,
    template::{Bounds, Choice, TemplateInput, TemplateView},
    user::admit::may_enrol_from_template,
    view::ChallengeView,
};

/// The entity that a template lives in.
fn entity(template: TemplateId) -> ChallengeId {
    ChallengeId(template.0)
}

fn view_of(challenge: &Challenge) -> Outcome<TemplateView> {
    let unknown = || Refusal::new(Code::NotFound, "there is no such template");
    let held = challenge.template.as_deref().ok_or_else(unknown)?;
    Ok(TemplateView {
        template: TemplateId(challenge.id.0),
        held: held.clone(),
    })
}

impl Directory {
    /// Makes a template; its answer is stored with it.
    ///
    /// # Errors
    /// Only those of a busy or failing server: it has no faults.
    pub async fn make_template(
        &self,
        (definition, bounds): (Definition, Bounds),
        caller: Caller,
        once: IdempotentOf<TemplateView>,
    ) -> Outcome<TemplateView> {
        let id = ChallengeId(entropy::uuid_v7(crate::clock::unix_ms()));
        let make = TemplateInput::Make { definition, bounds };
        let admit: Admit = Box::new(move |_, _| Ok(Some(ChallengeInput::Template(make))));
        let attach: Attach = Box::new(move |challenge, _| {
            let mut rows = vec![Attachment::ChallengeListed(id)];
            if let Ok(view) = view_of(challenge) {
                let answer = (once.answer)(&view).unsealed();
                rows.push(Attachment::Idempotency(once.key, answer));
            }
            rows
        });
        let view = |resident: &Resident, _: i64| view_of(resident.challenge());
        self.change(id, (admit, attach, None), caller, view).await
    }

    /// A template.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn template(&self, id: TemplateId) -> Outcome<TemplateView> {
        let view = move |resident: &Resident, _: i64| view_of(resident.challenge());
        self.look_into(entity(id), view).await
    }

    /// In rising order of id; the flag says that more follow.
    ///
    /// # Errors
    /// Those of a busy or failing server.
    pub async fn templates(
        &self,
        after: Option<ChallengeId>,
        limit: usize,
    ) -> Outcome<(Vec<TemplateView>, bool)> {
        let read = async |id: ChallengeId| self.template(TemplateId(id.0)).await.map(Some);
        let list = "the list of templates";
        self.page_among(list, (after, limit), read).await
    }

    /// Makes a challenge of a template: it is published, and the user is a member. The same request makes the same challenge, wherever
    /// it was broken off.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` with every choice that is not within the bounds; `Limit`; `BudgetExhausted`; `InProgress` while another one
    /// is made for the user, who could else have more than may be open.
    pub async fn make_from_template(
        &self,
        id: TemplateId,
        (user, choice): (&UserId, Choice),
        caller: Caller,
        once: Idempotent,
    ) -> Outcome<ChallengeView> {
        let turn = self.shared.makings.take(user, usize::MAX);
        let words = "another challenge is being made for this user; try again";
        let _turn = turn.map_err(|_| Refusal::new(Code::InProgress, words))?;
        let template = self.template(id).await?.held;
        let most = template.bounds.open_per_user;
        let named = format!("{}/{}", once.key.principal, once.key.key);
        let made = id.challenge(user, &named);
        let zones = self.shared.rules.zones.clone();
        let room = self.read(user, move |user, now_ms| {
            Ok((may_enrol_from_template(user, most), Day::of_utc_ms(now_ms)))
        });
        let (has_room, today) = room.await?;
        let is_made = match self.challenge(made).await {
            Ok(_) => true,
            Err(refusal) if refusal.code == Code::NotFound => false,
            Err(refusal) => return Err(refusal),
        };
        if !is_made {
            let definition = template.challenge(&choice, (id, today, &*zones));
            let definition = definition
                .map_err(|faults| Refusal::invalid(faults.into_iter().map(placed).collect()))?;
            if !has_room {
                let words = format!("at most {most} open challenges of templates, 64 in all");
                return Err(Refusal::new(Code::Limit, words));
            }
            self.reserve(made, &definition, caller.clone()).await?;
            let issue = CycleInput::Issue {
                definition: definition.into(),
                inherits: false,
            };
            self.tell(made, issue, caller.clone()).await?;
        }
        self.enrol_with(made, (user, None), caller, stored_answer(once))
            .await?;
        self.challenge(made).await
    }
}
