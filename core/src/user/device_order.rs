//! The user's own order of devices: who is believed first where several say something of one minute (domain.md 1.4).
//!
//! An order holds from the day of the change on; days before it keep the one that they had, so nobody orders the past anew.

use alloc::vec::Vec;

use super::{Device, User, fold::Fold, plan, progress, rebuild};
use crate::{civil::Day, day::Standing, id::DeviceId, limits};

/// Why an order is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// The device at that place is not bound to the user.
    #[error("no such device is bound to the user")]
    Unknown(usize),
    /// Too many changes.
    #[error("the order of devices changes on at most 3 days within 30")]
    Limit,
}

/// Judges an order; `None`: it is in force already.
///
/// # Errors
/// [`OrderRefusal`].
pub fn admit(
    user: &User,
    order: Vec<DeviceId>,
    now_ms: i64,
) -> Result<Option<Vec<DeviceId>>, OrderRefusal> {
    let unknown = |device: &DeviceId| !user.devices.contains_key(device);
    if let Some(at) = order.iter().position(unknown) {
        return Err(OrderRefusal::Unknown(at));
    }
    if user.device_order() == order {
        return Ok(None);
    }
    let today = user.day_of(now_ms);
    let since = today.plus(limits::DEVICE_ORDER_WITHIN_DAYS.saturating_neg());
    let lately = user.device_orders.keys();
    let lately = lately.filter(|day| **day > since && **day != today).count();
    if lately >= limits::DEVICE_ORDER_CHANGES_MAX {
        return Err(OrderRefusal::Limit);
    }
    Ok(Some(order))
}

/// The order holds from today on: what is known of today is merged anew.
pub(super) fn change(user: &mut User, fold: &mut Fold<'_>, order: &[DeviceId]) {
    let today = user.day_of(fold.at_ms);
    user.device_orders.insert(today, order.to_vec());
    while user.device_orders.len() > limits::DEVICE_ORDERS_KEPT_MAX {
        user.device_orders.pop_first();
    }
    let last = plan::last_day(user, today);
    rebuild::warm(user, fold, today, last);
    let days: Vec<Day> = user.days.range(today..).map(|(day, _)| *day).collect();
    for day in days {
        let metrics = user
            .days
            .get(&day)
            .map(|state| rebuild::said(state))
            .unwrap_or_default();
        if !metrics.is_empty() {
            progress::refresh(user, fold, day, &metrics);
        }
    }
}

impl User {
    /// The newest order: these devices come before all others; empty: their classes decide.
    #[must_use]
    pub fn device_order(&self) -> &[DeviceId] {
        let newest = self.device_orders.last_key_value();
        newest.map_or(&[], |(_, order)| order.as_slice())
    }

    /// What a merge of a day must know of each device.
    #[must_use]
    pub fn standings(&self, day: Day) -> Vec<Standing> {
        let order = self.device_orders.range(..=day).next_back();
        let order = order.map_or(&[][..], |(_, order)| order.as_slice());
        let standing = |(device, held): (&DeviceId, &Device)| Standing {
            device: *device,
            class: held.class,
            binding: held.binding,
            place: order.iter().position(|of| of == device),
        };
        let devices = self.devices.iter();
        devices
            .map(|(device, held)| standing((device, held)))
            .collect()
    }
}
