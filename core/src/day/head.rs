//! The minutes of a day while they are at hand, by metric and device, and what else a day is made of.
//!
//! What they come to is kept in the day's state when they are let go.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use core::slice;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    episode::Episode,
    id::{DeviceId, RecordId},
    manual::Total,
    merge::{Bidder, Cells, DayTotal, Minutes, Readings, Recorded, Trust},
    metric::Metric,
    sample::DeviceClass,
    small_map::SmallMap,
    wear::Wear,
};

/// Minutes of one device: all methods, and of the other totals where these differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct DeviceCells {
    /// From every winning record.
    #[n(0)]
    pub display: Cells,
    /// Without what is not eligible; `None`: the same.
    #[n(1)]
    pub eligible: Option<Cells>,
    /// What goals read; `None`: the same, or goals read no total of their own.
    #[n(2)]
    pub goals: Option<Cells>,
    /// What the device has signed; `None`: nothing.
    #[n(3)]
    pub attested: Option<Attested>,
}

/// Minutes of what a device has signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Attested {
    /// They are the eligible ones.
    #[n(0)]
    AsEligible,
    /// Others.
    #[n(1)]
    Own(#[n(0)] Cells),
}

/// What a device says that has no minutes.
const NO_CELLS: &Cells = &Cells::NONE;

impl DeviceCells {
    /// The minutes of the run that a total comes from.
    #[must_use]
    pub fn run(&self, total: Total) -> &Cells {
        let own = match (total, &self.attested) {
            (Total::Display, _) => None,
            (Total::Eligible, _) | (Total::Attested, Some(Attested::AsEligible)) => {
                self.eligible.as_ref()
            }
            (Total::Goals, _) => self.goals.as_ref(),
            (Total::Attested, Some(Attested::Own(own))) => Some(own),
            (Total::Attested, None) => Some(NO_CELLS),
        };
        own.unwrap_or(&self.display)
    }

    /// Whether the device says nothing. A coarse record may count only where the finer ones inside it are not eligible, so
    /// either part can be empty alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let own = [&self.eligible, &self.goals];
        self.display.is_empty()
            && own.into_iter().flatten().all(Cells::is_empty)
            && self.run(Total::Attested).is_empty()
    }

    /// Takes the attested minutes out, whichever way they are kept.
    pub fn take_attested(&mut self) -> Cells {
        match self.attested.take() {
            None => Cells::default(),
            Some(Attested::AsEligible) => self.run(Total::Eligible).clone(),
            Some(Attested::Own(own)) => own,
        }
    }

    /// Keeps the attested minutes in the one way that is shortest.
    pub fn settle_attested(&mut self) {
        let Some(Attested::Own(own)) = &self.attested else {
            return;
        };
        if own.is_empty() {
            self.attested = None;
        } else if own == self.run(Total::Eligible) {
            self.attested = Some(Attested::AsEligible);
        }
    }
}

/// What a merge must know of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub device: DeviceId,
    /// Its class, which has a priority for each metric.
    pub class: DeviceClass,
    /// Its place in the order of binding.
    pub binding: u32,
    /// Its place in the user's own order, where it has one.
    pub place: Option<usize>,
}

impl Standing {
    /// Priority in a merge: a device that the user has ordered comes before every class.
    #[must_use]
    pub fn priority(&self, metric: Metric) -> u8 {
        let ordered = self.place.map(|place| {
            let place = u8::try_from(place).unwrap_or(u8::MAX);
            u8::MAX.saturating_sub(place)
        });
        ordered.unwrap_or_else(|| self.class.priority(metric))
    }
}

/// The totals of a day that devices give for one metric, by which total of the day they add to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct DayTotals {
    /// From every winning reading.
    #[n(0)]
    pub display: Option<DayTotal>,
    /// From the eligible ones.
    #[n(1)]
    pub eligible: Option<DayTotal>,
    /// From those that goals read; none where goals read no total of their own.
    #[n(2)]
    pub goals: Option<DayTotal>,
    /// From the signed ones.
    #[n(3)]
    pub attested: Option<DayTotal>,
}

impl DayTotals {
    /// What adds to a total of the day.
    #[must_use]
    pub fn of(&self, total: Total) -> Option<DayTotal> {
        match total {
            Total::Display => self.display,
            Total::Eligible => self.eligible,
            Total::Goals => self.goals,
            Total::Attested => self.attested,
        }
    }
}

/// An episode that ends in the day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct HeldEpisode {
    /// Sleep or workout.
    #[n(0)]
    pub metric: Metric,
    /// Of which device.
    #[n(1)]
    pub binding: u32,
    /// Which of the device's.
    #[n(2)]
    pub id: RecordId,
    /// Start, POSIX ms.
    #[n(3)]
    pub start_ms: i64,
    /// End, POSIX ms.
    #[n(4)]
    pub end_ms: i64,
    /// How far it is trusted.
    #[n(5)]
    pub trust: Trust,
    /// What is inside.
    #[n(6)]
    pub episode: Box<Episode>,
}

impl HeldEpisode {
    fn recorded(&self, devices: &[Standing]) -> Option<Recorded<'_>> {
        let of = standing(devices, self.binding)?;
        Some(Recorded {
            start_ms: self.start_ms,
            end_ms: self.end_ms,
            episode: &self.episode,
            trust: self.trust,
            binding: self.binding,
            priority: of.priority(self.metric),
            device: of.device,
        })
    }
}

/// The minutes of a day, by metric and binding of the device, and what else a day is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// Amounts.
    #[n(0)]
    pub amounts: SmallMap<(Metric, u32), DeviceCells>,
    /// Totals that devices give of the day, the largest of each metric.
    #[n(1)]
    pub totals: SmallMap<Metric, DayTotals>,
    /// Readings of gauges.
    #[n(2)]
    pub readings: SmallMap<(Metric, u32), Vec<Readings>>,
    /// By metric, device and id.
    #[n(3)]
    pub episodes: Vec<HeldEpisode>,
    /// Minutes that a sample says were worn.
    #[n(20)]
    pub wear: Wear,
    /// Sleep that ends in other days and shares time with sleep that ends in this one: a minute counts once.
    #[n(5)]
    pub rivals: Vec<HeldEpisode>,
}

impl Head {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.amounts.is_empty()
            && self.totals.is_empty()
            && self.readings.is_empty()
            && self.episodes.is_empty()
    }

    /// Bidders for a merge of amounts into a total (domain.md 1.4).
    #[must_use]
    pub fn bidders(
        &self,
        devices: &[Standing],
        metric: Metric,
        total: Total,
    ) -> Vec<Bidder<Minutes<'_>>> {
        let held = self.amounts.range((metric, 0)..=(metric, u32::MAX));
        held.filter_map(|((_, binding), held)| {
            bidder(devices, metric, *binding, held.run(total).iter())
        })
        .collect()
    }

    /// Bidders for a merge of readings.
    #[must_use]
    pub fn readers(
        &self,
        devices: &[Standing],
        metric: Metric,
    ) -> Vec<Bidder<slice::Iter<'_, Readings>>> {
        let held = self.readings.range((metric, 0)..=(metric, u32::MAX));
        held.filter_map(|((_, binding), held)| bidder(devices, metric, *binding, held.iter()))
            .collect()
    }

    /// The episodes of sleep with their rivals, or the workouts, for a merge.
    #[must_use]
    pub fn recorded(&self, devices: &[Standing], metric: Metric) -> Vec<Recorded<'_>> {
        let episodes = self.episodes.iter().chain(&self.rivals);
        let of_metric = episodes.filter(|held| held.metric == metric);
        of_metric
            .filter_map(|held| held.recorded(devices))
            .collect()
    }

    /// Metrics that it says anything of.
    #[must_use]
    pub fn metrics(&self) -> BTreeSet<Metric> {
        let amounts = self.amounts.keys().map(|(metric, _)| *metric);
        let readings = self.readings.keys().map(|(metric, _)| *metric);
        let episodes = self.episodes.iter().map(|held| held.metric);
        let totals = self.totals.keys().copied();
        amounts
            .chain(readings)
            .chain(episodes)
            .chain(totals)
            .collect()
    }

    /// SHA-256 over everything in it, devices in order of their id, so that the order of binding does not show.
    #[must_use]
    pub fn hash(&self, devices: &[Standing]) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut order: Vec<&Standing> = devices.iter().collect();
        order.sort_by_key(|standing| standing.device);
        for standing in order {
            self.hash_device(&mut hash, standing);
        }
        for (metric, totals) in &self.totals {
            hash.update(metric.0.to_be_bytes());
            hash_total(&mut hash, totals.display);
            hash_total(&mut hash, totals.eligible);
            if totals.goals.is_some() {
                hash_total(&mut hash, totals.goals);
            }
            if totals.attested.is_some() {
                hash.update(b"attested");
                hash_total(&mut hash, totals.attested);
            }
        }
        hash.finalize().into()
    }

    fn hash_device(&self, hash: &mut Sha256, of: &Standing) {
        let own = |binding: u32| binding == of.binding;
        let amounts = self.amounts.iter().filter(|((_, by), _)| own(*by));
        for ((metric, _), cells) in amounts.filter(|(_, cells)| !cells.is_empty()) {
            hash.update(of.device.0);
            hash.update(metric.0.to_be_bytes());
            hash_cells(hash, cells.run(Total::Display));
            hash_cells(hash, cells.run(Total::Eligible));
            if let Some(goals) = &cells.goals {
                hash.update(b"goals");
                hash_cells(hash, goals);
            }
            if cells.attested.is_some() {
                hash.update(b"attested");
                hash_cells(hash, cells.run(Total::Attested));
            }
        }
        for ((metric, _), readings) in self.readings.iter().filter(|((_, by), _)| own(*by)) {
            hash.update(of.device.0);
            hash.update(metric.0.to_be_bytes());
            hash.update(encoded(readings));
        }
        let episodes = self.episodes.iter().chain(&self.rivals);
        for held in episodes.filter(|held| own(held.binding)) {
            hash.update(of.device.0);
            let apart = HeldEpisode {
                binding: 0,
                ..held.clone()
            };
            hash.update(encoded(&apart));
        }
    }
}

fn encoded<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = minicbor::encode(value, &mut bytes);
    bytes
}

fn standing(devices: &[Standing], binding: u32) -> Option<&Standing> {
    devices.iter().find(|device| device.binding == binding)
}

fn bidder<I>(devices: &[Standing], metric: Metric, binding: u32, cells: I) -> Option<Bidder<I>> {
    let of = standing(devices, binding)?;
    Some(Bidder {
        cells,
        priority: of.priority(metric),
        binding,
        device: of.device,
    })
}

fn hash_total(hash: &mut Sha256, total: Option<DayTotal>) {
    hash.update([u8::from(total.is_some())]);
    if let Some(total) = total {
        hash.update(total.amount.to_be_bytes());
        hash.update(total.until_ms.to_be_bytes());
    }
}

fn hash_cells(hash: &mut Sha256, cells: &Cells) {
    let mut bytes = Vec::with_capacity(cells.len().saturating_mul(11).saturating_add(8));
    bytes.extend(u64::try_from(cells.len()).unwrap_or(u64::MAX).to_be_bytes());
    cells.iter().for_each(|cell| {
        bytes.extend(cell.minute.to_be_bytes());
        bytes.extend(cell.covered_ms.to_be_bytes());
        bytes.extend(cell.value.to_be_bytes());
        bytes.push(cell.trust as u8);
    });
    hash.update(&bytes);
}
