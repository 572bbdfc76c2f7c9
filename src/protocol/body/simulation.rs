//! How a challenge would have ended, as REST shows it to admins.

use serde::Serialize;
use streakline_core::{
    challenge::{
        admit::Refusal,
        rehearsal::{Exclusion, Played},
    },
    id::UserId,
    user::rehearsal::Unknown,
    view::RowView,
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
    /// Fewer than `min_participants` would have been in, so that it would have been cancelled.
    pub cancelled: bool,
    /// What it would have cost, 10^-6 token.
    pub cost_micro: i64,
    /// What publishing it reserves: the most that it can cost, 10^-6 token.
    pub reserve_micro: i64,
    /// The first rows, best first.
    pub items: Vec<Row<'a>>,
    /// What those rows would have won.
    pub prizes: Vec<SimulationPrize<'a>>,
    /// Who would not have taken part, in the order of the candidates.
    pub excluded: Vec<SimulationExclusion<'a>>,
}

/// What somebody would have won.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimulationPrize<'a> {
    /// Who.
    #[schema(value_type = String, example = "ann")]
    pub user: &'a str,
    /// All prizes together, 10^-6 token.
    pub amount_micro: i64,
}

/// Somebody who would not have taken part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimulationExclusion<'a> {
    /// Who.
    #[schema(value_type = String, example = "ann")]
    pub user: &'a str,
    /// Why: `not_found`, `not_kept`, `on_hold`, `full`, `closed`, `not_eligible`.
    #[schema(value_type = String, example = "not_kept")]
    pub code: &'static str,
    /// In words; of `not_eligible`, which attribute must be what.
    pub detail: String,
    /// Of `not_eligible`: JSON pointer to the test that decides, into the challenge.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "/eligibility/all/0/in")]
    pub pointer: Option<String>,
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
            cancelled: played.is_cancelled,
            cost_micro: played.cost_micro,
            reserve_micro: played.definition.worst_case_micro(),
            items: rows(&played.rows, admin),
            prizes: played
                .rows
                .iter()
                .zip(&played.won_micro)
                .filter_map(prize)
                .collect(),
            excluded: played.excluded.iter().map(exclusion).collect(),
        }
    }
}

fn prize<'a>((row, amount_micro): (&'a RowView, &i64)) -> Option<SimulationPrize<'a>> {
    let user = row.user.as_ref().filter(|_| *amount_micro > 0)?;
    Some(SimulationPrize {
        user: user.as_str(),
        amount_micro: *amount_micro,
    })
}

fn exclusion((user, why): &(UserId, Exclusion)) -> SimulationExclusion<'_> {
    let code = match why {
        Exclusion::NotFound => Code::NotFound.name(),
        Exclusion::Unknown(Unknown::NotKept) => Code::NotKept.name(),
        Exclusion::Unknown(Unknown::OnHold) => "on_hold",
        Exclusion::Refused(Refusal::Full) => Code::Full.name(),
        Exclusion::Refused(_) => Code::Closed.name(),
        Exclusion::Ineligible(_) => Code::NotEligible.name(),
    };
    SimulationExclusion {
        user: user.as_str(),
        code,
        detail: why.to_string(),
        pointer: match why {
            Exclusion::Ineligible(why) => Some(why.pointer.clone()),
            _ => None,
        },
    }
}
