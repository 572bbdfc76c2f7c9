//! What a challenge is: its definition as data, with every fault of it found at once (domain.md 5.1, protocol.md 7).
//!
//! Pure data and checks; the life cycle is `challenge`'s.

mod clock;
pub mod eligibility;
mod evidence;
mod keeping;
pub mod kind;
pub mod recurs;
pub mod rewards;
pub mod standing;
mod terms;

use alloc::{borrow::Cow, format, string::String, vec::Vec};
use minicbor::{Decode, Encode};

use self::{
    eligibility::Rule,
    recurs::{Cycle, Recurs},
    rewards::{Reward, TieRule},
};
use crate::{
    attribute::Name,
    civil::Day,
    id::{CampaignId, TemplateId},
    leaderboard::RankStyle,
    limits,
    metric::Metric,
    zone::Zones,
};

pub use kind::{Kind, Measure, Reached, Scale};

pub use clock::{Clock, DateSpan, Dial};
pub use evidence::Evidence;
pub use keeping::Keeping;

/// Whether one may join after the window's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LateJoin {
    /// Until the end; minutes count from the joining.
    #[default]
    #[n(0)]
    Yes,
    /// Only before the window's start for that user.
    #[n(1)]
    No,
    /// Until the end; minutes count from the window's start, whenever one joins (ADR 0061).
    #[n(2)]
    Prorated,
}

/// A challenge.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Definition {
    /// Shown to users; 1 to 200 characters.
    #[n(0)]
    pub title: String,
    /// What is summed.
    #[n(1)]
    pub metric: Metric,
    /// First date, on the clock.
    #[n(2)]
    pub starts: Day,
    /// Last date, inside the window.
    #[n(3)]
    pub ends: Day,
    /// When joining opens, POSIX ms; `None`: publishing opens it.
    #[n(4)]
    pub join_opens_ms: Option<i64>,
    /// Joining after the start.
    #[n(5)]
    pub late: LateJoin,
    /// Most participants; `None`: [`Keeping::participants_max`].
    #[n(6)]
    pub capacity: Option<u32>,
    /// Most of one day that counts, store units; `None`: all of it. 30,000 where the admin says nothing.
    #[n(7)]
    pub per_day_cap: Option<i64>,
    /// Hours from the window's end to the settlement, 0 to 72.
    #[n(8)]
    pub finalisation_h: u32,
    /// Most users who wait for a place once all are taken, longest wait first; 0: nobody.
    #[n(9)]
    #[cbor(default)]
    pub waitlist: u32,
    /// How ranks are counted, wherever they are shown or told.
    #[n(10)]
    #[cbor(default)]
    pub rank_style: RankStyle,
    /// How it is won.
    #[n(11)]
    #[cbor(default)]
    pub kind: Kind,
    /// What is won, and by whom; empty: nothing.
    #[n(16)]
    #[cbor(default)]
    pub rewards: Vec<Reward>,
    /// What becomes of prizes by place where scores are equal.
    #[n(17)]
    #[cbor(default)]
    pub tie_rule: TieRule,
    /// The campaign whose budget pays; there is one where there are rewards.
    #[n(18)]
    pub campaign: Option<CampaignId>,
    /// Whose clock the dates are of.
    #[n(12)]
    #[cbor(default)]
    pub clock: Clock,
    /// Who may take part; `None`: everybody.
    #[n(13)]
    pub eligibility: Option<Rule>,
    /// Attributes by which its board has segments.
    #[n(19)]
    #[cbor(default)]
    pub segments: Vec<Name>,
    /// Fewest members at the window's end; with fewer it is cancelled then. `None`: any number will do.
    #[n(14)]
    #[cbor(default)]
    pub min_participants: Option<u32>,
    /// Which samples count.
    #[n(15)]
    #[cbor(default)]
    pub evidence: Evidence,
    /// When it begins anew: then it is a series of challenges and none itself.
    #[n(30)]
    pub recurs: Option<Recurs>,
    /// Which of a series it is.
    #[n(31)]
    pub cycle: Option<Cycle>,
    /// How many of the last days a score is made of, 2 to 31; `None`: all of the window.
    #[n(32)]
    pub rolling_days: Option<u32>,
    /// The window has no end: `ends` is [`limits::ENDLESS_DAYS`] behind `starts`.
    #[n(33)]
    #[cbor(default)]
    pub is_endless: bool,
    /// The template that it was made of.
    #[n(34)]
    pub template: Option<TemplateId>,
    /// How its board is kept while it runs.
    #[n(35)]
    #[cbor(default)]
    pub keeping: Keeping,
}

/// A fault of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionFault {
    /// JSON pointer into the challenge body.
    pub pointer: Cow<'static, str>,
    /// A short code.
    pub code: &'static str,
    /// In words.
    pub detail: String,
}

impl DefinitionFault {
    /// A fault of the member that a JSON pointer names.
    #[must_use]
    pub fn at(
        pointer: impl Into<Cow<'static, str>>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
        }
    }
}

const HOUR_MS: i64 = crate::civil::HOUR_MS;
const WEEK_MS: i64 = 168 * HOUR_MS;

impl Definition {
    /// The default cap of a day, in steps (domain.md 5.2).
    pub const PER_DAY_CAP: i64 = 30_000;
    /// The default finalisation, in hours (domain.md 5.1).
    pub const FINALISATION_H: u32 = 24;

    /// One that counts steps over these dates, both inside, and has the defaults of protocol.md 7 in all else.
    #[must_use]
    pub fn new(title: &str, (starts, ends): (Day, Day)) -> Self {
        Self {
            title: title.into(),
            metric: Metric::STEPS,
            starts,
            ends,
            join_opens_ms: None,
            late: LateJoin::Yes,
            capacity: None,
            per_day_cap: Some(Self::PER_DAY_CAP),
            finalisation_h: Self::FINALISATION_H,
            waitlist: 0,
            rank_style: RankStyle::Competition,
            kind: Kind::Most,
            rewards: Vec::new(),
            tie_rule: TieRule::Earliest,
            campaign: None,
            clock: Clock::UserLocal,
            eligibility: None,
            segments: Vec::new(),
            min_participants: None,
            evidence: Evidence::Sensed,
            recurs: None,
            cycle: None,
            rolling_days: None,
            is_endless: false,
            template: None,
            keeping: Keeping::Whole,
        }
    }

    /// All that is wrong with it; empty when it may be published.
    #[must_use]
    pub fn faults(&self) -> Vec<DefinitionFault> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, pointer, code, detail: String| {
            if wrong {
                faults.push(DefinitionFault::at(pointer, code, detail));
            }
        };
        let title = self.title.chars().count();
        let title_fits = (1..=limits::TITLE_CHARS_MAX).contains(&title);
        fault(!title_fits, "/title", "range", "1 to 200 characters".into());
        let before = format!("{} is before {}", self.ends.iso(), self.starts.iso());
        fault(
            self.ends < self.starts,
            "/window/ends",
            "before_start",
            before,
        );
        let long = !self.is_endless && self.ends.since(self.starts) >= limits::WINDOW_DAYS_MAX;
        fault(
            long,
            "/window/ends",
            "range",
            "a window has at most 400 days".into(),
        );
        let opens_late = self
            .join_opens_ms
            .is_some_and(|opens| opens >= self.ends_at_ms());
        fault(
            opens_late,
            "/join/opens_ms",
            "after_end",
            "joining would open after the end".into(),
        );
        let most = self.keeping.participants_max();
        let fits = self.capacity.is_none_or(|n| (1..=most).contains(&n));
        let words = format!("1 to {most}, or null");
        fault(!fits, "/capacity", "range", words);
        let long = self.waitlist > limits::WAITLIST_MAX;
        fault(long, "/waitlist", "range", "0 to 100000".into());
        let endless = self.waitlist > 0 && self.capacity.is_none();
        let words = "nobody waits for a place where there is no capacity";
        fault(
            endless && !long,
            "/waitlist",
            "needs_capacity",
            words.into(),
        );
        let most = limits::CHALLENGE_AMOUNT_MAX;
        let fits = self.per_day_cap.is_none_or(|cap| (1..=most).contains(&cap));
        let words = "more than 0, or null";
        fault(!fits, "/per_day_cap", "range", words.into());
        let long = self.finalisation_h > limits::FINALISATION_H_MAX;
        fault(long, "/finalisation_h", "range", "0 to 72".into());
        faults.extend(self.kind.faults(self));
        faults.extend(self.reward_faults());
        faults.extend(self.faults_of_terms());
        faults.extend(self.eligibility.iter().flat_map(Rule::faults));
        faults.extend(self.recurring_faults());
        faults.extend(self.standing_faults());
        faults.extend(self.keeping_faults());
        faults
    }

    /// What members are told of it: whether they may take part was judged before.
    #[must_use]
    pub fn as_told(&self) -> Self {
        Self {
            eligibility: None,
            ..self.clone()
        }
    }

    /// The amount with which a member has finished, store units; `None`: the type has none.
    #[must_use]
    pub fn line(&self) -> Option<i64> {
        self.kind.line(self.metric)
    }

    /// Most members who are in at one time.
    #[must_use]
    pub fn places(&self) -> u32 {
        self.capacity
            .unwrap_or_else(|| self.keeping.participants_max())
    }

    /// Whether a user whose window starts at `starts_ms` may still be taken in, both POSIX ms.
    #[must_use]
    pub fn takes_in(&self, starts_ms: i64, now_ms: i64) -> bool {
        now_ms < self.ends_at_ms() && (self.late != LateJoin::No || now_ms < starts_ms)
    }

    /// The window's first start anywhere, POSIX ms: 00:00 of `starts` at UTC+14, or on the clock that all share.
    #[must_use]
    pub fn started_ms(&self) -> i64 {
        self.clock.first_start_ms(self.starts)
    }

    /// The window's last end anywhere, POSIX ms: 00:00 after `ends` at UTC-12, or on the clock that all share.
    #[must_use]
    pub fn ends_at_ms(&self) -> i64 {
        self.clock.last_end_ms(self.ends)
    }

    /// The same, so many days later.
    #[must_use]
    pub fn moved(&self, days: i32, zones: &dyn Zones) -> Self {
        let starts = self.starts.plus(days);
        Self {
            starts,
            ends: self.ends.plus(days),
            clock: self.clock.around(starts, zones),
            ..self.clone()
        }
    }

    /// The same where its window is over everywhere by then, else so many weeks earlier as that takes: people live by the week.
    #[must_use]
    pub fn last_over(&self, now_ms: i64, zones: &dyn Zones) -> Self {
        let ahead_ms = self.ends_at_ms().saturating_sub(now_ms).max(0);
        let weeks = ahead_ms
            .saturating_add(WEEK_MS)
            .saturating_sub(1)
            .div_euclid(WEEK_MS);
        let days = i32::try_from(weeks.saturating_mul(7)).unwrap_or(i32::MAX);
        self.moved(days.saturating_neg(), zones)
    }

    /// The cut-off of the settlement, POSIX ms.
    #[must_use]
    pub fn settles_at_ms(&self) -> i64 {
        self.ends_at_ms()
            .saturating_add(i64::from(self.finalisation_h).saturating_mul(HOUR_MS))
    }
}

#[cfg(test)]
mod tests;
