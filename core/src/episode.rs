//! Episodes: sleep and workouts, an interval with typed segments inside (domain.md 1.1). "Session" means a socket, nothing else.

use alloc::{format, string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    limits,
    metric::Metric,
    sample::{RecordCode, RecordRefusal},
};

/// What a segment of an episode is (domain.md 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Stage {
    #[n(0)]
    Awake,
    #[n(1)]
    Asleep,
    #[n(2)]
    Light,
    #[n(3)]
    Deep,
    #[n(4)]
    Rem,
    #[n(5)]
    InBed,
    #[n(6)]
    Unknown,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 7] = [
        Self::Awake,
        Self::Asleep,
        Self::Light,
        Self::Deep,
        Self::Rem,
        Self::InBed,
        Self::Unknown,
    ];

    /// The stage of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Awake => "awake",
            Self::Asleep => "asleep",
            Self::Light => "light",
            Self::Deep => "deep",
            Self::Rem => "rem",
            Self::InBed => "in_bed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a minute of it is a minute asleep (domain.md 1.4).
    #[must_use]
    pub fn is_asleep(self) -> bool {
        matches!(self, Self::Asleep | Self::Light | Self::Deep | Self::Rem)
    }
}

/// Part of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Segment {
    /// Start, POSIX ms.
    #[n(0)]
    pub start_ms: i64,
    /// End, POSIX ms; after the start.
    #[n(1)]
    pub end_ms: i64,
    /// What it is.
    #[n(2)]
    pub stage: Stage,
}

/// What is inside an episode.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Episode {
    /// By start, never overlapping, all inside the episode.
    #[n(0)]
    pub segments: Vec<Segment>,
    /// Which sport, of a workout.
    #[n(1)]
    pub sport: Option<String>,
    /// Totals that the device gives of a workout, by rising metric, in store units.
    #[n(2)]
    pub totals: Vec<(Metric, i64)>,
}

impl Episode {
    /// Puts the segments in order and checks them against the interval.
    ///
    /// # Errors
    /// `bad_sample`: too many, empty, outside of the interval, or overlapping.
    pub fn check(&mut self, (start_ms, end_ms): (i64, i64)) -> Result<(), RecordRefusal> {
        let refuse = |detail: String| Err(RecordRefusal::new(RecordCode::BadSample, detail));
        if self.segments.len() > limits::EPISODE_SEGMENTS_MAX {
            let most = limits::EPISODE_SEGMENTS_MAX;
            return refuse(format!("an episode has at most {most} segments"));
        }
        self.segments.sort_unstable();
        let mut free_from_ms = start_ms;
        for (at, segment) in self.segments.iter().enumerate() {
            if segment.end_ms <= segment.start_ms {
                return refuse(format!("segment {at}: end_ms must be after start_ms"));
            }
            if segment.start_ms < start_ms || segment.end_ms > end_ms {
                return refuse(format!("segment {at} lies outside of its episode"));
            }
            if segment.start_ms < free_from_ms {
                return refuse(format!("segment {at} overlaps the one before it"));
            }
            free_from_ms = segment.end_ms;
        }
        Ok(())
    }

    /// The stage at an instant of the episode; `Unknown` between segments, and `Asleep` in a sleep without any.
    #[must_use]
    pub fn stage_at(&self, at_ms: i64) -> Stage {
        let after = self.segments.partition_point(|held| held.start_ms <= at_ms);
        let last = after
            .checked_sub(1)
            .and_then(|before| self.segments.get(before));
        let unsaid = if self.segments.is_empty() {
            Stage::Asleep
        } else {
            Stage::Unknown
        };
        last.filter(|held| at_ms < held.end_ms)
            .map_or(unsaid, |held| held.stage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn segment(start_ms: i64, end_ms: i64, stage: Stage) -> Segment {
        Segment {
            start_ms,
            end_ms,
            stage,
        }
    }

    fn episode(segments: Vec<Segment>) -> Episode {
        Episode {
            segments,
            ..Episode::default()
        }
    }

    #[test]
    fn segments_are_put_in_order_and_tell_the_stage_of_each_instant() {
        let mut night = episode(vec![
            segment(200, 300, Stage::Deep),
            segment(0, 100, Stage::Light),
        ]);
        night.check((0, 400)).unwrap();
        let stages = [0, 99, 100, 200, 299, 300].map(|at_ms| night.stage_at(at_ms).name());
        assert_eq!(
            stages,
            ["light", "light", "unknown", "deep", "deep", "unknown"]
        );
        assert!(episode(vec![]).stage_at(7).is_asleep());
    }

    #[test]
    fn segments_that_overlap_are_empty_or_lie_outside_are_refused() {
        let refusal = |segments| episode(segments).check((0, 400)).unwrap_err().detail;
        let (light, deep) = (Stage::Light, Stage::Deep);
        assert_eq!(
            refusal(vec![segment(0, 100, light), segment(99, 200, deep)]),
            "segment 1 overlaps the one before it"
        );
        assert_eq!(
            refusal(vec![segment(5, 5, light)]),
            "segment 0: end_ms must be after start_ms"
        );
        assert_eq!(
            refusal(vec![segment(-1, 5, light)]),
            "segment 0 lies outside of its episode"
        );
        let many = (0..2_000).map(|at| segment(at, at + 1, light)).collect();
        let detail = episode(many).check((0, 4_000)).unwrap_err().detail;
        assert_eq!(detail, "an episode has at most 1500 segments");
    }
}
