//! Step A of the merge: what one device says of each minute of one metric (domain.md 1.4; ADR 0012 for exact ties).

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use streakline_core::{civil::MINUTE_MS, id::RecordId, sample::Method};

/// An amount over an interval: a delta sample, or the difference of two readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub id: RecordId,
    pub start_ms: i64,
    pub end_ms: i64,
    pub value: i64,
    pub method: Method,
    pub worn: Option<bool>,
}

/// What one device says of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub value: i64,
    pub covered_ms: i64,
    pub trust: u8,
}

pub fn trust(method: Method) -> u8 {
    match method {
        Method::Auto | Method::Active => 2,
        Method::Unknown => 1,
        Method::Manual => 0,
    }
}

impl Piece {
    fn span_ms(&self) -> i64 {
        self.end_ms - self.start_ms
    }

    /// Who is active where two overlap: the larger.
    fn rank(&self) -> impl Ord + use<> {
        let finer = Reverse(self.span_ms());
        let sensed = self.method != Method::Manual;
        (
            sensed,
            finer,
            self.start_ms,
            self.value,
            trust(self.method),
            self.id,
        )
    }

    /// Whether it is one of the finer samples that a coarser one yields to.
    fn is_inside(&self, coarse: &Self) -> bool {
        self.start_ms >= coarse.start_ms
            && self.end_ms <= coarse.end_ms
            && self.span_ms() < coarse.span_ms()
            && trust(self.method) >= trust(coarse.method)
    }
}

/// `part` of `whole` of an amount, rounded down.
pub fn share(amount: i64, part: i64, whole: i64) -> i64 {
    (i128::from(amount) * i128::from(part) / i128::from(whole)) as i64
}

/// A stretch without an edge inside, and which piece is active on it.
struct Stretch {
    start_ms: i64,
    end_ms: i64,
    owner: Option<usize>,
}

/// The stretches between all edges, minute edges included.
fn stretches(pieces: &[&Piece]) -> Vec<Stretch> {
    let mut edges = BTreeSet::new();
    for piece in pieces {
        edges.extend([piece.start_ms, piece.end_ms]);
        let minutes = piece.start_ms.div_euclid(MINUTE_MS) + 1..=piece.end_ms.div_euclid(MINUTE_MS);
        edges.extend(minutes.map(|minute| minute * MINUTE_MS));
    }
    let edges: Vec<i64> = edges.into_iter().collect();
    let stretch = |pair: &[i64]| Stretch {
        start_ms: pair[0],
        end_ms: pair[1],
        owner: None,
    };
    edges.windows(2).map(stretch).collect()
}

/// Minutes since the epoch with what the device says of them. Pieces take their time one after the other, the one that wins
/// everywhere first, so what is left to a later one is what nobody before it owns.
pub fn cells(pieces: &[Piece]) -> BTreeMap<i64, Cell> {
    let mut ranked: Vec<&Piece> = pieces
        .iter()
        .filter(|p| p.value > 0 || p.worn == Some(true))
        .collect();
    ranked.sort_by_key(|piece| Reverse(piece.rank()));
    let mut line = stretches(&ranked);
    let mut owned = vec![0_i64; ranked.len()];
    let mut cells = BTreeMap::new();
    for (at, piece) in ranked.iter().enumerate() {
        let finer: BTreeSet<usize> = (0..at).filter(|f| ranked[*f].is_inside(piece)).collect();
        let inside: i64 = finer.iter().map(|finer| owned[*finer]).sum();
        let rest = (piece.value - inside).max(0);
        if !finer.is_empty() && rest == 0 && piece.worn != Some(true) {
            continue;
        }
        let from = line.partition_point(|stretch| stretch.start_ms < piece.start_ms);
        let to = line.partition_point(|stretch| stretch.start_ms < piece.end_ms);
        let left = |stretch: &Stretch| stretch.owner.is_none_or(|owner| !finer.contains(&owner));
        let length = |stretch: &Stretch| stretch.end_ms - stretch.start_ms;
        let whole_ms: i64 = line[from..to].iter().filter(|s| left(s)).map(length).sum();
        let mut passed_ms = 0;
        for stretch in line[from..to].iter_mut().filter(|stretch| left(stretch)) {
            let length_ms = length(stretch);
            let before = share(rest, passed_ms, whole_ms);
            passed_ms += length_ms;
            if stretch.owner.is_some() {
                continue;
            }
            stretch.owner = Some(at);
            let amount = share(rest, passed_ms, whole_ms) - before;
            owned[at] += amount;
            let cell = cells
                .entry(stretch.start_ms.div_euclid(MINUTE_MS))
                .or_insert(Cell {
                    value: 0,
                    covered_ms: 0,
                    trust: u8::MAX,
                });
            cell.value += amount;
            cell.covered_ms += length_ms;
            cell.trust = cell.trust.min(trust(piece.method));
        }
    }
    cells
}
