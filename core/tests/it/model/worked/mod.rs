//! The worked examples of domain.md 1 to 4 and the golden day (13a), told to the model alone.

mod days;
mod goals;
mod golden;
mod samples;

use streakline_core::{
    civil::{Day, MINUTE_MS},
    sample::DeviceClass,
};

use super::{acts::Act, records::Sample, world::World};
use crate::places::at;

const WATCH: u8 = 1;
const PHONE: u8 = 2;

fn hello(number: u8, class: DeviceClass, zone: &'static str) -> Act {
    Act::Hello {
        device: number,
        class,
        zone: Some(zone),
    }
}

fn sent(device: u8, sample: Sample) -> Act {
    Act::Records {
        device,
        skewed: false,
        samples: vec![sample],
    }
}

/// A watch bound before a phone.
fn wearer(created_ms: i64, zone: &'static str) -> World {
    let mut world = World::new(created_ms);
    world.act(created_ms, &hello(WATCH, DeviceClass::Watch, zone));
    world.act(created_ms, &hello(PHONE, DeviceClass::Phone, zone));
    world
}

fn minutes(id: u64, start: &str, minutes: i64, value: i64) -> Sample {
    Sample::steps(id, at(start), at(start) + minutes * MINUTE_MS, value)
}

fn totals(world: &World, day: Day) -> (i64, i64) {
    let data = world.day(day);
    (data.total("steps", false), data.total("steps", true))
}
