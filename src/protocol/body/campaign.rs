//! A campaign as REST shows it; every amount is in 10^-6 token.

use serde::Serialize;
use streakline_core::campaign::CampaignView;
use utoipa::ToSchema;

/// A budget that challenges draw on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Campaign {
    /// Its UUID, chosen by whoever made it.
    #[schema(format = Uuid)]
    pub id: String,
    /// Shown to admins.
    #[schema(example = "Spring 2016")]
    pub title: String,
    /// What may be spent in all.
    pub budget_micro: i64,
    /// What is held for challenges that are not over.
    pub reserved_micro: i64,
    /// What settled challenges have paid.
    pub spent_micro: i64,
    /// Counts the changes of this campaign, what challenges draw included.
    pub version: u64,
    /// When it was made, POSIX ms.
    pub created_ms: i64,
}

impl From<&CampaignView> for Campaign {
    fn from(view: &CampaignView) -> Self {
        Self {
            id: view.campaign.to_string(),
            title: view.title.clone(),
            budget_micro: view.budget_micro,
            reserved_micro: view.reserved_micro,
            spent_micro: view.spent_micro,
            version: view.version,
            created_ms: view.created_ms,
        }
    }
}
