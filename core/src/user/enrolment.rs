//! What a user knows of the challenges it has joined: its own score in each, and their boundaries (domain.md 5.1, 5.2, 6.1).
//!
//! Ranks and places are the challenge's.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use minicbor::{Decode, Encode};

use super::{
    User,
    closing::Kind,
    counting::{self, Shares, counted_span},
    fold::Fold,
    prizes,
    score::{self, Crossing},
    standing::{self, Past},
    void,
};
use crate::{
    challenge::prizes::Prize,
    civil::Day,
    definition::Definition,
    event::{Contribution, FactKind, Topic},
    id::{ChallengeId, Position},
    input::Conclusion,
    limits,
    metric::Metric,
};

/// Where an enrolment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EnrolmentState {
    /// It scores.
    #[n(0)]
    Active,
    /// The cut-off has passed; the score stands.
    #[n(1)]
    Frozen,
    /// The user left.
    #[n(2)]
    Left,
    /// The challenge was settled.
    #[n(3)]
    Settled,
    /// The challenge was cancelled.
    #[n(4)]
    Cancelled,
    /// It waits for a place.
    #[n(5)]
    Waiting,
    /// The settlement was annulled.
    #[n(6)]
    Voided,
}

/// One enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Enrolment {
    /// Which enrolment of this user in that challenge, from 1.
    #[n(0)]
    pub join: u32,
    /// Stamp of the joining, or of the asking while it waits, POSIX ms.
    #[n(1)]
    pub joined_ms: i64,
    /// What the challenge is.
    #[n(2)]
    pub definition: Definition,
    /// Where it stands.
    #[n(3)]
    pub state: EnrolmentState,
    /// Days that score: amount and the minute that it was reached in, POSIX ms.
    #[n(4)]
    pub days: BTreeMap<Day, (i64, i64)>,
    /// Sum of the days, up to the amount with which one has finished.
    #[n(5)]
    pub score: i64,
    /// Event-time minute in which the score reached its value, POSIX ms.
    #[n(6)]
    pub achieved_at_ms: i64,
    /// The input that changed the score.
    #[n(7)]
    pub version: Position,
    /// `challenge.started` needs no telling any more.
    #[n(8)]
    pub started: bool,
    /// `challenge.ended` needs no telling any more.
    #[n(9)]
    pub ended: bool,
    /// The name on the board as it was at the cut-off; `None`: the cut-off has not passed.
    #[n(10)]
    pub alias: Option<String>,
    /// Where the score reached the amount with which one has finished, of a type that has one.
    #[n(11)]
    #[cbor(default)]
    pub crossing: Option<Crossing>,
    /// What each day gives to each date, where the clock is the same for all and a date has a cap.
    #[n(16)]
    #[cbor(default)]
    pub shares: Shares,
    /// What the user's attributes said at the cut-off by which the challenge has segments.
    #[n(13)]
    #[cbor(default)]
    pub segments: Vec<String>,
    /// Stages of a journey, or tiers of a collective challenge, that the user was told of, from the first on.
    #[n(12)]
    #[cbor(default)]
    pub marks: u32,
    /// The last day that counts, of a score that is made of the last days alone.
    #[n(30)]
    pub last_day: Option<Day>,
    /// What days that are hard closed came to, of a window without an end.
    #[n(31)]
    pub past: Option<Past>,
}

impl Enrolment {
    fn new((join, joined_ms, definition): (u32, i64, &Definition), fold: &Fold<'_>) -> Self {
        Self {
            join,
            joined_ms,
            state: EnrolmentState::Active,
            days: BTreeMap::new(),
            score: 0,
            achieved_at_ms: 0,
            version: fold.header.position,
            started: definition.started_ms() <= fold.at_ms,
            ended: definition.ends_at_ms() <= fold.at_ms,
            alias: None,
            crossing: None,
            shares: Shares::new(),
            segments: Vec::new(),
            marks: 0,
            last_day: None,
            past: None,
            definition: definition.clone(),
        }
    }

    /// Whether its challenge is not over for this user: one of the few that may be open at one time.
    #[must_use]
    pub fn is_open(&self) -> bool {
        use EnrolmentState::{Active, Frozen, Waiting};
        matches!(self.state, Active | Frozen | Waiting)
    }

    /// Whether it has a score, which may stand.
    fn scores(&self) -> bool {
        use EnrolmentState::{Active, Frozen, Settled};
        matches!(self.state, Active | Frozen | Settled)
    }

    /// Whether it waits for a place that it gets only while its attributes let it take part.
    fn is_judged(&self) -> bool {
        self.state == EnrolmentState::Waiting && self.definition.eligibility.is_some()
    }

    /// Whether it knows of a joining with that number: one that waits does not yet.
    pub(super) fn has_joined(&self, join: u32) -> bool {
        self.join > join || self.join == join && self.state != EnrolmentState::Waiting
    }

    /// Whether that joining scores, and knows of an earlier end only.
    pub(super) fn ends_before(&self, join: u32, ends: Day) -> bool {
        let scores = matches!(self.state, EnrolmentState::Active | EnrolmentState::Frozen);
        scores && self.join == join && self.definition.ends < ends
    }

    /// Whether a boundary of the challenge is still to come for this user.
    #[must_use]
    pub fn awaits_boundary(&self) -> bool {
        self.state == EnrolmentState::Active
    }
}

/// The earliest boundary of one enrolment.
pub(super) fn next(id: ChallengeId, held: &Enrolment) -> Option<(i64, Kind)> {
    if held.state != EnrolmentState::Active {
        return None;
    }
    let of = &held.definition;
    if !held.started {
        Some((of.started_ms(), Kind::ChallengeStart(id)))
    } else if !held.ended {
        Some((of.ends_at_ms(), Kind::ChallengeEnd(id)))
    } else {
        Some((of.settles_at_ms(), Kind::ChallengeSettle(id)))
    }
}

/// The user waits for a place: nothing scores, and no board has a row of it.
pub(super) fn wait(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: ChallengeId,
    waiting: (u32, i64, &Definition),
) {
    let held = user.enrolments.get(&id);
    if held.is_some_and(|held| held.join >= waiting.0) {
        return;
    }
    let held = Enrolment {
        state: EnrolmentState::Waiting,
        ..Enrolment::new(waiting, fold)
    };
    user.enrolments.insert(id, Box::new(held));
    forget_oldest(user);
    // The row of an earlier enrolment goes.
    user.unwritten_standings.insert(id);
    fold.tell(user, FactKind::ChallengeWaitlisted(id));
}

pub(super) fn enrol(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: ChallengeId,
    joining: (u32, i64, &Definition),
) {
    let (join, joined_ms, definition) = joining;
    let days = counting::days(user, definition, joined_ms);
    let held = user.enrolments.get(&id);
    if held.is_some_and(|held| held.has_joined(join)) {
        return;
    }
    let held = Enrolment {
        last_day: standing::last_day(user, definition, fold.at_ms),
        ..Enrolment::new(joining, fold)
    };
    user.enrolments.insert(id, Box::new(held));
    forget_oldest(user);
    fold.tell(user, FactKind::ChallengeJoined(id));
    score_days(user, fold, id, days);
}

/// The window has become longer. What froze meanwhile scores again.
pub(super) fn extend(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: ChallengeId,
    (join, ends): (u32, Day),
) {
    let held = user.enrolments.get(&id);
    let Some(held) = held.filter(|held| held.ends_before(join, ends)) else {
        return;
    };
    let days = counting::added_days(user, held, ends);
    let Some(held) = user.enrolments.get_mut(&id) else {
        return;
    };
    held.definition.ends = ends;
    held.ended = held.definition.ends_at_ms() <= fold.at_ms;
    (held.state, held.alias) = (EnrolmentState::Active, None);
    fold.tell(
        user,
        FactKind::ChallengeExtended {
            challenge: id,
            ends,
        },
    );
    score_days(user, fold, id, days);
}

/// Scores days of the window, from a first to a last one.
fn score_days(user: &mut User, fold: &mut Fold<'_>, id: ChallengeId, (first, last): (Day, Day)) {
    let Some(held) = user.enrolments.get(&id) else {
        return;
    };
    let definition = held.definition.clone();
    super::rebuild::warm(user, fold, first, last);
    let days = user.days.range(first..).map(|(day, _)| *day);
    let days: Vec<Day> = days.take_while(|day| *day <= last).collect();
    for day in days {
        let series = counting::minutes(user, &definition, day);
        score::score_day(user, id, day, &series);
    }
    score::sum_up(user, fold, id, true);
}

/// Concluded enrolments give way to new ones; open ones are bounded at admission.
fn forget_oldest(user: &mut User) {
    while user.enrolments.len() > limits::ENROLMENTS_PER_USER_MAX.saturating_mul(2) {
        let oldest = user.enrolments.iter().filter(|(_, held)| !held.is_open());
        let Some(id) = oldest
            .min_by_key(|(id, held)| (held.joined_ms, **id))
            .map(|(id, _)| *id)
        else {
            return;
        };
        user.enrolments.remove(&id);
    }
}

pub(super) fn withdraw(user: &mut User, id: ChallengeId, join: u32) {
    if let Some(held) = user
        .enrolments
        .get_mut(&id)
        .filter(|held| held.join == join)
    {
        held.state = EnrolmentState::Left;
        user.unwritten_standings.insert(id);
    }
}

pub(super) fn conclude(
    user: &mut User,
    fold: &mut Fold<'_>,
    id: ChallengeId,
    (join, conclusion): (u32, &Conclusion),
) {
    if let Conclusion::Voided {
        reason,
        campaign,
        prizes,
    } = conclusion
    {
        return void::void(user, fold, (id, join), (reason, *campaign, prizes));
    }
    let Some(held) = user
        .enrolments
        .get_mut(&id)
        .filter(|held| held.join == join)
    else {
        return;
    };
    if !held.is_open() {
        return;
    }
    let of = &held.definition;
    let (campaign, measure) = (of.campaign, of.kind.measure(of.metric));
    let mut won: &[Prize] = &[];
    let fact = match conclusion {
        Conclusion::Settled {
            rank,
            score,
            participants,
            finished_at_ms,
            prizes,
            team,
        } => {
            won = prizes;
            held.state = EnrolmentState::Settled;
            FactKind::ChallengeSettled {
                challenge: id,
                rank: *rank,
                score: *score,
                participants: *participants,
                finished_at_ms: *finished_at_ms,
                team: team.clone(),
                measure,
            }
        }
        Conclusion::NotAdmitted | Conclusion::Voided { .. } => {
            held.state = EnrolmentState::Left;
            FactKind::ChallengeNotAdmitted(id)
        }
        Conclusion::Cancelled(reason) => {
            held.state = EnrolmentState::Cancelled;
            FactKind::ChallengeCancelled {
                challenge: id,
                reason: reason.clone(),
            }
        }
    };
    fold.tell(user, fact);
    if let Some(campaign) = campaign {
        prizes::pay(user, fold, (id, campaign), won);
    }
    fold.changed(Topic::Rank(id));
}

pub(super) fn start(user: &mut User, fold: &mut Fold<'_>, id: ChallengeId) {
    if let Some(held) = user.enrolments.get_mut(&id) {
        held.started = true;
    }
    fold.tell(user, FactKind::ChallengeStarted(id));
}

pub(super) fn end(user: &mut User, fold: &mut Fold<'_>, id: ChallengeId) {
    if let Some(held) = user.enrolments.get_mut(&id) {
        held.ended = true;
    }
    fold.tell(user, FactKind::ChallengeEnded(id));
}

/// The cut-off: what comes with this stamp or a later one no longer counts (ADR 0008).
pub(super) fn freeze(user: &mut User, id: ChallengeId) {
    let alias = user.shown_alias();
    let held = user.enrolments.get(&id);
    let segments = held.map(|held| user.segments(&held.definition));
    if let Some(held) = user.enrolments.get_mut(&id) {
        held.state = EnrolmentState::Frozen;
        held.alias = Some(alias);
        held.segments = segments.unwrap_or_default();
    }
}

/// A day's minutes have changed: scores of the challenges that count it, where it is not hard closed.
pub(super) fn day_changed(
    user: &mut User,
    fold: &mut Fold<'_>,
    (day, metric): (Day, Metric),
    series: &[(i32, u32)],
) {
    if day <= user.hard_closed {
        return;
    }
    let counts = |held: &Enrolment| {
        let of = &held.definition;
        let read = of.kind.counts(metric, of.metric) || of.evidence.looks_at(metric);
        let counted = || read && counting::counts_day(user, held, day);
        held.state == EnrolmentState::Active && counted()
    };
    let ids: Vec<_> = user
        .enrolments
        .iter()
        .filter(|(_, e)| counts(e))
        .map(|(id, _)| *id)
        .collect();
    for id in ids {
        score::score_changed(user, id, day, series);
        counting::follow(user, fold, id, day);
        score::sum_up(user, fold, id, false);
    }
}

/// A window that has not begun begins at another instant now, and with it a row without steps (domain.md 6.1).
pub(super) fn zone_changed(user: &mut User, fold: &mut Fold<'_>) {
    let active = |held: &Enrolment| held.state == EnrolmentState::Active;
    let held = user.enrolments.iter().filter(|(_, held)| active(held));
    let ids: Vec<ChallengeId> = held.map(|(id, _)| *id).collect();
    ids.into_iter()
        .for_each(|id| score::sum_up(user, fold, id, false));
}

/// The alias or an attribute has changed: every board that still moves shows it.
pub(super) fn announce_all(user: &mut User, fold: &mut Fold<'_>) {
    let position = fold.header.position;
    let mut ids = Vec::new();
    for (id, held) in &mut user.enrolments {
        if held.state == EnrolmentState::Active || held.is_judged() {
            held.version = position;
            ids.push(*id);
        }
    }
    ids.into_iter()
        .for_each(|id| score::announce(user, fold, id));
}

impl User {
    fn is_eligible(&self, of: &Definition) -> bool {
        let rule = of.eligibility.as_ref();
        rule.is_none_or(|rule| rule.judge(&self.attributes).is_ok())
    }

    /// What its attributes say by which a challenge has segments.
    fn segments(&self, of: &Definition) -> Vec<String> {
        let said = |name| self.attributes.get(name).map(ToString::to_string);
        let names = of.segments.iter();
        names.map(|name| said(name).unwrap_or_default()).collect()
    }

    /// What the user's partition tells a challenge of this user now; sent again after a restart.
    #[must_use]
    pub fn contribution(&self, id: ChallengeId) -> Option<Contribution> {
        let held = self.enrolments.get(&id)?;
        (held.scores() || held.is_judged()).then(|| Contribution {
            challenge: id,
            user: self.id.clone(),
            join: held.join,
            version: held.version,
            score: held.key(counted_span(self, held).0),
            achieved_at_ms: held.achieved_at_ms,
            alias: held.alias.clone().unwrap_or_else(|| self.shown_alias()),
            days: held.rounds(),
            segments: match held.alias {
                Some(_) => held.segments.clone(),
                None => self.segments(&held.definition),
            },
            is_ineligible: held.is_judged() && !self.is_eligible(&held.definition),
        })
    }
}
