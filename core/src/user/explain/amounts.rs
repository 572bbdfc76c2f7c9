//! What the two totals of a day differ by, and which device gave which part of them (domain.md 1.4).

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    super::{progress, rebuild},
    Evidence,
};
use crate::{
    civil::Day,
    day::{Amount, Head},
    id::DeviceId,
    manual::Total,
    merge,
    metric::Metric,
    records::Winner,
    sample::DeviceClass,
};

/// One metric of a day whose amounts add up. `display` less the four parts is `eligible`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountWhy {
    /// Which.
    pub metric: Metric,
    /// Total of all methods, unclamped, store units.
    pub display: i64,
    /// What challenges and tokens read, and goals and streaks with it where `for_goals` says nothing else.
    pub eligible: i64,
    /// What goals and streaks read, where it is not the eligible amount.
    pub for_goals: Option<i64>,
    /// Left out because the clock of its session was off, or because an import brought it. Below 0: another device then counts
    /// more on those minutes.
    pub quarantined: i64,
    /// Left out because it was typed in.
    pub manual: i64,
    /// Cut off by the cap of a minute.
    pub capped: i64,
    /// Came after the day was archived, when only what is shown still changes.
    pub late: i64,
    /// What a device's total of the day adds to the finer samples: display, eligible.
    pub remainder: (i64, i64),
    /// By device, in order of binding.
    pub shares: Vec<Share>,
}

/// What one device gave of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which.
    pub device: DeviceId,
    /// Its class.
    pub class: DeviceClass,
    /// Its place in the order of binding, from 0: the older binding wins a minute.
    pub binding: u32,
    /// Minutes that it says anything of.
    pub said: u32,
    /// Minutes of the display total that it won, and what it gave there; of a gauge how many readings.
    pub display: (u32, i64),
    /// The same of the eligible total.
    pub eligible: (u32, i64),
}

/// Minutes and amount that each binding won.
type Won = BTreeMap<u32, (u32, i64)>;

impl Evidence<'_> {
    /// Every metric of a day whose amounts add up.
    #[must_use]
    pub fn amounts(&self, day: Day) -> Vec<AmountWhy> {
        let winners = rebuild::winners(&self.known);
        let state = self.user.days.get(&day);
        let head = self.head(day);
        let clean = self.head_of(day, &winners, |winner| !winner.quarantined);
        let policy = self.user.manual_policy;
        let eligible = |winner: &Winner<'_>| winner.is_in(Total::Eligible, policy);
        let sensed = self.head_of(day, &winners, eligible);
        let metrics = state.into_iter().flat_map(|state| state.amounts.keys());
        metrics
            .map(|metric| self.amount(day, *metric, [&head, &clean, &sensed]))
            .collect()
    }

    fn head_of(
        &self,
        day: Day,
        winners: &[Winner<'_>],
        which: impl Fn(&Winner<'_>) -> bool,
    ) -> Head {
        let some: Vec<Winner<'_>> = winners
            .iter()
            .filter(|winner| which(winner))
            .copied()
            .collect();
        rebuild::head(self.user, day, &some)
    }

    fn amount(&self, day: Day, metric: Metric, [head, clean, sensed]: [&Head; 3]) -> AmountWhy {
        let state = self.user.days.get(&day);
        let amount = state.map_or_else(Amount::default, |state| state.amount(metric));
        let total = |head: &Head, of| self.total(day, (head, metric), of);
        let (all, unquarantined, unclamped) = (
            total(head, Total::Display),
            total(clean, Total::Display),
            total(sensed, Total::Display),
        );
        let quarantined = all.saturating_sub(unquarantined);
        let manual = unquarantined.saturating_sub(unclamped);
        let capped = unclamped.saturating_sub(total(head, Total::Eligible));
        let explained = quarantined.saturating_add(manual).saturating_add(capped);
        let difference = amount.display.saturating_sub(amount.eligible);
        let shares = self.shares(day, head, metric);
        let given = |of: fn(&Share) -> (u32, i64)| {
            shares
                .iter()
                .fold(0_i64, |sum, share| sum.saturating_add(of(share).1))
        };
        let (display, eligible) = (given(|share| share.display), given(|share| share.eligible));
        AmountWhy {
            metric,
            display: amount.display,
            eligible: amount.eligible,
            for_goals: state.and_then(|state| state.for_goals.get(&metric).copied()),
            quarantined,
            manual,
            capped,
            late: difference.saturating_sub(explained),
            remainder: (
                all.saturating_sub(display),
                total(head, Total::Eligible).saturating_sub(eligible),
            ),
            shares,
        }
    }

    fn total(&self, day: Day, (head, metric): (&Head, Metric), total: Total) -> i64 {
        let calendar = self.user.calendar();
        let span = (calendar.start_ms(day), calendar.end_ms(day));
        let standings = self.user.standings(day);
        progress::sum(&progress::series(head, &standings, metric, (span, total)))
    }

    /// What each device gave of a gauge.
    #[must_use]
    pub fn readings(&self, day: Day, metric: Metric) -> Vec<Share> {
        let (head, standings) = (self.head(day), self.user.standings(day));
        let readers = head.readers(&standings, metric);
        let mut won = Won::new();
        for (readings, binding) in merge::winners(&readers) {
            add(&mut won, binding, i64::from(readings.count));
        }
        let said = readers
            .iter()
            .map(|reader| (reader.binding, reader.cells.len()));
        self.devices(&said.collect(), (&won, &won))
    }

    fn shares(&self, day: Day, head: &Head, metric: Metric) -> Vec<Share> {
        let standings = self.user.standings(day);
        let of = |total: Total| {
            let cap = progress::cap_of(metric, total).unwrap_or(u32::MAX);
            let mut won = Won::new();
            for (cell, binding) in merge::winners(&head.bidders(&standings, metric, total)) {
                add(&mut won, binding, i64::from(cell.value.min(cap)));
            }
            won
        };
        let said = head.bidders(&standings, metric, Total::Display);
        let said = said
            .iter()
            .map(|bidder| (bidder.binding, bidder.cells.len()));
        self.devices(&said.collect(), (&of(Total::Display), &of(Total::Eligible)))
    }

    fn devices(
        &self,
        said: &BTreeMap<u32, usize>,
        (display, eligible): (&Won, &Won),
    ) -> Vec<Share> {
        let share = |(binding, minutes): (&u32, &usize)| {
            let (device, held) = self.user.device_of(*binding)?;
            let won = |won: &Won| won.get(binding).copied().unwrap_or_default();
            Some(Share {
                device,
                class: held.class,
                binding: *binding,
                said: u32::try_from(*minutes).unwrap_or(u32::MAX),
                display: won(display),
                eligible: won(eligible),
            })
        };
        said.iter().filter_map(share).collect()
    }
}

fn add(won: &mut Won, binding: u32, amount: i64) {
    let held = won.entry(binding).or_default();
    *held = (held.0.saturating_add(1), held.1.saturating_add(amount));
}
