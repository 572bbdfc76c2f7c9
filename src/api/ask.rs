//! A request as handlers take it: who asks, for what, with names and query read and checked.
//!
//! The order of refusals starts here: authentication, then names in the path, then the query. What a principal may do with
//! a resource is the handler's to ask, before it reads a body.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web};
use streakline_core::{
    civil::Day,
    id::{ChallengeId, DeviceId, GoalId, UserId},
};

use super::{
    Api,
    auth::Principal,
    fault::{Faults, Wrong},
    fields::challenge_name,
    problem::Problem,
    query::Query,
    request_log,
};
use crate::{
    actors::message::Caller,
    clock,
    protocol::error_code::{Code, Refusal},
};

/// An authenticated request without a query.
pub(super) struct Ask {
    pub(super) api: web::Data<Api>,
    pub(super) request: HttpRequest,
    pub(super) principal: Principal,
}

/// An authenticated request with a query, which the handler reads.
pub(super) struct Search {
    pub(super) ask: Ask,
    pub(super) query: Query,
}

impl Ask {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let api = request.app_data::<web::Data<Api>>().cloned();
        let api = api.ok_or_else(|| Refusal::new(Code::Internal, "the server is not set up"))?;
        let address = request.peer_addr().map(|peer| peer.ip());
        let check = || Principal::of(request.headers(), &api.credentials.keys.ring());
        let failures = &api.credentials.failures;
        let principal = failures.check(address, clock::monotonic_ms(), check)?;
        request.extensions_mut().insert(principal.kind());
        well_formed_names(request)?;
        Ok(Self {
            api,
            request: request.clone(),
            principal,
        })
    }

    /// The user in the path.
    pub(super) fn user(&self) -> Result<UserId, Refusal> {
        UserId::parse(self.name("user")).map_err(|_| absent("user"))
    }

    /// The user in the path, whose data this principal may read and write.
    pub(super) fn own_user(&self) -> Result<UserId, Refusal> {
        let user = self.user()?;
        self.principal.must_act_for(&user)?;
        Ok(user)
    }

    /// The goal in the path.
    pub(super) fn goal(&self) -> Result<GoalId, Refusal> {
        GoalId::parse(self.name("goal")).map_err(|_| absent("goal"))
    }

    /// The verdict in the path; only the spelling that the server chose is one.
    pub(super) fn verdict(&self) -> Result<u32, Refusal> {
        let name = self.name("verdict");
        let number = name.parse().ok().filter(|n: &u32| n.to_string() == name);
        number.ok_or_else(|| absent("verdict"))
    }

    /// The device in the path.
    pub(super) fn device(&self) -> Result<DeviceId, Refusal> {
        DeviceId::parse(self.name("device")).map_err(|_| absent("device"))
    }

    /// The challenge in the path.
    pub(super) fn challenge(&self) -> Result<ChallengeId, Refusal> {
        challenge_name(self.name("id")).map_err(|_| absent("challenge"))
    }

    /// The date in the path.
    pub(super) fn date(&self) -> Result<Day, Refusal> {
        let faults = Faults::default();
        let day = Day::parse(self.name("date"));
        if day.is_none() {
            faults.add("/path/date", Wrong::date());
        }
        faults.none()?;
        day.ok_or_else(|| absent("day"))
    }

    /// Who asks, for the journal.
    pub(super) fn caller(&self) -> Caller {
        Caller {
            principal: self.principal.name(),
            request_id: request_log::request_id(self.request.headers()).to_owned(),
        }
    }

    fn name(&self, parameter: &str) -> &str {
        self.request.match_info().get(parameter).unwrap_or_default()
    }
}

/// Refuses every ill-formed name in the path at once.
fn well_formed_names(request: &HttpRequest) -> Result<(), Refusal> {
    let faults = Faults::default();
    for (parameter, name) in request.match_info().iter() {
        if let Err(why) = UserId::parse(name) {
            faults.add(
                format!("/path/{parameter}"),
                Wrong::new("name", why.to_string()),
            );
        }
    }
    faults.none()
}

fn absent(what: &str) -> Refusal {
    Refusal::new(Code::NotFound, format!("no such {what}"))
}

impl FromRequest for Ask {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let plain = |ask: Self| {
            let read = Query::parse(request.query_string()).done();
            read.map(|()| ask).map_err(Problem::from)
        };
        ready(Self::of(request).and_then(plain))
    }
}

impl FromRequest for Search {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = Query::parse(request.query_string());
        ready(Ask::of(request).map(|ask| Self { ask, query }))
    }
}
