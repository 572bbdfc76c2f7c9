//! Why a day has its tokens.

use serde::Serialize;
use streakline_core::{
    event,
    user::explain::{Band, TokenWhy},
};
use utoipa::ToSchema;

use super::{
    super::{Transfer, day::DayPhase, hex},
    Span, Trail, trail,
};

/// Why a day has its tokens.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TokensExplained {
    /// The date.
    #[schema(format = Date)]
    pub day: String,
    /// Where it stands.
    pub phase: DayPhase,
    /// The rule with its version.
    #[schema(value_type = String, example = "steps@1")]
    pub rule: &'static str,
    /// Which minutes pay for it: fixed at its soft close, so that a later change of zone pays no minute twice; null: not fixed
    /// yet, or no longer needed.
    #[schema(required = true)]
    pub range: Option<Span>,
    /// The steps of these minutes by the day that they lie in now.
    pub parts: Vec<StepsOfDay>,
    /// Eligible steps that pay: as frozen, once the day is hard-closed.
    pub steps: i64,
    /// What the rule makes of them.
    pub bands: Vec<BandOfSteps>,
    /// Their sum, before it is rounded down to a tenth of a token, 10^-6.
    pub raw_micro: i64,
    /// What that earns.
    pub earned_micro: i64,
    /// What is booked.
    pub posted_micro: i64,
    /// The day's state now, in hexadecimal: the `evidence` of a transfer that nothing has changed since.
    pub state_hash: String,
    /// The input that changed the day's amounts last.
    #[schema(required = true)]
    pub changed_by: Option<String>,
    /// Transfers about the day, oldest first. The key of each holds the total after it: a repeat changes nothing.
    pub transfers: Vec<Transfer>,
    /// What was told of it and who changed what.
    pub trail: Trail,
}

/// Steps of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StepsOfDay {
    /// The date.
    #[schema(format = Date)]
    pub day: String,
    /// How many of them pay.
    pub steps: i64,
}

/// Steps of a day that are worth the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BandOfSteps {
    /// It takes the steps above so many.
    pub from: i64,
    /// What each is worth, 10^-6 token.
    pub rate_micro: i64,
    /// How many it takes.
    pub steps: i64,
    /// What they are worth together.
    pub micro: i64,
}

fn band(band: &Band) -> BandOfSteps {
    BandOfSteps {
        from: band.from,
        rate_micro: band.rate_micro,
        steps: band.steps,
        micro: band.micro,
    }
}

impl TokensExplained {
    /// The explanation, with the day's transfers and a page of its trail.
    #[must_use]
    pub fn new(why: &TokenWhy, transfers: &[event::Transfer], trail: Trail) -> Self {
        let part = |(day, steps): &(streakline_core::civil::Day, i64)| StepsOfDay {
            day: day.iso(),
            steps: *steps,
        };
        Self {
            day: why.day.iso(),
            phase: why.phase.into(),
            rule: why.rule,
            range: why.range_ms.map(Span::from),
            parts: why.parts.iter().map(part).collect(),
            steps: why.steps,
            bands: why.bands.iter().map(band).collect(),
            raw_micro: why.raw_micro,
            earned_micro: why.earned_micro,
            posted_micro: why.posted_micro,
            state_hash: hex(&why.state_hash),
            changed_by: why.changed_by.as_ref().map(trail::id),
            transfers: transfers.iter().map(Transfer::from).collect(),
            trail,
        }
    }
}
