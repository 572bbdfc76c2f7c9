//! `/v1/users/{user}`: making a user, and its zone and alias.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{
    limits::{ALIAS_CHARS_MAX, DAY_START_MIN_MAX, DEVICES_PER_USER_MAX as DEVICES_MAX},
    period::WeekStart,
    user::zone_admission::ZoneProposal,
    zone::Zones,
};
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    attributes::attributes,
    auth::Principal,
    body, etag,
    fault::{Faults, Wrong},
    fields::{Fields, INTEGER_MAX, device, distinct, flag, integer, line, text, word},
    problem::Answer,
};
use crate::{
    actors::message::PutUser,
    protocol::{
        body::User,
        error_code::{Code, Refusal},
    },
};

/// Members of the answer that a PUT may send back; they change nothing.
const READ_ONLY: &[&str] = &["user", "created_ms", "zones", "day_start_from"];

/// A user to be made or changed; absent members stay as they are.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct UserBody {
    /// IANA zone; at most 3 changes within 7 days are taken without `reviewed`.
    #[schema(example = "Europe/Berlin")]
    zone: Option<String>,
    /// Since when `zone` holds, POSIX ms: from 72 hours ago to 5 minutes ahead, and after the last hard-closed day. Absent: now.
    effective_ms: Option<i64>,
    /// A person has looked at the change of zone: it is neither counted among the 3 nor flagged.
    reviewed: Option<bool>,
    /// The name that other participants see, 1 to 40 characters.
    #[schema(example = "Swift Heron", min_length = 1, max_length = 40)]
    alias: Option<String>,
    /// How many minutes after midnight days end, from tomorrow on; changes at most once in 30 days.
    #[schema(example = 0, minimum = 0, maximum = 360)]
    day_start_min: Option<u16>,
    /// First day of the week: `monday` or `sunday`.
    #[schema(example = "monday")]
    week_starts: Option<String>,
    /// Devices of the user that are believed before all others, the first one most, from today on; empty: their classes
    /// decide. On at most 3 days within 30.
    device_order: Option<Vec<String>>,
    /// Boards show the user to others as `Anonymous`; the row keeps its rank.
    #[schema(default = false)]
    hidden: Option<bool>,
    /// What the deployment says of the user, at most 16 by name: a text of 1 to 64 characters or an integer. They replace all that
    /// were there.
    #[schema(value_type = Option<Object>, example = json!({"region": "EU", "age": 41}))]
    attributes: Option<Value>,
}

/// Read a user
#[utoipa::path(get, path = "/v1/users/{user}", tag = "users", operation_id = "read_user",
    responses((status = 200, description = "The user", body = User)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let view = ask.api.directory.user(&user).await?;
    answer::one(&ask.request, Some(view.version), &User::from(&view))
}

/// Make or change a user; a user's own token may change `alias`, `device_order` and `hidden` alone
#[utoipa::path(put, path = "/v1/users/{user}", tag = "users", operation_id = "write_user",
    request_body(content = inline(UserBody), example = json!({"zone": "Europe/Berlin"})),
    responses(
        (status = 200, description = "The user as changed", body = User),
        (status = 201, description = "The user as made", body = User),
    ))]
pub(super) async fn write(ask: Ask, payload: Payload) -> Answer {
    let user = ask.own_user()?;
    let body = body::read(&ask.request, payload).await?;
    own_members(&ask.principal, &body.json)?;
    let put = parse(&body.json, &*ask.api.zones)?;
    let precondition = etag::precondition(ask.request.headers())?;
    let directory = &ask.api.directory;
    let written = directory
        .put_user(&user, put, precondition, ask.caller())
        .await?;
    answer::written(
        written.created,
        Some(written.value.version),
        &User::from(&written.value),
    )
}

/// Of a user's own token the zone is not taken: it decides which day a sample counts for.
fn own_members(principal: &Principal, body: &Value) -> Result<(), Refusal> {
    let mut names = body.as_object().into_iter().flatten().map(|(name, _)| name);
    let own = |name: &str| matches!(name, "alias" | "device_order" | "hidden");
    let allowed = principal.is_admin() || names.all(|name| own(name));
    let words = "a user's own token may change alias, device_order and hidden alone";
    allowed
        .then_some(())
        .ok_or_else(|| Refusal::new(Code::Forbidden, words))
}

pub(super) fn parse(body: &Value, zones: &dyn Zones) -> Result<PutUser, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let zone = top.optional("zone", |value| {
        let zone = text(value)?;
        let words = "must be a name of the IANA time zone database, such as Europe/Berlin";
        let known = zones.zone(&zone).map(|_| zone);
        known.ok_or_else(|| Wrong::new("unknown_zone", words))
    });
    let effective_ms = top.optional("effective_ms", integer(-INTEGER_MAX..=INTEGER_MAX));
    if zone.is_none() && effective_ms.is_some() && !faults.concern("/zone") {
        let words = "says since when a zone holds: give zone too";
        faults.add("/effective_ms", Wrong::shape(words));
    }
    let reviewed = top.optional("reviewed", flag).unwrap_or(false);
    let alias = top.optional("alias", line(1..=ALIAS_CHARS_MAX));
    let day_start = top.optional("day_start_min", integer(0..=DAY_START_MIN_MAX));
    let week_starts = top.optional("week_starts", word(&["monday", "sunday"]));
    let device_order = top.optional("device_order", distinct(DEVICES_MAX, device));
    let hidden = top.optional("hidden", flag);
    let attributes = attributes(&mut top);
    top.done(READ_ONLY);
    faults.none()?;
    let zone = zone.map(|zone| ZoneProposal {
        zone,
        effective_ms,
        reviewed,
    });
    Ok(PutUser {
        zone,
        alias,
        day_start_min: day_start.and_then(|minutes| u16::try_from(minutes).ok()),
        week_starts: week_starts.map(|day| match day {
            "sunday" => WeekStart::Sunday,
            _ => WeekStart::Monday,
        }),
        device_order,
        hidden,
        attributes,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use streakline_core::id::UserId;

    use super::*;
    use crate::zones::BundledZones;

    #[test]
    fn a_user_has_a_known_zone_and_a_short_alias() {
        let zones = BundledZones::new();
        let put = parse(&json!({"zone": "Europe/Berlin", "alias": "Heron"}), &zones).unwrap();
        let zone = put.zone.unwrap();
        assert_eq!(zone.zone, "Europe/Berlin");
        assert_eq!((zone.effective_ms, zone.reviewed), (None, false));
        assert_eq!(put.alias.as_deref(), Some("Heron"));
        let bad = json!({"zone": "Mars/Olympus", "alias": "x".repeat(41), "week_starts": "friday",
            "day_start_min": 361, "effective_ms": "now", "reviewed": 1,
            "device_order": ["watch"], "hidden": "yes"});
        let refusal = parse(&bad, &zones).unwrap_err();
        let found: Vec<_> = refusal
            .faults
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.code))
            .collect();
        let wanted = [
            ("/zone", "unknown_zone"),
            ("/effective_ms", "bad_frame"),
            ("/reviewed", "bad_frame"),
            ("/alias", "range"),
            ("/day_start_min", "range"),
            ("/week_starts", "unsupported"),
            ("/device_order", "range"),
            ("/hidden", "bad_frame"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_zone_may_hold_since_an_instant_and_weeks_may_begin_on_sunday() {
        let body = json!({"zone": "UTC", "effective_ms": 5, "reviewed": true,
            "day_start_min": 240, "week_starts": "sunday"});
        let put = parse(&body, &BundledZones::new()).unwrap();
        let zone = put.zone.unwrap();
        assert_eq!((zone.effective_ms, zone.reviewed), (Some(5), true));
        assert_eq!(put.day_start_min, Some(240));
        assert_eq!(put.week_starts, Some(WeekStart::Sunday));
        let alone = parse(&json!({"effective_ms": 5}), &BundledZones::new()).unwrap_err();
        assert_eq!(alone.faults[0].pointer, "/effective_ms");
    }

    #[test]
    fn devices_are_ordered_by_a_list_that_names_each_once() {
        let order = |body: Value| parse(&json!({"device_order": body}), &BundledZones::new());
        let (one, two) = ("0".repeat(32), "1".repeat(32));
        let uuid = |hex: &str| {
            format!(
                "{}-{}-{}-{}-{}",
                &hex[..8],
                &hex[..4],
                &hex[..4],
                &hex[..4],
                &hex[..12]
            )
        };
        let (one, two) = (uuid(&one), uuid(&two));
        assert_eq!(
            order(json!([one, two]))
                .unwrap()
                .device_order
                .unwrap()
                .len(),
            2
        );
        assert_eq!(order(json!([])).unwrap().device_order, Some(Vec::new()));
        for bad in [
            json!([one, one]),
            json!("watch"),
            json!([5]),
            json!(vec![&two; 33]),
        ] {
            let refusal = order(bad).unwrap_err();
            assert_eq!(refusal.faults[0].pointer, "/device_order");
        }
    }

    #[test]
    fn the_answer_of_a_get_can_be_put_back() {
        let body = json!({"user": "ann", "zone": "UTC", "alias": "Heron", "week_starts": "monday",
            "zones": [], "day_start_min": 0, "day_start_from": null, "device_order": [], "hidden": false,
            "attributes": {"region": "EU", "age": 41},
            "created_ms": 1});
        assert!(parse(&body, &BundledZones::new()).is_ok());
    }

    #[test]
    fn a_users_own_token_changes_what_others_see_and_the_order_of_devices_alone() {
        let user = UserId::parse("ann").unwrap();
        let own = Principal::Token {
            user,
            admin: false,
            device: None,
            exp_s: 0,
        };
        let taken = json!({"alias": "Heron", "device_order": [], "hidden": true});
        assert!(own_members(&own, &taken).is_ok());
        let both = json!({"alias": "Heron", "zone": "UTC"});
        assert_eq!(own_members(&own, &both).unwrap_err().code, Code::Forbidden);
        let said = json!({"attributes": {}});
        assert_eq!(own_members(&own, &said).unwrap_err().code, Code::Forbidden);
        assert!(own_members(&Principal::AdminKey, &both).is_ok());
    }
}
