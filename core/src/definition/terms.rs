//! What the terms of a challenge mean for one user, and what is wrong with them (domain.md 5.1): its clock, late joining, and how
//! many it needs.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{Definition, DefinitionFault, LateJoin};
use crate::{calendar::Calendar, civil::MINUTE_MS, limits, metric::Metric};

impl Definition {
    /// The start of the window for somebody with these days, POSIX ms.
    #[must_use]
    pub fn starts_for(&self, calendar: &Calendar) -> i64 {
        if self.clock.is_shared() {
            self.started_ms()
        } else {
            calendar.start_ms(self.starts)
        }
    }

    /// The first minute that counts for somebody whose window starts at `starts_ms` and who joined at `joined_ms`, all POSIX ms.
    #[must_use]
    pub fn counts_from(&self, starts_ms: i64, joined_ms: i64) -> i64 {
        if self.late == LateJoin::Prorated {
            return starts_ms;
        }
        let joined = joined_ms.div_euclid(MINUTE_MS).saturating_mul(MINUTE_MS);
        starts_ms.max(joined)
    }

    pub(super) fn faults_of_terms(&self) -> Vec<DefinitionFault> {
        let long = self.ends.since(self.starts) >= limits::PRORATED_DAYS_MAX;
        let fits = |least: u32| (1..=self.places()).contains(&least);
        let distinct: BTreeSet<_> = self.segments.iter().collect();
        let few = self.segments.len() <= limits::SEGMENTS_MAX;
        let rules = [
            (
                few && distinct.len() == self.segments.len(),
                "/segments",
                "at most 4 attributes, each once",
            ),
            (
                self.clock.is_bounded(),
                "/window/clock",
                "a zone turns its clocks at most 32 times in a window",
            ),
            (
                self.late != LateJoin::Prorated || !long,
                "/join/late",
                "who joins late is scored from the start where the window has at most 60 days",
            ),
            (
                self.min_participants.is_none_or(fits),
                "/min_participants",
                "1 to the capacity, or null",
            ),
        ];
        let rules = rules.map(|(holds, pointer, words)| (holds, pointer, "range", words));
        // Of a day that was hard-closed before the joining only its steps are known (ADR 0061).
        let known = self.late != LateJoin::Prorated || self.metric == Metric::STEPS;
        let words = "only steps are scored from before the joining";
        let steps = [(known, "/join/late", "unsupported", words)];
        let rules = rules.into_iter().chain(steps);
        let broken = rules.filter(|(holds, ..)| !holds);
        let fault = |(_, pointer, code, words)| DefinitionFault::at(pointer, code, words);
        broken.map(fault).collect()
    }
}
