//! REST bodies and query strings.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use streakline::{
    actors::message::PutUser,
    api::fuzzing::{Listed, Read, Route, cursor, query, read},
    protocol::body::{
        Goal,
        challenge::{Recurs, Reward, eligibility, kind::Parameters},
    },
};
use streakline_core::{
    attest::PublicKey,
    civil::Day,
    definition::{Definition, Kind, LateJoin, rewards::TieRule},
    goal::{Adaptive, Inputs, IssuedTarget},
    id::{DeviceId, GoalId},
    leaderboard::RankStyle,
    limits::{
        ADJUSTMENT_MICRO_MAX, ALIAS_CHARS_MAX, BODY_BYTES_MAX, PAGE_ROWS_MAX, TITLE_CHARS_MAX,
        VERDICT_DAYS_MAX,
    },
    period::{Period, WeekStart},
    streak::{self, Amounts, Stage},
    user::{goals::admit::Wish, zone_admission::ZoneProposal},
    view::GoalView,
};

use super::{Judged, Seen, Target, bounded, hold, told};
use crate::{attributes, goals, instruments, lives::rules, mutate::Form, random::Random, values};

pub(super) const CHALLENGE: Target = Target {
    name: "challenge_body",
    form: Form::Json,
    share: 6,
    valid: |seed| definition_json(&definition(seed)).to_string().into_bytes(),
    check: |bytes| {
        let posted = body(Route::Challenge(false), bytes)?;
        let put = body(Route::Challenge(true), bytes)?;
        hold(posted == Seen::Refused || put == posted, || {
            "a POST takes what a PUT refuses".into()
        })?;
        Ok(posted)
    },
};

pub(super) const GOAL: Target = Target {
    name: "goal_body",
    form: Form::Json,
    share: 3,
    valid: |seed| {
        let random = &mut Random::new(seed, 51);
        let wish = goals::wish(random);
        let streak = streak::Definition {
            amounts: Amounts::default(),
            ..instruments::definition(random)
        };
        let fits = wish.period == Period::Day || !streak.is_of_days();
        goal_json(&wish, fits.then_some(streak))
            .to_string()
            .into_bytes()
    },
    check: |bytes| body(Route::Goal(&GoalId::parse("steps").unwrap()), bytes),
};

pub(super) const USER: Target = Target {
    name: "user_body",
    form: Form::Json,
    share: 3,
    valid: |seed| {
        let random = &mut Random::new(seed, 52);
        let zone = values::ZONES[random.index(5)];
        let user = PutUser {
            zone: Some(ZoneProposal {
                zone: zone.into(),
                effective_ms: random.permille(500).then_some(values::FROM_MS),
                reviewed: random.permille(500),
            }),
            alias: Some(values::words(random, 40)),
            day_start_min: u16::try_from(random.within(0, 360)).ok(),
            week_starts: Some([WeekStart::Monday, WeekStart::Sunday][random.index(2)]),
            device_order: Some(vec![DeviceId(values::bytes16(random))]),
            hidden: Some(random.permille(500)),
            attributes: Some(attributes::some(random)),
        };
        user_json(&user).to_string().into_bytes()
    },
    check: |bytes| body(Route::User, bytes),
};

const SMALL_ROUTES: [Route<'_>; 8] = [
    Route::Clock,
    Route::Cancel,
    Route::Repair,
    Route::Pause,
    Route::Verdict,
    Route::Decision,
    Route::Adjustment,
    Route::DeviceKey,
];

/// Bodies of one member or two.
pub(super) const SMALL: Target = Target {
    name: "small_body",
    form: Form::Json,
    share: 2,
    valid: |seed| {
        let random = &mut Random::new(seed, 53);
        let day = |random: &mut Random| values::day(random).iso();
        let json = match random.index(8) {
            7 => key_json(&values::public_key(random)),
            0 => json!({"to_ms": random.within(0, 253_402_300_799_999)}),
            1 => json!({"reason": values::words(random, 200)}),
            2 => json!({"day": day(random), "by": "tokens"}),
            3 => json!({"from": day(random), "to": day(random)}),
            4 => json!({"days": [day(random), day(random)]}),
            5 => json!({"amount_micro": random.within(1, 9), "reason": values::words(random, 200)}),
            _ => json!({"decision": "acquitted"}),
        };
        json.to_string().into_bytes()
    },
    check: |bytes| {
        let mut seen = Seen::Refused;
        for route in SMALL_ROUTES {
            let judged = body(route, bytes)?;
            if seen == Seen::Refused {
                seen = judged;
            }
        }
        Ok(seen)
    },
};

fn definition(seed: u64) -> Definition {
    let random = &mut Random::new(seed, 50);
    let definition = values::definition(random);
    // Joining opens before the end; the epoch is the earliest instant there is.
    let join_opens_ms = definition.join_opens_ms.map(|opens_ms| opens_ms.max(0));
    Definition {
        join_opens_ms,
        // No body says which of a series it is.
        cycle: None,
        template: None,
        ..definition
    }
}

fn definition_json(of: &Definition) -> Value {
    let rank_style = match of.rank_style {
        RankStyle::Competition => "competition",
        RankStyle::Dense => "dense",
        RankStyle::Ordinal => "ordinal",
    };
    let tie_rule = match of.tie_rule {
        TieRule::Earliest => "earliest",
        TieRule::Share => "share",
        TieRule::All => "all",
    };
    let measure = of.kind.measure(of.metric);
    let reward = |reward| Reward::of(reward, measure);
    let rewards: Vec<_> = of.rewards.iter().map(reward).collect();
    let days = of.kind.measure_of_days(of.metric).metric();
    let days = days.and_then(|metric| streakline::registry::metrics().get(metric));
    let per_day_cap = of.per_day_cap.map(|cap| match days {
        Some(days) => super::stream::amount_json(days, cap),
        None => cap.into(),
    });
    let campaign = of.campaign.map(|id| id.to_string());
    let recurs = of.recurs.as_ref().map(Recurs::from);
    let late = match of.late {
        LateJoin::Yes => "yes",
        LateJoin::No => "no",
        LateJoin::Prorated => "prorated",
    };
    let mut body = json!({"title": of.title, "type": of.kind.name(), "metric": streakline::registry::metrics().name(of.metric),
        "window": {"clock": of.clock.name(), "starts": of.starts.iso(), "ends": (!of.is_endless).then(|| of.ends.iso()), "rolling_days": of.rolling_days},
        "join": {"opens_ms": of.join_opens_ms, "late": late}, "board": of.keeping.name(), "capacity": of.capacity,
        "waitlist": of.waitlist, "eligibility": of.eligibility.as_ref().map(eligibility::shown),
        "segments": of.segments.iter().map(ToString::to_string).collect::<Vec<_>>(), "min_participants": of.min_participants, "evidence": of.evidence.name(),
        "per_day_cap": per_day_cap, "finalisation_h": of.finalisation_h, "rank_style": rank_style,
        "tie_rule": tie_rule, "rewards": rewards, "campaign": campaign, "recurs": recurs});
    let parameters = serde_json::to_value(Parameters::of(of)).unwrap();
    if let (Some(body), Value::Object(parameters)) = (body.as_object_mut(), parameters) {
        body.extend(parameters);
        if matches!(of.kind, Kind::Duel { .. }) {
            body.remove("metric");
        }
    }
    body
}

/// The answer to a PUT of a goal, which may be put back.
fn goal_json(wish: &Wish, streak: Option<streak::Definition>) -> Value {
    let inputs = Inputs {
        window: Vec::new(),
        previous: None,
        onboarding: 1,
    };
    let issued = |by: &Adaptive| IssuedTarget {
        own: wish.own,
        ..IssuedTarget::new(*by, inputs, 0)
    };
    let view = GoalView {
        goal: GoalId::parse("steps").unwrap(),
        period: wish.period,
        week_start: wish.week_start.unwrap_or_default(),
        terms: wish.terms.clone(),
        from: wish.from.unwrap_or(Day(0)),
        until: None,
        today: Day(0),
        now: None,
        issued: wish.own.and_then(|_| wish.terms.adaptive().map(issued)),
        streak: streak.unwrap_or_default(),
        version: 1,
    };
    let mut json = serde_json::to_value(Goal::from(&view)).unwrap();
    if wish.from.is_none() {
        json["from"] = Value::Null;
    }
    if let Some(members) = json.as_object_mut() {
        members.retain(|name, _| match name.as_str() {
            "week_starts" => wish.week_start.is_some(),
            "streak" => streak.is_some(),
            _ => true,
        });
    }
    json
}

/// Targets of a goal, store units.
fn targets(wish: &Wish) -> impl Iterator<Item = i64> {
    let parts = wish.terms.parts().iter();
    let given = parts.flat_map(|part| part.weekdays.values().copied().chain([part.target]));
    given.chain(wish.own)
}

fn user_json(user: &PutUser) -> Value {
    let mut json = json!({});
    if let Some(zone) = &user.zone {
        json["zone"] = zone.zone.clone().into();
        json["reviewed"] = zone.reviewed.into();
        if let Some(effective_ms) = zone.effective_ms {
            json["effective_ms"] = effective_ms.into();
        }
    }
    if let Some(alias) = &user.alias {
        json["alias"] = alias.clone().into();
    }
    if let Some(minutes) = user.day_start_min {
        json["day_start_min"] = minutes.into();
    }
    if let Some(day) = user.week_starts {
        let monday = day == WeekStart::Monday;
        json["week_starts"] = if monday { "monday" } else { "sunday" }.into();
    }
    if let Some(order) = &user.device_order {
        let order: Vec<String> = order.iter().map(ToString::to_string).collect();
        json["device_order"] = order.into();
    }
    if let Some(hidden) = user.hidden {
        json["hidden"] = hidden.into();
    }
    if let Some(attributes) = &user.attributes {
        json["attributes"] = attributes::json(attributes);
    }
    json
}

fn body(route: Route<'_>, bytes: &[u8]) -> Judged {
    if bytes.len() > BODY_BYTES_MAX {
        return Ok(Seen::Refused);
    }
    let zones = &*rules().zones;
    // Zones make their table when they are first asked for.
    let taken = match bounded((bytes, 192, 262_144), || read(route, bytes, zones))? {
        Ok(taken) => taken,
        Err(refusal) => return told(&refusal),
    };
    let again = written(&taken)?.to_string().into_bytes();
    let reread = read(route, &again, zones)
        .map_err(|refusal| format!("written, refused: {}", refusal.detail))?;
    hold(reread == taken, || {
        format!("read again: {reread:?}, not {taken:?}")
    })?;
    Ok(Seen::Taken(Some(again)))
}

/// What was taken, as a body again; with what every such value keeps.
fn written(taken: &Read) -> Result<Value, String> {
    let line = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    Ok(match taken {
        Read::Definition(definition) => {
            hold(definition.faults().is_empty(), || {
                format!("{:?}", definition.faults())
            })?;
            let ends_ms = definition.ends_at_ms();
            hold(definition.started_ms() < ends_ms, || {
                "it ends before it starts".into()
            })?;
            definition_json(definition)
        }
        Read::Goal(goal) => {
            let wish = &goal.wish;
            // A billion of the unit that has the most store units in it.
            let fits = |target| (1..=1_000_000_000_000).contains(&target);
            hold(targets(wish).all(fits), || format!("{goal:?}"))?;
            hold(wish.terms.fits(wish.period), || format!("{goal:?}"))?;
            goal_json(wish, goal.streak)
        }
        Read::User(user) => {
            let alias = user.alias.as_deref();
            hold(
                alias.is_none_or(|alias| line(alias, ALIAS_CHARS_MAX)),
                || format!("{alias:?}"),
            )?;
            let zone = user.zone.as_ref();
            hold(
                zone.is_none_or(|held| rules().zones.zone(&held.zone).is_some()),
                || format!("{zone:?}"),
            )?;
            let minutes = user.day_start_min;
            hold(minutes.is_none_or(|minutes| minutes <= 360), || {
                format!("{minutes:?}")
            })?;
            user_json(user)
        }
        Read::DeviceKey(key) => key_json(key),
        Read::Clock(to_ms) => json!({"to_ms": to_ms}),
        Read::Reason(reason) => {
            hold(line(reason, TITLE_CHARS_MAX), || format!("{reason:?}"))?;
            json!({"reason": reason})
        }
        Read::Adjustment(adjustment) => {
            let (amount, reason) = (adjustment.amount_micro, &adjustment.reason);
            let fits = amount != 0 && amount.abs() <= ADJUSTMENT_MICRO_MAX;
            hold(fits && line(reason, TITLE_CHARS_MAX), || {
                format!("{adjustment:?}")
            })?;
            json!({"amount_micro": amount, "reason": reason})
        }
        Read::Repair(day, paid) => {
            let by = if *paid { "tokens" } else { "earn_back" };
            json!({"day": day.iso(), "by": by})
        }
        Read::Pause(from, to) => json!({"from": from.map(Day::iso), "to": to.iso()}),
        Read::Verdict(days) => {
            hold((1..=VERDICT_DAYS_MAX).contains(&days.len()), || {
                format!("{days:?}")
            })?;
            json!({"days": days.iter().map(|day| day.iso()).collect::<Vec<_>>()})
        }
        Read::Decision(stage) => json!({"decision": match stage {
            Stage::Acquitted => "acquitted",
            Stage::Final => "confirmed",
            Stage::Appealed | Stage::Open(_) => "appealed",
        }}),
    })
}

const SECRET: &str = "sk_fuzz";

pub(super) const QUERY: Target = Target {
    name: "query",
    form: Form::Plain,
    share: 4,
    valid: |seed| {
        let random = &mut Random::new(seed, 54);
        let key = format!(
            "{} {} {}",
            random.next() >> 20,
            values::FROM_MS,
            values::name(random)
        );
        let listed = Listed {
            from: Some(values::day(random)),
            k: Some(u32::try_from(random.within(1, 50)).unwrap()),
            after_seq: Some(random.next()),
            limit: usize::try_from(random.within(1, 1_000)).unwrap(),
            after: Some(key),
        };
        query_of(&listed).into_bytes()
    },
    check: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let listed = match bounded((bytes, 96, 65_536), || query(&text, SECRET))? {
            Ok(listed) => listed,
            Err(refusal) => return told(&refusal),
        };
        let limit = listed.limit;
        hold((1..=PAGE_ROWS_MAX as usize).contains(&limit), || {
            format!("limit {limit}")
        })?;
        let again = query_of(&listed);
        let reread =
            query(&again, SECRET).map_err(|refusal| format!("refused: {}", refusal.detail))?;
        hold(reread == listed, || {
            format!("read again: {reread:?}, not {listed:?}")
        })?;
        Ok(Seen::Taken(Some(again.into_bytes())))
    },
};

fn query_of(listed: &Listed) -> String {
    let mut pairs = Vec::new();
    pairs.extend(listed.from.map(|from| format!("from={}", from.iso())));
    pairs.extend(listed.k.map(|k| format!("k={k}")));
    pairs.extend(listed.after_seq.map(|after| format!("after_seq={after}")));
    pairs.push(format!("limit={}", listed.limit));
    let cursor = listed
        .after
        .as_ref()
        .map(|key| cursor(key, SECRET).unwrap());
    pairs.extend(cursor.map(|cursor| format!("cursor={cursor}")));
    pairs.join("&")
}

fn key_json(key: &PublicKey) -> Value {
    json!({"algorithm": key.algorithm.name(), "public_key": URL_SAFE_NO_PAD.encode(&key.bytes)})
}
