//! Which of the user's devices is believed for a minute (domain.md 1.4, step B).

use alloc::vec::Vec;
use core::{cmp::Reverse, slice};

use super::{Said, Trust};
use crate::id::DeviceId;

/// A device owns a minute against any other class once it covers this much of it, in ms.
const MOSTLY_COVERED_MS: u16 = 30_000;

/// A device that may be believed for a minute.
#[derive(Clone, Debug)]
pub struct Bidder<I> {
    /// Its minutes, in order.
    pub cells: I,
    /// Priority of its class; the larger wins.
    pub priority: u8,
    /// When it was bound, as a number that grows with time; the smaller is the older and wins.
    pub binding: u32,
    /// Which.
    pub device: DeviceId,
}

/// Minutes that follow each other and are alike to a merge.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The first, minutes since 1970-01-01T00:00 UTC.
    pub minute: i32,
    /// How many, at least one.
    pub count: u16,
    /// How much of each is covered, ms.
    pub covered_ms: u16,
    /// How far each is trusted.
    pub trust: Trust,
}

impl Stretch {
    /// The minute after it.
    fn end(&self) -> i64 {
        i64::from(self.minute).saturating_add(i64::from(self.count))
    }
}

/// Walks what a device says of its minutes, in order.
pub trait Walk: Iterator + Clone {
    /// The next minutes that are alike; `None` at the end.
    fn ahead(&self) -> Option<Stretch>;
    /// Takes the first of these out, to be walked alone.
    #[must_use]
    fn cut(&mut self, count: u16) -> Self;
}

impl<T: Said> Walk for slice::Iter<'_, T> {
    fn ahead(&self) -> Option<Stretch> {
        let said = self.as_slice().first()?;
        Some(Stretch {
            minute: said.minute(),
            count: 1,
            covered_ms: said.covered_ms(),
            trust: said.trust(),
        })
    }

    fn cut(&mut self, count: u16) -> Self {
        let all = self.as_slice();
        let (cut, rest) = all.split_at_checked(count.into()).unwrap_or((all, &[]));
        *self = rest.iter();
        cut.iter()
    }
}

/// For each minute, in order, what the device says that wins it, and that device's binding: the largest (covered >= 30 s,
/// trust, class priority, older binding, covered seconds, device), domain.md 1.4, step B.
pub fn winners<I: Walk>(bidders: &[Bidder<I>]) -> Winners<I> {
    Winners {
        rest: bidders.to_vec(),
        won: None,
    }
}

/// Walks the minutes that are won.
#[derive(Clone, Debug)]
pub struct Winners<I> {
    rest: Vec<Bidder<I>>,
    /// What is left of the minutes that were decided last, with whose they are.
    won: Option<(I, u32)>,
}

impl<I: Walk> Winners<I> {
    /// Decides the next minutes in which nothing changes: who says something, and how well.
    fn decide(&mut self) -> Option<(I, u32)> {
        // Whoever bids alone wins everything, which is how most users live.
        if self.rest.len() == 1 {
            return self.rest.pop().map(|alone| (alone.cells, alone.binding));
        }
        let ahead = self.rest.iter().filter_map(|by| by.cells.ahead());
        let minute = ahead.map(|stretch| stretch.minute).min()?;
        let ahead = self.rest.iter().filter_map(|by| by.cells.ahead());
        let changes = ahead.map(|stretch| match stretch.minute {
            first if first == minute => stretch.end(),
            later => i64::from(later),
        });
        let until = changes.min()?;
        let count = u16::try_from(until.saturating_sub(i64::from(minute))).unwrap_or(u16::MAX);
        let mut best: Option<(Bid, (I, u32))> = None;
        for by in &mut self.rest {
            let ahead = by.cells.ahead();
            if let Some(stretch) = ahead.filter(|stretch| stretch.minute == minute) {
                let (bid, own) = (bid(by, &stretch), by.cells.cut(count));
                if best.as_ref().is_none_or(|(held, _)| bid > *held) {
                    best = Some((bid, (own, by.binding)));
                }
            }
        }
        best.map(|(_, won)| won)
    }
}

impl<I: Walk> Iterator for Winners<I> {
    type Item = (I::Item, u32);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((cells, binding)) = &mut self.won
                && let Some(cell) = cells.next()
            {
                return Some((cell, *binding));
            }
            self.won = Some(self.decide()?);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let longest = self.rest.iter().map(|by| by.cells.size_hint().0).max();
        let decided = self
            .won
            .as_ref()
            .map_or(0, |(cells, _)| cells.size_hint().0);
        (decided.saturating_add(longest.unwrap_or(0)), None)
    }

    /// All that was decided at once, without looking at each minute.
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, init: B, mut f: F) -> B {
        let mut sum = init;
        let mut won = self.won.take();
        while let Some((cells, binding)) = won.or_else(|| self.decide()) {
            sum = cells.fold(sum, |sum, cell| f(sum, (cell, binding)));
            won = None;
        }
        sum
    }
}

type Bid = (bool, Trust, u8, Reverse<u32>, u16, DeviceId);

fn bid<I>(by: &Bidder<I>, stretch: &Stretch) -> Bid {
    let covered_s = stretch.covered_ms.div_euclid(1_000);
    let mostly = stretch.covered_ms >= MOSTLY_COVERED_MS;
    (
        mostly,
        stretch.trust,
        by.priority,
        Reverse(by.binding),
        covered_s,
        by.device,
    )
}
