//! Who changed what: notes each input of a person or an operator as it is folded (ADR 0025). What it did is seen by comparing
//! before and after, so that an input without an effect leaves no trace.

use alloc::{string::String, string::ToString};

use super::User;
use crate::{
    attest::KeyChange,
    attribute::Attributes,
    change::{Change, ChangeKind},
    event::EventId,
    id::DeviceId,
    input::{Header, Import, UserInput},
    period::WeekStart,
    poison::{Retry, Skip},
};

/// What an input may change, as it was before.
pub(super) struct Before {
    created: bool,
    zones: usize,
    alias: Option<String>,
    day_start: Option<(u16, i32)>,
    week_starts: WeekStart,
    hidden: bool,
    attributes: Attributes,
    device: Option<DeviceId>,
    /// Vendor and model, where the device was bound.
    described: Option<(Option<String>, Option<String>)>,
}

impl Before {
    /// Looks at what an input may change; samples and the passing of time change none of it.
    pub(super) fn of(user: &User, input: &UserInput) -> Self {
        let device = match input {
            UserInput::Open { device, .. } => device.as_ref().map(|new| new.device),
            UserInput::Import(import) => Some(import.device),
            _ => None,
        };
        let (alias, attributes) = match input {
            UserInput::Profile(_) => (user.alias.clone(), user.attributes.clone()),
            _ => Default::default(),
        };
        Self {
            created: user.created.is_some(),
            zones: user.zones.len(),
            alias,
            day_start: day_start(user),
            week_starts: user.week_starts,
            hidden: user.hidden,
            attributes,
            device,
            described: device.and_then(|device| described(user, device)),
        }
    }

    /// Notes what has changed.
    pub(super) fn note(self, user: &mut User, header: &Header, input: &UserInput) {
        match input {
            UserInput::Open { .. } => self.profile(user, header),
            UserInput::Profile(new) => {
                self.profile(user, header);
                if let Some(order) = &new.device_order {
                    note(user, header, ChangeKind::DeviceOrderChanged(order.clone()));
                }
                if user.attributes != self.attributes {
                    let attributes = user.attributes.clone();
                    note(user, header, ChangeKind::AttributesChanged(attributes));
                }
            }
            UserInput::PutGoal {
                goal,
                revisions,
                own,
                streak,
                ..
            } => {
                let kind = ChangeKind::GoalSet {
                    goal: goal.clone(),
                    revisions: revisions.clone(),
                    own: *own,
                    streak: *streak,
                };
                note(user, header, kind);
            }
            UserInput::DeleteGoal(goal) => {
                let until = user.goals.get(goal).and_then(|held| held.until());
                let goal = goal.clone();
                note(user, header, ChangeKind::GoalDeleted { goal, until });
            }
            UserInput::PutRestDay(day) => note(user, header, ChangeKind::RestDayChosen(*day)),
            UserInput::DeleteRestDay(day) => {
                note(user, header, ChangeKind::RestDayTakenBack(*day));
            }
            UserInput::Withdraw { challenge, .. } => {
                note(user, header, ChangeKind::ChallengeLeft(*challenge));
            }
            UserInput::Import(import) => note(user, header, imported(import)),
            UserInput::DeviceKey(change) => note(user, header, keyed(change)),
            UserInput::Adjust(adjustment) => {
                let kind = ChangeKind::Adjusted {
                    day: user.day_of(user.now_ms.max(header.stamp_ms)),
                    adjustment: adjustment.clone(),
                };
                note(user, header, kind);
            }
            _ => {}
        }
        if let Some(device) = self.device {
            self.bound(user, header, device);
        }
    }

    /// On hold only a device is taken in; the rest is noted when it is folded.
    pub(super) fn kept(self, user: &mut User, header: &Header) {
        if let Some(device) = self.device {
            self.bound(user, header, device);
        }
    }

    fn profile(&self, user: &mut User, header: &Header) {
        if !self.created {
            let zone = user.zones.first().map(|held| held.zone.clone());
            note(user, header, ChangeKind::Created { zone });
        } else if user.zones.len() > self.zones {
            // The newest of them is the one that this input has brought.
            let newest = user.zones.iter().filter(|held| held.received_ms > i64::MIN);
            let newest = newest.max_by_key(|held| (held.received_ms, held.effective_ms));
            let kind = newest.map(|held| ChangeKind::ZoneChanged {
                zone: held.zone.clone(),
                effective_ms: held.effective_ms,
                flagged: held.flagged,
            });
            kind.into_iter().for_each(|kind| note(user, header, kind));
        }
        if let Some(held) = user
            .day_starts
            .last()
            .copied()
            .filter(|_| day_start(user) != self.day_start)
        {
            let (from, after_min) = (held.from, held.after_min);
            note(
                user,
                header,
                ChangeKind::DayStartChanged { from, after_min },
            );
        }
        if user.week_starts != self.week_starts {
            note(user, header, ChangeKind::WeekStartChanged(user.week_starts));
        }
        if user.hidden != self.hidden {
            note(user, header, ChangeKind::HiddenChanged(user.hidden));
        }
        if let Some(alias) = user
            .alias
            .clone()
            .filter(|alias| self.alias.as_ref() != Some(alias))
        {
            note(user, header, ChangeKind::AliasChanged(alias));
        }
    }

    /// A device that is new to the user, or says something else of itself.
    fn bound(&self, user: &mut User, header: &Header, device: DeviceId) {
        let now = described(user, device);
        let Some(class) = user.devices.get(&device).map(|held| held.class) else {
            return;
        };
        if self.described.is_none() {
            note(user, header, ChangeKind::DeviceBound { device, class });
        } else if self.described != now {
            note(user, header, ChangeKind::DeviceDescribed(device));
        }
    }
}

fn day_start(user: &User) -> Option<(u16, i32)> {
    let newest = user.day_starts.last();
    newest.map(|held| (held.after_min, held.from.0))
}

fn described(user: &User, device: DeviceId) -> Option<(Option<String>, Option<String>)> {
    let held = user.devices.get(&device)?;
    Some((held.vendor.clone(), held.model.clone()))
}

fn keyed(change: &KeyChange) -> ChangeKind {
    let device = change.device;
    match &change.key {
        Some(key) => ChangeKind::DeviceKeySet {
            device,
            key: key.id(),
        },
        None => ChangeKind::DeviceKeyRemoved(device),
    }
}

fn imported(import: &Import) -> ChangeKind {
    let starts = import.records.iter().map(|record| record.start_ms);
    let ends = import.records.iter().map(|record| record.end_ms);
    ChangeKind::Imported {
        device: import.device,
        records: u32::try_from(import.records.len()).unwrap_or(u32::MAX),
        first_ms: starts.min().unwrap_or_default(),
        last_ms: ends.max().unwrap_or_default(),
    }
}

/// An input was passed over.
pub(super) fn skipped(user: &mut User, header: &Header, skip: &Skip) {
    let (position, hold) = (skip.position, skip.hold);
    note(user, header, ChangeKind::Skipped { position, hold });
}

/// An operator offered an input again. What was kept on hold follows by itself, once the user is released.
pub(super) fn retried(user: &mut User, header: &Header, retry: &Retry) {
    if retry.kept && !retry.release {
        return;
    }
    let input = retry.of_user().map(|input| input.kind().to_string());
    let release = retry.release;
    note(user, header, ChangeKind::Retried { input, release });
}

fn note(user: &mut User, header: &Header, kind: ChangeKind) {
    user.last_change = user.last_change.saturating_add(1);
    user.changes.push(Change {
        number: user.last_change,
        at_ms: user.now_ms.max(header.stamp_ms),
        id: EventId {
            partition: header.partition,
            position: header.position,
            sub: EventId::INPUT,
        },
        by: header.origin.clone(),
        rules: header.rules,
        kind,
    });
}
