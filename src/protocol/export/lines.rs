//! Makes the lines of a life, one after the other and none before it is wanted: what is gathered is compressed, what is written is not.

use std::{collections::VecDeque, vec};

use minicbor::{Decode, Encode};
use serde::Serialize;
use streakline_core::{
    change::Change,
    chunk,
    civil::Day,
    event::{Fact, Transfer},
    records::StoredRecord,
    user::portable::ChunkKey,
    view::VerdictView,
};

use super::{
    Life,
    body::{Challenge, Device, Minutes, Pause, RestDay, Sample},
    header::Header,
    line::{Kind, written},
    tally::Tally,
};
use crate::protocol::body::{self, explain::TrailItem};

/// A stored row that cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of type {kind:?} cannot be told: {why}")]
pub struct Unreadable {
    /// Of which kind of line.
    pub kind: &'static str,
    /// In words.
    pub why: String,
}

type Line = Result<(Kind, String), Unreadable>;

/// The lines of a life.
pub struct Lines {
    life: Life,
    tally: Tally,
    /// Lines that are made already: few, and small.
    ready: VecDeque<(Kind, String)>,
    next_day: Day,
    last_day: Day,
    records: vec::IntoIter<(ChunkKey, Vec<u8>)>,
    /// Rows of the chunk that is being told.
    chunk: Option<(ChunkKey, vec::IntoIter<StoredRecord>)>,
    minutes: vec::IntoIter<(ChunkKey, Vec<u8>)>,
    facts: vec::IntoIter<Vec<u8>>,
    transfers: vec::IntoIter<Vec<u8>>,
    changes: vec::IntoIter<Vec<u8>>,
    ending: Ending,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    State,
    End,
    Over,
}

impl Lines {
    /// The lines of a life from the first on.
    ///
    /// # Errors
    /// [`Unreadable`] when its beginning cannot be told.
    pub fn of(mut life: Life) -> Result<Self, Unreadable> {
        let ready = beginning(&life)?;
        let days = || life.user.days.keys().copied();
        let created = life.user.created.map(|(_, day)| day);
        let today = life.user.day_of(life.now_ms);
        let next_day = days().next().into_iter().chain(created).min();
        let last_day = days().next_back().into_iter().chain([today]).max();
        Ok(Self {
            next_day: next_day.unwrap_or(today),
            last_day: last_day.unwrap_or(today),
            records: std::mem::take(&mut life.records).into_iter(),
            chunk: None,
            minutes: std::mem::take(&mut life.minutes).into_iter(),
            facts: std::mem::take(&mut life.facts).into_iter(),
            transfers: std::mem::take(&mut life.transfers).into_iter(),
            changes: std::mem::take(&mut life.changes).into_iter(),
            ending: Ending::State,
            tally: Tally::default(),
            life,
            ready,
        })
    }

    /// The next lines, until about `bytes_max` bytes of them; empty at the end.
    ///
    /// # Errors
    /// [`Unreadable`]: what came before it is right, and the export has no end.
    pub fn portion(&mut self, bytes_max: usize) -> Result<Vec<u8>, Unreadable> {
        let mut portion = Vec::with_capacity(bytes_max);
        while portion.len() < bytes_max {
            let Some((kind, line)) = self.line()? else {
                break;
            };
            self.tally.add(kind, line.as_bytes());
            portion.extend(line.into_bytes());
        }
        Ok(portion)
    }

    fn line(&mut self) -> Result<Option<(Kind, String)>, Unreadable> {
        let made = self.ready.pop_front().map(Ok);
        let made = made.or_else(|| self.day()).or_else(|| self.record());
        let made = made.or_else(|| self.minutes()).or_else(|| self.told());
        made.or_else(|| self.ending()).transpose()
    }

    fn day(&mut self) -> Option<Line> {
        let day = self.next_day;
        if day > self.last_day {
            return None;
        }
        self.next_day = day.next();
        let view = self.life.user.day_view(day, self.life.now_ms);
        Some(line(Kind::Day, &body::Day::from(&view), None))
    }

    fn record(&mut self) -> Option<Line> {
        loop {
            if let Some((key, rows)) = &mut self.chunk
                && let Some(copy) = rows.next()
            {
                let sample = Sample::of(&self.life.user, *key, &copy);
                let row = encoded((*key, copy));
                return Some(line(Kind::Record, &sample, Some(&row)));
            }
            let (key, bytes) = self.records.next()?;
            match chunk::decode(&bytes) {
                Ok(rows) => self.chunk = Some((key, rows.into_iter())),
                Err(error) => return Some(Err(unreadable(Kind::Record, &error))),
            }
        }
    }

    fn minutes(&mut self) -> Option<Line> {
        self.chunk = None;
        let (key, bytes) = self.minutes.next()?;
        let told = Minutes::of(&self.life.user, key, &bytes);
        let told = told.ok_or_else(|| unreadable(Kind::Minutes, &"no minutes of this form"));
        let row = encoded((key, minicbor::bytes::ByteVec::from(bytes)));
        Some(told.and_then(|told| line(Kind::Minutes, &told, Some(&row))))
    }

    /// Facts, transfers, changes; what others did without their names.
    fn told(&mut self) -> Option<Line> {
        let user = &self.life.user.id;
        let fact = |bytes: Vec<u8>| {
            let fact: Fact = decoded(Kind::Fact, &bytes)?;
            let fact = fact.told_to(user);
            line(Kind::Fact, &body::Event::from(&fact), Some(&encoded(&fact)))
        };
        let transfer = |bytes: Vec<u8>| {
            let held: Transfer = decoded(Kind::Transfer, &bytes)?;
            let told = body::Transfer::from(&held);
            line(Kind::Transfer, &told, Some(&encoded(&held)))
        };
        let change = |bytes: Vec<u8>| {
            let change: Change = decoded(Kind::Change, &bytes)?;
            let change = change.told_to(user);
            let told = TrailItem::from(&change);
            line(Kind::Change, &told, Some(&encoded(&change)))
        };
        let told = self.facts.next().map(fact);
        let told = told.or_else(|| self.transfers.next().map(transfer));
        told.or_else(|| self.changes.next().map(change))
    }

    fn ending(&mut self) -> Option<Line> {
        match self.ending {
            Ending::State => {
                self.ending = Ending::End;
                let row = encoded(self.life.user.portable());
                Some(line(Kind::State, &StateLine {}, Some(&row)))
            }
            Ending::End => {
                self.ending = Ending::Over;
                Some(line(Kind::End, &self.tally.end(), None))
            }
            Ending::Over => None,
        }
    }
}

/// A state says nothing that another line does not say in words.
#[derive(Serialize)]
struct StateLine {}

/// The lines before the days.
fn beginning(life: &Life) -> Result<VecDeque<(Kind, String)>, Unreadable> {
    let (user, now_ms) = (&life.user, life.now_ms);
    let absent = || unreadable(Kind::Profile, &"nobody made the user");
    let profile = user.profile().ok_or_else(absent)?;
    let balance = body::Balance::of(&user.id, &user.balance_view());
    let mut lines = vec![
        line(Kind::Header, &Header::of(life), None),
        line(Kind::Profile, &body::User::from(&profile), None),
        line(Kind::Balance, &balance, None),
    ];
    for view in user.device_views(now_ms) {
        let held = user.devices.get(&view.device);
        let device = Device {
            device: body::Device::from(&view),
            vendor: held.and_then(|held| held.vendor.clone()),
            model: held.and_then(|held| held.model.clone()),
        };
        lines.push(line(Kind::Device, &device, None));
    }
    for view in user.goal_views(now_ms) {
        lines.push(line(Kind::Goal, &body::Goal::from(&view), None));
    }
    for goal in user.goals.keys() {
        let view = user.streak_view(goal, None, now_ms);
        lines.extend(view.map(|view| line(Kind::Streak, &body::Streak::from(&view), None)));
    }
    lines.extend(chosen(life));
    lines.into_iter().collect()
}

/// Rest days, pauses, verdicts and enrolments.
fn chosen(life: &Life) -> Vec<Line> {
    let user = &life.user;
    let rest_day = |day: &Day| line(Kind::RestDay, &RestDay { day: day.iso() }, None);
    let mut lines: Vec<Line> = user.rest_days.iter().map(rest_day).collect();
    for held in user.pauses.iter() {
        let (from, to) = (held.from.iso(), held.to.iso());
        lines.push(line(Kind::Pause, &Pause { from, to }, None));
    }
    let verdict = |view: VerdictView| line(Kind::Verdict, &body::Verdict::from(&view), None);
    lines.extend(user.verdict_views().into_iter().map(verdict));
    for (id, held) in &user.enrolments {
        lines.push(line(Kind::Challenge, &Challenge::of(*id, held), None));
    }
    lines
}

fn line(kind: Kind, body: &impl Serialize, row: Option<&[u8]>) -> Line {
    let written = written(kind, body, row);
    let written = written.map_err(|error| unreadable(kind, &error))?;
    Ok((kind, written))
}

fn unreadable(kind: Kind, why: &dyn std::fmt::Display) -> Unreadable {
    let (kind, why) = (kind.name(), why.to_string());
    Unreadable { kind, why }
}

fn encoded(value: impl Encode<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = minicbor::encode(value, &mut bytes);
    bytes
}

fn decoded<T: for<'b> Decode<'b, ()>>(kind: Kind, bytes: &[u8]) -> Result<T, Unreadable> {
    minicbor::decode(bytes).map_err(|error| unreadable(kind, &error))
}
