//! A board that is over: settled once, with the rows that what everybody had walked makes.

use std::collections::BTreeMap;

use streakline_core::{
    challenge::Stage,
    definition::Definition,
    id::{ChallengeId, UserId},
    input::ChallengeInput,
    view::RowView,
};

use super::{challenge, inputs, walked::Walked};
use crate::{
    check::{hold, state},
    contests::{EACH_MICRO, FIRST_MICRO},
    server::{Checked, Server},
};

/// A board that is over.
pub(super) struct Board<'a> {
    pub(super) id: ChallengeId,
    pub(super) definition: Definition,
    pub(super) annulled: bool,
    pub(super) server: &'a Server,
    pub(super) walked: &'a Walked,
}

impl Board<'_> {
    /// What everybody has won.
    pub(super) fn check(
        &self,
        members: &BTreeMap<UserId, i64>,
    ) -> Checked<BTreeMap<UserId, Vec<i64>>> {
        let id = self.id;
        self.settled_once()?;
        let mut scores = BTreeMap::new();
        for (user, since_ms) in members {
            scores.insert(user.clone(), self.score(user, *since_ms)?);
        }
        let shown = self.shown()?;
        let own: BTreeMap<_, _> = shown.iter().cloned().collect();
        hold(own == scores && own.len() == shown.len(), || {
            format!("{id} shows {shown:?}, not {scores:?}")
        })?;
        hold(shown.is_sorted_by(|one, other| one.1 >= other.1), || {
            format!("{id} is out of order: {shown:?}")
        })?;
        match self.definition.teams() {
            Some(teams) => self.won_by_teams(teams, &scores),
            None => Ok(won(&shown)),
        }
    }

    fn settled_once(&self) -> Checked<()> {
        let count = |is: fn(&ChallengeInput) -> bool| {
            let inputs = inputs(self.server, self.id);
            inputs.filter(|(_, input)| is(input)).count()
        };
        let settled = count(|input| matches!(input, ChallengeInput::Settle { .. }));
        let annulled = count(|input| matches!(input, ChallengeInput::Void(_)));
        let wanted = (1, usize::from(self.annulled));
        hold((settled, annulled) == wanted, || {
            format!(
                "{} was settled {settled}, annulled {annulled} times",
                self.id
            )
        })?;
        let stage = &challenge(self.server, self.id)?.stage;
        let (_, first) = self.frozen()?;
        let cutoff_ms = self.definition.settles_at_ms();
        let fits = match stage {
            Stage::Settled {
                digest,
                cutoff_ms: at_ms,
                ..
            } => digest == first && *at_ms == cutoff_ms && !self.annulled,
            Stage::Voided { digest, .. } => digest == first && self.annulled,
            _ => false,
        };
        hold(fits, || format!("{} is {stage:?}", self.id))
    }

    fn frozen(&self) -> Checked<&(Vec<RowView>, [u8; 32])> {
        let frozen = self.server.frozen.get(&self.id);
        frozen.ok_or_else(|| format!("{} was never frozen", self.id))
    }

    /// Rows as they were frozen first, best first.
    pub(super) fn shown(&self) -> Checked<Vec<(UserId, i64)>> {
        let (rows, _) = self.frozen()?;
        let row = |row: &RowView| Some((row.user.clone()?, row.score));
        let rows: Option<Vec<_>> = rows.iter().map(row).collect();
        rows.ok_or_else(|| "a row without a name".into())
    }

    /// What a member has walked in the window by the cut-off. Of who came after its start minutes count: its own word is taken.
    fn score(&self, user: &UserId, since_ms: i64) -> Checked<i64> {
        let starts_ms = self
            .definition
            .starts_for(state(self.server, user)?.calendar());
        if since_ms > starts_ms {
            let own = state(self.server, user)?.enrolments.get(&self.id);
            return own.map(|own| own.score).ok_or_else(|| "unknown".into());
        }
        Ok(self.walked(user, self.definition.settles_at_ms()))
    }

    pub(super) fn walked(&self, user: &UserId, by_ms: i64) -> i64 {
        let window = self.definition.starts..=self.definition.ends;
        let days = self.walked[user].get(&by_ms).into_iter().flatten();
        let days = days.filter(|(day, _)| window.contains(day));
        let cap = self.definition.per_day_cap.unwrap_or(i64::MAX);
        days.map(|(_, steps)| *steps.min(&cap)).sum()
    }
}

/// The first row that has a score wins, and every one that has.
fn won(shown: &[(UserId, i64)]) -> BTreeMap<UserId, Vec<i64>> {
    let scored = shown.iter().filter(|(_, score)| *score > 0);
    let prizes = scored.enumerate().map(|(place, (user, _))| {
        let first = (place == 0).then_some(FIRST_MICRO);
        (
            user.clone(),
            first.into_iter().chain([EACH_MICRO]).collect(),
        )
    });
    prizes.collect()
}
