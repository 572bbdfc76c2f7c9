//! The teams of a challenge, out of the members of its body.

use streakline_core::{
    definition::kind::teams::{Roster, Team, TeamScore, Teams},
    limits,
};
use utoipa::ToSchema;

use crate::api::{
    fault::Wrong,
    fields::{Fields, integer, line, text, word},
};

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
pub(super) struct TeamBody {
    /// Names it in requests and rows: 1 to 32 of letters, digits, `.`, `_` and `-`.
    #[schema(example = "red", min_length = 1, max_length = 32)]
    key: String,
    /// Shown to users; 1 to 50 characters.
    #[schema(example = "Red Foxes", min_length = 1, max_length = 50)]
    name: String,
}

/// The teams, and what they come to.
pub(super) fn teams(top: &mut Fields<'_>) -> Option<Teams> {
    let items = top.objects("teams", 2..=limits::TEAMS_MAX);
    let teams: Option<Vec<Team>> = items.into_iter().map(team).collect();
    let roster = top.optional("roster", word(&["chosen", "balanced"]));
    let score = top.optional("team_score", word(&["mean", "sum", "best"]));
    let counted = integer(1..=i64::from(limits::TEAM_BEST_MAX));
    let counted = if score == Some("best") {
        top.required("best", counted)
    } else {
        if top.has("best") {
            let words = "only a team_score of best counts the best";
            top.fault("best", Wrong::new("needs_best", words));
        }
        top.optional("best", counted)
    };
    let counted = counted.and_then(|count| u32::try_from(count).ok());
    Some(Teams {
        teams: teams?,
        roster: match roster {
            Some("balanced") => Roster::Balanced,
            _ => Roster::Chosen,
        },
        score: match score {
            Some("sum") => TeamScore::Sum,
            Some("best") => TeamScore::Best(counted?),
            _ => TeamScore::Mean,
        },
    })
}

fn team(mut team: Fields<'_>) -> Option<Team> {
    let key = team.required("key", text);
    let name = team.required("name", line(1..=limits::TEAM_NAME_CHARS_MAX));
    team.done(&[]);
    Some(Team {
        key: key?,
        name: name?,
    })
}
