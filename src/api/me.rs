//! `/v1/me`: who the bearer is. A browser asks it after a refused upgrade, of which it sees no reason.

use serde::Serialize;
use utoipa::ToSchema;

use super::{answer, ask::Ask, auth::Principal, problem::Answer};

/// The bearer of a token or an admin key.
#[derive(Serialize, ToSchema)]
struct Me<'a> {
    /// Whose token it is; null for the admin key.
    #[schema(required = true, value_type = Option<String>, example = "ann")]
    user: Option<&'a str>,
    /// `user` or `admin`.
    #[schema(value_type = String, example = "user")]
    role: &'static str,
    /// The only device that may use the token; null: any.
    #[schema(required = true, value_type = Option<String>)]
    device: Option<&'a str>,
    /// End of the token's life, POSIX ms; null for the admin key, which has none.
    #[schema(required = true)]
    exp_ms: Option<i64>,
}

impl<'a> Me<'a> {
    fn of(principal: &'a Principal) -> Self {
        let role = if principal.is_admin() {
            "admin"
        } else {
            "user"
        };
        match principal {
            Principal::AdminKey => Self {
                user: None,
                role,
                device: None,
                exp_ms: None,
            },
            Principal::Token {
                user,
                device,
                exp_s,
                ..
            } => Self {
                user: Some(user.as_str()),
                role,
                device: device.as_deref(),
                exp_ms: Some(exp_s.saturating_mul(1_000)),
            },
        }
    }
}

/// Who the bearer is
#[utoipa::path(get, path = "/v1/me", tag = "session", operation_id = "read_me",
    responses((status = 200, description = "The bearer", body = inline(Me<'_>))))]
pub(super) async fn read(ask: Ask) -> Answer {
    answer::one(&ask.request, None, &Me::of(&ask.principal))
}
