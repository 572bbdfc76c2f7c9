//! Who is in each cycle of a series whose members are carried on, by the moves of the script alone.

use std::collections::BTreeMap;

use streakline_core::id::{ChallengeId, UserId};

use super::moves;
use crate::{
    contests::{Contests, Move},
    script::Script,
};

/// A seat of a person in a cycle.
#[derive(Clone, Copy, Default)]
struct Seat {
    taken: bool,
    /// How often it was taken.
    times: u32,
    /// Which taking of the seat before brought the person here; 0: the person came by itself.
    carried: u32,
    /// The person has been in, here or before, since that instant.
    since_ms: i64,
}

/// Who is in which cycle, by the moves of the script.
pub(super) struct Seats {
    by_cycle: Vec<BTreeMap<usize, Seat>>,
    ids: Vec<ChallengeId>,
    made_ms: Vec<i64>,
}

impl Seats {
    pub(super) fn of(contests: &Contests, script: &Script) -> Self {
        let ids: Vec<_> = contests.cycles().map(|(_, id)| id).collect();
        let made = contests.cycles().map(|(number, _)| {
            let made_ms = contests.series.cycle_made_ms(number);
            made_ms.unwrap_or(i64::MAX)
        });
        let mut seats = Self {
            by_cycle: vec![BTreeMap::new(); ids.len()],
            made_ms: made.collect(),
            ids,
        };
        let mut moves = moves(script).peekable();
        // Cycle 1 is there when the first of them join.
        for at in 1..seats.ids.len() {
            while let Some((at_ms, of)) = moves.next_if(|(at_ms, _)| *at_ms < seats.made_ms[at]) {
                seats.apply(at_ms, of);
            }
            let people: Vec<usize> = seats.by_cycle[at - 1].keys().copied().collect();
            for person in people {
                let made_ms = seats.made_ms[at];
                seats.hand(at - 1, person, made_ms);
            }
        }
        moves.for_each(|(at_ms, of)| seats.apply(at_ms, of));
        seats
    }

    fn place(&self, id: ChallengeId) -> Option<usize> {
        self.ids.iter().position(|of| *of == id)
    }

    fn apply(&mut self, at_ms: i64, of: &Move) {
        match of {
            Move::Join { of, person } => {
                if let Some(at) = self.place(*of) {
                    self.join(at, *person, (0, at_ms), at_ms);
                }
            }
            Move::Leave { of, person } => {
                if let Some(at) = self.place(*of) {
                    self.leave(at, *person, at_ms);
                }
            }
            Move::Void => {}
        }
    }

    fn join(&mut self, at: usize, person: usize, (carried, since_ms): (u32, i64), at_ms: i64) {
        let seat = self.by_cycle[at].entry(person).or_default();
        if !seat.taken {
            *seat = Seat {
                taken: true,
                times: seat.times + 1,
                carried,
                since_ms,
            };
            self.hand_at(at, person, at_ms);
        }
    }

    fn leave(&mut self, at: usize, person: usize, at_ms: i64) {
        let seat = self.by_cycle[at].get_mut(&person);
        if let Some(seat) = seat.filter(|seat| seat.taken) {
            seat.taken = false;
            self.hand_at(at, person, at_ms);
        }
    }

    /// Where the next cycle is there by an instant, it follows.
    fn hand_at(&mut self, at: usize, person: usize, at_ms: i64) {
        let next = self.made_ms.get(at + 1);
        if next.is_some_and(|made_ms| *made_ms <= at_ms) {
            self.hand(at, person, at_ms);
        }
    }

    /// The next cycle is told of a seat.
    fn hand(&mut self, at: usize, person: usize, at_ms: i64) {
        let seat = self.by_cycle[at][&person];
        let next = self.by_cycle[at + 1].get(&person).copied();
        let next = next.unwrap_or_default();
        if seat.taken && !next.taken && next.carried < seat.times {
            self.join(at + 1, person, (seat.times, seat.since_ms), at_ms);
        } else if !seat.taken && next.taken && next.carried == seat.times {
            self.leave(at + 1, person, at_ms);
        }
    }

    /// Who is in, each with since when; of others than cycles those who joined and did not leave.
    pub(super) fn members(&self, id: ChallengeId, script: &Script) -> BTreeMap<UserId, i64> {
        let user = |person: usize| script.people[person].user.clone();
        if let Some(at) = self.place(id) {
            let taken = self.by_cycle[at].iter().filter(|(_, seat)| seat.taken);
            return taken
                .map(|(person, seat)| (user(*person), seat.since_ms))
                .collect();
        }
        let mut members = BTreeMap::new();
        for (at_ms, of) in moves(script) {
            match of {
                Move::Join { of, person } if *of == id => {
                    members.entry(user(*person)).or_insert(at_ms);
                }
                Move::Leave { of, person } if *of == id => drop(members.remove(&user(*person))),
                _ => {}
            }
        }
        members
    }
}
