//! A day's minutes from its stored records: the slow road's end, and what brings cold days back (domain.md 1.4, design.md 5).
//!
//! Which days must be rebuilt, and which records that takes, is found in `plan`; identity is decided in `ingest`.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{User, fold::Fold, ingest, plan};
use crate::{
    civil::{Day, MINUTE_MS},
    day::{Attested, DayState, DayTotals, DeviceCells, Head, HeldEpisode, Identities},
    manual::{ManualPolicy, Total},
    merge::{self, Cell, Cells, DayTotal, Trust},
    metric::Metric,
    record::{Content, Record},
    records::{self, Records, Winner},
    small_map::SmallMap,
};

/// Records that count, by metric and binding of the device.
type Series<'a> = BTreeMap<(Metric, u32), Vec<&'a Winner<'a>>>;

/// Brings the minutes of cold days back; nothing of their state changes.
pub(super) fn warm(user: &mut User, fold: &Fold<'_>, first: Day, last: Day) {
    let cold = plan::cold(user, first, last);
    if cold.is_empty() {
        return;
    }
    let known = ingest::gather(user, fold.loaded);
    let winners = winners(&known);
    for (day, _) in cold {
        minutes(user, day, &winners);
    }
}

/// The copies that count: a deletion wins, and then its key says nothing.
pub(super) fn winners(known: &Records) -> Vec<Winner<'_>> {
    let winners = known.values().filter_map(records::winner);
    winners.filter(Winner::counts).collect()
}

/// Rebuilds a day; answers which metrics may come to something else than before. A day whose records are no longer kept stays
/// as it is.
pub(super) fn minutes(user: &mut User, day: Day, winners: &[Winner<'_>]) -> BTreeSet<Metric> {
    if !user.keeps_records(day) {
        return BTreeSet::new();
    }
    let head = head(user, day, winners);
    let (count, identities, quarantined) = identify(user, day, winners);
    if count == 0 && head.is_empty() && !user.days.contains_key(&day) {
        return BTreeSet::new();
    }
    let standings = user.standings(day);
    let state = user.days.entry(day).or_default();
    let mut metrics = said(state);
    metrics.extend(head.metrics());
    (state.worn_minutes, state.quarantined) = (head.wear.minutes(), quarantined);
    let changed = state.replace(head, (count, identities), &standings);
    bridge(user, day, winners);
    if changed { metrics } else { BTreeSet::new() }
}

/// Metrics that a day's state says anything of.
pub(super) fn said(state: &DayState) -> BTreeSet<Metric> {
    let mut metrics: BTreeSet<Metric> = state.amounts.keys().copied().collect();
    metrics.extend(state.gauges.keys().copied());
    metrics.extend(state.night.map(|_| Metric::SLEEP));
    metrics.extend((!state.workouts.is_empty()).then_some(Metric::WORKOUT));
    metrics
}

/// The records that are counted in a day, their identities, and how many of them are quarantined.
fn identify(user: &User, day: Day, winners: &[Winner<'_>]) -> (u32, Identities, u32) {
    let mut identities = Identities::default();
    let (mut count, mut quarantined) = (0_u32, 0_u32);
    for winner in winners {
        let (copy, device) = (winner.copy, user.device_of(winner.copy.binding));
        if let Some((device, _)) = device.filter(|_| copy.day(user.calendar()) == day) {
            count = count.saturating_add(1);
            quarantined = quarantined.saturating_add(u32::from(winner.quarantined));
            identities.add(device, copy.record.id, copy.record.version);
        }
    }
    (count, identities, quarantined)
}

/// The minutes of a day, from the records that count.
pub(super) fn head(user: &User, day: Day, winners: &[Winner<'_>]) -> Head {
    let span = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let mut series = Series::new();
    for winner in winners {
        let key = (winner.copy.record.metric, winner.copy.binding);
        series.entry(key).or_default().push(winner);
    }
    let mut head = Head::default();
    for winner in winners {
        head.wear.note(&winner.copy.record, span);
    }
    for (key, own) in &series {
        let cells = amounts(user.manual_policy, span, own);
        if !cells.is_empty() {
            head.amounts.insert(*key, cells);
        }
        let inside = own.iter().map(|winner| &winner.copy.record);
        let inside = inside.filter(|record| (span.0..span.1).contains(&record.start_ms));
        let readings = merge::device_readings(&inside.collect::<Vec<_>>());
        if !readings.is_empty() {
            head.readings.insert(*key, readings);
        }
        head.episodes.extend(episodes(span, own));
    }
    head.rivals = rivals(&head.episodes, span, &series);
    head.totals = totals(user, day, &series);
    head
}

/// The minutes of one device and metric within a day: of the samples that reach into it, and of the counters' readings.
fn amounts(policy: ManualPolicy, span: (i64, i64), own: &[&Winner<'_>]) -> DeviceCells {
    let counted = |w: &&Winner<'_>| matches!(w.copy.record.content, Content::Cumulative { .. });
    let (from_ms, to_ms) = if own.iter().any(counted) {
        // What lies between two readings may count what samples leave on any of its days.
        (i64::MIN, i64::MAX)
    } else {
        reach(span, own)
    };
    let tied = |record: &Record| match record.content {
        Content::Delta(_) => record.end_ms > from_ms && record.start_ms < to_ms,
        Content::Cumulative { .. } => true,
        Content::Gauge(_) | Content::Episode(_) | Content::Deleted => false,
    };
    let tied: Vec<&&Winner<'_>> = own.iter().filter(|w| tied(&w.copy.record)).collect();
    let of = |total: Total| {
        let counted = tied.iter().filter(|w| w.is_in(total, policy));
        let records: Vec<&Record> = counted.map(|w| &w.copy.record).collect();
        within(merge::device_cells(&records), span)
    };
    let display = of(Total::Display);
    let apart = |total: Total| {
        let out = |w: &&&Winner<'_>| policy.leaves_out(total, &w.copy.record, w.known());
        let own = tied.iter().any(out).then(|| of(total));
        own.filter(|own| *own != display)
    };
    let (eligible, goals) = (apart(Total::Eligible), apart(Total::Goals));
    let attested = tied.iter().any(|w| w.attested);
    let attested = attested.then(|| Attested::Own(of(Total::Attested)));
    let mut cells = DeviceCells {
        display,
        eligible,
        goals,
        attested,
    };
    cells.settle_attested();
    cells
}

/// Episodes of one device and metric that end in a day; one that ends with the day's last instant belongs to it.
fn episodes(span: (i64, i64), own: &[&Winner<'_>]) -> Vec<HeldEpisode> {
    let all = own.iter().filter_map(|winner| held(winner));
    let mut episodes: Vec<HeldEpisode> = all.filter(|held| ends_in(span, held)).collect();
    episodes.sort_unstable();
    episodes
}

fn held(winner: &Winner<'_>) -> Option<HeldEpisode> {
    let record = &winner.copy.record;
    let Content::Episode(episode) = &record.content else {
        return None;
    };
    Some(HeldEpisode {
        metric: record.metric,
        binding: winner.copy.binding,
        id: record.id,
        start_ms: record.start_ms,
        end_ms: record.end_ms,
        trust: Trust::from(record.method),
        episode: episode.clone(),
    })
}

fn ends_in((start_ms, end_ms): (i64, i64), held: &HeldEpisode) -> bool {
    start_ms < held.end_ms && held.end_ms <= end_ms
}

/// Sleep of all devices that ends in other days and shares time with that of this one.
fn rivals(own: &[HeldEpisode], span: (i64, i64), series: &Series<'_>) -> Vec<HeldEpisode> {
    let shares = |of: &HeldEpisode, other: &HeldEpisode| {
        of.metric == Metric::SLEEP && of.start_ms < other.end_ms && other.start_ms < of.end_ms
    };
    let asleep = series.range((Metric::SLEEP, 0)..=(Metric::SLEEP, u32::MAX));
    let all = asleep.flat_map(|(_, own)| own.iter().filter_map(|winner| held(winner)));
    let others = all.filter(|other| !ends_in(span, other));
    let mut rivals: Vec<HeldEpisode> = others
        .filter(|other| own.iter().any(|of| shares(of, other)))
        .collect();
    rivals.sort_unstable();
    rivals
}

/// The totals that devices give of a day: of each metric the largest (total, device).
fn totals(user: &User, day: Day, series: &Series<'_>) -> SmallMap<Metric, DayTotals> {
    let mut totals: SmallMap<Metric, DayTotals> = SmallMap::default();
    for ((metric, _), own) in series {
        let of = |total: Total| largest(user, (day, *metric), (series, total));
        let dated = own
            .iter()
            .any(|w| merge::day_total(&[&w.copy.record], day).is_some());
        if dated && !totals.contains_key(metric) {
            let apart = Some(Total::Goals).filter(|_| user.manual_policy.sets_goals_apart());
            let given = DayTotals {
                display: of(Total::Display),
                eligible: of(Total::Eligible),
                goals: apart.and_then(of),
                attested: of(Total::Attested),
            };
            totals.insert(*metric, given);
        }
    }
    totals
}

fn largest(
    user: &User,
    (day, metric): (Day, Metric),
    (series, into): (&Series<'_>, Total),
) -> Option<DayTotal> {
    let of_metric = series.range((metric, 0)..=(metric, u32::MAX));
    let total = |((_, binding), own): (&(Metric, u32), &Vec<&Winner<'_>>)| {
        let counted = own.iter().filter(|w| w.is_in(into, user.manual_policy));
        let records: Vec<&Record> = counted.map(|w| &w.copy.record).collect();
        let (amount, until_ms) = merge::day_total(&records, day)?;
        let (device, _) = user.device_of(*binding)?;
        Some((amount, device, until_ms))
    };
    let (amount, _, until_ms) = of_metric.filter_map(total).max()?;
    Some(DayTotal { amount, until_ms })
}

/// How far overlap carries on both sides of a span: a coarse record counts what finer ones leave of it, wherever these are.
fn reach((start_ms, end_ms): (i64, i64), own: &[&Winner<'_>]) -> (i64, i64) {
    let mut spans: Vec<(i64, i64)> = own
        .iter()
        .map(|w| (w.copy.record.start_ms, w.copy.record.end_ms))
        .collect();
    spans.sort_unstable();
    let (mut reach, mut stretch) = ((start_ms, end_ms), (i64::MIN, i64::MIN));
    for (from_ms, to_ms) in spans {
        stretch = if from_ms < stretch.1 {
            (stretch.0, stretch.1.max(to_ms))
        } else {
            (from_ms, to_ms)
        };
        if stretch.1 > start_ms && stretch.0 < end_ms {
            reach = (reach.0.min(stretch.0), reach.1.max(stretch.1));
        }
    }
    reach
}

/// Notes whether overlapping records of one metric carry from one border of a day to the other: those of one device, since a coarse
/// one counts what finer ones leave; and sleep of all devices, since a minute counts once.
pub(super) fn bridge(user: &mut User, day: Day, winners: &[Winner<'_>]) {
    let (start_ms, end_ms) = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let mut series = Series::new();
    for winner in winners {
        let metric = winner.copy.record.metric;
        let alone = metric != Metric::SLEEP;
        let key = (metric, if alone { winner.copy.binding } else { 0 });
        series.entry(key).or_default().push(winner);
    }
    let carries = |own: &Vec<&Winner<'_>>| {
        // What carries over the start and is still there at the end.
        reach((start_ms, start_ms.saturating_add(1)), own).1 > end_ms
            && reach((end_ms.saturating_sub(1), end_ms), own).0 < start_ms
    };
    let bridged = series.values().any(carries);
    if let Some(state) = user.days.get_mut(&day) {
        state.bridged = bridged;
    }
}

fn within(cells: Cells, (start_ms, end_ms): (i64, i64)) -> Cells {
    let inside = |cell: &Cell| {
        (start_ms..end_ms).contains(&i64::from(cell.minute).saturating_mul(MINUTE_MS))
    };
    if cells.iter().all(|cell| inside(&cell)) {
        return cells;
    }
    cells.iter().filter(inside).collect()
}
