//! Why a day has its tokens: the minutes that pay for it, what the rule makes of them, what is posted (domain.md 2.2, 8.2).

use alloc::vec::Vec;

use crate::{civil::Day, event::EventId, scoring, user::User, view::DayPhase};

pub use crate::scoring::Band;

/// Why a day has its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenWhy {
    /// Which.
    pub day: Day,
    /// Where it stands.
    pub phase: DayPhase,
    /// The rule with its version.
    pub rule: &'static str,
    /// Which minutes pay for it, while that is held: first and first after it, POSIX ms.
    pub range_ms: Option<(i64, i64)>,
    /// The steps of these minutes by the day that they lie in now; other days than this one only after a change of zone.
    pub parts: Vec<(Day, i64)>,
    /// Eligible steps that pay: as frozen, once the day is hard-closed.
    pub steps: i64,
    /// What the rule makes of them, by band.
    pub bands: Vec<Band>,
    /// Their sum before it is rounded down to a tenth of a token, 10^-6.
    pub raw_micro: i64,
    /// What that earns.
    pub earned_micro: i64,
    /// What is booked.
    pub posted_micro: i64,
    /// The day's state as it is now: the evidence of a posting that nothing has changed since.
    pub state_hash: [u8; 32],
    /// The input that changed its amounts last.
    pub changed_by: Option<EventId>,
}

impl User {
    /// Why a day has its tokens.
    #[must_use]
    pub fn token_why(&self, day: Day, now_ms: i64) -> TokenWhy {
        let view = self.day_view(day, now_ms);
        let state = self.days.get(&day);
        let frozen = day <= self.hard_closed;
        let steps = if frozen {
            view.scored
        } else {
            self.payable_steps(day)
        };
        let bands = scoring::bands(steps).to_vec();
        let raw = bands
            .iter()
            .fold(0_i64, |sum, band| sum.saturating_add(band.micro));
        let parts = self.days.iter().filter_map(|(of, state)| {
            let part = state.shares.get(&day)?;
            Some((*of, *part))
        });
        TokenWhy {
            day,
            phase: view.phase,
            rule: scoring::STEPS_RULE,
            range_ms: self.paying.range(day),
            parts: parts.collect(),
            steps,
            bands,
            raw_micro: raw,
            earned_micro: scoring::steps_micro(steps),
            posted_micro: view.posted_micro,
            state_hash: view.state_hash,
            changed_by: state.and_then(|state| state.links.changed()),
        }
    }
}
