//! How a challenge would have ended, as REST shows it to admins.

use serde::Serialize;
use streakline_core::{
    challenge::{
        admit::Refusal,
        rehearsal::{Exclusion, Played},
    },
    id::UserId,
    user::rehearsal::Unknown,
};
use utoipa::ToSchema;

use super::board::{Audience, Row, rows};
use super::challenge::Window;
use crate::protocol::error_code::Code;

/// How a challenge would have ended by what is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Simulation<'a> {
    /// The window that was played.
    pub window: Window,
    /// Who would have been in.
    pub participants: u32,
    /// The first rows, best first.
    pub items: Vec<Row<'a>>,
    /// Who would not have taken part, in the order of the candidates.
    pub excluded: Vec<SimulationExclusion<'a>>,
}

/// Somebody who would not have taken part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimulationExclusion<'a> {
    /// Who.
    #[schema(value_type = String, example = "ann")]
    pub user: &'a str,
    /// Why: `not_found`, `not_kept`, `on_hold`, `full`, `closed`.
    #[schema(value_type = String, example = "not_kept")]
    pub code: &'static str,
    /// In words.
    pub detail: String,
}

impl<'a> From<&'a Played> for Simulation<'a> {
    fn from(played: &'a Played) -> Self {
        let admin = Audience {
            you: None,
            names_users: true,
        };
        Self {
            window: Window::from(&played.definition),
            participants: played.participants,
            items: rows(&played.rows, admin),
            excluded: played.excluded.iter().map(exclusion).collect(),
        }
    }
}

fn exclusion((user, why): &(UserId, Exclusion)) -> SimulationExclusion<'_> {
    let code = match why {
        Exclusion::NotFound => Code::NotFound.name(),
        Exclusion::Unknown(Unknown::NotKept) => Code::NotKept.name(),
        Exclusion::Unknown(Unknown::OnHold) => "on_hold",
        Exclusion::Refused(Refusal::Full) => Code::Full.name(),
        Exclusion::Refused(_) => Code::Closed.name(),
    };
    SimulationExclusion {
        user: user.as_str(),
        code,
        detail: why.to_string(),
    }
}
