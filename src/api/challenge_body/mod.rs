//! Reads the body of a challenge into its definition, with every fault of either found at once.

mod eligibility;
mod kind;
mod recurs;
mod rewards;
mod teams;
mod window;

use serde_json::Value;
use streakline_core::{
    attribute::Name,
    definition::{Definition, Evidence, Keeping, Kind, eligibility::Rule},
    leaderboard::RankStyle,
    limits,
    manual::ManualPolicy,
    metric::Metric,
    zone::Zones,
};
use utoipa::ToSchema;

use self::{
    eligibility::rule,
    kind::{RingBody, StageBody, kind, type_name},
    recurs::{RecursBody, recurs},
    rewards::{RewardBody, campaign, rewards, tie_rule},
    teams::TeamBody,
    window::{JoinBody, Window, WindowBody, join},
};
use super::{
    attributes::named,
    fault::{Faults, Wrong},
    fields::{Fields, distinct, integer, text, word},
    goal_body::{amount, metric},
};
use crate::protocol::error_code::Refusal;

/// Members of the answer that a PUT may send back; they change nothing.
pub(super) const READ_ONLY: &[&str] = &[
    "id",
    "phase",
    "version",
    "created_ms",
    "started_ms",
    "ends_at_ms",
    "settles_at_ms",
    "reached_ms",
    "cycle",
    "template",
];

/// A challenge to be made; what is absent has the value shown.
#[derive(ToSchema)]
#[schema(as = ChallengeDefinition)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct ChallengeBody {
    /// 1 to 200 characters.
    #[schema(example = "April steps", min_length = 1, max_length = 200)]
    title: String,
    /// How it is won: `most`, the largest sum; `target`, an amount that is reached or not; `race`, whoever reaches an amount in
    /// the fewest minutes from the own start; `collective`, tiers of the sum of all; `journey`, stages of a route;
    /// `duel`, two users and three rings; `last_standing`, a bar for each day, or the lowest few of it out; `team_vs_team`, what the members of teams come to.
    #[schema(example = "most")]
    r#type: String,
    /// Of `target` and `race`: the amount to be reached, in the metric's unit.
    #[schema(example = 10_000)]
    target: Option<f64>,
    /// Of `race`: places for those who finish; null: one for everybody.
    #[schema(minimum = 1, maximum = 1_000_000)]
    finishers: Option<u32>,
    /// Of `collective`: 1 to 20 sums of all scores, rising, in the metric's unit.
    tiers: Option<Vec<f64>>,
    /// Of `journey`: 1 to 32 stages, from near to far.
    #[schema(inline)]
    stages: Option<Vec<StageBody>>,
    /// Of `duel`: 3 rings; a day's points are the sum of the per cents to which they are filled, at most 600.
    #[schema(inline)]
    rings: Option<Vec<RingBody>>,
    /// Of `last_standing`: what each day needs, in the metric's unit.
    #[schema(example = 8_000)]
    bar: Option<f64>,
    /// Of `last_standing`, instead of a bar: how many per cent of those who stand are out after each day, rounded down, at least one; who
    /// has no more than the best of them is out too.
    #[schema(minimum = 1, maximum = 50)]
    lowest_percent: Option<u32>,
    /// Of `team_vs_team`: 2 to 64 teams.
    #[schema(inline)]
    teams: Option<Vec<TeamBody>>,
    /// Of `team_vs_team`: `chosen`, who joins says which team; `balanced`, the server takes the one with the fewest members.
    #[schema(default = "chosen")]
    roster: Option<String>,
    /// Of `team_vs_team`: `mean` of its members' scores, `sum`, or `best`, the mean of the best so many.
    #[schema(default = "mean")]
    team_score: Option<String>,
    /// Of a `team_score` of `best`: how many; a team with fewer members is not ranked.
    #[schema(minimum = 1, maximum = 100)]
    best: Option<u32>,
    /// What is counted: a metric whose amounts add up; a duel has none, a journey counts steps or distance.
    #[schema(example = "steps")]
    metric: Option<String>,
    /// When samples count.
    #[schema(inline)]
    window: WindowBody,
    /// When it begins anew: each window is a challenge of its own then, and `window` the first; null: never.
    #[schema(inline)]
    recurs: Option<RecursBody>,
    /// Who may join when.
    #[schema(inline)]
    join: Option<JoinBody>,
    /// How the board is kept while the challenge runs: `whole`; or `parts`, in which two million may take part, and ranks behind the
    /// first thousand are estimated until it is settled.
    #[schema(default = "whole")]
    board: Option<String>,
    /// Most participants; null: a million, or two of a board in parts.
    #[schema(minimum = 1, maximum = 2_000_000)]
    capacity: Option<u32>,
    /// Most users who wait for a place once all are taken, longest wait first; needs a capacity.
    #[schema(default = 0, maximum = 100_000)]
    waitlist: Option<u32>,
    /// Who may take part, by attributes: `all`, `any`, `not`, `eq`, `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `between`, at most 256
    /// nodes and 16 deep; null: everybody.
    #[schema(value_type = Option<Object>, example = json!({"in": [{"attr": "region"}, ["EU", "UK"]]}))]
    eligibility: Option<Value>,
    /// Up to 4 attributes by which the board has segments: rows of members of whom they say the same, ranked among themselves.
    segments: Option<Vec<String>>,
    /// Fewest members at the window's end; with fewer it is cancelled then. Null: any number will do.
    #[schema(minimum = 1, maximum = 2_000_000)]
    min_participants: Option<u32>,
    /// Which samples count: `sensed`; `any` where typed-in ones count for anything at all (`rules.manual_policy`); `workout_with_hr`, those of
    /// minutes of workouts in which a heart rate was measured; `attested`, measured ones that the key of their device has signed.
    #[schema(default = "sensed")]
    evidence: Option<String>,
    /// Most of one day that counts, in the metric's unit; null: all of it. Absent: 30,000 steps of `most` and `team_vs_team`, of other types all of it.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    per_day_cap: Option<f64>,
    /// Hours from the window's end to the settlement; with `lowest_percent` 72, which is then the default.
    #[schema(default = 24, maximum = 72)]
    finalisation_h: Option<u32>,
    /// Prizes by place where scores are equal: `earliest` (who reached it first), `share` (they are split) or `all` (everyone
    /// gets the better one).
    #[schema(default = "earliest")]
    tie_rule: Option<String>,
    /// What is won; at most 16.
    #[schema(inline, max_items = 16)]
    rewards: Option<Vec<RewardBody>>,
    /// The campaign that pays; needed where there are rewards, and the same for ever once it is set.
    #[schema(format = Uuid)]
    campaign: Option<String>,
    /// How ranks are counted: `competition` (1224), `dense` (1223) or `ordinal` (1234).
    #[schema(default = "competition")]
    rank_style: Option<String>,
    /// Only `participants`.
    #[schema(default = "participants")]
    visibility: Option<String>,
}

/// What a body is judged by besides itself.
pub(super) struct Known<'a> {
    /// Zones by their names.
    pub(super) zones: &'a dyn Zones,
    /// What typed-in samples count for in this deployment.
    pub(super) manual_policy: ManualPolicy,
}

/// Which samples count, of those that can be told apart.
fn evidence(value: &Value, policy: ManualPolicy) -> Result<Evidence, Wrong> {
    let words = match text(value)?.as_str() {
        "sensed" => return Ok(Evidence::Sensed),
        "any" if Evidence::Any.total(policy).is_some() => return Ok(Evidence::Any),
        "any" => "typed-in samples count for nothing under this deployment's rules.manual_policy",
        "attested" => return Ok(Evidence::Attested),
        "workout_with_hr" => return Ok(Evidence::WorkoutWithHr),
        _ => "must be sensed, any, attested or workout_with_hr",
    };
    Err(Wrong::new("unsupported", words))
}

/// How the board is kept.
fn keeping(value: &Value) -> Result<Keeping, Wrong> {
    match text(value)?.as_str() {
        "whole" => Ok(Keeping::Whole),
        "parts" => Ok(Keeping::Parts),
        _ => Err(Wrong::new("unsupported", "must be whole or parts")),
    }
}

/// Who may take part, and by which attributes the board has segments.
fn audience(top: &mut Fields<'_>, faults: &Faults) -> (Option<Rule>, Vec<Name>) {
    let whole = |rule: &Value| Ok(rule.clone());
    let eligibility = top.nullable("eligibility", whole).flatten();
    let segments = distinct(limits::SEGMENTS_MAX, |value| named(&text(value)?));
    (
        eligibility.and_then(|value| rule(&value, faults)),
        top.optional("segments", segments).unwrap_or_default(),
    )
}

/// The definition in a body, or all its faults. `read_only`: members that may be there and change nothing.
pub(super) fn parse(
    body: &Value,
    read_only: &[&str],
    known: &Known<'_>,
) -> Result<Definition, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let title = top.required("title", text);
    let name = type_name(&mut top);
    // The rings of a duel say what they count.
    let counted = (name != Some("duel")).then(|| top.required("metric", metric));
    let counted = counted.flatten();
    let kind = name.and_then(|name| kind(&mut top, name, counted));
    let window = Window::read(top.required_object("window"), known.zones);
    let again = recurs(&mut top);
    let (join_opens_ms, late) = join(top.object("join"));
    let keeping = top.optional("board", keeping).unwrap_or_default();
    let most = i64::from(keeping.participants_max());
    let capacity = top.nullable("capacity", integer(1..=most));
    let waitlist = top.optional("waitlist", integer(0..=i64::from(limits::WAITLIST_MAX)));
    let audience = audience(&mut top, &faults);
    let least = top.nullable("min_participants", integer(1..=most));
    let believed = top.optional("evidence", |value| evidence(value, known.manual_policy));
    let per_day_cap = top.nullable("per_day_cap", amount(counted, 1));
    let hours = integer(0..=i64::from(limits::FINALISATION_H_MAX));
    let finalisation_h = top.optional("finalisation_h", hours);
    let ties = top.optional("tie_rule", word(&["earliest", "share", "all"]));
    let paid = if top.has("rewards") {
        let scored = kind.as_ref().zip(counted);
        let scored = scored.and_then(|(kind, own)| kind.measure(own).metric());
        rewards(top.objects("rewards", 0..=limits::REWARDS_MAX), scored)
    } else {
        Vec::new()
    };
    let payer = top.nullable("campaign", campaign).flatten();
    let rank_style = top.optional("rank_style", word(&["competition", "dense", "ordinal"]));
    top.optional("visibility", word(&["participants"]));
    top.done(read_only);
    let dates = window.presumed_dates();
    let mut definition = Definition::new(&title.unwrap_or_default(), dates);
    definition.clock = window.clock(dates.0);
    (definition.is_endless, definition.rolling_days) = (window.is_endless, window.rolling_days);
    definition.metric = counted.unwrap_or(definition.metric);
    definition.kind = kind.unwrap_or(definition.kind);
    let capped = matches!(definition.kind, Kind::Most | Kind::TeamVsTeam(_))
        && definition.metric == Metric::STEPS;
    definition.per_day_cap = definition.per_day_cap.filter(|_| capped);
    (definition.join_opens_ms, definition.late) = (join_opens_ms, late);
    definition.capacity = match (capacity, &definition.kind) {
        (None, Kind::Duel { .. }) => Some(2),
        (None, Kind::Elimination { .. }) => Some(limits::ELIMINATION_PARTICIPANTS_MAX),
        (capacity, _) => number(capacity.flatten()),
    };
    definition.min_participants = number(least.flatten());
    (definition.eligibility, definition.segments) = audience;
    definition.waitlist = number(waitlist).unwrap_or(definition.waitlist);
    definition.evidence = believed.unwrap_or(definition.evidence);
    definition.per_day_cap = per_day_cap.unwrap_or(definition.per_day_cap);
    if definition.eliminates().is_some() {
        definition.finalisation_h = limits::FINALISATION_H_MAX;
    }
    definition.finalisation_h = number(finalisation_h).unwrap_or(definition.finalisation_h);
    definition.rank_style = rank_style.map_or(definition.rank_style, style);
    definition.tie_rule = ties.map_or(definition.tie_rule, tie_rule);
    (definition.rewards, definition.campaign) = (paid, payer);
    (definition.recurs, definition.keeping) = (again, keeping);
    add_faults_of(&definition, &faults);
    faults.none()?;
    Ok(definition)
}

fn number(integer: Option<i64>) -> Option<u32> {
    integer.and_then(|integer| u32::try_from(integer).ok())
}

fn style(word: &str) -> RankStyle {
    match word {
        "dense" => RankStyle::Dense,
        "ordinal" => RankStyle::Ordinal,
        _ => RankStyle::Competition,
    }
}

/// What the definition finds wrong with itself, but for what was presumed and what was already said.
fn add_faults_of(definition: &Definition, faults: &Faults) {
    let window_is_known = !faults.concern("/window");
    let found = definition.faults().into_iter().filter(|fault| {
        let of_dates = fault.pointer.starts_with("/window")
            || fault.code == "after_end"
            || fault.code == "before_start";
        let by_capacity = fault.code == "needs_capacity" || fault.pointer == "/min_participants";
        let of_capacity = by_capacity && faults.concern("/capacity");
        let of_dates = of_dates || fault.pointer == "/join/late";
        // Where a reward is missing, the places of the others are not known.
        let of_rewards = faults.concern("/rewards")
            && (fault.pointer.starts_with("/rewards") || fault.code == "needs_rewards");
        let of_payer = fault.code == "needs_rewards" && faults.concern("/campaign");
        !of_rewards
            && !of_payer
            && !faults.concern(&fault.pointer)
            && (window_is_known || !of_dates)
            && !of_capacity
    });
    for fault in found.collect::<Vec<_>>() {
        faults.add(fault.pointer, Wrong::new(fault.code, fault.detail));
    }
}

#[cfg(test)]
mod tests;
