//! The hello: who is at the other end, and what it has seen (protocol.md 2).

use serde::Deserialize;
use streakline_core::{
    id::{DeviceId, IdError, OutboxId},
    limits,
    sample::DeviceClass,
};

use super::{
    Refusal, at, bad_frame, required,
    scalar::{self, Raw},
};

/// A hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// `None` for a viewer.
    pub device: Option<DeviceHello>,
    /// IANA zone of the device; whether it exists is judged later.
    pub zone: Option<String>,
    /// Since when the device is in it, POSIX ms; `None`: now.
    pub zone_since_ms: Option<i64>,
    /// The client's clock, POSIX ms.
    pub client_time_ms: Option<i64>,
    /// What was last seen: epoch and number.
    pub events: Option<(String, u64)>,
}

/// The device part of a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceHello {
    /// Which device.
    pub device: DeviceId,
    /// Its queue.
    pub outbox: OutboxId,
    /// Required at the first hello of a device, which is judged later.
    pub class: Option<DeviceClass>,
    /// Free text.
    pub vendor: Option<String>,
    /// Free text.
    pub model: Option<String>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    device_id: Raw<'a>,
    #[serde(borrow)]
    outbox_id: Raw<'a>,
    #[serde(borrow)]
    class: Raw<'a>,
    #[serde(borrow)]
    vendor: Raw<'a>,
    #[serde(borrow)]
    model: Raw<'a>,
    #[serde(borrow)]
    zone: Raw<'a>,
    #[serde(borrow)]
    zone_since_ms: Raw<'a>,
    #[serde(borrow)]
    client_time_ms: Raw<'a>,
    #[serde(borrow)]
    events: Raw<'a>,
}

#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(borrow)]
    epoch: Raw<'a>,
    #[serde(borrow)]
    after_seq: Raw<'a>,
}

/// Most characters of a zone name or of an epoch.
const NAME_CHARS_MAX: usize = limits::NAME_CHARS_MAX;

pub(super) fn read(text: &str) -> Result<Hello, Refusal> {
    let frame: Frame<'_> = super::parse(text)?;
    let client_time_ms = scalar::signed(frame.client_time_ms);
    let zone_since_ms = scalar::signed(frame.zone_since_ms);
    Ok(Hello {
        device: read_device(&frame)?,
        zone: read_text("/zone", frame.zone, NAME_CHARS_MAX)?,
        zone_since_ms: at("/zone_since_ms", zone_since_ms)?,
        client_time_ms: at("/client_time_ms", client_time_ms)?,
        events: read_seen(frame.events)?,
    })
}

fn read_device(frame: &Frame<'_>) -> Result<Option<DeviceHello>, Refusal> {
    let outbox = read_id("/outbox_id", frame.outbox_id, OutboxId::parse)?;
    let device = read_id("/device_id", frame.device_id, DeviceId::parse)?;
    let (device, outbox) = match (device, outbox) {
        (None, None) => return Ok(None),
        (device, outbox) => (
            required("/device_id", device)?,
            required("/outbox_id", outbox)?,
        ),
    };
    let text_max = limits::DEVICE_TEXT_CHARS_MAX;
    Ok(Some(DeviceHello {
        device,
        outbox,
        class: read_class(frame.class)?,
        vendor: read_text("/vendor", frame.vendor, text_max)?,
        model: read_text("/model", frame.model, text_max)?,
    }))
}

fn read_id<T>(
    pointer: &str,
    raw: Raw<'_>,
    parse: fn(&str) -> Result<T, IdError>,
) -> Result<Option<T>, Refusal> {
    let text = at(pointer, scalar::text(raw, NAME_CHARS_MAX))?;
    let id = text.map(|text| parse(&text)).transpose();
    id.map_err(|error| bad_frame(pointer, format!("{pointer} {error}")))
}

fn read_class(raw: Raw<'_>) -> Result<Option<DeviceClass>, Refusal> {
    let Some(name) = at("/class", scalar::text(raw, NAME_CHARS_MAX))? else {
        return Ok(None);
    };
    match DeviceClass::parse(&name) {
        Some(class) => Ok(Some(class)),
        None => {
            let names = DeviceClass::ALL.map(DeviceClass::name).join(", ");
            Err(bad_frame(
                "/class",
                format!("/class must be one of {names}"),
            ))
        }
    }
}

fn read_seen(raw: Raw<'_>) -> Result<Option<(String, u64)>, Refusal> {
    let Some(seen) = at("/events", scalar::object::<Seen<'_>>(raw))? else {
        return Ok(None);
    };
    let epoch = read_text("/events/epoch", seen.epoch, NAME_CHARS_MAX)?;
    let after_seq = at("/events/after_seq", scalar::unsigned(seen.after_seq))?;
    Ok(Some((
        required("/events/epoch", epoch)?,
        required("/events/after_seq", after_seq)?,
    )))
}

fn read_text(pointer: &str, raw: Raw<'_>, chars_max: usize) -> Result<Option<String>, Refusal> {
    let text = at(pointer, scalar::text(raw, chars_max))?;
    Ok(text.map(std::borrow::Cow::into_owned))
}
