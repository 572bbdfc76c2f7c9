//! What is told of a board: a whole view, or what has changed in one since the client saw it (protocol.md 4, ADR 0051).
//!
//! Made once for all who look at the same rows, and encoded once for all of them who find no row of their own in it.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use streakline_core::{
    challenge::delta::Delta,
    id::{ChallengeId, UserId},
    view::{LiveView, RowView},
};

use crate::protocol::{
    body::{self, Audience, RankState, challenge::ChallengePhase},
    form::{Encoded, Form},
};

/// One message about a board.
#[derive(Debug)]
pub struct BoardUpdate {
    view: Arc<LiveView>,
    /// Clock of the message, POSIX ms.
    as_of_ms: i64,
    offset: u64,
    /// The offset that it starts from, and what has changed since; `None`: the whole view.
    delta: Option<(u64, Delta)>,
    /// Encoded for those who see no row of their own and no names.
    shared: [OnceLock<Encoded>; Form::ALL.len()],
}

/// What each subscriber has of its own.
#[derive(Serialize)]
#[serde(tag = "type", rename = "board")]
struct Head<'a> {
    id: u64,
    epoch: &'a str,
}

#[derive(Serialize)]
struct Rest<'a> {
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_offset: Option<u64>,
    as_of_ms: i64,
    participants: u32,
    phase: ChallengePhase,
    #[serde(skip_serializing_if = "Option::is_none")]
    ranks: Option<RankState>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    suppressed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    percentile_bp: Option<u32>,
    /// False where ranks are estimated; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_bound: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_reset_ms: Option<i64>,
    rows: Vec<body::Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<&'a [String]>,
    full: bool,
}

impl BoardUpdate {
    /// The whole view.
    #[must_use]
    pub fn whole(view: Arc<LiveView>, offset: u64, as_of_ms: i64) -> Self {
        Self {
            view,
            as_of_ms,
            offset,
            delta: None,
            shared: Default::default(),
        }
    }

    /// What has changed in the view for one who saw it at the offset `from`.
    #[must_use]
    pub fn since(self, from: u64, delta: Delta) -> Self {
        Self {
            delta: Some((from, delta)),
            ..self
        }
    }

    /// Of which challenge.
    #[must_use]
    pub fn challenge(&self) -> ChallengeId {
        self.view.challenge
    }

    /// The frame as one subscriber gets it: `id` is its number of the subscription, `epoch` that of what it sees.
    #[must_use]
    pub fn frame(&self, form: Form, (id, epoch): (u64, &str), audience: Audience<'_>) -> Encoded {
        let head = Head { id, epoch };
        if audience.names_users || audience.you.is_some_and(|you| self.shows(you)) {
            return form.joined(&head, &form.encode(&self.rest(audience)));
        }
        let [text, binary] = &self.shared;
        let shared = match form {
            Form::Json => text,
            Form::Cbor => binary,
        };
        let stranger = Audience {
            you: None,
            names_users: false,
        };
        let rest = shared.get_or_init(|| form.encode(&self.rest(stranger)));
        form.joined(&head, rest)
    }

    fn rows(&self) -> &[Arc<RowView>] {
        match &self.delta {
            Some((_, delta)) => &delta.rows,
            None => &self.view.rows,
        }
    }

    fn shows(&self, user: &UserId) -> bool {
        let mut rows = self.rows().iter();
        rows.any(|row| row.user.as_ref() == Some(user))
    }

    fn rest<'a>(&'a self, audience: Audience<'a>) -> Rest<'a> {
        let rows = self.rows().iter();
        let delta = self.delta.as_ref();
        Rest {
            offset: self.offset,
            from_offset: delta.map(|(from, _)| *from),
            as_of_ms: self.as_of_ms,
            participants: self.view.participants,
            phase: self.view.phase.into(),
            ranks: RankState::from(self.view.ranks).unless_told(),
            partial: self.view.partial,
            suppressed: self.view.suppressed,
            percentile_bp: self.view.percentile_bp,
            exact: self.view.error_bound.map(|_| false),
            error_bound: self.view.error_bound,
            next_reset_ms: self.view.next_reset_ms,
            rows: rows.map(|row| body::Row::of(row, audience)).collect(),
            gone: delta.map(|(_, delta)| delta.gone.as_slice()),
            full: delta.is_none(),
        }
    }
}
