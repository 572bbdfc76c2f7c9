//! What the devices of a profile are, and what they send.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The frame of a vehicle: ten samples of 520 bytes, most of which are a vendor's own.
const VEHICLE: &str = include_str!("../../../tests/fixtures/frames-v1/client/vehicle-10.json");
/// A sample of a vehicle without its vendor's members.
const BARE_VEHICLE: &str = r#"{"id":"1000000000000","metric":"speed","start_ms":1700000000000,"value":52.3,"method":"auto"}"#;
/// Steps of a minute.
const STEPS: &str = r#"{"id":"1000000000000","metric":"steps","start_ms":1700000000000,"end_ms":1700000060000,"value":10,"method":"auto"}"#;
/// Steps that move a board.
const BOARD_STEPS: &str = r#"{"id":"1000000000000","metric":"steps","start_ms":1700000000000,"end_ms":1700000060000,"value":1,"method":"auto"}"#;
const MINUTE_MS: i64 = 60_000;
const SECOND_MS: i64 = 1_000;

/// A kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Profile {
    /// A sample of speed a second, in batches of ten, 520 bytes of JSON a sample
    Vehicle,
    /// A sample of steps a minute
    Band,
    /// Ten days of steps (--days) that were kept offline, all devices at once, through the lane `backfill`
    Backfill,
    /// A hot challenge: senders that move its board, and subscribers of it
    Board,
    /// Everyone is connected, all sockets are cut, and all come back and resume at once
    Storm,
    /// Sockets that say hello and then only answer pings
    Idle,
}

impl Profile {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vehicle => "vehicle",
            Self::Band => "band",
            Self::Backfill => "backfill",
            Self::Board => "board",
            Self::Storm => "storm",
            Self::Idle => "idle",
        }
    }

    /// Whether its samples are gauges of a vehicle; the others are steps.
    pub(crate) fn is_vehicle(self) -> bool {
        matches!(self, Self::Vehicle | Self::Storm | Self::Idle)
    }

    /// Class of its devices.
    pub(crate) fn class(self) -> &'static str {
        if self.is_vehicle() { "vehicle" } else { "band" }
    }

    /// Its lane.
    pub(crate) fn lane(self) -> &'static str {
        match self {
            Self::Backfill => "backfill",
            _ => "live",
        }
    }

    /// Records of a frame where none are asked for.
    pub(crate) fn records(self) -> u32 {
        match self {
            Self::Backfill => 400,
            Self::Band | Self::Board => 1,
            Self::Vehicle | Self::Storm | Self::Idle => 10,
        }
    }

    /// Whether its load ends by itself.
    pub(crate) fn ends_itself(self) -> bool {
        matches!(self, Self::Backfill | Self::Storm)
    }

    /// From one sample of a device to the next, as its makers meant it.
    pub(crate) fn step_ms(self) -> i64 {
        match self {
            Self::Band | Self::Backfill => MINUTE_MS,
            _ => SECOND_MS,
        }
    }

    /// What the record of that number measures, in the last digit's unit: tenths of km/h, or steps.
    pub(crate) fn value(self, device: u32, seq: u64) -> u64 {
        match self {
            Self::Vehicle | Self::Storm | Self::Idle => 100 + seq % 900,
            Self::Band | Self::Backfill => 10 + seq % 90,
            // The first sender leads from the beginning, so that the board's first row tells how far it is.
            Self::Board => 1 + u64::from(device == 0),
        }
    }

    /// A frame whose numbers are as wide as they may become.
    pub(crate) fn frame(self, records: u32, bare: bool) -> String {
        if self.is_vehicle() && !bare {
            return VEHICLE.trim_end().to_owned();
        }
        let record = if self.is_vehicle() {
            BARE_VEHICLE
        } else if self == Self::Board {
            BOARD_STEPS
        } else {
            STEPS
        };
        let lane = self.lane();
        let mut text = format!(
            r#"{{"type":"batch","batch_id":1000000000,"lane":"{lane}","first_seq":1000000000,"records":["#
        );
        for index in 0..records {
            text.push_str(if index > 0 { "," } else { "" });
            text.push_str(record);
        }
        text.push_str("]}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    #[test]
    fn a_vehicles_frame_has_520_bytes_a_sample() {
        let text = Profile::Vehicle.frame(10, false);
        assert!(text.len().abs_diff(5_200) <= 50, "{}", text.len());
        let template = Template::of_json(&text).unwrap();
        assert_eq!(template.records(), 10);
        assert_eq!(template.payload_bytes(), text.len());
    }

    #[test]
    fn every_profile_has_a_frame_with_its_records_that_a_server_takes() {
        let all = Profile::value_variants().iter();
        for (profile, bare) in all.flat_map(|profile| [(profile, true), (profile, false)]) {
            let text = profile.frame(profile.records(), bare);
            assert!(text.len() <= 65_536, "{}: {}", profile.name(), text.len());
            for template in [Template::of_json(&text), Template::of_compact(&text)] {
                assert_eq!(template.unwrap().records(), u64::from(profile.records()));
            }
        }
    }
}
