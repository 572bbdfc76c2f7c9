//! Credits of one socket: how many batches may be unacknowledged (protocol.md 3).
//!
//! Counts only; the gate does the holding back. Called by `conversation`.

/// The window and what is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Credit {
    window: u32,
    unacknowledged: u32,
}

impl Credit {
    /// Sets how many batches may be unacknowledged; at least one, or nothing could ever be sent.
    pub(super) fn set_window(&mut self, window: u32) {
        self.window = window.max(1);
    }

    /// How many batches may be unacknowledged.
    pub(super) fn window(self) -> u32 {
        self.window
    }

    /// A batch was handed on.
    pub(super) fn spend(&mut self) {
        self.unacknowledged = self.unacknowledged.saturating_add(1);
    }

    /// A batch was answered.
    pub(super) fn restore(&mut self) {
        self.unacknowledged = self.unacknowledged.saturating_sub(1);
    }

    /// Whether another batch may be read.
    pub(super) fn is_left(self) -> bool {
        self.unacknowledged < self.window
    }

    /// Whether every batch was answered.
    pub(super) fn is_settled(self) -> bool {
        self.unacknowledged == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_at_the_window_and_goes_on_after_an_answer() {
        let mut credit = Credit::default();
        credit.set_window(2);
        credit.spend();
        assert!(credit.is_left());
        credit.spend();
        assert!(!credit.is_left());
        credit.restore();
        assert!(credit.is_left() && !credit.is_settled());
        credit.restore();
        credit.restore();
        assert!(credit.is_settled(), "an answer too many changes nothing");
    }
}
