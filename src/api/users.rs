//! `/v1/users/{user}`: making a user, and its zone and alias.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{limits::ALIAS_CHARS_MAX, zone::Zones};
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    auth::Principal,
    body, etag,
    fault::{Faults, Wrong},
    fields::{Fields, line, text, word},
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
const READ_ONLY: &[&str] = &["user", "created_ms"];

/// A user to be made or changed; absent members stay as they are.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct UserBody {
    /// IANA zone.
    #[schema(example = "Europe/Berlin")]
    zone: Option<String>,
    /// The name that other participants see, 1 to 40 characters.
    #[schema(example = "Swift Heron", min_length = 1, max_length = 40)]
    alias: Option<String>,
    /// Only `monday`.
    #[schema(example = "monday")]
    week_starts: Option<String>,
}

/// Read a user
#[utoipa::path(get, path = "/v1/users/{user}", tag = "users", operation_id = "read_user",
    responses((status = 200, description = "The user", body = User)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let view = ask.api.directory.user(&user).await?;
    answer::one(&ask.request, Some(view.version), &User::from(&view))
}

/// Make or change a user; a user's own token may change `alias` alone
#[utoipa::path(put, path = "/v1/users/{user}", tag = "users", operation_id = "write_user",
    request_body(content = inline(UserBody), example = json!({"zone": "Europe/Berlin"})),
    responses(
        (status = 200, description = "The user as changed", body = User),
        (status = 201, description = "The user as made", body = User),
    ))]
pub(super) async fn write(ask: Ask, payload: Payload) -> Answer {
    let user = ask.own_user()?;
    let body = body::read(&ask.request, payload).await?;
    alias_alone(&ask.principal, &body.json)?;
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
fn alias_alone(principal: &Principal, body: &Value) -> Result<(), Refusal> {
    let mut names = body.as_object().into_iter().flatten().map(|(name, _)| name);
    let alone = principal.is_admin() || names.all(|name| name == "alias");
    let words = "a user's own token may change the alias alone";
    alone
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
    let alias = top.optional("alias", line(1..=ALIAS_CHARS_MAX));
    top.optional("week_starts", word(&["monday"]));
    top.done(READ_ONLY);
    faults.none()?;
    Ok(PutUser { zone, alias })
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
        assert_eq!(put.zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(put.alias.as_deref(), Some("Heron"));
        let bad = json!({"zone": "Mars/Olympus", "alias": "x".repeat(41), "week_starts": "sunday"});
        let refusal = parse(&bad, &zones).unwrap_err();
        let found: Vec<_> = refusal
            .faults
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.code))
            .collect();
        let wanted = [
            ("/zone", "unknown_zone"),
            ("/alias", "range"),
            ("/week_starts", "unsupported"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn the_answer_of_a_get_can_be_put_back() {
        let body = json!({"user": "ann", "zone": "UTC", "alias": "Heron", "week_starts": "monday",
            "created_ms": 1});
        assert!(parse(&body, &BundledZones::new()).is_ok());
    }

    #[test]
    fn a_users_own_token_changes_the_alias_alone() {
        let user = UserId::parse("ann").unwrap();
        let own = Principal::Token {
            user,
            admin: false,
            device: None,
            exp_s: 0,
        };
        assert!(alias_alone(&own, &json!({"alias": "Heron"})).is_ok());
        let both = json!({"alias": "Heron", "zone": "UTC"});
        assert_eq!(alias_alone(&own, &both).unwrap_err().code, Code::Forbidden);
        assert!(alias_alone(&Principal::AdminKey, &both).is_ok());
    }
}
