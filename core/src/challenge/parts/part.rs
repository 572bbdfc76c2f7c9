//! One part of a board: the rows of some users, what it has told of them, and what it answers.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use super::{Found, PartRow, Report, Want};
use crate::{
    challenge::Answer,
    event::Contribution,
    id::{Position, UserId},
    leaderboard::{Order, Row, shards::Shard},
    limits,
};

/// What is known of a user beside the row.
#[derive(Clone, Debug)]
struct Held {
    join: u32,
    version: Position,
    alias: String,
    /// That enrolment is over: what is said of it later comes too late.
    is_gone: bool,
}

/// A part.
#[derive(Clone, Debug)]
pub struct Part {
    shard: Shard<UserId>,
    held: BTreeMap<UserId, Held>,
    /// Its last report, and the last that the challenge has.
    number: u64,
    confirmed: u64,
    /// When it told that, machine time; `None`: never.
    told_ms: Option<u64>,
    is_changed: bool,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            shard: Shard::new(Order::Descending),
            held: BTreeMap::new(),
            number: 0,
            confirmed: 0,
            told_ms: None,
            is_changed: false,
        }
    }
}

impl Part {
    /// Takes a score in; the newest version of the newest enrolment wins.
    pub fn take(&mut self, told: &Contribution) -> Answer {
        if let Some(held) = self.held.get(&told.user) {
            if (told.join, held.is_gone) == (held.join, true) || told.join < held.join {
                return Answer::Closed;
            }
            if told.join == held.join && told.version <= held.version {
                return Answer::Known;
            }
        }
        let held = Held {
            join: told.join,
            version: told.version,
            alias: told.alias.clone(),
            is_gone: false,
        };
        let before = self.held.insert(told.user.clone(), held);
        let is_renamed = before.is_none_or(|before| before.alias != told.alias);
        let is_moved = self.shard.set(&told.user, told.score, told.achieved_at_ms);
        if is_renamed {
            self.shard.tell_head();
        }
        self.is_changed |= is_moved || is_renamed;
        Answer::Shown
    }

    /// An enrolment is over: its row goes.
    pub fn leave(&mut self, user: &UserId, join: u32) {
        let Some(held) = self.held.get_mut(user).filter(|held| held.join <= join) else {
            return;
        };
        (held.join, held.is_gone) = (join, true);
        held.alias = String::new();
        self.is_changed |= self.shard.remove(user);
    }

    /// A user was erased: nothing is kept.
    pub fn forget(&mut self, user: &UserId) {
        self.held.remove(user);
        self.is_changed |= self.shard.remove(user);
    }

    /// What is to be told at that time (machine time, ms): what has changed, once a second at most and not before the last report has
    /// arrived; everything, where that takes too long.
    pub fn due(&mut self, now_ms: u64) -> Option<Report> {
        let waited_ms = self.told_ms.map(|told_ms| now_ms.saturating_sub(told_ms));
        let is_owed = self.number != self.confirmed;
        let least_ms = match is_owed {
            true => limits::PART_AGAIN_MS,
            false => limits::PART_REPORT_MS,
        };
        let is_time = waited_ms.is_none_or(|waited_ms| waited_ms >= least_ms);
        if !is_time || !(is_owed || self.is_changed) {
            return None;
        }
        if is_owed {
            return Some(self.whole(now_ms));
        }
        let rows = self.shard.report();
        Some(self.told((rows, false), now_ms))
    }

    /// Everything that there is to tell.
    pub fn whole(&mut self, now_ms: u64) -> Report {
        let rows = self.shard.whole();
        self.told((rows, true), now_ms)
    }

    fn told(
        &mut self,
        (rows, is_whole): (crate::leaderboard::shards::Report<UserId>, bool),
        now_ms: u64,
    ) -> Report {
        self.number = self.number.saturating_add(1);
        (self.told_ms, self.is_changed) = (Some(now_ms), false);
        let head = rows.head.iter().flatten();
        let alias = |user| self.held.get(user).map(|held| held.alias.clone());
        Report {
            number: self.number,
            is_whole,
            aliases: head.map(|row| alias(&row.id).unwrap_or_default()).collect(),
            rows,
        }
    }

    /// The challenge has a report.
    pub fn confirmed(&mut self, number: u64) {
        self.confirmed = self.confirmed.max(number.min(self.number));
    }

    /// Its rows that somebody wants to see.
    #[must_use]
    pub fn find(&self, want: &Want) -> Found {
        let rows = self.shard.rows();
        let (before, after) = match want {
            Want::Of(users) => {
                let own = users.iter().filter_map(|user| self.row_of(user));
                return Found {
                    before: Vec::new(),
                    after: own.collect(),
                };
            }
            Want::After(key, limit) => (Vec::new(), rows.page(key.as_ref(), *limit)),
            Want::Around(key, k) => {
                let (before, mut after) = rows.around_key(key, k.saturating_add(1));
                after.truncate(*k as usize);
                (before, after)
            }
            Want::AroundScore(score, k) => {
                let around = rows.around_score(*score, *k);
                (around.before, around.after)
            }
        };
        let all = |rows: Vec<Row<UserId>>| rows.into_iter().filter_map(|row| self.row(row));
        Found {
            before: all(before).collect(),
            after: all(after).collect(),
        }
    }

    fn row_of(&self, user: &UserId) -> Option<PartRow> {
        let (score, achieved_at_ms) = self.shard.rows().get(user)?;
        let held = self.held.get(user)?;
        Some(PartRow {
            key: crate::leaderboard::RowKey {
                score,
                achieved_at_ms,
                id: user.clone(),
            },
            join: held.join,
            version: held.version,
            alias: held.alias.clone(),
        })
    }

    fn row(&self, row: Row<UserId>) -> Option<PartRow> {
        let held = self.held.get(&row.id)?;
        Some(PartRow {
            key: row.key(),
            join: held.join,
            version: held.version,
            alias: held.alias.clone(),
        })
    }

    /// All its rows, in order; it ends with that.
    #[must_use]
    pub fn hand_over(mut self) -> Vec<PartRow> {
        let rows = self.shard.rows().iter();
        let row = |row: Row<UserId>| {
            let held = self.held.remove(&row.id)?;
            Some(PartRow {
                key: row.key(),
                join: held.join,
                version: held.version,
                alias: held.alias,
            })
        };
        rows.filter_map(row).collect()
    }

    /// Rows in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shard.rows().len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
