//! When frames of an open loop are due: at a fixed rate from a fixed beginning, whatever the server does.

/// The times of one process's frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    begun_ns: u64,
    per_s: f64,
    /// Frames that were taken.
    taken: u64,
}

impl Schedule {
    /// Frames at `per_s` a second from `begun_ns` on.
    pub(crate) fn new(begun_ns: u64, per_s: f64) -> Self {
        Self {
            begun_ns,
            per_s,
            taken: 0,
        }
    }

    /// When the next frame is due. Counted from the beginning, so that no error adds up.
    pub(crate) fn next_ns(&self) -> u64 {
        self.begun_ns
            .saturating_add((self.taken as f64 * 1e9 / self.per_s) as u64)
    }

    /// The next frame's number and time, when it is due.
    pub(crate) fn take(&mut self, now_ns: u64) -> Option<(u64, u64)> {
        let due_ns = self.next_ns();
        if due_ns > now_ns {
            return None;
        }
        let number = self.taken;
        self.taken += 1;
        Some((number, due_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_due_evenly_and_none_before_its_time() {
        let mut schedule = Schedule::new(1_000, 1_000.0);
        assert_eq!(schedule.take(999), None);
        assert_eq!(schedule.take(1_000), Some((0, 1_000)));
        assert_eq!(schedule.take(1_000), None);
        assert_eq!(schedule.next_ns(), 1_001_000);
    }

    #[test]
    fn a_pause_leaves_every_frame_its_intended_time() {
        let mut schedule = Schedule::new(0, 500.0);
        let late: Vec<u64> = std::iter::from_fn(|| schedule.take(10_000_000))
            .map(|(_, due_ns)| due_ns)
            .collect();
        assert_eq!(
            late,
            [0, 2_000_000, 4_000_000, 6_000_000, 8_000_000, 10_000_000]
        );
    }

    #[test]
    fn no_error_adds_up_over_an_hour() {
        let mut schedule = Schedule::new(0, 3_000.0);
        schedule.taken = 3_000 * 3_600;
        assert_eq!(schedule.next_ns(), 3_600_000_000_000);
    }
}
