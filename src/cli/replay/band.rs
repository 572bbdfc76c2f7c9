//! One person's band: a device with its outbox, the frames it sends, and what it accepts as an answer.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use streakline_core::civil::MINUTE_MS;
use uuid::Uuid;

use super::plan::Sending;
use super::wall::Sample;
use crate::cli::client::Ack;
use crate::entropy::Seeded;

/// Namespace of the ids that a replay derives from names.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0b_7a54_3a1c_5d0e_9c47_1f1e_52a8_e0d3);
/// Bytes of a record with all its fields, a little more than needed.
const RECORD_BYTES: usize = 140;

/// Everything that one person will send.
pub struct Band {
    /// The person.
    pub user: String,
    /// Its device; a person may have several bands.
    pub device: Uuid,
    /// The device's queue; another plan has another.
    pub outbox: Uuid,
    samples: Vec<Sample>,
    /// What goes out, in order.
    pub plan: Vec<Sending>,
}

impl Band {
    /// The band of `user` with these samples, `batch` to a batch, shuffled if there is a seed.
    #[must_use]
    pub fn new(user: &str, samples: Vec<Sample>, batch: usize, shuffle: Option<u64>) -> Self {
        Self::numbered((user, 0), samples, batch, shuffle)
    }

    /// The bands of `user` among which these samples are dealt out, minute by minute.
    #[must_use]
    pub fn split(
        user: &str,
        samples: Vec<Sample>,
        bands: usize,
        (batch, shuffle): (usize, Option<u64>),
    ) -> Vec<Self> {
        let mut hands = vec![Vec::new(); bands.max(1)];
        for sample in samples {
            let minute = sample.start_ms.div_euclid(MINUTE_MS).unsigned_abs();
            let turn = usize::try_from(minute).unwrap_or(0) % hands.len();
            if let Some(hand) = hands.get_mut(turn) {
                hand.push(sample);
            }
        }
        let numbered = (0..).zip(hands);
        numbered
            .map(|(number, hand)| Self::numbered((user, number), hand, batch, shuffle))
            .collect()
    }

    fn numbered(
        (user, number): (&str, usize),
        samples: Vec<Sample>,
        batch: usize,
        shuffle: Option<u64>,
    ) -> Self {
        let derived = |text: &str| Uuid::new_v5(&NAMESPACE, text.as_bytes());
        // The first of a person has no number, so that it is the same however many there are.
        let name = match number {
            0 => user.to_owned(),
            _ => format!("{user}:{number}"),
        };
        let device = derived(&format!("device:{name}"));
        let mut seeded = shuffle.map(|seed| Seeded::new(seed, device.as_u64_pair().0));
        let plan = super::plan::plan(&samples, batch, seeded.as_mut());
        let outbox = derived(&format!("outbox:{name}:{batch}:{shuffle:?}"));
        Self {
            user: user.to_owned(),
            device,
            outbox,
            samples,
            plan,
        }
    }

    /// End of its last minute, POSIX ms.
    #[must_use]
    pub fn last_end_ms(&self) -> Option<i64> {
        self.samples.last().map(|sample| sample.end_ms())
    }

    /// The frame of the sending `index`, whose number is also its batch id.
    #[must_use]
    pub fn frame(&self, index: usize) -> Option<String> {
        let sending = self.plan.get(index)?;
        let records = self.samples.get(sending.samples.clone())?;
        let mut text = String::with_capacity(100 + records.len() * RECORD_BYTES);
        // Writing to a String cannot fail; the results say nothing.
        let _ = write!(
            text,
            r#"{{"type":"batch","batch_id":{index},"lane":"live","first_seq":{},"records":["#,
            sending.first_seq
        );
        for (sample, id) in records.iter().zip(sending.samples.start + 1..) {
            let (start_ms, end_ms, value) = (sample.start_ms, sample.end_ms(), sample.value);
            let _ = write!(
                text,
                r#"{{"id":"{id}","metric":"steps","start_ms":{start_ms},"end_ms":{end_ms},"value":{value},"method":"auto"}},"#
            );
        }
        text.pop();
        text.push_str("]}");
        Some(text)
    }

    /// Checks that the server took a batch as it must: what was sent before as duplicates, everything else as new. After
    /// a crash (`resumed`) the server may know what this client does not remember.
    ///
    /// # Errors
    /// When a record was refused or counted otherwise.
    pub fn check(&self, ack: &Ack, resumed: bool) -> Result<()> {
        let sending = usize::try_from(ack.batch_id)
            .ok()
            .and_then(|index| self.plan.get(index));
        let Some(sending) = sending else {
            bail!("{}: ack of an unknown batch", self.user)
        };
        let numbers = sending.first_seq..=sending.last_seq();
        if ack.up_to_seq < sending.last_seq() {
            bail!(
                "{}: batch {} is durable only up to {}",
                self.user,
                ack.batch_id,
                ack.up_to_seq
            );
        }
        for result in &ack.results {
            let fits = match result.status.as_str() {
                "duplicate" => sending.copy || resumed,
                "clamped" => !sending.copy,
                _ => false,
            };
            if !fits || !numbers.contains(&result.seq) {
                bail!(
                    "{}: batch {}: unexpected {result:?}",
                    self.user,
                    ack.batch_id
                );
            }
        }
        if sending.copy && ack.results.len() != sending.samples.len() {
            bail!(
                "{}: batch {} was sent twice and counted twice",
                self.user,
                ack.batch_id
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::cli::client::RecordResult;

    fn band(shuffle: Option<u64>) -> Band {
        let samples = (0..600)
            .map(|m| Sample {
                start_ms: m * MINUTE_MS,
                value: 7,
            })
            .collect();
        Band::new("ann", samples, 60, shuffle)
    }

    fn ack(band: &Band, index: usize, statuses: &[&str]) -> Ack {
        let sending = &band.plan[index];
        let results = statuses
            .iter()
            .zip(sending.first_seq..)
            .map(|(status, seq)| RecordResult {
                seq,
                status: (*status).to_owned(),
                code: None,
                detail: None,
            });
        Ack {
            batch_id: index as u64,
            up_to_seq: sending.last_seq(),
            credits: 4,
            results: results.collect(),
        }
    }

    #[test]
    fn a_frame_holds_its_records_with_ids_that_rise_in_time() {
        let band = band(None);
        let frame: Value = serde_json::from_str(&band.frame(1).unwrap()).unwrap();
        assert_eq!(
            (frame["first_seq"].as_u64(), frame["batch_id"].as_u64()),
            (Some(61), Some(1))
        );
        let records = frame["records"].as_array().unwrap();
        assert_eq!(records.len(), 60);
        let first = serde_json::json!({"id":"61","metric":"steps","start_ms":3_600_000,"end_ms":3_660_000,
            "value":7,"method":"auto"});
        assert_eq!(records[0], first);
        assert!(band.frame(10).is_none());
    }

    #[test]
    fn a_record_keeps_its_id_in_every_batch_and_order() {
        let (plain, shuffled) = (band(None), band(Some(9)));
        let records = |band: &Band, index: usize| {
            let frame: Value = serde_json::from_str(&band.frame(index).unwrap()).unwrap();
            frame["records"].clone()
        };
        for (index, sending) in shuffled.plan.iter().enumerate() {
            let same = sending.samples.start / 60;
            assert_eq!(records(&shuffled, index), records(&plain, same));
        }
        assert_eq!(plain.device, shuffled.device);
        assert_ne!(plain.outbox, shuffled.outbox);
    }

    #[test]
    fn bands_of_one_person_share_its_minutes_and_are_devices_of_their_own() {
        let samples: Vec<Sample> = (0..10)
            .map(|m| Sample {
                start_ms: m * MINUTE_MS,
                value: 7,
            })
            .collect();
        let whole = Band::new("ann", samples.clone(), 60, None);
        let bands = Band::split("ann", samples.clone(), 3, (60, None));
        let starts = |band: &Band| -> Vec<i64> {
            let minutes = band
                .samples
                .iter()
                .map(|sample| sample.start_ms / MINUTE_MS);
            minutes.collect()
        };
        let dealt: Vec<Vec<i64>> = bands.iter().map(starts).collect();
        assert_eq!(dealt, [vec![0, 3, 6, 9], vec![1, 4, 7], vec![2, 5, 8]]);
        assert_eq!(bands[0].device, whole.device);
        assert_ne!(bands[0].device, bands[1].device);
        assert_ne!(bands[1].device, bands[2].device);
        assert_eq!(Band::split("ann", samples, 1, (60, None)).len(), 1);
    }

    #[test]
    fn new_records_must_be_taken_as_new() {
        let band = band(None);
        assert!(band.check(&ack(&band, 0, &[]), false).is_ok());
        assert!(band.check(&ack(&band, 0, &["clamped"]), false).is_ok());
        for bad in [
            "duplicate",
            "rejected",
            "quarantined",
            "stale_version",
            "brandnew",
        ] {
            assert!(band.check(&ack(&band, 0, &[bad]), false).is_err(), "{bad}");
        }
        assert!(band.check(&ack(&band, 0, &["duplicate"]), true).is_ok());
        let mut short = ack(&band, 2, &[]);
        short.up_to_seq -= 1;
        assert!(band.check(&short, false).is_err());
        let mut unknown = ack(&band, 2, &[]);
        unknown.batch_id = 99;
        assert!(band.check(&unknown, false).is_err());
    }

    #[test]
    fn a_second_copy_must_be_all_duplicates() {
        let (band, copy) = (1..)
            .map(|seed| band(Some(seed)))
            .find_map(|band| band.plan.iter().position(|s| s.copy).map(|at| (band, at)))
            .unwrap();
        assert!(
            band.check(&ack(&band, copy, &["duplicate"; 60]), false)
                .is_ok()
        );
        assert!(
            band.check(&ack(&band, copy, &["duplicate"; 59]), false)
                .is_err()
        );
        assert!(band.check(&ack(&band, copy, &[]), false).is_err());
        assert!(
            band.check(&ack(&band, copy, &["clamped"; 60]), false)
                .is_err()
        );
    }
}
